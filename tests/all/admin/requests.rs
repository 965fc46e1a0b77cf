//! Requests that are wrong get an answer that says so, and never a fault of the host.

use super::{API, Api, component, host, kind};
use bytes::Bytes;
use http::{Method, Request};
use http_body_util::Full;
use serde_json::json;
use std::ops::Range;
use support::{Engine, TestHost};

on_both_databases! {
    what_is_wrong_with_settings_is_said,
    what_is_wrong_with_variables_is_said,
    what_is_no_json_or_too_large_is_refused,
    methods_queries_and_paths_that_are_none_are_refused,
    a_path_has_one_meaning_for_router_and_guard,
    an_app_is_looked_at_changed_and_deleted,
}

fn patch(root: &Api, media_type: &str) -> http::request::Builder {
    root.request(Method::PATCH, "/apps/probe/settings").header("content-type", media_type)
}

async fn what_is_wrong_with_settings_is_said(engine: Engine) {
    let host = host(engine).await;
    let mut root = Api::root(&host);
    for (body, status, said) in [
        ("", 400, "no JSON"),
        ("{", 400, "no JSON"),
        ("[]", 400, "not a list"),
        ("null", 400, "the body"),
        ("\"x\"", 400, "the body"),
        (r#"{"cross_origin":"allow"}"#, 400, "did you mean `cross-origin`?"),
        (r#"{"cross-origin":"alow"}"#, 400, "did you mean `allow`?"),
        (r#"{"routes":["no route"]}"#, 400, "no route"),
        (r#"{"routes":[]}"#, 400, "at least one route"),
        (r#"{"keep-versions":0}"#, 400, "keep-versions"),
        (r#"{"keep-versions":-1}"#, 400, "keep-versions"),
        (r#"{"limits":{"nothing":"1"}}"#, 400, "nothing"),
        (r#"{"trusted-origins":["*"]}"#, 400, "trusted-origins"),
        ("{\"trusted-origins\":[\"https://x.example\\u0000\"]}", 400, "trusted-origins"),
        (r#"{"routes":["/a/../b"]}"#, 400, "/a/../b"),
        (r#"{"routes":["/."]}"#, 400, "/."),
        (r#"{"limits":{"memory-per-instance":"1"}}"#, 400, "with less than 1MiB"),
        (r#"{"reset":["everything"]}"#, 400, "everything"),
    ] {
        let answer = root.send(patch(&root, "application/json"), body).await.expect(status);
        assert!(answer.json()["message"].as_str().unwrap().contains(said), "{body}: {answer:?}");
    }
}

async fn what_is_wrong_with_variables_is_said(engine: Engine) {
    let host = host(engine).await;
    let mut root = Api::root(&host);
    for body in [r#"{"set":{"A":null}}"#, r#"{"set":{"A":{}}}"#, r#"{"set":{"A":{"value":"1","from-env":"B"}}}"#] {
        let request = root.request(Method::PATCH, "/apps/probe/config").header("content-type", "application/json");
        let answer = root.send(request, body).await.expect(400);
        let message = answer.json()["message"].as_str().unwrap().to_owned();
        assert!(message.starts_with("the body, at set.A: ") && message.contains("from-env"), "{body}: {message}");
    }
    let values = |numbers: Range<u32>| -> serde_json::Map<_, _> {
        numbers.map(|number| (format!("A{number}"), json!({ "value": "x".repeat(64 << 10) }))).collect()
    };
    root.json(Method::PATCH, "/apps/probe/config", &json!({ "set": values(0..15) })).await.expect(200);
    let more = json!({ "set": values(15..17) });
    let refused = root.json(Method::PATCH, "/apps/probe/config", &more).await.expect(400);
    assert!(refused.text().contains("all values together"), "{refused:?}");
}

async fn what_is_no_json_or_too_large_is_refused(engine: Engine) {
    let host = host(engine).await;
    let mut root = Api::root(&host);
    for media_type in
        ["text/plain", "application/x-www-form-urlencoded", "application/jsonx", "multipart/form-data"]
    {
        let answer = root.send(patch(&root, media_type), "{}").await.expect(415);
        assert_eq!(kind(&answer), "unsupported-media-type");
    }
    root.send(patch(&root, "application/json; charset=utf-8"), "{}").await.expect(200);
    let encoded = patch(&root, "application/json").header("content-encoding", "gzip");
    root.send(encoded, "{}").await.expect(415);
    root.send(root.request(Method::PATCH, "/apps/probe/settings"), "{}").await.expect(415);
    let large = format!("{{\"routes\":[\"/{}\"]}}", "a".repeat(2 << 20));
    let answer = root.send(patch(&root, "application/json"), large).await.expect(413);
    assert_eq!(kind(&answer), "too-large");
}

async fn methods_queries_and_paths_that_are_none_are_refused(engine: Engine) {
    let host = host(engine).await;
    let mut root = Api::root(&host);
    for (path, allow) in
        [("/apps", "GET, HEAD"), ("/apps/probe", "GET, DELETE, HEAD"), ("/apps/probe/promote", "POST")]
    {
        for method in [Method::PUT, Method::OPTIONS] {
            let answer = root.send(root.request(method.clone(), path), Bytes::new()).await;
            assert_eq!((answer.status, answer.header("allow")), (405, Some(allow)), "{method} {path}");
        }
    }
    let overridden = root.request(Method::POST, "/apps/probe").header("x-http-method-override", "DELETE");
    root.send(overridden, Bytes::new()).await.expect(405);
    for query in ["limit=x", "limit=-1", "limt=1", "limit=1&limit=2", "app=%00", "before=99999999999999999999"] {
        let answer = root.get(&format!("/audit?{query}")).await.expect(400);
        assert_eq!(kind(&answer), "invalid", "{query}");
    }
    let head = root.send(root.request(Method::HEAD, "/apps"), Bytes::new()).await.expect(200);
    assert!(head.body.is_empty() && head.header("content-type") == Some("application/json"), "{head:?}");
    root.get("/apps/probe/versions/7").await.expect(404);
    root.get("/apps/probe/versions/x").await.expect(404);
    root.get("/apps/probe/versions/99999999999999999999").await.expect(404);
    root.get("/apps/nobody").await.expect(404);
}

async fn a_path_has_one_meaning_for_router_and_guard(engine: Engine) {
    let host = host(engine).await;
    let mut root = Api::root(&host);
    root.get("/%61pps/%70robe").await.expect(200);
    for path in [
        "/",
        "//apps",
        "/apps/",
        "/apps//probe",
        "/apps/../apps",
        "/apps/%2e%2e/apps",
        "/apps/..;/apps",
        "/Apps",
        "/apps/probe%2Fversions",
        "/apps/probe%00",
        "/apps/%ff",
        "/apps;x",
        "/nothing",
    ] {
        let answer = root.visitor.send(root.request(Method::GET, path), Full::<Bytes>::default()).await;
        assert!([400, 404].contains(&answer.status), "{path}: {answer:?}");
    }
    // None of these is the API: they are pages of the app, or nothing.
    for path in ["/%5finnkeeper/admin/api/apps", "//_innkeeper/admin/api/apps", "/x/../_innkeeper/admin/api/apps"]
    {
        let request = Request::get(path).header("authorization", format!("Bearer {}", super::ROOT));
        let answer = host.visitor().send(request, Full::<Bytes>::default()).await;
        assert!(!answer.body.starts_with(b"[{\"name\""), "{path}: {answer:?}");
    }
    let nobody = Request::get(format!("{API}/%61pps"));
    host.visitor().send(nobody, Full::<Bytes>::default()).await.expect(401);
    let document = host.visitor().get(&format!("{API}/openapi.json")).await.expect(200);
    assert_eq!(document.json()["openapi"], "3.1.0");
    let dotted = Request::get(format!("{API}/apps")).header("host", "a.example.");
    host.visitor().send(dotted, Full::<Bytes>::default()).await.expect(401);
}

async fn an_app_is_looked_at_changed_and_deleted(engine: Engine) {
    let host = TestHost::with(engine).app("probe", "probe").app("hello", "hello");
    let host = host.env(super::ROOT_VARIABLE, super::ROOT).start().await;
    let mut root = Api::root(&host);
    let apps = root.get("/apps").await.expect(200).json();
    assert_eq!((apps[0]["name"].as_str(), apps[1]["name"].as_str()), (Some("hello"), Some("probe")));
    let download = root.get("/apps/hello/versions/1/component").await.expect(200);
    assert_eq!(
        (download.header("content-type"), &download.body[..]),
        (Some("application/wasm"), &component("hello")[..])
    );
    let changes = json!({ "routes": ["/hello", "hello.example"], "keep-versions": 3 });
    let settings = root.json(Method::PATCH, "/apps/hello/settings", &changes).await.expect(200).json();
    assert_eq!(
        (&settings["routes"], &settings["keep_versions"]),
        (&json!(["/hello", "hello.example"]), &json!(3))
    );
    let taken = root.json(Method::PATCH, "/apps/hello/settings", &json!({ "routes": ["/"] })).await.expect(409);
    assert!(taken.text().contains("belongs to app probe"), "{taken:?}");
    assert_eq!(root.get("/apps/hello/deletion").await.expect(200).json()["versions"], 1);
    for query in ["", "?confirm=probe", "?confirm=", "?keep-data=true", "?confirm=hello&keep_data=true"] {
        let request = root.request(Method::DELETE, &format!("/apps/hello{query}"));
        root.send(request, Bytes::new()).await.expect(400);
    }
    let request = root.request(Method::DELETE, "/apps/hello?confirm=hello");
    assert_eq!(root.send(request, Bytes::new()).await.expect(200).json()["data_kept"], false);
    root.get("/apps/hello").await.expect(404);
    let keys = root.get("/keys").await.expect(200).json();
    let made = root.json(Method::POST, "/keys", &json!({ "revoke": true })).await.expect(200).json();
    assert_ne!(keys[0]["key"], made["key"]);
    assert_eq!(root.get("/keys").await.expect(200).json().as_array().map(Vec::len), Some(1));
    let limits = root.get("/limits").await.expect(200).json();
    assert!(limits.as_array().is_some_and(|limits| limits.len() > 20), "{limits}");
}
