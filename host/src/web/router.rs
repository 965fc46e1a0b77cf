//! What a request is for: the host's own routes first, then the app's.

use super::admin::auth::{CHALLENGE, Refusal as NotAdmitted};
use super::admin::{self, Admin};
use super::body::{Body, full};
use super::cors::{Cors, Endpoint};
use super::dashboard::{self, Dashboard};
use super::development::{self, Development, NotBuilt, PageVisit};
use super::dispatch::{Arrival, Dispatcher};
use super::front::{self, ClientInfo, Refusal};
use super::https;
use super::leaving::Leaving;
use super::metrics::Figures;
use super::opener_policy;
use super::operator::{self, Operator};
use super::pages::{self, Problem, Reader};
use super::refusals::Refused;
use super::request_log::Line;
use super::server::ServerSettings;
use super::starting::Waiters;
use super::uploads::Desk;
use super::visitor_part::VisitorPart;
use super::{closed, downloads, uploads};
use crate::config::HttpsRule;
use crate::guests::admission::Client;
use crate::guests::routes::Room;
use crate::guests::{Absence, Closed, Guest, Registry, Why};
use crate::operations::Scope;
use crate::telemetry::metrics;
use crate::telemetry::recent::{self, Ending};
use http::header::{HOST, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderMap, Request, Response, StatusCode};
use hyper::body::Incoming;
use std::net::IpAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Instant;

/// Everything below this path is the host's.
const HOST_ROUTES: &str = "/_innkeeper";
/// Where the figures are, for the audit log.
const METRICS: &str = "/_innkeeper/metrics";
/// Stands in the log for a path that is not to be read there.
const HIDDEN: &str = "(hidden)";

/// Answers requests.
#[derive(Debug)]
pub(super) struct Router {
    pub(super) registry: Arc<Registry>,
    pub(super) dispatcher: Dispatcher,
    desk: Desk,
    dashboard: Dashboard,
    leaving: Leaving,
    pub(super) trust_proxy: bool,
    https: HttpsRule,
    operator: Operator,
    admin: Admin,
    figures: Figures,
    ids: https::RequestIds,
    waiters: Waiters,
    /// See [`ServerSettings::dashboard_host`].
    dashboard_host: Option<String>,
    /// See [`ServerSettings::development`].
    development: Option<Arc<Development>>,
}

impl Router {
    /// A router over the live registry.
    pub(super) fn new(
        registry: Arc<Registry>,
        dispatcher: Dispatcher,
        desk: Desk,
        dashboard: Dashboard,
        leaving: Leaving,
        admin: Admin,
        settings: &ServerSettings,
    ) -> Self {
        Self {
            registry,
            dispatcher,
            desk,
            dashboard,
            leaving,
            trust_proxy: settings.trust_proxy,
            https: settings.https,
            operator: Operator::new(settings.admin_token.as_ref()),
            admin,
            figures: Figures::default(),
            ids: https::RequestIds::new(),
            waiters: Waiters::new(settings.connections),
            dashboard_host: settings.dashboard_host.clone(),
            development: settings.development.clone(),
        }
    }

