//! How a connection to the server becomes one of TLS.

use super::tls_trouble::said;
use super::verifier::Verifier;
use crate::config::{ClientCertificate, PostgresTarget, RootCertificate, SslMode, TlsRules, TlsVersions};
use crate::storage::{Error, Result};
use rustls::client::{WebPkiServerVerifier, danger::ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, CertificateRevocationListDer, PrivateKeyDer, ServerName};
use rustls::version::{TLS12, TLS13};
use rustls::{ALL_VERSIONS, ClientConfig, RootCertStore, SupportedProtocolVersion};
use std::path::Path;
use std::sync::{Arc, OnceLock};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

static ONLY_12: [&SupportedProtocolVersion; 1] = [&TLS12];
static ONLY_13: [&SupportedProtocolVersion; 1] = [&TLS13];

/// What a certificate has to show. Made once for a server, when it is first needed.
#[derive(Clone)]
pub(super) struct Trust {
    mode: SslMode,
    /// In PEM; none: the roots of the system.
    roots: Option<Vec<u8>>,
    rules: TlsRules,
    made: Arc<OnceLock<Arc<ClientConfig>>>,
}

impl Trust {
    pub(super) fn new(target: &PostgresTarget) -> Result<Self> {
        let roots = match &target.ssl_root {
            None => None,
            Some(RootCertificate::Pem(pem)) => Some(pem.clone().into_bytes()),
            Some(RootCertificate::File(path)) => Some(read("the certificate", path)?),
        };
        let trust = Self { mode: target.ssl_mode, roots, rules: target.tls.clone(), made: Arc::default() };
        // What is wrong with a file shows at the start.
        if trust.mode >= SslMode::Prefer {
            trust.config()?;
        }
        Ok(trust)
    }

    /// Makes TLS out of a stream over which the server has agreed to it.
    pub(super) async fn handshake<S>(&self, stream: S, host: &str) -> Result<TlsStream<S>>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let name = ServerName::try_from(host.to_owned()).map_err(no_tls)?;
        let connecting = TlsConnector::from(self.config()?).connect(name, stream).await;
        connecting.map_err(|error| said(&error))
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
        let builder = builder.with_protocol_versions(self.versions()).map_err(no_tls)?;
        let verifier: Arc<dyn ServerCertVerifier> = Arc::new(self.verifier(provider)?);
        let builder = builder.dangerous().with_custom_certificate_verifier(verifier);
        let mut config = match &self.rules.client {
            None => builder.with_no_client_auth(),
            Some(client) => {
                let (chain, key) = client_certificate(client)?;
                builder.with_client_auth_cert(chain, key).map_err(no_tls)?
            }
        };
        config.enable_sni = self.rules.says_name;
        Ok(config)
    }

    fn versions(&self) -> &'static [&'static SupportedProtocolVersion] {
        match self.rules.versions {
            TlsVersions::Both => ALL_VERSIONS,
            TlsVersions::Only12 => &ONLY_12,
            TlsVersions::Only13 => &ONLY_13,
        }
    }

    fn verifier(&self, provider: Arc<CryptoProvider>) -> Result<Verifier> {
        if self.mode < SslMode::VerifyCa {
            return Ok(Verifier::of_nobody(provider));
        }
        let roots = self.roots()?;
        let given = self.given()?;
        if roots.is_empty() {
            return Err(Error::unavailable(
                "no TLS connection to the database: there is no root certificate to trust it by",
            ));
        }
        let builder = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider));
        let by_roots = match &self.rules.revoked {
            None => builder.build().map_err(no_tls)?,
            Some(path) => {
                builder.with_crls(revoked(path)?).enforce_revocation_expiration().build().map_err(no_tls)?
            }
        };
        // Nobody says of a certificate that is its own root that it no longer counts.
        let given = if self.rules.revoked.is_some() { Vec::new() } else { given };
        Ok(Verifier::new(by_roots, given, self.mode == SslMode::VerifyFull, provider))
    }

    fn roots(&self) -> Result<RootCertStore> {
        let mut store = RootCertStore::empty();
        if self.roots.is_none() {
            // One that cannot be read is missing, as it would be on another machine.
            store.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        }
        for certificate in self.given()? {
            store.add(certificate).map_err(no_tls)?;
        }
        Ok(store)
    }

    /// The roots that URL or environment give.
    fn given(&self) -> Result<Vec<CertificateDer<'static>>> {
        let Some(pem) = &self.roots else { return Ok(Vec::new()) };
        let certificates = CertificateDer::pem_slice_iter(pem).collect::<std::result::Result<Vec<_>, _>>();
        certificates.map_err(|_| Error::unavailable("the root certificate of the database is no PEM"))
    }
}

fn client_certificate(
    client: &ClientCertificate,
) -> Result<(Vec<CertificateDer<'static>>, PrivateKeyDer<'static>)> {
    let ClientCertificate { certificate, key } = client;
    let pem = read("the certificate", certificate)?;
    let chain: Vec<_> = CertificateDer::pem_slice_iter(&pem).filter_map(std::result::Result::ok).collect();
    if chain.is_empty() {
        return Err(Error::unavailable(format!(
            "{}: there is no certificate in PEM in it",
            certificate.display()
        )));
    }
    let read_key = PrivateKeyDer::from_pem_slice(&read("the key", key)?);
    let key = read_key.map_err(|_| {
        Error::unavailable(format!("{}: there is no key in PEM in it that is not encrypted", key.display()))
    })?;
    Ok((chain, key))
}

fn revoked(path: &Path) -> Result<Vec<CertificateRevocationListDer<'static>>> {
    let pem = read("the list of revoked certificates", path)?;
    let lists: Vec<_> =
        CertificateRevocationListDer::pem_slice_iter(&pem).filter_map(std::result::Result::ok).collect();
    if lists.is_empty() {
        return Err(Error::unavailable(format!(
            "{}: there is no list of revoked certificates in PEM in it",
            path.display()
        )));
    }
    Ok(lists)
}

fn read(what: &str, path: &Path) -> Result<Vec<u8>> {
    std::fs::read(path)
        .map_err(|error| Error::unavailable(format!("cannot read {what} {}: {error}", path.display())))
}

fn no_tls(error: impl std::fmt::Display) -> Error {
    Error::unavailable(format!("no TLS connection to the database: {error}"))
}
