//! Whom to trust as the server.

use super::server::unreachable;
use crate::config::{RootCertificate, SslMode};
use crate::storage::{Error, Result};
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{CertificateError, ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};
use std::io::ErrorKind;
use std::sync::{Arc, OnceLock};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

/// What a certificate has to show. Made once for a server, when it is first needed.
#[derive(Clone)]
pub(super) struct Trust {
    mode: SslMode,
    /// In PEM; none: the roots of the system.
    roots: Option<Vec<u8>>,
    made: Arc<OnceLock<Arc<ClientConfig>>>,
}

impl Trust {
    pub(super) fn new(mode: SslMode, root: Option<&RootCertificate>) -> Result<Self> {
        let roots = match root {
            None => None,
            Some(RootCertificate::Pem(pem)) => Some(pem.clone().into_bytes()),
            Some(RootCertificate::File(path)) => Some(std::fs::read(path).map_err(|error| {
                Error::unavailable(format!("cannot read the certificate {}: {error}", path.display()))
            })?),
        };
        Ok(Self { mode, roots, made: Arc::default() })
    }

    /// Makes TLS out of a stream over which the server has agreed to it.
    pub(super) async fn handshake<S>(&self, stream: S, host: &str) -> Result<TlsStream<S>>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let name = ServerName::try_from(host.to_owned()).map_err(no_tls)?;
        let connecting = TlsConnector::from(self.config()?).connect(name, stream).await;
        connecting.map_err(|error| match error.kind() {
            ErrorKind::InvalidData => no_tls(error),
            _ => unreachable(&error),
        })
    }

    fn config(&self) -> Result<Arc<ClientConfig>> {
        if let Some(made) = self.made.get() {
            return Ok(Arc::clone(made));
        }
        let made = Arc::new(self.make()?);
        Ok(Arc::clone(self.made.get_or_init(|| made)))
    }

    fn make(&self) -> Result<ClientConfig> {
        let provider = Arc::new(ring::default_provider());
        let builder = ClientConfig::builder_with_provider(Arc::clone(&provider));
        let builder = builder.with_safe_default_protocol_versions().map_err(no_tls)?;
        let by_roots = || self.by_roots(Arc::clone(&provider));
        let verifier: Arc<dyn ServerCertVerifier> = match self.mode {
            SslMode::VerifyFull => by_roots()?,
            SslMode::VerifyCa => Arc::new(Verifier { by_roots: Some(by_roots()?), provider }),
            _ => Arc::new(Verifier { by_roots: None, provider }),
        };
        Ok(builder.dangerous().with_custom_certificate_verifier(verifier).with_no_client_auth())
    }

    fn by_roots(&self, provider: Arc<CryptoProvider>) -> Result<Arc<WebPkiServerVerifier>> {
        let roots = Arc::new(self.roots()?);
        WebPkiServerVerifier::builder_with_provider(roots, provider).build().map_err(no_tls)
    }

    fn roots(&self) -> Result<RootCertStore> {
        let mut store = RootCertStore::empty();
        let Some(pem) = &self.roots else {
            // One that cannot be read is missing, as it would be on another machine.
            store.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
            return Ok(store);
        };
        for certificate in CertificateDer::pem_slice_iter(pem) {
            let certificate =
                certificate.map_err(|_| Error::unavailable("the root certificate of the database is no PEM"))?;
            store.add(certificate).map_err(no_tls)?;
        }
        Ok(store)
    }
}

fn no_tls(error: impl std::fmt::Display) -> Error {
    Error::unavailable(format!("no TLS connection to the database: {error}"))
}

type Verdict<T> = std::result::Result<T, rustls::Error>;

/// Whom to trust.
#[derive(Debug)]
struct Verifier {
    /// None: everybody. What is sent is encrypted, to whomever.
    by_roots: Option<Arc<WebPkiServerVerifier>>,
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for Verifier {
    /// Takes a certificate from a trusted root, whatever its name.
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        others: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Verdict<ServerCertVerified> {
        use CertificateError::{NotValidForName, NotValidForNameContext};
        let Some(by_roots) = &self.by_roots else { return Ok(ServerCertVerified::assertion()) };
        match by_roots.verify_server_cert(certificate, others, name, ocsp, now) {
            // The name is looked at last.
            Err(rustls::Error::InvalidCertificate(NotValidForName | NotValidForNameContext { .. })) => {
                Ok(ServerCertVerified::assertion())
            }
            verified => verified,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Verdict<HandshakeSignatureValid> {
        verify_tls12_signature(message, certificate, signed, &self.provider.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Verdict<HandshakeSignatureValid> {
        verify_tls13_signature(message, certificate, signed, &self.provider.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}
