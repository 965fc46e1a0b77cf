//! One request to a version that is not live yet: the app's tables, files and settings are the real
//! ones, and nothing that the version does to them is kept.

use super::admission::{Client, Party};
use super::component::{Compiled, ComponentError};
use super::native::{EngineId, NotTaken};
use super::registry::{Guest, Registry, Release};
use super::respond;
use super::run::{self, Fault, Running};
use super::state::Visit;
use crate::interfaces::body::RequestBody;
use crate::interfaces::session::{Jar, Presented};
use crate::interfaces::{OutageNote, Rehearsal, WriteNote};
use crate::storage::registry::App;
use crate::storage::{AppSpace, Error};
use bytes::Bytes;
use http::Request;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// A version that writes may keep visitors of the one before it waiting for a row for as long.
const LONGEST: Duration = Duration::from_secs(10);
/// One that has changed tables keeps all of them waiting. They wait for a connection for two
/// seconds, and are turned away then.
const LONGEST_AFTER_CHANGE: Duration = Duration::from_secs(1);
/// Whoever deploys has waited for a compiler already, and would wait for it again.
const ROOM_WAIT: Duration = Duration::from_secs(60);
/// Stands in the log where requests have their ids.
const REQUEST_ID: &str = "smoke";

/// A component that can be run here.
pub struct Prepared(Compiled);

impl std::fmt::Debug for Prepared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Prepared")
    }
}

impl Prepared {
    /// What became of code that was brought with it; none where none was brought, or needed.
    pub fn brought(&self) -> Option<&Result<(), NotTaken>> {
        self.0.brought.as_ref()
    }
}

/// The request.
#[derive(Debug)]
pub struct Script {
    /// Path and query.
    pub path: String,
    /// The host name that it is for.
    pub host: String,
}

