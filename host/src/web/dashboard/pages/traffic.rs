//! The last hour of an app as charts and as a table.

use super::super::view::{Bars, Curve, bars, count, curves, millis, minutes_ago, percent};
use super::tables;
use crate::guests::heartbeat;
use crate::telemetry::recent::{AppTraffic, Latency, MinuteTraffic};
use maud::{Markup, html};

/// Requests, errors and latency.
pub(super) fn card(traffic: &AppTraffic) -> Markup {
    let hour = &traffic.hour;
    let series = |of: fn(&MinuteTraffic) -> u64| hour.minutes.iter().map(of).collect::<Vec<u64>>();
    let curve = |of: fn(&Latency) -> Option<f64>| {
        hour.minutes.iter().map(|minute| of(&minute.latency)).collect::<Vec<Option<f64>>>()
    };
    let (requests, bad) = (series(|minute| minute.totals.requests), series(|minute| minute.totals.bad()));
    let [p50, p95, p99] = [curve(|took| took.p50), curve(|took| took.p95), curve(|took| took.p99)];
    html! {
        section.card {
            div.head { h2 #hour { "Last hour" } p { "All versions, as far as this host, " code { (heartbeat::own_id()) } ", has answered" } }
            div.charts {
                (bars(&Bars { title: "Requests", total: &count(hour.totals.requests), values: &requests, bad: &bad, unit: ["request", "requests"], nothing: "no requests", has_legend: true }))
                (bars(&Bars { title: "Failed", total: &percent(hour.totals.bad(), hour.totals.requests), values: &bad, bad: &bad, unit: ["failed request", "failed requests"], nothing: "none failed", has_legend: false }))
                (curves("Latency", &format!("p95 {}", millis(hour.latency.p95)), &[
                    Curve { name: "p50", class: "soft", values: &p50 },
                    Curve { name: "p95", class: "", values: &p95 },
                    Curve { name: "p99", class: "second", values: &p99 },
                ], millis))
            }
            @if hour.totals.requests > 0 {
                details { summary { "These figures as a table" } (table(traffic)) }
            }
        }
    }
}

fn table(traffic: &AppTraffic) -> Markup {
    let minutes = traffic.hour.minutes.iter().rev().enumerate();
    let rows = html! {
        thead { tr {
            th scope="col" { "Minute" }
            th.num scope="col" { "Requests" }
            th.num scope="col" { "Errors" }
            th.num scope="col" { "Traps" }
            th.num scope="col" { "By host" }
            th.num scope="col" { "p50" }
            th.num scope="col" { "p95" }
            th.num scope="col" { "p99" }
        } }
        tbody {
            @for (ago, minute) in minutes.filter(|(_, minute)| minute.totals.requests > 0) {
                tr {
                    th.nowrap scope="row" { (minutes_ago(ago)) }
                    td.num { (count(minute.totals.requests)) }
                    td.num { (count(minute.totals.errors)) }
                    td.num { (count(minute.totals.failures)) }
                    td.num { (count(minute.totals.unavailable)) }
                    td.num { (millis(minute.latency.p50)) }
                    td.num { (millis(minute.latency.p95)) }
                    td.num { (millis(minute.latency.p99)) }
                }
            }
        }
    };
    tables::scrolling("hour", "Minutes of the last hour that had requests", "", &rows)
}
