//! The pages: from what `operations` and `telemetry` say to HTML.

pub(super) mod app;
pub(super) mod audit;
mod canary;
pub(super) mod confirm;
pub(super) mod deploy;
mod hosts;
pub(super) mod limits;
pub(super) mod log;
pub(super) mod overview;
mod tables;
mod traffic;
pub(super) mod trouble;
mod versions;
pub(super) mod who_are_you;

use super::looks::News;
use super::page::{BASE, HOME};
use super::response::style_address;
use super::view::{Frame, Section, Tone, frame, note, shown};
use super::visit::Visit;
use crate::web::admin::Act;
use maud::{Markup, html};

/// A page of somebody who is signed in.
fn shell(visit: &Visit, title: &str, section: Section, content: &Markup) -> Markup {
    let around = Frame {
        home: HOME,
        base: BASE,
        style: style_address(),
        title,
        section,
        who: &visit.authority.actor.name,
        csrf: &visit.form_key,
        has_limits: visit.may(Act::Limits, None),
        has_audit: visit.may(Act::Audit, None),
    };
    frame(&around, content)
}

/// The field that makes a form one of the session's.
fn form_key(visit: &Visit) -> Markup {
    html! { input type="hidden" name="csrf" value=(visit.form_key); }
}

/// The way to a page.
fn trail(steps: &[(&str, &str)]) -> Markup {
    html! {
        nav.trail aria-label="Breadcrumb" {
            @for (place, (address, name)) in steps.iter().enumerate() {
                @if place > 0 { span aria-hidden="true" { " / " } }
                a href=(address) { (name) }
            }
        }
    }
}

/// Where the page of an app is.
fn app_address(name: &str) -> String {
    format!("{BASE}/apps/{name}")
}

/// Why a part of a page is missing.
fn missing(what: &str, error: &crate::operations::OperationError) -> Markup {
    note(Tone::Warn, &html! { p { (what) " cannot be shown now: " (shown(&error.message)) "." } })
}

/// Why a page shows only what this host remembers.
fn outage(error: &crate::operations::OperationError, what: &str) -> Markup {
    note(
        Tone::Bad,
        &html! {
            p { span.strong { "The database does not answer. " } (what) " is from the memory of this host." }
            p.small { (shown(&sentence(&error.message))) }
        },
    )
}

/// What was just done.
fn news(news: Option<&News>) -> Markup {
    html! {
        @match news {
            None => {},
            Some(News::Done(text)) => (note(Tone::Good, &html! { p.strong { (text) } })),
            Some(News::GoesOn(text)) => (note(Tone::Accent, &html! { p { (text) } })),
            Some(News::Failed(text)) => (note(Tone::Bad, &html! { p { (shown(text)) } })),
        }
    }
}

/// A message as a sentence: commands print it behind their name, and here it stands alone.
fn sentence(message: &str) -> String {
    let mut letters = message.chars();
    let first = letters.next().map(|letter| letter.to_uppercase().to_string()).unwrap_or_default();
    let end = if message.ends_with(['.', '?', '!']) { "" } else { "." };
    format!("{first}{}{end}", letters.as_str())
}

/// A link that makes the browser load the page again every few seconds, or stop that. It keeps what
/// else the address asks for.
fn refresh_switch(address: &str, kept: &[(&str, Option<&str>)], is_live: bool) -> Markup {
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    for (name, value) in kept {
        if let Some(value) = value {
            query.append_pair(name, value);
        }
    }
    if !is_live {
        query.append_pair("live", "1");
    }
    let query = query.finish();
    let target = if query.is_empty() { address.to_owned() } else { format!("{address}?{query}") };
    html! {
        @if is_live {
            a.button href=(target) { (super::view::badge(Tone::Good, "refreshing")) "Stop" }
        } @else {
            a.button href=(target) title="Load this page again every 5 seconds" { "Auto-refresh" }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_becomes_a_sentence() {
        assert_eq!(sentence("there is no app x"), "There is no app x.");
        assert_eq!(sentence("It is so."), "It is so.");
        assert_eq!(sentence(""), ".");
    }

    #[test]
    fn the_switch_keeps_what_is_filtered() {
        let kept = [("level", Some("failed")), ("request", None)];
        let switch = |is_live| refresh_switch("/a", &kept, is_live).into_string();
        assert!(switch(false).contains("href=\"/a?level=failed&amp;live=1\""), "{}", switch(false));
        assert!(switch(true).contains("href=\"/a?level=failed\""), "{}", switch(true));
    }
}
