//! A statement that a proxy holds back, so that a test decides what happens before it.

use tokio::sync::oneshot;

/// The test's end: the statement goes on when this value is dropped.
#[derive(Debug)]
#[must_use = "the statement goes on when this is dropped"]
pub struct Held {
    came: Option<oneshot::Receiver<()>>,
    _go: oneshot::Sender<()>,
}

impl Held {
    /// Waits until the statement has come.
    pub async fn came(&mut self) {
        let came = self.came.take().expect("is waited for once");
        let came = tokio::time::timeout(crate::DEADLINE, came).await.expect("the statement comes in time");
        came.expect("the proxy lives");
    }
}

/// The proxy's end.
#[derive(Debug)]
pub(super) struct Hold {
    text: String,
    before: usize,
    came: oneshot::Sender<()>,
    go: oneshot::Receiver<()>,
}

impl Hold {
    /// Both ends for a message about a statement with `text` in it, in lower case, after `before`
    /// others of this kind.
    pub(super) fn of(text: &str, before: usize) -> (Self, Held) {
        let ((came, has_come), (let_go, go)) = (oneshot::channel(), oneshot::channel());
        (Self { text: text.to_owned(), before, came, go }, Held { came: Some(has_come), _go: let_go })
    }

    /// Whether this is the message that waits.
    pub(super) fn is_for(&mut self, text: &str) -> bool {
        let is_such = text.contains(&self.text);
        let is_it = is_such && self.before == 0;
        self.before -= usize::from(is_such && !is_it);
        is_it
    }

    /// Tells that the statement has come, and waits until it may go on.
    pub(super) async fn wait(self) {
        // An error on either side says that the test waits no more.
        let _ = self.came.send(());
        let _ = self.go.await;
    }
}
