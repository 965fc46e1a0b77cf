//! The value of a header that is a word and a list of parameters, such as `form-data; name="a";
//! filename="b.png"` (RFC 2045, section 5.1; RFC 2183, section 2).
//!
//! Clients do not agree on what a backslash is. Some write `\"` and `\\` in a text in quotes;
//! browsers and curl leave backslashes alone and write a quote as `%22`. So a value is read with
//! escapes first. Where that gives no list of parameters, as in `filename="report\"`, it is read
//! again with backslashes as letters.

/// No sound header comes near it. A bound keeps the cost of looking for names small.
const MOST_PARAMETERS: usize = 256;

/// Why the value of a header is no list of parameters.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum ParameterError {
    /// It is cut off, or quotes stand where none may.
    #[error("it is no list of parameters")]
    Malformed,
    /// Two readers could choose differently.
    #[error("it has two different values of `{0}`")]
    Ambiguous(String),
}

/// The parameters behind the word.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Parameters(Vec<Parameter>);

/// One parameter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Parameter {
    /// In lower case.
    name: String,
    /// Without quotes and escapes.
    pub(super) value: Vec<u8>,
    /// Whether it stood in quotes.
    pub(super) is_quoted: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Backslash {
    /// Before a quote or a backslash it says that this is a letter.
    Escapes,
    /// It is one itself.
    IsLetter,
}

impl Parameters {
    /// Reads the value of a header.
    pub(super) fn parse(value: &[u8]) -> Result<Self, ParameterError> {
        let (_word, rest) = split_before(value, |byte| byte == b';');
        let list = read(rest, Backslash::Escapes).or_else(|| read(rest, Backslash::IsLetter));
        Ok(Self(list.ok_or(ParameterError::Malformed)?))
    }

    /// The parameter of this name, which is in lower case.
    pub(super) fn get(&self, name: &str) -> Result<Option<&Parameter>, ParameterError> {
        let mut named = self.0.iter().filter(|parameter| parameter.name == name);
        let Some(first) = named.next() else { return Ok(None) };
        if named.any(|other| other.value != first.value) {
            return Err(ParameterError::Ambiguous(name.to_owned()));
        }
        Ok(Some(first))
    }

    /// Whether the name of any parameter begins like this.
    pub(super) fn has_prefix(&self, prefix: &str) -> bool {
        self.0.iter().any(|parameter| parameter.name.starts_with(prefix))
    }
}

/// Reads what stands behind the word; none if it cannot be read this way.
fn read(mut rest: &[u8], backslash: Backslash) -> Option<Vec<Parameter>> {
    let mut list = Vec::new();
    loop {
        rest = rest.trim_ascii_start();
        match rest.split_first() {
            None => return Some(list),
            Some(_) if list.len() == MOST_PARAMETERS => return None,
            Some((b';', behind)) => rest = behind,
            Some(_) => {
                let (parameter, behind) = read_one(rest, backslash)?;
                list.push(parameter);
                rest = behind;
            }
        }
    }
}

/// Reads one parameter and returns what stands behind it: nothing, or a semicolon and more.
fn read_one(text: &[u8], backslash: Backslash) -> Option<(Parameter, &[u8])> {
    let (name, behind) = split_before(text, |byte| matches!(byte, b'=' | b';'));
    let name = name.trim_ascii_end();
    if name.is_empty() || !name.iter().all(|byte| is_token(*byte)) {
        return None;
    }
    let name = String::from_utf8_lossy(name).to_ascii_lowercase();
    let Some(value) = behind.strip_prefix(b"=").map(<[u8]>::trim_ascii_start) else {
        return Some((Parameter { name, value: Vec::new(), is_quoted: false }, behind));
    };
    let Some(quoted) = value.strip_prefix(b"\"") else {
        let (value, behind) = split_before(value, |byte| byte == b';');
        return Some((Parameter { name, value: value.trim_ascii_end().to_vec(), is_quoted: false }, behind));
    };
    let (value, behind) = match backslash {
        Backslash::Escapes => unescape(quoted)?,
        Backslash::IsLetter => up_to_last_quote(quoted)?,
    };
    Some((Parameter { name, value, is_quoted: true }, behind))
}

/// A text in quotes with escapes, and what stands behind it.
fn unescape(text: &[u8]) -> Option<(Vec<u8>, &[u8])> {
    let (mut value, mut rest) = (Vec::new(), text);
    loop {
        match rest {
            [b'"', behind @ ..] => return ends(behind).then_some((value, behind)),
            [b'\\', letter @ (b'"' | b'\\'), behind @ ..] | [letter, behind @ ..] => {
                value.push(*letter);
                rest = behind;
            }
            [] => return None,
        }
    }
}

