//! One app.

use super::super::Visit;
use super::super::access::Scope;
use super::super::page::HOME;
use super::super::view::{Section, Tone, badge, bytes, note, when_text};
use super::{app_address, canary, live_switch, log, missing, shell, tables, told, traffic, trail, versions};
use crate::operations::{
    ActivationView, AppView, ConfigSource, ContentsView, HostView, Result, SettingsView, VersionView,
};
use crate::telemetry::log_ring::LogExcerpt;
use crate::telemetry::recent::AppTraffic;
use maud::{Markup, html};

/// What the page shows.
pub(in crate::web::dashboard) struct AppPage<'a> {
    pub(in crate::web::dashboard) app: &'a AppView,
    pub(in crate::web::dashboard) versions: &'a Result<Vec<VersionView>>,
    pub(in crate::web::dashboard) activations: &'a Result<Vec<ActivationView>>,
    pub(in crate::web::dashboard) settings: &'a Result<SettingsView>,
    pub(in crate::web::dashboard) contents: &'a Result<ContentsView>,
    pub(in crate::web::dashboard) hosts: &'a Result<Vec<HostView>>,
    pub(in crate::web::dashboard) traffic: &'a AppTraffic,
    pub(in crate::web::dashboard) log: &'a LogExcerpt,
    pub(in crate::web::dashboard) request_id: Option<&'a str>,
    pub(in crate::web::dashboard) level: Option<&'a str>,
    /// What was just done here, such as `active-7`.
    pub(in crate::web::dashboard) done: Option<&'a str>,
    pub(in crate::web::dashboard) is_live: bool,
    /// Why this host does not serve it.
    pub(in crate::web::dashboard) not_served: Option<&'a str>,
}

/// See the module.
pub(in crate::web::dashboard) fn page(visit: &Visit, shown: &AppPage<'_>) -> Markup {
    let name = &shown.app.name;
    let content = html! {
        (head(visit, shown))
        (news(visit, shown))
        @if let Some(canary) = &shown.app.canary { (canary::card(visit, shown.app, canary, shown.traffic)) }
        (traffic::card(shown.traffic))
        @match shown.versions {
            Ok(all) => (versions::card(visit, shown.app, all)),
            Err(error) => (missing("Versions", error)),
        }
        @match shown.activations {
            Ok(all) if all.is_empty() => {},
            Ok(all) => (versions::history(all, visit.now)),
            Err(error) => (missing("The history", error)),
        }
        div.columns { (contents(shown.contents)) (settings(name, shown.settings)) }
        (log::card(name, shown.log, shown.request_id, shown.level))
    };
    shell(visit, name, Section::Apps, &content)
}

fn head(visit: &Visit, shown: &AppPage<'_>) -> Markup {
    let AppView { name, routes, active, activated_at, .. } = shown.app;
    let address = app_address(name);
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
                    span { @for (place, route) in routes.iter().enumerate() { @if place > 0 { ", " } (link(route)) } }
                    @if let Some(at) = activated_at { span { "active since " (when_text(at, visit.now)) } }
                }
            }
            div.actions {
                (live_switch(&address, shown.is_live))
                @if active.is_some() && visit.authority.allows(Scope::Rollback(name)) {
                    a.button href={ (address) "/rollback" } { "Roll back" }
                }
                @if visit.authority.allows(Scope::Deploy(name)) {
                    a.button.primary href={ (address) "/deploy" } { "Deploy" }
                }
            }
        }
    }
}

/// A route as something to click at.
fn link(route: &str) -> Markup {
    let address = if route.starts_with('/') { route.to_owned() } else { format!("//{route}/") };
    html! { a href=(address) rel="noopener" { (route) } }
}

fn news(visit: &Visit, shown: &AppPage<'_>) -> Markup {
    html! {
        @if let Some(told) = told(shown.done) { (note(Tone::Good, &html! { p.strong { (told) } (followers(shown)) })) }
        @if let Some(reason) = shown.not_served { (note(Tone::Bad, &html! { p { span.strong { "This host does not serve it: " } (reason) } })) }
        @if shown.app.went_back_by_itself { (went_back(visit, shown)) }
    }
}

/// Which hosts do not serve the active version yet.
fn followers(shown: &AppPage<'_>) -> Markup {
    let Ok(hosts) = shown.hosts else { return html! {} };
    let name = &shown.app.name;
    let busy: Vec<&str> = hosts
        .iter()
        .filter(|host| host.live && host.loading.contains(name))
        .map(|host| host.name.as_str())
        .collect();
    html! { @if !busy.is_empty() { p { "Still loading it: " (busy.join(", ")) "." } } }
}

fn went_back(visit: &Visit, shown: &AppPage<'_>) -> Markup {
    let last = shown.activations.as_ref().ok().and_then(|all| all.first());
    let why = html! {
        p {
            span.strong { "The host went back by itself" }
            @if let Some(last) = last {
                @if let Some(previous) = last.previous { " from version " (previous) }
                " " (when_text(&last.at, visit.now)) "."
                @if let Some(note) = &last.note { " " (note) }
            }
        }
    };
    note(Tone::Warn, &why)
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
                        dt { "Bytes of files" } dd { (bytes(u64::try_from(found.file_bytes).unwrap_or_default())) }
                        dt { "Bytes of rows" }
                        dd {
                            @match found.row_bytes { Some(number) => (bytes(number)), None => span.muted { "not measured yet" } }
                            @if found.rows_full { " " (badge(Tone::Bad, "full")) }
                        }
                    },
                    Err(error) => p.muted { "It cannot be counted now: " (error.message) },
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
                    th scope="row" { code { (entry.name) } }
                    td {
                        @match entry.source {
                            ConfigSource::Environment => { "from the variable " code { (entry.shown) } },
                            ConfigSource::Set => { code { (entry.shown) } " " span.muted { "set" } },
                            ConfigSource::Version => { code { (entry.shown) } " " span.muted { "of the version" } },
                        }
                    }
                }
            }
            @for (limit, value) in &found.limits { tr { th scope="row" { "limit " code { (limit) } } td { (value) } } }
            @if let Some(keep) = found.keep_versions { tr { th scope="row" { "versions kept" } td { (keep) } } }
            @for origin in &found.trusted_origins { tr { th scope="row" { "trusted origin" } td.wrap { (origin) } } }
        }
    };
    let is_empty = found.config.is_empty()
        && found.limits.is_empty()
        && found.keep_versions.is_none()
        && found.trusted_origins.is_empty();
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
