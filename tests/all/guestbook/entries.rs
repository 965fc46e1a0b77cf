//! Writing into the book, reading it as JSON, tearing entries out.

use std::collections::BTreeSet;

use serde_json::Value;
use support::bytes::png;
use support::multipart::Multipart;

use super::Host;
use super::reader::Reader;

pub(super) async fn an_entry_leads_back_to_the_book(host: Host) {
    let mut reader = Reader::new(&host);
    let answer = reader.write("Ada", "hello").await.expect(303);
    assert_eq!(answer.header("location"), Some("/"));
    let entry = reader.newest().await;
    assert_eq!((&entry["author"], &entry["message"]), (&"Ada".into(), &"hello".into()));
    assert!(is_rfc3339(entry["created"].as_str().expect("a time")), "{entry}");
}

pub(super) async fn text_survives_byte_for_byte(host: Host) {
    let mut reader = Reader::new(&host);
    for text in [
        "🦀 Grüße, 世界, שלום, e\u{301}, \u{200d}\u{202e}",
        "it's \"quoted\" \\ back $1 ?1 %s ; -- no comment",
        "<script>alert('x')</script>&amp;",
        "two\r\nlines\tand a tab\n\n--not-a-boundary\r\n",
    ] {
        reader.write(text, text).await.expect(303);
        let entry = reader.newest().await;
        assert_eq!((entry["author"].as_str(), entry["message"].as_str()), (Some(text), Some(text)));
    }
}

pub(super) async fn an_incomplete_entry_comes_back_to_be_corrected(host: Host) {
    let mut reader = Reader::new(&host);
    let before = reader.newest().await;
    for (author, message) in [("", "a line to be kept"), ("Ada to be kept", "")] {
        let answer = reader.write(author, message).await.expect(422);
        let page = answer.text();
        assert!(page.contains("action=\"/entries\"") && page.contains("role=\"alert\""), "{page}");
        assert!(page.contains("to be kept"), "{page}");
    }
    assert_eq!(reader.newest().await, before);
}

pub(super) async fn a_form_without_its_token_is_refused(host: Host) {
    let (mut reader, mut other) = (Reader::new(&host), Reader::new(&host));
    let before = reader.newest().await;
    reader.csrf().await;
    let foreign = other.csrf().await;
    let form = || Multipart::new().field("author", "Eve").field("message", "from elsewhere");
    for form in [form(), form().field("csrf", ""), form().field("csrf", "guess"), form().field("csrf", &foreign)] {
        reader.0.post_multipart("/entries", &form).await.expect(403);
    }
    assert_eq!(reader.newest().await, before);
}

pub(super) async fn pages_of_json_list_every_entry_once(host: Host) {
    let mut reader = Reader::new(&host);
    for number in 0..5 {
        reader.write("Ada", &format!("line {number}")).await.expect(303);
    }
    let (mut ids, mut query) = (Vec::new(), "?limit=2".to_owned());
    loop {
        let page = reader.json(&query).await;
        ids.extend(page["entries"].as_array().expect("entries").iter().map(|entry| entry["id"].as_i64()));
        assert!(ids.len() <= 1000, "the pages never end");
        let Some(next) = page["next"].as_i64() else { break };
        query = format!("?limit=2&before={next}");
    }
    assert!(ids.is_sorted_by(|newer, older| newer > older), "{ids:?}");
    let all = reader.json("?limit=100").await;
    assert_eq!(all["next"], Value::Null);
    assert_eq!(ids.iter().collect::<BTreeSet<_>>().len(), all["entries"].as_array().expect("entries").len());
}

pub(super) async fn nobody_else_deletes_an_entry(host: Host) {
    let mut author = Reader::signed_in(&host, "Ada").await;
    author.write("Ada", "mine").await.expect(303);
    let entry = author.newest().await;
    let path = format!("/entries/{}/delete", entry["id"]);
    Reader::new(&host).post(&path, &[]).await.expect(403);
    Reader::signed_in(&host, "Eve").await.post(&path, &[]).await.expect(403);
    author.0.post_form(&path, &[("csrf", "guess")]).await.expect(403);
    assert_eq!(author.newest().await, entry);
}

pub(super) async fn only_its_number_names_an_entry(host: Host) {
    let mut author = Reader::signed_in(&host, "Ada").await;
    author.write("Ada", "mine").await.expect(303);
    let entry = author.newest().await;
    let id = entry["id"].as_i64().expect("an id");
    for other in [
        format!("{id}%00"),
        format!("{id}.0"),
        format!("{id}_0"),
        format!("{id}n"),
        format!("0x{id:x}"),
        format!("%20{id}"),
        (i128::from(id) + (1 << 64)).to_string(),
        "1e3".to_owned(),
        "9223372036854775808".to_owned(),
    ] {
        assert_eq!(author.post(&format!("/entries/{other}/delete"), &[]).await.status, 404, "{other}");
    }
    assert_eq!(author.newest().await, entry);
    let encoded: String = id.to_string().bytes().map(|digit| format!("%{digit:02x}")).collect();
    author.post(&format!("/entries/{encoded}/delete"), &[]).await.expect(303);
    assert_ne!(author.newest().await["id"], id);
}

pub(super) async fn names_are_counted_in_characters(host: Host) {
    let mut reader = Reader::new(&host);
    reader.write(&"🦀".repeat(80), "m").await.expect(303);
    for author in ["x".repeat(81), "🦀".repeat(81), " \t".to_owned(), "\u{3000}".to_owned(), "a\0b".to_owned()] {
        assert_eq!(reader.write(&author, "m").await.status, 422, "{author:?}");
    }
    // The host takes no user of more than 200 bytes.
    reader.sign_in(&"🦀".repeat(51)).await.expect(422);
    reader.sign_in(&"🦀".repeat(50)).await.expect(303);
}

pub(super) async fn the_first_field_of_a_name_counts(host: Host) {
    let mut reader = Reader::new(&host);
    let csrf = reader.csrf().await;
    let fields = [("csrf", "guess"), ("name", "Ada"), ("csrf", csrf.as_str())];
    reader.0.post_form("/login", &fields).await.expect(403);
}

pub(super) async fn an_entry_and_its_photo_go_together(host: Host) {
    let mut author = Reader::signed_in(&host, "Ada").await;
    let photo = author.write_photo(&png(300_000, 7)).await;
    author.0.get(&photo).await.expect(200);
    let id = author.newest().await["id"].take();
    author.post(&format!("/entries/{id}/delete"), &[]).await.expect(303);
    assert_ne!(author.newest().await["id"], id);
    author.0.get(&photo).await.expect(404);
}

/// `2026-10-03T14:05:06Z`, with or without a fraction of the second.
fn is_rfc3339(text: &str) -> bool {
    let (seconds, fraction) =
        text.strip_suffix('Z').map_or(("", ""), |text| text.split_once('.').unwrap_or((text, "0")));
    let shape: String = seconds.chars().map(|letter| if letter.is_ascii_digit() { '0' } else { letter }).collect();
    shape == "0000-00-00T00:00:00" && !fraction.is_empty() && fraction.chars().all(|digit| digit.is_ascii_digit())
}
