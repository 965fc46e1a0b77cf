//! Components come in pieces.

use super::{Api, component, host, kind};
use http::Method;
use serde_json::json;
use std::io::Write;
use std::net::TcpStream;
use support::{Engine, TestHost};

on_both_databases! {
    an_upload_that_breaks_off_goes_on_at_another_host,
    what_is_not_what_was_announced_is_refused,
    an_upload_is_bounded,
    what_is_stored_already_is_not_brought_again,
    uploads_that_are_left_are_swept,
}

async fn an_upload_that_breaks_off_goes_on_at_another_host(engine: Engine) {
    let host = host(engine).await;
    let (_other, elsewhere) = host.twin().await;
    let (mut here, mut there) = (Api::root(&host), Api::new(elsewhere, super::ROOT));
    let bytes = component("hostile");
    let sha256 = support::bytes::sha256(&bytes);
    let wanted = json!({ "sha256": sha256, "size": bytes.len() });
    let begun = here.post("/apps/new/uploads", &wanted).await.expect(200).json();
    assert_eq!((&begun["offset"], &begun["complete"]), (&json!(0), &json!(false)));
    let id = begun["id"].as_str().unwrap();
    let path = format!("/apps/new/uploads/{id}");
    here.piece("new", id, 0, &bytes[..100_000]).await.expect(200);
    // This one breaks off in the middle: nothing of it counts.
    let mut socket = TcpStream::connect(host.address()).unwrap();
    let head = format!(
        "PATCH {}{path} HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer {}\r\nUpload-Offset: 100000\r\n\
         Content-Type: application/octet-stream\r\nContent-Length: 50000\r\n\r\n",
        super::API,
        super::ROOT
    );
    socket.write_all(head.as_bytes()).unwrap();
    socket.write_all(&bytes[100_000..120_000]).unwrap();
    drop(socket);
    let head = there.send(there.request(Method::HEAD, &path), "").await.expect(200);
    assert_eq!((head.header("upload-offset"), head.body.len()), (Some("100000"), 0));
    let wrong = there.piece("new", id, 90_000, &bytes[90_000..]).await.expect(409);
    assert_eq!((wrong.header("upload-offset"), kind(&wrong).as_str()), (Some("100000"), "conflict"));
    // Whoever begins anew finds what is there.
    let again = there.post("/apps/new/uploads", &wanted).await.expect(200).json();
    assert_eq!((&again["id"], &again["offset"]), (&begun["id"], &json!(100_000)));
    let done = there.piece("new", id, 100_000, &bytes[100_000..]).await.expect(200).json();
    assert_eq!((&done["offset"], &done["complete"]), (&json!(bytes.len()), &json!(true)));
    assert_eq!(here.get(&path).await.expect(200).json()["complete"], true);
    // Whoever is wrong about its size does not undo it.
    let larger = json!({ "sha256": sha256, "size": bytes.len() + 1 });
    there.post("/apps/new/uploads", &larger).await.expect(409);
    assert_eq!(there.post("/apps/new/uploads", &wanted).await.expect(200).json()["complete"], true);
    let more = here.piece("new", id, bytes.len(), b"x").await.expect(413);
    assert_eq!(kind(&more), "too-large");
}

async fn what_is_not_what_was_announced_is_refused(engine: Engine) {
    let host = host(engine).await;
    let mut api = Api::root(&host);
    let bytes = component("hello");
    let wanted = json!({ "sha256": "0".repeat(64), "size": bytes.len() });
    let id = api.post("/apps/new/uploads", &wanted).await.expect(200).json()["id"].as_str().unwrap().to_owned();
    let refused = api.piece("new", &id, 0, &bytes).await.expect(422);
    assert!(refused.text().contains(&support::bytes::sha256(&bytes)), "{refused:?}");
    api.get(&format!("/apps/new/uploads/{id}")).await.expect(404);
    let deploy = json!({ "sha256": "0".repeat(64) });
    let refused = api.post("/apps/new/deployments", &deploy).await.expect(409);
    assert!(refused.text().contains("bring it first"), "{refused:?}");
    // Whoever begins anew where the last piece was never looked at is told, and can go on.
    let sha256 = api.bring("new", &bytes).await;
    let parts = host.database().host_table("component_upload_parts");
    host.database().host_rows(&format!("update {parts} set data = 'x'")).await;
    let wanted = json!({ "sha256": sha256, "size": bytes.len() });
    assert_eq!(kind(&api.post("/apps/new/uploads", &wanted).await.expect(422)), "unfit");
    assert_eq!(api.post("/apps/new/uploads", &wanted).await.expect(200).json()["offset"], 0);
}

