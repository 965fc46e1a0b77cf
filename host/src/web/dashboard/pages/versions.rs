//! The versions of an app, and what was active when.

use super::super::Visit;
use super::super::access::Scope;
use super::super::view::{Tone, badge, bytes, when_text};
use super::{app_address, tables};
use crate::operations::{ActivationView, AppView, VersionView};
use maud::{Markup, html};

/// Activations on the page.
const MOST: usize = 20;

/// All versions, the newest first.
pub(super) fn card(visit: &Visit, app: &AppView, versions: &[VersionView]) -> Markup {
    let may = visit.authority.allows(Scope::Rollback(&app.name));
    let rows = html! {
        thead { tr {
            th scope="col" { "Version" }
            th.wide scope="col" { "Language" }
            th.num.wide scope="col" { "Size" }
            th scope="col" { "Deployed" }
            th.wide scope="col" { "Note" }
            th scope="col" { span.visually-hidden { "Action" } }
        } }
        tbody { @for version in versions { (row(visit, app, version, may)) } }
    };
    let beside = html! { p { (versions.len()) " kept" } };
    tables::card("versions", "Versions", &beside, "Versions that can be made active", &rows)
}

fn row(visit: &Visit, app: &AppView, version: &VersionView, may: bool) -> Markup {
    let address = format!("{}/rollback?version={}", app_address(&app.name), version.number);
    let is_newer = app.active.is_some_and(|active| version.number > active);
    let by = version.deployed_by.as_deref();
    html! {
        tr {
            th scope="row" {
                span.nowrap { "v" (version.number) }
                @if version.active { " " (badge(Tone::Good, "active")) }
                @if version.canary { " " (badge(Tone::Warn, "canary")) }
                @if version.failed { " " (badge(Tone::Bad, "failed")) }
            }
            td.wide { (version.language.as_deref().unwrap_or("\u{2013}")) }
            td.num.wide { (bytes(u64::try_from(version.size).unwrap_or_default())) }
            td.deployed {
                (when_text(&version.deployed_at, visit.now))
                @if let Some(by) = by { span.muted.wide title=[version.deployed_from.as_deref()] { " by " (by) } }
            }
            td.wrap.wide { (version.note.as_deref().unwrap_or_default()) }
            td.num {
                @if may && !version.active {
                    a.button.small href=(address) {
                        @if is_newer { "Activate" } @else { "Roll back" }
                        span.visually-hidden { " version " (version.number) }
                    }
                }
            }
        }
    }
}

/// What was active when, the newest first.
pub(super) fn history(activations: &[ActivationView], now: i64) -> Markup {
    let rows = html! {
        thead { tr {
            th scope="col" { "When" }
            th scope="col" { "What" }
            th scope="col" { "Who" }
            th.wide scope="col" { "From" }
            th.wide scope="col" { "Note" }
        } }
        tbody {
            @for activation in activations.iter().take(MOST) {
                tr {
                    td { (when_text(&activation.at, now)) }
                    td {
                        (kind(&activation.kind)) " "
                        @if let Some(previous) = activation.previous {
                            span.nowrap { "v" (previous) " " span aria-hidden="true" { "\u{2192}" } span.visually-hidden { "to" } " v" (activation.version) }
                        } @else { "v" (activation.version) }
                    }
                    td { (activation.by) }
                    td.wide { (activation.from.as_deref().unwrap_or("\u{2013}")) }
                    td.wrap.wide { (activation.note.as_deref().unwrap_or_default()) }
                }
            }
        }
    };
    let beside = html! { p { "Who made which version active" } };
    tables::card("history", "History", &beside, "Activations, the newest first", &rows)
}

fn kind(kind: &str) -> Markup {
    match kind {
        "automatic rollback" => badge(Tone::Bad, "went back by itself"),
        "rollback" => badge(Tone::Warn, "rolled back"),
        "promote" => badge(Tone::Accent, "promoted"),
        "deploy" => badge(Tone::Accent, "deployed"),
        other => badge(Tone::Plain, other),
    }
}
