//! The two JSON documents of this app.

use crate::clock;
use crate::entries::{Entry, Listing};
use crate::http::Response;
use crate::visitor::Visitor;

/// A page of entries for programs.
pub fn listing(listing: &Listing) -> Response {
    let entries: Vec<String> = listing.entries.iter().map(entry).collect();
    let next = listing.next.map_or("null".to_owned(), |next| next.to_string());
    respond(200, format!(r#"{{"entries":[{}],"next":{next}}}"#, entries.join(",")))
}

/// What the app knows about the visitor.
pub fn visitor(visitor: &Visitor) -> Response {
    let name = visitor.name.as_deref().map_or("null".to_owned(), string);
    let csrf = string(&visitor.csrf);
    respond(200, format!(r#"{{"name":{name},"visits":{},"csrf":{csrf}}}"#, visitor.visits))
}

/// What is wrong with a request.
pub fn error(status: u16, message: &str) -> Response {
    respond(status, format!(r#"{{"error":{}}}"#, string(message)))
}

fn respond(status: u16, body: String) -> Response {
    Response::new(status, "application/json", body)
}

fn entry(entry: &Entry) -> String {
    let photo = entry.photo.as_deref().map_or("null".to_owned(), |id| string(&format!("/photos/{id}")));
    format!(
        r#"{{"id":{},"author":{},"message":{},"photo":{photo},"created":"{}"}}"#,
        entry.id,
        string(&entry.author),
        string(&entry.message),
        clock::rfc3339(entry.created),
    )
}

fn string(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for character in text.chars() {
        match character {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            '\0'..='\x1f' => quoted.push_str(&format!("\\u{:04x}", character as u32)),
            _ => quoted.push(character),
        }
    }
    quoted.push('"');
    quoted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_quoted_so_that_it_comes_back_byte_for_byte() {
        assert_eq!(string("a \"b\" \\ 🌍 é </script>"), r#""a \"b\" \\ 🌍 é </script>""#);
        assert_eq!(string("1\r\n2\t\u{1}"), r#""1\u000d\u000a2\u0009\u0001""#);
    }
}
