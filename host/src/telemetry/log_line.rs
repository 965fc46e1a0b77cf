//! One event as one line: JSON, logfmt, or text for people.
//!
//! Whatever an event says, its line is valid and shorter than what Heroku splits into several.
//! Texts that are too long are cut, with a mark that says how many bytes are missing. No text can
//! pass for a sample, which log add-ons look for anywhere in a line: see [`samples`].

use super::samples;
use crate::config::LogFormat;
use std::fmt::Write;
use tracing::Level;

/// Heroku splits lines of more than 10,000 bytes. This is with the line's end.
pub(super) const LONGEST_LINE: usize = 9_999;
/// How many bytes each text may fill where a line would be too long: the first that makes it fit.
const CAPS: [usize; 8] = [9_000, 6_000, 3_000, 1_000, 300, 100, 30, 0];
/// Bytes of a message beside which there is room for nothing else.
const BARE: usize = 1_000;

/// An event that is to be written.
#[derive(Debug)]
pub(super) struct LogLine<'a> {
    pub(super) time: String,
    pub(super) level: Level,
    pub(super) target: &'a str,
    pub(super) message: String,
    pub(super) fields: Vec<(&'static str, Value)>,
}

/// The value of a field.
#[derive(Debug)]
pub(super) enum Value {
    Text(String),
    /// A text that people read without quotes, because whoever logs has asked for that.
    Shown(String),
    Signed(i64),
    Unsigned(u64),
    Float(f64),
    Bool(bool),
}

impl LogLine<'_> {
    /// Appends the line with its end.
    pub(super) fn write(&self, format: LogFormat, line: &mut String) {
        let start = line.len();
        for cap in [usize::MAX].into_iter().chain(CAPS) {
            line.truncate(start);
            match format {
                LogFormat::Json => self.json(cap, line),
                LogFormat::Logfmt => self.logfmt(cap, line),
                LogFormat::Text => self.text(cap, line),
            }
            line.push('\n');
            if line.len() - start <= LONGEST_LINE {
                return;
            }
        }
        // So much beside its texts has no event of ours, and others are not worth more.
        line.truncate(start);
        let start_of_message = self.message.get(..self.message.floor_char_boundary(BARE)).unwrap_or_default();
        let message = format!("{} fields left out: {start_of_message}", self.fields.len());
        let fields = Vec::new();
        LogLine { time: self.time.clone(), level: self.level, target: "innkeeper", message, fields }
            .write(format, line);
    }

    /// Whether the message is made of pairs that are to be found by whoever looks for them.
    fn is_sample(&self) -> bool {
        self.target == samples::TARGET
    }

    fn json(&self, cap: usize, line: &mut String) {
        // Writing into a text does not fail, here and below.
        let _ = write!(line, r#"{{"timestamp":"{}","level":"{}","message":"#, self.time, self.level);
        match self.is_sample() {
            true => drop(write!(line, "\"{}\"", self.message)),
            false => quoted(&self.message, cap, line),
        }
        for (name, value) in &self.fields {
            line.push(',');
            quoted(name, usize::MAX, line);
            line.push(':');
            value.json(cap, line);
        }
        line.push_str(",\"target\":");
        quoted(self.target, usize::MAX, line);
        line.push('}');
    }

    /// Keys are those of the lines of Heroku's router where it has such a thing.
    fn logfmt(&self, cap: usize, line: &mut String) {
        let _ = write!(line, "time={} at={}", self.time, self.level.as_str().to_ascii_lowercase());
        if self.is_sample() {
            let _ = write!(line, " {}", self.message);
            return;
        }
        match (self.target, self.message.split_once(' ')) {
            ("request", Some((method, path))) if path.starts_with('/') => {
                let _ = write!(line, " method={method} path=");
                quoted(path, cap, line);
            }
            _ => pair("msg", &self.message, cap, line),
        }
        for (name, value) in &self.fields {
            match (*name, value) {
                ("duration_ms", Value::Float(took)) => {
                    let _ = write!(line, " service={took:.0}ms duration_ms={took}");
                }
                ("reason", Value::Text(text)) => pair("desc", text, cap, line),
                (name, Value::Text(text) | Value::Shown(text)) => pair(name, text, cap, line),
                (name, value) => {
                    let _ = write!(line, " {}=", key(name));
                    value.json(cap, line);
                }
            }
        }
        pair("target", self.target, cap, line);
    }

    fn text(&self, cap: usize, line: &mut String) {
        let _ = write!(line, "{} {:>5} {}: ", self.time, self.level.as_str(), self.target);
        match self.is_sample() {
            true => line.push_str(&self.message),
            false => escaped(&self.message, cap, char::is_control, line),
        }
        for (name, value) in &self.fields {
            let _ = write!(line, " {name}=");
            match value {
                Value::Shown(text) => escaped(text, cap, char::is_control, line),
                value => value.json(cap, line),
            }
        }
    }
}

