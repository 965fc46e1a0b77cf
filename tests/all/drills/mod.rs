//! Drills: what a database does to a host in a bad week, under load, on real servers.
//!
//! [`load`] is what goes on meanwhile and what it is held to; each of the other files is one kind
//! of trouble.

mod answers_lost;
mod away;
pub(crate) mod bouncer;
mod cancelled;
mod crowded;
mod hanging;
mod hold_and_wait;
mod killed;
mod late;
mod load;
mod logins;
mod meanwhile;
mod read_only;
mod rounds;
mod slow;
mod tls;
mod urls;

use serde_json::{Value, json};
use support::postgres::Server;
use support::probe::{all_ok, integer, query};
use support::{Engine, TestDatabase, TestHost, until};

/// A table that everybody writes one row after the other into.
const KEPT: &str = "create table kept (id text primary key)";

/// A query that never ends by itself. Its name is found again on the server.
const ENDLESS: &str = "with recursive endless (i) as (select 1 union all select 1 - i from endless) \
                       select count(*) from endless";

/// A probe on a server of its own, its table made.
async fn probe_on_its_own_server() -> (Server, TestHost) {
    probe_with(&[]).await
}

/// The same with variables set.
async fn probe_with(environment: &[(&str, &str)]) -> (Server, TestHost) {
    let server = Server::start();
    let url = server.fresh_database().await;
    (server, probe_at(&url, environment).await)
}

/// A probe on a database that is there already, its table made.
async fn probe_at(url: &str, environment: &[(&str, &str)]) -> TestHost {
    let mut host = TestHost::with(Engine::Postgres).database(TestDatabase::at(url)).app("probe", "probe");
    for (name, value) in environment {
        host = host.env(name, value);
    }
    let host = host.start().await;
    all_ok(&host.probe(json!([migrate(KEPT)])).await);
    host
}

/// A step that makes a table, once.
fn migrate(statement: &str) -> Value {
    let migration = json!({ "name": "0001", "statements": [statement] });
    json!({ "op": "db.migrate", "migrations": [migration] })
}

fn op_sleep(ms: u64) -> Value {
    json!({ "op": "sleep", "ms": ms })
}

/// Waits until no transaction of the host's stands open, and none has been forgotten.
async fn nothing_is_left_open(server: &Server) {
    let none = async || (server.backends("state like 'idle in transaction%'").await == 0).then_some(());
    until("no transaction stands open any more", none).await;
}

/// Whether an endless query still runs on the server.
async fn endless_runs(server: &Server) -> bool {
    server.backends("state = 'active' and query like '%endless%'").await > 0
}

/// How many rows `kept` holds, as the app sees it.
async fn count(host: &TestHost) -> i64 {
    integer(&host.probe(json!([query("select count(*) from kept", json!([]))])).await[0])
}
