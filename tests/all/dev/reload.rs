//! Pages that load themselves again.

use std::time::Duration;

use serde_json::{Value, json};
use support::chromium::Chromium;
use support::{Visitor, paths, until};

use super::{BUILD, Project, answers, start};

/// What is added to pages.
const SCRIPT: &str = "<script src=\"/_innkeeper/dev/reload.js\"";

fn html(headers: &[[&str; 2]], body: &str) -> Value {
    let headers = [&[["content-type", "text/html; charset=utf-8"]], headers].concat();
    json!([{ "op": "respond", "status": 200, "headers": headers, "body": body }])
}

#[tokio::test(flavor = "multi_thread")]
async fn only_pages_get_the_script_and_their_policy_allows_it() {
    let project = Project::new("probe", BUILD, "");
    let (_serving, mut visitor) = start(project.dev(&["--reload"])).await;
    until("the app answers", async || (visitor.get("/hello").await.status == 200).then_some(())).await;
    visitor.get("/_innkeeper/dev/reload.js").await.expect(200);
    let policy = ["content-security-policy", "default-src 'self'"];
    let length = ["content-length", "10"];
    let path = Visitor::path_with_steps("/page", &html(&[policy, ["etag", "\"1\""], length], "<h1>x</h1>"));
    let page = visitor.get(&path).await.expect(200);
    let (before, tag) = page.text().split_once(SCRIPT).unwrap_or_else(|| panic!("{page:?}"));
    assert!(before.starts_with("<h1>x</h1>") && page.header("etag").is_none(), "{page:?}");
    let nonce = tag.split("nonce=\"").nth(1).and_then(|rest| rest.split('"').next()).expect("a nonce");
    let policy = format!("default-src 'self'; script-src-elem 'self' 'nonce-{nonce}'; connect-src 'self'");
    assert_eq!(page.header("content-security-policy"), Some(policy.as_str()));
    assert_eq!(page.header("content-length"), Some(page.body.len().to_string().as_str()));
    let text =
        json!([{ "op": "respond", "status": 200, "headers": [["content-type", "text/plain"]], "body": "x" }]);
    assert_eq!(visitor.get(&Visitor::path_with_steps("/page", &text)).await.expect(200).text(), "x");
    let fragment = visitor.get_with(&path, "sec-fetch-dest", "empty").await.expect(200);
    assert!(fragment.text().starts_with("<h1>x</h1>") && !fragment.text().contains(SCRIPT), "{fragment:?}");
    assert_eq!(visitor.method(http::Method::HEAD, &path).await.expect(200).body.len(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_the_option_no_page_is_touched() {
    let project = Project::new("probe", BUILD, "");
    let (_serving, mut visitor) = start(project.dev(&[])).await;
    until("the app answers", async || (visitor.get("/hello").await.status == 200).then_some(())).await;
    let path = Visitor::path_with_steps("/page", &html(&[["etag", "\"1\""]], "<h1>x</h1>"));
    let page = visitor.get(&path).await.expect(200);
    assert!(page.text().starts_with("<h1>x</h1>") && !page.text().contains("<script"), "{page:?}");
    assert_eq!(page.header("etag"), Some("\"1\""));
    visitor.get("/_innkeeper/dev/events").await.expect(404);
}

/// A page in a browser, with a policy that allows nothing: it shows a failed build by itself, then
/// the mended app, and the visitor is still the same one.
#[tokio::test(flavor = "multi_thread")]
async fn a_page_in_a_browser_follows_each_build() {
    let build = "! test -f broken || { echo the reason; exit 1; }; cp $(cat which) app.wasm";
    let project = Project::new("probe", build, "");
    let (serving, mut visitor) = start(project.dev(&["--reload"])).await;
    let address = serving.address().await;
    until("the app answers", async || (visitor.get("/hello").await.status == 200).then_some(())).await;
    let counting = json!([
        { "op": "session.get", "key": "times" },
        { "op": "session.set", "key": "times", "value": "once" },
        { "op": "respond", "status": 200, "headers": [
            ["content-type", "text/html"], ["content-security-policy", "default-src 'none'"],
        ] },
    ]);
    let mut browser = Chromium::start().await;
    browser.open(&format!("http://{address}{}", Visitor::path_with_steps("/page", &counting))).await;
    let shows = async |browser: &mut Chromium, text: &str| {
        let looks = async || {
            let whole = "document.readyState === 'complete' ? document.body.innerText : ''";
            browser.try_run(whole).await?.as_str()?.contains(text).then_some(())
        };
        until("the page shows it by itself", looks).await;
    };
    let loaded_at = async |browser: &mut Chromium| browser.run("performance.timeOrigin").await;
    let first = loaded_at(&mut browser).await;
    project.write("broken", "");
    shows(&mut browser, "the reason").await;
    std::fs::remove_file(project.path("broken")).expect("a file");
    shows(&mut browser, "once").await;
    let mended = loaded_at(&mut browser).await;
    assert_ne!(first, mended);
    // Nothing has changed, so nothing is loaded again.
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(loaded_at(&mut browser).await, mended);
    // Not in one step, as many editors do.
    std::fs::write(project.path("which"), paths::guest("page").to_str().expect("a UTF-8 path")).expect("a file");
    answers(&mut visitor, "visits=").await;
    shows(&mut browser, "visits=").await;
    serving.signal("TERM");
    let ended = tokio::time::timeout(Duration::from_secs(18), serving.ended()).await;
    assert!(ended.is_ok_and(|status| status.success()), "a page that listens keeps nobody from stopping");
    browser.end().await;
}

/// A service worker that always answers with the page that it has kept, and that has kept what the
/// host has made of it.
#[tokio::test(flavor = "multi_thread")]
async fn a_page_that_a_service_worker_keeps_old_is_not_loaded_for_ever() {
    const WORKER: &str = "addEventListener('install', () => skipWaiting());
        addEventListener('activate', (event) => event.waitUntil(
          registration.navigationPreload.enable().then(() => clients.claim())));
        addEventListener('fetch', (event) => {
          if (event.request.mode !== 'navigate') return;
          event.respondWith((async () => {
            const kept = await caches.open('pages');
            const known = await kept.match(event.request);
            if (known) return known;
            const page = await event.preloadResponse;
            await kept.put(event.request, page.clone());
            return page;
          })());
        });";
    const COUNT: &str = "<script>localStorage.loads = Number(localStorage.loads ?? 0) + 1</script>old";
    let project = Project::new("probe", BUILD, "");
    let (serving, mut visitor) = start(project.dev(&["--reload"])).await;
    let address = serving.address().await;
    until("the app answers", async || (visitor.get("/hello").await.status == 200).then_some(())).await;
    let worker = json!([{
        "op": "respond", "status": 200, "headers": [["content-type", "text/javascript"]], "body": WORKER,
    }]);
    let worker = Visitor::path_with_steps("/worker", &worker);
    let mut browser = Chromium::start().await;
    let page = format!("http://{address}{}", Visitor::path_with_steps("/page", &html(&[], COUNT)));
    browser.open(&page).await;
    let register = format!(
        "navigator.serviceWorker.register('{worker}').then(() => navigator.serviceWorker.ready).then(() => 1)"
    );
    assert_eq!(browser.run(&register).await, 1);
    // Through the worker, which keeps it.
    browser.open(&page).await;
    assert_eq!(browser.run("localStorage.loads").await, "2");
    std::fs::write(project.path("which"), paths::guest("page").to_str().expect("a UTF-8 path")).expect("a file");
    answers(&mut visitor, "visits=").await;
    let gave_up = async || {
        let stored = browser.try_run("Object.values(sessionStorage).join()").await?;
        stored.as_str()?.ends_with(" 4").then_some(())
    };
    until("the page is loaded no more", gave_up).await;
    assert_eq!(
        browser.run("document.readyState + document.body.innerText + localStorage.loads").await,
        "completeold5"
    );
    browser.end().await;
}
