//! A Postgres server as Heroku runs it for its smallest plan: TLS alone, with a certificate that
//! nobody can verify, a role that is no superuser, owns its database and may have twenty
//! connections, and a password that has to be escaped in a URL.

use super::tls::{Held, TlsServer};
use super::{Server, Stop, USER};

/// Connections of the smallest plans.
pub const CONNECTIONS: u32 = 20;

/// What a config var says for the password `p@ss/w%rd`.
const ESCAPED: &str = "p%40ss%2Fw%25rd";
const PASSWORD: &str = "p@ss/w%rd";

/// See the module.
#[derive(Debug)]
pub struct HerokuServer {
    tls: TlsServer,
}

impl HerokuServer {
    /// Starts one with the limit of the smallest plans.
    pub async fn start() -> Self {
        Self::with_connections(CONNECTIONS).await
    }

    /// Starts one whose role may have so many connections.
    pub async fn with_connections(most: u32) -> Self {
        let tls = TlsServer::start().await;
        tls.server.administer(&format!("alter role {USER} password '{PASSWORD}' connection limit {most}")).await;
        tls.set_rules(&format!("hostssl all {USER} all scram-sha-256\n"));
        tls.server.restart(Stop::Fast);
        Self { tls }
    }

    /// The URL of a fresh database as a config var has it: `postgres://`, without a wish for TLS.
    pub async fn database(&self) -> String {
        self.with_password(&self.tls.server.fresh_database().await, ESCAPED)
    }

    /// The URL with another password, which must need no escapes.
    pub fn with_password(&self, url: &str, password: &str) -> String {
        let rest = url.rsplit('@').next().unwrap_or_default();
        format!("postgres://{USER}:{password}@{rest}")
    }

    /// Gives the role another password and ends its connections, as `pg:credentials:rotate` does.
    pub async fn rotate(&self, password: &str) {
        self.server().administer(&format!("alter role {USER} password '{password}'")).await;
        self.server().end_backends().await;
    }

    /// A connection of a person, until the value is dropped.
    pub fn hold(&self, url: &str) -> Held {
        self.tls.hold(url)
    }

    /// How often the server has refused a connection because the role had all of its own.
    pub fn refused(&self) -> usize {
        self.server().log().matches("too many connections for role").count()
    }

    /// The server itself.
    pub fn server(&self) -> &Server {
        &self.tls.server
    }

    /// Whether `psql` gets in with a URL, or what it says.
    pub fn psql(&self, url: &str) -> Result<(), String> {
        self.tls.psql(url)
    }
}
