//! Forms: the host receives them, this file says what is acceptable.

use crate::bindings::innkeeper::storage::blob_upload::{self, BlobError, BlobErrorCode, FormField, FormLimits};
use crate::error::Error;
use crate::visitor;

const MAX_PHOTO_BYTES: u32 = 10 * 1024 * 1024;
const MAX_NAME_CHARS: usize = 80;
const MAX_MESSAGE_CHARS: usize = 2_000;
/// The host takes no longer name for a user.
const MAX_USER_BYTES: usize = 200;

/// What a visitor wrote into the form for an entry.
#[derive(Default)]
pub struct Draft {
    /// The name to stand under the entry.
    pub author: String,
    /// The entry itself.
    pub message: String,
}

/// A form that was not accepted.
pub struct Refusal {
    /// From 400 to 499.
    pub status: u16,
    /// What is wrong, for the visitor.
    pub reason: String,
    /// What was written, to be corrected.
    pub draft: Draft,
}

/// A form that this app has handed out to this visitor.
pub struct Form {
    fields: Vec<FormField>,
    photo: Option<String>,
}

impl Form {
    /// Receives a form that may have a photo.
    pub fn receive_with_photo() -> Result<Form, Error> {
        Form::receive(1, vec!["image/*".to_owned()])
    }

    /// Receives a form without files.
    pub fn receive_fields() -> Result<Form, Error> {
        Form::receive(0, Vec::new())
    }

    fn receive(max_files: u32, accept: Vec<String>) -> Result<Form, Error> {
        let max_files = Some(max_files);
        let limits = FormLimits { max_file: Some(MAX_PHOTO_BYTES), max_total: None, max_files, accept };
        let received = blob_upload::receive_form(Some(&limits)).map_err(not_received)?;
        let photo = received.files.into_iter().find(|file| file.field == "photo").map(|file| file.blob.id);
        let form = Form { fields: received.fields, photo };
        if !visitor::is_csrf_token(form.field("csrf"))? {
            return Err(form.refused(403, "This page was out of date. Please send the form again.".to_owned()));
        }
        Ok(form)
    }

    /// The id of the photo's blob, staged so far.
    pub fn photo(&self) -> Option<&str> {
        self.photo.as_deref()
    }

    /// The entry that was written.
    pub fn draft(&self) -> Result<Draft, Error> {
        self.checked("author", "your name", MAX_NAME_CHARS)?;
        self.checked("message", "your message", MAX_MESSAGE_CHARS)?;
        Ok(self.unchecked_draft())
    }

    /// The name to sign in with.
    pub fn user(&self) -> Result<&str, Error> {
        let name = self.checked("name", "your name", MAX_NAME_CHARS)?;
        if name.len() > MAX_USER_BYTES {
            return Err(self.refused(422, "Please choose a shorter name.".to_owned()));
        }
        Ok(name)
    }

    fn checked(&self, name: &str, spoken: &str, max_chars: usize) -> Result<&str, Error> {
        match problem(self.field(name), spoken, max_chars) {
            Some(reason) => Err(self.refused(422, reason)),
            None => Ok(self.field(name)),
        }
    }

    fn refused(&self, status: u16, reason: String) -> Error {
        Error::Refused(Refusal { status, reason, draft: self.unchecked_draft() })
    }

    fn unchecked_draft(&self) -> Draft {
        Draft { author: self.field("author").to_owned(), message: self.field("message").to_owned() }
    }

    fn field(&self, name: &str) -> &str {
        let field = self.fields.iter().find(|field| field.name == name);
        field.map_or("", |field| &field.value)
    }
}

/// What is wrong with a text, if anything.
fn problem(text: &str, spoken: &str, max_chars: usize) -> Option<String> {
    let length = text.chars().count();
    if text.trim().is_empty() {
        Some(format!("Please fill in {spoken}."))
    } else if length > max_chars {
        Some(format!("Please shorten {spoken}: {length} characters are too many, {max_chars} fit."))
    } else if text.contains('\0') {
        // Postgres keeps no such character.
        Some(format!("Please remove the invisible character from {spoken}."))
    } else {
        None
    }
}

/// What to tell a visitor whose form has not arrived. What he wrote is not known then.
fn not_received(error: BlobError) -> Error {
    let (status, reason) = match error.code {
        BlobErrorCode::TooLarge => (413, "That is too much: a short message and one photo of at most 10 MiB fit."),
        BlobErrorCode::QuotaExceeded => (413, "The book is full: there is no room for another photo."),
        BlobErrorCode::UnsupportedType => (415, "That file is no image."),
        BlobErrorCode::BadForm | BlobErrorCode::Interrupted => (400, "The form could not be read."),
        _ => return error.into(),
    };
    Error::Refused(Refusal { status, reason: reason.to_owned(), draft: Draft::default() })
}

#[cfg(test)]
mod tests {
    use super::problem;

    #[test]
    fn a_text_is_neither_empty_nor_too_long() {
        assert!(problem(" \r\n", "it", 3).is_some());
        assert!(problem("🌍🌍🌍", "it", 3).is_none());
        assert!(problem("abcd", "it", 3).is_some());
        assert!(problem("a\0", "it", 3).is_some());
    }
}