    /// Answers one request, which has come from the address `peer`, and writes its line into the
    /// log. A guest ends where `client_left` resolves before it has set its answer.
    pub(super) async fn answer(
        &self,
        mut request: Request<Incoming>,
        peer: IpAddr,
        client_left: impl Future<Output = ()>,
    ) -> Response<Body> {
        let began = Instant::now();
        let mut client = ClientInfo::new(request.headers(), self.trust_proxy);
        let request_id = client.request_id.clone().unwrap_or_else(|| self.ids.next());
        if let Some(refusal) = front::refusal(&request) {
            metrics::request("", refusal.status().as_u16(), began.elapsed());
            return refuse(refusal, &request_id);
        }
        front::complete_host(&mut request);
        let who = Client::at(*client.address.get_or_insert(peer));
        let (reader, is_misplaced) =
            (Reader::of(request.headers()), self.operator.is_in_path(request.uri().path()));
        let path = if is_misplaced { HIDDEN } else { request.uri().path() };
        let line = Line { method: request.method().clone(), path: path.to_owned() };
        let visit = self.development.as_ref().map(|development| PageVisit::begin(development, &mut request));
        let found = if is_misplaced { Err(Route::Misplaced) } else { self.find_in_time(&request, &client).await };
        let waited = began.elapsed();
        // Without a router nothing is made up.
        if self.trust_proxy {
            https::name_request(request.headers_mut(), &request_id);
        }
        let (found, part) = choose(unless_not_built(found, visit.as_ref()), request.headers_mut());
        let overheard = visit.as_ref().map(PageVisit::overheard);
        let cors = self.cors(&found, &request);
        let trace = line.trace(&found, &request, client.scheme_https, &request_id);
        let answering = pin!(trace.carried(&request_id).scope(async {
            if let Some(preflight) = cors.as_ref().and_then(|cors| cors.preflight(&request)) {
                return Ok(preflight);
            }
            match &found {
                Ok(guest) => {
                    self.operator.hide(&mut request)?;
                    let arrival = Arrival { client: &client, who, request_id: &request_id, waited, overheard };
                    self.dispatcher.dispatch(guest, request, arrival, client_left).await
                }
                Err(route) => Box::pin(self.answer_without_guest(route, request, &client, peer)).await,
            }
        }));
        let answered = self.leaving.in_time(answering).await;
        let (ending, reason) = how_it_ended(&answered);
        let mut response = match &visit {
            Some(visit) => visit.show(answered, &found, &request_id, reader).await,
            None => answered.unwrap_or_else(|problem| problem.answer(&request_id, reader)),
        };
        self.leaving.mark(response.headers_mut());
        https::mark(response.headers_mut(), &request_id, &client, self.https);
        if let Some(part) = part {
            part.tell(response.headers_mut(), client.scheme_https);
        }
        if let Some(cors) = &cors {
            cors.mark(response.headers_mut());
        }
        if let Ok(guest) = &found {
            if self.dashboard_host.is_none() {
                opener_policy::loosen(response.headers_mut());
            }
            recent::note(guest.app.space.app(), guest.version, ending, began.elapsed());
        }
        line.log(found.as_deref().ok(), response.status(), began, &request_id, reason.as_deref(), trace);
        response
    }

    async fn answer_without_guest(
        &self,
        route: &Route,
        request: Request<Incoming>,
        client: &ClientInfo,
        peer: IpAddr,
    ) -> Result<Response<Body>, Problem> {
        let address = client.address.unwrap_or(peer);
        match route {
            Route::Misplaced => Err(operator::misplaced()),
            Route::Https(location) => Ok(https::redirect(location)),
            Route::Host(response) => Ok(response()),
            Route::NotBuilt(page) => Ok(page.answer()),
            Route::Development(development) => Ok(development.answer(&request, self.leaving.begun())),
            Route::Ready => Ok(self.ready().await),
            Route::File(Endpoint::Downloads) => {
                downloads::respond(&self.registry, &request, Client::at(address)).await
            }
            Route::File(Endpoint::Uploads) => {
                uploads::respond(&self.registry, request, Client::at(address), &self.desk).await
            }
            Route::Metrics => Ok(self.metrics(&request, address).await),
            Route::Admin => {
                let path = request.uri().path().strip_prefix(HOST_ROUTES).unwrap_or_default().to_owned();
                Ok(self.admin.answer(&path, request, address).await)
            }
            Route::Dashboard => {
                let client =
                    dashboard::Client { https: client.scheme_https, address, authenticator: &self.admin.auth };
                Ok(self.dashboard.answer(request, client).await)
            }
            Route::Absent(absence) => Err(closed::absent(absence)),
            Route::Closed(closed) => Err(closed::closed(closed)),
        }
    }

    fn cors(&self, found: &Result<Arc<Guest>, Route>, request: &Request<Incoming>) -> Option<Cors> {
        let Err(Route::File(endpoint)) = found else { return None };
        Cors::of(*endpoint, request, &self.registry)
    }

    /// Who answers a request: nobody here where it belongs to https, and an app that is being
    /// loaded after a while.
    async fn find_in_time(&self, request: &Request<Incoming>, client: &ClientInfo) -> Result<Arc<Guest>, Route> {
        match https::elsewhere(request, client, self.https, self.trust_proxy) {
            Some(location) => Err(Route::Https(location)),
            None => {
                let changed = || self.registry.changed();
                self.waiters.once_loaded(changed, || self.find(request), starting).await
            }
        }
    }

    fn find(&self, request: &Request<Incoming>) -> Result<Arc<Guest>, Route> {
        let path = request.uri().path();
        let host = request.headers().get(HOST).and_then(|host| host.to_str().ok()).and_then(front::normalise_host);
        let is_host_route = |rest: &&str| rest.is_empty() || rest.starts_with('/');
        if let Some(rest) = path.strip_prefix(HOST_ROUTES).filter(is_host_route) {
            return Err(self.host_route(host.as_deref(), rest));
        }
        if self.is_dashboards(host.as_deref()) {
            return Err(Route::Host(if path == "/" { dashboard::here } else { no_app }));
        }
        // Before the routes: those of a list that has been read since would be missed.
        let is_loaded = self.registry.is_loaded();
        let routes = self.registry.routes();
        match routes.find(host.as_deref(), path) {
            Some(Room::Open(guest)) => Ok(Arc::clone(guest)),
            Some(Room::Closed(closed)) => Err(Route::Closed(Arc::clone(closed))),
            None => Err(match self.registry.absence() {
                Some(absence) => Route::Absent(absence),
                None if !is_loaded => Route::Absent(Absence::Starting),
                None if routes.is_empty() => Route::Host(pages::welcome),
                None => Route::Host(no_app),
            }),
        }
    }

