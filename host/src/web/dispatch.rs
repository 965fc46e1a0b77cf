//! One request into one guest, and what comes of it into a response.
//!
//! The guest is polled in the connection's own task: most guests are done at the first poll, and
//! neither a task nor a channel between threads is needed. One that goes on after its head has left
//! becomes a task of its own.
//!
//! A guest has room in memory before it begins, and gives it back when it ends
//! (`guests::admission`).

use super::body::{Body, GuestStream, broken, full, held};
use super::cross_origin::{self, Objection};
use super::pages::{self, Problem};
use super::recent_write;
use super::session_cookie::SessionCookie;
use super::{arriving, blobs, front::ClientInfo};
use crate::guests::admission::{Admission, Client, Party, Place, Refused, Share};
use crate::guests::respond::{Answer, Failure, GuestBody, Outcome};
use crate::guests::run::{self, Fault, Running};
use crate::guests::{Ending, Guest, Overheard, Visit};
use crate::interfaces::body::RequestBody;
use crate::interfaces::session::{Jar, Presented};
use crate::interfaces::{OutageNote, WriteNote};
use crate::storage::Code;
use crate::telemetry::{metrics, traces};
use bytes::Bytes;
use futures_util::FutureExt;
use http::header::{CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, EXPECT};
use http::{HeaderMap, HeaderName, Request, Response, StatusCode};
use http_body::Body as _;
use http_body_util::BodyExt;
use hyper::body::Incoming;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::oneshot;
use tokio::time::Instant;
use tokio_util::task::TaskTracker;

const CROWDED: &str = "There are too many visitors right now.";
/// Seconds after which somebody for whom there was no room may try again.
const COME_BACK: u16 = 2;
/// Routers give up 30 s after a request has arrived (Heroku: H12), and then nobody learns why. Who
/// has waited for room has the less time to answer.
const ANSWERED_WITHIN: Duration = Duration::from_secs(28);
/// Answers that are larger count as room in memory until they have been taken.
const SMALL_ANSWER: usize = 64 << 10;

/// Who asks, and since when.
#[derive(Clone, Copy, Debug)]
pub(super) struct Arrival<'a> {
    pub(super) client: &'a ClientInfo,
    pub(super) who: Client,
    pub(super) request_id: &'a str,
    /// How long the request has waited for its app.
    pub(super) waited: Duration,
    /// Hears what the guest prints to standard error.
    pub(super) overheard: Option<&'a Overheard>,
}

/// What all dispatching shares.
#[derive(Debug)]
pub(super) struct Dispatcher {
    /// What guests share.
    admission: Arc<Admission>,
    /// Guests that go on after their head has left.
    tasks: TaskTracker,
}

/// How the first poll of a guest, and those after it until its head, went.
enum First {
    Ended(Result<(), Fault>),
    Answered(Box<Result<Outcome, oneshot::error::RecvError>>),
    ClientLeft,
}

impl Dispatcher {
    /// As many guests at once as there is room for; `tasks` waits for those that go on after their
    /// head.
    pub(super) fn new(admission: Arc<Admission>, tasks: TaskTracker) -> Self {
        Self { admission, tasks }
    }

