//! Texts of a form in other encodings than UTF-8.

use serde_json::{Value, json};
use support::probe::{blamed, code, ok};
use support::{Engine, Visitor};

use super::{probe, send_body};

on_both_databases! {
    a_part_is_read_in_the_encoding_that_it_declares,
    a_form_says_its_encoding_in_a_field,
    an_urlencoded_form_is_read_in_the_encoding_that_it_declares,
    what_is_no_text_is_refused_with_its_field,
    a_text_that_grows_when_it_is_read_stays_within_its_bound,
}

const MULTIPART: &str = "multipart/form-data; boundary=B";
const URLENCODED: &str = "application/x-www-form-urlencoded";

/// A part: what stands behind `form-data`, with further headers, and its content.
fn part(head: &str, content: &[u8]) -> Vec<u8> {
    let head = format!("--B\r\nContent-Disposition: form-data; {head}\r\n\r\n");
    [head.as_bytes(), content, b"\r\n"].concat()
}

async fn receive(visitor: &mut Visitor, content_type: &str, body: &[u8]) -> Value {
    let steps = json!([{ "op": "blob.receive-form" }]);
    send_body(visitor, content_type, body.to_vec(), steps).await.expect(200).json()[0].clone()
}

async fn receive_parts(visitor: &mut Visitor, content_type: &str, parts: &[Vec<u8>]) -> Value {
    receive(visitor, content_type, &[&parts.concat()[..], b"--B--\r\n"].concat()).await
}

async fn a_part_is_read_in_the_encoding_that_it_declares(engine: Engine) {
    let (_host, mut visitor) = probe(engine).await;
    let cases: [(&str, &[u8], &str); 13] = [
        ("", "Gr\u{fc}\u{df}e".as_bytes(), "Gr\u{fc}\u{df}e"),
        ("\r\nContent-Type: text/plain; charset=ISO-8859-1", b"Gr\xfc\xdfe", "Gr\u{fc}\u{df}e"),
        ("\r\nContent-Type: text/plain; Charset=\"Windows-1252\"", b"\x80 5", "\u{20ac} 5"),
        ("\r\nContent-Type: text/plain;charset=shift_jis", b"\x83\x5c", "\u{30bd}"),
        ("\r\nContent-Type: text/plain; charset=UTF-16", b"\xfe\xff\0a\0\xfc", "a\u{fc}"),
        ("\r\nContent-Type: text/plain; charset=utf-16", b"a\0\xfc\0", "a\u{fc}"),
        ("\r\nContent-Type: text/plain; charset=utf-16be", b"\0a\0\xfc", "a\u{fc}"),
        ("", b"\xff\xfea\0\xfc\0", "a\u{fc}"),
        ("\r\nContent-Type: text/plain; charset=utf-8", b"\xef\xbb\xbfa", "a"),
        ("\r\nContent-Type: text/plain; charset=", b"a", "a"),
        ("\r\nContent-Transfer-Encoding: base64", b"R3LDvMOf\r\nZQ==", "Gr\u{fc}\u{df}e"),
        ("\r\nContent-Transfer-Encoding: quoted-printable", b"Gr=C3=BC=\r\n=C3=9Fe", "Gr\u{fc}\u{df}e"),
        (
            "\r\nContent-Type: text/plain; charset=iso-8859-1\r\nContent-Transfer-Encoding: quoted-printable",
            b"Gr=FC=DFe",
            "Gr\u{fc}\u{df}e",
        ),
    ];
    for (head, content, text) in cases {
        let form = [part(&format!("name=a{head}"), content), part("name=b", b"1")];
        let received = receive_parts(&mut visitor, MULTIPART, &form).await;
        assert_eq!(ok(&received)["fields"], json!([["a", text], ["b", "1"]]), "{head}");
    }
}

async fn a_form_says_its_encoding_in_a_field(engine: Engine) {
    let (_host, mut visitor) = probe(engine).await;
    let latin = part("name=a", b"\xe9");
    let charset = |label: &str| part("name=_charset_", label.as_bytes());
    let utf8 = part("name=b\r\nContent-Type: text/plain; charset=utf-8", "\u{e9}".as_bytes());
    for form in [
        vec![charset("ISO-8859-1"), latin.clone(), utf8.clone()],
        vec![latin.clone(), utf8.clone(), charset("iso-8859-1")],
    ] {
        let received = receive_parts(&mut visitor, MULTIPART, &form).await;
        let fields = ok(&received)["fields"].as_array().expect("fields");
        assert!(["a", "b"].iter().all(|name| fields.contains(&json!([name, "\u{e9}"]))), "{received}");
    }
    let head =
        [&b"--B\r\nContent-Disposition: form-data; name=\"\x83\x5c\"; filename=\"\x83\x5c.txt\"\r\n\r\n1\r\n"[..]]
            .concat();
    let received = receive_parts(&mut visitor, MULTIPART, &[charset("Shift_JIS"), head]).await;
    let file = &ok(&received)["files"][0];
    assert_eq!((&file["field"], &file["blob"]["name"]), (&json!("\u{30bd}"), &json!("\u{30bd}.txt")));
    let declared = format!("{MULTIPART}; charset=ISO-8859-1");
    let received = receive_parts(&mut visitor, &declared, std::slice::from_ref(&latin)).await;
    assert_eq!(ok(&received)["fields"], json!([["a", "\u{e9}"]]));
    let unfilled = receive_parts(&mut visitor, MULTIPART, &[charset(""), utf8]).await;
    assert_eq!(ok(&unfilled)["fields"], json!([["_charset_", ""], ["b", "\u{e9}"]]));
    for (form, field) in [
        (vec![charset("none"), latin.clone()], "_charset_"),
        (vec![charset("utf-8"), charset("latin1")], "_charset_"),
        (vec![charset("utf-8"), latin], "a"),
    ] {
        let received = receive_parts(&mut visitor, MULTIPART, &form).await;
        assert_eq!((code(&received), blamed(&received)), ("bad-form", Some(field)));
    }
}

