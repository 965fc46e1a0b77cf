//! Forms as the dashboard's own pages send them.

use crate::operations::{ErrorKind, OperationError};
use bytes::Bytes;
use futures_util::{StreamExt, TryStreamExt};
use http::HeaderMap;
use http::header::CONTENT_TYPE;
use http_body_util::{BodyExt, BodyStream, Limited};
use hyper::body::Incoming;
use std::collections::HashMap;
use std::time::Duration;
use tokio::time::timeout;

/// A form without files has no more bytes.
const MOST_BYTES: usize = 32 << 10;
/// A field of a form with a file has no more bytes.
const MOST_FIELD_BYTES: u64 = 8 << 10;
/// A form with a file has no more parts.
const MOST_PARTS: usize = 16;
/// A form has to have come after so long. On a line of 1 Mbit/s a component of 32 MiB takes as
/// long.
const LONGEST: Duration = Duration::from_secs(300);

/// Fields by name; of several with one name the first.
#[derive(Debug, Default)]
pub(super) struct Form {
    fields: HashMap<String, String>,
    /// The file, where the form has one.
    pub(super) file: Bytes,
}

impl Form {
    /// A field; none where it is empty, too.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.fields.get(name).map(|value| value.trim()).filter(|value| !value.is_empty())
    }

    /// A field as a number; an error where it is none.
    pub(super) fn number<N: std::str::FromStr>(&self, name: &str) -> Result<Option<N>, OperationError> {
        let wrong = |text: &str| OperationError::invalid(format!("{name}: {text} is not a number that fits here"));
        self.get(name).map(|text| text.parse().map_err(|_| wrong(text))).transpose()
    }

    /// Reads a form with one file of `most` bytes at most. `admit` sees the fields that come before
    /// it, and decides whether the file is read at all; what it returns is held until the end.
    /// Where anything is wrong the fields are there that have come until then.
    pub(super) async fn read_with_file<A, E: From<OperationError>>(
        &mut self,
        headers: &HeaderMap,
        body: Incoming,
        most: u64,
        admit: impl Fn(&Self) -> Result<A, E>,
    ) -> Result<Option<A>, E> {
        let late = |_| E::from(OperationError::invalid("the form took longer than five minutes to come"));
        timeout(LONGEST, self.read_parts(headers, body, most, admit)).await.map_err(late)?
    }

    async fn read_parts<A, E: From<OperationError>>(
        &mut self,
        headers: &HeaderMap,
        body: Incoming,
        most: u64,
        admit: impl Fn(&Self) -> Result<A, E>,
    ) -> Result<Option<A>, E> {
        let unfit = |error: multer::Error| form_error(&error, most);
        let boundary = multer::parse_boundary(content_type(headers)).map_err(unfit)?;
        let most_bytes = most.saturating_add(MOST_BYTES as u64);
        let limits = multer::SizeLimit::new()
            .whole_stream(most_bytes)
            .per_field(MOST_FIELD_BYTES)
            .for_field("component", most);
        let constraints = multer::Constraints::new().size_limit(limits);
        let data = BodyStream::new(body).try_filter_map(|frame| async { Ok(frame.into_data().ok()) });
        let mut parts = multer::Multipart::with_constraints(data.boxed(), boundary, constraints);
        let mut admitted = None;
        for _ in 0..MOST_PARTS {
            let Some(part) = parts.next_field().await.map_err(unfit)? else { return Ok(admitted) };
            let name = part.name().unwrap_or_default().to_owned();
            if name != "component" {
                let value = part.text().await.map_err(unfit)?;
                self.fields.entry(name).or_insert(value);
            } else if admitted.is_some() {
                return Err(OperationError::invalid("the form has two components").into());
            } else {
                admitted = Some(admit(self)?);
                self.file = part.bytes().await.map_err(unfit)?;
            }
        }
        Err(OperationError::invalid("the form has too many fields").into())
    }
}

/// Reads a form without files.
pub(super) async fn read(headers: &HeaderMap, body: Incoming) -> Result<Form, OperationError> {
    let kind = content_type(headers);
    if !kind.starts_with("application/x-www-form-urlencoded") {
        return Err(OperationError::invalid("this is not a form of the dashboard"));
    }
    let unfit = || OperationError::invalid("the form is too large, or broke off");
    let body = timeout(LONGEST, Limited::new(body, MOST_BYTES).collect()).await;
    let bytes = body.ok().and_then(Result::ok).ok_or_else(unfit)?.to_bytes();
    let mut fields = HashMap::new();
    for (name, value) in url::form_urlencoded::parse(&bytes) {
        fields.entry(name.into_owned()).or_insert_with(|| value.into_owned());
    }
    Ok(Form { fields, file: Bytes::new() })
}

fn content_type(headers: &HeaderMap) -> &str {
    headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default()
}

fn form_error(error: &multer::Error, most: u64) -> OperationError {
    match error {
        multer::Error::FieldSizeExceeded { field_name, .. } if field_name.as_deref() != Some("component") => {
            OperationError::new(ErrorKind::TooLarge, "a field of the form is too long")
        }
        multer::Error::FieldSizeExceeded { .. } | multer::Error::StreamSizeExceeded { .. } => {
            let text =
                format!("the component is larger than {} (INNKEEPER_COMPONENT_BYTES)", super::view::bytes(most));
            OperationError::new(ErrorKind::TooLarge, text)
        }
        error => OperationError::invalid(format!("the form cannot be read: {error}")),
    }
}
