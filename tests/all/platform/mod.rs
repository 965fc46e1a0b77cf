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

/// A step that makes the table into which tests write.
fn make_table() -> Value {
    let migration = json!({ "name": "0001", "statements": ["create table kept (id text primary key)"] });
    json!({ "op": "db.migrate", "migrations": [migration] })
}
