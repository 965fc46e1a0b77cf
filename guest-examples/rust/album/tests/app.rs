//! Asks the running app at INNKEEPER_URL: `innkeeper test` starts one with an empty database.

use std::sync::atomic::{AtomicU32, Ordering};

use minreq::{Method, Response};

const PASSWORD: &str = "correct horse";
/// The signature of a PNG and something behind it: enough for the host to see an image.
const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\x02\0\0\0";

/// A browser, which keeps the cookie of the session.
struct Visitor {
    name: String,
    cookie: String,
}

impl Visitor {
    fn nobody() -> Self {
        Self { name: String::new(), cookie: String::new() }
    }

    /// Somebody with an account of their own.
    fn new(name: &str) -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(1);
        let name = format!("{name} {} {}", std::process::id(), NUMBER.fetch_add(1, Ordering::Relaxed));
        let mut visitor = Self { name, ..Self::nobody() };
        let name = visitor.name.clone();
        assert_eq!(visitor.post("/sign-up", &[("name", &name), ("password", PASSWORD)]).status_code, 303);
        visitor
    }

    fn get(&mut self, path: &str) -> Response {
        self.send(Method::Get, path, &[], Vec::new())
    }

    fn page(&mut self, path: &str) -> String {
        let response = self.get(path);
        assert_eq!(response.status_code, 200, "{path}");
        response.as_str().expect("a page").to_owned()
    }

    /// Sends a form with its token.
    fn post(&mut self, path: &str, fields: &[(&str, &str)]) -> Response {
        let token = self.token();
        let encoded = |text: &str| text.bytes().map(|byte| format!("%{byte:02x}")).collect::<String>();
        let mut body = format!("csrf={}", encoded(&token));
        for (name, value) in fields {
            body += &format!("&{name}={}", encoded(value));
        }
        self.send(Method::Post, path, &[("content-type", "application/x-www-form-urlencoded")], body.into_bytes())
    }

    /// Sends a form with photos.
    fn upload(&mut self, album: &str, caption: &str, files: &[&[u8]]) -> Response {
        let mut body = Vec::new();
        for (name, value) in [("csrf", self.token().as_str()), ("caption", caption)] {
            body.extend(
                format!("--b\r\ncontent-disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n").bytes(),
            );
        }
        for file in files {
            let head = "--b\r\ncontent-disposition: form-data; name=\"photo\"; filename=\"a.png\"\r\n\r\n";
            body.extend(head.bytes().chain(file.iter().copied()).chain(*b"\r\n"));
        }
        body.extend(b"--b--\r\n");
        let headers = [("content-type", "multipart/form-data; boundary=b")];
        self.send(Method::Post, &format!("{album}/photos"), &headers, body)
    }

    fn send(&mut self, method: Method, path: &str, headers: &[(&str, &str)], body: Vec<u8>) -> Response {
        let mut request = minreq::Request::new(method, url(path)).with_follow_redirects(false).with_body(body);
        for (name, value) in
            headers.iter().chain(&[("cookie", self.cookie.as_str()), ("sec-fetch-site", "same-origin")])
        {
            request = request.with_header(*name, *value);
        }
        let response = request.send().expect("an answer");
        if let Some(cookie) = response.headers("set-cookie").next() {
            self.cookie = cookie.split(';').next().unwrap_or_default().to_owned();
        }
        response
    }

    /// The token that is good for all forms.
    fn token(&mut self) -> String {
        between(&self.page("/"), r#"name="csrf" value=""#, "\"")
    }

    /// Makes an album, and returns its path.
    fn album(&mut self, title: &str) -> String {
        location(&self.post("/albums", &[("title", title)]))
    }

    /// The paths of the photos on a page.
    fn photos(&mut self, path: &str) -> Vec<String> {
        let page = self.page(path);
        page.split("<a href=\"/photos/")
            .skip(1)
            .map(|rest| format!("/photos/{}", between(rest, "", "\"")))
            .collect()
    }
}

fn url(path: &str) -> String {
    std::env::var("INNKEEPER_URL").expect("INNKEEPER_URL: run the tests by `innkeeper test`") + path
}

