//! Asks the running app at INNKEEPER_URL: `innkeeper test` starts one with an empty database.

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

    fn post(&mut self, path: &str, body: &str) -> Response {
        let form = "application/x-www-form-urlencoded";
        let request = minreq::post(url(path)).with_body(body);
        self.send(request.with_header("content-type", form))
    }

    fn send(&mut self, request: minreq::Request) -> Response {
        let request = request.with_header("cookie", &self.cookie);
        let request = request.with_header("sec-fetch-site", "same-origin");
        let request = request.with_follow_redirects(false);
        let response = request.send().expect("an answer");
        if let Some(cookie) = response.headers("set-cookie").next() {
            self.cookie = cookie.split(';').next().unwrap_or_default().to_owned();
        }
        response
    }

    /// The token of the form on the page.
    fn token(&mut self) -> String {
        let page = text(&self.get("/"));
        let (_, rest) = page.split_once(r#"name="csrf" value=""#).expect("a form");
        rest.split('"').next().expect("a token").to_owned()
    }
}

fn url(path: &str) -> String {
    std::env::var("INNKEEPER_URL").expect("INNKEEPER_URL: run the tests by `innkeeper test`") + path
}

fn text(response: &Response) -> String {
    response.as_str().expect("text").to_owned()
}

#[test]
fn a_note_is_added_and_shown_as_text() {
    let mut visitor = Visitor::default();
    let token = visitor.token();
    let form = format!("csrf={token}&text=milk+%26+%3Cb%3Ebread%3C/b%3E");
    assert_eq!(visitor.post("/", &form).status_code, 303);
    assert_eq!(visitor.send(minreq::head(url("/"))).status_code, 200);
    let page = text(&visitor.get("/"));
    let note = "<li>milk &amp; &lt;b&gt;bread&lt;/b&gt;</li>";
    assert!(page.contains(note), "{page}");
    assert!(page.contains("Thank you"), "{page}");
    let again = text(&visitor.get("/"));
    assert!(!again.contains("Thank you"), "{again}");
}

#[test]
fn a_note_that_does_not_fit_is_refused() {
    let mut visitor = Visitor::default();
    let token = visitor.token();
    for text in ["", "a%00b", &"x".repeat(501)] {
        assert_eq!(visitor.post("/", &format!("csrf={token}&text={text}")).status_code, 422);
    }
    assert_eq!(visitor.post("/", &format!("csrf={token}&text={}", "🦀".repeat(500))).status_code, 303);
}

#[test]
fn a_form_without_its_token_is_refused() {
    let mut visitor = Visitor::default();
    visitor.token();
    for body in ["text=x", "text=x&csrf=guess"] {
        assert_eq!(visitor.post("/", body).status_code, 403);
    }
}

#[test]
fn visits_are_counted() {
    let mut visitor = Visitor::default();
    visitor.get("/");
    visitor.send(minreq::head(url("/")));
    assert!(text(&visitor.get("/")).contains("Your visits: 2"));
}

#[test]
fn what_is_not_there_is_not_found() {
    assert_eq!(Visitor::default().get("/nothing").status_code, 404);
    assert_eq!(Visitor::default().post("/nothing", "").status_code, 404);
}
