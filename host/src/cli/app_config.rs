//! `innkeeper config`: what a guest reads through `wasi:config`.

use super::control::{CommonArgs, Control};
use super::{MaybeApp, UsageError, output};
use crate::config::Secret;
use crate::guests::overrides::ConfigValue;
use crate::operations::{ConfigChanges, ConfigEntry, ConfigSource, SettingsView};
use anyhow::{Context, bail};
use clap::{Args, Subcommand};
use std::collections::BTreeMap;
use std::io::Read;

/// Bytes that are read for one value: more than one may have, so that it is refused as what it is.
const MOST_READ: u64 = 1 << 20;

/// List, set or unset the values that an app reads
///
/// The values that an app reads through `wasi:config`. They hold for all its versions and go before
/// those of innkeeper.toml; hosts follow within a second or two, without a deployment. Values are
/// never shown.
#[derive(Debug, Args)]
#[command(
    args_conflicts_with_subcommands = true,
    after_long_help = "\
Examples:
  innkeeper config shop
  innkeeper config --app shop --json

JSON: a list of {name, source, shown}; source is version, set or environment"
)]
pub(super) struct Options {
    #[command(subcommand)]
    verb: Option<Verb>,
    #[command(flatten)]
    list: ListOptions,
}

#[derive(Debug, Subcommand)]
enum Verb {
    List(ListOptions),
    Set(SetOptions),
    Unset(UnsetOptions),
}

/// List the values that an app reads, masked
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  innkeeper config list shop

JSON: a list of {name, source, shown}; source is version, set or environment")]
struct ListOptions {
    #[command(flatten)]
    app: MaybeApp,
    #[command(flatten)]
    common: CommonArgs,
}

/// Set values that an app reads
///
/// Sets values that an app reads. A value that stands on the command line is seen by whoever sees
/// the processes of this machine: `KEY=-` reads it from standard input instead, and --from-env
/// names a variable of the hosts' environment, so that a secret is in no file and no table.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  innkeeper config set --app shop CURRENCY=EUR COUNTRY=AT
  innkeeper config set --app shop STRIPE_KEY --from-env STRIPE_KEY
  innkeeper config set --app shop STRIPE_KEY=- < key.txt

JSON: a list of {name, source, shown}; all that the app reads now")]
struct SetOptions {
    /// Names and values; with --from-env a name alone
    #[arg(required = true, value_name = "KEY=VALUE")]
    pairs: Vec<Secret>,
    /// The app
    #[arg(short, long, value_name = "NAME")]
    app: String,
    /// The variable of the hosts' environment that has the value
    #[arg(long, value_name = "VAR")]
    from_env: Option<String>,
    #[command(flatten)]
    common: CommonArgs,
}

/// Take back values that were set
///
/// Takes back values that `config set` has set. What the version was deployed with shows again.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  innkeeper config unset --app shop CURRENCY COUNTRY

JSON: a list of {name, source, shown}; all that the app reads now")]
struct UnsetOptions {
    /// Names
    #[arg(required = true, value_name = "KEY")]
    keys: Vec<String>,
    /// The app
    #[arg(short, long, value_name = "NAME")]
    app: String,
    #[command(flatten)]
    common: CommonArgs,
}

pub(super) async fn run(options: &Options) -> anyhow::Result<()> {
    match &options.verb {
        Some(Verb::List(options)) => list(options).await,
        Some(Verb::Set(options)) => set(options).await,
        Some(Verb::Unset(options)) => unset(options).await,
        None => list(&options.list).await,
    }
}

async fn list(options: &ListOptions) -> anyhow::Result<()> {
    let app = options.app.required()?;
    let control = Control::to_read(&options.common.control, app).await?;
    let settings = control.settings(app).await?;
    control.close().await;
    if options.common.json {
        return output::json(&settings.config);
    }
    match settings.config.is_empty() {
        true => output::line(format!("{app} has no values: innkeeper config set --app {app} KEY=VALUE")),
        false => print(&settings),
    }
    Ok(())
}

async fn set(options: &SetOptions) -> anyhow::Result<()> {
    let app = &options.app;
    // Before the database is asked: what is wrong with the command line is wrong everywhere.
    let values = values(&options.pairs, options.from_env.as_deref())?;
    let names: Vec<String> = values.keys().cloned().collect();
    let control = Control::to_change(&options.common.control, app).await?;
    let settings = control.change_config(app, ConfigChanges { set: values, unset: Vec::new() }).await?;
    control.close().await;
    if options.common.json {
        return output::json(&settings.config);
    }
    output::line(format!("{app}: set {}", output::printable(&names.join(", "))));
    Ok(())
}

