//! No statement of the host takes longer because tables have grown by what does not belong to the
//! request.
//!
//! The tables are large: a million sessions and values, files and chunks, ten thousand apps, a
//! hundred thousand versions. A real host and its commands are driven through all that they do, and
//! of each statement is asked what it has read. On Postgres the server tells it of the plan that
//! was run, with values of its own and with a plan for any values; on SQLite the host counts the
//! steps of its statements.

mod admin;
mod drive;
mod excused;
mod fill;
mod indexes;
mod plans;
mod steps;
mod texts;

use support::postgres::Server;
use support::{Engine, TestDatabase, TestHost, host};

use drive::{STATEMENT_TIME, TOKEN};
use excused::Work;

#[tokio::test(flavor = "multi_thread")]
async fn no_statement_on_postgres_reads_what_is_not_its_own() {
    let server = Server::start();
    let url = server.fresh_database().await;
    deploy(&TestDatabase::at(&url)).await;
    fill::postgres(&server, &url).await;
    server.explain_everything().await;
    let (mut work, mut too_much) = (Vec::new(), Vec::new());
    for mode in ["force_custom_plan", "force_generic_plan"] {
        server.administer(&format!("alter role {} set plan_cache_mode = {mode}", support::postgres::USER)).await;
        let before = server.log().len();
        fill::ended_on_postgres(&server, &url).await;
        let host = serve(Engine::Postgres, TestDatabase::at(&url)).await;
        drive::everything(&host).await;
        drop(host);
        let of_mode = plans::from_log(&server.log()[before..]);
        too_much.extend(excused::judge(&of_mode, mode));
        work.extend(of_mode);
    }
    assert!(too_much.is_empty(), "{} statements read too much:\n{}", too_much.len(), too_much.join("\n"));
    texts::all_were_run(&work);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_statement_on_sqlite_reads_what_is_not_its_own() {
    let database = TestDatabase::fresh(Engine::Sqlite).await;
    deploy(&database).await;
    fill::sqlite(database.directory().expect("files of SQLite"));
    let host = serve(Engine::Sqlite, database).await;
    drive::everything(&host).await;
    let work = steps::from_log(&host.logs());
    let too_much = excused::judge(&work, "sqlite");
    assert!(too_much.is_empty(), "{} statements took too many steps:\n{}", too_much.len(), too_much.join("\n"));
    steps::no_table_is_scanned(host.database().directory().expect("files of SQLite"), &work);
}

/// An app that has the large tables, and one that has little.
async fn deploy(database: &TestDatabase) {
    for (app, route) in [("probe", "/"), ("small", "/small")] {
        host::deploy(database, app, "probe", &["--route", route]).await.succeeded();
    }
}

async fn serve(engine: Engine, database: TestDatabase) -> TestHost {
    TestHost::with(engine)
        .database(database)
        .env("INNKEEPER_ADMIN_TOKEN", TOKEN)
        .env("INNKEEPER_LOG", steps::FILTER)
        .env("INNKEEPER_APP_BYTES", "100GiB")
        .env("INNKEEPER_POOL_WAIT", "20s")
        .env(STATEMENT_TIME.0, STATEMENT_TIME.1)
        .start()
        .await
}

/// What is known of statements that were run.
type Ran = Vec<Work>;
