//! Names of what belongs to a table: the same for the same description, on both engines, and at
//! most 63 bytes.
//!
//! They are those that Postgres would give by itself, so that SQLite, which tells the columns of a
//! violated constraint and not its name, can be understood to mean the same
//! (`storage/sqlite/error.rs`).

use sha2::{Digest, Sha256};

/// Longest name that Postgres keeps whole (`NAMEDATALEN` - 1).
const LONGEST: usize = 63;

/// The primary key of a table.
pub(in crate::storage) fn primary_key(table: &str) -> String {
    fitted(table, "pkey")
}

/// A unique index, or a unique constraint.
pub(in crate::storage) fn unique(table: &str, columns: &[&str]) -> String {
    fitted(&joined(table, columns), "key")
}

/// An index that is not unique.
pub(super) fn index(table: &str, columns: &[&str]) -> String {
    fitted(&joined(table, columns), "idx")
}

/// A reference.
pub(super) fn reference(table: &str, column: &str) -> String {
    fitted(&joined(table, &[column]), "fkey")
}

/// The longest text of a column.
pub(super) fn length(table: &str, column: &str) -> String {
    fitted(&joined(table, &[column]), "length")
}

/// Another name for an index where the first is taken: table `a_b` with column `c` and table `a`
/// with column `b_c` want the same.
pub(super) fn second_choice(table: &str, columns: &[&str], suffix: &str) -> String {
    shortened(&joined(table, columns), &[table, &columns.join(",")].join("."), suffix)
}

fn joined(table: &str, columns: &[&str]) -> String {
    [&[table], columns].concat().join("_")
}

fn fitted(stem: &str, suffix: &str) -> String {
    if stem.len() + 1 + suffix.len() <= LONGEST {
        format!("{stem}_{suffix}")
    } else {
        shortened(stem, stem, suffix)
    }
}

fn shortened(stem: &str, hashed: &str, suffix: &str) -> String {
    let digest = Sha256::digest(hashed);
    let hash: String = digest.iter().take(4).map(|byte| format!("{byte:02x}")).collect();
    let room = LONGEST - suffix.len() - hash.len() - 2;
    let mut end = room.min(stem.len());
    while !stem.is_char_boundary(end) {
        end -= 1;
    }
    format!("{}_{hash}_{suffix}", stem.get(..end).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_that_postgres_would_give() {
        assert_eq!(primary_key("people"), "people_pkey");
        assert_eq!(unique("people", &["name", "born"]), "people_name_born_key");
        assert_eq!(index("people", &["name"]), "people_name_idx");
    }

    #[test]
    fn long_names_fit_and_stay_apart() {
        let (one, two) = ("a".repeat(48), format!("{}b", "a".repeat(47)));
        let names = [index(&one, &[&one]), index(&one, &[&two]), index("ü".repeat(40).as_str(), &["x"])];
        assert!(names.iter().all(|name| name.len() <= LONGEST), "{names:?}");
        assert_ne!(names[0], names[1]);
        assert_ne!(second_choice("a_b", &["c"], "idx"), second_choice("a", &["b_c"], "idx"));
    }
}
