//! Binding, accepting, and leaving in good order.

use super::admin::Admin;
use super::admin::auth::Authenticator;
use super::closing;
use super::connections::{self, Connections, Entry};
use super::dashboard::Dashboard;
use super::development::Development;
use super::dispatch::Dispatcher;
use super::front::{self, Guarded, Rules};
use super::leaving::{CountedBody, Leaving};
use super::router::Router;
use super::shared_socket::{End, SharedSocket};
use super::uploads::Desk;
use crate::config::{HttpsRule, Secret};
use crate::guests::Registry;
use futures_util::FutureExt;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// After SIGTERM the router of the platform may connect for another moment.
const STILL_ACCEPTING: Duration = Duration::from_secs(1);
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);
/// Of an answer so much waits in the kernel beside what is on its way.
const UNSENT_BYTES: u32 = 128 << 10;

/// How to serve.
#[derive(Debug, Clone)]
pub struct ServerSettings {
    /// Whether `X-Forwarded-*` come from a router that can be trusted.
    pub trust_proxy: bool,
    /// What becomes of requests that have come by plain http.
    pub https: HttpsRule,
    /// Connections at most.
    pub connections: usize,
    /// With what the operator proves to be the operator; none: what is the operator's is switched
    /// off.
    pub admin_token: Option<Secret>,
    /// The host name that is the dashboard's alone; none: it has every name, beside the apps.
    pub dashboard_host: Option<String>,
    /// The app that is being developed here, and how that stands.
    pub development: Option<Arc<Development>>,
}

/// A server on one address.
pub struct Server {
    listener: TcpListener,
    router: Arc<Router>,
    rules: Rules,
    leaving: Leaving,
    connections: Arc<Connections>,
    tasks: TaskTracker,
}

impl Server {
    /// Serves what the registry holds on a socket that is bound already.
    pub fn new(listener: TcpListener, registry: Arc<Registry>, settings: &ServerSettings) -> Self {
        let tasks = TaskTracker::new();
        let limits = Arc::clone(registry.limits());
        let whole = |bytes: u64| usize::try_from(bytes).unwrap_or(usize::MAX);
        let rules = Rules {
            head_bytes: whole(limits.request_head_bytes),
            headers: whole(u64::from(limits.request_headers)),
            uri_bytes: whole(limits.request_uri_bytes),
            body_rate: limits.body_rate,
            answer_rate: limits.answer_rate,
            ..Rules::default()
        };
        let dispatcher = Dispatcher::new(Arc::clone(registry.memory()), tasks.clone());
        let leaving = Leaving::default();
        let desk = Desk::new(tasks.clone());
        let auth = Authenticator::new(
            settings.admin_token.clone(),
            limits.operator_attempts,
            registry.database().clone(),
            tasks.clone(),
        );
        let admin = Admin::new(Arc::clone(&registry), auth, tasks.clone(), leaving.begun());
        let dashboard = Dashboard::new(Arc::clone(&registry), admin.queue.clone());
        let router =
            Arc::new(Router::new(registry, dispatcher, desk, dashboard, leaving.clone(), admin, settings));
        Self { listener, router, rules, leaving, connections: Connections::new(settings.connections), tasks }
    }

    /// Serves until `stop`, then answers whoever still asks. Returns when all requests have ended,
    /// or when their time is over: some 23 seconds at most after `stop`.
    pub async fn run(self, stop: CancellationToken) {
        self.accept_until(stop.cancelled()).await;
        self.leaving.begin();
        self.accept_until(tokio::time::sleep(STILL_ACCEPTING)).await;
        closing::turn_away_newcomers(&self.listener);
        self.accept_until(tokio::time::sleep(closing::HANDSHAKE)).await;
        while let Some(Ok((socket, address))) = self.listener.accept().now_or_never() {
            self.enter(socket, address);
        }
        drop(self.listener);
        if !self.leaving.drain(&self.tasks).await {
            tracing::warn!("requests were cut off: they did not end in time");
        }
    }

    async fn accept_until(&self, end: impl Future<Output = ()>) {
        tokio::pin!(end);
        loop {
            let accepted = tokio::select! {
                () = &mut end => return,
                accepted = self.listener.accept() => accepted,
            };
            match accepted {
                Ok((socket, address)) => self.enter(socket, address),
                Err(error) => {
                    // Most likely too many open files: connections that wait for a request give
                    // way.
                    self.connections.make_way();
                    tracing::error!("cannot accept a connection: {error}");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            }
        }
    }

    fn enter(&self, socket: TcpStream, address: SocketAddr) {
        match self.connections.enter() {
            Some(entry) => self.serve(socket, address, entry),
            // Best effort: a new socket takes so much at once.
            None => drop(socket.try_write(connections::FULL)),
        }
    }

    fn serve(&self, socket: TcpStream, address: SocketAddr, entry: Entry) {
        // Small answers are not to wait for more.
        let _ = socket.set_nodelay(true);
        // What a slow client has not taken waits here and not in the kernel, where it would be
        // counted nowhere.
        let _ = socket2::SockRef::from(&socket).set_tcp_notsent_lowat(UNSENT_BYTES);
        let router = Arc::clone(&self.router);
        let leaving = self.leaving.clone();
        let rules = self.rules;
        let (socket, watched) = SharedSocket::new(socket, Arc::clone(&entry.presence));
        // Where a socket takes both, addresses of the old kind come in those of the new.
        let peer = address.ip().to_canonical();
        self.tasks.spawn(async move {
            let service = service_fn(|request| {
                let (router, counted) = (Arc::clone(&router), leaving.count_request());
                entry.presence.begin_request();
                let watched = watched.during(End::of(&request, router.trust_proxy));
                async move {
                    let response = router.answer(request, peer, watched.client_left()).await;
                    Ok::<_, Infallible>(response.map(|body| CountedBody::new(body, counted, watched)))
                }
            });
            let socket = Guarded::new(socket, rules).watched_by(Arc::clone(&entry.presence));
            let socket = TokioIo::new(socket);
            let mut builder = front::builder(&rules);
            let connection = builder.timer(TokioTimer::new()).serve_connection(socket, service);
            tokio::pin!(connection);
            let ended = tokio::select! {
                biased;
                ended = connection.as_mut() => ended,
                () = leaving.over() => {
                    connection.as_mut().graceful_shutdown();
                    connection.await
                }
                () = entry.presence.asked_to_go() => {
                    connection.as_mut().graceful_shutdown();
                    match tokio::time::timeout(connections::LAST_HEAD, connection.as_mut()).await {
                        Ok(ended) => ended,
                        // It has sent the beginning of a head and no more, or what it sends is
                        // discarded.
                        Err(_) if entry.presence.waiting_since().is_some() => return,
                        Err(_) => connection.await,
                    }
                }
            };
            if let Err(error) = ended {
                tracing::debug!(%address, "connection: {error}");
            }
        });
    }
}
