//! `innkeeper apps set`

use super::database_var;
use crate::cli::control::{Control, HostControlArgs};
use crate::cli::{OneApp, UsageError, output};
use crate::guests::settings::{CrossOrigin, TransactionsSetting};
use crate::operations::AppChanges;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{ArgGroup, Args};
use std::collections::BTreeMap;

/// Change an app: its routes, limits, settings, and the database in which it lives
///
/// Changes what holds for all versions of an app, without a deployment. Hosts follow within a
/// second or two. What is set here goes before what innkeeper.toml says, until it is reset.
///
/// Another database changes where the app's tables, files and sessions are, and moves none of them;
/// until hosts have followed, requests still go to the old place. Each host that serves the app
/// needs the variable.
#[derive(Debug, Args)]
#[command(group = ArgGroup::new("change").required(true).multiple(true), after_long_help = "\
Examples:
  innkeeper apps set shop --route shop.example --route /shop
  innkeeper apps set shop --limit cpu-per-request=2s --transactions statement
  innkeeper apps set shop --trusted-origin https://pay.example --keep-versions 20
  innkeeper apps set blog --database-var BLOG_DB_URL
  innkeeper apps set shop --follower-var HEROKU_POSTGRESQL_ROSE_URL --follower-lag 5s

JSON: {app, routes, config, transactions, cross_origin, trusted_origins, follower, follower_lag, limits,
keep_versions}; what is in force now")]
pub(super) struct Options {
    #[command(flatten)]
    app: OneApp,
    /// Which requests it answers: a path such as / or /blog, or a host name; all routes, the main
    /// one first
    #[arg(long, value_name = "ROUTE", group = "change")]
    route: Vec<String>,
    /// A limit, lower than the host's (`innkeeper doctor --limits`); may be given several times
    #[arg(long, value_name = "NAME=VALUE", value_parser = limit, group = "change")]
    limit: Vec<(String, String)>,
    /// Take a limit back: the host's holds again; may be given several times
    #[arg(long, value_name = "NAME", group = "change")]
    no_limit: Vec<String>,
    /// What is kept together: all of a request, or each statement by itself
    #[arg(long, value_name = "WHAT", value_parser = choice(TRANSACTIONS), group = "change")]
    transactions: Option<TransactionsSetting>,
    /// What becomes of requests from other origins that come with a visitor's session
    #[arg(long, value_name = "WHAT", value_parser = choice(CROSS_ORIGIN), group = "change")]
    cross_origin: Option<CrossOrigin>,
    /// An origin that may send such requests, such as https://pay.example; all of them
    #[arg(long, alias = "trusted-origins", value_name = "ORIGIN", group = "change")]
    trusted_origin: Vec<String>,
    /// How many activations back a version is kept
    #[arg(long, value_name = "NUMBER", group = "change")]
    keep_versions: Option<u32>,
    /// The variable with the URL of a follower of the app's database, which may answer transactions
    /// that only read
    #[arg(long, value_name = "VAR", group = "change", conflicts_with = "no_follower_var")]
    follower_var: Option<String>,
    /// No follower, whatever innkeeper.toml says
    #[arg(long, group = "change")]
    no_follower_var: bool,
    /// How far the follower may be behind, such as 5s
    #[arg(long, value_name = "TIME", group = "change")]
    follower_lag: Option<String>,
    /// Take back what was set here: what the version was deployed with holds again
    #[arg(long, value_name = "SETTING", value_parser = RESETS, group = "change")]
    reset: Vec<String>,
    #[command(flatten)]
    database: database_var::Change,
    /// Print JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    control: HostControlArgs,
}

const TRANSACTIONS: [(&str, TransactionsSetting); 2] =
    [("request", TransactionsSetting::Request), ("statement", TransactionsSetting::Statement)];