/// A text in quotes without escapes. A quote inside is taken for what it is, since some clients
/// escape nothing, but not beside a semicolon: then nobody can know where the text ends.
fn up_to_last_quote(text: &[u8]) -> Option<(Vec<u8>, &[u8])> {
    let quotes = memchr::memchr_iter(b'"', text);
    let mut split = quotes.filter_map(|at| Some((text.get(..at)?, text.get(at + 1..)?)));
    let (value, behind) = split.find(|(_, behind)| ends(behind))?;
    let is_clear = !(value.contains(&b'"') && value.contains(&b';'));
    is_clear.then(|| (value.to_vec(), behind))
}

/// Whether a parameter may end before this.
fn ends(behind: &[u8]) -> bool {
    matches!(behind.trim_ascii_start(), [] | [b';', ..])
}

fn split_before(text: &[u8], ends: impl Fn(u8) -> bool) -> (&[u8], &[u8]) {
    let end = text.iter().position(|byte| ends(*byte)).unwrap_or(text.len());
    text.split_at_checked(end).unwrap_or((text, &[]))
}

/// RFC 2045, section 5.1.
fn is_token(byte: u8) -> bool {
    byte.is_ascii_graphic() && !b"()<>@,;:\\\"/[]?=".contains(&byte)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(value: &str) -> Result<Vec<(String, String)>, ParameterError> {
        let text = |parameter: &Parameter| String::from_utf8(parameter.value.clone()).unwrap();
        let parsed = Parameters::parse(value.as_bytes())?;
        Ok(parsed.0.iter().map(|parameter| (parameter.name.clone(), text(parameter))).collect())
    }

    #[test]
    fn a_list_is_read_as_one() {
        let cases: [(&str, &[(&str, &str)]); 16] = [
            ("form-data", &[]),
            ("form-data;;  ; a=b;", &[("a", "b")]),
            (r#"form-data; NAME="a"; FileName = "b c" "#, &[("name", "a"), ("filename", "b c")]),
            (
                r#"form-data; filename="x; name=evil.png"; name="photo""#,
                &[("filename", "x; name=evil.png"), ("name", "photo")],
            ),
            (r#"form-data; filename="my name=Bob.csv""#, &[("filename", "my name=Bob.csv")]),
            (r"form-data; a=b c; d=e=f", &[("a", "b c"), ("d", "e=f")]),
            (r"form-data; a=; b", &[("a", ""), ("b", "")]),
            (r#"form-data; a="""#, &[("a", "")]),
            (r#"form-data; a="\"b\" \\ \c""#, &[("a", r#""b" \ \c"#)]),
            (r#"form-data; a="C:\dir\file""#, &[("a", r"C:\dir\file")]),
            (r#"form-data; a="report\""#, &[("a", r"report\")]),
            (r#"form-data; name="a\"; filename="b.png""#, &[("name", r"a\"), ("filename", "b.png")]),
            (r#"form-data; a="b\\"; c=d"#, &[("a", r"b\"), ("c", "d")]),
            (r#"form-data; a="my "best" photo.png"; b=c"#, &[("a", r#"my "best" photo.png"#), ("b", "c")]),
            (r#"form-data; a="x\"; name=evil.png"; b=c"#, &[("a", r#"x"; name=evil.png"#), ("b", "c")]),
            ("form-data; filename*0*=utf-8''d; filename*1=x", &[("filename*0*", "utf-8''d"), ("filename*1", "x")]),
        ];
        for (value, expected) in cases {
            let expected: Vec<_> = expected.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect();
            assert_eq!(list(value), Ok(expected), "{value}");
        }
    }

    #[test]
    fn what_two_readers_could_read_differently_is_none() {
        for value in [
            r#"form-data; name="a"#,
            r#"form-data; name="data; filename="x.png""#,
            r#"form-data; a="b"; c".txt""#,
            r#"form-data; a="b"c"d; e"f; g=h"#,
            "form-data; =b",
            "form-data; \"a\"=b",
        ] {
            assert_eq!(list(value), Err(ParameterError::Malformed), "{value}");
        }
        assert_eq!(list(&format!("a{}", "; b=c".repeat(MOST_PARAMETERS))).unwrap().len(), MOST_PARAMETERS);
        assert_eq!(list(&format!("a{}", "; b=c".repeat(MOST_PARAMETERS + 1))), Err(ParameterError::Malformed));
        let twice = Parameters::parse(b"form-data; a=b; A=c; d=e; D=\"e\"").unwrap();
        assert_eq!(twice.get("a"), Err(ParameterError::Ambiguous("a".into())));
        assert_eq!(twice.get("d").unwrap().unwrap().value, b"e");
        assert_eq!(twice.get("f"), Ok(None));
    }
}
