//! The pages, as HTML that needs no script. `html!` escapes whatever is shown.

use innkeeper_sdk::db::Instant;
use innkeeper_sdk::{CsrfField, Response};
use maud::{DOCTYPE, Markup, PreEscaped, html};

use crate::ago;
use crate::entries::{Entry, Listing};
use crate::forms::Refusal;

const STYLE: &str = include_str!("page/style.css");
const SECURITY_POLICY: &str = "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self'; form-action 'self'; \
    frame-ancestors 'none'; base-uri 'none'";

/// What the book shows.
pub struct Book<'a> {
    /// The entries on this page.
    pub listing: Listing,
    /// For whom it is.
    pub visitor: Visitor,
    /// What the visitor is to be told.
    pub messages: Vec<String>,
    /// Whether the newest entries are among those shown.
    pub is_newest: bool,
    /// A form that was not accepted.
    pub refusal: Option<&'a Refusal>,
}

/// What the session says about the visitor.
pub struct Visitor {
    /// Who is signed in.
    pub name: Option<String>,
    /// How often the visitor came.
    pub visits: i64,
    /// The proof, for all forms, that they are this app's own.
    pub csrf: CsrfField,
}

/// The book, with the status of the refused form where there is one.
pub fn book(book: &Book) -> Response {
    document(&body(book)).with_status(book.refusal.map_or(200, |refusal| refusal.status))
}

/// A page that says one thing.
pub fn short(status: u16, text: &str) -> Response {
    let text = if status == 503 { "The book is in use just now. Please try again." } else { text };
    document(&html! { main class="short" { p { (text) } p { a href="/" { "To the book" } } } })
}

fn document(body: &Markup) -> Response {
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { "Guestbook" }
                style { (PreEscaped(STYLE)) }
            }
            body {
                header { h1 { a href="/" { "Guestbook" } } p { "Leave a line before you go." } }
                (body)
            }
        }
    };
    crate::uncached(Response::html(page))
        .with_header("content-security-policy", SECURITY_POLICY)
        .with_header("referrer-policy", "same-origin")
}

fn body(book: &Book) -> Markup {
    html! {
        @if let Some(refusal) = book.refusal { p class="notice problem" role="alert" { (refusal.reason) } }
        @for message in &book.messages { p class="notice" role="status" { (message) } }
        div class="columns" {
            aside { (entry_form(book)) (sign_in(&book.visitor)) }
            main { (entries(book)) (paging(book)) }
        }
        footer { "You have visited " (book.visitor.visits) " times." }
    }
}

/// For writing an entry, filled in with what was not accepted the last time.
fn entry_form(book: &Book) -> Markup {
    let name = book.visitor.name.as_deref().unwrap_or_default();
    let draft = book.refusal.map(|refusal| &refusal.draft);
    let (author, message) = draft.map_or((name, ""), |draft| (&draft.author, &draft.message));
    html! {
        form class="card" method="post" action="/entries" enctype="multipart/form-data" {
            h2 { "Sign the book" }
            (book.visitor.csrf)
            label for="author" { "Your name" }
            input id="author" name="author" value=(author) maxlength="80" required autocomplete="nickname";
            label for="message" { "Your message" }
            textarea id="message" name="message" rows="5" maxlength="2000" required {
                // A browser drops the first line break in a textarea, so one is put there for it.
                "\n" (message)
            }
            label for="photo" { "A photo, if you like" }
            input id="photo" name="photo" type="file" accept="image/*";
            button { "Write it down" }
        }
    }
}

/// For signing in, or out.
fn sign_in(visitor: &Visitor) -> Markup {
    let action = if visitor.name.is_some() { "/logout" } else { "/login" };
    html! {
        form class="card plain" method="post" action=(action) {
            (visitor.csrf)
            @if let Some(name) = &visitor.name {
                div class="row" {
                    p { "Signed in as " strong { (name) } }
                    button class="quiet" { "Sign out" }
                }
            } @else {
                label for="name" { "Sign in, to be able to delete what you write" }
                div class="row" {
                    input id="name" name="name" maxlength="80" required autocomplete="username" placeholder="Any name";
                    button class="quiet" { "Sign in" }
                }
            }
        }
    }
}

fn entries(book: &Book) -> Markup {
    let now = Instant::now();
    html! {
        @for shown in &book.listing.entries { (entry(shown, &book.visitor, now)) }
        @if book.listing.entries.is_empty() {
            p class="empty" {
                @if book.is_newest { "The first page is still blank. It is yours." } @else { "No older entries." }
            }
        }
    }
}

fn entry(entry: &Entry, visitor: &Visitor, now: Instant) -> Markup {
    let is_own = entry.owner.is_some() && entry.owner == visitor.name;
    html! {
        article class="card" id={ "entry-" (entry.id) } {
            p class="message" { (entry.message) }
            @if let Some(photo) = &entry.photo {
                a href={ "/photos/" (photo) } {
                    img src={ "/photos/" (photo) } alt={ "Photo from " (entry.author) } loading="lazy" decoding="async";
                }
            }
            footer {
                strong { (entry.author) } " "
                time datetime=(entry.created.to_seconds_string()) { (ago::spoken(entry.created, now)) }
                @if is_own {
                    form method="post" action={ "/entries/" (entry.id) "/delete" } {
                        (visitor.csrf)
                        button class="quiet" { "Delete" }
                    }
                }
            }
        }
    }
}

fn paging(book: &Book) -> Markup {
    html! {
        nav {
            @if !book.is_newest { a href="/" { "newest entries" } }
            @if let Some(id) = book.listing.next { a href={ "/?before=" (id) } rel="next" { "older entries" } }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::forms::Draft;

    #[test]
    fn nothing_that_a_visitor_writes_becomes_markup() {
        let text = "\"><script>alert(1)</script>".to_owned();
        let (name, photo, owner) = (Some(text.clone()), Some(text.clone()), Some(text.clone()));
        let created = Instant::from_micros(0);
        let entry = Entry { id: 1, author: text.clone(), message: text.clone(), photo, owner, created };
        let draft = Draft { author: text.clone(), message: text.clone() };
        let refusal = Refusal { status: 422, reason: text.clone(), draft };
        let listing = Listing { entries: vec![entry], next: Some(1) };
        let visitor = Visitor { name, visits: 1, csrf: CsrfField::new("token") };
        let book = Book { listing, visitor, messages: vec![text], is_newest: true, refusal: Some(&refusal) };
        let page = body(&book).into_string();
        assert!(!page.contains("<script"), "{page}");
        assert!(page.contains("&quot;&gt;&lt;script&gt;alert(1)&lt;/script&gt;"), "{page}");
        assert!(page.contains(r#"action="/entries/1/delete""#), "{page}");
    }
}
