//! What a person sees.

use http::Method;

use super::Host;
use super::reader::Reader;
use support::bytes::png;

pub(super) async fn an_empty_book_is_a_page_with_a_form(host: Host) {
    let answer = host.visitor().get("/").await.expect(200);
    assert!(answer.header("content-type").is_some_and(|media_type| media_type.starts_with("text/html")));
    let page = answer.text();
    for part in
        ["<form", "action=\"/entries\"", "name=\"author\"", "name=\"message\"", "type=\"file\"", "name=\"csrf\""]
    {
        assert!(page.contains(part), "no {part} in {page}");
    }
}

pub(super) async fn the_book_shows_the_newest_entry_first(host: Host) {
    let mut reader = Reader::new(&host);
    reader.write("Ada", "an older line").await.expect(303);
    let photo = reader.write_photo(&png(500, 1)).await;
    let page = reader.book().await;
    let place = |text: &str| page.find(text).unwrap_or_else(|| panic!("no {text:?} in {page}"));
    assert!(place("look") < place("an older line"));
    assert!(place(&format!("src=\"{photo}\"")) < place("an older line"));
    assert!(page.contains("<strong>Ada</strong>") && page.contains("<time datetime=\"20"), "{page}");
}

pub(super) async fn text_in_the_book_never_becomes_markup(host: Host) {
    let mut reader = Reader::new(&host);
    reader.write("<b>A&B</b>", "<script>alert(\"1\")</script>").await.expect(303);
    // A quotation mark has two spellings in HTML, and some languages' templates write the other.
    let page = reader.book().await.replace("&#34;", "&quot;");
    assert!(!page.contains("<script>alert") && !page.contains("<b>A"), "{page}");
    assert!(page.contains("&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt;"), "{page}");
    assert!(page.contains("&lt;b&gt;A&amp;B&lt;/b&gt;"), "{page}");
}

pub(super) async fn who_is_signed_in_is_shown(host: Host) {
    let mut reader = Reader::new(&host);
    assert!(!reader.book().await.contains("Grace"));
    reader.sign_in("Grace").await.expect(303);
    let page = reader.book().await;
    assert!(page.contains("Grace") && page.contains("action=\"/logout\""), "{page}");
}

pub(super) async fn a_message_is_shown_once(host: Host) {
    const MESSAGE: &str = "role=\"status\"";
    let mut reader = Reader::new(&host);
    reader.write("Ada", "a line").await.expect(303);
    assert!(reader.book().await.contains(MESSAGE));
    assert!(!reader.book().await.contains(MESSAGE));
}

pub(super) async fn every_visit_is_counted(host: Host) {
    let mut reader = Reader::new(&host);
    assert_eq!(reader.me().await["visits"], 1);
    assert!(reader.book().await.contains('2'));
    reader.0.get("/entries.json").await.expect(200);
    assert_eq!(reader.me().await["visits"], 3);
}

/// HEAD is no visit, and what an app leaves out of its answer is not missed.
pub(super) async fn the_head_of_the_book_comes_without_the_book(host: Host) {
    let mut reader = Reader::new(&host);
    assert_eq!(reader.me().await["visits"], 1);
    let head = reader.0.method(Method::HEAD, "/").await.expect(200);
    assert!(head.body.is_empty());
    assert_eq!(head.header("content-type"), reader.0.get("/").await.header("content-type"));
    assert_eq!(reader.me().await["visits"], 3);
    assert!(!host.logs().contains("cut off"), "{}", host.logs());
}

pub(super) async fn what_is_not_there_is_not_found(host: Host) {
    let mut visitor = host.visitor();
    for path in [
        "/nothing",
        "/entries/",
        "/photos/00000000000000000000000000000000",
        "/photos/x",
        "/photos/%00",
        "/photos/%ff",
    ] {
        assert_eq!(visitor.get(path).await.status, 404, "{path}");
    }
    Reader(visitor).post("/entries/999999999/delete", &[]).await.expect(404);
}

pub(super) async fn numbers_in_an_address_are_whole_numbers(host: Host) {
    let mut visitor = host.visitor();
    for (query, status) in [
        ("before=", 400),
        ("before=1e3", 400),
        ("before=1_000", 400),
        ("before=1%00", 400),
        ("before=%ff", 400),
        ("before=9223372036854775808", 400),
        ("be%66ore=x", 400),
        ("before=%31", 200),
        ("before=%2b1", 200),
        ("before=-1", 200),
        ("before=0000000000000000000000000001", 200),
        ("before=9223372036854775807", 200),
    ] {
        for path in ["/", "/entries.json"] {
            assert_eq!(visitor.get(&format!("{path}?{query}")).await.status, status, "{path}?{query}");
        }
    }
    for (limit, status) in
        [("0", 200), ("-5", 200), ("1000", 200), ("9223372036854775807", 200), ("abc", 400), ("", 400)]
    {
        assert_eq!(visitor.get(&format!("/entries.json?limit={limit}")).await.status, status, "{limit}");
    }
}

pub(super) async fn a_wrong_method_is_answered_with_the_right_ones(host: Host) {
    let mut visitor = host.visitor();
    for (method, path, right) in [
        (Method::DELETE, "/", "GET"),
        (Method::PUT, "/me", "GET"),
        (Method::POST, "/entries.json", "GET"),
        (Method::GET, "/entries", "POST"),
        (Method::GET, "/login", "POST"),
        (Method::GET, "/entries/1/delete", "POST"),
    ] {
        let answer = visitor.method(method, path).await.expect(405);
        assert!(answer.header("allow").is_some_and(|allow| allow.contains(right)), "{path}: {answer:?}");
    }
}
