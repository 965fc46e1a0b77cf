//! Requests that must not reach the service, and the status each is refused with.

/// A request and the status it is refused with.
pub(super) fn table() -> Vec<(u16, Vec<u8>)> {
    let texts = [lines(), request_lines(), hosts(), framings(), fields()];
    let texts = texts.into_iter().flatten().map(|(status, text)| (status, text.as_bytes().to_vec()));
    texts.chain(oversized()).chain(octets()).collect()
}

fn lines() -> Vec<(u16, &'static str)> {
    vec![
        (400, "GET / HTTP/1.1\nHost: a\n\n"),
        (400, "GET / HTTP/1.1\r\nHost: a\nX: b\r\n\r\n"),
        (400, "GET / HTTP/1.1\r\nHost: a\r\n\n"),
        (400, "GET / HTTP/1.1\r\nHost: a\r\n\rX: b\r\n\r\n"),
        (400, "GET / HTTP/1.1\r\nHost: a\rX: b\r\n\r\n"),
        (400, "GET / HTTP/1.1\r\r\nHost: a\r\n\r\n"),
        (400, "\nGET / HTTP/1.1\r\nHost: a\r\n\r\n"),
        (400, "\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n"),
        (400, "GET / HTTP/1.1\r\nHost: a\r\nX: b\0c\r\n\r\n"),
        (400, "GET / HTTP/1.1\r\nHost: a\r\nX: b\x01c\r\n\r\n"),
        (400, "GET / HTTP/1.1\r\nHost: a\r\nX: b\x7fc\r\n\r\n"),
        (400, "GET /\0 HTTP/1.1\r\nHost: a\r\n\r\n"),
        (400, "GET / HTTP/1.1\r\nHost: a\r\nX: b\r\n folded\r\n\r\n"),
        (400, "GET / HTTP/1.1\r\nHost: a\r\nX: b\r\n\tfolded\r\n\r\n"),
        (400, "GET / HTTP/1.1\r\n Host: a\r\n\r\n"),
        (400, "\x16\x03\x01\x02\0\x01\0"),
    ]
}

