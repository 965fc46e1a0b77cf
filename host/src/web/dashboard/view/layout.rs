//! The frame of all pages.

use super::values::shown;
use maud::{DOCTYPE, Markup, PreEscaped, html};

/// A key on a hook.
const MARK: &str = r#"<svg viewBox="0 0 24 24" aria-hidden="true"><circle cx="8" cy="8" r="4.2"/><path d="m11 11 9 9M16.5 16.5l2.6-2.6M13.6 13.6l2-2"/></svg>"#;

/// A part of the dashboard that the bar at the top leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::web::dashboard) enum Section {
    /// All apps, and one of them.
    Apps,
    /// The limits in force.
    Limits,
    /// Who did what.
    Audit,
}

/// How good a piece of news is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::web::dashboard) enum Tone {
    Plain,
    Accent,
    Good,
    Warn,
    Bad,
}

/// What stands around the content of a page.
#[derive(Debug, Clone, Copy)]
pub(in crate::web::dashboard) struct Frame<'a> {
    /// The address of the first page.
    pub(in crate::web::dashboard) home: &'a str,
    /// What the addresses of all other pages begin with.
    pub(in crate::web::dashboard) base: &'a str,
    /// The address of the style sheet.
    pub(in crate::web::dashboard) style: &'a str,
    /// For the window's title, before the name of the product.
    pub(in crate::web::dashboard) title: &'a str,
    /// Where the page is.
    pub(in crate::web::dashboard) section: Section,
    /// Whose session it is.
    pub(in crate::web::dashboard) who: &'a str,
    /// What makes forms of this session good.
    pub(in crate::web::dashboard) csrf: &'a str,
    /// Whether limits may be seen.
    pub(in crate::web::dashboard) has_limits: bool,
    /// Whether audit may be seen.
    pub(in crate::web::dashboard) has_audit: bool,
}

impl Tone {
    fn class(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::Accent => "accent",
            Self::Good => "good",
            Self::Warn => "warn",
            Self::Bad => "bad",
        }
    }
}

/// A page with the bar at the top.
pub(in crate::web::dashboard) fn frame(frame: &Frame<'_>, content: &Markup) -> Markup {
    let link = |section: Section, path: &str, name: &str| {
        let current = (frame.section == section).then_some("page");
        html! { a href=(path) aria-current=[current] { (name) } }
    };
    let below = |path: &str| format!("{}{path}", frame.base);
    document(
        frame.style,
        frame.title,
        &html! {
            a.skip href="#content" { "Skip to content" }
            header.top {
                div {
                    (brand(frame.home))
                    nav aria-label="Main" {
                        (link(Section::Apps, frame.home, "Apps"))
                        @if frame.has_limits { (link(Section::Limits, &below("/limits"), "Limits")) }
                        @if frame.has_audit { (link(Section::Audit, &below("/audit"), "Audit")) }
                    }
                    div.who {
                        span title=(frame.who) { (shown(frame.who)) }
                        form.inline method="post" action={ (frame.base) "/sign-out" } {
                            input type="hidden" name="csrf" value=(frame.csrf);
                            button.quiet type="submit" { "Sign out" }
                        }
                    }
                }
            }
            main id="content" tabindex="-1" { (content) }
        },
    )
}

/// A page for who is not signed in.
pub(in crate::web::dashboard) fn door(home: &str, style: &str, title: &str, content: &Markup) -> Markup {
    document(style, title, &html! { div.door { main { (brand(home)) (content) } } })
}

/// A short word that says a state.
pub(in crate::web::dashboard) fn badge(tone: Tone, word: &str) -> Markup {
    html! { span class={ "badge " (tone.class()) } { (word) } }
}

/// A piece of news above a page's content. What is bad is read out at once.
pub(in crate::web::dashboard) fn note(tone: Tone, content: &Markup) -> Markup {
    let role = if matches!(tone, Tone::Warn | Tone::Bad) { "alert" } else { "status" };
    html! { div class={ "note " (tone.class()) } role=(role) { (content) } }
}

/// Something that has been so for a while, and is not read out anew with each page.
pub(in crate::web::dashboard) fn standing_note(tone: Tone, content: &Markup) -> Markup {
    html! { div class={ "note " (tone.class()) } { (content) } }
}

fn brand(home: &str) -> Markup {
    html! { a.brand href=(home) { (PreEscaped(MARK)) "Innkeeper" } }
}

fn document(style: &str, title: &str, body: &Markup) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (title) " · Innkeeper" }
                link rel="stylesheet" href=(style);
                link rel="icon" href="data:,";
            }
            body { (body) }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_from_outside_is_text() {
        let evil = "<script>\"'&";
        let page = frame(
            &Frame {
                home: "/",
                base: "/a",
                style: "/s",
                title: evil,
                section: Section::Audit,
                who: evil,
                csrf: evil,
                has_limits: true,
                has_audit: true,
            },
            &html! { (badge(Tone::Bad, evil)) },
        )
        .into_string();
        assert!(!page.contains("<script"), "{page}");
        assert!(page.contains("value=\"&lt;script&gt;&quot;"), "{page}");
    }

    #[test]
    fn the_page_that_is_shown_is_marked_in_the_bar() {
        let shown = |section, has_audit| {
            let outside = Frame {
                home: "/",
                base: "/a",
                style: "/s",
                title: "T",
                section,
                who: "w",
                csrf: "c",
                has_limits: true,
                has_audit,
            };
            frame(&outside, &html! {}).into_string()
        };
        assert!(shown(Section::Limits, true).contains("href=\"/a/limits\" aria-current=\"page\""));
        assert!(shown(Section::Apps, true).contains("href=\"/a/audit\""));
        assert!(!shown(Section::Apps, false).contains("href=\"/a/audit\""));
    }
}
