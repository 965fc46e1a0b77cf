//! Requests that must not reach the service, and what they are answered with.

use super::table::table;
use super::{Refusal, Rules, WIDE, serve, statuses};

/// What follows each refused request in the same segment, and must never run.
const SMUGGLED: &str = "GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n";

async fn every_row_is_refused(pipe_bytes: usize) {
    for (status, mut request) in table() {
        request.extend_from_slice(SMUGGLED.as_bytes());
        let shown = String::from_utf8_lossy(&request[..request.len().min(200)]).into_owned();
        let (answer, runs) = serve(Rules::default(), pipe_bytes).talk(&request).await;
        assert_eq!(statuses(&answer), [status], "{shown:?} was answered with {answer:?}");
        assert!(answer.contains("connection: close"), "{shown:?} was answered with {answer:?}");
        assert!(runs.list().is_empty(), "{shown:?} ran as {:?}", runs.list());
    }
}

#[tokio::test]
async fn refused_heads_are_answered_and_nothing_behind_them_runs() {
    every_row_is_refused(WIDE).await;
}

#[tokio::test]
async fn bytes_that_arrive_alone_are_judged_the_same() {
    every_row_is_refused(1).await;
}

#[tokio::test]
async fn a_refused_request_leaves_the_ones_before_it_their_answers() {
    let requests = "GET /one HTTP/1.1\r\nHost: a\r\n\r\nPOST /two HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc\
                    GET /three HTTP/1.1\r\n\r\nGET /four HTTP/1.1\r\nHost: a\r\n\r\n";
    for pipe_bytes in [WIDE, 7, 1] {
        let (answer, runs) = serve(Rules::default(), pipe_bytes).talk(requests.as_bytes()).await;
        assert_eq!(statuses(&answer), [200, 200, 400]);
        assert_eq!(runs.list(), ["GET /one", "POST /two"]);
    }
}

#[tokio::test]
async fn the_reason_is_told() {
    let (answer, _runs) = serve(Rules::default(), WIDE).talk(b"GET / HTTP/1.1\r\n\r\n").await;
    assert!(answer.ends_with(Refusal::NoHost.reason()), "{answer:?}");
}
