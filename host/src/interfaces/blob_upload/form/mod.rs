//! Forms, read while they arrive: `multipart/form-data` (RFC 7578) and
//! `application/x-www-form-urlencoded`.
//!
//! [`parts`] cuts a body at its boundaries, [`disposition`] says what a part is called,
//! [`multipart`] makes fields and files of them. Texts come in other encodings than UTF-8, too:
//! [`charset`], [`transfer`].

mod charset;
mod disposition;
mod encoded_word;
#[cfg(fuzzing)]
pub mod fuzzing;
mod multipart;
mod parameters;
mod parts;
#[cfg(test)]
mod tests;
mod transfer;
mod urlencoded;

use super::error::Fault;
use super::receive::Receiver;
use super::wit;
use crate::interfaces::body::{BodyError, Claimed};
use parameters::Parameters;
use wit::BlobErrorCode as Code;

/// RFC 2046, section 5.1.1.
const LONGEST_BOUNDARY: usize = 70;
const URLENCODED: &str = "application/x-www-form-urlencoded";
const MULTIPART: &str = "multipart/form-data";

/// Receives the form in a body of the given content type and, where it is known, length.
pub(super) async fn receive(
    receiver: &mut Receiver<'_>,
    content_type: &str,
    length: Option<u64>,
    body: Claimed,
) -> Result<wit::Form, Fault> {
    match form_kind(content_type)? {
        Kind::Urlencoded(declared) => urlencoded::receive(receiver, declared, body).await,
        Kind::Multipart(boundary, declared) => {
            multipart::receive(receiver, &boundary, declared, length, body).await
        }
    }
}

/// The kinds of a form, with the encoding that its content type declares.
#[derive(Debug, PartialEq)]
enum Kind {
    Urlencoded(Option<&'static encoding_rs::Encoding>),
    Multipart(Vec<u8>, Option<&'static encoding_rs::Encoding>),
}

fn form_kind(content_type: &str) -> Result<Kind, Fault> {
    let word = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    if ![URLENCODED, MULTIPART].contains(&word.as_str()) {
        let found =
            if word.is_empty() { "the request has no content type" } else { "its content type is another" };
        return Err(bad_form(format!("the request is no form: {found}, and not {MULTIPART} or {URLENCODED}")));
    }
    let wrong = |error| bad_form(format!("the content type of the form is wrong behind {word}: {error}"));
    let parameters = Parameters::parse(content_type.as_bytes()).map_err(wrong)?;
    let charset = parameters.get("charset").map_err(wrong)?;
    let label = charset.map(|charset| charset.value.as_slice()).filter(|label| !label.is_empty());
    let declared = label.map(charset::encoding).transpose()?;
    if word == URLENCODED {
        return Ok(Kind::Urlencoded(declared));
    }
    let boundary = parameters.get("boundary").map_err(wrong)?.ok_or_else(|| {
        bad_form(
            "the content type is multipart/form-data without a boundary. A client writes both by itself \
             where the program that uses it does not set the header",
        )
    })?;
    if boundary.value.is_empty() || boundary.value.len() > LONGEST_BOUNDARY {
        return Err(bad_form("the boundary in the content type has to have 1 to 70 characters"));
    }
    Ok(Kind::Multipart(boundary.value.clone(), declared))
}

/// The form is not what a form has to be.
fn bad_form(message: impl Into<String>) -> Fault {
    Fault::request(Code::BadForm, message)
}

/// The visitor went away, or took too long.
pub(super) fn interrupted(error: &BodyError) -> Fault {
    Fault::request(Code::Interrupted, format!("the request body ended early: {error}"))
}
