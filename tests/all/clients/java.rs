//! What Java has by itself: java.net.http, HttpURLConnection and the cookies of both.

use serde_json::json;
use support::bytes::sha256;
use support::probe::ok;
use support::{Engine, clients};

use super::{names, probe, receive};

on_both_databases! {
    a_form_put_together_by_hand_is_read,
    a_visitor_who_stays_signed_in_is_known_again,
}

async fn a_form_put_together_by_hand_is_read(engine: Engine) {
    let (_host, url) = probe(engine).await;
    for (charset, name) in
        [("UTF-8", "d\u{e9} \u{1f980}.csv"), ("ISO-8859-1", "d\u{e9}.csv"), ("UTF-8", "my \"best\" d\u{e9}.csv")]
    {
        let arguments = [&url, &receive(), charset, "na\u{ef}ve", "gr\u{fc}n", name, "1;2"];
        let received = &clients::script("java", "Form.java", &arguments).await[0];
        assert_eq!(ok(received)["fields"], json!([["na\u{ef}ve", "gr\u{fc}n"]]), "{charset}");
        assert_eq!(names(received), json!([["file", name.replace('"', ""), sha256(b"1;2")]]), "{charset}");
    }
}

/// Java puts the cookie in quotes as soon as it has a `Max-Age`.
async fn a_visitor_who_stays_signed_in_is_known_again(engine: Engine) {
    let (host, url) = probe(engine).await;
    let stay = json!({ "op": "session.set-expiry", "idle-seconds": 86_400, "absolute-seconds": 864_000 });
    let sign_in = json!([stay, { "op": "session.renew", "user": "Ada" }]).to_string();
    let look = json!([{ "op": "session.get-user" }, { "op": "echo-headers" }]).to_string();
    let answers = clients::script("java", "Cookies.java", &[&url, &sign_in, &look, &look]).await;
    let answers = answers.as_array().expect("a list");
    assert_eq!(answers.len(), 5);
    for answer in &answers[1..] {
        assert_eq!(ok(&answer[0]), "Ada", "{answer}");
        let headers = ok(&answer[1]).as_array().expect("headers");
        assert!(headers.iter().all(|header| header[0] != "cookie"), "{answer}");
    }
    assert_eq!(host.database().count("probe", "sessions").await, 1);
}
