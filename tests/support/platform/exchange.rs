//! One request and its answer, between a client's connection and a dyno's.

use std::sync::Mutex;
use std::time::Duration;

use bytes::BytesMut;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{ReadHalf, WriteHalf};
use tokio::sync::oneshot;

use super::body::{Framing, Stop, carry};
use super::head::Head;
use super::wire::{NoHead, Wire, read_head};
use super::{Code, Rules, tunnel};

/// A body of a request goes through a small buffer, so a dyno sees how slow its sender is.
const UPLOAD_BUFFER: usize = 1024;
/// What a client may send ahead of its next request while an answer is under way.
const AHEAD: usize = 64 << 10;

/// How an exchange ended.
#[derive(Debug)]
pub(super) struct Done {
    pub(super) code: Option<Code>,
    /// The status of the dyno's answer; none where there was none.
    pub(super) status: Option<u16>,
    /// Whether something of the answer has gone to the client.
    pub(super) has_answered: bool,
    /// Whether the client's connection can be used again.
    pub(super) keeps_client: bool,
    /// Whether the dyno's connection can be used again.
    pub(super) keeps_dyno: bool,
    pub(super) most_held: usize,
}

impl Done {
    fn failed(code: Code) -> Self {
        let (status, has_answered, keeps_client) = (None, false, false);
        Self { code: Some(code), status, has_answered, keeps_client, keeps_dyno: false, most_held: 0 }
    }
}

/// A request on its way.
pub(super) struct Request {
    pub(super) head: Head,
    pub(super) framing: Framing,
    pub(super) is_head: bool,
    pub(super) closes: bool,
    /// Whether the connection to the dyno has been used before.
    pub(super) is_reused: bool,
}

/// Carries a request to a dyno, and its answer back.
pub(super) async fn exchange(client: &mut Wire, dyno: &mut Wire, request: Request, rules: &Rules) -> Done {
    let (mut from_client, mut to_client) = client.stream.split();
    let (mut from_dyno, mut to_dyno) = dyno.stream.split();
    let silent = if request.is_reused { Code::H18 } else { Code::H13 };
    if to_dyno.write_all(&request.head.bytes()).await.is_err() {
        return Done::failed(silent);
    }
    let (sent, is_sent) = oneshot::channel();
    let upload = Upload { framing: request.framing.clone(), idle: rules.idle, sent };
    let is_uploaded = Mutex::new(request.framing.is_done());
    let mut sending = Box::pin(upload.run(&mut from_client, &mut client.held, &mut to_dyno, &is_uploaded));
    let late = async {
        if is_sent.await.is_err() {
            std::future::pending::<()>().await;
        }
        tokio::time::sleep(rules.first_byte).await;
    };
    let head = tokio::select! {
        biased;
        head = read_answer(&mut from_dyno, &mut dyno.held) => head,
        code = &mut sending => return Done::failed(code),
        () = late => return Done::failed(Code::H12),
    };
    let head = match head {
        Ok(head) if head.keeps_limits(rules) => head,
        Ok(_) => return Done::failed(Code::H25),
        Err(NoHead::Ended) => return Done::failed(silent),
        Err(NoHead::Cut) => return Done::failed(Code::H18),
        Err(NoHead::TooLong) => return Done::failed(Code::H17),
    };
    let goes_over = request.head.upgrade().is_some() && head.status() == 101;
    let answer = Answer::new(head, &request);
    let (closes_dyno, closes_client) = (answer.closes_dyno, answer.closes_client);
    let status = answer.head.status();
    if goes_over {
        drop(sending);
        let client = (&mut from_client, &mut client.held, &mut to_client);
        let dyno = (&mut from_dyno, &mut dyno.held, &mut to_dyno);
        let code = tunnel::pass(&answer.head, client, dyno, rules.idle).await;
        return Done { has_answered: true, status: Some(status), code, ..Done::failed(Code::H27) };
    }
    let answered = tokio::select! {
        biased;
        done = answer.pass(&mut from_dyno, &mut dyno.held, &mut to_client, rules) => done,
        code = &mut sending => Err(code),
    };
    let is_whole = is_uploaded.lock().is_ok_and(|whole| *whole);
    let code = answered.as_ref().err().copied();
    Done {
        code,
        status: Some(status),
        has_answered: true,
        keeps_client: code.is_none() && !closes_client && is_whole,
        keeps_dyno: code.is_none() && !closes_dyno && is_whole,
        most_held: answered.unwrap_or_default(),
    }
}

