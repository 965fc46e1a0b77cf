//! Who did what.

use super::super::page::BASE;
use super::super::view::{Section, Tone, badge, shown, when_text};
use super::super::visit::Visit;
use super::{app_address, shell, tables};
use crate::operations::AuditView;
use maud::{Markup, html};

/// The page of the audit log.
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
                h2 #audit { @match app { Some(app) => { "Entries of " (shown(app)) }, None => "All entries" } }
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
                    a.button href={ (BASE) "/audit?before=" (last.id) @if let Some(app) = app { "&app=" (encoded(app)) } } { "Older entries" }
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
                    td.when { (when_text(&entry.at, now)) }
                    td.result {
                        @if entry.result == "ok" { (badge(Tone::Good, "ok")) }
                        @else { (badge(Tone::Bad, "refused")) }
                    }
                    td.what.wrap {
                        span.strong { (entry.action) }
                        @if let Some(app) = &entry.app { " " a href=(app_address(app)) { (shown(app)) } }
                        @if entry.result != "ok" { small.block { (shown(&entry.result)) } }
                        @if !entry.detail.is_empty() { small.muted.block { (shown(&entry.detail)) } }
                    }
                    td.wide { @if let Some(sha256) = &entry.sha256 { code title=(sha256) { (sha256.chars().take(12).collect::<String>()) } } }
                    td.who-cell { (shown(&entry.by)) @if let Some(from) = &entry.from { small.muted.block { (shown(from)) } } }
                }
            }
        }
    };
    tables::scrolling("audit", "What was done or refused, the newest first", "tall stack", &rows)
}

fn encoded(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes()).collect()
}
