//! Forms: the host receives them, this file says what is acceptable.

use std::fmt;

use innkeeper_sdk::{Code, Error, Form, Result};

/// One name for all forms: the token of `/me` is good for each of them.
pub const CSRF_FORM: &str = "guestbook";

const MAX_PHOTO_BYTES: u32 = 10 * 1024 * 1024;
const MAX_NAME_CHARS: usize = 80;
const MAX_MESSAGE_CHARS: usize = 2_000;
/// The host takes no longer name for a user.
const MAX_USER_BYTES: usize = 200;

/// What a visitor wrote into the form for an entry.
#[derive(Debug, Default)]
pub struct Draft {
    /// The name to stand under the entry.
    pub author: String,
    /// The entry itself.
    pub message: String,
}

/// A form that was not accepted. The visitor may correct it.
#[derive(Debug)]
pub struct Refusal {
    /// From 400 to 499.
    pub status: u16,
    /// What is wrong, for the visitor.
    pub reason: String,
    /// What was written, to be corrected.
    pub draft: Draft,
}

impl fmt::Display for Refusal {
    fn fmt(&self, out: &mut fmt::Formatter) -> fmt::Result {
        out.write_str(&self.reason)
    }
}

impl std::error::Error for Refusal {}

/// Receives a form without files that this app has handed out to this visitor.
pub fn receive() -> Result<Form> {
    receive_files(0)
}

/// Receives a form that may have a photo.
pub fn receive_with_photo() -> Result<Form> {
    receive_files(1)
}

fn receive_files(files: u32) -> Result<Form> {
    let options = Form::options().max_files(files).max_file(MAX_PHOTO_BYTES).accept("image/*");
    let form = options.receive_unchecked().map_err(not_received)?;
    if form.csrf_check(CSRF_FORM)? {
        Ok(form)
    } else {
        Err(refusal(403, "This page was out of date. Please send the form again.", unchecked_draft(&form)))
    }
}

/// The entry that was written.
pub fn draft(form: &Form) -> Result<Draft> {
    checked(form, "author", "your name", MAX_NAME_CHARS)?;
    checked(form, "message", "your message", MAX_MESSAGE_CHARS)?;
    Ok(unchecked_draft(form))
}

/// The name to sign in with.
pub fn user(form: &Form) -> Result<&str> {
    let name = checked(form, "name", "your name", MAX_NAME_CHARS)?;
    if name.len() > MAX_USER_BYTES {
        return Err(refusal(422, "Please choose a shorter name.", Draft::default()));
    }
    Ok(name)
}

fn checked<'a>(form: &'a Form, field: &str, spoken: &str, max_chars: usize) -> Result<&'a str> {
    let text = form.get(field);
    match problem(text, spoken, max_chars) {
        Some(reason) => Err(refusal(422, reason, unchecked_draft(form))),
        None => Ok(text),
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
fn not_received(error: Error) -> Error {
    let (status, reason) = match error.code() {
        Code::TooLarge => (413, "That is too much: a short message and one photo of at most 10 MiB fit."),
        Code::QuotaExceeded => (413, "The book is full: there is no room for another photo."),
        Code::UnsupportedType => (415, "That file is no image."),
        Code::BadForm | Code::Interrupted => (400, "The form could not be read."),
        _ => return error,
    };
    refusal(status, reason, Draft::default())
}

fn unchecked_draft(form: &Form) -> Draft {
    Draft { author: form.get("author").to_owned(), message: form.get("message").to_owned() }
}

fn refusal(status: u16, reason: impl Into<String>, draft: Draft) -> Error {
    Error::other(Refusal { status, reason: reason.into(), draft })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_neither_empty_nor_too_long() {
        assert!(problem(" \r\n", "it", 3).is_some());
        assert!(problem("🌍🌍🌍", "it", 3).is_none());
        assert!(problem("abcd", "it", 3).is_some());
        assert!(problem("a\0", "it", 3).is_some());
    }

    #[test]
    fn a_form_that_is_refused_keeps_what_was_written() {
        let error = draft(&Form::new([("author", ""), ("message", "to be kept")])).unwrap_err();
        let refusal: &Refusal = error.downcast_ref().unwrap();
        assert_eq!((refusal.status, refusal.draft.message.as_str()), (422, "to be kept"));
    }
}
