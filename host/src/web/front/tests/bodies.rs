//! Bodies: both framings, cut in every way, sound and broken.

use super::{Rules, WIDE, serve, statuses};

const CHUNKED: &str = "POST /chunks HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
const NEXT: &str = "GET /next HTTP/1.1\r\nHost: a\r\n\r\n";

#[tokio::test]
async fn sound_chunks_arrive_whole_and_the_next_request_runs() {
    let bodies = [
        ("0\r\n\r\n", ""),
        ("5\r\nhello\r\n0\r\n\r\n", "hello"),
        ("5\r\nhello\r\n0000000000000001\r\n!\r\n00\r\n\r\n", "hello!"),
        ("A;name=value;q=\"x y\"\r\n0123456789\r\na\r\n0123456789\r\n0\r\n\r\n", "01234567890123456789"),
        ("2\r\n\r\n\r\n0\r\nX-Sum: 1\r\nx-two:\r\n\r\n", "\r\n"),
    ];
    for (body, content) in bodies {
        for pipe_bytes in [WIDE, 3, 1] {
            let (answer, runs) =
                serve(Rules::default(), pipe_bytes).talk(format!("{CHUNKED}{body}{NEXT}").as_bytes()).await;
            assert_eq!(statuses(&answer), [200, 200], "{body:?}");
            assert!(answer.contains(&format!("\r\n\r\n{content}HTTP/1.1")), "{body:?} came as {answer:?}");
            assert_eq!(runs.list(), ["POST /chunks", "GET /next"]);
        }
    }
}

#[tokio::test]
async fn trailers_reach_the_service() {
    let request = format!("{CHUNKED}0\r\nX-Sum: 1\r\nX-More: 2\r\n\r\n");
    let (answer, _runs) = serve(Rules::default(), 1).talk(request.as_bytes()).await;
    assert!(answer.contains("trailers: 2"), "{answer:?}");
}

#[tokio::test]
async fn broken_chunks_fail_the_body_and_nothing_behind_them_runs() {
    let extension = format!("5;{}\r\nhello\r\n0\r\n\r\n", "x".repeat(256));
    let trailer = format!("0\r\nX: {}\r\n\r\n", "y".repeat(8 * 1024));
    let bodies = [
        "\r\n",
        "x\r\n",
        "-1\r\n",
        "+5\r\nhello\r\n",
        "0x5\r\nhello\r\n",
        " 5\r\nhello\r\n",
        "5 \r\nhello\r\n",
        ";\r\n",
        "5\nhello\r\n0\r\n\r\n",
        "5\r\nhello\n0\r\n\r\n",
        "5\r\nhello0\r\n\r\n",
        "5\r\nhello\r\n\r\n0\r\n\r\n",
        "5\rhello\r\n0\r\n\r\n",
        "5\r\nhello\r0\r\n\r\n",
        "5;a\nb\r\nhello\r\n",
        "5;a\rb\r\nhello\r\n",
        "5;a\0\r\nhello\r\n",
        "00000000000000005\r\nhello\r\n",
        "10000000000000005\r\nhello\r\n",
        "5\r\nhell\r\n0\r\n\r\n",
        "0\r\nX: y\n\r\n",
        "0\r\n\n",
        "0\r\n\rX",
        "0\r\nX : y\r\n\r\n",
        "0\r\n: y\r\n\r\n",
        "0\r\n X: y\r\n\r\n",
        "0\r\nX: y\r\n z\r\n\r\n",
        "0\r\nX: \0\r\n\r\n",
        "0\r\nX\r\n\r\n",
        "0\r\nGET / HTTP/1.1\r\n\r\n",
        &extension,
        &trailer,
    ];
    for body in bodies {
        for pipe_bytes in [WIDE, 1] {
            let (answer, runs) =
                serve(Rules::default(), pipe_bytes).talk(format!("{CHUNKED}{body}{NEXT}").as_bytes()).await;
            assert_eq!(statuses(&answer), [400], "{body:?} was answered with {answer:?}");
            assert_eq!(runs.list(), ["POST /chunks"], "{body:?}");
            assert!(!answer.ends_with("cut"), "{body:?} was seen by hyper: {answer:?}");
        }
    }
}

#[tokio::test]
async fn a_body_that_ends_early_is_told_from_one_that_is_whole() {
    for body in ["", "5\r\nhel", "5\r\nhello\r\n", "5\r\nhello\r\n0\r\n", "5\r\nhello\r\n0\r\n\r"] {
        let (answer, _runs) = serve(Rules::default(), WIDE).talk(format!("{CHUNKED}{body}").as_bytes()).await;
        assert_eq!(statuses(&answer), [400], "{body:?} was answered with {answer:?}");
    }
    let short = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhell";
    let (answer, _runs) = serve(Rules::default(), WIDE).talk(short).await;
    assert_eq!(statuses(&answer), [400]);
}

#[tokio::test]
async fn what_an_unread_body_hides_never_runs() {
    let hidden = format!("POST /unread HTTP/1.1\r\nHost: a\r\nContent-Length: 20000\r\n\r\n{NEXT}");
    let (answer, runs) = serve(Rules::default(), WIDE).talk(hidden.as_bytes()).await;
    assert_eq!(statuses(&answer), [200]);
    assert_eq!(runs.list(), ["POST /unread"]);
}
