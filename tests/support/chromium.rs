//! A real browser without a window, driven over its debugging protocol.
//!
//! Messages are JSON with a NUL behind each, over a pair of pipes. When this process ends, however
//! it does, the pipes are closed, and the browser ends by itself.

use std::process::Stdio;

use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::time::timeout;

use crate::DEADLINE;

/// A browser with a fresh profile. Killed when this value is dropped.
#[derive(Debug)]
pub struct Chromium {
    to: ChildStdin,
    from: BufReader<ChildStdout>,
    calls: u64,
    /// Events that have come since an address was opened: the session of the tab, and the name.
    events: Vec<(String, String)>,
    /// The tab that was opened last.
    tab: Option<Tab>,
    process: Child,
    _profile: TempDir,
}

#[derive(Debug)]
struct Tab {
    target: String,
    session: String,
}

/// What became of an address that was opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Opened {
    /// It was shown, with everything that it loads.
    Shown,
    /// It was offered for saving.
    Saved,
}

impl Chromium {
    /// Starts a browser.
    pub async fn start() -> Self {
        Self::start_with(&[]).await
    }

    /// Starts a browser with further flags.
    pub async fn start_with(flags: &[&str]) -> Self {
        let profile = tempfile::tempdir().expect("a temporary directory");
        // The protocol is spoken on the descriptors 3 and 4. The browser's own sandbox does not
        // work for root, as whom containers run, and the pages are the test's own.
        let mut shell = Command::new("sh");
        shell.args(["-c", r#"exec chromium "$@" 3<&0 4>&1"#, "chromium", "--remote-debugging-pipe"]);
        shell.args(["--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run"]).args(flags);
        shell.arg("about:blank");
        shell.arg(format!("--user-data-dir={}", profile.path().display())).env("TMPDIR", profile.path());
        shell.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).kill_on_drop(true);
        let mut process = shell.spawn().expect("the shell starts");
        let (Some(to), Some(from)) = (process.stdin.take(), process.stdout.take()) else { panic!("two pipes") };
        let mut browser = Self {
            to,
            from: BufReader::new(from),
            calls: 0,
            events: Vec::new(),
            tab: None,
            process,
            _profile: profile,
        };
        browser.call("Browser.setDownloadBehavior", json!({ "behavior": "deny" }), None).await;
        browser
    }

    /// Types an address into a new tab and waits until all of it has been loaded. The tab before is
    /// closed only then: what its scripts have asked for last may still be on its way.
    pub async fn open(&mut self, url: &str) -> Opened {
        let target =
            text(&self.call("Target.createTarget", json!({ "url": "about:blank" }), None).await, "targetId");
        let attach = json!({ "targetId": target, "flatten": true });
        let session = text(&self.call("Target.attachToTarget", attach, None).await, "sessionId");
        self.call("Page.enable", json!({}), Some(&session)).await;
        self.events.clear();
        let navigated = self.call("Page.navigate", json!({ "url": url }), Some(&session)).await;
        let is_saved = navigated.get("isDownload") == Some(&Value::Bool(true));
        assert!(is_saved || navigated.get("errorText").is_none(), "{url}: {navigated}");
        let loaded = (session.clone(), "Page.loadEventFired".to_owned());
        while !is_saved && !self.events.contains(&loaded) {
            let message = self.message().await;
            self.note(&message);
        }
        if let Some(before) = self.tab.replace(Tab { target, session }) {
            self.call("Target.closeTarget", json!({ "targetId": before.target }), None).await;
        }
        if is_saved { Opened::Saved } else { Opened::Shown }
    }

    /// Runs a script in the page that was opened last, as from the browser's console, and returns
    /// what it comes to. A promise is waited for.
    pub async fn run(&mut self, script: &str) -> Value {
        let answer = self.evaluate(script).await;
        answer.unwrap_or_else(|refusal| panic!("{script}: {refusal}"))
    }

    /// The same in a page that may be loading itself again. None while there is no page to run it
    /// in.
    pub async fn try_run(&mut self, script: &str) -> Option<Value> {
        self.evaluate(script).await.ok()
    }

    async fn evaluate(&mut self, script: &str) -> Result<Value, Value> {
        let session = self.tab.as_ref().expect("a page has been opened").session.clone();
        let params = json!({ "expression": script, "awaitPromise": true, "returnByValue": true });
        let answer = self.ask("Runtime.evaluate", params, Some(&session)).await?;
        assert!(answer.get("exceptionDetails").is_none(), "{answer}");
        Ok(answer.pointer("/result/value").cloned().unwrap_or_default())
    }

    /// Ends the browser and waits until it has left nothing behind.
    pub async fn end(mut self) {
        self.call("Browser.close", json!({}), None).await;
        let ended = timeout(DEADLINE, self.process.wait()).await;
        assert!(ended.is_ok(), "the browser still runs {DEADLINE:?} after it was told to end");
    }

    async fn call(&mut self, method: &str, params: Value, session: Option<&str>) -> Value {
        let answer = self.ask(method, params, session).await;
        answer.unwrap_or_else(|refusal| panic!("{method}: {refusal}"))
    }

    /// The result, or the whole message where there is none.
    async fn ask(&mut self, method: &str, params: Value, session: Option<&str>) -> Result<Value, Value> {
        self.calls += 1;
        let id = self.calls;
        let call = match session {
            Some(session) => json!({ "id": id, "method": method, "params": params, "sessionId": session }),
            None => json!({ "id": id, "method": method, "params": params }),
        };
        self.to.write_all(format!("{call}\0").as_bytes()).await.expect("the browser reads");
        loop {
            let message = self.message().await;
            if message.get("id").and_then(Value::as_u64) == Some(id) {
                return message.get("result").cloned().ok_or(message);
            }
            self.note(&message);
        }
    }

    async fn message(&mut self) -> Value {
        let mut bytes = Vec::new();
        let read = timeout(DEADLINE, self.from.read_until(0, &mut bytes)).await;
        let read = read.unwrap_or_else(|_late| panic!("no word from the browser for {DEADLINE:?}"));
        assert!(read.is_ok_and(|read| read > 0), "the browser has ended; is `chromium` installed?");
        bytes.pop();
        serde_json::from_slice(&bytes).expect("the browser speaks JSON")
    }

    fn note(&mut self, message: &Value) {
        if message.get("sessionId").is_some() && message.get("method").is_some() {
            self.events.push((text(message, "sessionId"), text(message, "method")));
        }
    }
}

/// A text that an answer of the browser has by this name.
fn text(answer: &Value, name: &str) -> String {
    let text = answer.get(name).and_then(Value::as_str);
    text.unwrap_or_else(|| panic!("no {name} in {answer}")).to_owned()
}
