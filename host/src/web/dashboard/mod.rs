//! The dashboard of the operator: pages about all apps, in any browser, without a script.
//!
//! It only calls `operations` and reads what `telemetry` keeps. Whoever shows a token gets a short
//! session (`session`), which no guest sees. Each change is a form that brings along a key of the
//! session and comes from the dashboard's own pages (`origin`). Without a session there is nothing
//! but the form for the token.

mod access;
mod acts;
mod form;
mod looks;
mod origin;
mod page;
mod pages;
mod response;
mod session;
mod view;

pub(super) use page::is_dashboards;

use page::HOME;

use super::admin::auth::Authenticator;
use super::body::Body;
use crate::guests::Registry;
use crate::operations::Operations;
use crate::storage::{Error, now_micros};
use access::{Access, Authority, Refusal};
use form::Form;
use http::header::{ALLOW, HOST, HeaderValue, RETRY_AFTER, SET_COOKIE};
use http::request::Parts;
use http::{HeaderMap, Method, Request, Response, StatusCode};
use hyper::body::Incoming;
use page::Page;
use pages::{trouble, who_are_you};
use session::Session;
use std::net::IpAddr;
use std::sync::Arc;
use tokio::sync::Semaphore;
use tokio_util::task::TaskTracker;

/// Uploads at once: each has a component in memory.
const UPLOADS: usize = 1;

/// See the module.
#[derive(Debug)]
pub(super) struct Dashboard {
    registry: Arc<Registry>,
    operations: Operations,
    uploads: Semaphore,
    /// Deployments go on when whoever began them has left.
    tasks: TaskTracker,
}

/// Where a request comes from.
#[derive(Debug, Clone, Copy)]
pub(super) struct Client<'a> {
    /// Whether the browser came by https.
    pub(super) https: bool,
    /// Its address.
    pub(super) address: IpAddr,
    /// Knows tokens.
    pub(super) authenticator: &'a Authenticator,
}

/// A request of somebody who is signed in.
#[derive(Debug)]
struct Visit {
    authority: Authority,
    session: Session,
    /// What its forms bring along.
    form_key: String,
    /// Microseconds since 1970.
    now: i64,
}

impl Dashboard {
    /// A dashboard over a registry.
    pub(super) fn new(registry: Arc<Registry>, tasks: TaskTracker) -> Self {
        let operations = Operations::new(Arc::clone(&registry));
        Self { registry, operations, uploads: Semaphore::new(UPLOADS), tasks }
    }

    /// Answers a request below the dashboard's paths.
    pub(super) async fn answer(&self, request: Request<Incoming>, client: Client<'_>) -> Response<Body> {
        let (head, body) = request.into_parts();
        let Some(page) = Page::at(head.uri.path()) else {
            return match head.uri.path().trim_end_matches('/') {
                path if HOME.starts_with(path) || path == page::BASE => response::see_other(HOME),
                _ => trouble::nothing_here(),
            };
        };
        if let Page::Style(hash) = page {
            return response::style(hash).unwrap_or_else(trouble::nothing_here);
        }
        if let Some(objection) = origin::objection(&head, client.https) {
            return trouble::refused(objection);
        }
        if !client.https && !is_here(&head.headers) {
            return trouble::not_over_http();
        }
        let is_post = head.method == Method::POST;
        if !is_post && ![Method::GET, Method::HEAD].contains(&head.method) {
            return not_allowed();
        }
        match page {
            Page::SignIn if is_post => self.sign_in(&head, body, client).await,
            Page::SignIn => who_are_you::page(&head, None),
            page => self.answer_visit(&head, body, page, client).await,
        }
    }

    async fn answer_visit(
        &self,
        head: &Parts,
        body: Incoming,
        page: Page<'_>,
        client: Client<'_>,
    ) -> Response<Body> {
        let visit = match self.visit(head, client).await {
            Ok(Some(visit)) => visit,
            Ok(None) => return who_are_you::come_in(head),
            Err(error) => return trouble::unavailable(&error.to_string()),
        };
        let mut response = if head.method == Method::POST {
            Box::pin(self.act(head, body, &page, &visit, client)).await
        } else {
            Box::pin(self.look(head, &page, &visit)).await
        };
        let renewed = visit.session.renewed(seconds(visit.now));
        if let Some(session) = renewed.filter(|_| !response.headers().contains_key(SET_COOKIE)) {
            self.set_cookie(&mut response, &session, client);
        }
        response
    }

