//! Answers with a number that the database has calculated, and counts the visit in the session:
//! with the names of the WIT files alone.

wit_bindgen::generate!({ path: "../../../../wit", world: "innkeeper:storage/web-app", generate_all });

use innkeeper::storage::db::{self, Value};
use innkeeper::storage::session;
use wasi::http::types::{Fields, IncomingRequest, OutgoingBody, OutgoingResponse, ResponseOutparam};

struct App;

export!(App);

impl exports::wasi::http::incoming_handler::Guest for App {
    fn handle(_: IncomingRequest, out: ResponseOutparam) {
        let (status, text) = match page() {
            Ok(text) => (200, text),
            Err(message) => (500, message),
        };
        let headers = [("content-type".to_owned(), b"text/plain".to_vec())];
        let response = OutgoingResponse::new(Fields::from_list(&headers).expect("good headers"));
        response.set_status_code(status).expect("a status");
        let body = response.body().expect("the first call");
        ResponseOutparam::set(out, Ok(response));
        let stream = body.write().expect("the first call");
        // A visitor who has gone away is no error of the app.
        let _ = stream.blocking_write_and_flush(text.as_bytes());
        drop(stream);
        let _ = OutgoingBody::finish(body, None);
    }
}

fn page() -> Result<String, String> {
    let sql = "select cast($1 as bigint) + 1";
    let result = db::query(sql, &[Value::Integer(1)]).map_err(|error| error.message)?;
    session::increment("visits", 1).map_err(|error| error.message)?;
    match result.rows.first().map(Vec::as_slice) {
        Some([Value::Integer(sum)]) => Ok(format!("plain rust: {sum}\n")),
        other => Err(format!("one integer is expected, not {other:?}")),
    }
}
