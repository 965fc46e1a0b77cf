//! The dashboard of the operator: pages about all apps, in any browser, without a script.
//!
//! It only calls `operations` and reads what `telemetry` keeps. Whoever shows a token gets a short
//! session (`session`), which no guest sees. Each change is a form that brings along a key of the
//! session and comes from the dashboard's own pages (`origin`). Without a session there is nothing
//! but the form for the token.

mod acts;
mod cookie;
mod ended;
mod form;
mod looks;
mod origin;
mod page;
mod pages;
mod response;
mod session;
mod sign_in_form;
mod uploads;
mod view;
mod visit;

pub(super) use page::is_dashboards;

use page::HOME;

use super::admin::auth::{Authenticator, Refusal};
use super::admin::seconds as whole_seconds;
use super::body::Body;
use crate::config::Secret;
use crate::guests::Registry;
use crate::operations::{DeployQueue, Operations};
use crate::storage::registry::Actor;
use crate::storage::{Error, now_micros};
use ended::EndedSessions;
use form::Form;
use http::header::{ALLOW, HOST, HeaderValue, RETRY_AFTER, SET_COOKIE};
use http::request::Parts;
use http::{HeaderMap, Method, Request, Response, StatusCode};
use hyper::body::Incoming;
use page::{Page, parameter};
use pages::{trouble, who_are_you};
use session::Session;
use sign_in_form::SignInForm;
use std::net::IpAddr;
use std::sync::Arc;
use tokio::sync::Semaphore;
use visit::{Asked, Visit, fingerprint};
use who_are_you::Problem;

/// Uploads at once: each has a component in memory.
const UPLOADS: usize = 1;

/// Answers requests for pages of the dashboard.
#[derive(Debug)]
pub(super) struct Dashboard {
    registry: Arc<Registry>,
    operations: Operations,
    queue: DeployQueue,
    uploads: Semaphore,
    ended: EndedSessions,
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

/// The answer to whoever opens the host name that is the dashboard's alone.
pub(super) fn here() -> Response<Body> {
    response::see_other(HOME)
}

impl Dashboard {
    /// A dashboard over a registry. Deployments go through `queue`, as those of the admin API do.
    pub(super) fn new(registry: Arc<Registry>, queue: DeployQueue) -> Self {
        let operations = Operations::new(Arc::clone(&registry));
        Self { registry, operations, queue, uploads: Semaphore::new(UPLOADS), ended: EndedSessions::default() }
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
            Page::SignIn => self.ask_for_token(&head, client).await,
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
            // The browser has kept the cookie back, since a link of another site leads here. It
            // comes along when this page asks for the same address.
            Ok(None) if head.method != Method::POST && origin::is_from_elsewhere(&head.headers) => {
                return response::once_more(&head.uri);
            }
            Ok(None) => return who_are_you::come_in(head),
            Err(error) => return trouble::unavailable(&error.to_string()),
        };
        let asked = Asked { head, client, visit: &visit };
        let mut response = if head.method == Method::POST {
            Box::pin(self.act(&asked, body, &page)).await
        } else {
            Box::pin(self.look(&asked, &page)).await
        };
        // A page that loads itself again is no use of the session.
        let is_used = head.method == Method::POST || parameter(head.uri.query(), "live").is_none();
        let renewed = visit.session.renewed(seconds(visit.now)).filter(|_| is_used);
        if let Some(session) = renewed.filter(|_| !response.headers().contains_key(SET_COOKIE)) {
            self.set_cookie(&mut response, &session, client);
        }
        response
    }

    /// Who comes; none where they have not signed in, or their token stands no more.
    async fn visit(&self, head: &Parts, client: Client<'_>) -> crate::storage::Result<Option<Visit>> {
        let keyring = self.registry.keyring();
        let values = session::COOKIE.values(&head.headers, client.https);
        let are_unknown = || values.iter().any(|value| Session::has_unknown_key(value, keyring));
        if are_unknown() {
            self.registry.ask_for_keys(|| !are_unknown()).await;
        }
        let now = now_micros();
        let auth = client.authenticator;
        let read = |value: &&str| Session::read(value, keyring, seconds(now), |token| fingerprint(auth, token));
        // Of what others may have planted none is sealed.
        let mut sessions: Vec<Session> = values.iter().filter_map(read).collect();
        sessions.dedup_by_key(|session| session.id());
        let Ok([session]) = <[Session; 1]>::try_from(sessions) else { return Ok(None) };
        let (database, id) = (self.registry.database(), session.id());
        let (authority, has_ended) =
            tokio::join!(auth.by_id(&session.token, client.address), self.ended.contains(database, &id));
        let authority = match authority {
            Ok(authority) => authority,
            Err(Refusal::Unavailable) => return Err(Error::unavailable("the database does not answer")),
            Err(refusal) => {
                auth.refusals().not_let_in(&refusal, client.address, &visit::describe(head));
                return Ok(None);
            }
        };
        if has_ended? {
            return Ok(None);
        }
        let form_key = session.form_key(keyring)?;
        Ok(Some(Visit { authority, session, form_key, now }))
    }

