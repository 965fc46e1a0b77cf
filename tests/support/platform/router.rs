//! The router: takes requests of clients, finds a dyno for each, and passes answers on.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::body::Framing;
use super::exchange::{Done, Request, exchange};
use super::head::Head;
use super::log::Entry;
use super::pool::Pool;
use super::wire::{Wire, read_head};
use super::{Code, Rules};
use crate::Visitor;

/// How long a client that is turned away may go on sending.
const LINGER: Duration = Duration::from_secs(1);

/// A dyno that a router knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DynoId(u64);

/// See the module. It stops when this value is dropped.
#[derive(Debug)]
pub struct Router {
    shared: Arc<Shared>,
    plain: SocketAddr,
    secure: SocketAddr,
    listeners: [JoinHandle<()>; 2],
}

#[derive(Debug)]
struct Shared {
    rules: Rules,
    pool: Pool,
    log: Mutex<Vec<Entry>>,
}

impl Router {
    /// Begins to listen. Nothing is known of any dyno yet.
    pub async fn start(rules: Rules) -> Self {
        let shared = Arc::new(Shared { rules, pool: Pool::new(), log: Mutex::default() });
        let (plain, http) = listen(&shared, "http").await;
        let (secure, https) = listen(&shared, "https").await;
        Self { shared, plain, secure, listeners: [http, https] }
    }

    /// A router with one dyno, which listens there.
    pub async fn before(address: SocketAddr, rules: Rules) -> Self {
        let router = Self::start(rules).await;
        let dyno = router.announce("web.1");
        router.bound(dyno, address);
        router
    }

    /// A dyno is being started. Requests wait for it.
    pub fn announce(&self, name: &str) -> DynoId {
        DynoId(self.shared.pool.announce(name))
    }

    /// A dyno has bound its port.
    pub fn bound(&self, dyno: DynoId, address: SocketAddr) {
        self.shared.pool.change(dyno.0, Some(address), false);
    }

    /// A dyno has crashed: it takes no requests until it is bound again.
    pub fn crashed(&self, dyno: DynoId) {
        self.shared.pool.change(dyno.0, None, true);
    }

    /// A dyno is no more. Requests under way go on.
    pub fn gone(&self, dyno: DynoId) {
        self.shared.pool.remove(dyno.0);
    }

    /// Where clients connect by plain http.
    pub fn address(&self) -> SocketAddr {
        self.plain
    }

    /// Where clients connect whose TLS the router has ended. The TLS itself is left out.
    pub fn https_address(&self) -> SocketAddr {
        self.secure
    }

    /// A visitor who comes by plain http.
    pub fn visitor(&self) -> Visitor {
        Visitor::of(Arc::new(Mutex::new(self.plain)))
    }

    /// A visitor who comes by https.
    pub fn https_visitor(&self) -> Visitor {
        Visitor::of(Arc::new(Mutex::new(self.secure)))
    }

