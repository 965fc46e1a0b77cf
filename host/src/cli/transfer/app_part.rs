//! The first two parts of the file: who the app is, and its component; and where it is to be.

use super::ImportOptions;
use super::contents::{APP, AppPart, COMPONENT, FORMAT};
use super::reading::{BROKEN, Part};
use crate::cli::setup;
use crate::cli::target::Target;
use crate::config::Config;
use crate::guests::component::{Compiled, Compiler};
use crate::guests::routes;
use crate::guests::settings::Settings;
use crate::storage::hex;
use anyhow::{Context, bail};
use sha2::{Digest, Sha256};

/// What `app.json` has in every format.
#[derive(serde::Deserialize)]
struct Format {
    format: Option<u32>,
}

/// `app.json`, if this host can read it.
pub(super) fn app(part: &mut Part<'_>) -> anyhow::Result<AppPart> {
    if part.path != APP {
        bail!("{BROKEN}: it begins with {} and not with {APP}", part.path);
    }
    let bytes = part.whole(None)?;
    let format: Format = serde_json::from_slice(&bytes).with_context(|| format!("{APP}: {BROKEN}"))?;
    if format.format != Some(FORMAT) {
        bail!(
            "the file has a format that this host does not know: import it with the version of innkeeper that wrote it"
        );
    }
    let app: AppPart = serde_json::from_slice(&bytes).with_context(|| format!("{APP}: {BROKEN}"))?;
    check_settings(&app.settings)?;
    Ok(app)
}

/// What a host does not understand it does not serve: better said before anything is written.
fn check_settings(text: &str) -> anyhow::Result<()> {
    let what = "the app has settings that this host cannot read: import it with the version of innkeeper that wrote the file";
    let settings: Settings = serde_json::from_str(text).context(what)?;
    settings.check().map_err(anyhow::Error::msg).context(what)
}

/// The component, if it is the one that the app had.
pub(super) fn component(part: &mut Part<'_>, app: &AppPart, config: &Config) -> anyhow::Result<Vec<u8>> {
    if part.path != COMPONENT {
        bail!("{BROKEN}: {} stands where {COMPONENT} should", part.path);
    }
    let component = part.whole(Some(config.limits.component_bytes))?;
    if hex(&Sha256::digest(&component)) != app.component.sha256 {
        bail!("{COMPONENT}: {BROKEN}: its SHA-256 is another one");
    }
    Ok(component)
}

/// Compiles the app's component, if this host can run it.
pub(super) async fn check_component(component: &[u8], config: &Config) -> anyhow::Result<(Compiler, Compiled)> {
    let compiler = setup::compiler(config)?;
    let compiled = compiler.compile(component.to_vec().into()).await;
    Ok((compiler, compiled.context("this host cannot run the app's component")?))
}

/// Where the app is to be, and how.
pub(super) struct Destination {
    pub(super) target: Target,
    pub(super) name: String,
    /// None: unchanged.
    pub(super) route: Option<String>,
    /// Whether everything seems to be there already, but for the registry entry.
    pub(super) only_compares: bool,
}

/// Finds or makes it, or says why the app cannot be taken in.
pub(super) async fn destination(
    options: &ImportOptions,
    app: &AppPart,
    config: Config,
) -> anyhow::Result<Destination> {
    let name = options.app.clone().unwrap_or_else(|| app.app.clone());
    let asked = options.route.as_deref().map(routes::check).transpose().map_err(anyhow::Error::msg)?;
    let target = Target::find_or_make(&name, config).await?;
    let is_new = target.app.is_none();
    let route = match (asked, is_new) {
        (Some(route), _) => Some(route),
        (None, true) => Some(routes::check(&app.route).map_err(anyhow::Error::msg)?),
        (None, false) => None,
    };
    if let Some(route) = &route
        && let Some(other) = target.database.holder_of(route).await?.filter(|other| *other != name)
    {
        bail!("route {route} belongs to app {other}: choose another with --route");
    }
    let there = target.space.belongings().await?;
    if !there.is_empty() && !is_new {
        bail!(
            "app {name} has data here (tables: {}, files: {}, sessions: {}), and an import changes none: give another name with --app",
            there.tables,
            there.blobs,
            there.sessions
        );
    }
    Ok(Destination { target, name, route, only_compares: !there.is_empty() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_are_those_that_a_host_serves() {
        assert!(check_settings(r#"{"transactions":"request","config":{}}"#).is_ok());
        for text in [r#"{"future":1}"#, r#"{"trusted-origins":["null"]}"#, "{"] {
            assert!(check_settings(text).is_err(), "{text}");
        }
    }
}