fn location(response: &Response) -> String {
    assert_eq!(response.status_code, 303, "{:?}", response.as_str());
    response.headers("location").next().expect("a location").to_owned()
}

fn between(text: &str, before: &str, after: &str) -> String {
    let (_, rest) = text.split_once(before).unwrap_or_else(|| panic!("no {before} in {text}"));
    rest.split(after).next().unwrap_or_default().to_owned()
}

#[test]
fn whoever_knows_the_password_signs_in() {
    let ada = Visitor::new("Ada");
    let name = ada.name.to_uppercase();
    let mut again = Visitor::nobody();
    assert_eq!(again.post("/sign-in", &[("name", &name), ("password", "another one")]).status_code, 422);
    assert_eq!(again.post("/sign-in", &[("name", "nobody at all"), ("password", PASSWORD)]).status_code, 422);
    assert_eq!(again.get("/account").status_code, 401);
    assert_eq!(again.post("/sign-in", &[("name", &name), ("password", PASSWORD)]).status_code, 303);
    assert!(again.page("/account").contains(&ada.name));
    assert_eq!(Visitor::nobody().post("/sign-up", &[("name", &name), ("password", PASSWORD)]).status_code, 422);
}

#[test]
fn another_password_signs_other_devices_out() {
    let mut ada = Visitor::new("Ada");
    let mut phone = Visitor::nobody();
    let name = ada.name.clone();
    phone.post("/sign-in", &[("name", &name), ("password", PASSWORD)]);
    let change = [("old", PASSWORD), ("new", "battery staple")];
    assert_eq!(ada.post("/account/password", &change).status_code, 303);
    assert_eq!(ada.get("/account").status_code, 200);
    assert_eq!(phone.get("/account").status_code, 401);
    assert_eq!(phone.post("/sign-in", &[("name", &name), ("password", "battery staple")]).status_code, 303);
}

#[test]
fn photos_come_back_and_are_found_by_their_captions() {
    let mut ada = Visitor::new("Ada");
    let album = ada.album("Summer");
    assert_eq!(ada.upload(&album, "A red fox, 100% wild", &[PNG]).status_code, 303);
    assert_eq!(ada.upload(&album, "The <b>sea</b>", &[PNG, PNG]).status_code, 303);
    assert_eq!(ada.photos(&album).len(), 3);
    for (words, found) in [("FOX", 1), ("red wild", 1), ("wild red", 0), ("100%", 1), ("100_", 0), ("sea", 2)] {
        let words = words.replace(' ', "+").replace('%', "%25");
        assert_eq!(ada.photos(&format!("{album}?q={words}")).len(), found, "{words}");
        assert_eq!(ada.photos(&format!("/?q={words}")).len(), found, "{words}");
    }
    let photo = ada.photos(&format!("{album}?q=fox")).remove(0);
    assert_eq!(ada.get(&format!("{photo}/file")).as_bytes(), PNG);
    assert!(ada.page(&album).contains("&lt;b&gt;sea"));
    assert_eq!(ada.post(&format!("{photo}/caption"), &[("caption", "A vixen")]).status_code, 303);
    assert!(ada.page(&photo).contains("A vixen"));
    assert_eq!(ada.post(&format!("{photo}/delete"), &[]).status_code, 303);
    assert_eq!((ada.get(&photo).status_code, ada.photos(&album).len()), (404, 2));
}

#[test]
fn a_long_album_has_pages() {
    let mut ada = Visitor::new("Ada");
    let album = ada.album("Winter");
    ada.upload(&album, "", &[PNG; 20]);
    ada.upload(&album, "", &[PNG; 10]);
    let first = ada.photos(&album);
    let before = between(&ada.page(&album), "name=\"before\" value=\"", "\"");
    let second = ada.photos(&format!("{album}?before={before}"));
    assert_eq!((first.len(), second.len()), (24, 6));
    assert!(second.iter().all(|photo| !first.contains(photo)));
}

