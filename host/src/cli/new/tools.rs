//! Whether the tools of a language are on this machine.

use std::path::Path;
use std::process::{Command, Stdio};

/// Something that has to be installed.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Tool {
    pub(super) name: &'static str,
    /// A command line that fails where it is missing, and else may print its version.
    pub(super) check: &'static str,
    /// The oldest version that will do; empty: any.
    pub(super) at_least: &'static [u32],
    /// How to get it.
    pub(super) install: &'static str,
}

impl Tool {
    /// What of it is there for a project in this folder, for a person.
    pub(super) fn state(&self, folder: &Path) -> String {
        let Some(printed) = self.printed(folder) else { return format!("missing: {}", self.install) };
        let found = version(&printed);
        let wanted = self.at_least.iter().map(ToString::to_string).collect::<Vec<_>>().join(".");
        match found {
            Some(found) if found.as_slice() < self.at_least => {
                let found = found.iter().map(ToString::to_string).collect::<Vec<_>>().join(".");
                format!("too old: {found} is there, and {wanted} is needed: {}", self.install)
            }
            _ => "is there".to_owned(),
        }
    }

    /// What the check prints; none where it fails. Which version is meant may depend on the folder.
    fn printed(&self, folder: &Path) -> Option<String> {
        let mut command = Command::new("sh");
        command.arg("-c").arg(self.check).current_dir(folder).stdin(Stdio::null()).stderr(Stdio::null());
        let output = command.output().ok().filter(|output| output.status.success())?;
        Some(String::from_utf8_lossy(&output.stdout).into_owned())
    }
}

/// The first number with points in a text: `go version go1.27.3 linux/amd64`.
fn version(text: &str) -> Option<Vec<u32>> {
    let words = text.split(|end: char| !end.is_ascii_digit() && end != '.');
    let mut versions = words.filter_map(|word| {
        let numbers = word.split('.').map(|number| number.parse().ok()).collect::<Option<Vec<u32>>>()?;
        (numbers.len() > 1).then_some(numbers)
    });
    versions.next()
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn tool(check: &'static str, at_least: &'static [u32]) -> Tool {
        Tool { name: "tool", check, at_least, install: "get it" }
    }

    #[test]
    fn a_version_is_the_first_number_with_points() {
        for (text, numbers) in [
            ("go version go1.27.3 linux/amd64", Some(vec![1, 27, 3])),
            ("v20.20.2", Some(vec![20, 20, 2])),
            ("cargo 1.95.0 (2026-01-01)", Some(vec![1, 95, 0])),
            ("Python 3.11.2\n", Some(vec![3, 11, 2])),
            ("0.17.1", Some(vec![0, 17, 1])),
            ("curl 8", None),
        ] {
            assert_eq!(version(text), numbers, "{text}");
        }
    }

    #[test]
    fn a_tool_is_there_or_too_old_or_missing() {
        for (tool, state) in [
            (tool("true", &[]), "is there"),
            (tool("echo v1.10.0", &[1, 9]), "is there"),
            (tool("echo v1.9.5", &[1, 10]), "too old: 1.9.5 is there, and 1.10 is needed: get it"),
            (tool("no-such-program --version", &[]), "missing: get it"),
            (tool("echo 2.0; false", &[]), "missing: get it"),
        ] {
            assert_eq!(tool.state(Path::new(".")), state, "{}", tool.check);
        }
    }
}
