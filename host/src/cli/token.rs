//! `innkeeper token`

use super::control::{CommonArgs, Control};
use super::output;
use crate::operations::{Scope, TokenRequest, TokenState, TokenView};
use anyhow::bail;
use clap::{Args, Subcommand};

/// Make, list or revoke tokens of the admin API
///
/// Tokens of the admin API, by which others than who has the database's password deploy, go back
/// and look. Each allows what its scopes say and nothing else. Only a hash of it is kept.
#[derive(Debug, Args)]
#[command(
    args_conflicts_with_subcommands = true,
    after_long_help = "\
Examples:
  innkeeper token create --name ci --scope deploy:shop
  innkeeper token
  innkeeper token revoke 3f2a90c41b7e

JSON: a list of {id, name, scopes, state, created_at, created_by, expires_at, last_used_at, revoked_at}"
)]
pub(super) struct Options {
    #[command(subcommand)]
    verb: Option<Verb>,
    #[command(flatten)]
    list: ListOptions,
}

#[derive(Debug, Subcommand)]
enum Verb {
    Create(CreateOptions),
    List(ListOptions),
    Revoke(RevokeOptions),
}

/// Make a token and print it, this once
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  innkeeper token create --name ci --scope read --scope deploy:shop --expires 30d
  innkeeper token create --name laptop --scope admin --to https://shop.example

JSON: {token, about}; about is what a list has of it")]
struct CreateOptions {
    /// What it is for, for people
    #[arg(long, value_name = "NAME")]
    name: String,
    /// What it allows: read, deploy:APP, deploy-native:APP, rollback:APP, config:APP, keys or
    /// admin; APP may be *; may be given several times
    #[arg(long = "scope", value_name = "SCOPE", required = true, value_parser = scope)]
    scopes: Vec<String>,
    /// How long it is good, such as 12h, 90d or 1y, or never
    #[arg(long, value_name = "TIME", default_value = crate::operations::tokens::USUAL_LIFE)]
    expires: String,
    #[command(flatten)]
    common: CommonArgs,
}

/// List the tokens by their ids and names, never what opens
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  innkeeper token list
  innkeeper token list --json

JSON: a list of {id, name, scopes, state, created_at, created_by, expires_at, last_used_at, revoked_at}")]
struct ListOptions {
    #[command(flatten)]
    common: CommonArgs,
}

/// Make a token worthless, on every host within two seconds
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  innkeeper token revoke 3f2a90c41b7e

JSON: what a list has of it")]
struct RevokeOptions {
    /// Its id: the 12 digits in it, which `token list` shows
    #[arg(value_name = "ID")]
    id: String,
    #[command(flatten)]
    common: CommonArgs,
}

pub(super) async fn run(options: &Options) -> anyhow::Result<()> {
    match &options.verb {
        Some(Verb::Create(options)) => create(options).await,
        Some(Verb::List(options)) => list(options).await,
        Some(Verb::Revoke(options)) => revoke(options).await,
        None => list(&options.list).await,
    }
}

async fn create(options: &CreateOptions) -> anyhow::Result<()> {
    let control = Control::to_create(&options.common.control).await?;
    let CreateOptions { name, scopes, expires, .. } = options;
    let request = TokenRequest { name: name.clone(), scopes: scopes.clone(), expires: Some(expires.clone()) };
    let made = control.create_token(&request).await?;
    control.close().await;
    if options.common.json {
        return output::json(&made);
    }
    output::line(&made.token);
    output::note(format!(
        "{} may {}, {}; this is the only time that it is shown",
        made.about.id,
        made.about.scopes.join(", "),
        end(&made.about)
    ));
    Ok(())
}

async fn list(options: &ListOptions) -> anyhow::Result<()> {
    let tokens =
        Control::listed(&options.common.control, async |control: &Control| control.tokens().await).await?;
    let columns = [
        output::text("ID"),
        output::text("NAME"),
        output::flexible("SCOPES"),
        output::text("GOOD"),
        output::text("USED"),
    ];
    let empty = "no tokens yet: innkeeper token create --name NAME --scope SCOPE";
    output::listing(options.common.json, &tokens, empty, columns, row)
}

fn row(token: &TokenView) -> [String; 5] {
    let used = token.last_used_at.as_deref().map_or("never".to_owned(), output::age_of);
    [token.id.clone(), token.name.clone(), token.scopes.join(" "), end(token), used]
}

async fn revoke(options: &RevokeOptions) -> anyhow::Result<()> {
    let Some(control) = Control::to_list(&options.common.control).await? else {
        bail!("there is no token yet: innkeeper token create makes one");
    };
    let revoked = control.revoke_token(id_of(&options.id)).await?;
    control.close().await;
    match options.common.json {
        true => output::json(&revoked)?,
        false => output::line(format!("{} ({}) is worthless now", revoked.id, revoked.name)),
    }
    Ok(())
}

/// The id of a token that is named by all of its text, which is then sent nowhere.
fn id_of(named: &str) -> &str {
    let within = named.strip_prefix("innkeeper_").and_then(|rest| rest.split_once('_'));
    within.map_or(named, |(id, _)| id)
}

/// How long a token is good.
fn end(token: &TokenView) -> String {
    let when = |time: &Option<String>| time.as_deref().map_or_else(|| "?".to_owned(), output::age_of);
    match (token.state, &token.expires_at) {
        (TokenState::Revoked, _) => format!("revoked {}", when(&token.revoked_at)),
        (TokenState::Expired, end) => format!("ended {}", when(end)),
        (TokenState::Active, None) => "without end".to_owned(),
        (TokenState::Active, end) => format!("until {}", when(end)),
    }
}

/// A scope as it is written; an error with the nearest one where there is none.
fn scope(text: &str) -> Result<String, String> {
    text.parse::<Scope>().map(|scope| scope.to_string()).map_err(|error| error.message)
}
