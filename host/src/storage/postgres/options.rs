//! From the target that `config` found to the options of the driver.

use crate::config::{PostgresHost, PostgresTarget, RootCertificate, SslMode};
use crate::storage::{Error, Result};
use sqlx::postgres::{PgConnectOptions, PgSslMode};

/// The driver's options. They hold the password and would print it: never format them.
pub(in crate::storage) fn options(target: &PostgresTarget) -> Result<PgConnectOptions> {
    // Without a look at ~/.pgpass or PG* variables: what counts has been decided by `config`.
    let mut options = PgConnectOptions::new_without_pgpass()
        .port(target.port)
        .username(&target.user)
        .database(&target.database)
        .application_name(target.application_name.as_deref().unwrap_or("innkeeper"))
        .ssl_mode(ssl_mode(target.ssl_mode));
    options = match &target.host {
        PostgresHost::Tcp(host) => options.host(host),
        PostgresHost::Socket(folder) => options.socket(folder),
    };
    if let Some(password) = &target.password {
        options = options.password(password.expose());
    }
    match &target.ssl_root {
        None => {}
        Some(RootCertificate::Pem(pem)) => options = options.ssl_root_cert_from_pem(pem.clone().into_bytes()),
        Some(RootCertificate::File(path)) => {
            let pem = std::fs::read(path).map_err(|error| {
                Error::unavailable(format!("cannot read the certificate {}: {error}", path.display()))
            })?;
            options = options.ssl_root_cert_from_pem(pem);
        }
    }
    Ok(options)
}

fn ssl_mode(mode: SslMode) -> PgSslMode {
    match mode {
        SslMode::Disable => PgSslMode::Disable,
        SslMode::Allow => PgSslMode::Allow,
        SslMode::Prefer => PgSslMode::Prefer,
        SslMode::Require => PgSslMode::Require,
        SslMode::VerifyCa => PgSslMode::VerifyCa,
        SslMode::VerifyFull => PgSslMode::VerifyFull,
    }
}
