//! Names of hosts, as they stand in Host fields and request targets.

use http::Request;
use http::header::{HOST, HeaderValue};
use std::net::Ipv6Addr;
use url::Host;

/// The longest name that DNS knows, as text.
const NAME_BYTES: usize = 253;

/// The one spelling of a host by which routes are looked up: lower case, without port and trailing
/// dot.
///
/// `None` for what is no host name and no address, so that nothing else is ever compared with a
/// route.
pub fn normalise_host(host: &str) -> Option<String> {
    let (name, port) = split_port(host.as_bytes());
    if !is_name(name) || !port.is_none_or(is_port) {
        return None;
    }
    let name = without_dot(name);
    String::from_utf8(name.to_ascii_lowercase()).ok()
}

/// Gives a request that names its host in the target alone, as HTTP/1.0 may, the Host field by
/// which it is routed.
pub fn complete_host<B>(request: &mut Request<B>) {
    if request.headers().contains_key(HOST) {
        return;
    }
    let named = request.uri().authority().and_then(|named| HeaderValue::from_str(named.as_str()).ok());
    if let Some(host) = named {
        request.headers_mut().insert(HOST, host);
    }
}

/// Whether two authorities mean the same host and port. Where no port is named, `default_port` is
/// meant.
pub(super) fn is_same_place(one: &[u8], other: &[u8], default_port: u16) -> bool {
    let ((one, one_port), (other, other_port)) = (split_port(one), split_port(other));
    let port = |port: Option<&[u8]>| port.map_or(Some(default_port), parse_port);
    let is_same_name = match (parse_ipv6(one), parse_ipv6(other)) {
        (Some(one), Some(other)) => one == other,
        // A dot at the end is not part of the name here, nor where routes are looked up.
        _ => without_dot(one).eq_ignore_ascii_case(without_dot(other)),
    };
    is_same_name && port(one_port) == port(other_port)
}

/// Whether this is a host with an optional port, and nothing of what else a URI allows there.
pub(super) fn is_authority(bytes: &[u8]) -> bool {
    let (name, port) = split_port(bytes);
    is_name(name) && port.is_none_or(is_port)
}

fn split_port(bytes: &[u8]) -> (&[u8], Option<&[u8]>) {
    let name_end = match bytes.first() {
        // An IPv6 address has colons of its own.
        Some(b'[') => bytes.iter().position(|byte| *byte == b']').map_or(bytes.len(), |end| end + 1),
        _ => bytes.iter().position(|byte| *byte == b':').unwrap_or(bytes.len()),
    };
    match bytes.split_at_checked(name_end) {
        Some((name, [b':', port @ ..])) => (name, Some(port)),
        Some((name, [])) => (name, None),
        // Something else than a port follows the address: no name, no port.
        _ => (&[], None),
    }
}

fn is_port(port: &[u8]) -> bool {
    parse_port(port).is_some()
}

fn parse_port(port: &[u8]) -> Option<u16> {
    let is_number = port.len() <= 5 && port.iter().all(u8::is_ascii_digit);
    std::str::from_utf8(port).ok().filter(|_| is_number)?.parse().ok()
}

/// The address between brackets.
fn parse_ipv6(name: &[u8]) -> Option<Ipv6Addr> {
    let address = name.strip_prefix(b"[")?.strip_suffix(b"]")?;
    std::str::from_utf8(address).ok()?.parse().ok()
}

fn without_dot(name: &[u8]) -> &[u8] {
    name.strip_suffix(b".").unwrap_or(name)
}

fn is_name(name: &[u8]) -> bool {
    if name.starts_with(b"[") {
        return parse_ipv6(name).is_some();
    }
    let name = without_dot(name);
    name.len() <= NAME_BYTES && name.split(|byte| *byte == b'.').all(is_label) && may_stand_in_url(name)
}

/// Whether a URL with this host can be read (WHATWG URL, "host parser"): a name that ends in a
/// number has to be an IPv4 address, and what begins with `xn--` has to be decodable. Runtimes that
/// make a URL of each request fail otherwise, before the app sees it.
fn may_stand_in_url(name: &[u8]) -> bool {
    let mut labels = name.rsplit(|byte| *byte == b'.').peekable();
    // Every number begins with a digit, the hexadecimal ones too.
    let may_end_in_number = labels.peek().is_some_and(|last| last.first().is_some_and(u8::is_ascii_digit));
    let is_encoded = |label: &[u8]| label.get(..4).is_some_and(|start| start.eq_ignore_ascii_case(b"xn--"));
    let needs_no_parser = !may_end_in_number && !labels.any(is_encoded);
    needs_no_parser || std::str::from_utf8(name).is_ok_and(|name| Host::parse(name).is_ok())
}

fn is_label(label: &[u8]) -> bool {
    !label.is_empty() && label.iter().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
}