const CROSS_ORIGIN: [(&str, CrossOrigin); 2] = [("refuse", CrossOrigin::Refuse), ("allow", CrossOrigin::Allow)];
const RESETS: [&str; 6] =
    ["transactions", "cross-origin", "trusted-origins", "follower", "follower-lag", "keep-versions"];

pub(super) async fn run(options: &Options) -> anyhow::Result<()> {
    let name = &options.app.name;
    let changes = changes(options)?;
    // First what may refuse: whoever asked for both wants neither alone.
    let moved = match options.database.wanted() {
        Some(wanted) => Some(database_var::set(name, wanted, &options.database, &options.control.host).await?),
        None => None,
    };
    let control = match moved {
        Some(_) if changes == AppChanges::default() && !options.json => {
            output::line(moved.unwrap_or_default());
            return Ok(());
        }
        Some(_) => Control::to_change_quietly(&options.control.control(), name).await?,
        None => Control::to_change(&options.control.control(), name).await?,
    };
    let settings = match changes == AppChanges::default() {
        true => control.settings(name).await?,
        false => control.change_app(name, &changes).await?,
    };
    control.close().await;
    if options.json {
        return output::json(&settings);
    }
    moved.iter().for_each(output::line);
    output::line(format!("{name}: changed; `innkeeper apps show {name}` shows what is in force"));
    Ok(())
}

fn changes(options: &Options) -> Result<AppChanges, UsageError> {
    let listed = |list: &Vec<String>| (!list.is_empty()).then(|| list.clone());
    let set = options.limit.iter().map(|(name, value)| (name, Some(value.clone())));
    let mut limits = BTreeMap::new();
    for (name, value) in set.chain(options.no_limit.iter().map(|name| (name, None))) {
        if limits.insert(name.replace('_', "-"), value).is_some() {
            return Err(UsageError(format!("the limit {name} is named twice: name it once")));
        }
    }
    let named = [
        ("transactions", options.transactions.is_some()),
        ("cross-origin", options.cross_origin.is_some()),
        ("trusted-origins", !options.trusted_origin.is_empty()),
        ("follower", options.follower_var.is_some() || options.no_follower_var),
        ("follower-lag", options.follower_lag.is_some()),
        ("keep-versions", options.keep_versions.is_some()),
    ];
    if let Some((both, _)) =
        named.iter().find(|(name, is_set)| *is_set && options.reset.iter().any(|it| it == name))
    {
        return Err(UsageError(format!("{both} is to be set and to be reset: say one of both")));
    }
    Ok(AppChanges {
        routes: listed(&options.route),
        transactions: options.transactions,
        cross_origin: options.cross_origin,
        trusted_origins: listed(&options.trusted_origin),
        follower: options.follower_var.clone().or(options.no_follower_var.then(String::new)),
        follower_lag: options.follower_lag.clone(),
        limits,
        keep_versions: options.keep_versions,
        reset: options.reset.clone(),
    })
}

fn limit(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or("a limit is set like cpu-per-request=2s")?;
    Ok((name.trim().to_owned(), value.trim().to_owned()))
}

fn choice<T: Copy + Send + Sync + 'static>(choices: [(&'static str, T); 2]) -> impl TypedValueParser<Value = T> {
    let [one, other] = choices;
    let of = move |name: String| if name == one.0 { one.1 } else { other.1 };
    PossibleValuesParser::new(choices.map(|(name, _)| name)).map(of)
}

fn name_of<T: PartialEq>(choices: &[(&'static str, T)], setting: &T) -> &'static str {
    choices.iter().find(|(_, choice)| choice == setting).map_or("", |(name, _)| name)
}

/// As innkeeper.toml has it.
pub(super) fn transactions_name(setting: TransactionsSetting) -> &'static str {
    name_of(&TRANSACTIONS, &setting)
}

/// As innkeeper.toml has it.
pub(super) fn cross_origin_name(setting: CrossOrigin) -> &'static str {
    name_of(&CROSS_ORIGIN, &setting)
}
