//! The last lines of an app's log.

use super::super::view::{clock, count};
use super::app_address;
use crate::telemetry::log_ring::{Level, LogExcerpt, LogLine, Source};
use maud::{Markup, html};

/// Levels to choose from: name in the address, and in the list.
const LEVELS: [(&str, &str); 3] = [("", "All"), ("warn", "Warnings, errors"), ("error", "Errors")];

/// A card with the lines, and a form that leaves some out.
pub(super) fn card(app: &str, log: &LogExcerpt, request_id: Option<&str>, level: Option<&str>) -> Markup {
    let address = app_address(app);
    let is_filtered = request_id.is_some() || level.is_some();
    html! {
        section.card {
            div.head { h2 #log { "Log" } p { "The last lines in the memory of this host, times in UTC" } }
            div.body {
                form.filter method="get" action={ (address) "#log" } {
                    div.field {
                        label for="request" { "Request id" }
                        input.mono #request type="text" name="request" value=[request_id] autocomplete="off" spellcheck="false";
                    }
                    div.field.short {
                        label for="level" { "Level" }
                        select #level name="level" {
                            @for (value, name) in LEVELS { option value=(value) selected[level.unwrap_or_default() == value] { (name) } }
                        }
                    }
                    button type="submit" { "Filter" }
                    @if is_filtered { a.button.quiet href={ (address) "#log" } { "Show all" } }
                }
            }
            @if log.lines.is_empty() {
                p.empty { @if is_filtered { "No line that is kept is like that." } @else { "It has logged nothing here yet." } }
            } @else {
                div.log tabindex="0" role="region" aria-labelledby="log" {
                    ol { @for line in log.lines.iter().rev() { (shown(&address, line)) } }
                }
                p.empty.small { (count(log.lines.len() as u64)) " lines, the newest first" }
            }
        }
    }
}

fn shown(address: &str, line: &LogLine) -> Markup {
    let (class, word) = match (line.level, line.source) {
        (Level::Error, _) => ("error", "error"),
        (Level::Warn, _) => ("warn", "warn"),
        (_, Source::Stdout) => ("", "stdout"),
        (_, Source::Stderr) => ("", "stderr"),
        (_, Source::Request) => ("", "request"),
        (_, Source::Host) => ("", "host"),
    };
    html! {
        li class=(class) {
            (clock(line.at))
            span.source { (word) }
            span.text { (line.text) }
            span.tail {
                @if let Some(version) = line.version { span.muted { "v" (version) " " } }
                @if let Some(id) = &line.request_id {
                    a href={ (address) "?request=" (encoded(id)) "#log" } title={ "All lines of request " (id) } {
                        span.visually-hidden { "Request " } (id.chars().take(8).collect::<String>()) "\u{2026}"
                    }
                }
            }
        }
    }
}

fn encoded(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes()).collect()
}
