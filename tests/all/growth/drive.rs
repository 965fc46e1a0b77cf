//! All that a host and its commands do, once or a few times.

use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering};

use bytes::Bytes;
use http::Method;
use http_body_util::Full;
use serde_json::{Value, json};
use support::multipart::Multipart;
use support::probe::{all_ok, ok, op};
use support::{TestHost, Visitor, command, until};

use super::plans::OWN;
use crate::sessions::table;

/// What ends many sessions is explained row by row, and some commands read all there is.
pub(super) const STATEMENT_TIME: (&str, &str) = ("INNKEEPER_STATEMENT_TIME", "60s");

/// Of the operator.
pub(super) const TOKEN: &str = "a-token-of-the-operator-0123456789";

/// Prepared statements are run so often that the server would choose a plan for any values.
const TIMES: usize = 6;

/// Does everything.
pub(super) async fn everything(host: &TestHost) {
    sessions(host).await;
    blobs(host).await;
    uploads(host).await;
    tables(host).await;
    let swept = async || {
        let sql = format!(
            "{OWN} select count(*) from {} where app = 'probe' and idle_expires_at < 4000000",
            table(host, "sessions")
        );
        (host.database().app_value("probe", &sql).await == "0").then_some(())
    };
    until("what has ended is swept", swept).await;
    let bearer = format!("Bearer {TOKEN}");
    // An app whose counting takes longer than a second is left out for some seconds.
    let figures = until("the figures are counted in time", async || {
        let answer = host.visitor().get_with("/_innkeeper/metrics", "authorization", &bearer).await.expect(200);
        answer.text().contains(r#"innkeeper_sessions{app="probe"}"#).then(|| answer.text().to_owned())
    })
    .await;
    assert_about(&figures, r#"innkeeper_sessions{app="probe"}"#);
    assert_about(&figures, r#"innkeeper_blobs{app="probe",state="kept"}"#);
    commands(host).await;
    super::admin::everything(host).await;
}

/// The figures of an app with very many rows are estimates.
fn assert_about(figures: &str, name: &str) {
    let line =
        figures.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_else(|| panic!("no {name}: {figures}"));
    let number: f64 = line.trim().parse().expect("a number");
    let is_about =
        [400_000.0, 500_000.0, 900_000.0, 1_000_000.0].iter().any(|there| (number / there - 1.0).abs() < 0.08);
    assert!(is_about, "{name} {number}");
}

async fn sessions(host: &TestHost) {
    let set = |key: &str, value: &str| json!({ "op": "session.set", "key": key, "value": value });
    let step = |name: &str, key: &str| json!({ "op": name, "key": key });
    for _ in 0..TIMES {
        let mut visitor = host.visitor();
        all_ok(&visitor.probe(json!([set("a", "1"), { "op": "session.flash", "message": "m" }])).await);
        all_ok(&visitor.probe(json!([step("session.get", "a"), op("session.get-keys"), set("a", "2")])).await);
        all_ok(&visitor.probe(json!([{ "op": "session.renew", "user": "Ada" }])).await);
        all_ok(
            &visitor
                .probe(json!([
                    { "op": "session.increment", "key": "n", "by": 2 },
                    { "op": "session.compare-and-set", "key": "c", "expected": null, "value": "1" },
                    { "op": "session.compare-and-set", "key": "c", "expected": "1", "value": "2" },
                    op("session.take-flash"),
                    step("session.remove", "a"),
                    step("session.get", "n"),
                    { "op": "session.set-expiry", "idle-seconds": 600, "absolute-seconds": 7200 },
                ]))
                .await,
        );
        // As if it had not been used for a while, so that this is noted.
        let idle = format!(
            "{OWN} update {} set used_at = used_at - 600000000 where app = 'probe' and user_name = 'Ada'",
            table(host, "sessions")
        );
        host.database().app_rows("probe", &idle).await;
        all_ok(&visitor.probe(json!([step("session.get", "c")])).await);
        all_ok(&visitor.probe(json!([op("session.destroy")])).await);
        let mut other = host.visitor();
        all_ok(&other.probe(json!([{ "op": "session.renew", "user": "Grace" }])).await);
        all_ok(&other.probe(json!([{ "op": "session.destroy-all", "user": "Grace" }])).await);
    }
}

/// Runs steps at a path.
async fn run(visitor: &mut Visitor, path: &str, steps: &Value) {
    let answer = visitor.send(Visitor::with_steps(path, steps), Full::<Bytes>::default()).await.expect(200).json();
    answer.as_array().expect("results").iter().for_each(|result| drop(ok(result).clone()));
}

/// Sends steps with a body.
async fn upload(visitor: &mut Visitor, content_type: &str, body: Vec<u8>, steps: Value) -> Value {
    let request = Visitor::with_steps("/upload", &steps).header("content-type", content_type);
    let answer = visitor.send(request, Full::new(Bytes::from(body))).await.expect(200).json();
    answer.as_array().expect("results").iter().for_each(|result| drop(ok(result).clone()));
    answer
}

async fn blobs(host: &TestHost) {
    let mut visitor = host.visitor();
    for _ in 0..TIMES {
        let form = Multipart::new().field("text", "x").file("file", "a.txt", "text/plain", &vec![b'a'; 300_000]);
        upload(&mut visitor, &form.content_type(), form.body(), json!([{ "op": "blob.receive-form" }])).await;
        let steps = json!([
            { "op": "blob.receive-body", "name": "b.txt" },
            { "op": "blob.stat", "id": "$0.ok.id" },
            { "op": "blob.keep", "id": "$0.ok.id" },
            { "op": "blob.open", "id": "$0.ok.id", "first": 10 },
            { "op": "reader.read", "reader": 0, "max": 100 },
            { "op": "blob.list", "limit": 10 },
        ]);
        let blob = upload(&mut visitor, "text/plain", vec![b'b'; 600_000], steps).await[0]["ok"]["id"].clone();
        let made = visitor
            .probe(json!([
                { "op": "blob.create", "name": "made.bin", "content-type": "text/plain" },
                { "op": "writer.write", "writer": 0, "repeat": { "byte": 65, "count": 1000, "calls": 1 } },
                { "op": "writer.finish", "writer": 0 },
            ]))
            .await;
        all_ok(&made);
        // One that is left half made.
        let left = visitor
            .probe_answer(json!([
                { "op": "blob.create", "content-type": "text/plain" },
                { "op": "writer.write", "writer": 0, "repeat": { "byte": 65, "count": 300_000, "calls": 1 } },
                op("trap"),
            ]))
            .await;
        left.expect(500);
        for range in ["bytes=0-", "bytes=300000-300010"] {
            let steps = json!([{ "op": "blob.send", "id": blob }]);
            let request =
                http::Request::get("/file").header("probe-steps", steps.to_string()).header("range", range);
            visitor.send(request, Full::<Bytes>::default()).await.expect(206);
        }
        let link = visitor.probe_one(json!({ "op": "blob.sign-download", "id": blob, "seconds": 600 })).await;
        if let Some(path) = ok(&link).as_str() {
            visitor.get(path).await.expect(200);
        }
        all_ok(&visitor.probe(json!([{ "op": "blob.delete", "id": blob }])).await);
    }
}

async fn uploads(host: &TestHost) {
    let mut visitor = host.visitor();
    for _ in 0..TIMES {
        for ends in [true, false] {
            let step = json!({ "op": "blob.sign-upload", "limits": {}, "seconds": 600 });
            let ticket = ok(&visitor.probe_one(step).await).clone();
            let path = ticket["path"].as_str().expect("a path");
            crate::uploads::begin(&mut visitor, path, 600_000).await.expect(201);
            crate::uploads::patch(&mut visitor, path, 0, &vec![b'a'; 300_000]).await.expect(204);
            assert_eq!(crate::uploads::offset(&mut visitor, path).await, Some(300_000));
            if ends {
                crate::uploads::patch(&mut visitor, path, 300_000, &vec![b'a'; 300_000]).await.expect(204);
            }
            crate::uploads::tus(&mut visitor, Method::DELETE, path, &[], "").await.expect(204);
        }
    }
}

async fn tables(host: &TestHost) {
    let migration = json!({ "name": "1", "statements": ["create table notes (id integer primary key)"] });
    let column = |name: &str| json!({ "name": name, "column-type": "integer", "identity": name == "id" });
    let table = json!({ "name": "rows", "columns": [column("id"), column("number")], "primary-key": ["id"] });
    for path in ["/steps", "/small/steps"] {
        for _ in 0..TIMES {
            let steps = json!([
                { "op": "db.migrate", "migrations": [migration] },
                { "op": "db.define-table", "table": table },
            ]);
            run(&mut host.visitor(), path, &steps).await;
        }
    }
}

async fn commands(host: &TestHost) {
    let folder = tempfile::tempdir().expect("a folder");
    let at = |name: &str| folder.path().join(name).to_str().expect("a UTF-8 path").to_owned();
    std::fs::create_dir(folder.path().join("in")).expect("a folder");
    std::fs::write(folder.path().join("in/one.txt"), "one").expect("a file");
    let mut small = host.visitor();
    for _ in 0..3 {
        let steps =
            json!([{ "op": "session.set", "key": "a", "value": "1" }, { "op": "session.renew", "user": "Ada" }]);
        run(&mut small, "/small/steps", &steps).await;
    }
    static COPIES: AtomicU32 = AtomicU32::new(1);
    let copy = format!("copy-{}", COPIES.fetch_add(1, Ordering::Relaxed));
    let route = format!("/{copy}");
    let (files, out, tar) = (at("in"), at("out"), at("small.tar"));
    let list: [&[&str]; 19] = [
        &["migrate"],
        &["apps"],
        &["versions", "--app", "small"],
        &["doctor"],
        &["keys", "list"],
        &["keys", "rotate"],
        &["sessions", "list", "--app", "small"],
        &["sessions", "list", "--app", "probe", "--user", "user 77"],
        &["sessions", "end", "--app", "probe", "--user", "user 77"],
        &["sessions", "sweep", "--app", "probe"],
        &["blobs", "import", &files, "--app", "small"],
        &["blobs", "import", &files, "--app", "small"],
        &["blobs", "export", &out, "--app", "small"],
        &["blobs", "sweep", "--app", "small"],
        &["export", &tar, "--app", "small", "--skip-table", "notes"],
        &["import", &tar, "--app", &copy, "--route", &route],
        &["apps", "set", &copy, "--database-var", "COPY_URL", "--leave-data"],
        &["sessions", "end", "--app", "small", "--all"],
        &["versions", "--app", "probe"],
    ];
    for arguments in list {
        let arguments = [arguments, &host.database().arguments()[..]].concat();
        let mut running = command::innkeeper(&arguments);
        running.env("COPY_URL", host.database().url()).env(STATEMENT_TIME.0, STATEMENT_TIME.1);
        let finished = command::finish(running, support::COMPILE_DEADLINE).await;
        assert!(finished.status.success() || arguments.contains(&"set"), "{arguments:?}: {finished}");
    }
    assert!(Path::new(&tar).is_file());
    let list = ["sessions", "list", "--app", "probe", "--user", "user 78", "--json"];
    let listed = command::on(host.database(), &list).await.succeeded().json();
    let handle = listed[0]["session"].as_str().expect("a session").to_owned();
    command::on(host.database(), &["sessions", "end", "--app", "probe", "--id", &handle]).await.succeeded();
    host.swap("small", "hello").await;
    host.swap("small", "probe").await;
    versions(host, &copy).await;
}

/// What an operator does to versions and settings.
async fn versions(host: &TestHost, copy: &str) {
    let component = support::paths::guest("page");
    let component = component.to_str().expect("a UTF-8 path");
    let list: [&[&str]; 18] = [
        &["rollback", "--app", "small", "--force"],
        &["deploy", component, "--app", "small", "--canary", "10%", "--no-smoke"],
        &["abort", "--app", "small"],
        &["deploy", component, "--app", "small", "--canary", "20%", "--no-smoke"],
        &["promote", "--app", "small"],
        &["rollback", "--app", "small", "--force"],
        &["versions", "get", "small", "-o", "-"],
        &["versions", "prune", "small", "--keep", "1", "--yes"],
        &["config", "set", "--app", "small", "colour=blue"],
        &["config", "unset", "--app", "small", "colour"],
        &["apps", "set", "small", "--route", "/small", "--route", "/smaller", "--keep-versions", "5"],
        &["apps", "set", "small", "--route", "/small"],
        &["hosts"],
        &["audit"],
        &["audit", "--app", "small"],
        &["apps", "show", copy],
        &["apps", "set", copy, "--no-database-var", "--leave-data"],
        &["apps", "delete", copy, "--yes"],
    ];
    for arguments in list {
        let finished = command::on(host.database(), arguments).await;
        assert!(
            finished.status.success() || arguments.contains(&"--no-database-var"),
            "{arguments:?}: {finished}"
        );
    }
}
