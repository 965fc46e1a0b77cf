//! Forms of all kinds of clients, taken apart from memory, and forms that a generator has spoilt.

use super::super::error::Fault;
use super::super::wit::BlobErrorCode as Code;
use super::disposition::Disposition;
use super::parts::Parts;
use super::transfer::TransferDecoder;
use super::{Kind, form_kind};
use bytes::Bytes;
use futures_util::{FutureExt, StreamExt, stream};

/// The name of each part, the name of its file, and its bytes.
type Read = Vec<(Option<String>, Option<String>, Vec<u8>)>;

/// Takes a body apart that arrives in pieces of a size.
fn take_apart(body: &[u8], boundary: &str, size: usize) -> Result<Read, String> {
    let pieces: Vec<_> = body.chunks(size).map(|piece| Ok(Bytes::copy_from_slice(piece))).collect();
    let mut parts = Parts::new(stream::iter(pieces).boxed(), boundary.as_bytes(), u64::MAX);
    let reading = async {
        let mut read = Read::new();
        while let Some(head) = parts.next().await? {
            let names = Disposition::parse(head.get("content-disposition")?.unwrap_or_default())?;
            let mut decoder = TransferDecoder::of(head.get("content-transfer-encoding")?)?;
            let mut bytes = Vec::new();
            while let Some(piece) = parts.content().await? {
                assert!(!piece.is_empty());
                bytes.extend(decoder.decode(piece)?);
            }
            bytes.extend(decoder.finish()?);
            read.push((
                names.name.map(|name| name.read(None)),
                names.file_name.map(|name| name.read(None)),
                bytes,
            ));
        }
        Ok(read)
    };
    let read = reading.now_or_never().expect("all bytes are there");
    read.map_err(|fault| match fault {
        Fault::Request(Code::BadForm, text, _) => text,
        other => panic!("{other:?}"),
    })
}

fn part(name: &str, bytes: &[u8]) -> (Option<String>, Option<String>, Vec<u8>) {
    (Some(name.to_owned()), None, bytes.to_vec())
}

#[test]
fn bodies_are_cut_at_boundaries_however_they_arrive() {
    let cases: [(&str, Read); 13] = [
        ("--x--", vec![]),
        ("--x--\r\n", vec![]),
        (
            "preamble\r\n--x\r\nContent-Disposition: form-data; name=a\r\n\r\n1\r\n--x--epilogue",
            vec![part("a", b"1")],
        ),
        ("--x \t\r\nCONTENT-disposition :form-data;name=a\r\n\r\n1\r\n--x--", vec![part("a", b"1")]),
        ("--x\r\nContent-Disposition: form-data;\r\n\tname=a\r\n\r\n1\r\n--x--", vec![part("a", b"1")]),
        (
            "--x\nContent-Disposition: form-data; name=a\n\n1\n\n--x\nContent-Disposition: form-data; name=b\n\n\n--x--\n",
            vec![part("a", b"1\n"), part("b", b"")],
        ),
        ("--x\r\nContent-Disposition: form-data; name=a\n\n1\n--x\r\n--x--", vec![part("a", b"1\n--x")]),
        ("--x\r\nContent-Disposition: form-data; name=a\r\n\r\n--x--", vec![part("a", b"")]),
        ("--x\r\nContent-Disposition: form-data; name=a\r\n\r\n\r\n--x--", vec![part("a", b"")]),
        // Line breaks of two kinds.
        (
            "--x\nContent-Disposition: form-data; name=a\r\n\r\n--x\nContent-Disposition: form-data; name=b\n\ny\n--x--",
            vec![part("a", b""), part("b", b"y")],
        ),
        (
            "--x\r\nContent-Disposition: form-data; name=a\r\n\r\n--xy\r\n\r\n--x y\r\n\r\r\n--\r\n--x--",
            vec![part("a", b"--xy\r\n\r\n--x y\r\n\r\r\n--")],
        ),
        ("--x\r\n\r\n1\r\n--x--", vec![(None, None, b"1".to_vec())]),
        (
            "--x\r\nContent-Disposition: form-data; name=a\r\nContent-Transfer-Encoding: base64\r\n\r\nMQ==\r\n--x--",
            vec![part("a", b"1")],
        ),
    ];
    for (body, expected) in cases {
        for size in [1, 2, 3, 7, 1000] {
            assert_eq!(take_apart(body.as_bytes(), "x", size).as_ref(), Ok(&expected), "{body:?} {size}");
        }
    }
}

