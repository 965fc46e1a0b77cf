//! One step, and how its text is known again.

use sha2::{Digest, Sha256};

/// One step: statements that are run one after the other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// Unique in the app.
    pub name: String,
    /// The text for this engine.
    pub statements: Vec<String>,
    /// The text for the other engine, where it is another one: an app that has moved has run that.
    pub elsewhere: Option<Vec<String>>,
    /// Names of what the statements may destroy. No part of the step's hash: who adds a name
    /// changes nothing of what is done.
    pub destroys: Vec<String>,
}

impl Step {
    /// Identifies the text of the step. What editors and checkouts change is no part of it.
    pub fn hash(&self) -> [u8; 32] {
        hash_of(self.statements.iter().map(|statement| plain(statement)))
    }

    /// Whether a hash is that of this step, on one engine or the other.
    pub fn has_hash(&self, hash: &[u8]) -> bool {
        is_hash_of(&self.statements, hash)
            || self.elsewhere.as_deref().is_some_and(|other| is_hash_of(other, hash))
    }
}

/// Earlier releases took a text as it came, so it may have been hashed with either kind of line
/// end.
fn is_hash_of(statements: &[String], hash: &[u8]) -> bool {
    let with = |change: fn(&str) -> String| hash_of(statements.iter().map(|statement| change(statement)));
    let forms: [fn(&str) -> String; 5] = [
        plain,
        str::to_owned,
        lines,
        |text| lines(text).replace('\n', "\r\n"),
        |text| plain(text).replace('\n', "\r\n"),
    ];
    forms.into_iter().any(|form| with(form) == hash)
}

/// With line ends of one kind.
fn lines(text: &str) -> String {
    text.replace("\r\n", "\n").replace('\r', "\n")
}

/// Without a byte order mark, and without blanks at the ends of lines.
fn plain(text: &str) -> String {
    let text = lines(text.trim_start_matches('\u{feff}'));
    let lines: Vec<&str> = text.split('\n').map(|line| line.trim_end_matches([' ', '\t'])).collect();
    lines.join("\n").trim().to_owned()
}

fn hash_of(statements: impl Iterator<Item = String>) -> [u8; 32] {
    let mut hasher = Sha256::new();
    for statement in statements {
        hasher.update(statement.len().to_le_bytes());
        hasher.update(statement);
    }
    hasher.finalize().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn step(statement: &str) -> Step {
        let statements = vec!["select 1".to_owned(), statement.to_owned()];
        Step { name: "0001-a".to_owned(), statements, elsewhere: None, destroys: Vec::new() }
    }

    fn raw(statement: &str) -> [u8; 32] {
        hash_of(["select 1".to_owned(), statement.to_owned()].into_iter())
    }

    #[test]
    fn what_editors_and_checkouts_change_is_no_part_of_the_hash() {
        let text = "create table t (\n  a text,\n\n  b text default 'x\ny'\n)";
        for same in [
            text.to_owned(),
            text.replace('\n', "\r\n"),
            text.replace('\n', "\r"),
            text.replace('\n', " \t\n"),
            format!("\u{feff}{text}\r\n"),
        ] {
            assert_eq!(step(&same).hash(), step(text).hash(), "{same:?}");
        }
        for other in [text.replace("  a", " a"), text.replace(",\n\n", ",\n"), text.replace("'x", "' x")] {
            assert_ne!(step(&other).hash(), step(text).hash(), "{other:?}");
        }
    }

    #[test]
    fn a_hash_of_an_earlier_release_is_known_after_another_checkout() {
        let (lf, crlf) = ("create table t (\n  a text  \n)", "create table t (\r\n  a text  \r\n)");
        for (was, is) in [(lf, crlf), (crlf, lf), (lf, lf), (crlf, crlf)] {
            assert!(step(is).has_hash(&raw(was)), "{was:?} {is:?}");
            assert!(step(is).has_hash(&step(was).hash()), "{was:?} {is:?}");
        }
        let trimmed = "create table t (\n  a text\n)";
        assert!(step(lf).has_hash(&raw(trimmed)), "an editor has added blanks");
        assert!(!step(lf).has_hash(&raw("create table t (\n  b text\n)")));
    }
}
