//! A credential of an app's own: the database itself refuses what it was not granted.

use sqlx::{AssertSqlSafe, Connection, PgConnection};
use support::postgres::{self, USER};
use support::{Engine, TestDatabase};

use super::{NAMED, found, in_other, leave_something, set, something, split, two_apps};

/// A new role, and a URL with it for a database. It may do there what everybody may.
async fn role(database: &TestDatabase) -> (String, String) {
    let url = database.url();
    let role = format!("role_of_{}", url.rsplit('/').next().unwrap_or_default());
    postgres::shared().administer(&format!("create role {role} login")).await;
    (role.clone(), url.replace(&format!("//{USER}@"), &format!("//{role}@")))
}

/// The error code with which a statement is refused, sent as it is.
async fn refusal(url: &str, sql: &str) -> String {
    let mut connection = PgConnection::connect(url).await.expect("the role may log in");
    let error = sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut connection).await.err();
    let code = error.as_ref().and_then(|error| error.as_database_error()).and_then(|error| error.code());
    code.unwrap_or_else(|| panic!("not refused: {sql}: {error:?}")).into_owned()
}

async fn refuses_the_hosts_things(url: &str) {
    for sql in [
        "select * from innkeeper.apps",
        "select * from innkeeper.sessions",
        "update innkeeper.generation set number = 0",
        "create table innkeeper.mine (a text)",
        "select * from app_other.notes",
        "create view app_probe.peek as select * from app_other.notes",
        "drop schema app_other cascade",
        "set role tenant",
    ] {
        assert_eq!(refusal(url, sql).await, "42501", "{sql}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_role_of_its_own_in_the_hosts_database_is_kept_inside_by_the_database() {
    let database = two_apps(Engine::Postgres).await;
    let (role, url) = role(&database).await;
    let refused = set(&database, &NAMED, &url).await.failed();
    let (_, statements) = refused.stderr.split_once("run: ").unwrap_or_else(|| panic!("no advice: {refused}"));
    assert!(statements.contains("innkeeper_probe") && statements.contains(&role), "{refused}");
    let mut owner = PgConnection::connect(&database.url()).await.unwrap();
    sqlx::raw_sql(AssertSqlSafe(statements)).execute(&mut owner).await.unwrap();
    let host = split(database, &url).await;
    in_other(&mut host.visitor(), &something()).await.expect(200);
    leave_something(&mut host.visitor()).await;
    assert_eq!(found(host.database(), "probe").await, [1, 0, 0, 0], "nothing of it among the host's");
    for (table, count) in [("blobs", "1"), ("chunks", "1"), ("sessions", "1"), ("app_migrations", "1")] {
        let sql = format!("select count(*) from innkeeper_probe.{table}");
        assert_eq!(TestDatabase::at(&url).app_value("probe", &sql).await, count, "{table}");
        // The wall stands on its other side too.
        assert_eq!(refusal(&host.database().url(), &sql).await, "42501", "{table}");
    }
    refuses_the_hosts_things(&url).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_role_with_a_database_of_its_own_is_kept_inside_by_the_database() {
    let database = two_apps(Engine::Postgres).await;
    let own = TestDatabase::fresh(Engine::Postgres).await;
    let (role, url) = role(&own).await;
    let name = own.url().rsplit('/').next().unwrap_or_default().to_owned();
    postgres::shared().administer(&format!("grant create on database {name} to {role}")).await;
    let host = split(database, &url).await;
    in_other(&mut host.visitor(), &something()).await.expect(200);
    leave_something(&mut host.visitor()).await;
    let rows = async |sql: &str| {
        let mut connection = PgConnection::connect(&url).await.unwrap();
        sqlx::query_scalar::<_, i64>(AssertSqlSafe(sql)).fetch_one(&mut connection).await.unwrap()
    };
    for table in ["app_probe.notes", "innkeeper.blobs", "innkeeper.sessions", "innkeeper.app_migrations"] {
        assert_eq!(rows(&format!("select count(*) from {table}")).await, 1, "{table}");
    }
    assert_eq!(found(host.database(), "probe").await, [0, 0, 0, 0]);
    refuses_the_hosts_things(&host.database().url().replace(USER, &role)).await;
}
