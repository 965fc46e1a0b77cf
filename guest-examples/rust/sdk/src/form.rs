//! Forms: the host receives them, with their files.

use std::fmt;
use std::str::FromStr;

use crate::bindings::innkeeper::storage::blob_upload as wit;
use crate::blobs::Blob;
use crate::{Error, Result, session};

/// The name of the hidden field that proves that a form is the app's own.
pub const CSRF_FIELD: &str = "csrf";

/// A hidden field of a form, which is shown as HTML.
#[derive(Clone, Debug)]
pub struct CsrfField {
    token: String,
}

/// The hidden field for the form of this name. Each form of an app may have a name of its own, and
/// all may have the same. Begins a session where the visitor has none.
#[track_caller]
pub fn csrf_field(form: &str) -> Result<CsrfField> {
    Ok(CsrfField { token: session::csrf_token(form)? })
}

impl CsrfField {
    /// The field with this token, for tests.
    pub fn new(token: &str) -> CsrfField {
        CsrfField { token: token.to_owned() }
    }
}

impl fmt::Display for CsrfField {
    fn fmt(&self, out: &mut fmt::Formatter) -> fmt::Result {
        // Nothing in a token means anything in HTML.
        write!(out, r#"<input type="hidden" name="{CSRF_FIELD}" value="{}">"#, self.token)
    }
}

#[cfg(feature = "maud")]
impl maud::Render for CsrfField {
    fn render(&self) -> maud::Markup {
        maud::PreEscaped(self.to_string())
    }
}

/// A form that a visitor has sent. Its files are staged: [`blobs::keep`](crate::blobs::keep) makes
/// them stay.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Form {
    fields: Vec<wit::FormField>,
    files: Vec<wit::FormFile>,
}

/// What a form may contain. As it begins: no files.
#[derive(Clone, Debug)]
pub struct FormOptions {
    limits: wit::FormLimits,
}

impl Form {
    /// Receives the form of this name, without files. What is none is answered with 400, one that
    /// is too large with 413, and one that this app has not handed out to this visitor with 403.
    #[track_caller]
    pub fn receive(form: &str) -> Result<Form> {
        Form::options().receive(form)
    }

    /// For a form with files.
    ///
    /// ```no_run
    /// # use innkeeper_sdk::{Form, Result, blobs};
    /// # fn example() -> Result<()> {
    /// let form = Form::options().max_files(1).accept("image/*").receive("photo")?;
    /// if let Some(photo) = form.file("photo") {
    ///     blobs::keep(&photo.id)?;
    /// }
    /// # Ok(()) }
    /// ```
    pub fn options() -> FormOptions {
        let limits = wit::FormLimits { max_file: None, max_total: None, max_files: Some(0), accept: Vec::new() };
        FormOptions { limits }
    }

    /// A form with these fields, for tests.
    pub fn new<'a>(fields: impl IntoIterator<Item = (&'a str, &'a str)>) -> Form {
        let field =
            |(name, value): (&str, &str)| wit::FormField { name: name.to_owned(), value: value.to_owned() };
        Form { fields: fields.into_iter().map(field).collect(), files: Vec::new() }
    }

    /// The value of a field; the first where there are several, and empty where there is none.
    pub fn get(&self, name: &str) -> &str {
        self.get_all(name).next().unwrap_or_default()
    }

    /// All values of a field.
    pub fn get_all(&self, name: &str) -> impl Iterator<Item = &str> {
        self.fields.iter().filter(move |field| field.name == name).map(|field| field.value.as_str())
    }

    /// The value of a field as a number or the like. What is none is answered with 422.
    #[track_caller]
    pub fn parse<T: FromStr>(&self, name: &str) -> Result<T> {
        self.get(name).trim().parse().map_err(|_| Error::new(422, format!("Please correct `{name}`.")))
    }

    /// The file of a field; the first where there are several.
    pub fn file(&self, name: &str) -> Option<&Blob> {
        self.files(name).next()
    }

    /// All files of a field.
    pub fn files(&self, name: &str) -> impl Iterator<Item = &Blob> {
        self.files.iter().filter(move |file| file.field == name).map(|file| &file.blob)
    }

    /// Names and values of all fields that are no files, in the order of the form.
    pub fn fields(&self) -> impl Iterator<Item = (&str, &str)> {
        self.fields.iter().map(|field| (field.name.as_str(), field.value.as_str()))
    }

    /// Whether this app has handed out the form of this name to this visitor. Asked by `receive`.
    #[track_caller]
    pub fn csrf_check(&self, form: &str) -> Result<bool> {
        session::csrf_check(form, self.get(CSRF_FIELD))
    }
}

impl FormOptions {
    /// How many files there may be.
    pub fn max_files(mut self, files: u32) -> FormOptions {
        self.limits.max_files = Some(files);
        self
    }

    /// How many bytes the largest file may have.
    pub fn max_file(mut self, bytes: u32) -> FormOptions {
        self.limits.max_file = Some(bytes);
        self
    }

    /// How many bytes all files together may have.
    pub fn max_total(mut self, bytes: u32) -> FormOptions {
        self.limits.max_total = Some(bytes);
        self
    }

    /// One more media type that files may have, for example `image/*`. None: any.
    pub fn accept(mut self, media_type: &str) -> FormOptions {
        self.limits.accept.push(media_type.to_owned());
        self
    }

    /// Receives the form of this name, as [`Form::receive`] does. A file of another type is
    /// answered with 415, one for which there is no room with 507.
    #[track_caller]
    pub fn receive(self, form: &str) -> Result<Form> {
        let received = self.receive_unchecked()?;
        if received.csrf_check(form)? {
            Ok(received)
        } else {
            Err(Error::new(403, "This page was out of date. Please send the form again."))
        }
    }

    /// Receives a form from anywhere. Ask [`Form::csrf_check`] before anything is done with it.
    #[track_caller]
    pub fn receive_unchecked(self) -> Result<Form> {
        let form = wit::receive_form(Some(&self.limits))?;
        Ok(Form { fields: form.fields, files: form.files })
    }

    pub(crate) fn into_limits(self) -> wit::FormLimits {
        self.limits
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_found_by_name() {
        let form = Form::new([("tag", "a"), ("tag", "b"), ("age", " 36 ")]);
        assert_eq!((form.get("tag"), form.get("none")), ("a", ""));
        assert_eq!(form.get_all("tag").collect::<Vec<_>>(), ["a", "b"]);
        assert_eq!(form.parse::<u8>("age").unwrap(), 36);
        assert_eq!(form.parse::<u8>("tag").unwrap_err().status(), 422);
    }
}