    async fn ask_for_token(&self, head: &Parts, client: Client<'_>) -> Response<Body> {
        if let Ok(Some(_)) = self.visit(head, client).await {
            return response::see_other(page::safe_return(parameter(head.uri.query(), "to").as_deref()));
        }
        let several = session::COOKIE.values(&head.headers, client.https).len() > 1;
        self.form_for_token(head, client, None, several.then_some(Problem::SeveralCookies))
    }

    fn form_for_token(
        &self,
        head: &Parts,
        client: Client<'_>,
        form: Option<&Form>,
        problem: Option<Problem<'_>>,
    ) -> Response<Body> {
        let made = SignInForm::new(self.registry.keyring(), &head.headers, client.https, client.address);
        let own = match made {
            Ok(own) => own,
            Err(error) => return trouble::unavailable(&error.to_string()),
        };
        let asked = parameter(head.uri.query(), "to");
        let to = form.map_or(asked.as_deref(), |form| form.get("to"));
        let mut response = who_are_you::page(to, &own.key, problem.as_ref());
        response.headers_mut().extend(own.cookie.map(|cookie| (SET_COOKIE, cookie)));
        if let Some(Problem::Refused(Refusal::TooMany(wait))) = problem {
            response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(whole_seconds(*wait)));
        }
        response
    }

    async fn sign_in(&self, head: &Parts, body: Incoming, client: Client<'_>) -> Response<Body> {
        let form = match form::read(&head.headers, body).await {
            Ok(form) => form,
            Err(problem) => return trouble::unreadable(&problem.message),
        };
        if let Ok(Some(visit)) = self.visit(head, client).await {
            return trouble::signed_in_already(&visit);
        }
        let (keyring, key) = (self.registry.keyring(), form.get("key").unwrap_or_default());
        if !sign_in_form::is_own(keyring, &head.headers, client.https, client.address, key) {
            return self.form_for_token(head, client, Some(&form), Some(Problem::Stale));
        }
        let (auth, shown) = (client.authenticator, Secret::new(form.get("token").unwrap_or_default()));
        let authority = match auth.by_token(&shown, client.address).await {
            Ok(authority) => authority,
            Err(refusal) => {
                auth.refusals().not_let_in(&refusal, client.address, &visit::describe(head));
                // Without a root token only a token of the registry could be meant.
                let is_off = refusal == Refusal::Wrong && auth.is_switched_off_for(&shown);
                let problem = if is_off { Problem::SwitchedOff } else { Problem::Refused(&refusal) };
                return self.form_for_token(head, client, Some(&form), Some(problem));
            }
        };
        let session = match Session::begin(authority.token.clone(), seconds(now_micros())) {
            Ok(session) => session,
            Err(error) => return trouble::unavailable(&error.to_string()),
        };
        self.note(&authority.actor, "sign in").await;
        let mut response = response::see_other(page::safe_return(form.get("to")));
        self.set_cookie(&mut response, &session, client);
        response.headers_mut().append(SET_COOKIE, sign_in_form::COOKIE.clear(client.https));
        response
    }

    fn set_cookie(&self, response: &mut Response<Body>, session: &Session, client: Client<'_>) {
        let fingerprint = fingerprint(client.authenticator, &session.token);
        match session.cookie(self.registry.keyring(), &fingerprint, client.https) {
            Ok(cookie) => drop(response.headers_mut().append(SET_COOKIE, cookie)),
            Err(error) => *response = trouble::unavailable(&error.to_string()),
        }
    }

    /// Writes down what changes nothing in the registry. A database that takes no writes is no
    /// reason not to look at it.
    async fn note(&self, actor: &Actor, action: &str) {
        if let Err(error) = self.operations.note(actor, action, None, "dashboard", "ok").await {
            tracing::warn!(by = actor.name, "{action} is not in the audit log: {error}");
        }
    }
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
