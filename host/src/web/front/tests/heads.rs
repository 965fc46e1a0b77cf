//! The judgement of heads by itself: what is sound, where it ends, and that reads do not change it.

use super::super::head::HeadScan;
use super::table::table;
use super::{Refusal, Rules};

/// The length of a sound head, or why it is refused; `None` if incomplete. The bytes arrive `step`
/// at a time.
pub(super) fn judge(bytes: &[u8], step: usize) -> Option<Result<usize, Refusal>> {
    let mut scan = HeadScan::default();
    let ends = (step..bytes.len()).step_by(step).chain([bytes.len()]);
    for end in ends {
        match scan.feed(&bytes[..end], &Rules::default()) {
            Ok(None) => {}
            Ok(Some(head)) => return Some(Ok(head.len)),
            Err(refusal) => return Some(Err(refusal)),
        }
    }
    None
}

#[test]
fn sound_heads_end_at_their_empty_line() {
    let long = format!("GET /{}?{} HTTP/1.1\r\nHost: a\r\n\r\n", "x".repeat(4000), "y".repeat(4000));
    let full = format!("GET / HTTP/1.1\r\nHost: a\r\n{}\r\n", "x: y\r\n".repeat(99));
    let large = format!("GET / HTTP/1.1\r\nHost: a\r\nx: {}\r\n\r\n", "y".repeat(32 * 1024 - 32));
    assert_eq!(large.len(), 32 * 1024);
    let sound = [
        "GET / HTTP/1.1\r\nHost: a\r\n\r\n",
        "\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET / HTTP/1.0\r\n\r\n",
        "GET http://A/ HTTP/1.0\r\n\r\n",
        "PROPFIND /a;b=c,d@e:f!g$h&i(j)*k+l=m~n_o-p.q HTTP/1.1\r\nHost:\ta.example.:8080 \r\n\r\n",
        "GET /\"{}|^[]\\?`{}|^[]\\ HTTP/1.1\r\nHost: a_b-c.example\r\n\r\n",
        "OPTIONS * HTTP/1.1\r\nHost: [2001:DB8::1]:80\r\n\r\n",
        "GET HTTP://A:80/x?y HTTP/1.1\r\nHost: a:80\r\n\r\n",
        "GET https://a HTTP/1.1\r\nHost: A\r\n\r\n",
        "GET http://a:80/ HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET http://a/ HTTP/1.1\r\nHost: A:80\r\n\r\n",
        "GET http://a:080/ HTTP/1.1\r\nHost: a:80\r\n\r\n",
        "GET HTTPS://a:443/ HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET https://a/ HTTP/1.1\r\nHost: a:443\r\n\r\n",
        "GET http://a./ HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET http://A.example:80 HTTP/1.1\r\nHost: a.Example.\r\n\r\n",
        "GET http://[2001:DB8::1]/ HTTP/1.1\r\nHost: [2001:db8:0::1]:80\r\n\r\n",
        "GET http://a:80/ HTTP/1.0\r\nHost: a\r\n\r\n",
        "GET https://a?b HTTP/1.1\r\nHost: a\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: \tChunked\t \r\nExpect: 100-Continue\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9223372036854775807\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nX-Empty:\r\nX-Tab: a\tb\r\nX-Text: \u{e4}\r\nx!#$%&'*+-.^_`|~9: :\r\n\r\n",
        &long,
        &full,
        &large,
    ];
    for head in sound {
        for step in [1, 3, 40_000] {
            assert_eq!(judge(head.as_bytes(), step), Some(Ok(head.len())), "{head:?}");
        }
        let followed = format!("{head}GET / HTTP/1.1\r\n\r\n");
        assert_eq!(judge(followed.as_bytes(), 40_000), Some(Ok(head.len())), "{head:?}");
    }
}

#[test]
fn no_way_of_cutting_a_request_changes_its_judgement() {
    for (status, request) in table() {
        let whole = judge(&request, request.len());
        assert_eq!(whole.map(|judged| judged.map_err(|refusal| refusal.status().as_u16())), Some(Err(status)));
        for step in [1, 2, 3, 5, 16, 17, 64, 1000] {
            assert_eq!(judge(&request, step), whole, "{:?} by {step}", String::from_utf8_lossy(&request));
        }
    }
}

#[test]
fn changed_bytes_are_judged_the_same_however_they_are_cut() {
    let sound =
        b"POST http://a:80/b?c HTTP/1.1\r\nHost: a:80\r\nContent-Length: 10\r\nExpect: 100-continue\r\n\r\n";
    for at in 0..sound.len() {
        for byte in 0..=u8::MAX {
            let mut changed = sound.to_vec();
            changed[at] = byte;
            let whole = judge(&changed, changed.len());
            assert_eq!(judge(&changed, 1), whole, "byte {at} as {byte}");
            changed.remove(at);
            assert_eq!(judge(&changed, 1), judge(&changed, changed.len()), "byte {at} removed");
        }
    }
}
