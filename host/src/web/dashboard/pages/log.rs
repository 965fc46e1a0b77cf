//! The last lines of an app's log.

use super::super::view::{clock, count, millis, shown};
use super::app_address;
use crate::guests::heartbeat;
use crate::telemetry::log_ring::{Level, LogExcerpt, LogLine, Source};
use maud::{Markup, html};

/// Filters to choose from: name in the address, and in the list.
const LEVELS: [(&str, &str); 4] =
    [("", "All"), (FAILED, "Failed requests"), ("warn", "Warnings, errors"), ("error", "Errors")];
/// Requests with a status of 500 or above, which are no warnings of the host.
const FAILED: &str = "failed";

/// Which lines are wanted.
#[derive(Debug, Clone, Copy)]
pub(in crate::web::dashboard) struct Filter<'a> {
    /// Those of one request.
    pub(in crate::web::dashboard) request_id: Option<&'a str>,
    /// As it stands in the address.
    pub(in crate::web::dashboard) level: Option<&'a str>,
}

impl Filter<'_> {
    /// The least grave level that is wanted.
    pub(in crate::web::dashboard) fn level(&self) -> Option<Level> {
        match self.level {
            Some("error") => Some(Level::Error),
            Some("warn") => Some(Level::Warn),
            _ => None,
        }
    }

    /// Whether only failed requests are wanted.
    pub(in crate::web::dashboard) fn is_of_failures(&self) -> bool {
        self.level == Some(FAILED)
    }
}

/// What the line of a request says.
#[derive(Debug, PartialEq)]
struct RequestLine<'a> {
    asked: &'a str,
    status: u16,
    took: Option<f64>,
    reason: Option<String>,
}

impl<'a> RequestLine<'a> {
    fn read(text: &'a str) -> Option<Self> {
        let (asked, rest) = text.split_once(" status=")?;
        let (status, rest) = rest.split_once(' ').unwrap_or((rest, ""));
        let (took, rest) = match rest.strip_prefix("duration_ms=") {
            Some(rest) => rest.split_once(' ').unwrap_or((rest, "")),
            None => ("", rest),
        };
        let unquoted =
            |text: &'a str| text.strip_prefix('"').and_then(|text| text.strip_suffix('"')).unwrap_or(text);
        let reason = rest.strip_prefix("reason=").map(|reason| unquoted(reason).replace("\\\"", "\""));
        Some(Self { asked, status: status.parse().ok()?, took: took.parse().ok(), reason })
    }
}

/// Whether a line is of a request that failed.
pub(in crate::web::dashboard) fn is_failed_request(line: &LogLine) -> bool {
    line.source == Source::Request && RequestLine::read(&line.text).is_some_and(|request| request.status >= 500)
}

/// A card with the lines, and a form that leaves some out.
pub(super) fn card(app: &str, log: &LogExcerpt, filter: Filter<'_>, is_live: bool) -> Markup {
    let address = app_address(app);
    let is_filtered = filter.request_id.is_some() || filter.level.is_some();
    let all = if is_live { "?live=1" } else { "" };
    html! {
        section.card {
            div.head { h2 #log { "Log" } p { "The last lines in the memory of this host, " code { (heartbeat::own_id()) } ", times in UTC" } }
            div.body {
                form.filter method="get" action={ (address) "#log" } {
                    @if is_live { input type="hidden" name="live" value="1"; }
                    div.field {
                        label for="request" { "Request id" }
                        input.mono #request type="text" name="request" value=[filter.request_id] autocomplete="off" spellcheck="false";
                    }
                    div.field.short {
                        label for="level" { "Show" }
                        select #level name="level" {
                            @for (value, name) in LEVELS { option value=(value) selected[filter.level.unwrap_or_default() == value] { (name) } }
                        }
                    }
                    button type="submit" { "Filter" }
                    @if is_filtered { a.button.quiet href={ (address) (all) "#log" } { "Show all" } }
                }
            }
            @if log.lines.is_empty() {
                p.empty { @if is_filtered { "No line that is kept is like that." } @else { "It has logged nothing here yet." } }
            } @else {
                div.log tabindex="0" role="region" aria-labelledby="log" {
                    ol { @for line in log.lines.iter().rev() { (row(&address, line)) } }
                }
                p.empty.small { (count(log.lines.len() as u64)) " lines, the newest first" }
            }
        }
    }
}

fn row(address: &str, line: &LogLine) -> Markup {
    let request = RequestLine::read(&line.text).filter(|_| line.source == Source::Request);
    let has_failed = request.as_ref().is_some_and(|request| request.status >= 500);
    let (class, word) = match (line.level, line.source) {
        (_, Source::Request) if has_failed => ("failed", "request"),
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
            @match request {
                Some(request) => (of_request(&request, has_failed)),
                None => div.text { (shown(&line.text)) },
            }
            span.tail {
                @if let Some(version) = line.version { span.muted { "v" (version) " " } }
                @if let Some(id) = &line.request_id {
                    a href={ (address) "?request=" (encoded(id)) "#log" } title={ "All lines of request " (id) } {
                        span.visually-hidden { "Request " } "\u{2026}" (shown(&ending(id)))
                    }
                }
            }
        }
    }
}

fn of_request(request: &RequestLine<'_>, has_failed: bool) -> Markup {
    html! {
        div.text {
            span.status.bad[has_failed] { (request.status) } " " (shown(request.asked))
            @if request.took.is_some() { " " span.muted { (millis(request.took)) } }
            @if let Some(reason) = &request.reason { (why(reason)) }
        }
    }
}

/// A reason; the frames of a trap's stack, which few can read, only for whoever opens them.
fn why(reason: &str) -> Markup {
    let trap = reason.split_once(": error while executing at wasm backtrace:");
    let cause = trap.and_then(|(_, trace)| trace.rsplit_once("wasm trap: ")).map(|(_, cause)| cause);
    html! {
        @match (trap, cause) {
            (Some((what, _)), Some(cause)) => {
                " \u{b7} " (shown(what)) ": " (shown(cause))
                details.trace { summary { "Where" } (shown(reason)) }
            },
            _ => { " \u{b7} " (shown(reason)) },
        }
    }
}

/// The last characters of an id: those that a host makes begin alike.
fn ending(id: &str) -> String {
    id.chars().skip(id.chars().count().saturating_sub(8)).collect()
}

fn encoded(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_of_a_request_is_taken_apart() {
        let read = |text| RequestLine::read(text).map(|line| (line.asked, line.status, line.took, line.reason));
        assert_eq!(read("GET /a status=200 duration_ms=1.25"), Some(("GET /a", 200, Some(1.25), None)),);
        assert_eq!(
            read("POST / status=500 duration_ms=3 reason=\"it \\\"trapped\\\"\""),
            Some(("POST /", 500, Some(3.0), Some("it \"trapped\"".to_owned()))),
        );
        assert_eq!(read("POST / status=204"), Some(("POST /", 204, None, None)));
        assert_eq!(read("no request"), None);
        assert_eq!(read("GET / status=abc duration_ms=1"), None);
    }
}