    /// Runs a request in a fresh instance of a guest. It ends where `client_left` resolves before
    /// the guest has set its answer.
    pub(super) async fn dispatch(
        &self,
        guest: &Arc<Guest>,
        request: Request<Incoming>,
        arrival: Arrival<'_>,
        client_left: impl Future<Output = ()>,
    ) -> Result<Response<Body>, Problem> {
        let Arrival { client, who, .. } = arrival;
        let (mut head, body) = request.into_parts();
        let app = guest.app.space.app();
        let writes = WriteNote::of_visitor(recent_write::is_told(&head.headers, app));
        let cookie = SessionCookie::new(app, client.scheme_https);
        let id = cookie.take(&mut head.headers);
        let objection = cross_origin::objection(&head, client.scheme_https, &guest.origins);
        let session = match objection {
            Some(objection) if id.is_some() => return Err(refused_origin(guest, objection)),
            objection => Presented { id, is_foreign: objection.is_some() },
        };
        let party = Party { app: Arc::clone(guest.app.space.app()), client: who };
        let mut client_left = pin!(client_left);
        let entering = self.enter(guest, &head, body, &party);
        let (body, place, asked, waited) = unless_left(entering, client_left.as_mut()).await?;
        let wanted = blobs::Wanted::new(&head.method, &head.headers, who);
        let (jar, outage) = (Jar::default(), OutageNote::default());
        let (request_id, jar_of_guest) = (arrival.request_id.to_owned(), jar.clone());
        let visit = Visit {
            request_id,
            session,
            jar: jar_of_guest,
            outage: outage.clone(),
            writes: writes.clone(),
            body,
            place,
            overheard: arrival.overheard.cloned(),
        };
        let running = run::start(guest, head, visit, client.scheme_https)
            .map_err(|error| Problem::internal(format!("cannot start the guest: {error:#}")))?;
        let late = Late { guest: Arc::clone(guest), outage: outage.clone() };
        let wall = guest.app.limits.wall_per_request;
        let deadline = (Instant::now() + wall).min(asked + time_to_answer(wall, waited + arrival.waited));
        let answered = self.drive(running, &party, late, deadline, client_left).await;
        if let Some(ending) = ending(&answered) {
            guest.judge(ending, &outage);
        }
        let change = jar.take();
        let lag = guest.app.space.follower_lag().filter(|_| writes.is_set());
        let set_cookie = |headers: &mut HeaderMap| {
            cookie.apply(headers, change.as_ref());
            lag.into_iter().for_each(|lag| recent_write::tell(headers, app, lag, client.scheme_https));
        };
        let (answer, body) = answered.map_err(|problem| problem.with_headers(set_cookie))?;
        let mut response = match (answer.blob, body) {
            (Some(pending), body) => blobs::respond(&guest.app.space, pending, &wanted, body.map(|body| body.0)),
            (None, Some((parts, body))) => framed(parts, body, wanted.is_head, &party.app),
            (None, None) => return Err(Problem::internal("the guest answered with nothing")),
        };
        set_cookie(response.headers_mut());
        Ok(response)
    }

    /// Waits for the first part of the body and for room to run in. Returns the body, the room,
    /// when the body was there, and how long the sender was kept waiting for room until then.
    async fn enter(
        &self,
        guest: &Guest,
        head: &http::request::Parts,
        body: Incoming,
        party: &Party,
    ) -> Result<(RequestBody, Place, Instant, Duration), Problem> {
        let (body, held, waited) = self.request_body(head, body, party).await?;
        let asked = Instant::now();
        let place = self.admission.enter(party, &guest.usual).await.map_err(no_room)?;
        drop(held);
        Ok((body, place, asked, waited))
    }

    /// Polls a guest until it has answered, and beyond in a task.
    async fn drive(
        &self,
        mut running: Running,
        party: &Party,
        late: Late,
        deadline: Instant,
        client_left: impl Future<Output = ()>,
    ) -> Result<(Answer, Option<Head>), Problem> {
        let answering = running.answering.clone();
        let left_before_answer = async {
            client_left.await;
            if answering.has_begun() {
                // What was written is being kept, and the log is to say how that ended.
                std::future::pending::<()>().await;
            }
        };
        let first = tokio::time::timeout_at(deadline, async {
            tokio::select! {
                biased;
                end = &mut running.guest => First::Ended(end),
                answer = &mut running.reply => First::Answered(Box::new(answer)),
                () = left_before_answer => First::ClientLeft,
            }
        });
        match first.await {
            Err(_) => Err(out_of_time("the guest took too long")),
            Ok(First::ClientLeft) => Err(pages::visitor_left()),
            Ok(First::Answered(answered)) => {
                let outcome = (*answered).map_err(|_| Problem::internal("the guest lost its response"))?;
                let mut answer = outcome.map_err(not_answered)?;
                let body = answer.response.take().map(|response| self.stream(response, running, late));
                Ok((answer, body))
            }
            Ok(First::Ended(end)) => {
                let Ok(outcome) = running.reply.try_recv() else { return Err(ended(end)) };
                late.note(end);
                let mut answer = outcome.map_err(not_answered)?;
                let body = answer.response.take().map(|response| self.finished(response, &running, party));
                Ok((answer, body))
            }
        }
    }

    /// Lets the guest go on while its body is sent, and for a while after it.
    fn stream(
        &self,
        response: Response<GuestBody>,
        running: Running,
        late: Late,
    ) -> (http::response::Parts, Body) {
        let (parts, body) = response.into_parts();
        let (failed, wall) = (running.failed.clone(), late.guest.app.limits.wall_per_request);
        let (done, body_ended) = oneshot::channel::<()>();
        self.tasks.spawn(traces::carried().scope(async move {
            let over = async {
                // Resolves when the body is dropped.
                match body_ended.await {
                    Ok(()) => "the visitor left in the middle of the response: its guest was ended",
                    Err(_) => {
                        tokio::time::sleep(wall).await;
                        "a guest that went on after its response was ended"
                    }
                }
            };
            tokio::select! {
                end = running.guest => late.note(end),
                why = over => tracing::warn!(app = %late.guest.app.space.app(), "{why}"),
            }
        }));
        let length = announced_length(&parts.headers);
        (parts, GuestStream::body(body, length, failed, wall, done))
    }

