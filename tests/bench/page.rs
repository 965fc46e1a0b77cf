//! A page as web apps have them: the session is loaded, a row written, a row read, the session
//! saved, all committed.

use crate::contender::{OTHER, POOL_SIZE, innkeeper, other_innkeeper, twin};
use crate::group::{Aim, Group};
use crate::setup::Setup;
use crate::visitor::Answers;

const TWIN: &str = "axum + sqlx";
const INNKEEPER: &str = "innkeeper";

/// Measures it on each database. Returns the number of wrong answers.
pub async fn run(setup: &Setup) -> anyhow::Result<usize> {
    let on_postgres = on_postgres(setup).await?;
    let normal = on_sqlite(setup, "page on SQLite, synchronous = normal", false).await?;
    let full = on_sqlite(setup, "page on SQLite, synchronous = full", true).await?;
    Ok(on_postgres + normal + full)
}

async fn on_postgres(setup: &Setup) -> anyhow::Result<usize> {
    let (ours, twins) = (setup.postgres.database("page").await?, setup.postgres.database("page_twin").await?);
    let others = setup.postgres.database("page_other").await?;
    let pool = [("INNKEEPER_POOL_SIZE", POOL_SIZE)];
    let mut group = Group::new(setup, "page on Postgres, pools of 16 connections", Answers::Visits);
    group.add(TWIN, twin(Some(&twins), &[]).await?).await?;
    group.add(INNKEEPER, innkeeper(setup, "page", Some(&ours), &pool, "/").await?).await?;
    group.add_if_any(OTHER, other_innkeeper(setup, "page", Some(&others), &pool, "/").await?).await?;
    group.measure(&[Aim { of: INNKEEPER, over: TWIN, least: 1.0 }]).await
}

/// Who runs the host with `normal` has chosen speed; `full` is its default.
async fn on_sqlite(setup: &Setup, title: &'static str, full: bool) -> anyhow::Result<usize> {
    let synchronous = [("INNKEEPER_SQLITE_SYNCHRONOUS", if full { "full" } else { "normal" })];
    let flags: &[&str] = if full { &["--full"] } else { &[] };
    let aims = [Aim { of: INNKEEPER, over: TWIN, least: 3.0 }];
    let mut group = Group::new(setup, title, Answers::Visits);
    group.add(TWIN, twin(Some("sqlite:twin.sqlite"), flags).await?).await?;
    group.add(INNKEEPER, innkeeper(setup, "page", None, &synchronous, "/").await?).await?;
    group.add_if_any(OTHER, other_innkeeper(setup, "page", None, &synchronous, "/").await?).await?;
    // Where every commit waits for the disk, the disk decides.
    group.measure(if full { &[] } else { &aims }).await
}
