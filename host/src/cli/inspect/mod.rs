//! `innkeeper inspect`

mod folder;

use super::project::Project;
use super::{output, setup};
use crate::config::{Config, Environment};
use crate::guests::inspect;
use crate::guests::reading::{Report, Sizes};
use anyhow::{Context, bail};
use clap::Args;
use serde::{Serialize, Serializer};
use std::path::{Path, PathBuf};

/// Show what a component is made of, and whether this host can run it
///
/// Shows language, size, imports and exports of a component. Fails where this host cannot run it,
/// and says why and what to do; that is read in the file itself, whatever it is. What can run is
/// compiled and started once. Of a guest project it takes the component that innkeeper.toml names,
/// as it was built last; of any other folder it lists what WebAssembly is in it.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  innkeeper inspect shop.wasm
  innkeeper inspect . --build
  innkeeper inspect target

JSON: {file, kind, size, sizes, language, tools, wasi, contract, interfaces, imports, unmet, exports, problem, problems}; \
sizes is {code, data, debug, custom, other}, tools is a list of {name, version}, unmet is a list of {import, fix}, problems is \
a list of {problem, fix}. Of a folder that is no project: a list of such")]
pub(super) struct Options {
    /// A file, or a folder
    #[arg(default_value = ".")]
    path: PathBuf,
    /// Build the project first
    #[arg(long)]
    build: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// What is known of a file, with its name.
#[derive(Debug, Serialize)]
struct Inspected {
    #[serde(serialize_with = "as_text")]
    file: PathBuf,
    #[serde(flatten)]
    report: Report,
}

pub(super) async fn run(options: &Options) -> anyhow::Result<()> {
    if options.path.is_dir() && !Project::is_at(&options.path) && !options.build {
        let found = folder::read(&options.path).await?;
        if !found.is_empty() {
            return folder::print(&options.path, &found, options.json);
        }
    }
    let project = Project::open(&options.path)?;
    if options.build {
        project.build().await?;
    }
    let inspected = inspect(&project).await?;
    if options.json {
        output::json(&inspected)?;
    } else {
        print(&inspected.report);
    }
    match inspected.report.problem {
        Some(problem) => bail!("{}: this host cannot run it: {problem}", project.component.display()),
        None => Ok(()),
    }
}

async fn inspect(project: &Project) -> anyhow::Result<Inspected> {
    let file = project.component.clone();
    let bytes = bytes::Bytes::from(project.read()?);
    let mut report = inspect::read(bytes.clone()).await?;
    if report.problem.is_none() {
        // What is sound is compiled: only that proves that it can run.
        let mut config = Config::without_database(&Environment::from_process())?;
        config.code_cache = None;
        let compiler = setup::compiler(&config)?;
        let proved = inspect::prove(&compiler, bytes, &mut report).await;
        proved.with_context(|| file.display().to_string())?;
    }
    Ok(Inspected { file, report })
}

fn print(report: &Report) {
    let Report { kind, language, tools, wasi, contract, interfaces, .. } = report;
    let mut facts = vec![("kind", (*kind).to_owned()), ("size", sizes(report.size, &report.sizes))];
    let tools = tools.iter().map(|tool| format!("{} {}", tool.name, tool.version).trim_end().to_owned());
    let contract = contract.as_ref().map(|contract| format!("{contract} ({})", interfaces.join(", ")));
    let more = [
        ("language", language.clone().unwrap_or_else(|| unknown(kind).to_owned())),
        ("tools", tools.collect::<Vec<_>>().join(", ")),
        ("WASI", wasi.join(", ")),
        ("contract", contract.unwrap_or_default()),
    ];
    facts.extend(more.into_iter().filter(|(_, fact)| !fact.is_empty()));
    output::facts(&facts);
    // A core module names the function, too.
    let is_of = |import: &str, name: &str| {
        name.strip_prefix(import).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    };
    let is_unmet = |name: &str| report.unmet.iter().any(|unmet| is_of(&unmet.import, name));
    names("imports", &report.imports, |name| if is_unmet(name) { "  (not here)" } else { "" });
    names("exports", &report.exports, |_| "");
    if report.problem.is_none() {
        output::line("this host can run it");
    }
}

/// What is said where nothing in a file says its language.
fn unknown(kind: &str) -> &'static str {
    match kind {
        "component" | "module" => "unknown: its toolchain has left no mark",
        _ => "",
    }
}

fn names(title: &str, names: &[String], remark: impl Fn(&str) -> &'static str) {
    if names.is_empty() {
        return;
    }
    output::line(format!("{title}:"));
    for name in names {
        output::line(format!("  {name}{}", remark(name)));
    }
}

/// The whole, and in brackets what takes most of it.
fn sizes(size: u64, sizes: &Sizes) -> String {
    let Sizes { code, data, debug, custom, other } = *sizes;
    let parts = [("code", code), ("data", data), ("debug", debug), ("custom", custom), ("other", other)];
    let parts = parts.into_iter().filter(|(_, size)| *size > 0);
    let parts: Vec<String> = parts.map(|(name, size)| format!("{name} {}", output::bytes(size))).collect();
    match parts.is_empty() {
        true => output::bytes(size),
        false => format!("{} ({})", output::bytes(size), parts.join(", ")),
    }
}

/// A path that is no UTF-8 has a text, too.
fn as_text<S: Serializer>(path: &Path, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(&path.display())
}
