//! Charts of the last hour as SVG within the page. They grow with their column; their texts stand
//! beside them in HTML, and a table beside the charts has the same values.

use super::values::{count, minutes_ago};
use maud::{Markup, html};
use std::fmt::Write;

const WIDTH: f64 = 600.0;
const HEIGHT: f64 = 100.0;
/// The part of a minute's width that its bar takes.
const BAR: f64 = 0.74;

/// Bars in two colours, one on the other.
#[derive(Debug, Clone, Copy)]
pub(in crate::web::dashboard) struct Bars<'a> {
    /// What is shown.
    pub(in crate::web::dashboard) title: &'a str,
    /// The sum or the state, beside the title.
    pub(in crate::web::dashboard) total: &'a str,
    /// Values of all minutes, the oldest first.
    pub(in crate::web::dashboard) values: &'a [u64],
    /// How much of each value is bad.
    pub(in crate::web::dashboard) bad: &'a [u64],
    /// The name of one thing and of several, such as `request` and `requests`.
    pub(in crate::web::dashboard) unit: [&'a str; 2],
    /// What stands in the place of bars where there are none.
    pub(in crate::web::dashboard) nothing: &'static str,
    /// Whether it is said what the two colours are.
    pub(in crate::web::dashboard) has_legend: bool,
}

/// What stands above a chart.
enum Scale {
    /// The highest value.
    To(String),
    /// There is none.
    Nothing(&'static str),
}

/// A line of a chart.
#[derive(Debug, Clone, Copy)]
pub(in crate::web::dashboard) struct Curve<'a> {
    /// For the legend.
    pub(in crate::web::dashboard) name: &'a str,
    /// `soft`, `second`, or nothing.
    pub(in crate::web::dashboard) class: &'a str,
    /// Values of all minutes, the oldest first; none leaves a gap.
    pub(in crate::web::dashboard) values: &'a [Option<f64>],
}

/// A chart of bars.
pub(in crate::web::dashboard) fn bars(chart: &Bars<'_>) -> Markup {
    let most = chart.values.iter().copied().max().unwrap_or(0);
    let top = float(most.max(1));
    let step = WIDTH / float(chart.values.len().max(1) as u64);
    let sum: u64 = chart.values.iter().sum();
    let said = match sum {
        0 => format!("{}: none in the last hour", chart.title),
        _ => format!("{}: {} in the last hour, at most {most} in a minute", chart.title, chart.total),
    };
    let bar = |place: usize, from: u64, to: u64, class: &str| {
        // The minute under way has had less time than the others.
        let now = if place + 1 == chart.values.len() { " now" } else { "" };
        let (low, high) = (HEIGHT * float(from) / top, HEIGHT * float(to) / top);
        let x = step * (float(place as u64) + (1.0 - BAR) / 2.0);
        html! {
            @if to > from {
                rect class={ (class) (now) } x=(short(x)) y=(short(HEIGHT - high)) width=(short(step * BAR)) height=(short((high - low).max(1.0))) {}
            }
        }
    };
    let plot = html! {
        @for (place, value) in chart.values.iter().copied().enumerate() {
            @let bad = chart.bad.get(place).copied().unwrap_or(0).min(value);
            (bar(place, bad, value, "bar"))
            (bar(place, 0, bad, "bar-bad"))
            rect.bar-hit x=(short(step * float(place as u64))) y="0" width=(short(step)) height=(short(HEIGHT)) {
                title { (tooltip(chart, place, value, bad)) }
            }
        }
    };
    let legend = html! {
        @if chart.has_legend { ul.legend { li.bar-key { "answered" } li.bad-key { "failed" } } }
    };
    let scale = if most > 0 { Scale::To(format!("{} / min", count(most))) } else { Scale::Nothing(chart.nothing) };
    figure(chart.title, chart.total, &said, &scale, &plot, &legend)
}

