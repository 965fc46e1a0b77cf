//! Serving until a signal says stop: shared by `serve` and `dev`.

use super::telling::Telling;
use crate::config::{Config, HttpsRule};
use crate::guests::{Registry, watch};
use crate::operations::budget;
use crate::telemetry;
use crate::web::{Server, ServerSettings};
use anyhow::Context;
use socket2::{Domain, Protocol, Socket, Type};
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// How long connections that ended irregularly may take to be cleaned up.
const CLOSE: Duration = Duration::from_secs(1);
/// How long telling others that this host has gone may still take when all requests have ended. It
/// began with the signal.
const WATCH_END: Duration = Duration::from_secs(1);
/// Connections that may wait to be accepted: as many as tokio asks for.
const BACKLOG: i32 = 1024;
/// What shells report for a program that SIGINT has ended.
const INTERRUPTED: i32 = 130;

/// Binds an address. First of all, so that a slow database is no reason for the platform to give up
/// on the process.
pub(super) async fn bind(address: SocketAddr) -> anyhow::Result<TcpListener> {
    let listener = TcpListener::bind(address).await.with_context(|| format!("cannot listen on {address}"))?;
    tracing::info!("listening on http://{}", listener.local_addr()?);
    Ok(listener)
}

/// Binds a port at every address of this machine, of both kinds where it has both: a platform may
/// route over either. The same as early as [`bind`].
pub(super) async fn bind_everywhere(port: u16) -> anyhow::Result<TcpListener> {
    match bind_both(port) {
        Ok(listener) => {
            let port = listener.local_addr()?.port();
            tracing::info!("listening on http://0.0.0.0:{port} and http://[::]:{port}");
            Ok(listener)
        }
        // Not every container has IPv6. A port that is taken is taken there, too.
        Err(error) => {
            tracing::debug!("IPv6 is not to be had: {error}");
            bind((Ipv4Addr::UNSPECIFIED, port).into()).await
        }
    }
}

fn bind_both(port: u16) -> std::io::Result<TcpListener> {
    let socket = Socket::new(Domain::IPV6, Type::STREAM, Some(Protocol::TCP))?;
    socket.set_only_v6(false)?;
    // The process before may have left connections that are still being closed.
    socket.set_reuse_address(true)?;
    socket.set_nonblocking(true)?;
    socket.bind(&SocketAddr::from((Ipv6Addr::UNSPECIFIED, port)).into())?;
    socket.listen(BACKLOG)?;
    TcpListener::from_std(socket.into())
}

/// Serves what is in the registry until SIGTERM or SIGINT.
pub(super) async fn serve(
    listener: TcpListener,
    registry: Arc<Registry>,
    config: &Config,
    settings: &ServerSettings,
    signals: Signals,
) -> anyhow::Result<()> {
    let Signals { stop, watching: signals } = signals;
    let notes = config.database.url_notes.iter();
    let notes = notes.chain(&config.otlp.notes).cloned().chain(config.variable_notes());
    notes.for_each(|note| tracing::warn!("{note}"));
    if config.web.https != HttpsRule::Off && !config.web.trust_proxy {
        tracing::warn!(
            "INNKEEPER_HTTPS has no effect without INNKEEPER_TRUST_PROXY=1: no router is believed that says how a request came"
        );
    }
    let telling = Telling::begin(config, &registry);
    let watching = tokio::spawn(watch::watch(Arc::clone(&registry), stop.clone()));
    let looking = tokio::spawn(crate::guests::disks::watch(Arc::clone(&registry), stop.clone()));
    let counting = tokio::spawn(budget::warn_once(Arc::clone(&registry)));
    let sweeping = tokio::spawn(crate::guests::sweep::sweep(Arc::clone(&registry), stop.clone()));
    Server::new(listener, Arc::clone(&registry), settings).run(stop).await;
    looking.abort();
    sweeping.abort();
    counting.abort();
    let watch = watching.abort_handle();
    let leave = async {
        let _ = tokio::time::timeout(WATCH_END, watching).await;
        watch.abort();
        // What is not cleaned up by then, the server cleans up when its connections are gone.
        let _ = tokio::time::timeout(CLOSE, registry.close()).await;
    };
    tokio::join!(leave, telling.end());
    signals.abort();
    tracing::info!("stopped");
    Ok(())
}

/// Who listens for SIGTERM and SIGINT.
pub(super) struct Signals {
    /// Cancelled when the first one comes.
    pub(super) stop: CancellationToken,
    watching: JoinHandle<()>,
}

impl Signals {
    /// Called before the port is bound, so that whoever can connect is answered, also if a signal
    /// comes in the next moment.
    pub(super) fn listen() -> anyhow::Result<Self> {
        let stop = CancellationToken::new();
        Ok(Self { watching: stop_on_signals(stop.clone())?, stop })
    }

    /// None: whoever cancels `stop` ends the server.
    pub(super) fn none(stop: CancellationToken) -> Self {
        Self { watching: tokio::spawn(std::future::pending()), stop }
    }
}

/// Platforms may repeat SIGTERM, which changes nothing. A person who presses Ctrl-C again does not
/// want to wait.
fn stop_on_signals(stop: CancellationToken) -> anyhow::Result<JoinHandle<()>> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    Ok(tokio::spawn(async move {
        let by_person = tokio::select! {
            _ = terminate.recv() => false,
            _ = interrupt.recv() => true,
        };
        let hint = if by_person { "; Ctrl-C again stops at once" } else { "" };
        tracing::info!("stopping: requests under way are still answered{hint}");
        stop.cancel();
        interrupt.recv().await;
        tracing::warn!("stopped at once: requests under way were cut off");
        telemetry::end_log();
        std::process::exit(INTERRUPTED);
    }))
}
