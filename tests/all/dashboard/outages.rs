//! The dashboard while its database does not answer: it is wanted just then.

use support::postgres::{Server, Stop};
use support::{TestDatabase, TestHost, Visitor, until};

use super::{APP, HOME, ROLLBACK, TOKEN, VARIABLE, sign_in};
use serde_json::json;

#[tokio::test]
async fn pages_show_what_the_host_remembers() {
    let server = Server::start();
    let database = TestDatabase::at(&server.fresh_database().await);
    let host = TestHost::with(support::Engine::Postgres).database(database).app("shop", "probe");
    let host = host.env(VARIABLE, TOKEN).start().await;
    let mut visitor = sign_in(&host).await;
    let failing = Visitor::with_steps("/failing", &json!([{ "op": "respond", "status": 500 }]));
    super::send(&mut host.visitor(), failing, "").await.expect(500);
    visitor.get(APP).await.expect(200);
    let unknown = sign_in(&host).await.jar.header().expect("a session");
    server.stop(Stop::Immediate);
    let is_told = async || {
        let answer = visitor.get(APP).await.expect(200).text().to_owned();
        answer.contains("The database does not answer").then_some(answer)
    };
    let page = until("the page says that the database is away", is_told).await;
    for part in ["Last hour", "/failing", "from the memory of this host", "serving"] {
        assert!(page.contains(part), "{part}: {page}");
    }
    let overview = visitor.get(HOME).await.expect(200).text().to_owned();
    assert!(overview.contains(">shop</a>") && overview.contains("does not answer"), "{overview}");
    visitor.get(ROLLBACK).await.expect(503);
    // Whether this one was ended cannot be told.
    host.visitor().get_with(HOME, "cookie", &unknown).await.expect(503);
    server.start_again();
    let is_back = async || {
        let answer = visitor.get(APP).await.expect(200).text().to_owned();
        (!answer.contains("The database does not answer") && answer.contains("Versions")).then_some(())
    };
    until("the page is whole again", is_back).await;
}
