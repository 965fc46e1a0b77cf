//! Stored files in a real browser: whatever they are, and however they are opened, no script in
//! them runs.
//!
//! A script that runs asks the app for `/pwned/KIND`, which the host's log would show. That it
//! would is seen by the same files where the app itself answers with them as its own pages: there
//! they ask for `/ran/KIND`.

use serde_json::{Value, json};
use support::chromium::{Chromium, Opened};
use support::{Engine, TestHost, Visitor, until};

use super::{kept, probe};

on_both_databases! {
    no_script_in_a_stored_file_runs,
    sound_and_film_play_in_a_page_of_their_own,
}

/// A file with script in it.
struct Hostile {
    kind: &'static str,
    /// As its sender declares it.
    declared: &'static str,
    /// The file, with `URL` for what its script asks for.
    text: &'static str,
    /// What becomes of it when a visitor opens it.
    opened: Opened,
}

const FILES: &[Hostile] = &[
    Hostile { kind: "html", declared: "text/html", text: PAGE, opened: Opened::Saved },
    Hostile { kind: "lying-html", declared: "image/png", text: PAGE, opened: Opened::Saved },
    Hostile { kind: "hidden-html", declared: "image/png", text: HIDDEN_PAGE, opened: Opened::Saved },
    Hostile { kind: "svg", declared: "image/svg+xml", text: DRAWING, opened: Opened::Saved },
    Hostile { kind: "xhtml", declared: "application/xhtml+xml", text: STRICT_PAGE, opened: Opened::Saved },
    Hostile { kind: "xml", declared: "text/xml", text: STRICT_PAGE, opened: Opened::Saved },
    Hostile { kind: "javascript", declared: "text/javascript", text: "fetch('URL')", opened: Opened::Saved },
    Hostile { kind: "text", declared: "text/plain", text: HIDDEN_PAGE, opened: Opened::Shown },
    Hostile {
        kind: "gif",
        declared: "image/gif",
        text: "GIF89a/*\0\0\0\0*/=1;fetch('URL')",
        opened: Opened::Shown,
    },
    Hostile { kind: "pdf", declared: "application/pdf", text: DOCUMENT, opened: Opened::Shown },
];

const PAGE: &str = "<!doctype html><script>fetch('URL')</script>";
/// The bytes do not begin like a page.
const HIDDEN_PAGE: &str =
    "Dear reader, <html><body><script>fetch('URL')</script><img src=x onerror=\"fetch('URL')\">";
const DRAWING: &str =
    "<svg xmlns='http://www.w3.org/2000/svg' onload=\"fetch('URL')\"><script>fetch('URL')</script></svg>";
const STRICT_PAGE: &str =
    "<?xml version='1.0'?><html xmlns='http://www.w3.org/1999/xhtml'><script>fetch('URL')</script></html>";
const DOCUMENT: &str = "%PDF-1.7
1 0 obj << /Type /Catalog /Pages 2 0 R /OpenAction 4 0 R /AcroForm << /Fields [] >> >> endobj
2 0 obj << /Type /Pages /Kids [3 0 R] /Count 1 >> endobj
3 0 obj << /Type /Page /Parent 2 0 R /MediaBox [0 0 99 99] >> endobj
4 0 obj << /Type /Action /S /JavaScript /JS (this.submitForm\\(\\{cURL: 'URL'\\}\\); app.launchURL\\('URL'\\);) >> endobj
trailer << /Root 1 0 R /Size 5 >>
%%EOF
";

async fn no_script_in_a_stored_file_runs(engine: Engine) {
    let (host, mut visitor) = probe(engine).await;
    let mut browser = Chromium::start().await;
    for file in FILES {
        let text = file.text.replace("URL", &format!("{}/pwned/{}", host.url(), file.kind));
        let blob = kept(&mut visitor, file.declared, file.kind, text.as_bytes()).await;
        let send = json!([{ "op": "blob.send", "id": blob["id"] }]);
        let path = Visitor::path_with_steps(&format!("/file/{}", file.kind), &send);
        let opened = browser.open(&format!("{}{path}", host.url())).await;
        assert_eq!(opened, file.opened, "{}", file.kind);
        open_page(&host, &mut browser, file.kind, &embedding(&path, file.kind)).await;
        host.wait_for_log(&format!("GET /embedded/{} ", file.kind)).await;
    }
    a_page_of_the_app_itself_runs(&host, &mut browser).await;
    browser.end().await;
    let logs = host.logs();
    let pwned: Vec<&str> = logs.lines().filter(|line| line.contains("/pwned")).collect();
    assert!(pwned.is_empty(), "{pwned:#?}");
}

