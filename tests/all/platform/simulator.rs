//! The stand-in of the router itself: what a bad server does has to be seen, or it shows nothing of
//! a good one.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use http::{Method, Request};
use http_body_util::Full;
use support::platform::{Code, Formation, Notice, Router, Rules};
use support::raw::{raw, status};
use support::until;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};

use super::scripted::{FINE, answering, head, scripted, values};

/// A second for 30 s, about two for 55.
fn rules() -> Rules {
    Rules::scaled(30)
}

/// From one byte to the next where something is slow and within the rules.
const PAUSE: Duration = Duration::from_millis(500);

/// Rules under which ten such pauses are longer than anything may take, and one far shorter.
fn patient() -> Rules {
    Rules { idle: Duration::from_secs(4), ..rules() }
}

/// What the router logged of the only request so far.
async fn only_code(router: &Router) -> Option<Code> {
    until("the router logs the request", async || router.log().first().map(|entry| entry.code)).await
}

/// Asks a server through a router: the status, where there is a whole answer, and the code.
async fn ask(server: std::net::SocketAddr) -> (Option<u16>, Option<Code>) {
    let router = Router::before(server, rules()).await;
    let answer = router.visitor().try_get("/").await;
    (answer.map(|answer| answer.status), only_code(&router).await)
}

#[tokio::test(flavor = "multi_thread")]
async fn t12_a_dyno_that_breaks_off_is_seen() {
    let closes = scripted(|mut stream| async move { drop(head(&mut stream).await) }).await;
    assert_eq!(ask(closes).await, (Some(503), Some(Code::H13)));
    let cuts = "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nten bytes.";
    let cut = move |mut stream: TcpStream| async move {
        head(&mut stream).await;
        let _gone = stream.write_all(cuts.as_bytes()).await;
    };
    assert_eq!(ask(scripted(cut).await).await, (None, Some(Code::H18)));
    let in_a_head = |mut stream: TcpStream| async move {
        head(&mut stream).await;
        let _gone = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-").await;
    };
    assert_eq!(ask(scripted(in_a_head).await).await, (Some(503), Some(Code::H18)));
    let chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nfine\r\n";
    let without_end = move |mut stream: TcpStream| async move {
        head(&mut stream).await;
        let _gone = stream.write_all(chunked.as_bytes()).await;
    };
    assert_eq!(ask(scripted(without_end).await).await, (None, Some(Code::H18)));
}