    /// Whether a host name is the dashboard's alone.
    fn is_dashboards(&self, host: Option<&str>) -> bool {
        self.dashboard_host.is_some() && self.dashboard_host.as_deref() == host
    }

    /// Where the dashboard has a host name, it answers nowhere else, and nothing that an app has
    /// made is sent from there.
    fn host_route(&self, host: Option<&str>, rest: &str) -> Route {
        if let Some(development) = self.development.as_ref().filter(|_| rest.starts_with(development::BELOW)) {
            return Route::Development(Arc::clone(development));
        }
        match host_route(rest) {
            Route::Dashboard if self.dashboard_host.is_some() && !self.is_dashboards(host) => {
                Route::Host(dashboard_is_elsewhere)
            }
            Route::File(_) if self.is_dashboards(host) => Route::Host(no_app),
            route => route,
        }
    }

    /// The figures, for who may look at everything.
    async fn metrics(&self, request: &Request<Incoming>, address: IpAddr) -> Response<Body> {
        let (auth, asked) = (&self.admin.auth, format!("{} {METRICS}", request.method()));
        match auth.by_headers(request.headers(), address).await {
            Ok(authority) if authority.allows(&Scope::Read) => {
                self.figures.answer(request.method(), &self.registry).await
            }
            Ok(authority) => {
                let result = "403: this token lacks the scope read";
                let refused = Refused { action: "metrics", app: None, asked: &asked, result };
                auth.refusals().note(&authority.actor, refused);
                pages::plain(StatusCode::FORBIDDEN, "this token lacks the scope read\n")
            }
            Err(refusal) => {
                auth.refusals().not_let_in(&refusal, address, &asked);
                metrics_refused(&refusal, auth.has_root())
            }
        }
    }

    /// Whether requests can be served: the apps have been loaded and the database answers. Else
    /// what is waited for.
    async fn ready(&self) -> Response<Body> {
        if let Some(what) = closed::waiting_for(&self.registry) {
            let mut response = pages::plain(StatusCode::SERVICE_UNAVAILABLE, format!("{what}\n"));
            response.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("1"));
            return response;
        }
        match self.registry.database().ping().await {
            Ok(()) => pages::plain(StatusCode::OK, format!("ready\n{}{}", self.disk(), self.problems())),
            Err(_) => pages::plain(StatusCode::SERVICE_UNAVAILABLE, "the database does not answer\n"),
        }
    }

    /// A line for each app that is not served as the registry says, and one where the registry
    /// cannot be read. Everybody may ask, so the reasons are for the log and the operator.
    fn problems(&self) -> String {
        let text = "the registry cannot be read, so apps are served as they were; the log has the reason\n";
        let outage = self.registry.outage().map(|_| text.to_owned());
        let problems = self.registry.host_state().problems;
        let line = |app: &String| format!("app {app}: not served as the registry says; the log has the reason\n");
        outage.into_iter().chain(problems.keys().map(line)).collect()
    }

    /// A line about the disk of SQLite's files. One that is full or read-only still serves.
    fn disk(&self) -> String {
        let Some((_, disk)) = self.registry.database().disk() else { return String::new() };
        format!("disk: {disk}\n")
    }
}

fn metrics_refused(refusal: &NotAdmitted, has_root: bool) -> Response<Body> {
    let hint = match has_root {
        true => "wanted: the header Authorization: Bearer INNKEEPER_ADMIN_TOKEN, or a token with the scope read",
        false => {
            "switched off: set INNKEEPER_ADMIN_TOKEN to at least 32 random characters, for example from `openssl rand -hex 32`, \
             or show a token of `innkeeper token create --scope read`"
        }
    };
    let (status, text) = match refusal {
        NotAdmitted::Missing | NotAdmitted::Wrong if !has_root => (StatusCode::NOT_FOUND, hint),
        NotAdmitted::Missing | NotAdmitted::Wrong => (StatusCode::UNAUTHORIZED, hint),
        NotAdmitted::Ended(_) => (StatusCode::UNAUTHORIZED, refusal.message()),
        NotAdmitted::TooMany(_) => (StatusCode::TOO_MANY_REQUESTS, refusal.message()),
        NotAdmitted::Unavailable => (StatusCode::SERVICE_UNAVAILABLE, refusal.message()),
    };
    let mut response = pages::plain(status, format!("{text}\n"));
    let headers = response.headers_mut();
    match refusal {
        _ if status == StatusCode::UNAUTHORIZED => drop(headers.insert(WWW_AUTHENTICATE, CHALLENGE)),
        NotAdmitted::TooMany(wait) => drop(headers.insert(RETRY_AFTER, HeaderValue::from(admin::seconds(*wait)))),
        NotAdmitted::Unavailable => drop(headers.insert(RETRY_AFTER, HeaderValue::from_static("2"))),
        _ => {}
    }
    response
}

