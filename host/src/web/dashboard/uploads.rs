//! A component that comes by a form, and its deployment.

use super::Dashboard;
use super::acts::{FOREIGN, status};
use super::form::Form;
use super::page::{BASE, HOME};
use super::pages::{deploy, trouble};
use super::response::{html, see_other};
use super::visit::Asked;
use crate::operations::{
    DeployRequest, Deployed, DeploymentRequest, DeploymentState, DeploymentView, ErrorKind, OperationError, Order,
    PIECE_BYTES, Result, SmokeRequest, UploadRequest, Uploader,
};
use crate::storage::hex;
use crate::web::admin::Act;
use crate::web::admin::auth::TokenId;
use crate::web::body::Body;
use http::{Response, StatusCode};
use hyper::body::Incoming;
use sha2::{Digest, Sha256};
use std::time::{Duration, Instant};
use tokio::sync::SemaphorePermit;

/// How long an answer waits for a deployment. Heroku's router gives up after 30 seconds.
const PATIENCE: Duration = Duration::from_secs(20);
/// How often it is asked meanwhile how far the deployment is.
const GLANCE: Duration = Duration::from_millis(200);

/// Why a component is not taken.
enum NotTaken {
    /// The form is of another session.
    Foreign,
    /// The token may not deploy to the app.
    NotAllowed(String),
    /// Anything else, which is told beside the form.
    Failed(OperationError),
}

impl From<OperationError> for NotTaken {
    fn from(error: OperationError) -> Self {
        Self::Failed(error)
    }
}

impl Dashboard {
    /// Takes a component and deploys it: to an app, or to one that does not exist yet.
    pub(super) async fn deploy(&self, asked: &Asked<'_>, body: Incoming, app: Option<&str>) -> Response<Body> {
        // Before anything of the body is read.
        if let Some(refusal) = asked.deploy_refusal(app) {
            return refusal;
        }
        let mut form = Form::default();
        let most = self.registry.limits().component_bytes;
        let admit = |form: &Form| self.admit(asked, app, form);
        let read = form.read_with_file(&asked.head.headers, body, most, admit).await;
        let taken = match read {
            Ok(Some(turn)) => Ok(turn),
            Ok(None) => self.admit(asked, app, &form),
            Err(problem) => Err(problem),
        };
        let name = app.or(form.get("app")).unwrap_or_default().to_owned();
        let problem = match taken {
            Ok(_turn) => match self.order(asked, &name, app.is_none(), &form).await {
                Ok(ordered) => return self.outcome(asked, app, &form, ordered).await,
                Err(problem) => NotTaken::from(problem),
            },
            Err(problem) => problem,
        };
        match problem {
            NotTaken::Foreign => {
                asked.note(Act::Deploy, Some(&name), StatusCode::FORBIDDEN, FOREIGN);
                trouble::refused(FOREIGN)
            }
            NotTaken::NotAllowed(name) => {
                asked.refusal(Act::Deploy, Some(&name)).unwrap_or_else(trouble::nothing_here)
            }
            NotTaken::Failed(error) => {
                asked.note(Act::Deploy, Some(&name), status(error.kind), &error.message);
                self.not_deployed(asked, app, &form, &error).await
            }
        }
    }

