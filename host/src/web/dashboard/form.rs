//! Forms as the dashboard's own pages send them.

use bytes::Bytes;
use futures_util::{StreamExt, TryStreamExt};
use http::HeaderMap;
use http::header::CONTENT_TYPE;
use http_body_util::{BodyExt, BodyStream, Limited};
use hyper::body::Incoming;
use std::collections::HashMap;

/// A form without files has no more bytes.
const MOST_BYTES: usize = 32 << 10;
/// A field of a form with a file has no more bytes.
const MOST_FIELD_BYTES: u64 = 8 << 10;

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
    pub(super) fn number<N: std::str::FromStr>(&self, name: &str) -> Result<Option<N>, String> {
        let parse =
            |text: &str| text.parse().map_err(|_| format!("{name}: {text} is not a number that fits here"));
        self.get(name).map(parse).transpose()
    }
}

/// Reads a form without files.
pub(super) async fn read(headers: &HeaderMap, body: Incoming) -> Result<Form, String> {
    let kind = content_type(headers);
    if !kind.starts_with("application/x-www-form-urlencoded") {
        return Err("this is not a form of the dashboard".to_owned());
    }
    let body = Limited::new(body, MOST_BYTES).collect().await;
    let bytes = body.map_err(|_| "the form is too large, or broke off".to_owned())?.to_bytes();
    let mut fields = HashMap::new();
    for (name, value) in url::form_urlencoded::parse(&bytes) {
        fields.entry(name.into_owned()).or_insert_with(|| value.into_owned());
    }
    Ok(Form { fields, file: Bytes::new() })
}

/// Reads a form with one file of `most` bytes at most. `is_allowed` sees the fields that come
/// before it, and decides whether the file is read at all.
pub(super) async fn read_with_file(
    headers: &HeaderMap,
    body: Incoming,
    most: u64,
    is_allowed: impl Fn(&Form) -> bool,
) -> Result<Form, String> {
    let boundary = multer::parse_boundary(content_type(headers)).map_err(|error| error.to_string())?;
    let most_bytes = most.saturating_add(MOST_BYTES as u64);
    let limits =
        multer::SizeLimit::new().whole_stream(most_bytes).per_field(MOST_FIELD_BYTES).for_field("component", most);
    let constraints = multer::Constraints::new().size_limit(limits);
    let data = BodyStream::new(body).try_filter_map(|frame| async { Ok(frame.into_data().ok()) });
    let mut parts = multer::Multipart::with_constraints(data.boxed(), boundary, constraints);
    let mut form = Form::default();
    while let Some(part) = parts.next_field().await.map_err(|error| told(&error, most))? {
        let name = part.name().unwrap_or_default().to_owned();
        if name != "component" {
            let value = part.text().await.map_err(|error| told(&error, most))?;
            form.fields.entry(name).or_insert(value);
            continue;
        }
        if !is_allowed(&form) {
            return Ok(form);
        }
        form.file = part.bytes().await.map_err(|error| told(&error, most))?;
    }
    Ok(form)
}

fn content_type(headers: &HeaderMap) -> &str {
    headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default()
}

fn told(error: &multer::Error, most: u64) -> String {
    match error {
        multer::Error::FieldSizeExceeded { field_name, .. } if field_name.as_deref() != Some("component") => {
            "a field of the form is too long".to_owned()
        }
        multer::Error::FieldSizeExceeded { .. } | multer::Error::StreamSizeExceeded { .. } => {
            format!("the component is larger than {} (INNKEEPER_COMPONENT_BYTES)", super::view::bytes(most))
        }
        error => format!("the form cannot be read: {error}"),
    }
}
