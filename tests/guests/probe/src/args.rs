//! Reads the arguments of a step, and says which one does not fit.

use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::Value as Json;

use crate::failure::Failure;

/// A JSON object with arguments.
#[derive(Clone, Copy)]
pub struct Args<'a>(&'a Json);

impl<'a> Args<'a> {
    /// Arguments from any JSON; what is no object has none.
    pub fn new(json: &'a Json) -> Args<'a> {
        Args(json)
    }

    /// An argument as it is. `null` counts as missing.
    pub fn get(self, name: &str) -> Option<&'a Json> {
        self.0.get(name).filter(|json| !json.is_null())
    }

    /// A text.
    pub fn text(self, name: &str) -> Result<&'a str, Failure> {
        self.optional_text(name)?.ok_or_else(|| Failure::bad_step(&format!("`{name}` is missing")))
    }

    /// A text that may be missing.
    pub fn optional_text(self, name: &str) -> Result<Option<&'a str>, Failure> {
        let text = |json: &'a Json| json.as_str().ok_or_else(|| unfit(name, json, "a string"));
        self.get(name).map(text).transpose()
    }

    /// A text on the heap, which records want.
    pub fn string(self, name: &str) -> Result<String, Failure> {
        self.text(name).map(str::to_owned)
    }

    /// A text on the heap that may be missing.
    pub fn optional_string(self, name: &str) -> Result<Option<String>, Failure> {
        Ok(self.optional_text(name)?.map(str::to_owned))
    }

    /// A whole number that fits the type.
    pub fn number<T: TryFrom<i64>>(self, name: &str) -> Result<T, Failure> {
        self.optional_number(name)?.ok_or_else(|| Failure::bad_step(&format!("`{name}` is missing")))
    }

    /// A whole number that may be missing.
    pub fn optional_number<T: TryFrom<i64>>(self, name: &str) -> Result<Option<T>, Failure> {
        let number = |json: &Json| json.as_i64().and_then(|number| T::try_from(number).ok());
        let Some(json) = self.get(name) else {
            return Ok(None);
        };
        number(json).map(Some).ok_or_else(|| unfit(name, json, "a whole number in range"))
    }

    /// Yes or no; no where it is missing.
    pub fn flag(self, name: &str) -> Result<bool, Failure> {
        let flag = |json: &Json| json.as_bool().ok_or_else(|| unfit(name, json, "true or false"));
        self.get(name).map_or(Ok(false), flag)
    }

    /// The elements of an array; none where it is missing.
    pub fn list(self, name: &str) -> Result<&'a [Json], Failure> {
        let list = |json: &'a Json| json.as_array().ok_or_else(|| unfit(name, json, "an array"));
        Ok(self.get(name).map(list).transpose()?.map_or(&[], Vec::as_slice))
    }

    /// An array of texts.
    pub fn strings(self, name: &str) -> Result<Vec<String>, Failure> {
        let text = |json: &Json| json.as_str().map(str::to_owned).ok_or_else(|| unfit(name, json, "a string"));
        self.list(name)?.iter().map(text).collect()
    }

    /// Each element of an array of objects, read by `read`.
    pub fn objects<T>(self, name: &str, read: fn(Args<'a>) -> Result<T, Failure>) -> Result<Vec<T>, Failure> {
        self.list(name)?.iter().map(|json| read(Args(json))).collect()
    }

    /// An object that may be missing, read by `read`.
    pub fn optional<T>(self, name: &str, read: fn(Args<'a>) -> Result<T, Failure>) -> Result<Option<T>, Failure> {
        self.get(name).map(|json| read(Args(json))).transpose()
    }
}

/// Bytes from their JSON form.
pub fn from_base64(text: &str) -> Result<Vec<u8>, Failure> {
    STANDARD.decode(text).map_err(|error| Failure::bad_step(&format!("no base64: {error}")))
}

/// Bytes in their JSON form.
pub fn to_base64(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

fn unfit(name: &str, json: &Json, wanted: &str) -> Failure {
    Failure::bad_step(&format!("`{name}` must be {wanted}, not {json}"))
}
