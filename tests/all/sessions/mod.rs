//! The interface `session`: what belongs to one visitor.

mod cookie;
mod life;
mod values;

use serde_json::{Value, json};
use support::{Engine, TestHost, Visitor};

async fn probe(engine: Engine) -> (TestHost, Visitor) {
    let host = TestHost::of(engine, "probe", "probe").await;
    let visitor = host.visitor();
    (host, visitor)
}

fn get(key: &str) -> Value {
    json!({ "op": "session.get", "key": key })
}

fn set(key: &str, value: &str) -> Value {
    json!({ "op": "session.set", "key": key, "value": value })
}

fn renew(user: Option<&str>) -> Value {
    json!({ "op": "session.renew", "user": user })
}