#[test]
fn an_album_is_seen_by_its_members_and_by_those_with_its_link() {
    let (mut ada, mut bob, mut eve) = (Visitor::new("Ada"), Visitor::new("Bob"), Visitor::new("Eve"));
    let album = ada.album("Family");
    ada.upload(&album, "", &[PNG]);
    let photo = ada.photos(&album).remove(0);
    assert_eq!((bob.get(&album).status_code, bob.get(&format!("{photo}/file")).status_code), (404, 404));

    ada.post(&format!("{album}/members"), &[("name", &bob.name)]);
    assert_eq!(bob.upload(&album, "Bob's", &[PNG]).status_code, 303);
    assert_eq!(bob.photos(&album).len(), 2);
    assert_eq!(bob.post(&format!("{photo}/delete"), &[]).status_code, 403);
    assert_eq!(bob.post(&format!("{album}/share"), &[]).status_code, 403);
    assert_eq!(eve.get(&album).status_code, 404);

    ada.post(&format!("{album}/share"), &[]);
    let link = between(&ada.page(&album), "<a href=\"/shared/", "\"");
    let mut stranger = Visitor::nobody();
    let page = stranger.page(&format!("/shared/{link}"));
    let file = format!("/shared/{link}/photos/{}", between(&page, "/photos/", "\""));
    assert_eq!(stranger.get(&file).as_bytes(), PNG);
    ada.post(&format!("{album}/unshare"), &[]);
    assert_eq!(stranger.get(&file).status_code, 404);

    assert_eq!(bob.post(&format!("{album}/delete"), &[]).status_code, 403);
    ada.post(&format!("{album}/delete"), &[]);
    assert_eq!((ada.get(&album).status_code, bob.get(&format!("{photo}/file")).status_code), (404, 404));
}

#[test]
fn an_interrupted_upload_goes_on_where_it_was() {
    const TUS: (&str, &str) = ("tus-resumable", "1.0.0");
    let mut ada = Visitor::new("Ada");
    let album = ada.album("Resumed");
    let ticket = ada.post(&format!("{album}/uploads"), &[]).as_str().expect("a ticket").to_owned();
    let (id, path) = (between(&ticket, "\"id\":\"", "\""), between(&ticket, "\"path\":\"", "\""));
    let length = PNG.len().to_string();
    let begun = ada.send(Method::Post, &path, &[TUS, ("upload-length", &length)], Vec::new());
    assert_eq!(begun.status_code, 201);
    let finish = format!("{album}/uploads/{id}");
    assert_eq!(ada.post(&finish, &[]).status_code, 409);

    let place = begun.headers("location").next().expect("a location").to_owned();
    for offset in [0, 10] {
        let asked = ada.send(Method::Head, &place, &[TUS], Vec::new());
        assert_eq!(asked.headers("upload-offset").next(), Some(offset.to_string().as_str()));
        let piece = if offset == 0 { &PNG[..10] } else { &PNG[10..] };
        let offset = offset.to_string();
        let headers = [TUS, ("upload-offset", &offset), ("content-type", "application/offset+octet-stream")];
        assert_eq!(ada.send(Method::Patch, &place, &headers, piece.to_vec()).status_code, 204);
    }
    assert_eq!(Visitor::new("Eve").post(&finish, &[]).status_code, 404);
    assert_eq!(ada.post(&finish, &[("caption", "Resumed")]).status_code, 204);
    assert_eq!(ada.photos(&format!("{album}?q=resumed")).len(), 1);
}

#[test]
fn a_finished_upload_is_one_photo_however_often_it_is_told() {
    const TUS: (&str, &str) = ("tus-resumable", "1.0.0");
    let (mut ada, mut bob) = (Visitor::new("Ada"), Visitor::new("Bob"));
    let (album, other) = (ada.album("One"), ada.album("Another"));
    ada.post(&format!("{album}/members"), &[("name", &bob.name)]);
    let ticket = ada.post(&format!("{album}/uploads"), &[]).as_str().expect("a ticket").to_owned();
    let (id, path) = (between(&ticket, "\"id\":\"", "\""), between(&ticket, "\"path\":\"", "\""));
    let length = PNG.len().to_string();
    let headers = [TUS, ("upload-length", &length), ("content-type", "application/offset+octet-stream")];
    assert_eq!(ada.send(Method::Post, &path, &headers, PNG.to_vec()).status_code, 201);

    let finish = format!("{album}/uploads/{id}");
    assert_eq!(ada.post(&format!("{other}/uploads/{id}"), &[]).status_code, 404);
    assert_eq!(bob.post(&finish, &[]).status_code, 404);
    let long = "x".repeat(501);
    assert_eq!(ada.post(&finish, &[("caption", &long)]).status_code, 422);
    assert_eq!(ada.post(&finish, &[("caption", "One")]).status_code, 204);
    assert_eq!(ada.post(&finish, &[("caption", "One")]).status_code, 204);
    assert_eq!(bob.post(&finish, &[]).status_code, 404);
    assert_eq!((ada.photos(&album).len(), ada.photos(&other).len()), (1, 0));
}