#[test]
fn bodies_that_are_no_forms_are_told_why() {
    let head = "--x\r\nContent-Disposition: form-data; name=a\r\n";
    for (body, said) in [
        (String::new(), "no line of the body is the boundary"),
        ("a --x\r\n".to_owned(), "no line of the body is the boundary"),
        ("--x".to_owned(), "no line of the body is the boundary"),
        (head.to_owned(), "ends before its last boundary"),
        (format!("{head}\r\n1"), "ends before its last boundary"),
        (format!("{head}\r\n1\r\n--x"), "ends before its last boundary"),
        (format!("{head}\r\n1\r\n--x-"), "ends before its last boundary"),
        (format!("{head}no header\r\n\r\n1\r\n--x--"), "is no header"),
        (format!("{head}A: b\0\r\n\r\n1\r\n--x--"), "a control character"),
        ("--x\r\n folded: first\r\n\r\n1\r\n--x--".to_owned(), "is no header"),
        (
            format!("{head}Content-Disposition: form-data; name=b\r\n\r\n1\r\n--x--"),
            "several headers content-disposition",
        ),
        ("p".repeat(20_000), "too many bytes before"),
        (format!("{head}{}", "A: b\r\n".repeat(5_000)), "too many bytes before"),
    ] {
        for size in [1, 5, 1 << 20] {
            let error = take_apart(body.as_bytes(), "x", size).expect_err("no form");
            assert!(error.contains(said), "{size}: {error}");
        }
    }
}

#[test]
fn the_content_type_says_the_boundary() {
    let boundary = |content_type: &str| match form_kind(content_type) {
        Ok(Kind::Multipart(boundary, _)) => Ok(String::from_utf8(boundary).expect("text")),
        Ok(Kind::Urlencoded(_)) => Ok("none".to_owned()),
        Err(Fault::Request(Code::BadForm, text, _)) => Err(text),
        Err(other) => panic!("{other:?}"),
    };
    for (content_type, expected) in [
        ("multipart/form-data; boundary=a", "a"),
        ("Multipart/Form-Data;BOUNDARY=\"a b\"; charset=utf-8", "a b"),
        ("multipart/form-data; boundary===12=34==", "==12=34=="),
        ("multipart/form-data; boundary=----=_Part_0_1.2; x", "----=_Part_0_1.2"),
        ("multipart/form-data; boundary = a", "a"),
        ("application/x-www-form-urlencoded", "none"),
        ("APPLICATION/X-www-form-urlencoded ; charset=latin1", "none"),
    ] {
        assert_eq!(boundary(content_type).as_deref(), Ok(expected), "{content_type}");
    }
    for content_type in [
        "multipart/form-data",
        "multipart/form-data;",
        "multipart/form-data; boundary=",
        "multipart/form-data; boundary=\"\"",
        "multipart/form-data; boundary=a; boundary=b",
        "multipart/form-data; xboundary=a",
    ] {
        assert!(boundary(content_type).is_err_and(|text| text.contains("boundary")), "{content_type}");
    }
    for content_type in ["", "text/plain", "multipart/mixed; boundary=a", "application/x-www-form-urlencodedx"] {
        assert!(boundary(content_type).is_err_and(|text| text.contains("no form")), "{content_type}");
    }
    assert!(boundary("multipart/form-data; boundary=\"a").is_err_and(|text| text.contains("content type")));
}