async fn unset(options: &UnsetOptions) -> anyhow::Result<()> {
    let app = &options.app;
    let control = Control::to_change(&options.common.control, app).await?;
    let settings =
        control.change_config(app, ConfigChanges { set: BTreeMap::new(), unset: options.keys.clone() }).await?;
    control.close().await;
    if options.common.json {
        return output::json(&settings.config);
    }
    output::line(format!("{app}: unset {}", output::printable(&options.keys.join(", "))));
    Ok(())
}

/// What is to be set, by name. No error says a value.
fn values(pairs: &[Secret], from_env: Option<&str>) -> anyhow::Result<BTreeMap<String, ConfigValue>> {
    let mut values = BTreeMap::new();
    let mut has_read = false;
    for pair in pairs {
        let (name, value) = match (pair.expose().split_once('='), from_env) {
            (None, Some(variable)) if pairs.len() == 1 => {
                (pair.expose(), ConfigValue::FromEnv(variable.to_owned()))
            }
            (_, Some(_)) => return usage("--from-env gives one value: name one KEY, without a value"),
            (None, None) => {
                let name = output::printable(pair.expose());
                return usage(&format!(
                    "{name} has no value: {name}=VALUE, {name}=- (from standard input), or --from-env VAR"
                ));
            }
            (Some((name, "-")), None) if !has_read => {
                has_read = true;
                (name, ConfigValue::Value(read_value(name)?))
            }
            (Some((name, "-")), None) => return usage(&format!("{name}=-: standard input has one value only")),
            (Some((name, value)), None) => (name, ConfigValue::Value(value.to_owned())),
        };
        if values.insert(name.to_owned(), value).is_some() {
            return usage(&format!("{} is named twice", output::printable(name)));
        }
    }
    Ok(values)
}

fn usage<T>(text: &str) -> anyhow::Result<T> {
    Err(UsageError(text.to_owned()).into())
}

/// A value from standard input, without the line end behind it.
fn read_value(name: &str) -> anyhow::Result<String> {
    let mut bytes = Vec::new();
    let read = std::io::stdin().lock().take(MOST_READ).read_to_end(&mut bytes);
    read.with_context(|| format!("{name}=-: cannot read standard input"))?;
    let Ok(mut text) = String::from_utf8(bytes) else { bail!("{name}=-: standard input is no UTF-8 text") };
    let line = text.strip_suffix('\n').map_or(text.len(), |rest| rest.strip_suffix('\r').unwrap_or(rest).len());
    text.truncate(line);
    Ok(text)
}

/// Prints what an app reads, masked.
pub(super) fn print(settings: &SettingsView) {
    let row = |entry: &ConfigEntry| {
        let source = match entry.source {
            ConfigSource::Version => "the version was deployed with it",
            ConfigSource::Set => "set by config set",
            ConfigSource::Environment => "a variable of the hosts",
        };
        [entry.name.clone(), entry.shown.clone(), source.to_owned()]
    };
    let columns = ["KEY", "VALUE", "FROM"].map(output::text);
    output::table(columns, &settings.config.iter().map(row).collect::<Vec<_>>());
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(pairs: &[&str], from_env: Option<&str>) -> Result<BTreeMap<String, ConfigValue>, String> {
        let pairs: Vec<Secret> = pairs.iter().map(|pair| pair.parse().unwrap()).collect();
        values(&pairs, from_env).map_err(|error| error.to_string())
    }

    #[test]
    fn values_are_read_as_they_stand() {
        let values = read(&["A=1", "B=", "C=x=y -"], None).unwrap();
        let expected = [("A", "1"), ("B", ""), ("C", "x=y -")];
        let expected = expected.map(|(name, value)| (name.to_owned(), ConfigValue::Value(value.to_owned())));
        assert_eq!(values, BTreeMap::from(expected));
        let values = read(&["KEY"], Some("VAR")).unwrap();
        assert_eq!(values, BTreeMap::from([("KEY".to_owned(), ConfigValue::FromEnv("VAR".to_owned()))]));
    }

    #[test]
    fn what_cannot_be_set_so_is_said_without_the_value() {
        for (pairs, from_env, said) in [
            (&["KEY"][..], None, "KEY has no value"),
            (&["A=hunter2", "A=hunter3"], None, "A is named twice"),
            (&["A=hunter2"], Some("VAR"), "--from-env gives one value"),
            (&["A", "B"], Some("VAR"), "--from-env gives one value"),
        ] {
            let error = read(pairs, from_env).unwrap_err();
            assert!(error.contains(said) && !error.contains("hunter"), "{error}");
        }
    }
}
