//! What the host and its commands need to speak to somebody elsewhere.

use rustls::ClientConfig;
use rustls::crypto::ring;
use std::sync::Arc;
use tokio_rustls::TlsConnector;

/// This system knows nobody who could vouch for another.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// There are no root certificates.
    #[error(
        "this system has no root certificates, by which the other side could prove who it is: install \
         ca-certificates, or name a file of certificates in SSL_CERT_FILE"
    )]
    NoRoots,
    /// The library refuses.
    #[error("TLS: {0}")]
    Library(#[from] rustls::Error),
}

/// TLS to whoever can prove its name to this system.
pub fn tls_connector() -> Result<TlsConnector, TlsError> {
    let mut roots = rustls::RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if roots.is_empty() {
        return Err(TlsError::NoRoots);
    }
    let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()));
    let builder = builder.with_safe_default_protocol_versions()?;
    Ok(TlsConnector::from(Arc::new(builder.with_root_certificates(roots).with_no_client_auth())))
}
