//! What ordinary clients do, and has to work as without the front.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::{Rules, Runs, WIDE, serve, serve_socket, statuses};

/// A client over a real socket.
async fn connect(rules: Rules) -> TcpStream {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let (socket, _peer) = listener.accept().await.unwrap();
        serve_socket(socket, rules, Runs::default()).await
    });
    TcpStream::connect(address).await.unwrap()
}

/// Fifty requests of every framing, and the bodies that come back.
fn fifty() -> (String, String) {
    let mut requests = String::new();
    let mut bodies = String::new();
    for number in 0..50 {
        let body = format!("body-{number}-{}", "z".repeat(number * 100));
        let end = match number % 3 {
            0 => "\r\n".to_owned(),
            1 => format!("Content-Length: {}\r\n\r\n{body}", body.len()),
            _ => format!("Transfer-Encoding: chunked\r\n\r\n{:x}\r\n{body}\r\n0\r\n\r\n", body.len()),
        };
        requests.push_str(&format!("POST /{number} HTTP/1.1\r\nHost: a\r\n{end}"));
        bodies.push_str(if number % 3 == 0 { "" } else { &body });
    }
    (requests, bodies)
}

/// The bodies of all responses, one after the other.
fn bodies_of(answer: &str) -> String {
    let responses = answer.split("HTTP/1.1 200 OK\r\n");
    responses.filter_map(|response| response.split_once("\r\n\r\n")).map(|(_head, body)| body).collect()
}

#[tokio::test]
async fn fifty_requests_in_one_segment_are_answered_in_order() {
    let (requests, bodies) = fifty();
    for pipe_bytes in [WIDE, 10_000, 100, 1] {
        let (answer, runs) = serve(Rules::default(), pipe_bytes).talk(requests.as_bytes()).await;
        assert_eq!(statuses(&answer), [200; 50]);
        assert_eq!(bodies_of(&answer), bodies);
        assert_eq!(runs.list().len(), 50);
    }
}

#[tokio::test]
async fn a_connection_serves_one_request_after_the_other() {
    let mut served = serve(Rules::default(), WIDE);
    for _ in 0..50 {
        served.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\npi").await;
        served.send("ng").await;
        let answer = served.read_until("ping").await;
        assert_eq!(statuses(&answer), [200]);
    }
}

#[tokio::test]
async fn a_client_that_has_ended_its_side_is_answered() {
    let mut client = connect(Rules::default()).await;
    client.write_all(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\npong").await.unwrap();
    client.shutdown().await.unwrap();
    let mut answer = String::new();
    client.read_to_string(&mut answer).await.unwrap();
    assert_eq!(statuses(&answer), [200]);
    assert!(answer.ends_with("pong"));
}

#[tokio::test(start_paused = true)]
async fn a_client_may_send_its_next_request_during_a_long_response() {
    let mut served = serve(Rules::default(), WIDE);
    served.send("GET /slow HTTP/1.1\r\nHost: a\r\n\r\nGET /ne").await;
    served.send("xt HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").await;
    let (answer, runs) = served.talk(b"").await;
    assert_eq!(statuses(&answer), [200, 200]);
    assert_eq!(runs.list(), ["GET /slow", "GET /next"]);
}

#[tokio::test]
async fn a_body_is_asked_for_where_the_client_waits_to_be_asked() {
    let mut served = serve(Rules::default(), WIDE);
    served.send("POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n").await;
    assert_eq!(served.read_until("\r\n\r\n").await, "HTTP/1.1 100 Continue\r\n\r\n");
    served.send("done").await;
    assert_eq!(statuses(&served.read_until("done").await), [200]);
    served.send("POST /unread HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n").await;
    let (answer, _runs) = served.talk(b"").await;
    assert_eq!(statuses(&answer), [200], "no body was asked for: {answer:?}");
}

#[tokio::test]
async fn head_requests_old_clients_and_odd_targets_are_served() {
    let requests = [
        "HEAD / HTTP/1.1\r\nHost: a\r\n\r\n",
        "\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n",
        "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET http://a/path?query HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET /%7Ea/\"{}|^[]\\?`{}|^[]\\<".trim_end_matches('<'),
        "GET / HTTP/1.0\r\n\r\n",
    ];
    let mut requests = requests.map(str::to_owned);
    requests[4].push_str(" HTTP/1.1\r\nHost: a\r\n\r\n");
    for pipe_bytes in [WIDE, 1] {
        let (answer, runs) = serve(Rules::default(), pipe_bytes).talk(requests.concat().as_bytes()).await;
        assert_eq!(statuses(&answer), [200; 6], "{answer:?}");
        assert_eq!(runs.list()[3], "GET /path");
    }
}

#[tokio::test]
async fn the_largest_heads_reach_the_service() {
    let many = format!("GET / HTTP/1.1\r\nHost: a\r\n{}\r\n", "x: y\r\n".repeat(99));
    let large = format!("GET /last HTTP/1.1\r\nHost: a\r\nx: {}\r\n\r\n", "y".repeat(32_000));
    let (answer, _runs) = serve(Rules::default(), 1000).talk(format!("{large}{many}{large}").as_bytes()).await;
    assert_eq!(statuses(&answer), [200, 200, 200]);
    let rules = Rules { headers: 150, ..Rules::default() };
    let more = format!("GET / HTTP/1.1\r\nHost: a\r\n{}\r\n", "x: y\r\n".repeat(149));
    let (answer, _runs) = serve(rules, 1000).talk(more.as_bytes()).await;
    assert_eq!(statuses(&answer), [200]);
}

#[tokio::test]
async fn an_early_answer_reaches_a_client_that_is_still_sending() {
    let unread = "POST /unread HTTP/1.1\r\nHost: a\r\nContent-Length: 20971520\r\n\r\n";
    let refused = "POST /no-host HTTP/1.1\r\nContent-Length: 20971520\r\n\r\n";
    for (head, status) in [(unread, 200), (refused, 400)] {
        let mut client = connect(Rules { linger: Duration::from_secs(60), ..Rules::default() }).await;
        client.write_all(head.as_bytes()).await.unwrap();
        client.write_all(&vec![b'x'; 20 * WIDE]).await.expect("what is sent too much is discarded");
        let mut answer = String::new();
        client.read_to_string(&mut answer).await.unwrap();
        assert_eq!(statuses(&answer), [status]);
    }
}

#[tokio::test]
async fn ten_mebibytes_in_chunks_arrive_intact() {
    let content: Vec<u8> = (0..10 * WIDE).map(|at| (at % 251).to_le_bytes()[0]).collect();
    let (mut reader, mut writer) = connect(Rules::default()).await.into_split();
    let sent = content.clone();
    tokio::spawn(async move {
        writer.write_all(b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n").await.unwrap();
        for (number, chunk) in sent.chunks(77_777).enumerate() {
            let extension = if number % 2 == 0 { ";n=1" } else { "" };
            writer.write_all(format!("{:X}{extension}\r\n", chunk.len()).as_bytes()).await.unwrap();
            writer.write_all(chunk).await.unwrap();
            writer.write_all(b"\r\n").await.unwrap();
        }
        writer.write_all(b"0\r\n\r\n").await.unwrap();
        writer.shutdown().await.unwrap();
    });
    let mut answer = Vec::new();
    reader.read_to_end(&mut answer).await.unwrap();
    assert!(answer.ends_with(&content), "{} bytes came back", answer.len());
}
