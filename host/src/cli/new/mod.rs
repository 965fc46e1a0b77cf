//! `innkeeper new`

mod language;
mod project;
mod tools;

use super::usage_error::UsageError;
use super::{output, written};
use crate::config::nearest;
use crate::storage::registry::check_name;
use anyhow::{Context, anyhow};
use clap::Args;
use language::{LANGUAGES, Language};
use std::fmt::Write;
use std::path::{Path, PathBuf};

/// Write a new guest project, ready to build, test and deploy
///
/// Writes a guest project in a language into a new folder NAME, which is the app's name too: a page
/// with a database, a form and tests, and in `sdk/` all that it needs of Innkeeper. Nothing is
/// downloaded, and nothing that is there is overwritten. Without a language it lists those that
/// there are.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  innkeeper new
  innkeeper new rust shop
  innkeeper new ts apps/shop")]
pub(super) struct Options {
    /// The language: rust, javascript, typescript, python, go, c, zig or cpp
    #[arg(value_name = "LANGUAGE")]
    language: Option<String>,
    /// The folder to make, named as the app is to be
    #[arg(value_name = "NAME")]
    path: Option<PathBuf>,
}

pub(super) fn run(options: &Options) -> anyhow::Result<()> {
    let Some(typed) = &options.language else {
        list();
        return Ok(());
    };
    let path = options.path.as_deref();
    let language = Language::find(typed).ok_or_else(|| unknown(typed, path))?;
    let Some(path) = path else {
        let usage = format!("which name? innkeeper new {} NAME", language.name);
        return Err(UsageError(usage).into());
    };
    let name = app_name(path)?;
    check_name(&name).map_err(|problem| UsageError(problem.to_string()))?;
    if let Some(problem) = language.problem_with(&name) {
        return Err(UsageError(format!("app name \"{name}\": {problem}")).into());
    }
    let files = project::of(language, &name)?;
    written::refuse_occupied(path)?;
    written::write_new(path, &files)?;
    tell(language, path, files.len());
    Ok(())
}

fn list() {
    let width = LANGUAGES.iter().map(|language| language.name.len()).max().unwrap_or_default();
    for language in LANGUAGES {
        let also = match language.aliases {
            [] => String::new(),
            aliases => format!(" (also {})", aliases.join(", ")),
        };
        output::line(format!("{:<width$}  {}{also}", language.name, language.title));
    }
    output::note("\n`innkeeper new LANGUAGE NAME` writes a guest project into the new folder NAME");
}

/// The last part of the path, also of `.`.
fn app_name(path: &Path) -> anyhow::Result<String> {
    let absolute = match path.components().next_back() {
        Some(std::path::Component::Normal(_)) => path.to_owned(),
        _ => path.canonicalize().with_context(|| path.display().to_string())?,
    };
    let name = absolute.file_name().and_then(|name| name.to_str());
    Ok(name.ok_or_else(|| anyhow!("{} gives the app no name", path.display()))?.to_owned())
}

/// What to say of a language that is none.
fn unknown(typed: &str, path: Option<&Path>) -> UsageError {
    let known = || LANGUAGES.iter().map(|language| language.name);
    let all_names = known().chain(LANGUAGES.iter().flat_map(|language| language.aliases.iter().copied()));
    let swapped = path.and_then(Path::to_str).and_then(Language::find);
    let hint = match (swapped, nearest(typed, all_names)) {
        (Some(language), _) => format!("did you mean `innkeeper new {} {typed}`?", language.name),
        (None, Some(near)) => format!("did you mean {near}?"),
        (None, None) => "is it a name? The language comes first.".to_owned(),
    };
    let known = known().collect::<Vec<_>>().join(", ");
    UsageError(format!("there is no template for the language \"{typed}\": {hint} Known are {known}."))
}

/// Says what to do next, and what has to be installed for it.
fn tell(language: &Language, path: &Path, files: usize) {
    let place = path.display();
    let mut text = format!("{place} is a guest project in {}: {files} files. Next:\n\n", language.title);
    if path != Path::new(".") {
        let _ = writeln!(text, "  cd {}", quoted(path));
    }
    let _ = writeln!(text, "  innkeeper dev     builds it and serves it on http://127.0.0.1:8080");
    let _ = writeln!(text, "  innkeeper test    builds it and tests it\n");
    let _ = writeln!(text, "README.md there says what is in it. To build it takes:");
    // Before the tools are asked, each of which takes its time.
    output::line(text);
    let width = language.tools.iter().map(|tool| tool.name.len()).max().unwrap_or_default();
    for tool in language.tools {
        output::line(format!("  {:<width$}  {}", tool.name, tool.state(path)));
    }
}

/// A path as it is typed in a shell.
fn quoted(path: &Path) -> String {
    let path = path.display().to_string();
    let is_plain = |c: char| c.is_alphanumeric() || "/._-+".contains(c);
    if path.chars().all(is_plain) { path } else { format!("'{}'", path.replace('\'', r"'\''")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_can_be_typed_as_it_is_shown() {
        for (path, shown) in [("apps/shop", "apps/shop"), ("my apps", "'my apps'"), ("a'b", r"'a'\''b'")] {
            assert_eq!(quoted(Path::new(path)), shown);
        }
    }
}