/// For the figures, and for the log.
fn how_it_ended(answered: &Result<Response<Body>, Problem>) -> (Ending, Option<String>) {
    match answered {
        Ok(response) => (Ending::Answered(response.status().as_u16()), None),
        Err(problem) => (problem.counted(), Some(problem.reason.clone())),
    }
}

/// Where an app has a canary, the version that answers this visitor.
fn choose(
    found: Result<Arc<Guest>, Route>,
    headers: &mut HeaderMap,
) -> (Result<Arc<Guest>, Route>, Option<VisitorPart>) {
    let Ok(guest) = found else { return (found, None) };
    let mut part = VisitorPart::take(headers);
    match guest.canary() {
        None => (Ok(guest), None),
        Some(canary) if part.is_for(&canary) => (Ok(Arc::clone(&canary.guest)), Some(part)),
        Some(_) => (Ok(guest), Some(part)),
    }
}

/// While an app is being developed, why it could not be built, in place of what was built before.
fn unless_not_built(found: Result<Arc<Guest>, Route>, visit: Option<&PageVisit>) -> Result<Arc<Guest>, Route> {
    let page = visit.and_then(|visit| match &found {
        Ok(guest) => visit.not_built(Some(guest)),
        Err(Route::Absent(Absence::BuildFailed)) => visit.not_built(None),
        Err(_) => None,
    });
    page.map_or(found, |page| Err(Route::NotBuilt(page)))
}

/// The app that is being loaded, if that is why nobody answers. Before the registry has been read
/// nobody knows which.
fn starting(found: &Result<Arc<Guest>, Route>) -> Option<String> {
    match found {
        Err(Route::Absent(Absence::Starting)) => Some(String::new()),
        Err(Route::Closed(closed)) if closed.why == Why::Starting => Some(closed.app.clone()),
        _ => None,
    }
}

/// A request that no guest gets.
pub(super) enum Route {
    Host(fn() -> Response<Body>),
    Ready,
    File(Endpoint),
    Metrics,
    /// The admin API.
    Admin,
    Dashboard,
    /// The operator's token stands in the path.
    Misplaced,
    /// The same by https, where the request has come by plain http.
    Https(HeaderValue),
    Absent(Absence),
    Closed(Arc<Closed>),
    /// See [`development`].
    Development(Arc<Development>),
    /// The page that says why an app could not be built.
    NotBuilt(NotBuilt),
}

fn host_route(path: &str) -> Route {
    match path {
        "/live" => Route::Host(|| pages::plain(StatusCode::OK, "alive\n")),
        "/ready" => Route::Ready,
        _ if path.starts_with("/blobs/") => Route::File(Endpoint::Downloads),
        _ if path.starts_with("/uploads/") => Route::File(Endpoint::Uploads),
        "/metrics" => Route::Metrics,
        _ if path.strip_prefix(admin::BELOW).is_some_and(|rest| rest.is_empty() || rest.starts_with('/')) => {
            Route::Admin
        }
        _ if dashboard::is_dashboards(path) => Route::Dashboard,
        _ => Route::Host(|| pages::plain(StatusCode::NOT_FOUND, "no such route of the host\n")),
    }
}

/// The name is not told: whoever looks after the host knows it.
fn dashboard_is_elsewhere() -> Response<Body> {
    let text = "the dashboard answers under the host name in INNKEEPER_DASHBOARD_HOST alone\n";
    pages::plain(StatusCode::NOT_FOUND, text)
}

fn no_app() -> Response<Body> {
    pages::plain(StatusCode::NOT_FOUND, "no app answers here\n")
}

fn refuse(refusal: Refusal, request_id: &str) -> Response<Body> {
    let status = refusal.status().as_u16();
    tracing::info!(target: "request", request_id, status, "refused: {}", refusal.reason());
    refusal.answer().map(full)
}