    /// Whether the component that comes next is read. There is room for few at once, and only those
    /// who may deploy take any.
    fn admit(
        &self,
        asked: &Asked<'_>,
        app: Option<&str>,
        form: &Form,
    ) -> std::result::Result<SemaphorePermit<'_>, NotTaken> {
        if !self.is_own(asked.visit, form) {
            return Err(NotTaken::Foreign);
        }
        let name = app.or(form.get("app")).unwrap_or_default();
        if !asked.visit.may(Act::Deploy, Some(name)) {
            return Err(NotTaken::NotAllowed(name.to_owned()));
        }
        let busy = |_| OperationError::unavailable("another component is being uploaded: try again in a moment");
        Ok(self.uploads.try_acquire().map_err(busy)?)
    }

    /// Stores the component and leaves the order to deploy it, as a client of the admin API does.
    async fn order(&self, asked: &Asked<'_>, name: &str, is_new: bool, form: &Form) -> Result<DeploymentView> {
        if form.file.is_empty() {
            return Err(OperationError::invalid("choose a component: a file that ends in .wasm"));
        }
        let deploy = DeployRequest {
            note: form.get("note").map(str::to_owned),
            canary: form.number("canary")?,
            smoke: SmokeRequest { path: form.get("smoke").map(str::to_owned), skip: false },
            ..DeployRequest::default()
        };
        if is_new && self.has_app(name).await? {
            return Err(OperationError::conflict(format!(
                "there is an app {name} already: deploy the next version of it from its own page"
            )));
        }
        let (authority, sees_all) = (&asked.visit.authority, asked.visit.may(Act::Apps, None));
        let uploader = Uploader { owner: authority.token.as_str(), sees_all };
        let size = u64::try_from(form.file.len()).unwrap_or(u64::MAX);
        let request = UploadRequest { sha256: hex(&Sha256::digest(&form.file)), size, engine: None };
        let mut upload = self.operations.begin_upload(uploader, name, &request).await?;
        while let (Some(id), false) = (&upload.id, upload.complete) {
            let from = usize::try_from(upload.offset).unwrap_or(usize::MAX).min(form.file.len());
            let piece = form.file.slice(from..from.saturating_add(PIECE_BYTES).min(form.file.len()));
            upload = self.operations.add_piece(name, id, upload.offset, &piece).await?;
        }
        let token = match &authority.token {
            TokenId::Root => None,
            TokenId::Registered(id) => Some(id.clone()),
        };
        let order = Order { actor: authority.actor.clone(), token, sees_all, key: None };
        let request = DeploymentRequest { sha256: request.sha256, native: None, deploy };
        self.queue.submit(order, name, request).await
    }

    async fn has_app(&self, name: &str) -> Result<bool> {
        match self.operations.app(name).await {
            Ok(_) => Ok(true),
            Err(error) if error.kind == ErrorKind::NotFound => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Waits for a deployment as long as a router waits for an answer. It goes on without anybody
    /// who waits, and the page that is shown then says how far it is.
    async fn outcome(
        &self,
        asked: &Asked<'_>,
        app: Option<&str>,
        form: &Form,
        ordered: DeploymentView,
    ) -> Response<Body> {
        let began = Instant::now();
        let (name, id) = (&ordered.app, &ordered.id);
        while began.elapsed() < PATIENCE {
            tokio::time::sleep(GLANCE).await;
            let Ok(view) = self.operations.deployment(name, id).await else { continue };
            match view.state {
                DeploymentState::Waiting | DeploymentState::Running => {}
                DeploymentState::Done => {
                    let done = view.deployed.as_ref().map(done).unwrap_or_default();
                    return see_other(&format!("{BASE}/apps/{name}?done={done}"));
                }
                DeploymentState::Failed => {
                    // Whoever tries again chooses a file again.
                    drop(self.operations.forget_upload(name, &Sha256::digest(&form.file)).await);
                    let broken = || OperationError::new(ErrorKind::Internal, "the deployment was broken off");
                    return self.not_deployed(asked, app, form, &view.error.unwrap_or_else(broken)).await;
                }
            }
        }
        match app {
            Some(name) => see_other(&format!("{BASE}/apps/{name}?deployment={id}")),
            None => see_other(&format!("{HOME}?new={name}&deployment={id}")),
        }
    }

    async fn not_deployed(
        &self,
        asked: &Asked<'_>,
        app: Option<&str>,
        form: &Form,
        error: &OperationError,
    ) -> Response<Body> {
        let found = match app {
            Some(name) => self.operations.app(name).await.ok(),
            None => None,
        };
        let tried = deploy::Tried { form, problem: error };
        html(status(error.kind), deploy::page(asked.visit, found.as_ref(), Some(&tried)))
    }
}

/// What was done, as it stands in an address.
pub(super) fn done(deployed: &Deployed) -> String {
    let kind = if deployed.canary.is_some() { "canary" } else { "active" };
    format!("{kind}-{}", deployed.version)
}