    /// The body of a guest that has returned: everything it will ever write is there.
    fn finished(
        &self,
        response: Response<GuestBody>,
        running: &Running,
        party: &Party,
    ) -> (http::response::Parts, Body) {
        let (mut parts, body) = response.into_parts();
        let failed = running.failed.get();
        // Without the runtime's budget: several requests of a connection share it in one poll, and
        // a channel that has used it up answers as if nothing were there.
        let body = match tokio::task::unconstrained(body.collect()).now_or_never() {
            Some(Ok(whole)) if failed => {
                let text = "a guest failed or returned before it finished its body: the response is cut off";
                tracing::warn!(app = %party.app, "{text}");
                let bytes = whole.to_bytes();
                // HTTP/1.0 has no other way to tell a part from the whole.
                parts.headers.entry(CONTENT_LENGTH).or_insert_with(|| http::HeaderValue::from(bytes.len() + 1));
                broken(bytes)
            }
            Some(Ok(whole)) => match whole.to_bytes() {
                small if small.len() <= SMALL_ANSWER => full(small),
                large => held(large, |bytes| self.admission.hold_in_any_case(party, bytes)),
            },
            // Nothing is sent of it, so it may be shorter than the length that it announces.
            _ if running.is_head => full(""),
            _ => {
                tracing::warn!(app = %party.app, "a guest returned before its body was whole: the response is cut off");
                broken(Bytes::new())
            }
        };
        (parts, body)
    }

    /// The body as a guest reads it, with its first part there, room for that, and how long that
    /// room was waited for.
    async fn request_body(
        &self,
        head: &http::request::Parts,
        body: Incoming,
        party: &Party,
    ) -> Result<(RequestBody, Option<Share>, Duration), Problem> {
        let length = text(head, &CONTENT_LENGTH).and_then(|length| length.parse().ok());
        let waits = text(head, &EXPECT).is_some_and(|what| what.eq_ignore_ascii_case("100-continue"));
        let account = arriving::Account { admission: &self.admission, party };
        let arrived = arriving::first_part(body, length, waits, account).await?;
        let encoding = text(head, &CONTENT_ENCODING).filter(|encoding| !encoding.eq_ignore_ascii_case("identity"));
        let content_type = text(head, &CONTENT_TYPE).map(str::to_owned);
        let waits = waits && !arrived.was_asked_for;
        let body = RequestBody::new(content_type, length, encoding.map(str::to_owned), waits, arrived.stream);
        Ok((body, arrived.held, arrived.waited))
    }
}

/// Makes sure that the length which a guest announces is that of what is sent.
///
/// What has no content has no length either (RFC 9110, section 8.6), and an announced body that the
/// guest never began is not whole.
fn framed(mut parts: http::response::Parts, body: Body, is_head: bool, app: &str) -> Response<Body> {
    let announced = announced_length(&parts.headers);
    let body = match parts.status {
        StatusCode::NO_CONTENT | StatusCode::RESET_CONTENT | StatusCode::NOT_MODIFIED => {
            parts.headers.remove(CONTENT_LENGTH);
            full("")
        }
        _ if !is_head && body.is_end_stream() && announced.is_some_and(|length| length > 0) => {
            tracing::warn!(app, "a guest announced a body and began none: the response is cut off");
            broken(Bytes::new())
        }
        _ => body,
    };
    Response::from_parts(parts, body)
}

/// How long a guest may take to answer, from when its request was there as a whole. What the host
/// has kept the request waiting for counts.
fn time_to_answer(wall: Duration, waited: Duration) -> Duration {
    ANSWERED_WITHIN.max(wall).saturating_sub(waited)
}

/// What a request waits for, as long as somebody waits for its answer.
async fn unless_left<T>(
    awaited: impl Future<Output = Result<T, Problem>>,
    client_left: impl Future<Output = ()>,
) -> Result<T, Problem> {
    tokio::select! {
        biased;
        done = awaited => done,
        () = client_left => Err(pages::visitor_left()),
    }
}

fn announced_length(headers: &HeaderMap) -> Option<u64> {
    headers.get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse().ok())
}

