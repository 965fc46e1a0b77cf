//! Asks the guest at INNKEEPER_URL: `innkeeper test` starts a host for it.

#![allow(clippy::disallowed_methods, clippy::expect_used, reason = "a test may stop")]

use minreq::{Request, Response};

fn url(path: &str) -> String {
    std::env::var("INNKEEPER_URL").expect("INNKEEPER_URL: run the tests by `innkeeper test`") + path
}

fn get(path: &str) -> Response {
    minreq::get(url(path)).send().expect("an answer")
}

fn text(response: &Response) -> &str {
    response.as_str().expect("text")
}

/// One after the other: they share tables.
#[test]
fn every_check_inside_the_guest_passes() {
    for name in ["values", "rows", "transactions", "cursors", "errors", "files", "visitor", "config"] {
        let response = get(&format!("/check/{name}"));
        assert_eq!(text(&response), "ok\n", "{name}: {}, and stderr says why", response.status_code);
    }
}

#[test]
fn a_body_is_streamed_to_its_end() {
    let response = get("/numbers/200000");
    let lines = text(&response).lines().map(str::to_owned).collect::<Vec<_>>();
    assert_eq!((lines.len(), lines.last().map(String::as_str)), (200_000, Some("199999")));
    assert_eq!(minreq::head(url("/numbers/5")).send().expect("an answer").as_bytes(), b"");
    let broken = minreq::get(url("/broken")).send();
    assert!(!broken.is_ok_and(|response| response.status_code == 200), "a part is taken for the whole");
}

#[test]
fn what_goes_wrong_is_answered_with_its_status() {
    for (path, status) in
        [("/panic", 500), ("/error", 500), ("/other-error", 500), ("/retry", 503), ("/numbers/x", 404), ("/", 404)]
    {
        assert_eq!(get(path).status_code, status, "{path}");
    }
    assert_eq!(get("/retry").headers("retry-after").next(), Some("2"));
    assert_eq!(get("/form").headers("allow").next(), Some("POST"));
}

#[test]
fn bodies_of_requests_are_read() {
    let json = |body: &str| minreq::post(url("/json")).with_body(body).send().expect("an answer");
    assert_eq!(text(&json(r#"{"a": [1]}"#)), r#"{"a":[1]}"#);
    assert_eq!(json("{").status_code, 400);
    assert_eq!(json(&format!("\"{}\"", "x".repeat(1024 * 1024))).status_code, 413);
    let purge = Request::new(minreq::Method::Custom("PURGE".to_owned()), url("/files/a/b%20c"));
    assert_eq!(text(&purge.send().expect("an answer")), "a/b c");
}

#[test]
fn a_body_becomes_a_file() {
    let put = |body: &str| minreq::put(url("/blob")).with_body(body).send().expect("an answer");
    let response = put("notes");
    assert_eq!(response.status_code, 201);
    let sent = get(&format!("/blob/{}", text(&response)));
    assert_eq!((sent.status_code, text(&sent)), (200, "notes"));
    let disposition = sent.headers("content-disposition").next().expect("a disposition");
    assert!(disposition.starts_with("attachment; filename=\"notes.txt\""), "{disposition}");
    assert_eq!(put(&"x".repeat(1001)).status_code, 413);
    assert_eq!(get("/blob/00000000000000000000000000000000").status_code, 404);
}

#[test]
fn a_form_is_received_with_its_file() {
    let page = get("/csrf");
    let cookie = page.headers("set-cookie").next().and_then(|cookie| cookie.split(';').next()).expect("a cookie");
    let token = text(&page).split('"').nth(5).expect("a token").to_owned();
    let send = |token: &str, file: &[u8]| {
        let part = |disposition: &str, bytes: &[u8]| {
            [format!("--x\r\ncontent-disposition: form-data; {disposition}\r\n\r\n").as_bytes(), bytes, b"\r\n"]
                .concat()
        };
        let body = [
            part("name=\"csrf\"", token.as_bytes()),
            part("name=\"name\"", "Grüße".as_bytes()),
            part("name=\"photo\"; filename=\"a.gif\"", file),
            b"--x--\r\n".to_vec(),
        ];
        let request = minreq::post(url("/form")).with_header("content-type", "multipart/form-data; boundary=x");
        let request = request.with_header("cookie", cookie).with_header("sec-fetch-site", "same-origin");
        request.with_body(body.concat()).send().expect("an answer")
    };
    let gif = b"GIF89a\x01\x00\x01\x00\x00\x00\x00;";
    let received = send(&token, gif);
    let json = text(&received);
    assert!(json.contains(r#""fields":[["name","Grüße"]]"#) && json.contains(r#""size":14"#), "{json}");
    assert_eq!(send("guess", gif).status_code, 403);
    assert_eq!(send(&token, b"no image").status_code, 415);
    assert_eq!(send(&token, &[gif.as_slice(), &[0; 100_000]].concat()).status_code, 413);
}
