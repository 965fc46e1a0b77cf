//! What a server says after an error comes a little later than the error: no answer is taken for
//! that to another statement.

use std::time::Duration;

use serde_json::{Value, json};
use support::postgres::Server;
use support::postgres::proxy::Proxy;
use support::probe::{all_ok, code, execute, integer, ok, op, query, respond};
use support::{Engine, TestDatabase, TestHost};

use super::{migrate, nothing_is_left_open};

/// Longer than the host takes from one statement to the next.
const PAUSE: Duration = Duration::from_millis(30);

const TABLE: &str =
    "create table kept (id bigint primary key, other bigint references kept (id) deferrable initially deferred)";

fn number(number: u32) -> Value {
    query("select cast($1 as bigint)", json!([{ "integer": number.to_string() }]))
}

fn insert(id: u32, other: Value) -> Value {
    let params = json!([{ "integer": id.to_string() }, other]);
    execute("insert into kept (id, other) values ($1, $2)", params)
}

async fn behind_a_slow_proxy() -> (Server, Proxy, TestHost) {
    let server = Server::start();
    let proxy = Proxy::start(server.port()).await;
    let database = TestDatabase::at(&proxy.url(&server.fresh_database().await));
    let host = TestHost::with(Engine::Postgres).database(database).app("probe", "probe");
    let host = host.env("INNKEEPER_POOL_SIZE", "1").start().await;
    all_ok(&host.probe(json!([migrate(TABLE), insert(1, Value::Null), number(0)])).await);
    proxy.be_slow_after_errors(PAUSE);
    (server, proxy, host)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_statement_after_one_that_has_failed_gets_its_own_answer() {
    let (server, _proxy, host) = behind_a_slow_proxy().await;
    let unknown = |round: u32| query(&format!("select nothing from nowhere{round}"), json!([]));
    let commit = json!({ "op": "tx.commit", "tx": 0 });
    for round in 0..5 {
        // By themselves, in a unit of work, and in a part of it.
        let ways = [vec![], vec![insert(100 + round, Value::Null)], vec![op("db.begin")]];
        for (way, first) in ways.into_iter().enumerate() {
            let place = first.len();
            let failing = vec![number(11), unknown(round), number(12), insert(1, Value::Null), number(13)];
            let last = if way == 2 { vec![commit.clone()] } else { vec![] };
            let answer =
                host.visitor().probe_answer(json!([first, failing, last, vec![respond(500)]].concat())).await;
            let results = answer.expect(500).json();
            let numbers = [0, 2, 4].map(|at| integer(&results[place + at]));
            assert_eq!(numbers, [11, 12, 13], "way {way}: {results}");
            assert_eq!((code(&results[place + 1]), code(&results[place + 3])), ("syntax", "unique-violation"));
            assert_eq!(integer(&host.probe(json!([number(14)])).await[0]), 14, "way {way}: the next request");
        }
    }
    nothing_is_left_open(&server).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_after_a_commit_that_has_failed_gets_its_own_answers() {
    let (server, _proxy, host) = behind_a_slow_proxy().await;
    for round in 0..5 {
        let refers = insert(200 + round, json!({ "integer": "9999" }));
        let steps =
            json!([refers, op("db.commit"), op("db.rollback"), number(21), insert(300 + round, Value::Null)]);
        let results = host.probe(steps).await;
        assert_eq!(code(&results[1]), "foreign-key-violation", "{results:?}");
        assert_eq!((integer(&results[3]), ok(&results[4])), (21, &json!(1)), "{results:?}");
        assert!(host.visitor().probe_answer(json!([refers])).await.status >= 500);
        assert_eq!(integer(&host.probe(json!([number(22)])).await[0]), 22, "the next request");
    }
    nothing_is_left_open(&server).await;
}
