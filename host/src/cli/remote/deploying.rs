//! Bringing a component to a host elsewhere, and waiting for what becomes of it.

use super::super::output;
use super::super::progress::Progress;
use super::Client;
use super::compiling::CodeElsewhere;
use super::transport::{Answer, Transport};
use crate::operations::{
    DeployRequest, Deployed, DeploymentRequest, DeploymentState, DeploymentView, Stage, UploadRequest, UploadView,
};
use crate::storage::hex;
use crate::web::admin::{IDEMPOTENCY_KEY, UPLOAD_OFFSET};
use anyhow::{Context, anyhow, bail};
use bytes::Bytes;
use http::{Method, StatusCode};
use sha2::{Digest, Sha256};
use std::time::{Duration, Instant};

/// Bytes of a piece: few enough for a slow line and a router that ends requests after 30 s.
const PIECE: usize = 1 << 20;
/// Between two looks at a deployment.
const EVERY: Duration = Duration::from_millis(400);
/// A deployment that has not ended by then is left to itself.
const LONGEST: Duration = Duration::from_secs(1_800);
/// How often somebody else may have brought a piece before us.
const MOST_CONFLICTS: u32 = 100;

impl Client {
    /// Brings a component, and its code where the host takes it, orders its deployment, and waits
    /// until that has ended.
    pub(in crate::cli) async fn deploy(
        &self,
        app: &str,
        component: Bytes,
        request: &DeployRequest,
        progress: impl Fn(Stage),
    ) -> anyhow::Result<Deployed> {
        let sha256 = hex(&Sha256::digest(&component));
        let upload = self.begin(app, &component, None).await?;
        self.bring(app, &component, self.transport.expect(upload)?).await?;
        let native = match self.bring_code(app, &component).await? {
            Ok(native) => {
                output::note("compiled here: the host gets the code, too");
                Some(native)
            }
            Err(why) => {
                output::note(format!("note: the host compiles the component: {why}"));
                None
            }
        };
        let mut key = [0u8; 16];
        getrandom::fill(&mut key).map_err(|_| anyhow!("the system gives no random numbers"))?;
        let wanted = DeploymentRequest { sha256, native, deploy: request.clone() };
        let asking = self.ask(Method::POST, &["apps", app, "deployments"]).header(IDEMPOTENCY_KEY, hex(&key));
        let deployment: DeploymentView = asking.json(&wanted)?.repeatable().answer().await?;
        self.wait(app, deployment, progress).await
    }

    /// Compiles a component and brings its code. Returns the hash of that, or why the host
    /// compiles.
    async fn bring_code(&self, app: &str, component: &Bytes) -> anyhow::Result<Result<String, String>> {
        let CodeElsewhere { engine, bytes } = match self.compile_here(app, component).await? {
            Ok(code) => code,
            Err(why) => return Ok(Err(why)),
        };
        let begun = self.begin(app, &bytes, Some(engine)).await?;
        if begun.status.is_client_error() {
            return Ok(Err(Transport::said(&begun)));
        }
        self.bring(app, &bytes, self.transport.expect(begun)?).await?;
        Ok(Ok(hex(&Sha256::digest(&bytes))))
    }

    async fn begin(&self, app: &str, bytes: &Bytes, engine: Option<String>) -> anyhow::Result<Answer> {
        let (sha256, size) = (hex(&Sha256::digest(bytes)), u64::try_from(bytes.len())?);
        let request = UploadRequest { sha256, size, engine };
        let asking = self.ask(Method::POST, &["apps", app, "uploads"]).json(&request)?.repeatable();
        self.transport.send(&asking.call).await
    }

    /// Goes on with an upload that has begun until all is there.
    async fn bring(&self, app: &str, bytes: &Bytes, begun: Answer) -> anyhow::Result<()> {
        let size = u64::try_from(bytes.len())?;
        let mut upload: UploadView =
            serde_json::from_slice(&begun.body).with_context(|| Transport::said(&begun))?;
        let Some(id) = upload.id.clone() else { return Ok(()) };
        let mut bar = Progress::bytes("upload", Some(size));
        if upload.offset > 0 && !upload.complete {
            bar.say(format!("the upload goes on after {} of {size} bytes", upload.offset));
        }
        let mut shown = 0;
        let mut conflicts = 0;
        while !upload.complete {
            let (from, before) = (usize::try_from(upload.offset)?, upload.offset);
            bar.advance(from.saturating_sub(shown));
            shown = shown.max(from);
            let to = from.saturating_add(PIECE).min(bytes.len());
            let piece = bytes.slice(from.min(to)..to);
            upload = self.piece(app, &id, before, piece).await?;
            conflicts = if upload.offset > before { 0 } else { conflicts + 1 };
            if conflicts > MOST_CONFLICTS {
                bail!("the upload does not go on: somebody else brings the same");
            }
        }
        Ok(())
    }

    /// Brings a piece. Where the upload has got elsewhere, says how far it is.
    async fn piece(&self, app: &str, id: &str, offset: u64, piece: Bytes) -> anyhow::Result<UploadView> {
        let asking = self.ask(Method::PATCH, &["apps", app, "uploads", id]).bytes(piece);
        let call = asking.header(UPLOAD_OFFSET, offset.to_string()).repeatable().call;
        let answer = self.transport.send(&call).await?;
        if answer.status == StatusCode::CONFLICT && answer.headers.contains_key(UPLOAD_OFFSET) {
            return self.get(&["apps", app, "uploads", id]).await;
        }
        let answer = self.transport.expect(answer)?;
        serde_json::from_slice(&answer.body).with_context(|| Transport::said(&answer))
    }

    async fn wait(
        &self,
        app: &str,
        mut deployment: DeploymentView,
        progress: impl Fn(Stage),
    ) -> anyhow::Result<Deployed> {
        let (began, mut shown) = (Instant::now(), None);
        loop {
            if deployment.stage != shown {
                shown = deployment.stage;
                shown.into_iter().for_each(&progress);
            }
            match deployment.state {
                DeploymentState::Done => {
                    return deployment
                        .deployed
                        .context("the host does not say what it has made: look at the versions");
                }
                DeploymentState::Failed => {
                    let unknown = || anyhow!("the deployment failed, and the host does not say why");
                    return Err(deployment.error.map_or_else(unknown, anyhow::Error::from));
                }
                DeploymentState::Waiting | DeploymentState::Running if began.elapsed() > LONGEST => {
                    bail!(
                        "the deployment {} has not ended within {} minutes",
                        deployment.id,
                        LONGEST.as_secs() / 60
                    );
                }
                DeploymentState::Waiting | DeploymentState::Running => tokio::time::sleep(EVERY).await,
            }
            deployment = self.get(&["apps", app, "deployments", &deployment.id]).await?;
        }
    }
}
