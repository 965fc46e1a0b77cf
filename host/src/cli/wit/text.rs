//! The contract as one text.

use crate::cli::UsageError;
use crate::guests::packed::PackedFile;
use anyhow::{Context, anyhow};

/// How the line begins that names a package.
const PACKAGE: &str = "package ";
/// Below it are the packages that the contract uses.
const DEPS: &str = "deps/";
/// The file with the world, which is no interface.
const WORLDS: &str = "worlds.wit";

/// Everything in one file: the package with its world and interfaces, and each package that it
/// uses in braces behind it.
pub(super) fn whole(files: &[PackedFile]) -> anyhow::Result<String> {
    let (deps, own): (Vec<&PackedFile>, Vec<&PackedFile>) =
        files.iter().partition(|file| file.path.starts_with(DEPS));
    let names_it = |file: &&PackedFile| text(file).is_ok_and(|text| package_line(text).is_some());
    // A text of several files begins with the one that names the package.
    let (first, others): (Vec<&PackedFile>, Vec<&PackedFile>) = own.into_iter().partition(names_it);
    let mut all = first.into_iter().chain(others).map(text).collect::<anyhow::Result<Vec<_>>>()?.join("\n");
    for file in deps {
        all.push('\n');
        all.push_str(&braced(text(file)?).with_context(|| file.path.clone())?);
    }
    Ok(all)
}

/// One interface.
pub(super) fn interface(files: &[PackedFile], name: &str) -> anyhow::Result<String> {
    let own = files.iter().filter(|file| !file.path.starts_with(DEPS) && file.path != WORLDS);
    let own: Vec<(&str, &PackedFile)> =
        own.filter_map(|file| Some((file.path.strip_suffix(".wit")?, file))).collect();
    let Some((_, file)) = own.iter().find(|(known, _)| *known == name) else {
        let known: Vec<&str> = own.iter().map(|(known, _)| *known).collect();
        return Err(UsageError(format!("there is no interface {name}: there are {}", known.join(", "))).into());
    };
    Ok(text(file)?.to_owned())
}

fn text(file: &PackedFile) -> anyhow::Result<&str> {
    std::str::from_utf8(&file.bytes).map_err(|error| anyhow!("{}: {error}", file.path))
}

/// The line that names the package.
fn package_line(text: &str) -> Option<&str> {
    text.lines().find(|line| line.starts_with(PACKAGE))
}

/// A package with all that is in it in braces, as it stands in another package's file.
fn braced(text: &str) -> anyhow::Result<String> {
    let line = package_line(text).context("no line names the package")?;
    let (before, after) = text.split_once(line).context("no line names the package")?;
    let mut all = format!("{before}{} {{\n", line.trim_end_matches(';'));
    for line in after.trim().lines() {
        match line {
            "" => all.push('\n'),
            line => all.push_str(&format!("  {line}\n")),
        }
    }
    all.push_str("}\n");
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::guests::packed;

    #[test]
    fn the_text_has_every_package_once() {
        let files = packed::files(packed::WIT).unwrap();
        let text = whole(&files).unwrap();
        assert!(text.lines().find(|line| !line.starts_with("///")).is_some_and(|line| line.starts_with(PACKAGE)));
        for file in &files {
            let text_of = super::text(file).unwrap();
            for line in text_of.lines().filter(|line| line.starts_with("interface ") || line.starts_with(PACKAGE))
            {
                let line = line.trim_end_matches(';');
                assert_eq!(text.matches(line).count(), 1, "{}: {line}", file.path);
            }
        }
        assert_eq!(text.matches('{').count(), text.matches('}').count());
    }

    #[test]
    fn an_interface_is_found_by_its_name() {
        let files = packed::files(packed::WIT).unwrap();
        assert!(interface(&files, "db").unwrap().contains("\ninterface db {"));
        let error = interface(&files, "database").unwrap_err().to_string();
        assert_eq!(error, "there is no interface database: there are blob-upload, db, session");
    }
}
