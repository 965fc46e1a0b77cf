//! A guest project: a folder with an `innkeeper.toml`.

use crate::guests::settings::Settings;
use anyhow::{Context, bail};
use serde::Deserialize;
use std::path::{Path, PathBuf};

/// The name of the file that makes a folder a guest project.
const FILE: &str = "innkeeper.toml";

/// What `innkeeper.toml` says.
#[derive(Debug, Deserialize)]
struct File {
    name: Option<String>,
    build: Option<String>,
    component: PathBuf,
    #[serde(flatten)]
    settings: Settings,
}

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
    /// Settings of the app.
    pub(super) settings: Settings,
}

impl Project {
    /// Reads a project folder, or takes a component file as it is.
    pub(super) fn open(path: &Path) -> anyhow::Result<Self> {
        if path.is_file() {
            return Ok(Self {
                name: None,
                folder: None,
                build: None,
                component: path.to_owned(),
                settings: Settings::default(),
            });
        }
        let file = path.join(FILE);
        if !path.is_dir() {
            bail!("{}: no such file or folder", path.display());
        }
        let text = std::fs::read_to_string(&file)
            .with_context(|| format!("{}: a guest project has this file", file.display()))?;
        let parsed: File = toml::from_str(&text).with_context(|| file.display().to_string())?;
        parsed.settings.check().map_err(anyhow::Error::msg).with_context(|| file.display().to_string())?;
        Ok(Self {
            name: parsed.name,
            component: path.join(parsed.component),
            build: parsed.build,
            folder: Some(path.to_owned()),
            settings: parsed.settings,
        })
    }

    /// The app's name: as asked for, as the project says, or after the file.
    pub(super) fn app_name(&self, asked: Option<&str>) -> anyhow::Result<String> {
        if let Some(name) = asked.or(self.name.as_deref()) {
            return Ok(name.to_owned());
        }
        let stem = self.component.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
        let name = stem.to_ascii_lowercase().replace('_', "-");
        if name.is_empty() {
            bail!("give the app a name with --app");
        }
        Ok(name)
    }

    /// Runs the build command, if there is one. Its output goes where ours goes.
    pub(super) async fn build(&self) -> anyhow::Result<()> {
        let (Some(command), Some(folder)) = (&self.build, &self.folder) else { return Ok(()) };
        let status = tokio::process::Command::new("sh")
            .arg("-c")
            .arg(command)
            .current_dir(folder)
            .kill_on_drop(true)
            .status()
            .await
            .with_context(|| format!("cannot run the build command `{command}`"))?;
        if !status.success() {
            bail!("the build command `{command}` failed ({status})");
        }
        Ok(())
    }

    /// The bytes of the component.
    pub(super) fn read(&self) -> anyhow::Result<Vec<u8>> {
        std::fs::read(&self.component)
            .with_context(|| format!("cannot read the component {}", self.component.display()))
    }

    /// Settings in the form in which the registry keeps them.
    pub(super) fn settings_json(&self) -> anyhow::Result<String> {
        Ok(serde_json::to_string(&self.settings)?)
    }
}
