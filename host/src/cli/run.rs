//! Serving until a signal says stop: shared by `serve` and `dev`.

use super::setup;
use crate::config::Config;
use crate::guests::{Registry, watch};
use crate::operations::budget;
use crate::web::Server;
use anyhow::Context;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// How long connections that ended irregularly may take to be cleaned up.
const CLOSE: Duration = Duration::from_secs(1);
/// What shells report for a program that SIGINT has ended.
const INTERRUPTED: i32 = 130;

/// Binds an address. First of all, so that a slow database is no reason for the platform to give up
/// on the process.
pub(super) async fn bind(address: SocketAddr) -> anyhow::Result<TcpListener> {
    let listener = TcpListener::bind(address).await.with_context(|| format!("cannot listen on {address}"))?;
    tracing::info!("listening on http://{}", listener.local_addr()?);
    Ok(listener)
}

/// Serves what is in the registry until SIGTERM or SIGINT; `stop` is cancelled then.
pub(super) async fn serve(
    listener: TcpListener,
    registry: Arc<Registry>,
    config: &Config,
    stop: CancellationToken,
) -> anyhow::Result<()> {
    let signals = stop_on_signals(stop.clone())?;
    let notes = config.database.url_notes.iter();
    notes.chain(&config.unknown_variables()).for_each(|note| tracing::warn!("{note}"));
    let watching = tokio::spawn(watch::watch(Arc::clone(&registry), stop.clone()));
    let looking = tokio::spawn(crate::guests::disks::watch(Arc::clone(&registry), stop.clone()));
    let counting = tokio::spawn(budget::warn_once(Arc::clone(&registry)));
    let sweeping = tokio::spawn(crate::guests::sweep::sweep(Arc::clone(&registry), stop.clone()));
    Server::new(listener, Arc::clone(&registry), &setup::server_settings(config)).run(stop).await;
    signals.abort();
    watching.abort();
    looking.abort();
    sweeping.abort();
    counting.abort();
    // What is not cleaned up by then, the server cleans up when its connections are gone.
    let _ = tokio::time::timeout(CLOSE, registry.close()).await;
    tracing::info!("stopped");
    Ok(())
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
        std::process::exit(INTERRUPTED);
    }))
}
