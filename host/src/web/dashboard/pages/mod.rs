//! The pages: from what `operations` and `telemetry` say to HTML.

pub(super) mod app;
pub(super) mod audit;
mod canary;
pub(super) mod confirm;
pub(super) mod deploy;
mod hosts;
pub(super) mod limits;
mod log;
pub(super) mod overview;
mod tables;
mod traffic;
pub(super) mod trouble;
mod versions;
pub(super) mod who_are_you;

use super::Visit;
use super::access::Scope;
use super::page::{BASE, HOME};
use super::response::style_address;
use super::view::{Frame, Section, Tone, frame, note};
use maud::{Markup, html};

/// A page of somebody who is signed in.
fn shell(visit: &Visit, title: &str, section: Section, content: &Markup) -> Markup {
    let around = Frame {
        home: HOME,
        base: BASE,
        style: style_address(),
        title,
        section,
        who: &visit.authority.actor.name,
        csrf: &visit.form_key,
        has_audit: visit.authority.allows(Scope::Admin),
    };
    frame(&around, content)
}

/// The field that makes a form one of the session's.
fn form_key(visit: &Visit) -> Markup {
    html! { input type="hidden" name="csrf" value=(visit.form_key); }
}

/// The way to a page.
fn trail(steps: &[(&str, &str)]) -> Markup {
    html! {
        nav.trail aria-label="Breadcrumb" {
            @for (place, (address, name)) in steps.iter().enumerate() {
                @if place > 0 { span aria-hidden="true" { " / " } }
                a href=(address) { (name) }
            }
        }
    }
}

/// Where the page of an app is.
fn app_address(name: &str) -> String {
    format!("{BASE}/apps/{name}")
}

/// Why a part of a page is missing.
fn missing(what: &str, error: &crate::operations::OperationError) -> Markup {
    note(Tone::Warn, &html! { p { (what) " cannot be shown now: " (error.message) } })
}

/// What was just done here, such as `active-7`.
fn told(done: Option<&str>) -> Option<String> {
    let (what, version) = done?.split_once('-')?;
    let version: i64 = version.parse().ok()?;
    Some(match what {
        "active" => format!("Version {version} is active."),
        "canary" => format!("Version {version} answers a part of the visitors."),
        "aborted" => format!("Version {version} answers nobody any more."),
        "begun" => "It is still being compiled. Its version shows up here when that is done; if it \
                    fails, the log says why."
            .to_owned(),
        _ => return None,
    })
}

/// A link that keeps the page up to date, or stops that.
fn live_switch(address: &str, is_live: bool) -> Markup {
    html! {
        @if is_live {
            a.button href=(address) { (super::view::badge(Tone::Good, "live")) "Stop" }
        } @else {
            a.button href={ (address) "?live=1" } title="Load this page again every 5 seconds" { "Go live" }
        }
    }
}
