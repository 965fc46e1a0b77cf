//! Speaks to the probe guest: a list of steps in, a list of results out.
//!
//! The probe runs each step through the interfaces and answers `{"ok": …}` or `{"error": {"code":
//! …, …}}` for it, so that a test reads like the contract that it checks.

use bytes::Bytes;
use http::Request;
use http_body_util::Full;
use serde_json::{Value, json};

use crate::{Answer, TestHost, Visitor};

impl TestHost {
    /// Runs steps as a visitor without a session.
    pub async fn probe(&self, steps: Value) -> Vec<Value> {
        self.visitor().probe(steps).await
    }
}

impl Visitor {
    /// Runs steps as this visitor and returns their results.
    pub async fn probe(&mut self, steps: Value) -> Vec<Value> {
        let count = steps.as_array().map_or(1, Vec::len);
        let answer = self.probe_answer(steps).await.expect(200).json();
        let Value::Array(results) = answer else { panic!("the probe answers with a list, not {answer}") };
        assert_eq!(results.len(), count, "one result for each step: {results:?}");
        results
    }

    /// Runs one step and returns its result.
    pub async fn probe_one(&mut self, step: Value) -> Value {
        self.probe(json!([step])).await.remove(0)
    }

    /// Runs steps whose answer may break off: nothing when it does.
    pub async fn try_probe(&mut self, steps: Value) -> Option<Answer> {
        let request = Request::post("/run").header("content-type", "application/json");
        self.try_send(request, Full::new(Bytes::from(steps.to_string()))).await.ok()
    }

    /// Runs steps that are not in the body, which is free for an upload then.
    pub fn with_steps(path: &str, steps: &Value) -> http::request::Builder {
        Request::post(path).header("probe-steps", steps.to_string())
    }

    /// A path with its steps in the query, for a browser, which sends no headers of its own.
    pub fn path_with_steps(path: &str, steps: &Value) -> String {
        let steps: String = form_urlencoded::byte_serialize(steps.to_string().as_bytes()).collect();
        format!("{path}?steps={steps}")
    }

    /// Runs steps and returns the whole answer, whatever its status.
    pub async fn probe_answer(&mut self, steps: Value) -> Answer {
        self.post_json("/run", &steps).await
    }
}

/// A step that takes no arguments.
pub fn op(name: &str) -> Value {
    json!({ "op": name })
}

/// A query with a list of values.
pub fn query(sql: &str, params: Value) -> Value {
    json!({ "op": "db.query", "sql": sql, "params": params })
}

/// A statement with a list of values.
pub fn execute(sql: &str, params: Value) -> Value {
    json!({ "op": "db.execute", "sql": sql, "params": params })
}

/// Sets the response head; the results of the steps follow as its body.
pub fn respond(status: u16) -> Value {
    json!({ "op": "respond", "status": status })
}

/// What a step returned; panics if it failed.
#[track_caller]
pub fn ok(result: &Value) -> &Value {
    result.get("ok").unwrap_or_else(|| panic!("the step failed: {result}"))
}

/// The code of the error that a step met; panics if it met none.
#[track_caller]
pub fn code(result: &Value) -> &str {
    let code = result.pointer("/error/code").and_then(Value::as_str);
    code.unwrap_or_else(|| panic!("the step did not fail: {result}"))
}

/// The form field that is to blame for the error that a step met, if one is.
pub fn blamed(result: &Value) -> Option<&str> {
    result.pointer("/error/field").and_then(Value::as_str)
}

/// The rows that a query returned.
#[track_caller]
pub fn rows(result: &Value) -> &Value {
    ok(result).get("rows").unwrap_or_else(|| panic!("no rows: {result}"))
}

/// The one integer that a query returned.
#[track_caller]
pub fn integer(result: &Value) -> i64 {
    let number = rows(result).pointer("/0/0/integer").and_then(Value::as_str);
    number.and_then(|number| number.parse().ok()).unwrap_or_else(|| panic!("no integer: {result}"))
}

/// Panics unless every step succeeded.
#[track_caller]
pub fn all_ok(results: &[Value]) {
    for result in results {
        ok(result);
    }
}