async fn an_urlencoded_form_is_read_in_the_encoding_that_it_declares(engine: Engine) {
    let (_host, mut visitor) = probe(engine).await;
    for (parameter, body, text) in [
        ("", &b"a=%C3%A9"[..], "\u{e9}"),
        ("", b"a=\xc3\xa9", "\u{e9}"),
        ("; charset=ISO-8859-1", b"a=%E9", "\u{e9}"),
        (";charset=\"latin1\"", b"a=\xe9", "\u{e9}"),
        ("; charset=UTF-8", b"a=%C3%A9", "\u{e9}"),
        ("; charset=Shift_JIS", b"a=%83%5C", "\u{30bd}"),
        ("; charset=UTF-16", b"a=%FE%FF%00%E9&b=cd", "\u{e9}"),
        ("", b"_charset_=iso-8859-1&a=%E9", "\u{e9}"),
        ("", b"a=%E9&_charset_=iso-8859-1", "\u{e9}"),
        ("; charset=utf-8", b"a=%C3%A9&_charset_=iso-8859-1", "\u{e9}"),
    ] {
        let received = receive(&mut visitor, &format!("{URLENCODED}{parameter}"), body).await;
        let fields = ok(&received)["fields"].as_array().expect("fields");
        assert!(fields.contains(&json!(["a", text])), "{parameter} {}", String::from_utf8_lossy(body));
    }
}

async fn what_is_no_text_is_refused_with_its_field(engine: Engine) {
    let (_host, mut visitor) = probe(engine).await;
    for (parameter, body, field) in [
        ("", "b=1&a=%E9", Some("a")),
        ("; charset=utf-8", "a=%E9&b=1", Some("a")),
        ("; charset=utf-16", "b=1&a=c%00%FC%00", Some("a")),
        ("", "%E9=1", Some("\u{fffd}")),
        ("; charset=none", "a=1", None),
        ("", "a=1&_charset_=none", Some("_charset_")),
    ] {
        let received = receive(&mut visitor, &format!("{URLENCODED}{parameter}"), body.as_bytes()).await;
        assert_eq!((code(&received), blamed(&received)), ("bad-form", field), "{parameter} {body}: {received}");
    }
    let cases: [(&str, &[u8]); 6] = [
        ("", b"\xe9"),
        ("\r\nContent-Type: text/plain; charset=none", b"1"),
        ("\r\nContent-Type: text/plain; charset=utf-16", b"abc"),
        ("\r\nContent-Type: text/plain; charset=Shift_JIS", b"\x83"),
        ("\r\nContent-Transfer-Encoding: base64", b"6Q=="),
        ("\r\nContent-Transfer-Encoding: quoted-printable", b"=E"),
    ];
    for (head, content) in cases {
        let form = [part("name=b", b"1"), part(&format!("name=a{head}"), content)];
        let received = receive_parts(&mut visitor, MULTIPART, &form).await;
        assert_eq!((code(&received), blamed(&received)), ("bad-form", Some("a")), "{head}");
    }
}

/// In windows-1252 a euro sign has one byte, in UTF-8 three.
async fn a_text_that_grows_when_it_is_read_stays_within_its_bound(engine: Engine) {
    let (_host, mut visitor) = probe(engine).await;
    let euros =
        |count: usize| part("name=a\r\nContent-Type: text/plain; charset=windows-1252", &vec![0x80; count]);
    let fits = receive_parts(&mut visitor, MULTIPART, &[euros(340_000)]).await;
    assert_eq!(ok(&fits)["fields"][0][1].as_str().map(str::len), Some(1_020_000));
    for form in [vec![euros(350_000)], vec![euros(340_000); 5]] {
        let received = receive_parts(&mut visitor, MULTIPART, &form).await;
        assert_eq!((code(&received), blamed(&received)), ("too-large", Some("a")));
    }
    let body = format!("a={}", "%80".repeat(349_000));
    let received = receive(&mut visitor, &format!("{URLENCODED}; charset=windows-1252"), body.as_bytes()).await;
    assert_eq!(ok(&received)["fields"][0][1].as_str().map(str::len), Some(1_047_000));
    let body = [&b"a="[..], &vec![0x80; 350_000]].concat();
    let received = receive(&mut visitor, &format!("{URLENCODED}; charset=windows-1252"), &body).await;
    assert_eq!((code(&received), blamed(&received)), ("too-large", Some("a")));
}