fn request_lines() -> Vec<(u16, &'static str)> {
    vec![
        (400, " GET / HTTP/1.1\r\nHost: a\r\n\r\n"),
        (400, "GET  / HTTP/1.1\r\nHost: a\r\n\r\n"),
        (400, "GET /  HTTP/1.1\r\nHost: a\r\n\r\n"),
        (400, "GET / HTTP/1.1 \r\nHost: a\r\n\r\n"),
        (400, "GET\t/ HTTP/1.1\r\nHost: a\r\n\r\n"),
        (400, "GET / x HTTP/1.1\r\nHost: a\r\n\r\n"),
        (400, "GET\r\nHost: a\r\n\r\n"),
        (400, "hello world\r\n\r\n"),
        (400, "G(T / HTTP/1.1\r\nHost: a\r\n\r\n"),
        (400, "GET / http/1.1\r\nHost: a\r\n\r\n"),
        (400, "GET / HTTP/1.10\r\nHost: a\r\n\r\n"),
        (400, "GET / HTTP/11\r\nHost: a\r\n\r\n"),
        (400, "GET / HTTPS/1.1\r\nHost: a\r\n\r\n"),
        (400, "GET index.html HTTP/1.1\r\nHost: a\r\n\r\n"),
        (400, "GET a:80 HTTP/1.1\r\nHost: a:80\r\n\r\n"),
        (400, "GET * HTTP/1.1\r\nHost: a\r\n\r\n"),
        (400, "OPTIONS ** HTTP/1.1\r\nHost: a\r\n\r\n"),
        (400, "GET /a#b HTTP/1.1\r\nHost: a\r\n\r\n"),
        (400, "GET /<b> HTTP/1.1\r\nHost: a\r\n\r\n"),
        (400, "GET /?<b> HTTP/1.1\r\nHost: a\r\n\r\n"),
        (400, "GET /\u{e4} HTTP/1.1\r\nHost: a\r\n\r\n"),
        (400, "GET /?\u{e4} HTTP/1.1\r\nHost: a\r\n\r\n"),
        (400, "GET ftp://a/ HTTP/1.1\r\nHost: a\r\n\r\n"),
        (400, "GET http:///x HTTP/1.1\r\nHost: a\r\n\r\n"),
        (400, "GET http://u@a/ HTTP/1.1\r\nHost: a\r\n\r\n"),
        (400, "GET http://b/ HTTP/1.1\r\nHost: a\r\n\r\n"),
        (400, "GET http://a:81/ HTTP/1.1\r\nHost: a:80\r\n\r\n"),
        (400, "GET http://a:443/ HTTP/1.1\r\nHost: a\r\n\r\n"),
        (400, "GET http://a/ HTTP/1.1\r\nHost: a:443\r\n\r\n"),
        (400, "GET https://a:80/ HTTP/1.1\r\nHost: a\r\n\r\n"),
        (400, "GET https://a/ HTTP/1.1\r\nHost: a:80\r\n\r\n"),
        (400, "GET http://a:80/ HTTP/1.1\r\nHost: b\r\n\r\n"),
        (400, "GET http://a.b/ HTTP/1.1\r\nHost: a\r\n\r\n"),
        (400, "GET http://a:/ HTTP/1.1\r\nHost: a\r\n\r\n"),
        (400, "GET http://a../ HTTP/1.1\r\nHost: a\r\n\r\n"),
        (400, "GET http://[::1]/ HTTP/1.1\r\nHost: [::2]\r\n\r\n"),
        (400, "GET http://a:81/ HTTP/1.0\r\nHost: a\r\n\r\n"),
        (400, "GET http://a/ HTTP/1.1\r\n\r\n"),
        (405, "TRACE / HTTP/1.1\r\nHost: a\r\n\r\n"),
        (405, "trace / HTTP/1.1\r\nHost: a\r\n\r\n"),
        (405, "TRACE /NoHost HTTP/1.1\r\nconnection: close\r\n\r\n"),
        (405, "CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n"),
        (505, "GET /\r\n"),
        (505, "GET / HTTP/0.9\r\nHost: a\r\n\r\n"),
        (505, "GET / HTTP/1.9\r\nHost: a\r\n\r\n"),
        (505, "GET / HTTP/2.0\r\nHost: a\r\n\r\n"),
        (505, "GET / HTTP/3\r\nHost: a\r\n\r\n"),
        (505, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
    ]
}

fn hosts() -> Vec<(u16, &'static str)> {
    vec![
        (400, "GET / HTTP/1.1\r\n\r\n"),
        (400, "GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n"),
        (400, "GET / HTTP/1.1\r\nHost: a\r\nhOST: b\r\n\r\n"),
        (400, "GET / HTTP/1.0\r\nHost: a\r\nHost: b\r\n\r\n"),
        (400, "GET / HTTP/1.1\r\nHost:\r\n\r\n"),
        (400, "GET / HTTP/1.1\r\nHost: \t \r\n\r\n"),
        (400, "GET / HTTP/1.1\r\nHost: a,b\r\n\r\n"),
        (400, "GET / HTTP/1.1\r\nHost: a b\r\n\r\n"),
        (400, "GET / HTTP/1.1\r\nHost: a\tb\r\n\r\n"),
        (400, "GET / HTTP/1.1\r\nHost: u@a\r\n\r\n"),
        (400, "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n"),
        (400, "GET / HTTP/1.1\r\nHost: http://a\r\n\r\n"),
        (400, "GET / HTTP/1.1\r\nHost: a:\r\n\r\n"),
        (400, "GET / HTTP/1.1\r\nHost: a:x\r\n\r\n"),
        (400, "GET / HTTP/1.1\r\nHost: a:+80\r\n\r\n"),
        (400, "GET / HTTP/1.1\r\nHost: a:65536\r\n\r\n"),
        (400, "GET / HTTP/1.1\r\nHost: :80\r\n\r\n"),
        (400, "GET / HTTP/1.1\r\nHost: a..b\r\n\r\n"),
        (400, "GET / HTTP/1.1\r\nHost: .\r\n\r\n"),
        (400, "GET / HTTP/1.1\r\nHost: a%41\r\n\r\n"),
        (400, "GET / HTTP/1.1\r\nHost: \u{e4}\r\n\r\n"),
        (400, "GET / HTTP/1.1\r\nHost: [::1\r\n\r\n"),
        (400, "GET / HTTP/1.1\r\nHost: [::1]x\r\n\r\n"),
        (400, "GET / HTTP/1.1\r\nHost: [a]\r\n\r\n"),
    ]
}

fn framings() -> Vec<(u16, &'static str)> {
    vec![
        (400, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
        (400, "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n"),
        (400, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\nhello"),
        (400, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\ncontent-length: 0\r\n\r\nhello"),
        (400, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5, 5\r\n\r\nhello"),
        (400, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: +4\r\n\r\nhell"),
        (400, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n"),
        (400, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0x4\r\n\r\nhell"),
        (400, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4 4\r\n\r\nhell"),
        (400, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4.0\r\n\r\nhell"),
        (400, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length:\r\n\r\n"),
        (400, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9223372036854775808\r\n\r\n"),
        (400, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 18446744073709551616\r\n\r\n"),
        (400, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length : 4\r\n\r\nhell"),
        (400, "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n"),
        (400, "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n"),
        (400, "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n"),
        (400, "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: \"chunked\"\r\n\r\n0\r\n\r\n"),
        (400, "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked;q=1\r\n\r\n0\r\n\r\n"),
        (400, "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: identity\r\n\r\n"),
        (400, "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding:\r\n\r\n"),
        (
            400,
            "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        ),
        (400, "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding : chunked\r\n\r\n0\r\n\r\n"),
        (400, "POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
    ]
}

fn fields() -> Vec<(u16, &'static str)> {
    vec![
        (400, "GET / HTTP/1.1\r\nHost: a\r\n: b\r\n\r\n"),
        (400, "GET / HTTP/1.1\r\nHost: a\r\nX\r\n\r\n"),
        (400, "GET / HTTP/1.1\r\nHost: a\r\nX Y: b\r\n\r\n"),
        (400, "GET / HTTP/1.1\r\nHost: a\r\nX\t: b\r\n\r\n"),
        (400, "GET / HTTP/1.1\r\nHost: a\r\n(X): b\r\n\r\n"),
        (400, "GET / HTTP/1.1\r\nHost: a\r\n\u{e4}: b\r\n\r\n"),
        (417, "POST / HTTP/1.1\r\nHost: a\r\nExpect: miracles\r\nContent-Length: 5\r\n\r\n"),
        (417, "POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue, x\r\nContent-Length: 5\r\n\r\n"),
        (417, "GET / HTTP/1.1\r\nHost: a\r\nExpect:\r\n\r\n"),
    ]
}

fn oversized() -> Vec<(u16, Vec<u8>)> {
    let long = |len| "x".repeat(len);
    [
        (414, format!("GET /{} HTTP/1.1\r\nHost: a\r\n\r\n", long(8192))),
        (414, format!("GET /{} HTTP/1.1\r\nHost: a\r\n\r\n", long(9000))),
        (414, format!("GET /{}", long(40_000))),
        (400, long(40_000)),
        (501, format!("{} / HTTP/1.1\r\nHost: a\r\n\r\n", long(65))),
        (431, format!("GET / HTTP/1.1\r\nHost: a\r\n{}\r\n", "x: y\r\n".repeat(100))),
        (431, format!("GET / HTTP/1.1\r\nHost: a\r\nx: {}\r\n\r\n", long(33_000))),
        (431, format!("GET / HTTP/1.1\r\nHost: a\r\nx: {}", long(33_000))),
        (431, format!("GET / HTTP/1.1\r\nHost: a\r\n{}", long(33_000))),
    ]
    .map(|(status, text)| (status, text.into_bytes()))
    .to_vec()
}

fn octets() -> Vec<(u16, Vec<u8>)> {
    vec![
        (400, b"GET /\xff HTTP/1.1\r\nHost: a\r\n\r\n".to_vec()),
        (400, b"GE\x80 / HTTP/1.1\r\nHost: a\r\n\r\n".to_vec()),
        (400, b"GET / HTTP/1.1\r\nHost: \xff\r\n\r\n".to_vec()),
        (400, b"GET / HTTP/1.1\r\nHost: a\r\nX\xff: b\r\n\r\n".to_vec()),
    ]
}
