//! Asks the running guestbook at INNKEEPER_URL: `innkeeper test` starts one with an empty database.
#![allow(clippy::disallowed_methods, clippy::expect_used, reason = "a test may stop")]

use minreq::Response;

/// A visitor, who keeps the cookie of the session.
#[derive(Default)]
struct Visitor {
    cookie: String,
}

impl Visitor {
    fn get(&mut self, path: &str) -> Response {
        self.send(minreq::get(url(path)))
    }

    /// Sends a form with the visitor's token.
    fn post(&mut self, path: &str, fields: &str) -> Response {
        let me = text(&self.get("/me"));
        let (_, rest) = me.split_once(r#""csrf":""#).expect("a token");
        let (token, _) = rest.split_once('"').expect("its end");
        self.post_bare(path, &format!("csrf={token}&{fields}"))
    }

    fn post_bare(&mut self, path: &str, body: &str) -> Response {
        let form = "application/x-www-form-urlencoded";
        self.send(minreq::post(url(path)).with_header("content-type", form).with_body(body))
    }

    fn send(&mut self, request: minreq::Request) -> Response {
        let request = request.with_header("cookie", &self.cookie).with_header("sec-fetch-site", "same-origin");
        let response = request.with_follow_redirects(false).send().expect("an answer");
        if let Some(cookie) = response.headers("set-cookie").next() {
            self.cookie = cookie.split(';').next().unwrap_or_default().to_owned();
        }
        response
    }
}

fn url(path: &str) -> String {
    std::env::var("INNKEEPER_URL").expect("INNKEEPER_URL: run the tests by `innkeeper test`") + path
}

fn text(response: &Response) -> String {
    response.as_str().expect("text").to_owned()
}

#[test]
fn an_entry_is_shown_and_listed() {
    let mut visitor = Visitor::default();
    assert_eq!(visitor.post("/entries", "author=Ada&message=a+%3Cb%3Eline%3C/b%3E").status_code, 303);
    let page = text(&visitor.get("/"));
    assert!(page.contains("a &lt;b&gt;line&lt;/b&gt;") && page.contains("Thank you, Ada."), "{page}");
    let list = text(&visitor.get("/entries.json"));
    assert!(list.contains(r#""message":"a <b>line</b>""#), "{list}");
}

#[test]
fn what_was_written_comes_back_to_be_corrected() {
    let response = Visitor::default().post("/entries", "author=&message=to+be+kept");
    assert_eq!(response.status_code, 422);
    assert!(text(&response).contains("Please fill in your name.") && text(&response).contains("to be kept"));
}

#[test]
fn only_the_author_deletes_an_entry() {
    let (mut author, mut other) = (Visitor::default(), Visitor::default());
    assert_eq!(author.post("/login", "name=Grace").status_code, 303);
    author.post("/entries", "author=Grace&message=mine");
    let page = text(&author.get("/"));
    let (_, rest) = page.split_once(r#"action="/entries/"#).expect("a form by which to delete");
    let path = format!("/entries/{}", rest.split('"').next().expect("its end"));
    assert_eq!(other.post(&path, "").status_code, 403);
    assert_eq!(author.post_bare(&path, "csrf=guess").status_code, 403);
    assert_eq!(author.post(&path, "").status_code, 303);
    assert_eq!(author.post(&path, "").status_code, 404);
}

#[test]
fn an_address_says_which_methods_it_takes() {
    let response = Visitor::default().get("/entries");
    assert_eq!((response.status_code, response.headers("allow").next()), (405, Some("POST")));
    assert_eq!(Visitor::default().get("/nothing").status_code, 404);
    assert_eq!(Visitor::default().get("/?before=x").status_code, 400);
}
