//! Parameters of a Postgres URL that the host does not honour, and what is said of each.
//!
//! One that asks for protection, or for a login that the host cannot do, refuses the start. One
//! that changes nothing of that is named in the log and not used.

/// Why a parameter with this value refuses the start, after its name; none where it does not.
pub(super) fn refusal(name: &str, value: &str) -> Option<&'static str> {
    match (name, value) {
        ("gssencmode", "require") => {
            Some("asks for encryption by GSSAPI, which this host does not speak: use TLS (sslmode=verify-full)")
        }
        ("sslcrldir", _) => Some(
            "names a folder, which this host does not read: put the lists into one PEM file and name it with sslcrl",
        ),
        ("sslpassword", _) => Some(
            "is for a key that is encrypted, which this host does not take: name one without a password with sslkey",
        ),
        ("sslcertmode", "require") => Some(
            "cannot be checked: whether a server looks at the certificate of its client is not told; leave it out",
        ),
        ("target_session_attrs", "read-only" | "standby") => {
            Some("asks for a server that takes no writes, and this host writes: name the primary")
        }
        ("service" | "servicefile", _) => {
            Some("is not read: put host, port, user, password and database into the URL")
        }
        ("replication", "0" | "false" | "off" | "no") => None,
        ("replication", _) => Some("makes a connection that runs no statements: leave it out"),
        ("min_protocol_version", "3.0") => None,
        ("min_protocol_version", _) => Some("asks for a protocol that this host does not speak: it speaks 3.0"),
        ("requirepeer", _) => Some(
            "is not checked by this host: leave it out, and name a socket in a folder that only its owner may write",
        ),
        ("requiressl", "0") => None,
        ("requiressl" | "ssl" | "tls", _) => Some(
            "is not the way to ask for TLS here: use sslmode=require, or sslmode=verify-full with an sslrootcert",
        ),
        ("sslaccept", "accept_invalid_certs") => None,
        ("scram_client_key" | "scram_server_key", _) => {
            Some("is not used by this host: put the password into the URL")
        }
        _ if is_known(name) => None,
        _ if sounds_protective(name) => Some(
            "sounds as if it asked for protection, and this host does not know it: use the parameters of libpq in lower case, or leave it out",
        ),
        _ => None,
    }
}

/// What is said of a parameter that is not used; none where it says what is so anyway.
pub(super) fn unused(name: &str, value: &str) -> Option<String> {
    let is_so_anyway = match name {
        "gssencmode" => ["disable", "prefer"].contains(&value),
        "target_session_attrs" => value == "any",
        "sslcompression" | "replication" | "requiressl" | "gssdelegation" => {
            ["0", "false", "off", "no"].contains(&value)
        }
        "sslnegotiation" => value == "postgres",
        "sslcertmode" => value == "allow",
        "client_encoding" => ["utf8", "utf-8", "auto"].contains(&value.to_ascii_lowercase().as_str()),
        "load_balance_hosts" => value == "disable",
        "min_protocol_version" | "max_protocol_version" => value == "3.0",
        _ => false,
    };
    if is_so_anyway {
        return None;
    }
    let why = match name {
        "sslnegotiation" => ": TLS is asked for before it begins, as every server understands",
        "client_encoding" => ": it is always UTF8",
        "sslcompression" => ": nothing is compressed",
        "target_session_attrs" => ": the host takes the primary alone",
        _ => "",
    };
    Some(format!("{} is not used{why}", shown(name)))
}

/// The name is printed only where it looks like one: a password with a bare `?` in it puts its rest
/// here.
pub(super) fn shown(name: &str) -> String {
    let plain = name.bytes().all(|byte| byte.is_ascii_alphabetic() || byte == b'_');
    if plain && (1..=30).contains(&name.len()) {
        format!("the parameter {name} in the URL")
    } else {
        "a parameter with an unknown name in the URL".to_owned()
    }
}

/// Names of libpq about protection whose other values are harmless.
fn is_known(name: &str) -> bool {
    let known =
        ["gssencmode", "gsslib", "gssdelegation", "krbsrvname", "sslcompression", "sslnegotiation", "sslcertmode"];
    known.contains(&name)
}

/// Whether a name that libpq does not know may be a wish for protection, of another driver or in
/// another case.
fn sounds_protective(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    let begins = ["ssl", "tls", "gss", "krb", "channel", "require", "scram", "oauth", "auth", "verify", "encrypt"];
    begins.iter().any(|begin| name.starts_with(begin)) || name == "usessl" || name == "use_ssl"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wishes_for_protection_refuse_and_harmless_ones_are_named() {
        for (name, value) in [
            ("gssencmode", "require"),
            ("sslcrldir", "/x"),
            ("service", "x"),
            ("SSLMode", "verify-full"),
            ("sslidentity", "x"),
            ("oauth_issuer", "x"),
            ("encrypt", "true"),
            ("target_session_attrs", "standby"),
        ] {
            assert!(refusal(name, value).is_some(), "{name}");
        }
        for (name, value) in
            [("keepalives", "1"), ("pgbouncer", "true"), ("krbsrvname", "x"), ("sslnegotiation", "direct")]
        {
            assert_eq!(refusal(name, value), None, "{name}");
            let said = unused(name, value).unwrap_or_default();
            assert!(said.starts_with(&format!("the parameter {name} in the URL is not used")), "{said}");
        }
        for (name, value) in [("gssencmode", "disable"), ("sslcompression", "0"), ("client_encoding", "UTF8")] {
            assert_eq!((refusal(name, value), unused(name, value)), (None, None), "{name}");
        }
    }
}