    /// Who comes; none where they have not signed in, or their token stands no more.
    async fn visit(&self, head: &Parts, client: Client<'_>) -> crate::storage::Result<Option<Visit>> {
        let Some(value) = session::cookie_value(&head.headers, client.https) else { return Ok(None) };
        let keyring = self.registry.keyring();
        if Session::has_unknown_key(value, keyring) {
            self.registry.ask_for_keys(|| !Session::has_unknown_key(value, keyring)).await;
        }
        let access = Access(client.authenticator);
        let now = now_micros();
        let session = Session::read(value, keyring, seconds(now), |token| access.fingerprint(token));
        let Some(session) = session else { return Ok(None) };
        let authority = match access.by_id(&session.token, client.address).await {
            Ok(authority) => authority,
            Err(Refusal::Unavailable) => return Err(Error::unavailable("the database does not answer")),
            Err(_) => return Ok(None),
        };
        let form_key = session.form_key(keyring)?;
        Ok(Some(Visit { authority, session, form_key, now }))
    }

    async fn sign_in(&self, head: &Parts, body: Incoming, client: Client<'_>) -> Response<Body> {
        let form = match form::read(&head.headers, body).await {
            Ok(form) => form,
            Err(problem) => return trouble::refused(&problem),
        };
        let shown = form.get("token").unwrap_or_default();
        let authority = match Access(client.authenticator).by_token(shown, client.address).await {
            Ok(authority) => authority,
            Err(refusal) => return not_let_in(head, &form, &refusal),
        };
        let session = match Session::begin(&authority.token, seconds(now_micros())) {
            Ok(session) => session,
            Err(error) => return trouble::unavailable(&error.to_string()),
        };
        self.note(&authority, "sign in").await;
        let mut response = response::see_other(page::safe_return(form.get("to")));
        self.set_cookie(&mut response, &session, client);
        response
    }

    fn set_cookie(&self, response: &mut Response<Body>, session: &Session, client: Client<'_>) {
        let fingerprint = Access(client.authenticator).fingerprint(&session.token);
        match session.cookie(self.registry.keyring(), &fingerprint, client.https) {
            Ok(cookie) => drop(response.headers_mut().append(SET_COOKIE, cookie)),
            Err(error) => *response = trouble::unavailable(&error.to_string()),
        }
    }

    /// Writes down what changes nothing in the registry. A database that takes no writes is no
    /// reason not to look at it.
    async fn note(&self, authority: &Authority, action: &str) {
        let noted = self.operations.note(&authority.actor, action, None, "dashboard", "ok").await;
        if let Err(error) = noted {
            tracing::warn!(by = authority.actor.name, "{action} is not in the audit log: {error}");
        }
    }
}

fn not_let_in(head: &Parts, form: &Form, refusal: &Refusal) -> Response<Body> {
    let mut response = who_are_you::page(head, Some((form.get("to"), refusal)));
    if let Refusal::TooMany(wait) = refusal {
        let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
        response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds.max(1)));
    }
    response
}

fn not_allowed() -> Response<Body> {
    let mut response = trouble::refused("this address is for GET and POST");
    *response.status_mut() = StatusCode::METHOD_NOT_ALLOWED;
    response.headers_mut().insert(ALLOW, HeaderValue::from_static("GET, HEAD, POST"));
    response
}

/// Whether the browser speaks to its own machine, so that http is as good as https.
fn is_here(headers: &HeaderMap) -> bool {
    let host = headers.get(HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    let Some(url) = url::Url::parse(&format!("http://{host}/")).ok() else { return false };
    match url.host() {
        Some(url::Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

fn seconds(micros: i64) -> u64 {
    u64::try_from(micros / 1_000_000).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn http_is_for_the_browsers_own_machine() {
        for (host, is) in [
            ("127.0.0.1:8080", true),
            ("localhost:5000", true),
            ("shop.localhost", true),
            ("[::1]:80", true),
            ("127.9.9.9", true),
            ("192.168.0.5:8080", false),
            ("inn.example", false),
            ("localhost.evil.example", false),
            ("", false),
        ] {
            let headers = HeaderMap::from_iter([(HOST, HeaderValue::from_static(host))]);
            assert_eq!(is_here(&headers), is, "{host}");
        }
    }
}
