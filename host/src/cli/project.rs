//! A guest project: a folder with an `innkeeper.toml`.

use super::build_process::BuildProcess;
use super::manifest::Manifest;
use super::printed::Printed;
use super::project_shell::ProjectShell;
use crate::guests::settings::Settings;
use crate::storage::registry::check_name;
use anyhow::{Context, anyhow, bail};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::process::ExitStatus;
use tokio_util::sync::CancellationToken;

/// The variable by which a build command knows that its component is for a moment.
const IS_QUICK: &str = "INNKEEPER_DEV";
/// The name of the file that makes a folder a guest project.
const FILE: &str = "innkeeper.toml";

/// Something that can be deployed: a component, and for a project how to make it.
#[derive(Debug, Clone)]
pub(super) struct Project {
    /// The app's name, where the project says one.
    pub(super) name: Option<String>,
    /// The folder in which to build; none for a bare component.
    pub(super) folder: Option<PathBuf>,
    /// The command that makes the component.
    pub(super) build: Option<String>,
    /// Where the component is.
    pub(super) component: PathBuf,
    /// The command that tests the app while it is served.
    pub(super) test: Option<String>,
    /// What `dev` builds again for; empty: every file that is not ignored.
    pub(super) watch: Vec<String>,
    /// What `dev` does not build again for.
    pub(super) ignore: Vec<String>,
    /// Settings of the app; none for a bare component, which leaves those that there are.
    pub(super) settings: Option<Settings>,
}

impl Project {
    /// Reads a project folder, or takes a component file as it is.
    pub(super) fn open(path: &Path) -> anyhow::Result<Self> {
        if path.file_name().is_some_and(|name| name == FILE) && path.is_file() {
            let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
            return Self::open(folder.unwrap_or(Path::new(".")));
        }
        if path.is_file() {
            return Ok(Self {
                name: None,
                folder: None,
                build: None,
                component: path.to_owned(),
                test: None,
                watch: Vec::new(),
                ignore: Vec::new(),
                settings: None,
            });
        }
        if !path.is_dir() {
            let what = if path.exists() { "neither a file nor a folder" } else { "no such file or folder" };
            bail!("{}: {what}", path.display());
        }
        let file = path.join(FILE);
        let text = match std::fs::read_to_string(&file) {
            Err(error) if error.kind() == ErrorKind::NotFound => bail!(no_project(path)),
            read => read.with_context(|| format!("cannot read {}", file.display()))?,
        };
        let Manifest { name, build, component, test, watch, ignore, settings } =
            Manifest::parse(&text).map_err(|error| anyhow!("{}: {error}", file.display()))?;
        let (component, folder) = (path.join(component), Some(path.to_owned()));
        Ok(Self { name, folder, build, component, test, watch, ignore, settings: Some(settings) })
    }

    /// Whether a folder is a project.
    pub(super) fn is_at(folder: &Path) -> bool {
        folder.join(FILE).exists()
    }

    /// The folder that the project is, or that the component is in.
    pub(super) fn home(&self) -> PathBuf {
        let beside = self.component.parent().filter(|parent| !parent.as_os_str().is_empty());
        self.folder.clone().unwrap_or_else(|| beside.unwrap_or(Path::new(".")).to_owned())
    }

    /// The app's name: as asked for, as the project says, or after the file.
    pub(super) fn app_name(&self, asked: Option<&str>) -> anyhow::Result<String> {
        if let Some(name) = asked.or(self.name.as_deref()) {
            return Ok(name.to_owned());
        }
        let stem = self.component.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
        let name = stem.to_ascii_lowercase().replace('_', "-");
        let file = self.component.display();
        check_name(&name).with_context(|| format!("{file} gives the app no name: give it one with --app"))?;
        Ok(name)
    }

    /// An error where a component that nothing builds is not there.
    pub(super) fn check_file(&self) -> anyhow::Result<()> {
        let is_missing = || self.component.symlink_metadata().is_err();
        if self.build.is_none() && is_missing() { self.read().map(drop) } else { Ok(()) }
    }

    /// Runs the build command, if there is one. What it prints goes to standard error: the result
    /// of this command alone is on standard output. The build ends when the future is dropped.
    pub(super) async fn build(&self) -> anyhow::Result<()> {
        let (Some(line), Some(folder)) = (&self.build, &self.folder) else { return Ok(()) };
        let shell = ProjectShell::new()?;
        let mut command = shell.command(line, folder);
        command.stdout(std::io::stderr());
        let status = async { BuildProcess::start(command)?.ended().await };
        check_built(line, status.await)
    }

    /// The same for an author who waits for the page: the command is told so, since it may have a
    /// quicker way. Keeps what it prints. From `stop` on the command has to end.
    pub(super) async fn build_overheard(
        &self,
        printed: &mut Printed,
        stop: &CancellationToken,
    ) -> anyhow::Result<()> {
        let (Some(line), Some(folder)) = (&self.build, &self.folder) else { return Ok(()) };
        let shell = ProjectShell::new()?;
        let mut command = shell.command(line, folder);
        command.env(IS_QUICK, "1");
        let status = printed.run(command, stop).await;
        check_built(line, status)
    }

    /// The bytes of the component.
    pub(super) fn read(&self) -> anyhow::Result<Vec<u8>> {
        let component = self.component.display();
        match (std::fs::read(&self.component), &self.build) {
            (Err(error), Some(build)) if error.kind() == ErrorKind::NotFound => {
                bail!("{component} is not there: {FILE} names it as what `{build}` makes")
            }
            (Err(error), None) if error.kind() == ErrorKind::NotFound => {
                bail!("{component} is not there: {FILE} names it, and no `build` command that makes it")
            }
            (Ok(bytes), _) if bytes.is_empty() => {
                bail!("the component {component} is empty: not a WebAssembly component")
            }
            (read, _) => read.with_context(|| format!("cannot read the component {component}")),
        }
    }

    /// Settings in the form in which the registry keeps them.
    pub(super) fn settings_json(&self) -> anyhow::Result<Option<String>> {
        Ok(self.settings.as_ref().map(serde_json::to_string).transpose()?)
    }
}

fn check_built(line: &str, status: std::io::Result<ExitStatus>) -> anyhow::Result<()> {
    let status = status.with_context(|| format!("cannot run the build command `{line}`"))?;
    if !status.success() {
        bail!("the build command `{line}` failed ({status})");
    }
    Ok(())
}

/// What to say of a folder without the file, which may be one too high.
fn no_project(path: &Path) -> String {
    let entries = std::fs::read_dir(path).into_iter().flatten().filter_map(Result::ok);
    let mut below: Vec<String> = entries
        .map(|entry| entry.path())
        .filter(|path| path.join(FILE).is_file())
        .map(|path| path.display().to_string())
        .collect();
    below.sort_unstable();
    let hint = match below.is_empty() {
        true => "name a component, or the folder of a project".to_owned(),
        false => format!("did you mean {}?", below.join(" or ")),
    };
    format!("{} has no {FILE} and is no guest project: {hint}", path.display())
}
