//! What is said where TLS does not come about, and what to do about it.

use super::server::unreachable;
use crate::storage::Error;
use rustls::{AlertDescription, CertificateError, PeerIncompatible};
use std::io;

/// The trouble of a handshake, or of a connection that was encrypted.
pub(super) fn said(error: &io::Error) -> Error {
    let inner = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>());
    match inner {
        Some(trouble) => Error::unavailable(format!("no TLS connection to the database: {}", text(trouble))),
        None if error.kind() == io::ErrorKind::UnexpectedEof => Error::unavailable(
            "no TLS connection to the database: the server has ended the connection while TLS began; its log may say why",
        ),
        None => unreachable(error),
    }
}

fn text(error: &rustls::Error) -> String {
    use rustls::Error::{AlertReceived, InvalidCertificate, InvalidMessage, PeerIncompatible};
    match error {
        InvalidCertificate(error) => of_certificate(error),
        AlertReceived(alert) => of_alert(*alert),
        PeerIncompatible(reason) => of_incompatible(reason),
        InvalidMessage(_) => "what answers speaks no TLS: look at host and port".to_owned(),
        other => other.to_string(),
    }
}

fn of_certificate(error: &CertificateError) -> String {
    use CertificateError as E;
    match error {
        E::UnknownIssuer => "the server's certificate comes from no root that is trusted here (UnknownIssuer): give its root, a \
                             PEM file, with sslrootcert in the URL or with INNKEEPER_DATABASE_CA"
            .to_owned(),
        E::NotValidForName => format!("the server's certificate is for another host; {NAMES}"),
        E::NotValidForNameContext { expected, presented } => {
            let expected = expected.to_str();
            let presented = if presented.is_empty() { "no host at all".to_owned() } else { presented.join(", ") };
            format!("the server's certificate is for {presented}, and not for {expected}; {NAMES}")
        }
        E::Expired | E::ExpiredContext { .. } => {
            "the server's certificate has expired: let the server have a new one".to_owned()
        }
        E::NotValidYet | E::NotValidYetContext { .. } => {
            "the server's certificate is not valid yet: look at the clocks of both machines".to_owned()
        }
        E::Revoked => "the server's certificate has been revoked (sslcrl): let the server have a new one".to_owned(),
        E::UnknownRevocationStatus => {
            "no list in the file of sslcrl tells whether the server's certificate has been revoked: add that of its issuer"
                .to_owned()
        }
        E::ExpiredRevocationList | E::ExpiredRevocationListContext { .. } => {
            "a list in the file of sslcrl has expired: get a new one".to_owned()
        }
        E::BadSignature => "the server's certificate bears a wrong signature: it is not from the root that it names".to_owned(),
        E::InvalidPurpose | E::InvalidPurposeContext { .. } => {
            "the server's certificate is not for servers: let the server have one for serverAuth".to_owned()
        }
        E::Other(other) if other.to_string().contains("CaUsedAsEndEntity") => {
            "the server's certificate is one that may sign others, which counts only where it is itself the root: give it \
             with sslrootcert in the URL or with INNKEEPER_DATABASE_CA"
                .to_owned()
        }
        E::Other(other) if other.to_string().contains("UnsupportedCertVersion") => {
            "the server's certificate is of an old version of X.509, which this host does not read: let the server have one \
             with a subjectAltName"
                .to_owned()
        }
        other => format!("the server's certificate cannot be used: {other}"),
    }
}

const NAMES: &str =
    "name the host in the URL as the certificate does, or use sslmode=verify-ca, which looks at no name";

fn of_alert(alert: AlertDescription) -> String {
    use AlertDescription as A;
    match alert {
        A::ProtocolVersion => OLD.to_owned(),
        A::CertificateRequired
        | A::BadCertificate
        | A::CertificateUnknown
        | A::UnknownCA
        | A::CertificateExpired => {
            format!(
                "the server does not take the certificate of this client ({alert:?}): look at sslcert and sslkey in the URL"
            )
        }
        A::UnrecognisedName => "the server serves no host of this name: look at the host in the URL".to_owned(),
        alert => format!("the server has ended the beginning of TLS ({alert:?}); its log may say why"),
    }
}

const OLD: &str = "the server and this host have no version of TLS in common: this host speaks 1.2 and 1.3, and the URL may \
                   leave one out; look at ssl_min_protocol_version and ssl_max_protocol_version on the server";

fn of_incompatible(reason: &PeerIncompatible) -> String {
    let text = format!("{reason:?}");
    if text.contains("Tls12") || text.contains("Tls13") || text.contains("Version") {
        return OLD.to_owned();
    }
    format!("the server and this host have no way of TLS in common ({text})")
}
