//! All apps and all hosts.

use super::super::looks::News;
use super::super::page::{BASE, HOME};
use super::super::view::{Section, Tone, badge, bytes, count, meter, millis, percent, sparkline, when_text};
use super::super::visit::Visit;
use super::{app_address, hosts, missing, news, outage, refresh_switch, shell, tables};
use crate::guests::heartbeat;
use crate::operations::{AppView, DiskView, HostView, OperationError, Result, StateView};
use crate::telemetry::recent::{AppTraffic, Totals};
use maud::{Markup, html};
use std::collections::HashMap;
use std::ops::Add;

/// Apps on the page; the others are found by their names.
const MOST: usize = 200;
/// So many apps are found by looking.
const FEW: usize = 12;

/// What the page shows.
pub(in crate::web::dashboard) struct Overview<'a> {
    pub(in crate::web::dashboard) apps: &'a [AppView],
    /// Why these are only the apps that this host remembers.
    pub(in crate::web::dashboard) outage: Option<&'a OperationError>,
    /// None where they are not to be seen.
    pub(in crate::web::dashboard) hosts: Option<&'a Result<Vec<HostView>>>,
    /// None where it is not to be seen.
    pub(in crate::web::dashboard) state: Option<&'a StateView>,
    pub(in crate::web::dashboard) traffic: &'a [AppTraffic],
    /// A part of the names of the apps that are wanted.
    pub(in crate::web::dashboard) find: Option<&'a str>,
    /// What was just done.
    pub(in crate::web::dashboard) news: Option<&'a News>,
    pub(in crate::web::dashboard) is_live: bool,
    /// Why this host does not serve an app.
    pub(in crate::web::dashboard) not_served: &'a dyn Fn(&str) -> Option<String>,
}

/// The first page.
pub(in crate::web::dashboard) fn page(visit: &Visit, shown: &Overview<'_>) -> Markup {
    let content = html! {
        div.page-head {
            div {
                h1 { "Apps" }
                p { "Traffic is of the last hour, as far as this host, " code { (heartbeat::own_id()) } ", has answered it." }
            }
            div.actions {
                (refresh_switch(HOME, &[("find", shown.find)], shown.is_live))
                @if visit.may_deploy_something() {
                    a.button.primary href={ (BASE) "/deploy" } { "New app" }
                }
            }
        }
        (news(shown.news))
        @if let Some(error) = shown.outage { (outage(error, "This list of apps")) }
        (figures(shown))
        @if shown.apps.is_empty() { (none_yet()) } @else { (table(visit, shown, shown.apps)) }
        @match shown.hosts {
            Some(Ok(all)) => (hosts::card(all, visit.now)),
            Some(Err(error)) => (missing("The list of hosts", error)),
            None => {},
        }
    };
    shell(visit, "Apps", Section::Apps, &content)
}

fn figures(shown: &Overview<'_>) -> Markup {
    let all = shown.traffic.iter().map(|app| app.hour.totals).fold(Totals::default(), Totals::add);
    let live = match shown.hosts {
        Some(Ok(hosts)) => Some(hosts.iter().filter(|host| host.live).count()),
        _ => None,
    };
    html! {
        dl.figures {
            div { dt { "Requests" } dd { (count(all.requests)) small { "in the last hour" } } }
            div {
                dt { "Failed" }
                dd.bad[all.bad() > 0] { (percent(all.bad(), all.requests)) small { (count(all.bad())) " requests" } }
            }
            @if shown.hosts.is_some() {
                div { dt { "Hosts" } dd { @match live { Some(live) => { (live) small { "alive" } }, None => "\u{2013}" } } }
            }
            @if let Some(state) = shown.state { (of_host(state)) }
        }
    }
}

/// The database and the memory of this host.
fn of_host(state: &StateView) -> Markup {
    let (name, place) = state.database.split_once(' ').unwrap_or((&state.database, ""));
    let [used, most] = state.guest_memory;
    html! {
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
            dt { "Memory of guests" }
            dd {
                (bytes(used)) small { "of " (bytes(most)) }
                (meter(used, most))
                @if state.waiting > 0 { small.bad { (state.waiting) " requests wait for room" } }
            }
        }
    }
}

fn table(visit: &Visit, shown: &Overview<'_>, apps: &[AppView]) -> Markup {
    let wanted: Vec<&AppView> =
        apps.iter().filter(|app| shown.find.is_none_or(|part| app.name.contains(part.trim()))).collect();
    let traffic: HashMap<&str, &AppTraffic> =
        shown.traffic.iter().map(|traffic| (traffic.app.as_str(), traffic)).collect();
    let number = match (wanted.len(), apps.len()) {
        (1, 1) => "1 app".to_owned(),
        (some, all) if some == all => format!("{} apps", count(all as u64)),
        (some, all) => format!("{} of {} apps", count(some as u64), count(all as u64)),
    };
    let beside = html! {
        p { (number) }
        @if apps.len() > FEW || shown.find.is_some() {
            form.filter method="get" action=(HOME) role="search" {
                @if shown.is_live { input type="hidden" name="live" value="1"; }
                div.field.short {
                    label.visually-hidden for="find" { "A part of the name" }
                    input #find type="text" name="find" value=[shown.find] placeholder="Find by name" autocomplete="off";
                }
                button type="submit" { "Find" }
                @if shown.find.is_some() { a.button.quiet href=(HOME) { "Show all" } }
            }
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
            div.head { h2 #apps { @if shown.find.is_some() { "Apps found" } @else { "All apps" } } (beside) }
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
                @if app.being_deleted { " " (badge(Tone::Warn, "being deleted")) }
                @if let Some(problem) = &app.problem { " " span title=(problem) { (badge(Tone::Bad, "has a problem")) } }
                @if app.went_back_by_itself { " " (badge(Tone::Bad, "went back")) }
                @if let Some(reason) = not_served { " " span title=(reason) { (badge(Tone::Bad, "not served")) } }
            }
            td.wide { (sparkline(&requests)) }
            td.num.wide { (count(totals.requests)) }
            td.num {
                span.bad[totals.bad() > 0] { (percent(totals.bad(), totals.requests)) }
                @if totals.requests > 0 { small.below { "of " (count(totals.requests)) } }
            }
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