/// A generator of numbers (splitmix64): the same for the same seed.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, most: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from(mixed ^ (mixed >> 31)).unwrap_or(0) % most
    }

    /// Changes a few bytes, takes some away and puts others in.
    fn spoil(&mut self, bytes: &mut Vec<u8>, pieces: &[&[u8]]) {
        for _ in 0..=self.below(6) {
            let at = self.below(bytes.len() + 1);
            let end = (at + self.below(4)).min(bytes.len());
            let piece = pieces[self.below(pieces.len())];
            match self.below(3) {
                0 => drop(bytes.drain(at..end)),
                1 => drop(bytes.splice(at..at, piece.iter().copied())),
                _ => drop(bytes.splice(at..end, piece.iter().copied())),
            }
        }
    }
}

const PIECES: [&[u8]; 26] = [
    b"\"",
    b"\\",
    b"\\\"",
    b";",
    b"=",
    b"*",
    b"'",
    b"%",
    b"%22",
    b"\r",
    b"\n",
    b"\r\n",
    b" ",
    b"\t",
    b"--",
    b"--x",
    b"\r\n--x",
    b"\xe9",
    b"\0",
    b":",
    b"name=",
    b"filename=",
    b"filename*=",
    b"=?utf-8?B?",
    b"?=",
    b"*0*=",
];

/// However a form is spoilt, it is read the same in one piece and in many, or refused.
#[test]
fn a_spoilt_form_is_read_one_way_or_refused() {
    let form: &[u8] =
        b"--x\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\none\r\n--x\r\nContent-Disposition: form-data; \
        name=\"b\"; filename=\"d\xe9.csv\"; filename*=utf-8''d%C3%A9.csv\r\nContent-Type: text/csv\r\n\
        Content-Transfer-Encoding: quoted-printable\r\n\r\n=31\r\n--x--\r\n";
    let mut numbers = Numbers(1);
    let mut sound = 0;
    for round in 0..20_000 {
        let mut bytes = form.to_vec();
        numbers.spoil(&mut bytes, &PIECES);
        let whole = take_apart(&bytes, "x", bytes.len().max(1));
        let cut = take_apart(&bytes, "x", 1 + numbers.below(9));
        assert_eq!(whole, cut, "round {round}: {:?}", String::from_utf8_lossy(&bytes));
        sound += usize::from(whole.is_ok());
    }
    assert!((1_000..19_000).contains(&sound), "{sound} forms of 20,000 were sound");
}

/// Names as clients write them come back as they were, whatever stands in them.
#[test]
fn a_name_comes_back_as_it_was_written() {
    let letters = ["a", "\"", "\\", ";", "=", " ", "%", "'", "*", "\u{e9}", "\u{1f980}", "name=", "/", ",", "?"];
    let mut numbers = Numbers(2);
    for _ in 0..20_000 {
        let name: String = (0..=numbers.below(8)).map(|_| letters[numbers.below(letters.len())]).collect();
        let escaped = name.replace('\\', "\\\\").replace('"', "\\\"");
        let percent: String = name.bytes().map(|byte| format!("%{byte:02X}")).collect();
        let browser = name.replace('"', "%22");
        let has_escape = browser.contains("\\\\") || browser.ends_with('\\');
        for (header, expected) in [
            (format!("form-data; name=\"f\"; filename=\"{escaped}\""), Some(&name)),
            (format!("form-data; name=\"f\"; filename*=utf-8''{percent}"), Some(&name)),
            (format!("form-data; name=\"f\"; filename=\"{browser}\""), (!has_escape).then_some(&name)),
        ] {
            let read = Disposition::parse(header.as_bytes()).expect("a sound header");
            let read = (read.name.map(|name| name.read(None)), read.file_name.map(|name| name.read(None)));
            assert_eq!(read.0.as_deref(), Some("f"), "{header}");
            match expected {
                Some(name) => assert_eq!(read.1.as_ref(), Some(name), "{header}"),
                None => assert!(read.1.is_some(), "{header}"),
            }
        }
    }
}