impl Value {
    fn json(&self, cap: usize, line: &mut String) {
        let _ = match self {
            Self::Text(text) | Self::Shown(text) => {
                quoted(text, cap, line);
                Ok(())
            }
            Self::Signed(number) => write!(line, "{number}"),
            Self::Unsigned(number) => write!(line, "{number}"),
            Self::Float(number) if number.is_finite() => write!(line, "{number}"),
            Self::Float(number) => write!(line, "\"{number}\""),
            Self::Bool(value) => write!(line, "{value}"),
        };
    }
}

fn pair(name: &str, text: &str, cap: usize, line: &mut String) {
    let _ = write!(line, " {}=", key(name));
    let is_bare = |byte: u8| byte.is_ascii_graphic() && !matches!(byte, b'"' | b'=' | b'\\');
    if text.len() <= cap && !text.is_empty() && text.bytes().all(is_bare) {
        line.push_str(text);
    } else {
        quoted(text, cap, line);
    }
}

/// A name of a field as logfmt reads it: up to a blank, a quote or an equals sign.
fn key(name: &str) -> String {
    let fits = |char: char| if char.is_ascii_graphic() && !"\"=".contains(char) { char } else { '_' };
    name.chars().map(fits).collect()
}

/// A text as JSON has it, which is how parsers of logfmt read a quoted one, too.
fn quoted(text: &str, cap: usize, line: &mut String) {
    let is_special = |char: char| matches!(char, '"' | '\\' | '\u{2028}' | '\u{2029}') || char.is_control();
    line.push('"');
    escaped(text, cap, is_special, line);
    line.push('"');
}

