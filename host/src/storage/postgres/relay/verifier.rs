//! Whom to trust as the server, as libpq does.

use super::certificate::{Parsed, Validity};
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{CertificateError, DigitallySignedStruct, Error, SignatureScheme};
use std::sync::Arc;

type Verdict<T> = Result<T, Error>;

/// See the module.
#[derive(Debug)]
pub(super) struct Verifier {
    /// None: everybody. What is sent is encrypted, to whomever.
    by_roots: Option<Arc<WebPkiServerVerifier>>,
    /// The roots themselves, where they were given.
    given: Vec<CertificateDer<'static>>,
    /// Whether the certificate has to name the host.
    checks_name: bool,
    provider: Arc<CryptoProvider>,
}

impl Verifier {
    /// One that looks at nothing.
    pub(super) fn of_nobody(provider: Arc<CryptoProvider>) -> Self {
        Self { by_roots: None, given: Vec::new(), checks_name: false, provider }
    }

    pub(super) fn new(
        by_roots: Arc<WebPkiServerVerifier>,
        given: Vec<CertificateDer<'static>>,
        checks_name: bool,
        provider: Arc<CryptoProvider>,
    ) -> Self {
        Self { by_roots: Some(by_roots), given, checks_name, provider }
    }

    /// Takes a certificate that is its own root and one of those that were given. The library takes
    /// none that may sign others, as most self-signed ones do. None where it is not such a one.
    fn as_its_own_root(&self, certificate: &CertificateDer<'_>, now: UnixTime) -> Option<Verdict<()>> {
        if !self.given.iter().any(|given| given == certificate) {
            return None;
        }
        let parsed = Parsed::read(certificate).filter(Parsed::is_its_own_issuer)?;
        Some(match parsed.is_valid_at(now) {
            Validity::NotYet => Err(CertificateError::NotValidYet.into()),
            Validity::Expired => Err(CertificateError::Expired.into()),
            Validity::Valid if !parsed.is_for_servers() => Err(CertificateError::InvalidPurpose.into()),
            Validity::Valid => Ok(()),
        })
    }

    /// Whether the certificate is for this host: by its alternative names, and where there are none
    /// by its common name.
    fn check_name(certificate: &CertificateDer<'_>, name: &ServerName<'_>) -> Verdict<()> {
        let by_library = ParsedCertificate::try_from(certificate)?;
        let Err(error) = rustls::client::verify_server_name(&by_library, name) else { return Ok(()) };
        let parsed = Parsed::read(certificate).ok_or(error)?;
        if parsed.is_for(&name.to_str()) {
            return Ok(());
        }
        let (expected, presented) = (name.to_owned(), parsed.names());
        Err(CertificateError::NotValidForNameContext { expected, presented }.into())
    }
}

impl ServerCertVerifier for Verifier {
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
        match self.as_its_own_root(certificate, now) {
            Some(verified) => verified?,
            None => match by_roots.verify_server_cert(certificate, others, name, ocsp, now) {
                // The library looks at the name last.
                Ok(_) | Err(Error::InvalidCertificate(NotValidForName | NotValidForNameContext { .. })) => {}
                Err(error) => return Err(error),
            },
        }
        if self.checks_name {
            Self::check_name(certificate, name)?;
        }
        Ok(ServerCertVerified::assertion())
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
