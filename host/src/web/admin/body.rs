//! Reading a body that is bounded.

use super::error::ApiError;
use crate::config::nearest;
use bytes::Bytes;
use http::HeaderMap;
use http::header::{CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use hyper::body::Incoming;
use serde::de::DeserializeOwned;
use std::time::Duration;
use tokio::time::timeout;

/// A body holds memory that others wait for: routers end a request sooner.
const LONGEST: Duration = Duration::from_secs(60);
/// Bytes of a JSON document.
const JSON_BYTES: usize = 1 << 20;
const JSON: &str = "application/json";
const OCTETS: &str = "application/octet-stream";

/// Reads a JSON document. One that is not there is `T::default()` where the path allows that.
pub(super) async fn json<T: DeserializeOwned>(
    headers: &HeaderMap,
    body: Incoming,
    or_else: Option<T>,
) -> Result<T, ApiError> {
    let has_type = headers.contains_key(CONTENT_TYPE);
    if has_type {
        check_type(headers, JSON)?;
    }
    let bytes = read(headers, body, JSON_BYTES).await?;
    if bytes.is_empty()
        && let Some(default) = or_else
    {
        return Ok(default);
    }
    if !has_type {
        return Err(ApiError::media_type(JSON));
    }
    parse(&bytes)
}

/// Reads the piece of a component.
pub(super) async fn piece(headers: &HeaderMap, body: Incoming, most: usize) -> Result<Bytes, ApiError> {
    check_type(headers, OCTETS)?;
    read(headers, body, most).await
}

/// Parameters of the type are looked over.
fn check_type(headers: &HeaderMap, wanted: &str) -> Result<(), ApiError> {
    let mut values = headers.get_all(CONTENT_TYPE).iter();
    let value = values.next().and_then(|value| value.to_str().ok()).filter(|_| values.next().is_none());
    let essence = value.and_then(|value| value.split(';').next()).unwrap_or_default().trim();
    let is_encoded = headers.get_all(CONTENT_ENCODING).iter().any(|encoding| encoding != "identity");
    match essence.eq_ignore_ascii_case(wanted) && !is_encoded {
        true => Ok(()),
        false => Err(ApiError::media_type(wanted)),
    }
}

async fn read(headers: &HeaderMap, body: Incoming, most: usize) -> Result<Bytes, ApiError> {
    let length = headers.get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse::<usize>().ok());
    if length.is_some_and(|length| length > most) {
        return Err(ApiError::too_large(most));
    }
    match timeout(LONGEST, Limited::new(body, most).collect()).await {
        Ok(Ok(whole)) => Ok(whole.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => Err(ApiError::too_large(most)),
        Ok(Err(_)) => Err(ApiError::unreadable("the body broke off")),
        Err(_) => Err(ApiError::unreadable("the body took too long")),
    }
}

fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, ApiError> {
    // A list of values would be read as the members of an object in their order.
    if bytes.trim_ascii_start().starts_with(b"[") {
        return Err(ApiError::unreadable("the body has to be a JSON object, not a list"));
    }
    let unreadable = |error: &serde_json::Error| format!("the body is no JSON: {error}");
    let mut document = serde_json::Deserializer::from_slice(bytes);
    let parsed = serde_path_to_error::deserialize(&mut document).map_err(|error| {
        let place = error.path().to_string();
        let cause = error.into_inner();
        match (cause.is_data(), place.as_str()) {
            (false, _) => unreadable(&cause),
            (true, "." | "?") => format!("the body: {}", with_hint(cause.to_string())),
            (true, place) => format!("the body, at {place}: {}", with_hint(cause.to_string())),
        }
    });
    let value = parsed.map_err(ApiError::unreadable)?;
    document.end().map_err(|error| ApiError::unreadable(unreadable(&error)))?;
    Ok(value)
}

/// Names the known field that was most likely meant, where one is not known.
fn with_hint(text: String) -> String {
    let mut quoted = text.split('`').skip(1).step_by(2);
    let is_unknown = text.starts_with("unknown field") || text.starts_with("unknown variant");
    let Some(given) = quoted.next().filter(|_| is_unknown) else { return text };
    let known: Vec<&str> = quoted.collect();
    match nearest(given, known.into_iter()) {
        Some(nearest) => format!("{text}; did you mean `{nearest}`?"),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operations::{AppChanges, RollbackRequest};

    fn problem<T: DeserializeOwned + std::fmt::Debug>(text: &str) -> String {
        parse::<T>(text.as_bytes()).unwrap_err().for_test()
    }

    #[test]
    fn an_unknown_field_is_told_the_nearest_one() {
        let said = problem::<RollbackRequest>(r#"{"versoin":1}"#);
        assert!(said.contains("unknown field `versoin`") && said.contains("did you mean `version`?"), "{said}");
        let said = problem::<AppChanges>(r#"{"cross_origin":"allow"}"#);
        assert!(said.contains("did you mean `cross-origin`?"), "{said}");
        let said = problem::<AppChanges>(r#"{"cross-origin":"alow"}"#);
        assert!(said.contains("did you mean `allow`?"), "{said}");
    }

    #[test]
    fn what_is_no_json_is_told() {
        for text in ["", "{", "{}x", "\u{feff}{}", "nul"] {
            assert!(problem::<RollbackRequest>(text).starts_with("the body is no JSON"), "{text}");
        }
        let said = problem::<AppChanges>(r#"{"keep-versions":-1}"#);
        assert!(said.starts_with("the body, at keep-versions: invalid value"), "{said}");
        for text in ["[]x", "7", "\"a\"", "{\"version\":\"1\"}", "{\"version\":1,\"version\":2}"] {
            let said = problem::<RollbackRequest>(text);
            assert!(said.starts_with("the body"), "{text}: {said}");
        }
        let deep = "[".repeat(100_000);
        assert!(problem::<serde_json::Value>(&deep).starts_with("the body has to be a JSON object"));
        let deep = "{\"a\":".repeat(100_000);
        assert!(problem::<serde_json::Value>(&deep).starts_with("the body is no JSON"));
    }
}
