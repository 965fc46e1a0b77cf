//! The hosts that serve from the database.

use super::super::view::{Tone, badge, shown, when_text};
use super::tables;
use crate::guests::heartbeat;
use crate::operations::HostView;
use maud::{Markup, html};

/// A card with all hosts.
pub(super) fn card(hosts: &[HostView], now: i64) -> Markup {
    let beside = html! { p { "Each process that serves from this database" } };
    let rows = html! {
        thead { tr {
            th scope="col" { "Host" }
            th scope="col" { "State" }
            th scope="col" { "Last heard" }
            th.wide scope="col" { "Running since" }
            th.wide scope="col" { "Release" }
        } }
        tbody {
            @for host in hosts {
                tr {
                    th scope="row" {
                        (host.name) " " span.muted.mono.wide { (host.id) }
                        @if host.id == heartbeat::own_id() { " " (badge(Tone::Accent, "this host")) }
                    }
                    td.wrap {
                        (state(host))
                        @for problem in &host.problems {
                            div.small.bad { @if !problem.app.is_empty() { (problem.app) ": " } (shown(&problem.reason)) }
                        }
                    }
                    td { (when_text(&host.seen_at, now)) }
                    td.wide { (when_text(&host.started_at, now)) }
                    td.wide { (host.release) }
                }
            }
        }
    };
    if hosts.is_empty() {
        return html! {
            section.card {
                div.head { h2 { "Hosts" } }
                p.empty { "No host has said anything yet." }
            }
        };
    }
    tables::card("hosts", "Hosts", &beside, "Hosts, and when each was last heard", &rows)
}

fn state(host: &HostView) -> Markup {
    match host {
        HostView { live: false, .. } => badge(Tone::Plain, "gone"),
        HostView { problems, .. } if !problems.is_empty() => badge(Tone::Bad, "has problems"),
        HostView { loading, .. } if !loading.is_empty() => {
            badge(Tone::Warn, &format!("loading {}", loading.join(", ")))
        }
        _ => badge(Tone::Good, "alive"),
    }
}
