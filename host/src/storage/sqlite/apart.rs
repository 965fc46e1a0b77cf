//! What may take long, on a thread (`threads`), so that whatever it does no runtime worker waits
//! for it.

use super::conn::Conn;
use super::guard::Watch;
use super::lease::{SqliteLease, ended, too_slow};
use super::threads::{self, Place};
use crate::storage::{Code, Error, Result};
use crate::telemetry::metrics;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::oneshot;

/// How long a statement is waited for that should have ended. It may be in one long step of SQLite.
pub(super) const GRACE: Duration = Duration::from_millis(500);

impl SqliteLease {
    /// Runs `work` on one of the threads of the app, for which it waits at most as long as for a
    /// connection.
    pub(super) async fn apart<T: Send + 'static>(
        &mut self,
        guest: bool,
        time: Duration,
        work: impl FnOnce(&Conn) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let began = Instant::now();
        let Some(place) = self.file.statements().place(self.file.wait().min(time)).await else {
            return Err(Error::new(Code::Busy, "other statements of the app that take long keep all its threads"));
        };
        self.heavy = true;
        let result = self.hand_over(Some(place), guest, time.saturating_sub(began.elapsed()), work).await;
        self.judged(result)
    }

    /// Runs `work` of the host on a thread of which there is one for each writer, so that the app's
    /// own statements cannot keep it away.
    pub(super) async fn apart_for_host<T: Send + 'static>(
        &mut self,
        time: Duration,
        work: impl FnOnce(&Conn) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        self.heavy = true;
        let result = self.hand_over(None, false, time, work).await;
        self.judged(result)
    }

    /// Moves the connection to a thread, runs `work` there and takes the connection back. What has
    /// not ended soon after its `time` keeps the connection, the right to write and the place until
    /// it ends.
    async fn hand_over<T: Send + 'static>(
        &mut self,
        place: Option<Place>,
        guest: bool,
        time: Duration,
        work: impl FnOnce(&Conn) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let watch = Arc::clone(self.parts()?.1);
        let held = self.held.take().ok_or_else(ended)?;
        let run = watch.begin(guest, time);
        let mut waiting = Waiting { watch, run, over: false };
        let (answer, answered) = oneshot::channel();
        threads::spawn(move || {
            let (began, file) = (Instant::now(), Arc::clone(&held.file));
            let result = held.watched(work);
            // Where nobody waits any more, the connection goes home from here.
            let left = answer.send((held, result)).is_err();
            let took = began.elapsed();
            if left && took > time + GRACE {
                let (name, took) = (file.name(), took.as_millis());
                tracing::warn!(app = name, "a statement that was given up has ended after {took} ms");
            }
            drop(place);
        })?;
        match tokio::time::timeout(time + GRACE, answered).await {
            Ok(Ok((held, result))) => {
                waiting.over = true;
                self.held = Some(held);
                result
            }
            Ok(Err(_)) => Err(ended()),
            Err(_) => {
                let name = self.file.name();
                metrics::statement_given_up(&name);
                tracing::warn!(
                    app = name,
                    "a statement goes on beyond its time in one step of SQLite: it is given up"
                );
                Err(too_slow())
            }
        }
    }
}

/// Somebody who waits for a thread. When he goes, the thread is told to end.
struct Waiting {
    watch: Arc<Watch>,
    run: u64,
    over: bool,
}

impl Drop for Waiting {
    fn drop(&mut self) {
        if !self.over {
            self.watch.abandon(self.run);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::SqliteFiles;
    use super::*;
    use crate::storage::connection::{Bounds, Control, GuestSql, Isolation};
    use std::sync::mpsc;

    const TIME: Duration = Duration::from_millis(100);
    const BOUNDS: Bounds = Bounds { rows: 100, bytes: 1 << 20, time: Duration::from_secs(60) };

    fn sql(text: &str) -> GuestSql<'_> {
        GuestSql { text, steady: false, growth: crate::storage::statement::Growth::Nothing, bounds: BOUNDS }
    }

    /// What never ends by itself, until the sender is dropped.
    fn endless() -> (mpsc::Sender<()>, impl FnOnce(&Conn) -> Result<()> + Send + 'static) {
        let (end, ended) = mpsc::channel();
        let wait = move |_: &Conn| {
            // Either way it is over.
            let _ = ended.recv();
            Ok(())
        };
        (end, wait)
    }

    /// One runtime thread: if anything of this ran on it, the test would hang.
    #[tokio::test]
    async fn a_step_without_an_end_is_given_up_and_counts_until_it_ends() {
        let (_folder, files) = SqliteFiles::temporary(TIME);
        let mut ends = Vec::new();
        loop {
            let mut lease = files.reader("app.sqlite").await.unwrap();
            let (end, work) = endless();
            let code = lease.apart(true, TIME, work).await.unwrap_err().code;
            if code == Code::Busy {
                break;
            }
            assert_eq!((code, lease.is_usable()), (Code::Timeout, false));
            ends.push(end);
        }
        assert_eq!(ends.len(), 6);
        // Another app has threads of its own.
        let mut other = files.reader("other.sqlite").await.unwrap();
        other.guest(&sql("select 1"), &[]).await.unwrap();
        drop(ends);
        let mut lease = files.reader("app.sqlite").await.unwrap();
        while lease.guest(&sql("select 1"), &[]).await.is_err_and(|error| error.code == Code::Busy) {}
        lease.guest(&sql("select 1"), &[]).await.unwrap();
    }

    #[tokio::test]
    async fn who_writes_without_an_end_keeps_the_right_to_write() {
        let (_folder, files) = SqliteFiles::temporary(TIME);
        let mut writer = files.writer("app.sqlite").await.unwrap();
        writer.control(Control::Begin(None::<Isolation>)).await.unwrap();
        writer.guest(&sql("create table t (a bigint)"), &[]).await.unwrap();
        let (end, work) = endless();
        assert_eq!(writer.apart(true, TIME, work).await.unwrap_err().code, Code::Timeout);
        drop(writer);
        assert_eq!(files.writer("app.sqlite").await.unwrap_err().code, Code::Busy);
        drop(end);
        // What it had written is undone, and the connection goes home.
        let mut writer = loop {
            match files.writer("app.sqlite").await {
                Ok(writer) => break writer,
                Err(error) => assert_eq!(error.code, Code::Busy),
            }
        };
        writer.guest(&sql("create table t (a bigint)"), &[]).await.unwrap();
    }

    #[tokio::test]
    async fn who_is_no_longer_waited_for_is_interrupted() {
        let (_folder, files) = SqliteFiles::temporary(TIME);
        let mut lease = files.reader("app.sqlite").await.unwrap();
        let endless = "with recursive n (i) as (select 1 union all select 1 - i from n) select count(*) from n";
        for _ in 0..10 {
            let waited = tokio::time::timeout(TIME, lease.guest(&sql(endless), &[])).await;
            assert!(waited.is_err());
            lease = files.reader("app.sqlite").await.unwrap();
        }
        while lease.guest(&sql("select 1"), &[]).await.is_err_and(|error| error.code == Code::Busy) {}
        lease.guest(&sql("select 1"), &[]).await.unwrap();
    }
}
