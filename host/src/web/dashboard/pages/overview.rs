//! All apps and all hosts.

use super::super::Visit;
use super::super::access::Scope;
use super::super::page::{BASE, HOME};
use super::super::view::{Section, Tone, badge, bytes, count, meter, millis, note, percent, sparkline, when_text};
use super::{app_address, hosts, live_switch, missing, shell, tables, told};
use crate::operations::{AppView, DiskView, HostView, Result, StateView};
use crate::telemetry::recent::{AppTraffic, Totals};
use maud::{Markup, html};
use std::collections::HashMap;
use std::ops::Add;

/// Apps on the page; the others are found by their names.
const MOST: usize = 200;

/// What the page shows.
pub(in crate::web::dashboard) struct Overview<'a> {
    pub(in crate::web::dashboard) apps: &'a Result<Vec<AppView>>,
    pub(in crate::web::dashboard) hosts: &'a Result<Vec<HostView>>,
    pub(in crate::web::dashboard) state: &'a StateView,
    pub(in crate::web::dashboard) traffic: &'a [AppTraffic],
    /// A part of the names of the apps that are wanted.
    pub(in crate::web::dashboard) find: Option<&'a str>,
    /// What was just done.
    pub(in crate::web::dashboard) done: Option<&'a str>,
    pub(in crate::web::dashboard) is_live: bool,
    /// Why this host does not serve an app.
    pub(in crate::web::dashboard) not_served: &'a dyn Fn(&str) -> Option<String>,
}

/// See the module.
pub(in crate::web::dashboard) fn page(visit: &Visit, shown: &Overview<'_>) -> Markup {
    let content = html! {
        div.page-head {
            div {
                h1 { "Apps" }
                p { "Traffic is of the last hour, as far as this host has answered it." }
            }
            div.actions {
                (live_switch(HOME, shown.is_live))
                @if visit.authority.allows(Scope::Admin) {
                    a.button.primary href={ (BASE) "/deploy" } { "New app" }
                }
            }
        }
        @if let Some(told) = told(shown.done) { (note(Tone::Good, &html! { p { (told) } })) }
        (figures(shown))
        @match shown.apps {
            Ok(apps) if apps.is_empty() => (none_yet()),
            Ok(apps) => (table(visit, shown, apps)),
            Err(error) => (missing("The list of apps", error)),
        }
        @match shown.hosts {
            Ok(all) => (hosts::card(all, visit.now)),
            Err(error) => (missing("The list of hosts", error)),
        }
    };
    shell(visit, "Apps", Section::Apps, &content)
}

fn figures(shown: &Overview<'_>) -> Markup {
    let all = shown.traffic.iter().map(|app| app.hour.totals).fold(Totals::default(), Totals::add);
    let state = shown.state;
    let live = shown.hosts.as_ref().map(|hosts| hosts.iter().filter(|host| host.live).count());
    let (name, place) = state.database.split_once(' ').unwrap_or((&state.database, ""));
    html! {
        dl.figures {
            div { dt { "Requests" } dd { (count(all.requests)) small { "in the last hour" } } }
            div {
                dt { "Failed" }
                dd.bad[all.bad() > 0] { (percent(all.bad(), all.requests)) small { (count(all.bad())) " requests" } }
            }
            div { dt { "Hosts" } dd { @match live { Ok(live) => { (live) small { "alive" } }, Err(_) => "\u{2013}" } } }
            div {
                dt { "Database" }
                dd {
                    (name)
                    @match state.database_ms {
                        Some(took) => small title=(place) { "answers in " (millis(Some(took))) },
                        None => small.bad title=(place) { "does not answer" },
                    }
                    @if let Some([used, most]) = state.connections { small { (used) " of " (most) " connections in use" } }
                    @match state.disk {
                        Some(DiskView { takes_writes: true, free }) => small { (bytes(free)) " free on its disk" },
                        Some(DiskView { free, .. }) => small.bad { "its disk takes no writes, " (bytes(free)) " free" },
                        None => {},
                    }
                }
            }
            div {
                @let [used, most] = state.guest_memory;
                dt { "Memory of guests" }
                dd {
                    (bytes(used)) small { "of " (bytes(most)) }
                    (meter(used, most))
                    @if state.waiting > 0 { small.bad { (state.waiting) " requests wait for room" } }
                }
            }
        }
    }
}

