//! `logs --follow` behind a router, each of whose hosts has a log of its own.

use std::process::Stdio;
use std::sync::{Arc, Mutex};

use support::haproxy::Haproxy;
use support::{Engine, TestHost, Visitor, command, until};
use tokio::io::{AsyncBufReadExt, BufReader};

const ROOT: &str = "the-root-token-0123456789abcdef-of-a-test";
/// Requests to each host, before and while the log is followed.
const REQUESTS: usize = 20;

#[tokio::test(flavor = "multi_thread")]
async fn each_line_of_each_host_is_shown_once() {
    let host = TestHost::with(Engine::Postgres).app("shop", "hello").env("INNKEEPER_ADMIN_TOKEN", ROOT);
    let host = host.start().await;
    let (second, mut second_visitor) = host.twin().await;
    let router = Haproxy::start(&[host.address(), second.address().await]).await;
    let mut first_visitor = host.visitor();
    // One has far more lines than the other: the numbers of the one mean nothing to the other.
    visit(&mut first_visitor, "before", 3 * REQUESTS).await;
    visit(&mut second_visitor, "early", 1).await;
    let url = router.url();
    let mut follow = command::innkeeper(&["logs", "shop", "--follow", "--json", "--limit", "5", "--to", &url]);
    follow.env("INNKEEPER_TOKEN", ROOT).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut follow = follow.spawn().unwrap();
    let shown = Arc::new(Mutex::new(Vec::new()));
    let mut lines = BufReader::new(follow.stdout.take().unwrap()).lines();
    let seen = Arc::clone(&shown);
    tokio::spawn(async move {
        while let Ok(Some(line)) = lines.next_line().await {
            let line: serde_json::Value = serde_json::from_str(&line).expect("a line is an object");
            seen.lock().unwrap().push(line["text"].as_str().expect("a text").to_owned());
        }
    });
    let count = |what: &str| shown.lock().unwrap().iter().filter(|text| text.contains(what)).count();
    // Both are known once the last lines of both were shown.
    until("the log is followed", async || (count("/before") >= 5 && count("/early") >= 1).then_some(())).await;
    for number in 0..REQUESTS {
        visit(&mut first_visitor, &format!("first-{number}-"), 1).await;
        visit(&mut second_visitor, &format!("second-{number}-"), 1).await;
    }
    until("every line is shown", async || {
        (count("/first-") >= REQUESTS && count("/second-") >= REQUESTS).then_some(())
    })
    .await;
    // What comes last of all is behind whatever would be shown once more.
    visit(&mut first_visitor, "last", 1).await;
    visit(&mut second_visitor, "last", 1).await;
    until("the last lines are shown", async || (count("/last") >= 2).then_some(())).await;
    follow.kill().await.unwrap();
    for number in 0..REQUESTS {
        for host in ["first", "second"] {
            assert_eq!(count(&format!("/{host}-{number}-")), 1, "{host} {number}: {:?}", shown.lock().unwrap());
        }
    }
    assert_eq!((count("/before"), count("/last")), (5, 2), "{:?}", shown.lock().unwrap());
}

async fn visit(visitor: &mut Visitor, name: &str, times: usize) {
    for _ in 0..times {
        let _ = visitor.get(&format!("/{name}")).await;
    }
}
