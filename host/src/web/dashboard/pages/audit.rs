//! Who did what.

use super::super::Visit;
use super::super::page::BASE;
use super::super::view::{Section, Tone, badge, when_text};
use super::{app_address, shell, tables};
use crate::operations::AuditView;
use maud::{Markup, html};

/// See the module.
pub(in crate::web::dashboard) fn page(
    visit: &Visit,
    entries: &[AuditView],
    app: Option<&str>,
    has_more: bool,
) -> Markup {
    let content = html! {
        div.page-head {
            div { h1 { "Audit" } p { "Every act and every refusal, the newest first. Nothing here can be changed or deleted." } }
        }
        section.card {
            div.head {
                h2 #audit { @match app { Some(app) => { "Entries of " (app) }, None => "All entries" } }
                form.filter method="get" action={ (BASE) "/audit" } {
                    div.field.short {
                        label.visually-hidden for="app" { "App" }
                        input #app type="text" name="app" value=[app] placeholder="App" autocomplete="off";
                    }
                    button type="submit" { "Filter" }
                }
            }
            @if entries.is_empty() { p.empty { "There is nothing like that." } } @else { (table(entries, visit.now)) }
            @if let (true, Some(last)) = (has_more, entries.last()) {
                div.body {
                    a.button href={ (BASE) "/audit?before=" (last.id) @if let Some(app) = app { "&app=" (app) } } { "Older entries" }
                }
            }
        }
    };
    shell(visit, "Audit", Section::Audit, &content)
}

fn table(entries: &[AuditView], now: i64) -> Markup {
    let rows = html! {
        thead { tr {
            th scope="col" { "When" }
            th scope="col" { "Result" }
            th scope="col" { "What" }
            th.wide scope="col" { "Component" }
            th scope="col" { "Who" }
        } }
        tbody {
            @for entry in entries {
                tr {
                    td { (when_text(&entry.at, now)) }
                    td { @if entry.result == "ok" { (badge(Tone::Good, "ok")) } @else { (badge(Tone::Bad, "refused")) small.block { (entry.result) } } }
                    td.wrap {
                        span.strong { (entry.action) }
                        @if let Some(app) = &entry.app { " " a href=(app_address(app)) { (app) } }
                        @if !entry.detail.is_empty() { small.muted.block { (entry.detail) } }
                    }
                    td.wide { @if let Some(sha256) = &entry.sha256 { code title=(sha256) { (sha256.chars().take(12).collect::<String>()) } } }
                    td { (entry.by) @if let Some(from) = &entry.from { small.muted.block { (from) } } }
                }
            }
        }
    };
    tables::scrolling("audit", "What was done or refused, the newest first", "tall", &rows)
}