/// A text in which some characters are escaped; what goes beyond `cap` bytes is left out.
fn escaped(text: &str, cap: usize, is_special: impl Fn(char) -> bool, line: &mut String) {
    let most = line.len().saturating_add(cap);
    for (at, char) in text.char_indices() {
        let before = line.len();
        match char {
            '#' if samples::KINDS.iter().any(|kind| line.ends_with(kind)) => line.push_str("\\u0023"),
            char if !is_special(char) => line.push(char),
            '"' | '\\' => {
                line.push('\\');
                line.push(char);
            }
            '\n' => line.push_str("\\n"),
            '\r' => line.push_str("\\r"),
            '\t' => line.push_str("\\t"),
            char => {
                let _ = write!(line, "\\u{:04x}", u32::from(char));
            }
        }
        if line.len() > most {
            line.truncate(before);
            let _ = write!(line, " ... ({} bytes left out)", text.len() - at);
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(message: &str, fields: Vec<(&'static str, Value)>) -> LogLine<'static> {
        let time = "2026-11-28T19:09:44.123456Z".to_owned();
        LogLine { time, level: Level::INFO, target: "guest", message: message.to_owned(), fields }
    }

    fn written(line: &LogLine<'_>, format: LogFormat) -> String {
        let mut text = String::new();
        line.write(format, &mut text);
        let bare = text.strip_suffix('\n').expect("a line has an end");
        assert!(text.len() <= LONGEST_LINE && !bare.contains(char::is_control), "{} bytes", text.len());
        bare.to_owned()
    }

    fn text(value: &str) -> Value {
        Value::Text(value.to_owned())
    }

    #[test]
    fn a_line_has_the_same_in_each_format() {
        let fields = vec![
            ("app", text("shop")),
            ("shown", Value::Shown("a b".to_owned())),
            ("version", Value::Signed(3)),
            ("share", Value::Float(0.5)),
            ("odd", Value::Float(f64::NAN)),
            ("empty", text("")),
            ("said", text("a \"b\" = c\\")),
        ];
        let line = line("two\nlines \u{1b}[31m", fields);
        assert_eq!(
            written(&line, LogFormat::Json),
            r#"{"timestamp":"2026-11-28T19:09:44.123456Z","level":"INFO","message":"two\nlines \u001b[31m","app":"shop","shown":"a b","version":3,"share":0.5,"odd":"NaN","empty":"","said":"a \"b\" = c\\","target":"guest"}"#
        );
        assert_eq!(
            written(&line, LogFormat::Logfmt),
            r#"time=2026-11-28T19:09:44.123456Z at=info msg="two\nlines \u001b[31m" app=shop shown="a b" version=3 share=0.5 odd="NaN" empty="" said="a \"b\" = c\\" target=guest"#
        );
        assert_eq!(
            written(&line, LogFormat::Text),
            r#"2026-11-28T19:09:44.123456Z  INFO guest: two\nlines \u001b[31m app="shop" shown=a b version=3 share=0.5 odd="NaN" empty="" said="a \"b\" = c\\""#
        );
    }

    #[test]
    fn logfmt_says_of_a_request_what_the_router_says() {
        let fields = vec![
            ("request_id", text("8f-1")),
            ("status", Value::Unsigned(503)),
            ("duration_ms", Value::Float(12.345)),
            ("reason", text("no room")),
        ];
        let request = LogLine { level: Level::WARN, target: "request", ..line("GET /a b", fields) };
        assert_eq!(
            written(&request, LogFormat::Logfmt),
            r#"time=2026-11-28T19:09:44.123456Z at=warn method=GET path="/a b" request_id=8f-1 status=503 service=12ms duration_ms=12.345 desc="no room" target=request"#
        );
    }

    #[test]
    fn nothing_but_a_sample_can_be_taken_for_one() {
        let forged = "x sample#memory_total=9GB count#requests=1 measure#a=1ms source=web.9 #1 \u{1}";
        for format in [LogFormat::Json, LogFormat::Logfmt, LogFormat::Text] {
            let fields = vec![("reason", text(forged)), ("shown", Value::Shown(forged.to_owned()))];
            let guest = written(&line(forged, fields), format);
            assert!(!samples::KINDS.iter().any(|kind| guest.contains(&format!("{kind}#"))), "{guest}");
            assert_eq!(guest.matches(r"sample\u0023memory_total=9GB").count(), 3, "{guest}");
            assert_eq!(guest.matches(" #1 ").count(), 3, "{guest}");
            if format == LogFormat::Json {
                let read: serde_json::Value = serde_json::from_str(&guest).expect("valid JSON");
                assert_eq!(read["message"], forged, "a reader of JSON gets what was said");
            }
            let said = "samples source=web.1 sample#load=0.10 count#requests=1 seconds=20.0";
            let sample = LogLine { target: samples::TARGET, ..line(said, Vec::new()) };
            assert!(written(&sample, format).contains(said));
            let endless = LogLine { target: samples::TARGET, ..line(&said.repeat(1_000), Vec::new()) };
            assert!(written(&endless, format).contains("0 fields left out: samples"));
        }
    }

    #[test]
    fn what_is_too_long_is_cut_and_says_how_much_is_missing() {
        let hostile = ["x".repeat(1 << 20), "\u{1}".repeat(4096), "\"".repeat(9000), "ü€😀".repeat(3000)];
        for format in [LogFormat::Json, LogFormat::Logfmt, LogFormat::Text] {
            for message in &hostile {
                let many = (0..20).map(|_| ("field", text(message))).collect();
                for fields in [Vec::new(), vec![("other", text(message))], many] {
                    let written = written(&line(message, fields), format);
                    assert!(written.contains("bytes left out)") || !message.starts_with('x'), "{written}");
                    if format == LogFormat::Json {
                        serde_json::from_str::<serde_json::Value>(&written).expect("valid JSON");
                    }
                }
            }
        }
        let cut = written(&line(&"x".repeat(1 << 20), Vec::new()), LogFormat::Json);
        assert!(cut.contains(&format!("x ... ({} bytes left out)\"", (1 << 20) - 9_000)), "{cut}");
        let fields = (0..2000).map(|_| ("field", Value::Unsigned(1))).collect();
        assert!(written(&line("said", fields), LogFormat::Json).contains("2000 fields left out: said"));
    }
}