#[test]
fn a_member_may_leave() {
    let (mut ada, mut bob) = (Visitor::new("Ada"), Visitor::new("Bob"));
    let album = ada.album("Not mine");
    ada.post(&format!("{album}/members"), &[("name", &bob.name)]);
    assert!(bob.page(&album).contains("Leave this album"));
    assert_eq!(bob.post(&format!("{album}/leave"), &[]).status_code, 303);
    assert_eq!(bob.get(&album).status_code, 404);
    assert!(!ada.page(&album).contains("Leave this album"));
}

#[test]
fn every_form_wants_its_token_and_somebody_signed_in() {
    let mut ada = Visitor::new("Ada");
    let album = ada.album("Forms");
    ada.upload(&album, "", &[PNG]);
    let photo = ada.photos(&album).remove(0);
    let mut paths = vec!["/account/password".to_owned(), "/albums".to_owned()];
    for action in ["delete", "members", "members/1/remove", "leave", "share", "unshare", "photos", "uploads"] {
        paths.push(format!("{album}/{action}"));
    }
    paths.extend([format!("{album}/uploads/x"), format!("{photo}/caption"), format!("{photo}/delete")]);
    let form = [("content-type", "application/x-www-form-urlencoded")];
    for path in &paths {
        for body in ["", "csrf=guess"] {
            let status = ada.send(Method::Post, path, &form, body.into()).status_code;
            assert_eq!(status, 403, "{path} {body}");
        }
        assert_eq!(Visitor::nobody().post(path, &[]).status_code, 401, "{path}");
    }
    for path in ["/sign-in", "/sign-up", "/sign-out"] {
        assert_eq!(ada.send(Method::Post, path, &form, b"csrf=guess".to_vec()).status_code, 403, "{path}");
    }
    assert_eq!(ada.photos(&album).len(), 1);
}

#[test]
fn what_no_database_keeps_is_refused() {
    let mut ada = Visitor::new("Ada");
    let album = ada.album("Odd");
    for path in ["/shared/%00", "/shared/%ff", "/albums/%00", "/albums/9223372036854775808", "/photos/-1"] {
        assert_eq!(ada.get(path).status_code, 404, "{path}");
    }
    for query in ["q=%00", "before=%00", "before=9223372036854775808", "before="] {
        assert_eq!(ada.get(&format!("{album}?{query}")).status_code, 400, "{query}");
    }
    let (name, text) = ("A\0da", "a\0b");
    assert_eq!(ada.post(&format!("{album}/members"), &[("name", name)]).status_code, 422);
    assert_eq!(ada.post(&format!("{album}/uploads/%00"), &[]).status_code, 404);
    assert_eq!(ada.post("/albums", &[("title", text)]).status_code, 422);
    assert_eq!(ada.upload(&album, text, &[PNG]).status_code, 422);
    let mut stranger = Visitor::nobody();
    for action in ["/sign-in", "/sign-up"] {
        assert_eq!(stranger.post(action, &[("name", name), ("password", PASSWORD)]).status_code, 422);
    }
    assert!(ada.photos(&album).is_empty());
}

#[test]
fn what_is_no_image_is_refused() {
    let mut ada = Visitor::new("Ada");
    let album = ada.album("Texts");
    assert_eq!(ada.upload(&album, "", &[b"These are words."]).status_code, 415);
    assert_eq!(ada.upload(&album, "", &[]).status_code, 422);
    assert!(ada.photos(&album).is_empty());
}
