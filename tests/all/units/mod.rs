//! Units of work that cannot be kept: what is said then, and what goes on.

mod commits;
mod model;

use serde_json::{Value, json};
use support::gate::{Gate, Gated};
use support::probe::{execute, op};
use support::{Answer, TestHost, Visitor};
use tokio::task::JoinHandle;

/// A request that stands still at its step `echo-body` until its gate is opened.
pub(crate) struct Standing {
    gate: Gate,
    answer: JoinHandle<Answer>,
}

impl Standing {
    /// Sends the steps as this visitor and waits for `text`, which one of them writes to the log.
    pub(crate) async fn begin(host: &TestHost, visitor: &Visitor, steps: &Value, text: &str) -> Self {
        let (body, gate) = Gated::pause();
        let (request, mut visitor) = (Visitor::with_steps("/stand", steps), visitor.clone());
        let answer = tokio::spawn(async move { visitor.send(request, body).await });
        host.wait_for_log(text).await;
        Self { gate, answer }
    }

    /// Lets it go on and returns its answer.
    pub(crate) async fn end(self) -> Answer {
        self.gate.open();
        self.answer.await.expect("an answer")
    }
}

/// Keeps everybody else from writing until it ends, and from reading where the pool has one
/// connection: a request that has written a row into `held`.
pub(crate) async fn hold(host: &TestHost, text: &str) -> Standing {
    let write = execute("insert into held (n) values (1)", json!([]));
    let steps = json!([write, log(text), op("echo-body")]);
    Standing::begin(host, &host.visitor(), &steps, text).await
}

/// A step that writes a line to the log.
pub(crate) fn log(text: &str) -> Value {
    json!({ "op": "stderr", "text": format!("{text}\n") })
}
