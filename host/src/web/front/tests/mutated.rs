//! Sound heads that were changed at random: whatever is let through can be read in one way only.

use std::str::from_utf8;

use http::{HeaderName, HeaderValue, Uri};

use super::super::normalise_host;
use super::heads::judge;
use crate::web::mutations::Mutations;

const INPUTS: usize = 20_000;

const SAMPLES: &[&[u8]] = &[
    b"GET / HTTP/1.1\r\nHost: a\r\n\r\n",
    b"GET /a/b;c=d?e=f&g HTTP/1.0\r\n\r\n",
    b"GET http://a.example:80/b?c HTTP/1.1\r\nHost: a.example\r\nAccept: */*\r\n\r\n",
    b"OPTIONS * HTTP/1.1\r\nhost: [2001:db8::1]:443\r\n\r\n",
    b"GET https://[2001:db8::1]/ HTTP/1.1\r\nHost: [2001:DB8:0::1]:443\r\n\r\n",
    b"POST /run HTTP/1.1\r\nHost: a:8080\r\nContent-Length: 10\r\nExpect: 100-continue\r\n\r\n",
    b"POST /run HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nCookie: a=b; c=\"d\"\r\n\r\n",
];

const WORDS: &[&[u8]] = &[
    b"\r\n",
    b"\n",
    b"\r",
    b" ",
    b"\t",
    b":",
    b"\r\n\r\n",
    b"\0",
    b"Host: b\r\n",
    b"Host:",
    b"Content-Length: 5\r\n",
    b"Transfer-Encoding: chunked\r\n",
    b"chunked, identity",
    b"HTTP/1.0",
    b"HTTP/1.1",
    b"HTTP/2.0",
    b"http://",
    b"https://",
    b"@",
    b"a@b",
    b"%00",
    b"\xc3\xa4",
    b"//",
    b"..",
    b"#",
    b",",
    b"-1",
    b"+5",
    b"0x10",
    b"18446744073709551616",
    b":80",
    b":443",
    b".",
    b"[::1]",
    b"\r\n folded",
    b"x y: z\r\n",
    b"GET ",
    b"CONNECT a:1 ",
    b"TRACE / ",
];

#[test]
fn a_changed_head_is_refused_or_read_in_one_way() {
    let mut mutations = Mutations::new(1);
    let mut sound = 0;
    for _ in 0..INPUTS {
        let input = mutations.of(SAMPLES, WORDS);
        let shown = String::from_utf8_lossy(&input).into_owned();
        let judged = judge(&input, input.len().max(1));
        for step in [1, 7] {
            assert_eq!(judge(&input, step), judged, "{shown:?} by {step}");
        }
        let Some(Ok(len)) = judged else { continue };
        sound += 1;
        check(&input[..len], &shown);
        let followed = [&input[..len], b"GET /next HTTP/1.1\r\n\r\n"].concat();
        assert_eq!(judge(&followed, followed.len()), judged, "{shown:?}");
    }
    // Neither all nor nothing was refused.
    assert!((INPUTS / 50..INPUTS / 2).contains(&sound), "{sound} heads were sound");
}

/// What any reader may rely on, written down without the front's own parser.
fn check(head: &[u8], shown: &str) {
    let head = head.strip_prefix(b"\r\n").unwrap_or(head);
    let head = head.strip_suffix(b"\r\n\r\n").unwrap_or_else(|| panic!("{shown:?} has no end"));
    assert!(!head.iter().any(|byte| matches!(byte, 0..=8 | 11 | 12 | 14..=31 | 127)), "{shown:?}");
    let lines: Vec<&[u8]> = split(head);
    assert!(
        lines.iter().all(|line| !line.is_empty() && !line.contains(&b'\r') && !line.contains(&b'\n')),
        "{shown:?}"
    );
    let request: Vec<&[u8]> = lines[0].split(|byte| *byte == b' ').collect();
    assert_eq!(request.len(), 3, "{shown:?}");
    assert!([&b"HTTP/1.0"[..], b"HTTP/1.1"].contains(&request[2]), "{shown:?}");
    let target = Uri::try_from(request[1]).unwrap_or_else(|error| panic!("{shown:?}: {error}"));
    let fields: Vec<(HeaderName, &[u8])> = lines[1..].iter().map(|line| field(line, shown)).collect();
    let all = |name: &str| -> Vec<&[u8]> {
        fields.iter().filter(|(found, _)| found == name).map(|(_, value)| *value).collect()
    };
    let (hosts, lengths, codings) = (all("host"), all("content-length"), all("transfer-encoding"));
    assert!(hosts.len() == 1 || (hosts.is_empty() && request[2] == b"HTTP/1.0"), "{shown:?}");
    assert!(lengths.len() + codings.len() <= 1, "{shown:?}");
    assert!(lengths.iter().all(|length| !length.is_empty() && length.iter().all(u8::is_ascii_digit)), "{shown:?}");
    assert!(codings.iter().all(|coding| coding.eq_ignore_ascii_case(b"chunked")), "{shown:?}");
    let Some(named) = hosts.first() else { return };
    let named = from_utf8(named).expect("a host is ASCII");
    assert!(normalise_host(named).is_some(), "{shown:?}");
    if let Some(authority) = target.authority() {
        assert_eq!(place(named, &target), place(authority.as_str(), &target), "{shown:?}");
    }
}

fn split(head: &[u8]) -> Vec<&[u8]> {
    let mut lines = Vec::new();
    let mut rest = head;
    while let Some(end) = rest.windows(2).position(|pair| pair == b"\r\n") {
        lines.push(&rest[..end]);
        rest = &rest[end + 2..];
    }
    lines.push(rest);
    lines
}

fn field<'a>(line: &'a [u8], shown: &str) -> (HeaderName, &'a [u8]) {
    let colon = line.iter().position(|byte| *byte == b':').unwrap_or_else(|| panic!("{shown:?}"));
    let value = line[colon + 1..].trim_ascii();
    assert!(HeaderValue::from_bytes(value).is_ok(), "{shown:?}");
    (HeaderName::from_bytes(&line[..colon]).unwrap_or_else(|error| panic!("{shown:?}: {error}")), value)
}

/// Host and port as the crate `url` reads them; none for names that it takes for a malformed IPv4
/// address.
fn place(authority: &str, target: &Uri) -> Option<(String, u16)> {
    let url = format!("{}://{authority}/", target.scheme_str().expect("a scheme"));
    let url = url::Url::parse(&url).ok()?;
    Some((url.host_str()?.trim_end_matches('.').to_owned(), url.port_or_known_default()?))
}
