//! Large tables get indexes that were added later while others go on writing.

use support::postgres::fresh_database;
use support::{Engine, TestDatabase, TestHost, host, until};

const WANTED: &str = "blobs_kept,blobs_unkept,used_tickets_by_end";

/// The indexes of this release that are whole, and whether the one that they replace is there.
async fn there(database: &TestDatabase) -> String {
    let sql = "select coalesce(string_agg(c.relname, ',' order by c.relname), '') from pg_index x join pg_class c on c.oid = x.indexrelid \
               where x.indisvalid and c.relname in ('blobs_kept', 'blobs_unkept', 'used_tickets_by_end', 'blobs_not_kept')";
    database.app_value("probe", sql).await
}

/// As a host of the release before has left the database, with so many files.
async fn before(database: &TestDatabase, files: u32) {
    for sql in [
        "drop index innkeeper.blobs_kept, innkeeper.blobs_unkept, innkeeper.used_tickets_by_end".to_owned(),
        "create index blobs_not_kept on innkeeper.blobs (created_at) where state < 2".to_owned(),
        "delete from innkeeper.migrations where name = 'app/0004_blobs_by_state'".to_owned(),
        format!(
            "insert into innkeeper.blobs (app, id, state, size, sha256, content_type, created_at) \
             select 'probe', md5(n::text), 2, 1, '', 'text/plain', 0 from generate_series(1, {files}) n"
        ),
        "insert into innkeeper.used_tickets select app, id, 4000000000 from innkeeper.blobs".to_owned(),
    ] {
        database.app_rows("probe", &sql).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn small_tables_get_theirs_at_once() {
    let database = TestDatabase::at(&fresh_database().await);
    host::deploy(&database, "probe", "probe", &[]).await.succeeded();
    assert_eq!(there(&database).await, WANTED);
    before(&database, 10_000).await;
    support::command::on(&database, &["migrate"]).await.succeeded();
    assert_eq!(there(&database).await, WANTED);
}

#[tokio::test(flavor = "multi_thread")]
async fn large_tables_get_theirs_while_the_host_serves() {
    let database = TestDatabase::at(&fresh_database().await);
    host::deploy(&database, "probe", "probe", &[]).await.succeeded();
    before(&database, 10_001).await;
    support::command::on(&database, &["migrate"]).await.succeeded();
    assert_eq!(there(&database).await, "blobs_not_kept", "a command makes nobody wait");
    // What an attempt leaves that was broken off.
    let broken = "create unique index blobs_kept on innkeeper.blobs (app, id) where state = 2; \
                  update pg_index set indisvalid = false where indexrelid = 'innkeeper.blobs_kept'::regclass";
    support::postgres::shared().administer_in(&database.url(), broken).await;
    let host = TestHost::with(Engine::Postgres).database(database).start().await;
    until("the indexes are there", async || (there(host.database()).await == WANTED).then_some(())).await;
    let sql = "select indisunique from pg_index where indexrelid = 'innkeeper.blobs_kept'::regclass";
    assert_eq!(host.database().app_value("probe", sql).await, "f", "the one that was broken off is not believed");
}
