//! Logs in at the server before the driver does anything (PostgreSQL documentation, "Message Flow",
//! "Start-up" and "SASL Authentication").
//!
//! The driver does not see over what it is connected, so it could neither bind a login to TLS nor
//! be told which ways of asking are let through. It is let in afterwards with what the server has
//! said of the session, and never has the password.

use super::inbox::{Head, broken};
use super::request::HEAD;
use super::server::{Wire, unreachable};
use crate::config::{ChannelBinding, LoginMethod, LoginRules, PostgresTarget, Secret};
use crate::storage::postgres::error::from_fields;
use crate::storage::{Error, Result};
use bytes::BytesMut;
use postgres_protocol::authentication::{md5_hash, sasl};
use postgres_protocol::message::frontend;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

/// The most that a message may have while the login goes on, and all that is kept of them.
const MOST: usize = 64 << 10;
/// The server lets the driver in.
const LET_IN: [u8; 9] = [b'R', 0, 0, 0, 8, 0, 0, 0, 0];

/// Who logs in, and what is wanted of it.
#[derive(Clone)]
pub(super) struct Login {
    user: String,
    password: Option<Secret>,
    rules: LoginRules,
    /// Of the session, by their names.
    settings: Vec<(&'static str, String)>,
}

/// A message of the server.
struct Message {
    kind: u8,
    body: Vec<u8>,
}

impl Login {
    pub(super) fn new(target: &PostgresTarget) -> Self {
        let name = target.application_name.as_deref().unwrap_or("innkeeper");
        let mut settings = vec![
            ("user", target.user.clone()),
            ("database", target.database.clone()),
            ("DateStyle", "ISO, MDY".to_owned()),
            ("client_encoding", "UTF8".to_owned()),
            ("TimeZone", "UTC".to_owned()),
            ("extra_float_digits", "2".to_owned()),
            ("application_name", name.to_owned()),
        ];
        settings.extend(target.options.clone().map(|options| ("options", options)));
        Self {
            user: target.user.clone(),
            password: target.password.clone(),
            rules: target.login.clone(),
            settings,
        }
    }

    /// Poolers refuse settings at the start that they do not know.
    pub(super) fn through_pooler(&mut self) {
        self.settings.retain(|(name, _)| *name != "extra_float_digits");
    }

    /// Returns what is to be said to the driver: that it is let in, and what the session is like.
    pub(super) async fn log_in(&self, wire: &mut Wire) -> Result<Vec<u8>> {
        let settings = self.settings.iter().map(|(name, value)| (*name, value.as_str()));
        send(wire, |buffer| frontend::startup_message(settings, buffer)).await?;
        self.authenticate(wire).await?;
        let mut said = LET_IN.to_vec();
        loop {
            let message = receive(wire).await?;
            match message.kind {
                b'N' => continue,
                b'S' | b'K' | b'Z' => message.append_to(&mut said)?,
                kind => return Err(unexpected(kind)),
            }
            if message.kind == b'Z' {
                return Ok(said);
            }
        }
    }

    /// Answers what the server asks until it is content.
    async fn authenticate(&self, wire: &mut Wire) -> Result<()> {
        let mut answered = None;
        loop {
            let message = receive(wire).await?;
            if message.kind == b'N' {
                continue;
            }
            let (request, rest) = message.request()?;
            match (request, answered) {
                (0, _) => return self.check(answered.unwrap_or(LoginMethod::None)),
                (3, None) => {
                    self.check(LoginMethod::Password)?;
                    let password = self.password()?.expose().as_bytes();
                    send(wire, |buffer| frontend::password_message(password, buffer)).await?;
                    answered = Some(LoginMethod::Password);
                }
                (5, None) => {
                    self.check(LoginMethod::Md5)?;
                    let salt = rest.first_chunk().ok_or_else(|| unexpected(b'R'))?;
                    let hash = md5_hash(self.user.as_bytes(), self.password()?.expose().as_bytes(), *salt);
                    send(wire, |buffer| frontend::password_message(hash.as_bytes(), buffer)).await?;
                    answered = Some(LoginMethod::Md5);
                }
                (10, None) => {
                    self.check(LoginMethod::Scram)?;
                    self.prove(wire, rest).await?;
                    answered = Some(LoginMethod::Scram);
                }
                (_, None) => {
                    return Err(Error::unavailable(format!(
                        "the database asks for a login by {}, which this host does not speak: let it ask for scram-sha-256 (pg_hba.conf)",
                        asked(request)
                    )));
                }
                (_, Some(_)) => return Err(unexpected(b'R')),
            }
        }
    }

    /// Proves by SCRAM that the password is known, and has the server prove that it knows it.
    async fn prove(&self, wire: &mut Wire, offered: &[u8]) -> Result<()> {
        let offers = |name: &str| offered.split(|byte| *byte == 0).any(|offer| offer == name.as_bytes());
        let (mechanism, binding) = self.binding(wire, offers(sasl::SCRAM_SHA_256_PLUS))?;
        if !offers(mechanism) {
            return Err(Error::unavailable(
                "the database offers no login that this host speaks: let it ask for scram-sha-256 (pg_hba.conf)",
            ));
        }
        let mut scram = sasl::ScramSha256::new(self.password()?.expose().as_bytes(), binding);
        send(wire, |buffer| frontend::sasl_initial_response(mechanism, scram.message(), buffer)).await?;
        let message = receive(wire).await?;
        let (11, challenge) = message.request()? else { return Err(unexpected(b'R')) };
        scram.update(challenge).map_err(|error| not_proved(&error))?;
        send(wire, |buffer| frontend::sasl_response(scram.message(), buffer)).await?;
        let message = receive(wire).await?;
        let (12, proof) = message.request()? else { return Err(unexpected(b'R')) };
        scram.finish(proof).map_err(|error| not_proved(&error))
    }

