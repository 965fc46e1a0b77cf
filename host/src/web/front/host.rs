//! Names of hosts, as they stand in Host fields and request targets.

/// The longest name that DNS knows, as text.
const NAME_BYTES: usize = 253;

/// The one spelling of a host by which routes are looked up: lower case, without port and trailing dot.
///
/// `None` for what is no host name and no address, so that nothing else is ever compared with a route.
pub fn normalise_host(host: &str) -> Option<String> {
    let (name, port) = split_port(host.as_bytes());
    if !is_name(name) || !port.is_none_or(is_port) {
        return None;
    }
    let name = name.strip_suffix(b".").unwrap_or(name);
    String::from_utf8(name.to_ascii_lowercase()).ok()
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
    let is_number = !port.is_empty() && port.len() <= 5 && port.iter().all(u8::is_ascii_digit);
    is_number && std::str::from_utf8(port).is_ok_and(|text| text.parse::<u16>().is_ok())
}

fn is_name(name: &[u8]) -> bool {
    if let Some([address @ .., b']']) = name.strip_prefix(b"[") {
        return std::str::from_utf8(address).is_ok_and(|text| text.parse::<std::net::Ipv6Addr>().is_ok());
    }
    let name = name.strip_suffix(b".").unwrap_or(name);
    name.len() <= NAME_BYTES && name.split(|byte| *byte == b'.').all(is_label)
}

fn is_label(label: &[u8]) -> bool {
    !label.is_empty() && label.iter().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
}
