//! What a URL says about TLS beyond its mode.

use std::path::PathBuf;

/// The certificate that a server may ask of its client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientCertificate {
    /// A PEM file with it and those that lead to its root.
    pub certificate: PathBuf,
    /// A PEM file with its key, which nothing encrypts.
    pub key: PathBuf,
}

/// The versions of TLS that are spoken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TlsVersions {
    /// 1.2 and 1.3.
    #[default]
    Both,
    /// 1.2 alone.
    Only12,
    /// 1.3 alone.
    Only13,
}

/// See the module.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsRules {
    /// `sslcert` and `sslkey`.
    pub client: Option<ClientCertificate>,
    /// `sslcrl`: a PEM file with lists of certificates that no longer count.
    pub revoked: Option<PathBuf>,
    /// `ssl_min_protocol_version` and `ssl_max_protocol_version`.
    pub versions: TlsVersions,
    /// `sslsni`: whether the server is told by which name it is meant.
    pub says_name: bool,
}

impl Default for TlsRules {
    fn default() -> Self {
        Self { client: None, revoked: None, versions: TlsVersions::Both, says_name: true }
    }
}

/// The parameters of a query that make up [`TlsRules`], as they come.
#[derive(Default)]
pub(super) struct TlsParameters {
    pub(super) certificate: Option<PathBuf>,
    pub(super) key: Option<PathBuf>,
    /// `sslcertmode=disable`.
    pub(super) certificate_is_off: bool,
    pub(super) revoked: Option<PathBuf>,
    pub(super) min: Option<u8>,
    pub(super) max: Option<u8>,
    pub(super) hides_name: bool,
}

impl TlsParameters {
    pub(super) fn rules(self) -> Result<TlsRules, String> {
        let client = match (self.certificate, self.key) {
            _ if self.certificate_is_off => None,
            (Some(certificate), Some(key)) => Some(ClientCertificate { certificate, key }),
            (None, None) => None,
            (Some(_), None) => {
                return Err("the URL has an sslcert and no sslkey: name the file of its key".to_owned());
            }
            (None, Some(_)) => {
                return Err("the URL has an sslkey and no sslcert: name the file of the certificate".to_owned());
            }
        };
        let versions = versions(self.min, self.max)?;
        Ok(TlsRules { client, revoked: self.revoked, versions, says_name: !self.hides_name })
    }
}

/// The second number of a version of TLS, which is all that differs.
pub(super) fn version(name: &str, value: &str) -> Result<u8, String> {
    match value.to_ascii_lowercase().as_str() {
        "tlsv1" => Ok(0),
        "tlsv1.1" => Ok(1),
        "tlsv1.2" => Ok(2),
        "tlsv1.3" => Ok(3),
        _ => Err(format!("{name} in the URL is no version of TLS; use TLSv1.2 or TLSv1.3")),
    }
}

fn versions(min: Option<u8>, max: Option<u8>) -> Result<TlsVersions, String> {
    match (min.unwrap_or(2).max(2), max.unwrap_or(3)) {
        (_, 0 | 1) => {
            Err("ssl_max_protocol_version in the URL wants a version of TLS before 1.2, which this host does \
                           not speak; leave it out"
                .to_owned())
        }
        (2, 2) => Ok(TlsVersions::Only12),
        (2, _) => Ok(TlsVersions::Both),
        (_, 2) => Err("ssl_min_protocol_version in the URL is above ssl_max_protocol_version".to_owned()),
        _ => Ok(TlsVersions::Only13),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_those_that_are_spoken() {
        assert_eq!(versions(None, None), Ok(TlsVersions::Both));
        assert_eq!(versions(Some(0), None), Ok(TlsVersions::Both));
        assert_eq!(versions(Some(3), None), Ok(TlsVersions::Only13));
        assert_eq!(versions(Some(2), Some(2)), Ok(TlsVersions::Only12));
        assert!(versions(Some(3), Some(2)).is_err() && versions(None, Some(1)).is_err());
    }
}
