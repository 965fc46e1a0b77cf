//! What a server's certificate says, as far as the TLS library does not tell it.

use rustls::pki_types::UnixTime;
use sha2::{Digest, Sha256, Sha384, Sha512};
use std::net::IpAddr;
use x509_cert::Certificate;
use x509_cert::der::Decode as _;
use x509_cert::der::asn1::ObjectIdentifier;
use x509_cert::der::oid::db::{rfc4519, rfc5280, rfc5912};
use x509_cert::ext::pkix::name::GeneralName;
use x509_cert::ext::pkix::{ExtendedKeyUsage, KeyUsage, KeyUsages, SubjectAltName};

/// See the module.
pub(super) struct Parsed(Certificate);

impl Parsed {
    pub(super) fn read(der: &[u8]) -> Option<Self> {
        Certificate::from_der(der).ok().map(Self)
    }

    /// Whether it names itself as its issuer.
    pub(super) fn is_its_own_issuer(&self) -> bool {
        let inner = self.0.tbs_certificate();
        inner.issuer() == inner.subject()
    }

    /// Whether it is too early or too late for it.
    pub(super) fn is_valid_at(&self, now: UnixTime) -> Validity {
        let validity = self.0.tbs_certificate().validity();
        let now = now.as_secs();
        if now < validity.not_before.to_unix_duration().as_secs() {
            return Validity::NotYet;
        }
        if now > validity.not_after.to_unix_duration().as_secs() { Validity::Expired } else { Validity::Valid }
    }

    /// Whether nothing in it says that it is not for a server of TLS (RFC 5280, section 4.2.1).
    pub(super) fn is_for_servers(&self) -> bool {
        let inner = self.0.tbs_certificate();
        let purposes = inner.get_extension::<ExtendedKeyUsage>();
        let any = [rfc5280::ID_KP_SERVER_AUTH, rfc5280::ANY_EXTENDED_KEY_USAGE];
        let has_purpose = match purposes {
            Ok(None) => true,
            Ok(Some((_, ExtendedKeyUsage(purposes)))) => purposes.iter().any(|purpose| any.contains(purpose)),
            Err(_) => false,
        };
        let needed = KeyUsages::DigitalSignature | KeyUsages::KeyEncipherment | KeyUsages::KeyAgreement;
        let has_usage = match inner.get_extension::<KeyUsage>() {
            Ok(None) => true,
            Ok(Some((_, KeyUsage(usages)))) => usages.into_iter().any(|usage| needed.contains(usage)),
            Err(_) => false,
        };
        has_purpose && has_usage
    }

    /// Whether it is for this host by what the TLS library does not look at: its common name, where
    /// it has no alternative names of the host's kind, and an address that stands among the names.
    /// As in libpq.
    pub(super) fn is_for(&self, host: &str) -> bool {
        let is_address = host.parse::<IpAddr>().is_ok();
        let Some(alternatives) = self.alternatives() else { return false };
        let mut names = alternatives.iter();
        if is_address && names.any(|name| matches!(name, GeneralName::DnsName(name) if name.as_str() == host)) {
            return true;
        }
        let is_of_kind = |name: &GeneralName| match name {
            GeneralName::DnsName(_) => !is_address,
            GeneralName::IpAddress(_) => is_address,
            _ => false,
        };
        !alternatives.iter().any(is_of_kind) && self.common_names().any(|name| matches(&name, host))
    }

    /// None where they cannot be read.
    fn alternatives(&self) -> Option<Vec<GeneralName>> {
        match self.0.tbs_certificate().get_extension::<SubjectAltName>() {
            Ok(None) => Some(Vec::new()),
            Ok(Some((_, SubjectAltName(names)))) => Some(names),
            Err(_) => None,
        }
    }

    fn common_names(&self) -> impl Iterator<Item = String> {
        let subject = self.0.tbs_certificate().subject();
        let attributes = subject.iter().filter(|attribute| attribute.oid == rfc4519::COMMON_NAME);
        attributes.filter_map(|attribute| {
            let text = std::str::from_utf8(attribute.value.value()).ok()?;
            // A name with a NUL in it was made to deceive.
            (!text.contains('\0')).then(|| text.to_owned())
        })
    }

    /// For whom it is, for people.
    pub(super) fn names(&self) -> Vec<String> {
        let alternatives = self.alternatives().unwrap_or_default();
        let alternatives = alternatives.iter().filter_map(|name| match name {
            GeneralName::DnsName(name) => Some(name.to_string()),
            GeneralName::IpAddress(bytes) => address(bytes.as_bytes()),
            _ => None,
        });
        let names: Vec<String> = alternatives.collect();
        if names.is_empty() { self.common_names().collect() } else { names }
    }
}

/// What a date says of a certificate.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Validity {
    NotYet,
    Valid,
    Expired,
}

fn address(bytes: &[u8]) -> Option<String> {
    let v4 = <[u8; 4]>::try_from(bytes).map(IpAddr::from);
    let address = v4.or_else(|_| <[u8; 16]>::try_from(bytes).map(IpAddr::from)).ok()?;
    Some(address.to_string())
}

/// A name with a wildcard matches one more label in front of it, as in libpq.
fn matches(name: &str, host: &str) -> bool {
    if name.eq_ignore_ascii_case(host) {
        return true;
    }
    let Some(rest) = name.strip_prefix("*.") else { return false };
    let is_address = host.parse::<IpAddr>().is_ok();
    host.split_once('.')
        .is_some_and(|(first, after)| !is_address && !first.is_empty() && rest.eq_ignore_ascii_case(after))
}

/// What a login is bound to: the hash of the certificate by the algorithm of its signature, SHA-256
/// where that is an older one (RFC 5929, section 4.1). None where it names no such algorithm.
pub(super) fn end_point(der: &[u8]) -> Option<Vec<u8>> {
    let certificate = Certificate::from_der(der).ok()?;
    let is = |oids: &[ObjectIdentifier]| oids.contains(&certificate.signature_algorithm().oid);
    if is(&[rfc5912::SHA_256_WITH_RSA_ENCRYPTION, rfc5912::ECDSA_WITH_SHA_256, rfc5912::SHA_1_WITH_RSA_ENCRYPTION])
    {
        return Some(Sha256::digest(der).to_vec());
    }
    if is(&[rfc5912::SHA_384_WITH_RSA_ENCRYPTION, rfc5912::ECDSA_WITH_SHA_384]) {
        return Some(Sha384::digest(der).to_vec());
    }
    if is(&[rfc5912::SHA_512_WITH_RSA_ENCRYPTION, rfc5912::ECDSA_WITH_SHA_512]) {
        return Some(Sha512::digest(der).to_vec());
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wildcard_is_one_label() {
        assert!(matches("db.example", "DB.example") && matches("*.example", "db.example"));
        for (name, host) in [
            ("*.example", "a.db.example"),
            ("*.example", "example"),
            ("*.example", ".example"),
            ("*.0.0.1", "127.0.0.1"),
            ("d*.example", "db.example"),
            ("*", "db"),
        ] {
            assert!(!matches(name, host), "{name} {host}");
        }
    }
}
