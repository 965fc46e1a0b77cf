//! The history of the tables. Each version of the app has added a step; none was ever changed.
//!
//! The same files are read by `innkeeper migrate plan` and `apply`, for an operator who wants the
//! tables to be changed before the new version is live.

use innkeeper_sdk::Result;
use innkeeper_sdk::db::{self, Migration, migration};

/// Runs the steps that are missing; costs nothing once that has been done.
pub fn migrate() -> Result<()> {
    db::migrate([
        // Version 1: accounts, albums, photos.
        step("0001-albums", include_str!("../migrations/0001-albums.sql"))
            .sqlite(statements(include_str!("../migrations/0001-albums.sqlite.sql"))),
        // Version 2: what is to be seen on a photo, which can be searched.
        step("0002-captions", include_str!("../migrations/0002-captions.sql")),
        // Version 3: albums that others may fill, and that anybody with the link may see.
        step("0003-sharing", include_str!("../migrations/0003-sharing.sql")),
    ])?;
    Ok(())
}

fn step(name: &str, text: &str) -> Migration {
    migration(name, statements(text))
}

/// The statements of a file. None of them has a semicolon in a text.
fn statements(text: &str) -> Vec<&str> {
    text.split(';').map(str::trim).filter(|statement| !statement.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_cut_at_its_semicolons() {
        assert_eq!(statements("create table a (b text);\n\ncreate table c (d text);\n").len(), 2);
        assert_eq!(statements(include_str!("../migrations/0001-albums.sqlite.sql")).len(), 6);
    }
}
