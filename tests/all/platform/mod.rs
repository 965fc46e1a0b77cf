//! At home on a dyno: the platform's checklist (T1, T2, ...) against a stand-in of its router and
//! its dyno manager, and the stand-in against servers that are no good.

mod dynos;
mod generations;
mod leaving;
mod router;
mod simulator;
mod stub;

use serde_json::{Value, json};

/// A step that makes the table into which tests write.
fn make_table() -> Value {
    let migration = json!({ "name": "0001", "statements": ["create table kept (id text primary key)"] });
    json!({ "op": "db.migrate", "migrations": [migration] })
}
