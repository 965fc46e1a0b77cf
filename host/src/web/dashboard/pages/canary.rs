//! Two versions side by side.

use super::super::view::{Tone, badge, count, millis, percent, when_text};
use super::super::visit::Visit;
use super::app_address;
use crate::operations::{AppView, CanaryView};
use crate::telemetry::recent::{AppTraffic, HourTraffic};
use crate::web::admin::Act;
use maud::{Markup, html};

/// The active version and the one that answers a part of the visitors.
pub(super) fn card(visit: &Visit, app: &AppView, canary: &CanaryView, traffic: &AppTraffic) -> Markup {
    let of =
        |version: i64| traffic.versions.iter().find(|found| found.version == version).map(|found| &found.hour);
    let address = app_address(&app.name);
    html! {
        section.card aria-labelledby="canary" {
            div.head {
                h2 #canary { "Canary" }
                p { (canary.percent) " % of the visitors get version " (canary.version) ", since " (when_text(&canary.since, visit.now)) }
            }
            div.versus {
                @if let Some(active) = app.active { (side(active, of(active), &badge(Tone::Good, "active"))) }
                (side(canary.version, of(canary.version), &badge(Tone::Warn, &format!("canary, {} %", canary.percent))))
            }
            @let [may_promote, may_abort] = [Act::Promote, Act::Abort].map(|act| visit.may(act, Some(&app.name)));
            @if may_promote || may_abort {
                div.body { div.actions {
                    @if may_promote { a.button.primary href={ (address) "/promote" } { "Promote version " (canary.version) } }
                    @if may_abort { a.button href={ (address) "/abort" } { "Abort the canary" } }
                } }
            }
        }
    }
}

fn side(version: i64, hour: Option<&HourTraffic>, state: &Markup) -> Markup {
    let totals = hour.map(|hour| hour.totals).unwrap_or_default();
    let latency = hour.map(|hour| hour.latency).unwrap_or_default();
    html! {
        section {
            h3 { "Version " (version) " " (state) }
            dl.pairs {
                dt { "Requests" } dd { (count(totals.requests)) }
                dt { "Errors of the app" } dd.bad[totals.errors > 0] { (percent(totals.errors, totals.requests)) }
                dt { "Traps and timeouts" } dd.bad[totals.failures > 0] { (count(totals.failures)) }
                dt { "p50" } dd { (millis(latency.p50)) }
                dt { "p95" } dd { (millis(latency.p95)) }
                dt { "p99" } dd { (millis(latency.p99)) }
            }
        }
    }
}