/// A request that a page of somebody else made the visitor's browser send, and whose session it
/// comes with, goes no further.
fn refused_origin(guest: &Guest, objection: Objection) -> Problem {
    metrics::cross_origin_refused(guest.app.space.app());
    Problem::new(StatusCode::FORBIDDEN, objection.page, format!("cross-origin: {}", objection.reason))
}

fn text<'h>(head: &'h http::request::Parts, name: &HeaderName) -> Option<&'h str> {
    head.headers.get(name).and_then(|value| value.to_str().ok())
}

/// There is no room for a request, or for what comes with it.
pub(super) fn no_room(refused: Refused) -> Problem {
    let reason = match refused {
        Refused::Late => "there was no room in memory for as long as it waited",
        Refused::LineFull => "too many requests wait for room in memory",
    };
    Problem::unavailable(CROWDED, COME_BACK, reason)
}

fn out_of_time(reason: &str) -> Problem {
    let problem = Problem::new(StatusCode::GATEWAY_TIMEOUT, "This page took too long.", reason);
    problem.blamed_on_guest(Ending::Failed)
}

/// Why a guest has ended without a response.
fn ended(end: Result<(), Fault>) -> Problem {
    match end {
        Ok(()) => {
            Problem::internal("the guest returned without setting a response").blamed_on_guest(Ending::Failed)
        }
        Err(Fault::OutOfTime) => {
            out_of_time("the guest used up its computing time").blamed_on_guest(Ending::Trapped)
        }
        Err(Fault::OutOfRoom) => Problem::unavailable(
            "There is too little memory right now.",
            COME_BACK,
            "the guest wanted more memory than is left",
        ),
        Err(Fault::NoRoom) => Problem::unavailable(CROWDED, 1, "the pool of instances is full"),
        Err(Fault::Trap(text)) => {
            Problem::internal(format!("the guest trapped: {text}")).blamed_on_guest(Ending::Trapped)
        }
        Err(Fault::Panic) => Problem::internal("a function of the host panicked"),
    }
}

/// Why the response that a guest has set is not sent.
fn not_answered(failure: Failure) -> Problem {
    match failure {
        Failure::Guest(code) => {
            Problem::internal(format!("the guest answered with {code:?}")).blamed_on_guest(Ending::Failed)
        }
        Failure::Malformed(text) => Problem::internal(format!("the guest's response cannot be sent: {text}"))
            .blamed_on_guest(Ending::Failed),
        Failure::NoBlob(error) => blobs::not_sent(&error, "innkeeper-send-blob"),
        Failure::NotKept(error) if error.code == Code::DiskFull => {
            Problem::disk_full(format!("not kept: {error}"))
        }
        Failure::NotKept(error) if error.code == Code::ReadOnly => {
            Problem::read_only(format!("not kept: {error}"))
        }
        Failure::NotKept(error) if error.is_outage() || error.retryable() => Problem::unavailable(
            "Your request could not be saved. Please try again.",
            2,
            format!("not kept: {error}"),
        ),
        Failure::NotKept(error) if error.code == Code::CommitUnknown => Problem {
            text: "It is not certain that your request was saved.",
            ..Problem::internal(format!("perhaps not kept: {error}"))
        },
        Failure::NotKept(error) if error.code == Code::TooLarge => Problem::new(
            StatusCode::INSUFFICIENT_STORAGE,
            "There is no more room here. Nothing was saved.",
            format!("not kept: {error}"),
        ),
        Failure::NotKept(error) => {
            Problem { text: "Your request was not saved.", ..Problem::internal(format!("not kept: {error}")) }
        }
    }
}

/// A guest that goes on after it has answered.
struct Late {
    guest: Arc<Guest>,
    outage: OutageNote,
}

impl Late {
    fn note(&self, end: Result<(), Fault>) {
        let Err(fault) = end else { return };
        tracing::warn!(app = %self.guest.app.space.app(), "a guest failed after it had answered: {fault:?}");
        if matches!(fault, Fault::Trap(_) | Fault::OutOfTime) {
            self.guest.judge(Ending::Trapped, &self.outage);
        }
    }
}

/// What is sent of a guest's response.
type Head = (http::response::Parts, Body);

/// How a request ended, where the version is to blame or to praise.
fn ending(answered: &Result<(Answer, Option<Head>), Problem>) -> Option<Ending> {
    match answered {
        Ok((_, Some((parts, _)))) if parts.status.is_server_error() => Some(Ending::Failed),
        Ok(_) => Some(Ending::Answered),
        Err(problem) => problem.blame,
    }
}
