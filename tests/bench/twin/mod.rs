//! The native program that the host is compared with: axum and sqlx, written as a careful author
//! would write it.
//!
//! [`page`] is its handler, [`statements`] the SQL: the same that the host runs for the same page.
//! [`queries`] reads rows and nothing else. [`database`] has the pools of both.

mod database;
mod page;
mod queries;
mod statements;

use std::net::SocketAddr;

use axum::Router;
use axum::routing::get;
use axum::serve::ListenerExt;
use clap::Args;
use database::Database;
use tokio::net::TcpListener;

/// What it serves.
#[derive(Debug, Args)]
pub struct Options {
    /// Where to listen
    #[arg(long)]
    listen: SocketAddr,
    /// The database of the page or of the queries; without it, hello
    #[arg(long)]
    database_url: Option<String>,
    /// Connections to Postgres
    #[arg(long, default_value_t = 16)]
    pool_size: u32,
    /// Let every commit to SQLite wait for the disk
    #[arg(long)]
    full: bool,
    /// Serve queries instead of the page
    #[arg(long)]
    queries: bool,
}

/// Serves until it is killed.
pub async fn serve(options: Options) -> anyhow::Result<()> {
    let router = match &options.database_url {
        None => Router::new().route("/", get(async || "Hello, world!")),
        Some(url) => {
            let database = Database::open(url, options.pool_size, options.full).await?;
            if options.queries { queries::router(database).await? } else { page::router(database).await? }
        }
    };
    let listener = TcpListener::bind(options.listen).await?;
    let listener = listener.tap_io(|stream| {
        let _only_slower = stream.set_nodelay(true);
    });
    Ok(axum::serve(listener, router).await?)
}