/// Files as they are sent by link, and opened by whoever has it.
async fn sound_and_film_play_in_a_page_of_their_own(engine: Engine) {
    let (host, mut visitor) = probe(engine).await;
    let mut browser = Chromium::start().await;
    for (name, bytes) in [
        ("film.mp4", &include_bytes!("media/film.mp4")[..]),
        ("sound.webm", include_bytes!("media/sound.webm")),
        ("sound.m4a", include_bytes!("media/sound.m4a")),
        ("sound.wav", &wav()),
    ] {
        let blob = kept(&mut visitor, "application/octet-stream", name, bytes).await;
        let sign = json!({ "op": "blob.sign-download", "id": blob["id"], "seconds": 600 });
        let signed = visitor.probe_one(sign).await["ok"].as_str().expect("a path").to_owned();
        let sent = Visitor::path_with_steps("/file", &json!([{ "op": "blob.send", "id": blob["id"] }]));
        for path in [sent, signed] {
            assert_eq!(browser.open(&format!("{}{path}", host.url())).await, Opened::Shown, "{name}");
            let player =
                "(player => [player?.readyState, player?.error?.message])(document.querySelector('video, audio'))";
            // 2: there is a picture or a sound to begin with.
            let plays = async || {
                let state = browser.run(player).await;
                assert_eq!(state[1], Value::Null, "{name}: {state}");
                state[0].as_u64().filter(|ready| *ready >= 2)
            };
            until(&format!("{name} plays"), plays).await;
        }
    }
    browser.end().await;
}

/// A tenth of a second of silence.
fn wav() -> Vec<u8> {
    const SAMPLES: u32 = 800;
    let format = [
        &16_u32.to_le_bytes()[..],
        &[1, 0, 1, 0],
        &8_000_u32.to_le_bytes(),
        &8_000_u32.to_le_bytes(),
        &[1, 0, 8, 0],
    ];
    let sound = vec![128; SAMPLES as usize];
    [
        &b"RIFF"[..],
        &(36 + SAMPLES).to_le_bytes(),
        b"WAVEfmt ",
        &format.concat(),
        b"data",
        &SAMPLES.to_le_bytes(),
        &sound,
    ]
    .concat()
}

/// A page that names a file in all ways, and asks for `/embedded/KIND` when everything has been
/// loaded or refused.
fn embedding(path: &str, kind: &str) -> String {
    format!(
        "<!doctype html><iframe src='{path}'></iframe><img src='{path}'><script src='{path}'></script>\
         <script type=module src='{path}'></script><object data='{path}'></object><embed src='{path}'>\
         <link rel=stylesheet href='{path}'><script>onload = () => fetch('/embedded/{kind}')</script>"
    )
}

/// The same files as answers of the app's own, with the type that makes them run.
async fn a_page_of_the_app_itself_runs(host: &TestHost, browser: &mut Chromium) {
    for (kind, content_type, text) in [
        ("html", "text/html", PAGE),
        ("hidden-html", "text/html", HIDDEN_PAGE),
        ("svg", "image/svg+xml", DRAWING),
        ("xhtml", "application/xhtml+xml", STRICT_PAGE),
        ("xml", "text/xml", STRICT_PAGE),
    ] {
        let body = text.replace("URL", &format!("/ran/{kind}"));
        browser.open(&format!("{}{}", host.url(), own(&format!("/own/{kind}"), content_type, &body))).await;
        host.wait_for_log(&format!("GET /ran/{kind} ")).await;
    }
    let script = own("/own/script", "text/javascript", "GIF89a/*\0*/=1;fetch('/ran/script')");
    open_page(host, browser, "script", &format!("<!doctype html><script src='{script}'></script>")).await;
    host.wait_for_log("GET /ran/script ").await;
}

async fn open_page(host: &TestHost, browser: &mut Chromium, kind: &str, body: &str) {
    let page = own(&format!("/page/{kind}"), "text/html", body);
    assert_eq!(browser.open(&format!("{}{page}", host.url())).await, Opened::Shown);
}

/// A path that the app answers with this body.
fn own(path: &str, content_type: &str, body: &str) -> String {
    let headers: Value = json!([["content-type", content_type]]);
    Visitor::path_with_steps(path, &json!([{ "op": "respond", "headers": headers, "body": body }]))
}
