//! What the author of an app sees of what fails, and what nobody else does.

use http::{Request, header};
use serde_json::{Value, json};
use support::process::Serving;
use support::{Answer, Visitor, paths, until};

use super::{Project, answers, start};

/// What browsers send with the address of a page.
const PAGE: &str = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";
/// Fails, with colours, where there is a file `broken`.
const BUILD: &str = "! test -f broken || { printf '\\\\033[31merror\\\\033[0m: <no> semicolon\\\\n' >&2; exit 3; }; cp $(cat which) app.wasm";

async fn page(visitor: &mut Visitor, path: &str) -> Answer {
    visitor.get_with(path, "accept", PAGE).await
}

/// A page that probes, with these steps.
async fn probed(visitor: &mut Visitor, steps: &Value) -> Answer {
    page(visitor, &Visitor::path_with_steps("/page", steps)).await
}

async fn not_built(visitor: &mut Visitor) -> Answer {
    let mut found = None;
    let shown = async || {
        let answer = page(visitor, "/").await;
        let is_failure = answer.text().contains("The app could not be built");
        found = Some(answer);
        is_failure.then_some(())
    };
    until("the page says that the build has failed", shown).await;
    found.expect("a page").expect(500)
}

async fn probing() -> (Project, Serving, Visitor) {
    let project =
        Project::new("probe", super::BUILD, "[config]\ngreeting = \"a secret greeting\"\nname = \"x\"\n");
    let (serving, mut visitor) = start(project.dev(&[])).await;
    until("the app answers", async || (visitor.get("/hello").await.status == 200).then_some(())).await;
    (project, serving, visitor)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_says_why_the_build_failed_and_the_last_good_version_is_one_click_away() {
    let project = Project::new("page", BUILD, "");
    let (serving, mut visitor) = start(project.dev(&[])).await;
    answers(&mut visitor, "visits=1").await;
    project.write("broken", "");
    serving.logs().wait_for("failed (exit status: 3)").await;
    // As it was printed. The line above names the command, which has another spelling of it.
    serving.logs().wait_for("\u{1b}[31merror").await;
    let failed = not_built(&mut visitor).await;
    assert_eq!(failed.header("cache-control"), Some("no-store"));
    let text = failed.text();
    assert!(text.contains("failed (exit status: 3)") && text.contains("error: &lt;no&gt; semicolon"), "{text}");
    assert!(!text.contains('\u{1b}') && !text.contains("<script"), "{text}");
    assert!(
        visitor.get("/").await.expect(200).text().starts_with("visits="),
        "programs get the last good version"
    );
    let request = Request::get("/").header(header::ACCEPT, PAGE).header("sec-fetch-dest", "empty");
    let by_script = visitor.send(request, http_body_util::Full::<bytes::Bytes>::default()).await;
    assert!(by_script.expect(200).text().starts_with("visits="), "so do scripts of pages");
    let (_, link) = text.split_once("href=\"").expect("a link");
    let link = link.split('"').next().expect("its end").replace("&amp;", "&");
    let went_on = page(&mut visitor, &link).await.expect(303);
    assert_eq!(went_on.header("location"), Some("/"));
    assert!(page(&mut visitor, "/").await.expect(200).text().starts_with("visits="), "the last good version");
    // Another build that fails is another reason.
    project.write("which", "/dev/null");
    not_built(&mut visitor).await;
    std::fs::remove_file(project.path("broken")).expect("a file");
    let refused = async || {
        let answer = page(&mut visitor, "/").await.expect(500);
        answer.text().contains("app.wasm is empty: not a WebAssembly component").then_some(())
    };
    until("the page says that the component is none", refused).await;
    project.write("which", paths::guest("page").to_str().expect("a UTF-8 path"));
    let mended = async || (page(&mut visitor, "/").await.status == 200).then_some(());
    until("the app is back", mended).await;
    let visits = page(&mut visitor, "/").await.expect(200);
    assert!(!visits.text().starts_with("visits=1 "), "the session has been kept: {visits:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_says_why_the_first_build_failed() {
    let project = Project::new("page", BUILD, "");
    project.write("broken", "");
    let (_serving, mut visitor) = start(project.dev(&[])).await;
    let failed = not_built(&mut visitor).await;
    let text = failed.text();
    assert!(text.contains("error: &lt;no&gt; semicolon") && !text.contains("last good version"), "{text}");
    assert!(visitor.get("/").await.expect(503).text().contains("could not be built"));
    std::fs::remove_file(project.path("broken")).expect("a file");
    answers(&mut visitor, "visits=").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_shows_a_trap_and_what_its_request_has_printed() {
    let (_project, serving, mut visitor) = probing().await;
    let steps = json!([
        { "op": "session.set", "key": "a", "value": "1" },
        { "op": "config", "key": "greeting" },
        { "op": "stderr", "text": "<tables> are a secret greeting\n" },
        { "op": "trap" },
    ]);
    let trapped = probed(&mut visitor, &steps).await.expect(500);
    let text = trapped.text();
    for shown in ["wasm `unreachable` instruction", "&lt;tables&gt; are (the setting greeting)", "500 Internal"] {
        assert!(text.contains(shown), "{shown}: {text}");
    }
    assert!(!text.contains("a secret greeting"), "{text}");
    serving.logs().wait_for("wasm backtrace").await;
    // Programs get what visitors get.
    let path = Visitor::path_with_steps("/page", &steps);
    let plain = visitor.get(&path).await.expect(500);
    assert!(!plain.text().contains("unreachable") && plain.text().contains("Something went wrong"), "{plain:?}");
    let json = visitor.get_with(&path, "accept", "application/json").await.expect(500);
    assert_eq!(json.header("content-type"), Some("application/problem+json"));
    // Of another request nothing is shown.
    let other = probed(&mut visitor, &json!([{ "op": "trap" }])).await.expect(500);
    assert!(other.text().contains("printed nothing") && !other.text().contains("tables"), "{other:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_shows_what_a_guest_answers_that_says_that_it_failed() {
    let (_project, _serving, mut visitor) = probing().await;
    let respond = |status: u16, kind: &str, body: &str| {
        json!([
            { "op": "stderr", "text": "Traceback: no such column" },
            { "op": "respond", "status": status, "headers": [["content-type", kind], ["set-cookie", "a=b"]], "body": body },
        ])
    };
    let failed = probed(&mut visitor, &respond(503, "text/plain", "<come> back")).await.expect(503);
    for shown in ["Traceback: no such column", "&lt;come&gt; back", "503 Service Unavailable"] {
        assert!(failed.text().contains(shown), "{shown}: {failed:?}");
    }
    assert_eq!(failed.header("set-cookie"), Some("a=b"));
    let own_page = probed(&mut visitor, &respond(500, "text/html", "<h1>Sorry</h1>")).await.expect(500);
    assert!(own_page.text().contains("srcdoc=\"&lt;h1&gt;Sorry&lt;/h1&gt;\""), "{own_page:?}");
    let fine = probed(&mut visitor, &respond(404, "text/plain", "not here")).await.expect(404);
    assert_eq!(fine.text(), "not here");
    let path = Visitor::path_with_steps("/page", &respond(500, "text/plain", "down"));
    assert_eq!(visitor.get(&path).await.expect(500).text(), "down", "programs get the app's own answer");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_shows_that_the_time_is_up() {
    let project = Project::new("probe", super::BUILD, "");
    let mut dev = project.dev(&[]);
    dev.env("INNKEEPER_WALL_PER_REQUEST", "1s");
    let (_serving, mut visitor) = start(dev).await;
    until("the app answers", async || (visitor.get("/hello").await.status == 200).then_some(())).await;
    let steps = json!([{ "op": "stderr", "text": "waiting\n" }, { "op": "spin" }]);
    let late = probed(&mut visitor, &steps).await;
    assert!(late.status >= 500 && late.text().contains("waiting"), "{late:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_routes_of_a_development_are_there_in_dev_alone() {
    let mut host = support::TestHost::of(support::Engine::Sqlite, "page", "page").await;
    for path in ["reload.js", "events", "last-good?build=a&to=/"] {
        host.visitor().get(&format!("/_innkeeper/dev/{path}")).await.expect(404);
    }
    let answer = host.visitor().get_with("/", "accept", PAGE).await.expect(200);
    assert!(!answer.text().contains("<script"), "{answer:?}");
    host.kill9().await;
}

/// Another site may have its name lead to this machine, so that its scripts read what comes.
#[tokio::test(flavor = "multi_thread")]
async fn another_site_does_not_read_why_the_build_failed() {
    let project = Project::new("page", BUILD, "");
    project.write("broken", "");
    let (_serving, mut visitor) = start(project.dev(&[])).await;
    not_built(&mut visitor).await;
    for (host, is_shown) in [("localhost:8080", true), ("[::1]:8080", true), ("attacker.example:8080", false)] {
        let request = Request::get("/").header(header::HOST, host).header(header::ACCEPT, PAGE);
        let answer = visitor.send(request, http_body_util::Full::<bytes::Bytes>::default()).await;
        assert!(answer.status >= 500, "{host}: {answer:?}");
        assert_eq!(answer.text().contains("semicolon"), is_shown, "{host}: {answer:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_visitor_of_a_host_sees_nothing_of_what_a_guest_has_printed() {
    let mut host = support::TestHost::of(support::Engine::Sqlite, "probe", "probe").await;
    let mut visitor = host.visitor();
    let print = json!({ "op": "stderr", "text": "between us\n" });
    let trapped = probed(&mut visitor, &json!([print, { "op": "trap" }])).await.expect(500);
    assert!(trapped.text().contains("Something went wrong"), "{trapped:?}");
    assert!(!trapped.text().contains("between us") && !trapped.text().contains("unreachable"), "{trapped:?}");
    let headers = json!([["content-type", "text/html"]]);
    let respond = json!({ "op": "respond", "status": 500, "headers": headers, "body": "<h1>Sorry</h1>" });
    let failed = probed(&mut visitor, &json!([print, respond])).await.expect(500);
    assert_eq!(failed.text(), "<h1>Sorry</h1>");
    host.kill9().await;
}
