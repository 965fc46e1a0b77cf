//! The versions of an app, and what was active when.

use super::super::view::{Tone, badge, bytes, count, shown, when_text};
use super::super::visit::Visit;
use super::{app_address, tables};
use crate::operations::{ActivationView, AppView, VersionView};
use crate::web::admin::Act;
use maud::{Markup, html};

/// Activations on the page.
const MOST: usize = 20;
/// Versions that are shown at once. Older ones show up when they are asked for.
const AT_ONCE: usize = 10;

/// All versions, the newest first.
pub(super) fn card(visit: &Visit, app: &AppView, versions: &[VersionView]) -> Markup {
    let may = visit.may(Act::Rollback, Some(&app.name));
    let (recent, older) = versions.split_at(versions.len().min(AT_ONCE));
    let rows =
        |of: &[VersionView]| html! { (head()) tbody { @for version in of { (row(visit, app, version, may)) } } };
    html! {
        section.card {
            div.head { h2 #versions { "Versions" } p { (count(versions.len() as u64)) " kept" } }
            (tables::scrolling("versions", "Versions that can be made active", "", &rows(recent)))
            @if !older.is_empty() {
                details {
                    summary #older-versions { (count(older.len() as u64)) " older versions" }
                    (tables::scrolling("older-versions", "Older versions", "", &rows(older)))
                }
            }
        }
    }
}

fn head() -> Markup {
    html! {
        thead { tr {
            th scope="col" { "Version" }
            th.wide scope="col" { "Language" }
            th.num.wide scope="col" { "Size" }
            th scope="col" { "Deployed" }
            th.wide scope="col" { "Note" }
            th scope="col" { span.visually-hidden { "Action" } }
        } }
    }
}

/// A language without the toolchain, which stands behind it in parentheses.
fn language(version: &VersionView) -> Markup {
    let whole = version.language.as_deref().unwrap_or("\u{2013}");
    let name = whole.split_once(" (").map_or(whole, |(name, _)| name);
    html! { td.wide title=(whole) { (shown(name)) } }
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
            (language(version))
            td.num.wide { (bytes(u64::try_from(version.size).unwrap_or_default())) }
            td.deployed {
                (when_text(&version.deployed_at, visit.now))
                @if let Some(by) = by { span.muted.wide title=[version.deployed_from.as_deref()] { " by " (shown(by)) } }
            }
            td.wrap.wide { (shown(version.note.as_deref().unwrap_or_default())) }
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
                    td.when { (when_text(&activation.at, now)) }
                    td.what {
                        (kind(&activation.kind)) " "
                        @if let Some(previous) = activation.previous {
                            span.nowrap { "v" (previous) " " span aria-hidden="true" { "\u{2192}" } span.visually-hidden { "to" } " v" (activation.version) }
                        } @else { "v" (activation.version) }
                    }
                    td.who-cell { (shown(&activation.by)) }
                    td.wide { (shown(activation.from.as_deref().unwrap_or("\u{2013}"))) }
                    td.wrap.wide { (shown(activation.note.as_deref().unwrap_or_default())) }
                }
            }
        }
    };
    html! {
        section.card {
            div.head { h2 #history { "History" } p { "Who made which version active" } }
            (tables::scrolling("history", "Activations, the newest first", "stack", &rows))
        }
    }
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