#[tokio::test(flavor = "multi_thread")]
async fn t12_a_dyno_that_is_slow_is_seen() {
    let silent = |mut stream: TcpStream| async move { while head(&mut stream).await.is_some() {} };
    let began = Instant::now();
    assert_eq!(ask(scripted(silent).await).await, (Some(503), Some(Code::H12)));
    assert!(began.elapsed() >= rules().first_byte);
    let stands_still = |mut stream: TcpStream| async move {
        head(&mut stream).await;
        let _gone = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nten bytes.").await;
        let _end = stream.read(&mut [0; 1]).await;
    };
    assert_eq!(ask(scripted(stands_still).await).await, (None, Some(Code::H15)));
    // Slow, and within the rules: a byte at a time, and longer than the first byte may take.
    let dribbles = |mut stream: TcpStream| async move {
        head(&mut stream).await;
        let _gone = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n").await;
        for byte in *b"ten bytes." {
            tokio::time::sleep(PAUSE).await;
            let _gone = stream.write_all(&[byte]).await;
        }
    };
    let router = Router::before(scripted(dribbles).await, patient()).await;
    router.visitor().get("/").await.expect(200);
    assert_eq!(only_code(&router).await, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn t12_an_answer_that_the_router_would_not_take_is_seen() {
    assert_eq!(ask(answering("hello\r\n\r\n".to_owned()).await).await, (Some(503), Some(Code::H17)));
    let with = |name: &str, bytes: usize| {
        let line = format!("{name}: {}", "x".repeat(bytes - name.len() - 2));
        format!("HTTP/1.1 200 OK\r\n{line}\r\nContent-Length: 0\r\n\r\n")
    };
    for (answer, expected) in [
        (with("Set-Cookie", 8192), (Some(200), None)),
        (with("Set-Cookie", 8193), (Some(502), Some(Code::H25))),
        (with("X-Large", 8193), (Some(200), None)),
    ] {
        assert_eq!(ask(answering(answer).await).await, expected);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn t12_a_connection_that_a_dyno_closes_too_early_is_seen() {
    // It closes before the next request: that one finds another connection.
    let (closed, mut has_closed) = tokio::sync::mpsc::unbounded_channel();
    let closes_idle = move |mut stream: TcpStream| {
        let closed = closed.clone();
        async move {
            head(&mut stream).await;
            let _gone = stream.write_all(FINE.as_bytes()).await;
            drop(stream);
            let _ended = closed.send(());
        }
    };
    let router = Router::before(scripted(closes_idle).await, rules()).await;
    router.visitor().get("/").await.expect(200);
    has_closed.recv().await.expect("it closes");
    until("the connection is given back", async || (router.log().len() == 1).then_some(())).await;
    // The runtime sees the end a moment later.
    tokio::time::sleep(Duration::from_millis(200)).await;
    router.visitor().get("/").await.expect(200);
    assert_eq!((router.closed_early(), router.reused(), router.codes().len()), (1, 0, 0));
    // It closes while the next request is on its way: that one is lost.
    let closes_late = |mut stream: TcpStream| async move {
        head(&mut stream).await;
        let _gone = stream.write_all(FINE.as_bytes()).await;
        head(&mut stream).await;
    };
    let router = Router::before(scripted(closes_late).await, rules()).await;
    router.visitor().get("/").await.expect(200);
    until("the connection is kept", async || {
        let answer = router.visitor().get("/").await;
        (answer.status == 503).then_some(())
    })
    .await;
    // It is told to the client first.
    until("the router has counted it", async || router.codes().contains_key(&Code::H18).then_some(())).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn t12_a_connection_is_used_again_and_not_after_the_routers_own_time() {
    let connections = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&connections);
    let good = scripted(move |mut stream| {
        count.fetch_add(1, Ordering::Relaxed);
        async move {
            while head(&mut stream).await.is_some() {
                let _gone = stream.write_all(FINE.as_bytes()).await;
            }
        }
    })
    .await;
    let router = Router::before(good, rules()).await;
    let mut client = router.visitor().keep_alive().await;
    for _ in 0..20 {
        assert_eq!(client.send(Request::get("/")).await.expect(200).text(), "fine");
    }
    assert_eq!((router.reused(), connections.load(Ordering::Relaxed)), (19, 1));
    until("the connection is given back", async || (router.log().len() == 20).then_some(())).await;
    tokio::time::sleep(rules().keep_alive + Duration::from_millis(100)).await;
    client.send(Request::get("/")).await.expect(200);
    assert_eq!((router.reused(), connections.load(Ordering::Relaxed)), (19, 2));
    assert_eq!(router.codes().len(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn t12_a_body_where_none_may_be_is_seen() {
    let router = Router::before(answering(FINE.to_owned()).await, rules()).await;
    let answer = router.visitor().method(Method::HEAD, "/").await.expect(200);
    assert!(answer.body.is_empty() && answer.header("content-length") == Some("4"), "{answer:?}");
    until("the stray body is found", async || {
        router.visitor().get("/").await.expect(200);
        (router.stray() == 1).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn t12_a_dyno_gets_the_headers_of_the_router() {
    let (seen, mut heads) = tokio::sync::mpsc::unbounded_channel();
    let server = scripted(move |mut stream| {
        let seen = seen.clone();
        async move {
            while let Some(head) = head(&mut stream).await {
                let _ended = seen.send(head);
                let _gone = stream.write_all(FINE.as_bytes()).await;
            }
        }
    })
    .await;
    let router = Router::before(server, rules()).await;
    let id = "0123456789abcdefghij";
    let request = |id: &str| {
        format!(
            "GET /a HTTP/1.1\r\nHost: a\r\nConnection: close\r\nX-Forwarded-For: 192.0.2.1\r\nX-Forwarded-Proto: gopher\r\n\
             X-Request-Id: {id}\r\nExpect: 100-continue\r\nTE: trailers\r\n\r\n"
        )
    };
    let answer = raw(router.https_address(), request(id).as_bytes()).await;
    assert!(answer.starts_with(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n"));
    let head = heads.recv().await.unwrap();
    assert_eq!(values(&head, "x-forwarded-for"), ["192.0.2.1, 127.0.0.1"]);
    assert_eq!(values(&head, "x-forwarded-proto"), ["https"]);
    assert_eq!(values(&head, "x-forwarded-port"), ["443"]);
    assert_eq!(values(&head, "x-request-id"), [id]);
    assert_eq!(values(&head, "via").len(), 1);
    assert!(values(&head, "x-request-start")[0].parse::<u64>().is_ok());
    for gone in ["expect", "te", "connection"] {
        assert!(values(&head, gone).is_empty(), "{head}");
    }
    // Too short, and with a character that is not allowed: the router makes one.
    for id in ["0123456789abcdefghi", "0123456789abcdefghi_"] {
        raw(router.address(), request(id).as_bytes()).await;
        let head = heads.recv().await.unwrap();
        assert_ne!(values(&head, "x-request-id"), [id]);
        assert_eq!(
            (values(&head, "x-request-id")[0].len(), values(&head, "x-forwarded-proto")),
            (36, vec!["http"])
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn t12_another_protocol_passes_as_long_as_it_is_not_silent() {
    let echo = |mut stream: TcpStream| async move {
        let asked = head(&mut stream).await.expect("a request");
        assert_eq!((values(&asked, "connection"), values(&asked, "upgrade")), (vec!["Upgrade"], vec!["echo"]));
        let accept = b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\nhello";
        let _gone = stream.write_all(accept).await;
        let (mut reader, mut writer) = stream.split();
        let _gone = tokio::io::copy(&mut reader, &mut writer).await;
    };
    let router = Router::before(scripted(echo).await, patient()).await;
    let mut client = TcpStream::connect(router.address()).await.expect("the router listens");
    let ask = b"GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: echo\r\n\r\n";
    client.write_all(ask).await.expect("the router reads");
    let answer = head(&mut client).await.expect("an answer");
    assert!(answer.starts_with("HTTP/1.1 101 ") && values(&answer, "upgrade") == ["echo"], "{answer}");
    let mut said = [0; 5];
    client.read_exact(&mut said).await.expect("what came with the answer");
    // Longer than either side may be silent, all together.
    for _ in 0..10 {
        tokio::time::sleep(PAUSE).await;
        client.write_all(&said).await.expect("the router reads");
        client.read_exact(&mut said).await.expect("the echo");
        assert_eq!(&said, b"hello");
    }
    assert!(client.read(&mut said).await.is_ok_and(|read| read == 0), "nobody says anything any more");
    assert_eq!(only_code(&router).await, Some(Code::H15));
}

#[tokio::test(flavor = "multi_thread")]
async fn t12_what_breaks_the_rules_of_the_router_reaches_no_dyno() {
    let asked = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&asked);
    let server = scripted(move |mut stream| {
        let count = Arc::clone(&count);
        async move {
            while head(&mut stream).await.is_some() {
                count.fetch_add(1, Ordering::Relaxed);
                let _gone = stream.write_all(FINE.as_bytes()).await;
            }
        }
    })
    .await;
    let router = Router::before(server, rules()).await;
    let line = |bytes: usize| format!("GET /{} HTTP/1.1\r\n", "a".repeat(bytes - "GET / HTTP/1.1".len()));
    let with = |more: &str| format!("GET / HTTP/1.1\r\n{more}\r\n");
    let header = |bytes: usize| with(&format!("a: {}", "x".repeat(bytes - 3)));
    for (head, expected) in [
        (line(8192), 200),
        (line(8193), 400),
        (header(8192), 200),
        (header(8193), 400),
        (with(&format!("{}: x", "a".repeat(1001))), 400),
        (with(&["a: b"; 1001].join("\r\n")), 400),
        (with("Expect: tea"), 417),
        (with("Content-Length: 1\r\nContent-Length: 2"), 400),
        ("CONNECT a:80 HTTP/1.1\r\n".to_owned(), 400),
    ] {
        let request = format!("{head}Host: a\r\nConnection: close\r\n\r\n");
        let answer = raw(router.address(), request.as_bytes()).await;
        assert_eq!(status(&answer), Some(expected), "{}", &head[..head.len().min(60)]);
    }
    assert_eq!(asked.load(Ordering::Relaxed), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn t12_requests_wait_for_a_dyno_and_pass_one_by_that_refuses() {
    let router = Router::start(rules()).await;
    assert_eq!(router.visitor().get("/").await.status, 503);
    let dyno = router.announce("web.1");
    assert_eq!(router.visitor().get("/").await.status, 503);
    let mut visitor = router.visitor();
    let waiting = tokio::spawn(async move { visitor.get("/").await.status });
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert!(!waiting.is_finished());
    router.bound(dyno, answering(FINE.to_owned()).await);
    assert_eq!(waiting.await.expect("an answer"), 200);
    router.crashed(dyno);
    assert_eq!(router.visitor().get("/").await.status, 503);
    // It is bound, and nobody listens.
    let nobody = TcpSocket::new_v4().expect("a socket");
    nobody.bind("127.0.0.1:0".parse().expect("an address")).expect("a free port");
    router.bound(dyno, nobody.local_addr().expect("an address"));
    assert_eq!(router.visitor().get("/").await.status, 503);
    let other = router.announce("web.2");
    router.bound(other, answering(FINE.to_owned()).await);
    for _ in 0..20 {
        router.visitor().get("/").await.expect(200);
    }
    let codes = || router.log().iter().filter_map(|entry| entry.code).collect::<Vec<_>>();
    until("all are logged", async || (codes().len() >= 4).then_some(())).await;
    assert_eq!(codes(), [Code::H14, Code::H20, Code::H10, Code::H21]);
}

#[tokio::test(flavor = "multi_thread")]
async fn t12_of_an_answer_that_nobody_takes_a_mebibyte_is_held() {
    let sent = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&sent);
    let endless = scripted(move |mut stream| {
        let count = Arc::clone(&count);
        async move {
            head(&mut stream).await;
            let _gone = stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await;
            while stream.write_all(&[b'x'; 8192]).await.is_ok() {
                count.fetch_add(8192, Ordering::Relaxed);
            }
        }
    })
    .await;
    let router = Router::before(endless, Rules { idle: Duration::from_secs(2), ..rules() }).await;
    let mut client = TcpStream::connect(router.address()).await.expect("the router listens");
    client.write_all(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n").await.expect("the router reads");
    // The client takes nothing, so the router has to say so in the end.
    let code = only_code(&router).await;
    assert_eq!(code, Some(Code::H28));
    let stopped = sent.load(Ordering::Relaxed);
    assert!((1 << 20..32 << 20).contains(&stopped), "{stopped} bytes beside what the kernel holds");
    drop(client);
    // Whoever leaves is the client's fault, not the dyno's.
    let mut client = TcpStream::connect(router.address()).await.expect("the router listens");
    client.write_all(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n").await.expect("the router reads");
    let _some = client.read(&mut [0; 1024]).await;
    drop(client);
    until("the router logs it", async || router.codes().contains_key(&Code::H27).then_some(())).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn t12_bodies_pass_whole_and_stop_where_their_sender_does() {
    let length = |mut stream: TcpStream| async move {
        while let Some(head) = head(&mut stream).await {
            let mut left: usize = values(&head, "content-length")[0].parse().unwrap_or(0);
            let mut space = vec![0; 64 << 10];
            while left > 0 {
                let Ok(read @ 1..) = stream.read(&mut space).await else { return };
                left -= read;
            }
            let _gone = stream.write_all(FINE.as_bytes()).await;
        }
    };
    let router = Router::before(scripted(length).await, rules()).await;
    let body = bytes::Bytes::from(vec![b'x'; 3 << 20]);
    router.visitor().send(Request::post("/"), Full::new(body)).await.expect(200);
    // The client stands still, and then one leaves.
    let begin = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n12345";
    let mut still = TcpStream::connect(router.address()).await.expect("the router listens");
    still.write_all(begin).await.expect("the router reads");
    until("H28", async || router.codes().contains_key(&Code::H28).then_some(())).await;
    let mut leaves = TcpStream::connect(router.address()).await.expect("the router listens");
    leaves.write_all(begin).await.expect("the router reads");
    drop(leaves);
    until("H27", async || router.codes().contains_key(&Code::H27).then_some(())).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn t2_a_dyno_that_does_not_bind_or_does_not_leave_is_seen() {
    let second = Duration::from_secs(1);
    let rules = Rules { boot: second, exit: second, ..rules() };
    let formation = Formation::new(None, rules).await;
    let run = |line: &str| {
        std::fs::write(formation.tree().join("Procfile"), format!("web: {line}\n")).expect("a folder of our own");
        formation.start("web.1")
    };
    assert_eq!(run("sleep 60").boots(&rules).await, None, "it binds nothing");
    assert_eq!(run("exit 1").boots(&rules).await, None, "it has crashed");
    let stays = run("trap '' TERM; echo ready; while :; do sleep 1; done");
    stays.logs().wait_for("ready").await;
    let ending = formation.stop(stays, 3, Notice::AtOnce).await;
    assert!(ending.was_killed && ending.code.is_none() && ending.took >= second, "{ending:?}");
    // The signal reaches not only the shell: else its child would hold the output open.
    let with_child = run("sleep 60 & echo ready; wait");
    with_child.logs().wait_for("ready").await;
    let ending = formation.stop(with_child, 1, Notice::AtOnce).await;
    assert!(!ending.was_killed && ending.code.is_none(), "{ending:?}");
}
