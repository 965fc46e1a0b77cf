//! Writes through all three interfaces and then succeeds, fails or breaks down: what is kept shows
//! whether a request is one unit of work.

use guest::bindings::innkeeper::storage::blob_upload::{self, BlobError};
use guest::bindings::innkeeper::storage::db::{self, DbError, Migration, Value};
use guest::bindings::innkeeper::storage::session::{self, SessionError};
use guest::bindings::wasi::http::types::ResponseOutparam;
use guest::http;

/// Writes, and answers with this status.
pub fn then(out: ResponseOutparam, status: u16) {
    match write() {
        Ok(()) => http::respond(out, status, "written"),
        Err(Failure(message)) => http::respond(out, 400, &message),
    }
}

/// Writes, and traps. Where the writing fails already, it says so on stderr.
pub fn then_trap() -> ! {
    if let Err(Failure(message)) = write() {
        eprintln!("{message}");
    }
    crate::trap()
}

/// What was kept: `{"rows":N,"blobs":N,"session":"..."|null}`.
pub fn count(out: ResponseOutparam) {
    match counted() {
        Ok(json) => http::respond(out, 200, &json),
        Err(Failure(message)) => http::respond(out, 400, &message),
    }
}

/// Why nothing was written.
pub struct Failure(String);

/// Writes a row, a value of the session and a file.
pub fn write() -> Result<(), Failure> {
    migrate()?;
    db::execute("insert into notes (body) values ($1)", &[Value::Text("written".to_owned())])?;
    session::set("note", "written")?;
    let writer = blob_upload::create(Some("note.txt"), "text/plain")?;
    writer.write(b"written")?;
    blob_upload::keep(&writer.finish()?.id)?;
    Ok(())
}

fn counted() -> Result<String, Failure> {
    migrate()?;
    let rows = db::query("select body from notes", &[])?.rows.len();
    let blobs = blob_upload::list_blobs(None, 1_000)?.len();
    // Only this guest writes the value, so it needs no escaping.
    let session = session::get("note")?.map_or("null".to_owned(), |note| format!("\"{note}\""));
    Ok(format!(r#"{{"rows":{rows},"blobs":{blobs},"session":{session}}}"#))
}

fn migrate() -> Result<(), DbError> {
    db::migrate(&[Migration {
        name: "0001-notes".to_owned(),
        statements: vec!["create table notes (body text not null)".to_owned()],
        sqlite_statements: None,
        destroys: Vec::new(),
    }])?;
    Ok(())
}

impl From<DbError> for Failure {
    fn from(error: DbError) -> Failure {
        Failure(format!("db: {error:?}"))
    }
}

impl From<SessionError> for Failure {
    fn from(error: SessionError) -> Failure {
        Failure(format!("session: {error:?}"))
    }
}

impl From<BlobError> for Failure {
    fn from(error: BlobError) -> Failure {
        Failure(format!("blob-upload: {error:?}"))
    }
}