/// A chart of lines over one scale.
pub(in crate::web::dashboard) fn curves(
    title: &str,
    total: &str,
    curves: &[Curve<'_>],
    label: fn(Option<f64>) -> String,
) -> Markup {
    let all = curves.iter().flat_map(|curve| curve.values.iter().flatten().copied());
    let most = all.fold(0.0, f64::max);
    let said = match most > 0.0 {
        true => format!("{title}: {total}, at most {} in a minute", label(Some(most))),
        false => format!("{title}: nothing in the last hour"),
    };
    let plot = html! {
        @for curve in curves {
            @for path in paths(curve.values, most, WIDTH, HEIGHT) {
                @let dot = if path.ends_with("h0") { " dot" } else { "" };
                path class={ "curve " (curve.class) (dot) } d=(path) {}
            }
        }
    };
    let legend = html! {
        ul.legend {
            @for curve in curves { li class={ (curve.class) "-key " (curve.class) } { (curve.name) } }
        }
    };
    let scale = if most > 0.0 { Scale::To(label(Some(most))) } else { Scale::Nothing("nothing measured") };
    figure(title, total, &said, &scale, &plot, &legend)
}

/// A small chart without words, for a cell of a table whose text says the sum.
pub(in crate::web::dashboard) fn sparkline(values: &[u64]) -> Markup {
    // The minute under way would look like a collapse.
    let values = values.split_last().map_or(values, |(_, whole)| whole);
    let most = float(values.iter().copied().max().unwrap_or(0));
    let points: Vec<Option<f64>> = values.iter().map(|value| Some(float(*value))).collect();
    let line = paths(&points, most.max(1.0), 120.0, 28.0).concat();
    html! {
        svg.spark viewBox="0 0 120 28" preserveAspectRatio="none" aria-hidden="true" {
            @if most > 0.0 { path.area d={ (line) "V28H0Z" } {} }
            path.curve d=(line) {}
        }
    }
}

/// How much of something is used, for a place whose text says it.
pub(in crate::web::dashboard) fn meter(used: u64, most: u64) -> Markup {
    let width = 100.0 * float(used.min(most)) / float(most.max(1));
    html! {
        div.meter aria-hidden="true" {
            svg viewBox="0 0 100 1" preserveAspectRatio="none" { rect width=(short(width)) height="1" {} }
        }
    }
}

fn figure(title: &str, total: &str, said: &str, scale: &Scale, plot: &Markup, legend: &Markup) -> Markup {
    html! {
        figure.chart {
            figcaption { h3 { (title) } span.small.muted { (total) } }
            div.plot {
                svg role="img" aria-label=(said) viewBox={ "0 0 " (WIDTH) " " (HEIGHT) } preserveAspectRatio="none" {
                    @for part in 0..=2 {
                        @let y = short(HEIGHT * f64::from(part) / 2.0);
                        line.grid x1="0" x2=(WIDTH) y1=(y) y2=(y) {}
                    }
                    (plot)
                }
                @match scale {
                    Scale::To(most) => span.scale { (most) },
                    Scale::Nothing(word) => span.none { (word) },
                }
            }
            div.axis aria-hidden="true" { span { "1 h ago" } span { "30 min" } span { "now" } }
            (legend)
        }
    }
}

fn tooltip(chart: &Bars<'_>, place: usize, value: u64, bad: u64) -> String {
    let ago = chart.values.len().saturating_sub(place + 1);
    let [one, several] = chart.unit;
    let unit = if value == 1 { one } else { several };
    let failed = if bad > 0 && bad < value { format!(", {bad} of them failed") } else { String::new() };
    format!("{value} {unit}{failed}, {}", minutes_ago(ago))
}

/// A line through values, in pieces where some are missing. A value without neighbours becomes a
/// dot.
fn paths(values: &[Option<f64>], most: f64, width: f64, height: f64) -> Vec<String> {
    let step = width / float(values.len().saturating_sub(1).max(1) as u64);
    let top = if most > 0.0 { most } else { 1.0 };
    let mut paths: Vec<String> = Vec::new();
    let mut goes_on = false;
    for (place, value) in values.iter().enumerate() {
        let Some(value) = value else {
            goes_on = false;
            continue;
        };
        let (x, y) = (short(step * float(place as u64)), short(height - height * value / top));
        match paths.last_mut().filter(|_| goes_on) {
            // Writing into a text does not fail.
            Some(path) => drop(write!(path, "L{x} {y}")),
            None => paths.push(format!("M{x} {y}h0")),
        }
        goes_on = true;
    }
    paths
}

/// A coordinate to a tenth.
fn short(number: f64) -> String {
    let text = format!("{number:.1}");
    text.strip_suffix(".0").map_or(text.clone(), str::to_owned)
}

#[expect(clippy::cast_precision_loss, reason = "a pixel more or less does not matter")]
fn float(number: u64) -> f64 {
    number as f64
}

#[cfg(test)]
mod tests {
    use super::super::values::millis;
    use super::*;

    #[test]
    fn bars_are_as_high_as_their_values() {
        let chart = Bars {
            title: "Requests",
            total: "14",
            values: &[0, 4, 10],
            bad: &[0, 1, 0],
            unit: ["request", "requests"],
            nothing: "no requests",
            has_legend: true,
        };
        let svg = bars(&chart).into_string();
        let heights = |class: &str| -> Vec<String> {
            let rects = svg.split("<rect ").filter(|rect| {
                let name = rect.strip_prefix("class=\"").and_then(|rest| rest.split('"').next());
                name.is_some_and(|name| name.split(' ').next() == Some(class))
            });
            rects
                .map(|rect| {
                    let from = rect.find("y=\"").expect("a place");
                    let to = rect.find("></rect").unwrap_or(rect.find('>').expect("an end"));
                    rect[from..to].to_owned()
                })
                .collect()
        };
        assert_eq!(
            heights("bar"),
            ["y=\"60\" width=\"148\" height=\"30\"", "y=\"0\" width=\"148\" height=\"100\""]
        );
        assert_eq!(heights("bar-bad"), ["y=\"90\" width=\"148\" height=\"10\""]);
        assert!(svg.contains("4 requests, 1 of them failed, 1 minute ago"), "{svg}");
        assert!(svg.contains("aria-label=\"Requests: 14 in the last hour, at most 10 in a minute\""), "{svg}");
        assert!(svg.contains("<span class=\"scale\">10 / min</span>"));
    }

    #[test]
    fn an_hour_without_anything_is_a_chart_too() {
        let chart = Bars {
            title: "Errors",
            total: "0",
            values: &[0; 60],
            bad: &[],
            unit: ["error", "errors"],
            nothing: "none",
            has_legend: false,
        };
        let svg = bars(&chart).into_string();
        assert!(
            svg.contains("Errors: none in the last hour")
                && !svg.contains("class=\"bar\"")
                && !svg.contains("class=\"bar now"),
            "{svg}"
        );
        let nothing = [None; 60];
        let curve = Curve { name: "p50", class: "", values: &nothing };
        let svg = curves("Latency", "-", &[curve], millis).into_string();
        assert!(svg.contains("Latency: nothing in the last hour") && !svg.contains("<path"), "{svg}");
        assert!(!sparkline(&[0; 60]).into_string().contains("area"));
        assert!(!svg.contains("NaN") && !svg.contains("inf"));
    }

    #[test]
    fn a_curve_has_gaps_where_values_are_missing() {
        let values = [Some(0.0), Some(5.0), None, Some(10.0), None];
        assert_eq!(paths(&values, 10.0, 100.0, 100.0), ["M0 100h0L25 50", "M75 0h0"]);
    }

    #[test]
    fn a_sparkline_ends_where_it_began() {
        let svg = sparkline(&[1, 0, 2, 0]).into_string();
        assert!(svg.contains("d=\"M0 14h0L60 28L120 0V28H0Z\""), "{svg}");
    }
}
