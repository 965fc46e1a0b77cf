//! Slow is not away: a statement that waits on a server that answers has all its time. And what the
//! host remembers of a connection.

use std::time::Duration;

use serde_json::json;
use sqlx::{Connection, PgConnection};
use support::postgres::Server;
use support::probe::{all_ok, code, execute, integer, op, query};
use support::until;

use super::{count, probe_at};

#[tokio::test(flavor = "multi_thread")]
async fn a_statement_that_waits_for_a_lock_has_its_time() {
    let server = Server::start();
    let url = server.fresh_database().await;
    // Half of it for a lock.
    let host = probe_at(&url, &[("INNKEEPER_STATEMENT_TIME", "40s")]).await;
    let insert = |id: &str| execute("insert into kept (id) values ($1)", json!([id]));
    all_ok(&host.probe(json!([insert("a")])).await);
    let mut other = PgConnection::connect(&url).await.expect("the server answers");
    let lock = "begin; lock table app_probe.kept in access exclusive mode";
    sqlx::raw_sql(lock).execute(&mut other).await.expect("nobody else has it");
    let mut visitor = host.visitor();
    let waiting = tokio::spawn(async move { visitor.probe(json!([insert("b")])).await });
    let waits = async || (server.backends("wait_event_type = 'Lock'").await == 1).then_some(());
    until("the insert waits", waits).await;
    // Longer than a frozen server would be waited for.
    tokio::time::sleep(Duration::from_secs(7)).await;
    sqlx::raw_sql("commit").execute(&mut other).await.expect("the lock goes");
    all_ok(&waiting.await.expect("a visitor does not panic"));
    assert_eq!(count(&host).await, 2);
    assert!(!host.logs().contains("does not answer"), "{}", host.logs());
}

/// The driver keeps 256 statements prepared on a connection, of whatever kind. One that it has
/// dropped may fail when it is prepared again, and takes nothing of the unit of work along.
#[tokio::test(flavor = "multi_thread")]
async fn a_statement_that_is_no_longer_prepared_takes_nothing_along() {
    let server = Server::start();
    let url = server.fresh_database().await;
    let host = probe_at(&url, &[("INNKEEPER_POOL_SIZE", "1"), ("INNKEEPER_CPU_PER_REQUEST", "20s")]).await;
    let look = query("select id from kept where id = $1", json!(["a"]));
    let notes = execute("create table notes (a text)", json!([]));
    all_ok(&host.probe(json!([notes, op("db.commit"), look, look])).await);
    let json = |number: u32| query(&format!("select cast($1 as jsonb) as c{number}"), json!([{ "json": "{}" }]));
    let others: Vec<_> = (0..300).map(json).collect();
    all_ok(&host.probe(others.into()).await);
    let mut other = PgConnection::connect(&url).await.expect("the server answers");
    let change = "alter table app_probe.kept rename column id to other";
    sqlx::raw_sql(change).execute(&mut other).await.expect("the table is there");
    let insert = execute("insert into notes (a) values ('kept')", json!([]));
    let results = host.probe(json!([insert, look])).await;
    assert_eq!(code(&results[1]), "syntax", "{results:?}");
    let found = host.probe(json!([query("select count(*) from notes", json!([]))])).await;
    assert_eq!(integer(&found[0]), 1);
}