/// What came of it.
#[derive(Debug)]
pub struct Rehearsed {
    /// The status of the answer.
    pub status: u16,
    /// How long it took.
    pub duration: Duration,
    /// Names of the migrations that were run and undone.
    pub migrations: Vec<String>,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum RehearsalError {
    /// The app's storage cannot be used, or what the version wrote could not be kept.
    #[error("{0}")]
    Storage(#[from] Error),
    /// Its settings cannot be read.
    #[error("its settings cannot be read: {0}")]
    Settings(#[from] serde_json::Error),
    /// Guests that are at work have all the memory there is.
    #[error("there was no room in memory for its first request within {ROOM_WAIT:?}")]
    NoRoom,
    /// It does not answer.
    #[error("{0}")]
    NoAnswer(String),
}

impl Registry {
    /// Compiles a component unless that has been done, here or by somebody who may bring its code,
    /// and checks that this host can run it.
    pub async fn prepare(&self, component: Bytes, code: Option<Bytes>) -> Result<Prepared, ComponentError> {
        self.compiler.compile_unless_brought(component, code).await.map(Prepared)
    }

    /// The engine of this host.
    pub fn engine_id(&self) -> &EngineId {
        self.compiler.engine_id()
    }

    /// Hands the code of a component on to other hosts of the database, which have only to load it
    /// then. False where there is no key to sign it with: see `config::CodeKey`.
    pub async fn publish(&self, prepared: &Prepared, compiled_by: &str) -> Result<bool, Error> {
        self.compiler.publish(self.database(), &prepared.0, compiled_by).await
    }

    /// Where an app's things are, made if need be.
    pub async fn space_of(&self, app: &App) -> Result<AppSpace, Error> {
        match &app.database_var {
            Some(var) => self.own_databases.make_space(self.database(), var, &app.name).await,
            None => self.database().make_space(&app.name).await,
        }
    }

    /// Lets a version answer one GET request as if it were the active one. Takes ten seconds at
    /// most once there is room for it; dropping the future undoes everything, too.
    pub async fn rehearse(
        &self,
        app: &App,
        prepared: &Prepared,
        script: Script,
    ) -> Result<Rehearsed, RehearsalError> {
        let room = self.rehearsal_space(app).await?;
        let rehearsed = self.rehearse_in(app, room.space.clone(), prepared, script).await;
        self.leave_rehearsal(app, room).await;
        rehearsed
    }

    async fn rehearse_in(
        &self,
        app: &App,
        space: AppSpace,
        prepared: &Prepared,
        script: Script,
    ) -> Result<Rehearsed, RehearsalError> {
        let accounts = self.accounts(&space);
        let number = app.active.unwrap_or_default().saturating_add(1);
        let release = Release { number, settings: None, rehearsal: Some(Rehearsal::default()), trial: None };
        let guest = self.assemble(app, release, space, Arc::clone(&prepared.0.pre), accounts)?;
        let client = Client::at(IpAddr::V4(Ipv4Addr::LOCALHOST));
        let party = Party { app: Arc::clone(guest.app.space.app()), client };
        let place = self.memory().enter_within(ROOM_WAIT, &party, &guest.usual).await;
        let place = place.map_err(|_| RehearsalError::NoRoom)?;
        let visit = Visit {
            request_id: REQUEST_ID.to_owned(),
            session: Presented { id: None, is_foreign: false },
            jar: Jar::default(),
            outage: OutageNote::default(),
            writes: WriteNote::default(),
            body: RequestBody::new(None, Some(0), None, false, None),
            place,
            overheard: None,
        };
        let no_answer = |text: String| RehearsalError::NoAnswer(text);
        let request = Request::get(script.path).header(http::header::HOST, script.host).body(());
        let (head, ()) = request.map_err(|error| no_answer(error.to_string()))?.into_parts();
        let began = Instant::now();
        let running = run::start(&guest, head, visit, false).map_err(|error| no_answer(format!("{error:#}")))?;
        let has_visitors = app.active.is_some();
        let status = tokio::select! {
            biased;
            status = answer(running) => status?,
            () = tokio::time::sleep(LONGEST) => {
                return Err(no_answer(format!("it has not answered after {LONGEST:?}")));
            }
            () = locked_too_long(&guest), if has_visitors => {
                let text = format!(
                    "it has not answered {LONGEST_AFTER_CHANGE:?} after it changed tables, and visitors of the \
                     active version wait for them meanwhile; the change was undone"
                );
                return Err(no_answer(text));
            }
        };
        let migrations = guest.app.rehearsal.as_ref().map(Rehearsal::migrations).unwrap_or_default();
        Ok(Rehearsed { status, duration: began.elapsed(), migrations })
    }
}

/// Ends when a guest has had its time since it changed tables.
async fn locked_too_long(guest: &Guest) {
    match &guest.app.rehearsal {
        Some(rehearsal) => rehearsal.tables_changed().await,
        None => std::future::pending().await,
    }
    tokio::time::sleep(LONGEST_AFTER_CHANGE).await;
}

/// Polls a guest until it has set its response.
async fn answer(mut running: Running) -> Result<u16, RehearsalError> {
    let outcome = tokio::select! {
        biased;
        outcome = &mut running.reply => outcome.ok(),
        end = &mut running.guest => match (running.reply.try_recv(), end) {
            (Ok(outcome), _) => Some(outcome),
            (Err(_), Ok(())) => None,
            (Err(_), Err(fault)) => return Err(RehearsalError::NoAnswer(said(fault))),
        },
    };
    match outcome {
        None => Err(RehearsalError::NoAnswer("it returns without setting a response".to_owned())),
        Some(Ok(answer)) => Ok(answer.response.map_or(200, |response| response.status().as_u16())),
        Some(Err(respond::Failure::NotKept(error) | respond::Failure::NoBlob(error))) => Err(error.into()),
        Some(Err(respond::Failure::Malformed(text))) => {
            Err(RehearsalError::NoAnswer(format!("its response cannot be sent: {text}")))
        }
        Some(Err(respond::Failure::Guest(code))) => {
            Err(RehearsalError::NoAnswer(format!("it answers with the error {code:?}")))
        }
    }
}

fn said(fault: Fault) -> String {
    match fault {
        Fault::OutOfTime => "it uses up the computing time of a request (INNKEEPER_CPU_PER_REQUEST)".to_owned(),
        Fault::NoRoom => "the pool of instances is full".to_owned(),
        Fault::OutOfRoom => "there is too little memory for it".to_owned(),
        // In one line: what the guest called is told in several.
        Fault::Trap(text) => format!("it traps: {}", text.split_whitespace().collect::<Vec<_>>().join(" ")),
        Fault::Panic => "a function of the host panicked under it".to_owned(),
    }
}
