//! Round trips to the server, counted on the wire: what a page costs where the server is far away.

use serde_json::json;
use support::postgres::Server;
use support::postgres::proxy::Proxy;
use support::probe::{all_ok, execute, op, query};
use support::{Engine, TestDatabase, TestHost, Visitor, until};

use super::{KEPT, migrate};

/// What the benchmark's page costs: load the session; begin and insert in one; select; save and
/// commit in one.
const PAGE_ROUND_TRIPS: usize = 4;

/// Requests of which the usual one counts. The host looks for new versions once a second, and a
/// connection may have to be made ready again after that.
const REQUESTS: usize = 15;

async fn behind_a_proxy(app: &str) -> (Server, Proxy, TestHost) {
    let server = Server::start();
    let proxy = Proxy::start(server.port()).await;
    let database = TestDatabase::at(&proxy.url(&server.fresh_database().await));
    let host = TestHost::with(Engine::Postgres).database(database).app(app, app).start().await;
    (server, proxy, host)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_with_one_query_costs_one_round_trip() {
    let (_server, proxy, host) = behind_a_proxy("probe").await;
    all_ok(&host.probe(json!([migrate(KEPT)])).await);
    let mut visitor = host.visitor();
    let steps = json!([query("select id from kept where id = $1", json!(["a"]))]);
    let usual = usual(&proxy, async || all_ok(&visitor.probe(steps.clone()).await)).await;
    assert_eq!(usual.len(), 1, "{usual:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_that_asks_for_nothing_costs_nothing() {
    let (_server, proxy, host) = behind_a_proxy("probe").await;
    let mut visitor = host.visitor();
    let usual = usual(&proxy, async || all_ok(&visitor.probe(json!([migrate(KEPT)])).await)).await;
    assert_eq!(usual.len(), 0, "{usual:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn several_queries_cost_one_round_trip_each() {
    let (_server, proxy, host) = behind_a_proxy("probe").await;
    all_ok(&host.probe(json!([migrate(KEPT)])).await);
    let mut visitor = host.visitor();
    let one = query("select id from kept where id = $1", json!(["a"]));
    let steps = json!([one, query("select count(*) from kept", json!([])), one]);
    let usual = usual(&proxy, async || all_ok(&visitor.probe(steps.clone()).await)).await;
    assert_eq!(usual.len(), 3, "{usual:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_with_one_write_costs_the_write_and_a_commit() {
    let (_server, proxy, host) = behind_a_proxy("probe").await;
    all_ok(&host.probe(json!([migrate(KEPT)])).await);
    let mut visitor = host.visitor();
    let steps = json!([execute("insert into kept (id) values ($1) on conflict do nothing", json!(["a"]))]);
    let usual = usual(&proxy, async || all_ok(&visitor.probe(steps.clone()).await)).await;
    assert_eq!(usual.len(), 2, "{usual:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_costs_as_many_round_trips_as_are_known() {
    let (_server, proxy, host) = behind_a_proxy("page").await;
    let mut visitor = host.visitor();
    let usual = usual(&proxy, async || visit(&mut visitor).await).await;
    assert!(usual.len() <= PAGE_ROUND_TRIPS, "{} round trips: {usual:#?}", usual.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_costs_nothing_without_a_cookie_and_one_round_trip_to_read() {
    let (_server, proxy, host) = behind_a_proxy("probe").await;
    let reads = json!([
        { "op": "session.get", "key": "a" },
        op("session.get-keys"),
        op("session.get-user"),
        op("session.take-flash"),
        { "op": "session.remove", "key": "a" },
        { "op": "session.csrf-check", "form": "f", "token": "t" },
        op("session.destroy"),
    ]);
    let without = usual(&proxy, async || all_ok(&host.visitor().probe(reads.clone()).await)).await;
    assert_eq!(without.len(), 0, "{without:#?}");
    let mut visitor = host.visitor();
    all_ok(&visitor.probe(json!([{ "op": "session.set", "key": "a", "value": "1" }])).await);
    let nothing = usual(&proxy, async || all_ok(&visitor.probe(json!([op("echo-headers")])).await)).await;
    assert_eq!(nothing.len(), 0, "{nothing:#?}");
    let steps = json!([{ "op": "session.get", "key": "a" }, op("session.get-keys"), op("session.take-flash")]);
    let read = usual(&proxy, async || all_ok(&visitor.probe(steps.clone()).await)).await;
    assert_eq!(read.len(), 1, "{read:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn writing_to_a_session_costs_load_begin_and_commit() {
    let (_server, proxy, host) = behind_a_proxy("probe").await;
    let set = |key: &str| json!({ "op": "session.set", "key": key, "value": "1" });
    let steps = json!([set("a"), set("b"), { "op": "session.flash", "message": "saved" }]);
    let begun = usual(&proxy, async || all_ok(&host.visitor().probe(steps.clone()).await)).await;
    assert_eq!(begun.len(), 2, "a new one needs no loading: {begun:#?}");
    let mut visitor = host.visitor();
    let writes = json!([set("a"), set("b")]);
    all_ok(&visitor.probe(writes.clone()).await);
    let written = usual(&proxy, async || all_ok(&visitor.probe(writes.clone()).await)).await;
    assert_eq!(written.len(), 3, "{written:#?}");
}

/// The host looks for new versions once a second. It must not take an app's connection for that and
/// leave it unready.
#[tokio::test(flavor = "multi_thread")]
async fn a_visitor_who_comes_now_and_then_waits_for_no_more() {
    let (_server, proxy, host) = behind_a_proxy("probe").await;
    all_ok(&host.probe(json!([migrate(KEPT)])).await);
    let mut visitor = host.visitor();
    let steps = json!([query("select id from kept where id = $1", json!(["a"]))]);
    let mut rounds = Vec::new();
    for _ in 0..5 {
        all_ok(&visitor.probe(steps.clone()).await);
        proxy.take_trips();
        let looked = async || proxy.take_trips().iter().any(|trip| is_look(trip)).then_some(());
        until("the host looks for new versions", looked).await;
        all_ok(&visitor.probe(steps.clone()).await);
        let trips: Vec<String> = proxy.take_trips().into_iter().filter(|trip| !is_look(trip)).collect();
        rounds.push(trips);
    }
    // The host sweeps once meanwhile, and asks much for that.
    rounds.sort_by_key(Vec::len);
    assert_eq!(rounds[2].len(), 1, "{rounds:#?}");
}

fn is_look(trip: &str) -> bool {
    trip.contains("generation") || trip.contains("innkeeper.hosts")
}

async fn visit(visitor: &mut Visitor) {
    visitor.get("/").await.expect(200);
}

/// The round trips of the usual request: the middle one of several, by their number.
async fn usual(proxy: &Proxy, mut request: impl AsyncFnMut()) -> Vec<String> {
    for _ in 0..3 {
        request().await;
    }
    let mut requests = Vec::new();
    for _ in 0..REQUESTS {
        proxy.take_trips();
        request().await;
        requests.push(proxy.take_trips());
    }
    requests.sort_by_key(Vec::len);
    requests.swap_remove(REQUESTS / 2)
}