    /// What the login is bound to.
    fn binding(&self, wire: &Wire, is_offered: bool) -> Result<(&'static str, sasl::ChannelBinding)> {
        let wanted = self.rules.channel_binding;
        let end_point = match wanted {
            ChannelBinding::Disable => None,
            _ => wire.end_point(),
        };
        match end_point {
            Some(end_point) if is_offered => {
                Ok((sasl::SCRAM_SHA_256_PLUS, sasl::ChannelBinding::tls_server_end_point(end_point)))
            }
            _ if wanted == ChannelBinding::Require => Err(unbound()),
            // The server may find out that somebody between has left its offer out.
            Some(_) => Ok((sasl::SCRAM_SHA_256, sasl::ChannelBinding::unrequested())),
            // An attacker in between chooses the certificate, and could choose one without a hash.
            None if wanted != ChannelBinding::Disable && wire.is_encrypted() && is_offered => {
                Err(Error::unavailable(
                    "the login cannot be bound to the server's certificate, whose signature has no hash of its own: \
                     give the server another one, or say channel_binding=disable in the URL",
                ))
            }
            // The server may find out that its offer was left out.
            None if wanted != ChannelBinding::Disable && wire.is_encrypted() => {
                Ok((sasl::SCRAM_SHA_256, sasl::ChannelBinding::unrequested()))
            }
            None => Ok((sasl::SCRAM_SHA_256, sasl::ChannelBinding::unsupported())),
        }
    }

    /// Refuses a login in a way that the URL does not allow.
    fn check(&self, method: LoginMethod) -> Result<()> {
        if !self.rules.allow(method) {
            let how = match method {
                LoginMethod::None => "lets everybody in without a login".to_owned(),
                method => format!("asks for a login by {}", method.as_str()),
            };
            return Err(Error::unavailable(format!(
                "the database {how}, which require_auth in the URL does not allow"
            )));
        }
        if self.rules.channel_binding == ChannelBinding::Require && method != LoginMethod::Scram {
            return Err(unbound());
        }
        Ok(())
    }

    fn password(&self) -> Result<&Secret> {
        self.password
            .as_ref()
            .ok_or_else(|| Error::unavailable("the database asks for a password, and the URL has none"))
    }
}

impl Message {
    /// What the server asks for, and what belongs to it.
    fn request(&self) -> Result<(u32, &[u8])> {
        let request = self.body.split_first_chunk().filter(|_| self.kind == b'R');
        let (request, rest) = request.ok_or_else(|| unexpected(self.kind))?;
        Ok((u32::from_be_bytes(*request), rest))
    }

    fn append_to(&self, said: &mut Vec<u8>) -> Result<()> {
        if said.len() + self.body.len() > MOST {
            return Err(Error::unavailable(broken("the session has too many parameters")));
        }
        let length = u32::try_from(self.body.len() + HEAD - 1).unwrap_or(u32::MAX);
        said.push(self.kind);
        said.extend_from_slice(&length.to_be_bytes());
        said.extend_from_slice(&self.body);
        Ok(())
    }
}

async fn send(wire: &mut Wire, write: impl FnOnce(&mut BytesMut) -> std::io::Result<()>) -> Result<()> {
    let mut buffer = BytesMut::new();
    write(&mut buffer).map_err(|error| Error::unavailable(format!("the login cannot be written: {error}")))?;
    let stream = wire.stream();
    stream.write_all(&buffer).await.map_err(|error| unreachable(&error))?;
    stream.flush().await.map_err(|error| unreachable(&error))
}

/// The next message; an error of the server is one of ours.
async fn receive(wire: &mut Wire) -> Result<Message> {
    let stream = wire.stream();
    let mut head = [0; HEAD];
    stream.read_exact(&mut head).await.map_err(|error| unreachable(&error))?;
    let Head { kind, length } = Head::read(head).map_err(Error::unavailable)?;
    if length > MOST {
        return Err(Error::unavailable(broken("a message before the session is too long")));
    }
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await.map_err(|error| unreachable(&error))?;
    if kind == b'E' { Err(from_fields(&body)) } else { Ok(Message { kind, body }) }
}

fn unexpected(kind: u8) -> Error {
    Error::unavailable(broken(&format!("a message of type {:?} during the login", char::from(kind))))
}

fn unbound() -> Error {
    Error::unavailable(
        "channel_binding=require in the URL is not met: the login is not bound to TLS, which takes TLS and a server that asks \
         for scram-sha-256",
    )
}

/// A wrong password shows as an error of the server before.
fn not_proved(error: &std::io::Error) -> Error {
    Error::unavailable(format!("the database has not proved that it knows the password: {error}"))
}

fn asked(request: u32) -> &'static str {
    match request {
        2 => "Kerberos",
        7 | 8 => "GSSAPI",
        9 => "SSPI",
        _ => "an unknown method",
    }
}
