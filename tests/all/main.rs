//! All integration tests, in one binary: every test speaks to the built `innkeeper` from outside.
//!
//! `tests/run` builds what is needed and runs them. One engine only: `cargo test -p innkeeper-tests sqlite::`.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

/// Runs each case on both databases: `case(Engine)` becomes the tests `postgres::case` and `sqlite::case`.
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

/// Cases that the host does not pass yet, run on both databases all the same.
///
/// Each is expected to fail, and on the day it passes its test fails: then it moves to `on_both_databases!`.
macro_rules! not_yet_on_both_databases {
    ($($case:ident),+ $(,)?) => {
        mod not_yet_on_postgres {
            $(
                #[tokio::test(flavor = "multi_thread")]
                async fn $case() {
                    crate::expect_failure(super::$case(support::Engine::Postgres)).await;
                }
            )+
        }

        mod not_yet_on_sqlite {
            $(
                #[tokio::test(flavor = "multi_thread")]
                async fn $case() {
                    crate::expect_failure(super::$case(support::Engine::Sqlite)).await;
                }
            )+
        }
    };
}

mod blobs;
mod commands;
mod crashes;
mod database_trouble;
mod db;
mod drills;
mod guestbook;
mod harness;
mod hostile;
mod layers;
mod migrate_command;
mod moving;
mod names;
mod requests;
mod schemas;
mod serving;
mod sessions;
mod tiers;
mod unit_of_work;

/// Panics if the case does not.
async fn expect_failure(case: impl Future<Output = ()>) {
    let mut case = std::pin::pin!(case);
    let end = std::future::poll_fn(|context| {
        let poll = || case.as_mut().poll(context);
        match std::panic::catch_unwind(std::panic::AssertUnwindSafe(poll)) {
            Ok(poll) => poll.map(Ok),
            Err(panic) => std::task::Poll::Ready(Err(panic)),
        }
    });
    assert!(end.await.is_err(), "the host has learned this: move the case to `on_both_databases!`");
}
