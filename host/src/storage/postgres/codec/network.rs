//! Network addresses and bit strings as Postgres writes them.
//!
//! Source: `src/backend/utils/adt/network.c`, `mac.c`, `varbit.c` and `src/port/inet_net_ntop.c`.
//! Rust's own text of an IPv6 address differs from theirs where it ends in an IPv4 address.

use super::scalar::{take, take_i32};
use std::fmt::Write as _;
use std::net::Ipv4Addr;

/// `PGSQL_AF_INET` in `src/include/utils/inet.h`; the other family is this plus one.
const FAMILY_V4: u8 = 2;
const FAMILY_V6: u8 = 3;

/// Writes an `inet` or `cidr`. None if malformed.
pub(super) fn write_address(mut bytes: &[u8], out: &mut String) -> Option<()> {
    let [family, mask_bits, is_cidr, length] = take(&mut bytes)?;
    let full_bits = match (family, length) {
        (FAMILY_V4, 4) => {
            let _ = write!(out, "{}", Ipv4Addr::from(take::<4>(&mut bytes)?));
            32
        }
        (FAMILY_V6, 16) => {
            push_v6(take(&mut bytes)?, out);
            128
        }
        _ => return None,
    };
    if is_cidr != 0 || mask_bits != full_bits {
        let _ = write!(out, "/{mask_bits}");
    }
    bytes.is_empty().then_some(())
}

/// `inet_net_ntop_ipv6`: the longest run of zero words becomes `::`.
fn push_v6(address: [u8; 16], out: &mut String) {
    let (pairs, _) = address.as_chunks::<2>();
    let words: Vec<u16> = pairs.iter().map(|pair| u16::from_be_bytes(*pair)).collect();
    let (start, length) = longest_zeros(&words);
    let [.., a, b, c, d] = address;
    for (at, word) in words.iter().enumerate() {
        if length > 0 && (start..start + length).contains(&at) {
            out.push_str(if at == start { ":" } else { "" });
            continue;
        }
        out.push_str(if at == 0 { "" } else { ":" });
        // ::1.2.3.4 and ::ffff:1.2.3.4
        if at == 6 && start == 0 && (length == 6 || (length == 5 && words.get(5) == Some(&0xFFFF))) {
            let _ = write!(out, "{}", Ipv4Addr::new(a, b, c, d));
            return;
        }
        let _ = write!(out, "{word:x}");
    }
    if length > 0 && start + length == words.len() {
        out.push(':');
    }
}

/// Start and length of the first longest run of at least two zeros; a length of 0 if there is none.
fn longest_zeros(words: &[u16]) -> (usize, usize) {
    let mut best = (0, 0);
    let mut run = 0;
    for (at, word) in words.iter().enumerate() {
        run = if *word == 0 { run + 1 } else { 0 };
        if run > best.1 && run >= 2 {
            best = (at + 1 - run, run);
        }
    }
    best
}

/// Writes a `macaddr` or `macaddr8`.
pub(super) fn write_mac(bytes: &[u8], out: &mut String) -> Option<()> {
    for (at, byte) in bytes.iter().enumerate() {
        out.push_str(if at == 0 { "" } else { ":" });
        super::scalar::push_hex(*byte, out);
    }
    matches!(bytes.len(), 6 | 8).then_some(())
}

/// Writes a `bit` or `bit varying`: a number of bits, and the bits from the left. None if
/// malformed.
pub(super) fn write_bits(mut bytes: &[u8], out: &mut String) -> Option<()> {
    let length = usize::try_from(take_i32(&mut bytes)?).ok()?;
    if bytes.len() != length.div_ceil(8) {
        return None;
    }
    let bits = bytes.iter().flat_map(|byte| (0..8).rev().map(move |place| byte >> place & 1 == 1));
    out.extend(bits.take(length).map(|bit| if bit { '1' } else { '0' }));
    Some(())
}