    /// Every request so far, in the order in which they ended.
    pub fn log(&self) -> Vec<Entry> {
        self.shared.log.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// How often each code was logged.
    pub fn codes(&self) -> BTreeMap<Code, usize> {
        let mut codes = BTreeMap::new();
        self.log().iter().filter_map(|entry| entry.code).for_each(|code| *codes.entry(code).or_default() += 1);
        codes
    }

    /// Requests that came on a connection to a dyno that had been used before.
    pub fn reused(&self) -> u64 {
        self.shared.pool.count(|counts| counts.reused)
    }

    /// Idle connections that dynos closed before the router would have, as far as the router has
    /// noticed. Each might have cost a request.
    pub fn closed_early(&self) -> u64 {
        self.shared.pool.count(|counts| counts.closed_early)
    }

    /// Connections on which a dyno sent what nobody had asked for, such as a body behind `HEAD`.
    pub fn stray(&self) -> u64 {
        self.shared.pool.count(|counts| counts.stray)
    }

    /// The most bytes of an answer that were held for a client.
    pub fn most_held(&self) -> usize {
        self.shared.pool.count(|counts| counts.most_held)
    }
}

impl Drop for Router {
    fn drop(&mut self) {
        self.listeners.iter().for_each(JoinHandle::abort);
    }
}

async fn listen(shared: &Arc<Shared>, scheme: &'static str) -> (SocketAddr, JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("a bound socket");
    let shared = Arc::clone(shared);
    let task = tokio::spawn(async move {
        while let Ok((stream, peer)) = listener.accept().await {
            tokio::spawn(serve(Arc::clone(&shared), stream, peer, scheme));
        }
    });
    (address, task)
}

/// Serves one connection of a client until one of both ends it.
async fn serve(shared: Arc<Shared>, stream: TcpStream, peer: SocketAddr, scheme: &'static str) {
    let mut client = Wire::new(stream);
    loop {
        let (mut reader, _) = client.stream.split();
        let Ok(bytes) = read_head(&mut reader, &mut client.held).await else { return };
        let began = Instant::now();
        let asked = Head::parse(&bytes).ok_or(400).and_then(|head| head.judge(&shared.rules).map(|()| head));
        let head = match asked {
            Ok(head) => head,
            Err(status) => return shared.refuse(&mut client, &bytes, status, began).await,
        };
        let Some(framing) = Framing::of(&head) else {
            return shared.refuse(&mut client, &bytes, 400, began).await;
        };
        if !shared.pass(&mut client, head, framing, (peer, scheme), began).await {
            return;
        }
    }
}

impl Shared {
    /// Passes one request on. Returns whether the client's connection can be used again.
    async fn pass(
        &self,
        client: &mut Wire,
        mut head: Head,
        framing: Option<Framing>,
        (peer, scheme): (SocketAddr, &str),
        began: Instant,
    ) -> bool {
        let [method, target, _] = head.words();
        let (asked, is_head, closes) = (format!("{method} {target}"), method == "HEAD", head.closes());
        if head.values("expect").any(|what| what.eq_ignore_ascii_case("100-continue")) {
            // The router asks for the body by itself.
            let _ = client.stream.write_all(b"HTTP/1.1 100 Continue\r\n\r\n").await;
        }
        let request_id = head.rewrite_for_dyno(&peer.ip().to_string(), scheme);
        let mut entry = Entry {
            code: None,
            asked,
            dyno: String::new(),
            request_id,
            status: 0,
            service: began.elapsed(),
            is_reused: false,
        };
        let done = match self.pool.lend(&self.rules).await {
            Err(code) => Err(code),
            Ok(mut lent) => {
                (entry.dyno, entry.is_reused) = (lent.name.clone(), lent.is_reused);
                let framing = framing.unwrap_or(Framing::EMPTY);
                let request = Request { head, framing, is_head, closes, is_reused: lent.is_reused };
                let done = exchange(client, &mut lent.wire, request, &self.rules).await;
                self.pool.give_back(lent, done.keeps_dyno);
                Ok(done)
            }
        };
        self.end(client, entry, done, began).await
    }

    /// Answers where nobody else has, and writes the line into the log.
    async fn end(&self, client: &mut Wire, mut entry: Entry, done: Result<Done, Code>, began: Instant) -> bool {
        let (code, has_answered, keeps) = match &done {
            Ok(done) => (done.code, done.has_answered, done.keeps_client),
            Err(code) => (Some(*code), false, false),
        };
        entry.status = done.as_ref().ok().and_then(|done| done.status).unwrap_or_default();
        if let (Some(code), false) = (code, has_answered) {
            entry.status = code.status();
            answer(client, entry.status).await;
        }
        (entry.code, entry.service) = (code, began.elapsed());
        let held = done.map_or(0, |done| done.most_held);
        self.pool.count(|counts| counts.most_held = counts.most_held.max(held));
        self.log.lock().unwrap_or_else(PoisonError::into_inner).push(entry);
        keeps
    }

    /// A request that breaks the rules reaches no dyno.
    async fn refuse(&self, client: &mut Wire, bytes: &[u8], status: u16, began: Instant) {
        let line = bytes.split(|byte| *byte == b'\r').next().unwrap_or_default();
        let entry = Entry {
            code: Some(Code::Refused),
            asked: String::from_utf8_lossy(line).into_owned(),
            dyno: String::new(),
            request_id: String::new(),
            status,
            service: began.elapsed(),
            is_reused: false,
        };
        self.log.lock().unwrap_or_else(PoisonError::into_inner).push(entry);
        answer(client, status).await;
    }
}

/// The router's own page.
async fn answer(client: &mut Wire, status: u16) {
    const PAGE: &str = "<html>Application error</html>";
    let head = format!("HTTP/1.1 {status} Router\r\nContent-Type: text/html\r\nConnection: close\r\n");
    let answer = format!("{head}Content-Length: {}\r\n\r\n{PAGE}", PAGE.len());
    let _gone = client.stream.write_all(answer.as_bytes()).await;
    let _gone = client.stream.shutdown().await;
    // A close with unread bytes would take the page away from the client.
    let mut rest = [0; 4096];
    let drained = async { while matches!(client.stream.read(&mut rest).await, Ok(1..)) {} };
    let _late = timeout(LINGER, drained).await;
}
