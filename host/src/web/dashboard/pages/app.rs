//! One app.

use super::super::looks::News;
use super::super::page::HOME;
use super::super::view::{Section, Tone, badge, bytes, note, shown as text, standing_note, when_text};
use super::super::visit::Visit;
use super::{
    app_address, canary, log, missing, news, outage, refresh_switch, sentence, shell, tables, traffic, trail,
    versions,
};
use crate::operations::{
    ActivationView, AppView, ConfigSource, ContentsView, HostView, OperationError, Result, SettingsView,
    VersionView,
};
use crate::telemetry::log_ring::LogExcerpt;
use crate::telemetry::recent::AppTraffic;
use crate::web::admin::Act;
use maud::{Markup, html};

/// What the page shows.
pub(in crate::web::dashboard) struct AppPage<'a> {
    pub(in crate::web::dashboard) app: &'a AppView,
    /// None while the database does not answer.
    pub(in crate::web::dashboard) stored: Option<&'a Stored<'a>>,
    /// Why there is only what this host remembers.
    pub(in crate::web::dashboard) outage: Option<&'a OperationError>,
    pub(in crate::web::dashboard) traffic: &'a AppTraffic,
    pub(in crate::web::dashboard) log: &'a LogExcerpt,
    pub(in crate::web::dashboard) filter: log::Filter<'a>,
    /// What was just done here.
    pub(in crate::web::dashboard) news: Option<&'a News>,
    pub(in crate::web::dashboard) is_live: bool,
    /// Why this host does not serve it.
    pub(in crate::web::dashboard) not_served: Option<&'a str>,
    /// Where the browser is, for routes that are paths.
    pub(in crate::web::dashboard) host: &'a str,
    /// The host name at which no app answers.
    pub(in crate::web::dashboard) dashboard_host: Option<&'a str>,
}

/// What the database says of an app.
pub(in crate::web::dashboard) struct Stored<'a> {
    pub(in crate::web::dashboard) versions: &'a Result<Vec<VersionView>>,
    pub(in crate::web::dashboard) activations: &'a Result<Vec<ActivationView>>,
    pub(in crate::web::dashboard) settings: &'a Result<SettingsView>,
    pub(in crate::web::dashboard) contents: &'a Result<ContentsView>,
    pub(in crate::web::dashboard) hosts: &'a Result<Vec<HostView>>,
}

/// The page of one app.
pub(in crate::web::dashboard) fn page(visit: &Visit, shown: &AppPage<'_>) -> Markup {
    let name = &shown.app.name;
    let content = html! {
        (head(visit, shown))
        (jump(shown))
        (states(visit, shown))
        @if let Some(canary) = &shown.app.canary { (canary::card(visit, shown.app, canary, shown.traffic)) }
        (traffic::card(shown.traffic))
        @if let Some(stored) = shown.stored {
            @match stored.versions {
                Ok(all) => (versions::card(visit, shown.app, all)),
                Err(error) => (missing("Versions", error)),
            }
            @match stored.activations {
                Ok(all) if all.is_empty() => {},
                Ok(all) => (versions::history(all, visit.now)),
                Err(error) => (missing("The history", error)),
            }
            div.columns { (contents(stored.contents)) (settings(name, stored.settings)) }
        }
        (log::card(name, shown.log, shown.filter, shown.is_live))
    };
    shell(visit, name, Section::Apps, &content)
}

fn head(visit: &Visit, shown: &AppPage<'_>) -> Markup {
    let AppView { name, routes, active, activated_at, .. } = shown.app;
    let address = app_address(name);
    let kept = [("request", shown.filter.request_id), ("level", shown.filter.level)];
    html! {
        div.page-head {
            div {
                (trail(&[(HOME, "Apps")]))
                h1 { (name) }
                div.facts {
                    @match (shown.not_served, active) {
                        (None, Some(_)) => (badge(Tone::Good, "serving")),
                        (_, None) => (badge(Tone::Plain, "no active version")),
                        (Some(_), Some(_)) => (badge(Tone::Bad, "not served")),
                    }
                    @if let Some(version) = active { span { "version " (version) } }
                    @for route in routes { (link(shown.host, route)) }
                    @if let Some(at) = activated_at { span { "active since " (when_text(at, visit.now)) } }
                }
            }
            div.actions {
                (refresh_switch(&address, &kept, shown.is_live))
                @if has_another_version(shown) && visit.may(Act::Rollback, Some(name)) {
                    a.button href={ (address) "/rollback" } { "Roll back" }
                }
                @if visit.may(Act::Deploy, Some(name)) {
                    a.button.primary href={ (address) "/deploy" } { "Deploy" }
                }
            }
        }
    }
}

/// Whether there is a version to go back to.
fn has_another_version(shown: &AppPage<'_>) -> bool {
    let Some(Ok(versions)) = shown.stored.map(|stored| stored.versions) else { return false };
    shown.app.active.is_some_and(|active| versions.iter().any(|version| version.number < active))
        || shown.app.went_back_by_itself
}

/// Links to the parts of a long page.
fn jump(shown: &AppPage<'_>) -> Markup {
    let parts: &[(&str, &str)] = match shown.stored {
        Some(_) => &[
            ("hour", "Last hour"),
            ("versions", "Versions"),
            ("history", "History"),
            ("settings", "Settings"),
            ("log", "Log"),
        ],
        None => &[("hour", "Last hour"), ("log", "Log")],
    };
    html! {
        nav.jump aria-label="On this page" {
            @for (id, name) in parts { a href={ "#" (id) } { (name) } }
            a href={ (super::super::page::BASE) "/audit?app=" (shown.app.name) } { "Audit" }
        }
    }
}

