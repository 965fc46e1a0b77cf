//! The handler of the page, and the cookie that carries the session's id.

use std::time::SystemTime;

use axum::Router;
use axum::extract::State;
use axum::http::header::{COOKIE, SET_COOKIE};
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::{AppendHeaders, IntoResponse, Response};
use axum::routing::get;
use sha2::{Digest, Sha256};
use sqlx::types::time::OffsetDateTime;

use super::database::Database;

const COOKIE_NAME: &str = "twin";
const ID_BYTES: usize = 32;

/// What a visitor is told where something went wrong.
pub type Failure = (StatusCode, String);

/// One visit to the page, as the database sees it.
#[derive(Debug)]
pub struct Visit {
    /// The hash of the session's id.
    pub id_hash: Vec<u8>,
    /// The path that was asked for.
    pub path: String,
    /// When.
    pub at: OffsetDateTime,
}

impl Visit {
    /// When, in microseconds since 1970.
    pub fn micros(&self) -> i64 {
        i64::try_from(self.at.unix_timestamp_nanos() / 1000).unwrap_or(i64::MAX)
    }
}

/// Makes the tables and serves the page at `/`.
pub async fn router(database: Database) -> sqlx::Result<Router> {
    database.prepare().await?;
    Ok(Router::new().route("/", get(page)).with_state(database))
}

async fn page(State(database): State<Database>, uri: Uri, headers: HeaderMap) -> Result<Response, Failure> {
    let presented = presented(&headers);
    let id = presented.map_or_else(fresh_id, |id| Ok(id.to_owned())).map_err(failure)?;
    let visit =
        Visit { id_hash: Sha256::digest(&id).to_vec(), path: uri.path().to_owned(), at: SystemTime::now().into() };
    let counted = database.count(&visit, presented.is_some()).await.map_err(failure)?;
    let text = format!("visits={} rows={}", counted.visits, counted.rows);
    let cookie = format!("{COOKIE_NAME}={id}; Path=/; HttpOnly; SameSite=Lax");
    let cookie = counted.is_new.then_some((SET_COOKIE, cookie));
    Ok((AppendHeaders(cookie), text).into_response())
}

fn presented(headers: &HeaderMap) -> Option<&str> {
    let pairs = headers.get(COOKIE)?.to_str().ok()?.split(';');
    pairs.filter_map(|pair| pair.trim().split_once('=')).find(|(name, _)| *name == COOKIE_NAME).map(|(_, id)| id)
}

fn fresh_id() -> Result<String, getrandom::Error> {
    let mut bytes = [0; ID_BYTES];
    getrandom::fill(&mut bytes)?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

/// What a visitor is told.
pub fn failure(error: impl ToString) -> Failure {
    (StatusCode::INTERNAL_SERVER_ERROR, error.to_string())
}
