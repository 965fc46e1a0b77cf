//! The host's own tables: the same on both databases.

use std::collections::BTreeSet;

use serde_json::json;
use support::probe::all_ok;
use support::{Engine, TestHost};

#[tokio::test(flavor = "multi_thread")]
async fn both_databases_have_the_same_tables_and_columns() {
    let [postgres, sqlite] = [columns(Engine::Postgres).await, columns(Engine::Sqlite).await];
    assert!(postgres.contains("blobs.sha256") && postgres.contains("apps.route"), "{postgres:?}");
    let differ: Vec<&String> = postgres.symmetric_difference(&sqlite).collect();
    assert!(differ.is_empty(), "only one of them has {differ:?}");
}

/// `table.column` for every table of the host's.
async fn columns(engine: Engine) -> BTreeSet<String> {
    let host = TestHost::of(engine, "probe", "probe").await;
    all_ok(&host.probe(json!([{ "op": "session.set", "key": "a", "value": "1" }])).await);
    let rows = match engine {
        Engine::Postgres => {
            let sql =
                "select table_name, column_name from information_schema.columns where table_schema = 'innkeeper'";
            host.database().host_rows(sql).await
        }
        Engine::Sqlite => {
            let sql = "select substr(t.name, 11), c.name from sqlite_master t, pragma_table_info(t.name) c \
                       where t.type = 'table' and t.name like 'innkeeper\\_%' escape '\\'";
            [host.database().host_rows(sql).await, host.database().app_rows("probe", sql).await].concat()
        }
    };
    rows.iter().map(|row| row.join(".")).collect()
}
