//! The page of the benchmark: counts a visit, writes a row, reads a row.

use guest::bindings::exports::wasi::http::incoming_handler::Guest;
use guest::bindings::innkeeper::storage::db::{self, Column, ColumnType, DbError, Table, Value};
use guest::bindings::innkeeper::storage::session::{self, SessionError};
use guest::bindings::wasi::http::types::{IncomingRequest, ResponseOutparam};
use guest::http;

struct Page;

guest::bindings::export!(Page with_types_in guest::bindings);

impl Guest for Page {
    fn handle(request: IncomingRequest, out: ResponseOutparam) {
        let (path, _) = http::target(&request);
        match page(path) {
            Ok(text) => http::respond(out, 200, &text),
            Err(message) => http::respond(out, 500, &message),
        }
    }
}

fn page(path: String) -> Result<String, String> {
    define().map_err(db_message)?;
    let visits = visit().map_err(|error| error.message)?;
    let rows = hit(path).map_err(db_message)?;
    Ok(format!("visits={visits} rows={rows}"))
}

fn visit() -> Result<u64, SessionError> {
    let before = session::get("visits")?.and_then(|text| text.parse::<u64>().ok());
    let visits = before.unwrap_or(0) + 1;
    session::set("visits", &visits.to_string())?;
    Ok(visits)
}

fn hit(path: String) -> Result<usize, DbError> {
    let params = [Value::Text(path), Value::Instant(guest::now())];
    db::execute("insert into hits (path, at) values ($1, $2)", &params)?;
    let found = db::query("select id, path from hits where id = $1", &[Value::Integer(1)])?;
    Ok(found.rows.len())
}

fn define() -> Result<(), DbError> {
    db::define_table(&Table {
        name: "hits".to_owned(),
        columns: vec![
            Column { identity: true, ..column("id", ColumnType::Integer) },
            column("path", ColumnType::Text),
            column("at", ColumnType::Instant),
        ],
        primary_key: vec!["id".to_owned()],
        indexes: Vec::new(),
        checks: Vec::new(),
    })?;
    Ok(())
}

fn column(name: &str, column_type: ColumnType) -> Column {
    let name = name.to_owned();
    Column {
        name,
        column_type,
        nullable: false,
        identity: false,
        max_length: None,
        initial: None,
        references: None,
    }
}

fn db_message(error: DbError) -> String {
    error.message
}
