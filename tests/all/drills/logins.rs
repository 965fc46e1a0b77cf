//! A password that was changed under a host: it asks ever more rarely, and says which URL is old.

use serde_json::json;
use support::postgres::{Server, USER};
use support::probe::query;
use support::{Engine, TestDatabase, TestHost, until};

/// Lines of the server about logins that it has refused.
fn refused(server: &Server) -> usize {
    server.log().matches("password authentication failed").count()
}

#[tokio::test(flavor = "multi_thread")]
async fn refused_logins_are_asked_for_ever_more_rarely_and_name_the_variable() {
    let server = Server::start();
    let url = server.fresh_database().await;
    server.set_password("first").await;
    let host =
        TestHost::with(Engine::Postgres).database(TestDatabase::at(&url.replace(USER, &format!("{USER}:first"))));
    let host = host.by_environment().app("probe", "probe").start().await;
    server.set_password("second").await;
    server.end_backends().await;
    let look = json!([query("select 1", json!([]))]);
    let began = std::time::Instant::now();
    let mut visitor = host.visitor();
    while began.elapsed() < std::time::Duration::from_secs(8) {
        let answer = visitor.try_probe(look.clone()).await.expect("a whole answer");
        assert!(answer.status == 503 || answer.text().contains("unavailable"), "{answer:?}");
    }
    // After 0, 1, 3 and 7 seconds, each pool for itself, with what was under way at once.
    let (asked, most) = (refused(&server), 2 * 4 + 7);
    assert!((2..=most).contains(&asked), "{asked} logins in 8 seconds");
    let said = host.wait_for_log("the database refuses the login").await;
    assert!(
        said.contains("DATABASE_URL: the database refuses the login: password authentication failed"),
        "{said}"
    );
    assert!(!said.contains("first") && !said.contains("second"), "{said}");
    server.set_password("first").await;
    let back = async || {
        let answer = host.visitor().try_probe(look.clone()).await.expect("a whole answer");
        (answer.status == 200 && !answer.text().contains("unavailable")).then_some(())
    };
    until("the host is let in again", back).await;
}