async fn an_upload_is_bounded(engine: Engine) {
    let host = TestHost::with(engine).env(super::ROOT_VARIABLE, super::ROOT);
    let host = host.env("INNKEEPER_COMPONENT_BYTES", "1MiB").start().await;
    let mut api = Api::root(&host);
    let wanted = |number: usize, size: u64| json!({ "sha256": format!("{number:064x}"), "size": size });
    api.post("/apps/new/uploads", &wanted(1, (1 << 20) + 1)).await.expect(413);
    api.post("/apps/new/uploads", &wanted(1, 0)).await.expect(400);
    for wrong in [json!({ "sha256": "00", "size": 1 }), json!({ "sha256": "g".repeat(64), "size": 1 }), json!({})]
    {
        api.post("/apps/new/uploads", &wrong).await.expect(400);
    }
    api.post("/apps/No/uploads", &wanted(1, 1)).await.expect(400);
    for number in 0..8 {
        api.post("/apps/new/uploads", &wanted(number, 1 << 20)).await.expect(200);
    }
    let refused = api.post("/apps/new/uploads", &wanted(8, 1 << 20)).await.expect(429);
    assert!(refused.header("retry-after").is_some() && kind(&refused) == "too-many", "{refused:?}");
    let id = api.post("/apps/new/uploads", &wanted(7, 1 << 20)).await.expect(200).json()["id"]
        .as_str()
        .unwrap()
        .to_owned();
    api.piece("new", &id, 0, &vec![0; (4 << 20) + 1]).await.expect(413);
    api.piece("new", &id, 0, &vec![0; (1 << 20) + 1]).await.expect(413);
    api.piece("new", &id, 0, b"").await.expect(400);
    let request = api.request(Method::PATCH, &format!("/apps/new/uploads/{id}"));
    api.send(request.header("content-type", "application/octet-stream"), "x").await.expect(400);
    let request = api.request(Method::PATCH, &format!("/apps/new/uploads/{id}")).header("upload-offset", "0");
    api.send(request.header("content-type", "application/json"), "x").await.expect(415);
}

async fn what_is_stored_already_is_not_brought_again(engine: Engine) {
    let host = host(engine).await;
    let mut root = Api::root(&host);
    let bytes = component("probe");
    let wanted = json!({ "sha256": support::bytes::sha256(&bytes), "size": bytes.len() });
    let view = root.post("/apps/other/uploads", &wanted).await.expect(200).json();
    assert_eq!((&view["id"], &view["complete"]), (&json!(null), &json!(true)));
    // To know the hash of another app's component is no right to it.
    let token = root.make_token(&["deploy:other"]).await;
    let mut api = Api::new(host.visitor(), &token);
    let view = api.post("/apps/other/uploads", &wanted).await.expect(200).json();
    assert_eq!(view["complete"], false, "{view}");
    api.post("/apps/other/deployments", &json!({ "sha256": wanted["sha256"] })).await.expect(409);
    let token = root.make_token(&["deploy:probe"]).await;
    let view = Api::new(host.visitor(), &token).post("/apps/probe/uploads", &wanted).await.expect(200).json();
    assert_eq!(view["complete"], true, "{view}");
}

async fn uploads_that_are_left_are_swept(engine: Engine) {
    let mut host = TestHost::with(engine).env(super::ROOT_VARIABLE, super::ROOT).start().await;
    let mut api = Api::root(&host);
    let wanted = json!({ "sha256": "0".repeat(64), "size": 10 });
    let id = api.post("/apps/new/uploads", &wanted).await.expect(200).json()["id"].as_str().unwrap().to_owned();
    api.piece("new", &id, 0, b"12345").await.expect(200);
    host.sweep_soon().await;
    let table = host.database().host_table("component_uploads");
    let older = format!("update {table} set touched_at = touched_at - 3600000000");
    host.database().host_rows(&older).await;
    support::until("the upload is swept", async || {
        (api.get(&format!("/apps/new/uploads/{id}")).await.status == 404).then_some(())
    })
    .await;
    let parts = host.database().host_table("component_upload_parts");
    assert_eq!(host.database().host_rows(&format!("select count(*) from {parts}")).await, [["0"]]);
}