/// A route as something to click at, with the host name under which the dashboard is seen. Where
/// that is the dashboard's alone, a path alone says all there is to say.
fn link(host: &str, route: &str) -> Markup {
    match (route.strip_prefix('/'), host) {
        (None, _) => html! { a href={ "//" (route) "/" } rel="noopener" { (route) } },
        (Some(_), "") => html! { span { (route) } },
        (Some(_), host) => html! { a href=(route) rel="noopener" { (host) (route) } },
    }
}

fn states(visit: &Visit, shown: &AppPage<'_>) -> Markup {
    let taken = shown.dashboard_host.filter(|host| shown.app.routes.iter().any(|route| route == host));
    html! {
        (news(shown.news))
        @if let Some(error) = shown.outage { (outage(error, "What follows")) }
        @if let Some(stored) = shown.stored { (followers(&shown.app.name, stored.hosts)) }
        @if let Some(reason) = shown.not_served { (note(Tone::Bad, &html! { p { span.strong { "This host does not serve it. " } (text(&sentence(reason))) } })) }
        @if shown.app.being_deleted {
            (standing_note(Tone::Warn, &html! {
                p { "It is being deleted, and answers nobody. Where that was broken off, " code { "innkeeper apps delete" } " goes on." }
            }))
        }
        @if let Some(problem) = &shown.app.problem {
            (standing_note(Tone::Bad, &html! { p { span.strong { "Its row in the registry has a problem. " } (text(&sentence(problem))) } }))
        }
        @if let Some(host) = taken {
            (standing_note(Tone::Warn, &html! {
                p { "It does not answer at " code { (host) } ": this host name is the dashboard's alone (INNKEEPER_DASHBOARD_HOST)." }
            }))
        }
        @if shown.app.went_back_by_itself { (went_back(visit, shown)) }
    }
}

/// Which hosts do not serve the active version yet.
fn followers(name: &str, hosts: &Result<Vec<HostView>>) -> Markup {
    let Ok(hosts) = hosts else { return html! {} };
    let is_loading = |host: &&HostView| host.live && host.loading.iter().any(|loading| loading == name);
    let busy: Vec<&str> = hosts.iter().filter(is_loading).map(|host| host.name.as_str()).collect();
    html! { @if !busy.is_empty() { (standing_note(Tone::Accent, &html! { p { "Still loading it: " (busy.join(", ")) "." } })) } }
}

fn went_back(visit: &Visit, shown: &AppPage<'_>) -> Markup {
    let activations = shown.stored.and_then(|stored| stored.activations.as_ref().ok());
    let why = html! {
        p {
            span.strong { "The host went back by itself" }
            @if let Some(last) = activations.and_then(|all| all.first()) {
                @if let Some(previous) = last.previous { " from version " (previous) " to version " (last.version) }
                ", " (when_text(&last.at, visit.now)) "."
                @if let Some(note) = &last.note { " " (text(&sentence(note))) }
            }
        }
    };
    standing_note(Tone::Warn, &why)
}

fn contents(contents: &Result<ContentsView>) -> Markup {
    let number = |number: i64| super::super::view::count(u64::try_from(number).unwrap_or_default());
    html! {
        section.card {
            div.head { h2 { "What it keeps" } }
            div.body {
                @match contents {
                    Ok(found) => dl.pairs {
                        dt { "Sessions" } dd { (number(found.sessions)) }
                        dt { "Files" } dd { (number(found.files)) }
                        dt { "Size of files" } dd { (bytes(u64::try_from(found.file_bytes).unwrap_or_default())) }
                        dt { "Size of rows" }
                        dd {
                            @match found.row_bytes { Some(number) => (bytes(number)), None => span.muted { "not measured yet" } }
                            @if found.rows_full { " " (badge(Tone::Bad, "full")) }
                        }
                    },
                    Err(error) => p.muted { "It cannot be counted now: " (text(&error.message)) "." },
                }
            }
        }
    }
}

fn settings(name: &str, settings: &Result<SettingsView>) -> Markup {
    let found = match settings {
        Ok(found) => found,
        Err(error) => return missing("Settings", error),
    };
    let rows = html! {
        thead { tr { th scope="col" { "Name" } th scope="col" { "Value" } } }
        tbody {
            @for entry in &found.config {
                tr {
                    th scope="row" { code { (text(&entry.name)) } }
                    td {
                        @match entry.source {
                            ConfigSource::Environment => { "from the variable " code { (entry.shown) } },
                            ConfigSource::Set => { code { (text(&entry.shown)) } " " span.muted { "set" } },
                            ConfigSource::Version => { code { (text(&entry.shown)) } " " span.muted { "of the version" } },
                        }
                    }
                }
            }
            @for (limit, value) in &found.limits { tr { th scope="row" { "limit " code { (limit) } } td { (value) } } }
            @if let Some(keep) = found.keep_versions { tr { th scope="row" { "versions kept" } td { (keep) } } }
            @if let Some(follower) = &found.follower { tr { th scope="row" { "follower" } td { code { (text(follower)) } } } }
            @for origin in &found.trusted_origins { tr { th scope="row" { "trusted origin" } td.wrap { (origin) } } }
        }
    };
    let is_empty = found.config.is_empty()
        && found.limits.is_empty()
        && found.keep_versions.is_none()
        && found.trusted_origins.is_empty()
        && found.follower.is_none();
    html! {
        section.card {
            div.head { h2 #settings { "Settings" } p { "Values are not shown" } }
            @if is_empty {
                div.empty {
                    p { "Nothing is set." }
                    pre tabindex="0" { "innkeeper config set NAME=VALUE --app " (name) }
                }
            } @else {
                (tables::scrolling("settings", "Settings by name", "", &rows))
            }
        }
    }
}
