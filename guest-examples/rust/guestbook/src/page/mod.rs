//! The pages, as HTML that needs no script.

mod escape;
mod forms;

use crate::clock;
use crate::entries::{Entry, Listing};
use crate::form::Refusal;
use crate::http::Response;
use crate::visitor::Visitor;
use escape::Escaped;

const STYLE: &str = include_str!("style.css");
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
    /// The time at which it is read.
    pub now: i64,
    /// A form that was not accepted.
    pub refusal: Option<&'a Refusal>,
}

/// The book, with the status of the refused form where there is one.
pub fn book(book: &Book) -> Response {
    document(book.refusal.map_or(200, |refusal| refusal.status), &body(book))
}

fn body(book: &Book) -> String {
    format!(
        r#"{notices}<div class="columns">
<aside>{entry_form}{sign_in}</aside>
<main>{entries}{paging}</main>
</div>
<footer>You have visited {visits} times.</footer>"#,
        notices = notices(book),
        entry_form = forms::entry(book),
        sign_in = forms::sign_in(&book.visitor),
        entries = entries(book),
        paging = paging(book),
        visits = book.visitor.visits,
    )
}

/// A page that says one thing.
pub fn short(status: u16, text: &str) -> Response {
    document(
        status,
        &format!(r#"<main class="short"><p>{}</p><p><a href="/">To the book</a></p></main>"#, Escaped(text)),
    )
}

fn document(status: u16, body: &str) -> Response {
    let html = format!(
        r#"<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>Guestbook</title>
<style>
{STYLE}</style>
</head>
<body>
<header><h1><a href="/">Guestbook</a></h1><p>Leave a line before you go.</p></header>
{body}
</body>
</html>
"#
    );
    Response::new(status, "text/html; charset=utf-8", html)
        .with_header("content-security-policy", SECURITY_POLICY)
        .with_header("referrer-policy", "same-origin")
}

fn notices(book: &Book) -> String {
    let mut html = String::new();
    if let Some(refusal) = book.refusal {
        html += &format!(r#"<p class="notice problem" role="alert">{}</p>"#, Escaped(&refusal.reason));
    }
    for message in &book.messages {
        html += &format!(r#"<p class="notice" role="status">{}</p>"#, Escaped(message));
    }
    html
}

fn entries(book: &Book) -> String {
    if book.listing.entries.is_empty() {
        let text =
            if book.is_newest { "The first page is still blank. It is yours." } else { "No older entries." };
        return format!(r#"<p class="empty">{text}</p>"#);
    }
    book.listing.entries.iter().map(|shown| entry(shown, &book.visitor, book.now)).collect()
}

fn entry(entry: &Entry, visitor: &Visitor, now: i64) -> String {
    format!(
        r#"<article class="card" id="entry-{id}">
<p class="message">{message}</p>
{photo}<footer><strong>{author}</strong> <time datetime="{datetime}">{time}</time>{delete}</footer>
</article>
"#,
        id = entry.id,
        message = Escaped(&entry.message),
        photo = photo(entry),
        author = Escaped(&entry.author),
        datetime = clock::html_datetime(entry.created),
        time = clock::spoken(entry.created, now),
        delete = forms::delete(entry, visitor),
    )
}

fn photo(entry: &Entry) -> String {
    let Some(id) = &entry.photo else {
        return String::new();
    };
    let (id, author) = (Escaped(id), Escaped(&entry.author));
    format!(
        r#"<a href="/photos/{id}"><img src="/photos/{id}" alt="Photo from {author}" loading="lazy" decoding="async"></a>
"#
    )
}

fn paging(book: &Book) -> String {
    let newest = if book.is_newest { "" } else { r#"<a href="/">newest entries</a>"# };
    let older = book.listing.next.map(|id| format!(r#"<a href="/?before={id}" rel="next">older entries</a>"#));
    format!("<nav>{newest}{}</nav>", older.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::form::Draft;

    #[test]
    fn nothing_that_a_visitor_writes_becomes_markup() {
        let text = "\"><script>alert(1)</script>".to_owned();
        let (name, photo, owner) = (Some(text.clone()), Some(text.clone()), Some(text.clone()));
        let entry = Entry { id: 1, author: text.clone(), message: text.clone(), photo, owner, created: 0 };
        let draft = Draft { author: text.clone(), message: text.clone() };
        let refusal = Refusal { status: 422, reason: text.clone(), draft };
        let listing = Listing { entries: vec![entry], next: Some(1) };
        let visitor = Visitor { name, visits: 1, csrf: text.clone() };
        let messages = vec![text];
        let page = body(&Book { listing, visitor, messages, is_newest: true, now: 0, refusal: Some(&refusal) });
        assert!(!page.contains("<script"));
        assert!(page.contains("&quot;&gt;&lt;script&gt;alert(1)&lt;/script&gt;"));
    }
}
