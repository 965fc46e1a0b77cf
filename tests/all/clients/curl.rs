//! curl, with the forms that its manual shows.

use std::path::Path;

use serde_json::{Value, json};
use support::bytes::sha256;
use support::probe::ok;
use support::{Engine, clients};

use super::{expect_odd_entries, names, odd_entries, probe, receive};

on_both_databases! {
    a_form_of_curl_arrives_as_it_was_made,
    curl_may_send_files_together_and_encoded,
}

async fn curl(url: &str, arguments: &[String]) -> Value {
    let steps = format!("probe-steps: {}", receive());
    let common = ["-sS", "--noproxy", "*", "-H", &steps, url].map(str::to_owned);
    clients::run("curl", &[&common[..], arguments].concat()).await[0].clone()
}

/// A text as curl reads it in an argument of `--form`.
fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

fn write(folder: &Path, name: &str, text: &str) -> String {
    let path = folder.join(name);
    std::fs::write(&path, text).expect("a file");
    path.to_str().expect("a path in UTF-8").to_owned()
}

async fn a_form_of_curl_arrives_as_it_was_made(engine: Engine) {
    let (_host, url) = probe(engine).await;
    let folder = tempfile::tempdir().expect("a temporary directory");
    let text = |entry: &Value, at: usize| entry[at].as_str().expect("a text").to_owned();
    let argument = |entry: &Value| match entry.get(2) {
        // Named by curl itself, after the file.
        Some(_) => {
            format!("{}=@{}", text(entry, 0), quoted(&write(folder.path(), &text(entry, 2), &text(entry, 1))))
        }
        None => format!("{}={}", text(entry, 0), quoted(&text(entry, 1))),
    };
    let entries = odd_entries();
    let forms = entries.as_array().expect("a list").iter().map(argument);
    let arguments: Vec<String> = forms.flat_map(|form| ["-F".to_owned(), form]).collect();
    expect_odd_entries(&curl(&url, &arguments).await);
    let escaped = [&["--form-escape".to_owned()], &arguments[..]].concat();
    expect_odd_entries(&curl(&url, &escaped).await);
}

async fn curl_may_send_files_together_and_encoded(engine: Engine) {
    let (_host, url) = probe(engine).await;
    let folder = tempfile::tempdir().expect("a temporary directory");
    let [a, b] = [("a.txt", "one"), ("b.txt", "two")].map(|(name, text)| write(folder.path(), name, text));
    let latin = folder.path().join("latin");
    std::fs::write(&latin, b"gr\xfcn").expect("a file");
    let form = [
        format!("data=@{a},{b}"),
        format!("data=@{a};encoder=base64;filename=c.txt"),
        "text=gr\u{fc}n;encoder=quoted-printable".to_owned(),
        format!("latin=<{};type=text/plain; charset=iso-8859-1", latin.display()),
    ];
    let arguments: Vec<String> = form.into_iter().flat_map(|form| ["-F".to_owned(), form]).collect();
    let received = curl(&url, &arguments).await;
    let [one, two] = [sha256(b"one"), sha256(b"two")];
    let files = json!([["data", "a.txt", one], ["data", "b.txt", two], ["data", "c.txt", one]]);
    assert_eq!(
        (names(&received), &ok(&received)["fields"]),
        (files, &json!([["text", "gr\u{fc}n"], ["latin", "gr\u{fc}n"]]))
    );
    let arguments =
        ["-H", "content-type: application/x-www-form-urlencoded; charset=ISO-8859-1", "--data-binary", "a=gr%FCn"];
    let received = curl(&url, &arguments.map(str::to_owned)).await;
    assert_eq!(ok(&received)["fields"], json!([["a", "gr\u{fc}n"]]));
}
