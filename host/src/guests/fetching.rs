//! How a version gets ready to run: its code is looked for on this machine and in the registry, and
//! only what has none anywhere is compiled, one at a time, and by one host at a time.

use super::component::{ComponentError, Wanted};
use super::loading::{CODE_ROOM, LoadError};
use super::registry::Registry;
use super::state::GuestState;
use crate::storage::registry::{App, Version};
use std::sync::Arc;
use std::time::{Duration, Instant};
use wasmtime_wasi_http::p2::bindings::ProxyPre;

/// What a component takes of it at least, so that a start leaves cores to those who are served.
const LEAST_CODE_ROOM: u32 = 16;
/// Code is larger than its component; with its copies it takes so many times the room.
const CODE_COPIES: u64 = 8;
/// How often it is looked for code that another host compiles.
const LOOK_AGAIN: Duration = Duration::from_millis(500);
/// How often a host says that it compiles: it counts as gone when it has said nothing for three
/// times as long.
const CLAIM_AGAIN: Duration = Duration::from_secs(5);
/// As the registry notes it beside the code.
const COMPILED_BY: &str = "serve";

impl Registry {
    /// A version, ready to run. What is not compiled yet waits for its turn. `known` is what was
    /// read of all apps.
    pub(super) async fn compiled(
        &self,
        app: &App,
        number: i64,
        known: Option<&Version>,
    ) -> Result<(Version, Arc<ProxyPre<GuestState>>), LoadError> {
        let version = self.version(app, number, known).await?;
        if let Some(pre) = self.find(app, &version).await? {
            return Ok((version, pre));
        }
        loop {
            self.check(&version)?;
            let turn = self.turns.compiler.acquire().await.map_err(|_| LoadError::Stopping)?;
            // Meanwhile another app with the same component, or another host, may have had it
            // compiled.
            if let Some(pre) = self.find(app, &version).await? {
                return Ok((version, pre));
            }
            self.check(&version)?;
            let store = self.compiler.store();
            if store.claim(self.database(), &version.sha256).await {
                let compiled = self.compile_claimed(app, &version).await;
                store.release(self.database(), &version.sha256).await;
                return compiled.map(|pre| (version, pre));
            }
            // Another host is at it. Others may have the turn until there is its code.
            drop(turn);
            tokio::time::sleep(LOOK_AGAIN).await;
        }
    }

    /// Compiles, and tells other hosts meanwhile that it still does.
    async fn compile_claimed(&self, app: &App, version: &Version) -> Result<Arc<ProxyPre<GuestState>>, LoadError> {
        let renew = async {
            loop {
                tokio::time::sleep(CLAIM_AGAIN).await;
                self.compiler.store().claim(self.database(), &version.sha256).await;
            }
        };
        // Another host may have finished compiling it between the look and the claim.
        let work = async {
            match self.find(app, version).await? {
                Some(pre) => Ok(pre),
                None => self.compile(app, version).await,
            }
        };
        tokio::select! {
            compiled = work => compiled,
            () = renew => Err(LoadError::Stopping),
        }
    }

    /// As it was read with all others, unless the registry has changed since.
    async fn version(&self, app: &App, number: i64, known: Option<&Version>) -> Result<Version, LoadError> {
        if let Some(version) = known.filter(|version| version.number == number) {
            return Ok(version.clone());
        }
        let _turn = self.turns.host.acquire().await.map_err(|_| LoadError::Stopping)?;
        self.database().version(&app.name, number).await?.ok_or(LoadError::NoVersion)
    }

    /// What has code somewhere. Large code is loaded alone, small code several at a time.
    async fn find(&self, app: &App, version: &Version) -> Result<Option<Arc<ProxyPre<GuestState>>>, LoadError> {
        let size = u64::try_from(version.size).unwrap_or(u64::MAX);
        let room = u32::try_from(size.saturating_mul(CODE_COPIES) >> 20).unwrap_or(u32::MAX);
        let room = self.turns.code.acquire_many(room.clamp(LEAST_CODE_ROOM, CODE_ROOM)).await;
        let _room = room.map_err(|_| LoadError::Stopping)?;
        let wanted = Wanted {
            sha256: &version.sha256,
            size,
            app: &app.name,
            database: self.database(),
            turn: &self.turns.host,
        };
        self.compiler.find(wanted).await.map_err(|error| match error {
            ComponentError::Storage(error) => LoadError::Storage(error),
            error => LoadError::Component(error),
        })
    }

    /// Has a component compiled, and hands its code on to other hosts.
    async fn compile(&self, app: &App, version: &Version) -> Result<Arc<ProxyPre<GuestState>>, LoadError> {
        let component = {
            let _turn = self.turns.host.acquire().await.map_err(|_| LoadError::Stopping)?;
            self.database().component(version).await?
        };
        let began = Instant::now();
        let compiled = self.compiler.compile(component.into()).await;
        let compiled = compiled
            .map_err(|error| LoadError::NotCompiled(self.failed_compiles.note(&version.sha256, &error)))?;
        let milliseconds = began.elapsed().as_millis();
        tracing::info!(app = app.name, version = version.number, milliseconds, "compiled");
        let _turn = self.turns.host.acquire().await.map_err(|_| LoadError::Stopping)?;
        match self.compiler.publish(self.database(), &compiled, COMPILED_BY).await {
            // Those that could not compile it look again.
            Ok(true) => self.database().tell_hosts().await.unwrap_or_else(|error| {
                tracing::debug!("other hosts could not be told of compiled code: {error}");
            }),
            Ok(false) => {}
            Err(error) => tracing::warn!(app = app.name, "compiled code is not shared with other hosts: {error}"),
        }
        Ok(compiled.pre)
    }

    /// Another app may have the same component.
    fn check(&self, version: &Version) -> Result<(), LoadError> {
        self.failed_compiles.find(&version.sha256).map_or(Ok(()), |failed| Err(LoadError::NotCompiled(failed)))
    }
}
