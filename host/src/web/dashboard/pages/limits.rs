//! The limits in force.

use super::super::view::{Section, Tone, badge, count};
use super::super::visit::Visit;
use super::{shell, tables};
use crate::operations::LimitView;
use maud::{Markup, html};

/// The page of limits.
pub(in crate::web::dashboard) fn page(visit: &Visit, limits: &[LimitView]) -> Markup {
    let rows = html! {
        thead { tr {
            th scope="col" { "Limit" }
            th.num scope="col" { "Value" }
            th.num.wide scope="col" { "Default" }
            th.wide scope="col" { "Variable" }
        } }
        tbody {
            @for limit in limits {
                tr {
                    th.limit scope="row" {
                        (title(&limit.name))
                        @if limit.value != limit.default && limit.default != "-" { " " (badge(Tone::Accent, "set")) }
                        small { (limit.meaning) }
                    }
                    td.num { (as_read(limit, &limit.value)) }
                    td.num.wide.muted { (as_read(limit, &limit.default)) }
                    td.wide { code { (limit.variable) } }
                }
            }
        }
    };
    let content = html! {
        div.page-head { div {
            h1 { "Limits" }
            p { "What holds on this host. A variable of its environment sets another value; an app may have lower ones for itself." }
        } }
        section.card { h2.visually-hidden #limits { "All limits" } (tables::scrolling("limits", "Limits with their values, defaults and variables", "tall", &rows)) }
    };
    shell(visit, "Limits", Section::Limits, &content)
}

/// The name of a limit as a title.
fn title(name: &str) -> String {
    const ABBREVIATIONS: [&str; 4] = ["cpu", "sql", "uri", "url"];
    let words = name.split(['_', '-']).enumerate().map(|(place, word)| {
        if ABBREVIATIONS.contains(&word) {
            return word.to_uppercase();
        }
        let mut letters = word.chars();
        match letters.next().filter(|_| place == 0) {
            Some(first) => format!("{}{}", first.to_uppercase(), letters.as_str()),
            None => word.to_owned(),
        }
    });
    words.collect::<Vec<_>>().join(" ")
}

/// A value as the other pages write it: with a space before its unit, and between thousands.
fn as_read(limit: &LimitView, value: &str) -> String {
    let digits = value.chars().take_while(char::is_ascii_digit).count();
    let (number, unit) = value.split_at(digits);
    let is_alone = digits > 0 && unit.chars().all(|letter| letter.is_ascii_alphabetic());
    match number.parse::<u64>().ok().filter(|_| is_alone) {
        Some(number) if unit.is_empty() => count(number),
        Some(number) if limit.unit == "bytes" || unit.ends_with('B') => format!("{} {unit}", count(number)),
        _ => value.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_are_written_as_elsewhere() {
        assert_eq!(
            ["cpu_per_request", "sql_bytes", "connections"].map(title),
            ["CPU per request", "SQL bytes", "Connections"]
        );
        let limit = |unit: &str| LimitView {
            name: String::new(),
            variable: String::new(),
            value: String::new(),
            default: String::new(),
            unit: unit.to_owned(),
            meaning: String::new(),
        };
        let bytes = ["128MiB", "20971MiB", "100KB"].map(|value| as_read(&limit("bytes"), value));
        assert_eq!(bytes, ["128 MiB", "20\u{202f}971 MiB", "100 KB"]);
        assert_eq!(as_read(&limit("count"), "10000"), "10\u{202f}000");
        assert_eq!(["2s", "-", "1.5s"].map(|value| as_read(&limit("duration"), value)), ["2s", "-", "1.5s"]);
    }
}
