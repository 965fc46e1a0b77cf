//! At home on a dyno: the platform's checklist (T1 to T20; `t13_` is the thirteenth) against
//! stand-ins of its router, its dyno manager, its Postgres and its build, and the stand-ins against
//! servers that are no good.

mod budget;
mod buildpack;
mod database;
mod dynos;
mod files;
mod follower_trouble;
mod followers;
mod generations;
mod gone;
mod leaving;
mod load;
mod loading;
mod log_lines;
mod log_unread;
mod pooler;
mod release;
mod room;
mod router;
mod samples;
mod scripted;
mod secrets;
mod simulator;
mod slow_crowd;
mod slug;
mod traces;

use serde_json::{Value, json};
use support::{Engine, TestDatabase};

/// A password as the platform's URLs have one: that is what signs compiled code, so that hosts find
/// it in the database and do not compile when they start.
fn with_a_password(url: &str) -> String {
    url.replacen('@', ":a-password-of-the-platform@", 1)
}

/// A database whose URL has a password. It goes with the first value.
async fn with_password() -> (TestDatabase, TestDatabase) {
    let fresh = TestDatabase::fresh(Engine::Postgres).await;
    let database = TestDatabase::at(&with_a_password(&fresh.url()));
    (fresh, database)
}

/// A step that makes the table into which tests write.
fn make_table() -> Value {
    let migration = json!({ "name": "0001", "statements": ["create table kept (id text primary key)"] });
    json!({ "op": "db.migrate", "migrations": [migration] })
}
