//! Compiling a component for a host elsewhere, so that the host need not, where it takes code from
//! here and runs the same engine.

use super::super::{output, setup};
use super::Client;
use crate::config::{Config, Environment};
use crate::operations::{EngineView, Scope, Scopes};
use crate::web::admin::CurrentToken;
use anyhow::Context;
use bytes::Bytes;
use http::{Method, StatusCode};

/// Code for a host elsewhere.
pub(super) struct CodeElsewhere {
    /// The digest of its engine.
    pub(super) engine: String,
    /// In the form in which it is brought.
    pub(super) bytes: Bytes,
}

impl Client {
    /// The code of a component for this host; else why the host has to compile by itself.
    pub(super) async fn compile_here(
        &self,
        app: &str,
        component: &Bytes,
    ) -> anyhow::Result<Result<CodeElsewhere, String>> {
        let token: CurrentToken = self.get(&["tokens", "current"]).await?;
        let wanted = Scope::DeployNative(app.to_owned());
        if !Scopes::restore(&token.scopes.join(" ")).allows(&wanted) {
            return Ok(Err(format!("the token lacks the scope {wanted}")));
        }
        let Some(theirs) = self.engine().await? else {
            return Ok(Err("it is of an earlier release, which takes no code".to_owned()));
        };
        Ok(compile(component, &theirs).await)
    }

    /// None where the host does not know the question.
    async fn engine(&self) -> anyhow::Result<Option<EngineView>> {
        let answer = self.transport.send(&self.ask(Method::GET, &["engine"]).call).await?;
        if answer.status == StatusCode::NOT_FOUND {
            return Ok(None);
        }
        let answer = self.transport.expect(answer)?;
        serde_json::from_slice(&answer.body).map(Some).context("the engine of the host")
    }
}

/// Whatever stands in the way here: the host has the last word on the component.
async fn compile(component: &Bytes, theirs: &EngineView) -> Result<CodeElsewhere, String> {
    let unable = |error: anyhow::Error| format!("this machine cannot: {error:#}");
    let config = Config::without_database(&Environment::from_process()).map_err(|error| unable(error.into()))?;
    let compiler = setup::compiler(&config).map_err(unable)?;
    let ours = EngineView::of(compiler.engine_id());
    if ours.target != theirs.target {
        return Err(format!("it runs on {}, and this machine is {}", theirs.target, ours.target));
    }
    if ours.digest != theirs.digest {
        return Err("its engine is that of another release of Innkeeper, or has other settings".to_owned());
    }
    output::progress("compiling for the host");
    let compiled = compiler.compile(component.clone()).await.map_err(|error| unable(error.into()))?;
    Ok(CodeElsewhere { engine: ours.digest, bytes: compiler.for_elsewhere(&compiled) })
}
