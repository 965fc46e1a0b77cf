//! What stands behind the question mark.

use super::error::ApiError;
use crate::config::nearest;
use std::borrow::Cow;
use std::str::FromStr;
use url::form_urlencoded;

/// A parameter that a path takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Parameter {
    pub(super) name: &'static str,
    pub(super) kind: Kind,
    pub(super) is_required: bool,
    pub(super) meaning: &'static str,
}

/// What a parameter may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Text,
    Number,
    Flag,
}

/// The parameters of a request. Each is known and stands once.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Query(Vec<(&'static str, String)>);

impl Query {
    /// An error for what is not known.
    pub(super) fn read(text: Option<&str>, known: &'static [Parameter]) -> Result<Self, ApiError> {
        let mut found: Vec<(&'static str, String)> = Vec::new();
        let text = text.unwrap_or_default();
        if text.contains("%00") {
            return Err(ApiError::unreadable("the query contains a NUL character"));
        }
        for (name, value) in form_urlencoded::parse(text.as_bytes()) {
            let Some(parameter) = known.iter().find(|parameter| parameter.name == name) else {
                return Err(unknown(&name, known));
            };
            if found.iter().any(|(other, _)| *other == parameter.name) {
                return Err(ApiError::unreadable(format!("query: `{name}` stands there twice")));
            }
            found.push((parameter.name, Cow::into_owned(value)));
        }
        Ok(Self(found))
    }

    /// The text of a parameter.
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(other, _)| *other == name).map(|(_, value)| value.as_str())
    }

    /// A parameter that is a number.
    pub(super) fn number<N: FromStr>(&self, name: &str) -> Result<Option<N>, ApiError> {
        let Some(text) = self.text(name) else { return Ok(None) };
        let is_number = text.bytes().all(|byte| byte.is_ascii_digit());
        let number = text.parse().ok().filter(|_| is_number);
        number.map(Some).ok_or_else(|| ApiError::unreadable(format!("query: `{name}` is not a whole number")))
    }

    /// A parameter that is `true` or `false`; false where it is missing.
    pub(super) fn flag(&self, name: &str) -> Result<bool, ApiError> {
        match self.text(name) {
            Some("true") => Ok(true),
            Some("false") | None => Ok(false),
            Some(_) => Err(ApiError::unreadable(format!("query: `{name}` is true or false"))),
        }
    }
}

fn unknown(name: &str, known: &[Parameter]) -> ApiError {
    let shown: String = name.chars().take(40).collect();
    let names: Vec<&str> = known.iter().map(|parameter| parameter.name).collect();
    ApiError::unreadable(match nearest(name, names.iter().copied()) {
        Some(nearest) => format!("query: `{shown}` is not known: did you mean `{nearest}`?"),
        None if names.is_empty() => format!("query: `{shown}` is not known: this path takes none"),
        None => format!("query: `{shown}` is not known: known are {}", names.join(", ")),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const KNOWN: &[Parameter] = &[
        Parameter { name: "keep-data", kind: Kind::Flag, is_required: false, meaning: "" },
        Parameter { name: "version", kind: Kind::Number, is_required: false, meaning: "" },
    ];

    #[test]
    fn what_is_known_is_read() {
        let query = Query::read(Some("version=7&keep%2ddata=true"), KNOWN).unwrap();
        assert_eq!(query.number::<i64>("version").unwrap(), Some(7));
        assert!(query.flag("keep-data").unwrap());
        let none = Query::read(None, KNOWN).unwrap();
        assert_eq!((none.number::<i64>("version").unwrap(), none.flag("keep-data").unwrap()), (None, false));
    }

    #[test]
    fn what_is_wrong_is_told() {
        for text in ["keep_data=true", "x=1", "version=1&version=1", "version=%00"] {
            assert!(Query::read(Some(text), KNOWN).is_err(), "{text}");
        }
        for text in ["version=", "version=-1", "version=+1", "version=1.5", "version=99999999999999999999"] {
            assert!(Query::read(Some(text), KNOWN).unwrap().number::<i64>("version").is_err(), "{text}");
        }
        assert!(Query::read(Some("keep-data=1"), KNOWN).unwrap().flag("keep-data").is_err());
    }
}
