//! What is asked of the server (PostgreSQL documentation, "Message Formats").

use crate::storage::postgres::codec::Parameters;

/// A message's type and its length, which counts its own four bytes.
pub(super) const HEAD: usize = 5;
/// The end of a request that consists of several messages: the server answers all that came before.
const SYNC: &[u8] = b"S\0\0\0\x04";
/// A request that is one message.
const QUERY: u8 = b'Q';
/// The name of the statement and of the portal that the next one replaces.
const UNNAMED: &[u8] = b"\0";
const ANY_NUMBER_OF_ROWS: &[u8] = &[0; 4];

/// Which statement is run.
#[derive(Debug, Clone, Copy)]
pub(in crate::storage::postgres) enum Statement<'a> {
    /// A prepared one, by the name that the driver has given it.
    Prepared(&'a str),
    /// One that is prepared for this once.
    Text(&'a str),
}

/// Runs a statement and asks for its rows in binary; before it begins a transaction with `begin`.
pub(super) fn execute(begin: Option<&str>, statement: Statement<'_>, parameters: &Parameters) -> Vec<u8> {
    const ALL_BINARY: &[u8] = &[0, 1, 0, 1];
    let mut request = Vec::with_capacity(parameters.bytes.len() + 256);
    if let Some(text) = begin {
        append_begin(&mut request, text);
    }
    let name = match statement {
        Statement::Prepared(name) => name,
        Statement::Text(text) => {
            append(&mut request, b'P', &[UNNAMED, text.as_bytes(), b"\0\0\0"]);
            ""
        }
    };
    let count = parameters.count.to_be_bytes();
    let bind = [UNNAMED, name.as_bytes(), b"\0", ALL_BINARY, &count, &parameters.bytes, ALL_BINARY];
    append(&mut request, b'B', &bind);
    append(&mut request, b'E', &[UNNAMED, ANY_NUMBER_OF_ROWS]);
    request.extend_from_slice(SYNC);
    request
}

/// The name of the statement that a request begins to prepare, if it does.
pub(super) fn prepared_name(request: &[u8]) -> Option<&str> {
    let [b'P', _, _, _, _, rest @ ..] = request else { return None };
    std::str::from_utf8(rest.split(|byte| *byte == 0).next()?).ok()
}

/// Whether these bytes are whole requests: then the driver waits for the answer.
pub(super) fn is_whole(bytes: &[u8]) -> bool {
    match bytes {
        [QUERY, a, b, c, d, ..] => usize::try_from(u32::from_be_bytes([*a, *b, *c, *d])) == Ok(bytes.len() - 1),
        _ => bytes.ends_with(SYNC),
    }
}

/// The driver's query for types, made so that it gets to know multiranges as plain types; none
/// where the request is another. The driver fails at a type of whose kind it has never heard.
pub(super) fn with_multiranges(request: &[u8]) -> Option<Vec<u8>> {
    const BEGINNING: &[u8] = b"SELECT pg_type.oid,";
    const KIND: &[u8] = b"\ntyptype,\n";
    const PLAIN_KIND: &[u8] = b"\ntranslate(typtype::text, 'm', 'b')::\"char\" AS typtype,\n";
    let [QUERY, _, _, _, _, script @ ..] = request else { return None };
    let at = script.windows(KIND.len()).position(|part| part == KIND).filter(|_| script.starts_with(BEGINNING))?;
    let (before, after) = script.split_at_checked(at)?;
    let mut whole = Vec::new();
    append(&mut whole, QUERY, &[before, PLAIN_KIND, after.get(KIND.len()..)?]);
    Some(whole)
}

/// A request, and before it the beginning of a transaction, so that nothing of the request is run
/// where that fails. Also the types of the messages that answer the beginning.
pub(super) fn with_begin(request: &[u8], text: &str) -> (Vec<u8>, &'static [u8]) {
    match request {
        // A script goes on behind a semicolon.
        [QUERY, a, b, c, d, script @ ..] => {
            let more = u32::try_from(text.len() + 1).unwrap_or(0);
            let length = u32::from_be_bytes([*a, *b, *c, *d]).saturating_add(more).to_be_bytes();
            ([&[QUERY], &length[..], text.as_bytes(), b";", script].concat(), b"C")
        }
        _ => {
            let mut whole = Vec::new();
            append_begin(&mut whole, text);
            whole.extend_from_slice(request);
            (whole, b"12C")
        }
    }
}

fn append_begin(request: &mut Vec<u8>, text: &str) {
    append(request, b'P', &[UNNAMED, text.as_bytes(), b"\0\0\0"]);
    append(request, b'B', &[UNNAMED, UNNAMED, &[0; 6]]);
    append(request, b'E', &[UNNAMED, ANY_NUMBER_OF_ROWS]);
}

fn append(request: &mut Vec<u8>, kind: u8, body: &[&[u8]]) {
    let length = body.iter().map(|part| part.len()).sum::<usize>() + HEAD - 1;
    request.push(kind);
    request.extend_from_slice(&u32::try_from(length).unwrap_or(u32::MAX).to_be_bytes());
    body.iter().for_each(|part| request.extend_from_slice(part));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(kind: u8, body: &[u8]) -> Vec<u8> {
        let mut message = Vec::new();
        append(&mut message, kind, &[body]);
        message
    }

    #[test]
    fn a_request_is_whole_at_its_end() {
        let query = message(QUERY, b"select 1\0");
        let bound = [message(b'B', &[0; 8]), SYNC.to_vec()].concat();
        for whole in [&query, &bound] {
            assert!(is_whole(whole));
            assert!(!is_whole(&whole[..whole.len() - 1]));
        }
        assert!(!is_whole(b"") && !is_whole(b"Q") && !is_whole(&[query.as_slice(), b"Q"].concat()));
    }

    #[test]
    fn a_transaction_begins_with_the_request() {
        let query = message(QUERY, b"select 1\0");
        assert_eq!(with_begin(&query, "begin"), (message(QUERY, b"begin;select 1\0"), &b"C"[..]));
        let (request, answers) = with_begin(SYNC, "begin");
        assert!(request.starts_with(b"P\0\0\0\x0d\0begin\0\0\0B\0\0\0\x0c") && request.ends_with(SYNC));
        assert_eq!(answers, b"12C");
    }

    #[test]
    fn a_query_for_types_is_made_to_know_multiranges() {
        let query = message(QUERY, b"SELECT pg_type.oid,\nname,\ntyptype,\nx FROM pg_type\0");
        let changed = with_multiranges(&query).expect("a query for types");
        assert!(is_whole(&changed) && changed.windows(9).any(|part| part == b"translate"));
        assert_eq!(with_multiranges(&message(QUERY, b"select 1,\ntyptype,\n\0")), None);
    }

    #[test]
    fn a_statement_is_bound_and_run() {
        let parameters = Parameters { count: 1, bytes: b"\0\0\0\x01x".to_vec() };
        let request = execute(None, Statement::Prepared("s1"), &parameters);
        let bound = message(b'B', b"\0s1\0\0\x01\0\x01\0\x01\0\0\0\x01x\0\x01\0\x01");
        let rest = [message(b'E', &[0; 5]), SYNC.to_vec()].concat();
        assert_eq!(request, [bound, rest].concat());
        let request = execute(Some("begin"), Statement::Text("fetch"), &Parameters::default());
        let begun = with_begin(&message(b'P', b"\0fetch\0\0\0"), "begin").0;
        assert!(request.starts_with(&begun) && is_whole(&request));
        assert_eq!(prepared_name(&message(b'P', b"s1\0select 1\0\0\0")), Some("s1"));
        assert_eq!(prepared_name(SYNC), None);
    }
}