/// The next head that is no interim one.
async fn read_answer(from: &mut ReadHalf<'_>, held: &mut BytesMut) -> Result<Head, NoHead> {
    loop {
        let bytes = read_head(from, held).await?;
        let head = Head::parse(&bytes).filter(|head| head.words()[0].starts_with("HTTP/1."));
        match head {
            Some(head) if (100..200).contains(&head.status()) && head.status() != 101 => {}
            Some(head) if head.status() >= 101 => return Ok(head),
            _ => return Err(NoHead::TooLong),
        }
    }
}

/// The client's side of an exchange.
struct Upload {
    framing: Framing,
    idle: Duration,
    sent: oneshot::Sender<()>,
}

impl Upload {
    /// Sends the body, then watches over the client. Returns only when the client is to blame.
    async fn run(
        mut self,
        from: &mut ReadHalf<'_>,
        held: &mut BytesMut,
        to: &mut WriteHalf<'_>,
        is_uploaded: &Mutex<bool>,
    ) -> Code {
        match carry(from, held, to, &mut self.framing, UPLOAD_BUFFER, self.idle).await {
            Ok(_) => {}
            Err(Stop::SourceEnded | Stop::Malformed) => return Code::H27,
            Err(Stop::SourceIdle) => return Code::H28,
            // The dyno may have answered before it has read everything.
            Err(Stop::SinkGone | Stop::SinkIdle) => std::future::pending().await,
        }
        if let Ok(mut uploaded) = is_uploaded.lock() {
            *uploaded = true;
        }
        let _ = self.sent.send(());
        while held.len() < AHEAD {
            if !matches!(from.read_buf(held).await, Ok(1..)) {
                return Code::H27;
            }
        }
        std::future::pending().await
    }
}

/// A dyno's answer.
struct Answer {
    head: Head,
    framing: Framing,
    closes_dyno: bool,
    closes_client: bool,
}

impl Answer {
    fn new(mut head: Head, request: &Request) -> Self {
        let has_no_body = request.is_head || matches!(head.status(), 204 | 304);
        let framing = match Framing::of(&head) {
            _ if has_no_body => Framing::EMPTY,
            Some(Some(framing)) => framing,
            _ => Framing::UntilClose,
        };
        let closes_dyno = head.closes() || framing == Framing::UntilClose;
        let closes_client = request.closes || framing == Framing::UntilClose;
        head.rewrite_for_client(closes_client);
        Self { head, framing, closes_dyno, closes_client }
    }

    /// Returns the most bytes that were held on the way.
    async fn pass(
        &self,
        from: &mut ReadHalf<'_>,
        held: &mut BytesMut,
        to: &mut WriteHalf<'_>,
        rules: &Rules,
    ) -> Result<usize, Code> {
        to.write_all(&self.head.bytes()).await.map_err(|_| Code::H27)?;
        let mut framing = self.framing.clone();
        let carried = carry(from, held, to, &mut framing, rules.answer_buffer, rules.idle).await;
        carried.map_err(|stop| match stop {
            Stop::SourceEnded => Code::H18,
            Stop::SourceIdle => Code::H15,
            Stop::SinkGone => Code::H27,
            Stop::SinkIdle => Code::H28,
            Stop::Malformed => Code::H17,
        })
    }
}
