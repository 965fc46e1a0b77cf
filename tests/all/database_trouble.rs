//! A Postgres server that is away, comes back, is the wrong one, or none at all.

use std::time::{Duration, Instant};

use support::command::{self, Finished};
use support::postgres::{Server, Stop, USER};
use support::{Answer, DEADLINE, Engine, TestDatabase, TestHost, Visitor, host, until};

/// A page that writes a session; the guest `hello` has it too.
const PAGE: &str = "/me";

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_away_at_the_start_is_found_when_it_comes() {
    let server = Server::start();
    let database = TestDatabase::at(&server.fresh_database().await);
    host::deploy(&database, "hello", "hello", &["--route", "/"]).await.succeeded();
    server.stop(Stop::Fast);
    let host = TestHost::with(Engine::Postgres).database(database).start_unready().await;
    is_told_to_come_back(&mut host.visitor()).await;
    server.start_again();
    answers_again(&host).await;
}

/// Nothing in the registry changes meanwhile, which would have the app loaded anew.
#[tokio::test(flavor = "multi_thread")]
async fn an_app_is_loaded_once_the_database_is_quick_enough() {
    let server = Server::start();
    let url = server.fresh_database().await;
    let database = TestDatabase::at(&url);
    host::deploy(&database, "hello", "hello", &["--route", "/"]).await.succeeded();
    let slow = "alter table innkeeper.component_parts rename to kept_parts; \
                create view innkeeper.component_parts as select p.* from innkeeper.kept_parts p, pg_sleep(60); \
                grant select on innkeeper.component_parts to public";
    server.administer_in(&url, slow).await;
    let machine = tempfile::tempdir().expect("a folder");
    let host = TestHost::with(Engine::Postgres).database(database).env("INNKEEPER_STATEMENT_TIME", "1s");
    let host = host.env("INNKEEPER_CODE_CACHE", machine.path().to_str().expect("UTF-8")).start_unready().await;
    host.wait_for_log("its database cannot be used").await;
    let answer = host.visitor().get(PAGE).await.expect(503);
    assert!(answer.header("retry-after").is_some(), "{answer:?}");
    let quick = "drop view innkeeper.component_parts; alter table innkeeper.kept_parts rename to component_parts";
    server.administer_in(&url, quick).await;
    answers_again(&host).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_crashes_is_found_again() {
    let (server, host) = guestbook_on_its_own_server().await;
    let mut visitor = host.visitor();
    let before = visits(&visitor.get(PAGE).await.expect(200));
    server.stop(Stop::Immediate);
    is_told_to_come_back(&mut visitor).await;
    server.start_again();
    answers_again(&host).await;
    assert!(visits(&visitor.get(PAGE).await.expect(200)) > before, "the session is still there");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restart_between_two_requests_is_not_noticed_for_long() {
    let (server, host) = guestbook_on_its_own_server().await;
    host.visitor().get(PAGE).await.expect(200);
    server.restart(Stop::Fast);
    let began = Instant::now();
    answers_again(&host).await;
    assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_that_the_server_ends_are_replaced() {
    let (server, host) = guestbook_on_its_own_server().await;
    host.visitor().get(PAGE).await.expect(200);
    let others = "pid <> pg_backend_pid() and backend_type = 'client backend'";
    server.administer(&format!("select pg_terminate_backend(pid) from pg_stat_activity where {others}")).await;
    answers_again(&host).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_follower_is_never_the_database() {
    let server = Server::start();
    let follower = server.follower();
    let url = follower.url("postgres");
    let refused = command::run(&["migrate", "--database-url", &url]).await.failed();
    assert!(said(&refused).contains("follower"), "{refused}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_takes_no_writes_says_so_and_recovers() {
    let (server, host) = guestbook_on_its_own_server().await;
    let mut visitor = host.visitor();
    visitor.get(PAGE).await.expect(200);
    let kick = "select pg_terminate_backend(pid) from pg_stat_activity where pid <> pg_backend_pid() \
                and backend_type = 'client backend'";
    server.administer(&format!("alter role {USER} set default_transaction_read_only = on")).await;
    server.administer(kick).await;
    let refused = async || (visitor.get(PAGE).await.status >= 500).then_some(());
    until("a write is refused", refused).await;
    server.administer(&format!("alter role {USER} reset all")).await;
    server.administer(kick).await;
    answers_again(&host).await;
}

#[tokio::test]
async fn a_url_that_is_none_is_an_error_without_the_password() {
    for url in ["postgres://user:hidden@[::1/x", "mysql://user:hidden@127.0.0.1/x", "hidden", ""] {
        let refused = command::run(&["serve", "--listen", "127.0.0.1:0", "--database-url", url]).await.failed();
        assert!(
            !said(&refused).contains("hidden") && refused.stderr.contains("--database-url"),
            "{url}: {refused}"
        );
    }
}

#[tokio::test]
async fn a_dyno_without_a_database_refuses_to_start_in_one_line() {
    let mut serve = command::innkeeper(&["serve", "--listen", "127.0.0.1:0"]);
    let directory = tempfile::tempdir().unwrap();
    serve.env("DYNO", "web.1").current_dir(directory.path());
    let refused = command::finish(serve, DEADLINE).await.failed();
    assert_eq!(said(&refused).lines().count(), 1, "{refused}");
    assert!(said(&refused).contains("heroku addons:create"), "{refused}");
}

/// The guestbook answers 503 where the database has no time for it, as a guest should.
async fn guestbook_on_its_own_server() -> (Server, TestHost) {
    let server = Server::start();
    let database = TestDatabase::at(&server.fresh_database().await);
    let host =
        TestHost::with(Engine::Postgres).database(database).app("guestbook", "guestbook-rust").start().await;
    (server, host)
}

/// While the database is away: soon, clearly, every time.
async fn is_told_to_come_back(visitor: &mut Visitor) {
    for _ in 0..3 {
        let began = Instant::now();
        let answer = visitor.get(PAGE).await.expect(503);
        assert!(began.elapsed() < Duration::from_millis(4_500), "it took {:?}", began.elapsed());
        let seconds = answer.header("retry-after").and_then(|value| value.parse::<u32>().ok());
        assert!(seconds.is_some(), "no Retry-After: {answer:?}");
    }
    assert_eq!(visitor.get("/_innkeeper/ready").await.status, 503);
    assert_eq!(visitor.get("/_innkeeper/live").await.status, 200);
}

async fn answers_again(host: &TestHost) {
    let mut visitor = host.visitor();
    let answers = async || (visitor.get(PAGE).await.status == 200).then_some(());
    until("the app answers again", answers).await;
}

fn visits(answer: &Answer) -> Option<u64> {
    answer.json()["visits"].as_u64()
}

fn said(finished: &Finished) -> String {
    format!("{}{}", finished.stdout, finished.stderr)
}
