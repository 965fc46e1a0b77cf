//! All integration tests, in one binary: every test speaks to the built `innkeeper` from outside.
//!
//! `tests/run` builds what is needed and runs them. One engine only: `cargo test -p innkeeper-tests
//! sqlite::`.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

/// Runs each case on both databases: `case(Engine)` becomes the tests `postgres::case` and
/// `sqlite::case`.
///
/// A case that is missing from the list is dead code, which the compiler reports.
macro_rules! on_both_databases {
    ($($case:ident),+ $(,)?) => {
        mod postgres {
            $(
                #[tokio::test(flavor = "multi_thread")]
                async fn $case() {
                    super::$case(support::Engine::Postgres).await;
                }
            )+
        }

        mod sqlite {
            $(
                #[tokio::test(flavor = "multi_thread")]
                async fn $case() {
                    super::$case(support::Engine::Sqlite).await;
                }
            )+
        }
    };
}

mod admin;
mod blobs;
mod bodies;
mod clients;
mod commands;
mod cors;
mod crashes;
mod crowds;
mod dashboard;
mod database_trouble;
mod db;
mod dev;
mod disk;
mod drills;
mod fairness;
mod growth;
mod guestbook;
mod harness;
mod hostile;
mod inspecting;
mod kills;
mod layers;
mod leaving;
mod migrate_command;
mod moving;
mod names;
mod native;
mod operator;
mod plain;
mod platform;
mod promises;
mod requests;
mod schemas;
mod serving;
mod sessions;
mod starting;
mod swapping;
mod templates;
mod terminal;
mod tiers;
mod unit_of_work;
mod units;
mod uploads;
mod wrapping;
