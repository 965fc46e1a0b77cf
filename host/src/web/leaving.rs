//! The end of a server in good order: whoever asks until the end is answered, and the end comes in
//! time.
//!
//! A platform that stops a process sends it requests for another moment, on new connections and on
//! those that are open. So nothing is closed while it may bring one more request. Instead each
//! answer says `Connection: close` (RFC 9112 section 9.6), and a connection that brings none is
//! closed when all others have been answered.

use super::body::{Body, BodyError};
use super::pages::Problem;
use super::shared_socket::ClientWatch;
use bytes::Bytes;
use http::header::{CONNECTION, HeaderValue};
use http::{HeaderMap, Response};
use http_body::{Frame, SizeHint};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::time::{Instant, timeout, timeout_at};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tokio_util::task::task_tracker::TaskTrackerToken;

/// How long a connection that was just accepted has for its first request after the listener is
/// closed.
const FIRST_REQUEST: Duration = Duration::from_secs(1);
/// How long requests have to end after the listener is closed. Heroku kills 30 s after SIGTERM.
const DRAIN: Duration = Duration::from_secs(20);
/// How long the last answers have to leave.
const LAST_ANSWERS: Duration = Duration::from_millis(1500);

/// How far a server is on its way out. Cloning shares it.
#[derive(Clone, Debug, Default)]
pub(super) struct Leaving {
    begun: CancellationToken,
    out_of_time: CancellationToken,
    over: CancellationToken,
    /// Requests that have arrived and whose answers have not been handed over as a whole.
    requests: TaskTracker,
}

impl Leaving {
    /// From now on each answer is the last one of its connection.
    pub(super) fn begin(&self) {
        self.begun.cancel();
    }

    /// Cancelled once the server leaves.
    pub(super) fn begun(&self) -> CancellationToken {
        self.begun.clone()
    }

    /// Counts a request as under way until its answer has been handed over as a whole.
    pub(super) fn count_request(&self) -> TaskTrackerToken {
        self.requests.token()
    }

    /// Marks an answer as the last one of its connection, if it is.
    pub(super) fn mark(&self, headers: &mut HeaderMap) {
        if self.begun.is_cancelled() {
            headers.insert(CONNECTION, HeaderValue::from_static("close"));
        }
    }

    /// The answer to a request, or a problem once there is no more time to wait for the answer.
    pub(super) async fn in_time(
        &self,
        answer: Pin<&mut impl Future<Output = Result<Response<Body>, Problem>>>,
    ) -> Result<Response<Body>, Problem> {
        tokio::select! {
            biased;
            answer = answer => answer,
            () = self.out_of_time.cancelled() => {
                let text = "This site is being restarted. Please try again.";
                Err(Problem::unavailable(text, 1, "the host stops, and the request did not end in time"))
            }
        }
    }

    /// Resolves when connections that wait for a request are to be closed.
    pub(super) async fn over(&self) {
        self.over.cancelled().await;
    }

    /// Lets requests end once nobody can connect any more. `tasks` are the connections and what
    /// goes on behind them. False if some had to be cut off.
    pub(super) async fn drain(&self, tasks: &TaskTracker) -> bool {
        let deadline = Instant::now() + DRAIN;
        tasks.close();
        self.requests.close();
        // The first request of a connection may be on its way. Nothing is waited for where nobody
        // is connected.
        let _ = timeout(FIRST_REQUEST, tasks.wait()).await;
        if timeout_at(deadline, self.requests.wait()).await.is_err() {
            self.out_of_time.cancel();
        }
        self.over.cancel();
        timeout_at(deadline + LAST_ANSWERS, tasks.wait()).await.is_ok()
    }
}

/// The body of an answer that counts as under way, and that ends when nobody waits for it any more.
pub(super) struct CountedBody {
    body: Body,
    _request: TaskTrackerToken,
    client: ClientWatch,
    /// None as long as the body has kept nobody waiting.
    client_left: Option<Pin<Box<dyn Future<Output = ()> + Send>>>,
}

impl CountedBody {
    /// `request` ends with the body, which goes to `client`.
    pub(super) fn new(body: Body, request: TaskTrackerToken, client: ClientWatch) -> Self {
        Self { body, _request: request, client, client_left: None }
    }
}

impl http_body::Body for CountedBody {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        if let Poll::Ready(next) = Pin::new(&mut self.body).poll_frame(cx) {
            return Poll::Ready(next);
        }
        // Nothing is written meanwhile, so no write tells that the client has gone.
        let this = &mut *self;
        let left = this.client_left.get_or_insert_with(|| {
            let client = this.client.clone();
            Box::pin(async move { client.client_left().await })
        });
        ready!(left.as_mut().poll(cx));
        Poll::Ready(Some(Err("the visitor left in the middle of the response".into())))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