fn table(visit: &Visit, shown: &Overview<'_>, apps: &[AppView]) -> Markup {
    let wanted: Vec<&AppView> =
        apps.iter().filter(|app| shown.find.is_none_or(|part| app.name.contains(part.trim()))).collect();
    let traffic: HashMap<&str, &AppTraffic> =
        shown.traffic.iter().map(|traffic| (traffic.app.as_str(), traffic)).collect();
    let beside = html! {
        @if apps.len() > 12 || shown.find.is_some() {
            form.filter method="get" action=(HOME) role="search" {
                div.field.short {
                    label.visually-hidden for="find" { "A part of the name" }
                    input #find type="text" name="find" value=[shown.find] placeholder="Find by name" autocomplete="off";
                }
                button type="submit" { "Find" }
            }
        } @else {
            p { (apps.len()) @if apps.len() == 1 { " app" } @else { " apps" } }
        }
    };
    let rows = html! {
        thead { tr {
            th scope="col" { "App" }
            th scope="col" { "Version" }
            th.wide scope="col" { "Last hour" }
            th.num.wide scope="col" { "Requests" }
            th.num scope="col" { "Failed" }
            th.num.wide scope="col" { "p95" }
            th.wide scope="col" { "Active since" }
        } }
        tbody {
            @for app in wanted.iter().take(MOST) {
                (row(visit, app, traffic.get(app.name.as_str()).copied(), (shown.not_served)(&app.name)))
            }
        }
    };
    html! {
        section.card {
            div.head { h2 #apps { "All apps" } (beside) }
            @if wanted.is_empty() {
                p.empty { "No app has this in its name." }
            } @else {
                (tables::scrolling("apps", "Apps with their active versions and traffic of the last hour", "apps", &rows))
            }
            @if wanted.len() > MOST { p.empty { (wanted.len() - MOST) " more: find them by a part of their name." } }
        }
    }
}

fn row(visit: &Visit, app: &AppView, traffic: Option<&AppTraffic>, not_served: Option<String>) -> Markup {
    let hour = traffic.map(|traffic| &traffic.hour);
    let totals = hour.map(|hour| hour.totals).unwrap_or_default();
    let requests: Vec<u64> =
        hour.map(|hour| hour.minutes.iter().map(|minute| minute.totals.requests).collect()).unwrap_or_default();
    html! {
        tr {
            th scope="row" {
                a href=(app_address(&app.name)) { (app.name) }
                small { (app.routes.join(", ")) }
            }
            td {
                @match app.active {
                    Some(version) => span.nowrap { "v" (version) },
                    None => span.muted { "none" },
                }
                @if let Some(canary) = &app.canary { " " (badge(Tone::Warn, &format!("v{} for {} %", canary.version, canary.percent))) }
                @if app.went_back_by_itself { " " (badge(Tone::Bad, "went back")) }
                @if let Some(reason) = not_served { " " span title=(reason) { (badge(Tone::Bad, "not served")) } }
            }
            td.wide { (sparkline(&requests)) }
            td.num.wide { (count(totals.requests)) }
            td.num.bad[totals.bad() > 0] { (percent(totals.bad(), totals.requests)) }
            td.num.wide { (millis(hour.and_then(|hour| hour.latency.p95))) }
            td.wide {
                @match &app.activated_at {
                    Some(at) => (when_text(at, visit.now)),
                    None => span.muted { "\u{2013}" },
                }
            }
        }
    }
}

fn none_yet() -> Markup {
    html! {
        section.card {
            div.head { h2 { "The rooms are ready" } }
            div.empty {
                p { "No app is deployed yet. Deploy one from your machine:" }
                pre tabindex="0" { "innkeeper deploy guest.wasm --app NAME" }
            }
        }
    }
}
