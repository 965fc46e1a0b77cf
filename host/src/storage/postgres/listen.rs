//! Hears that the registry has changed, over a connection of its own that is made again whenever it
//! is lost. It is only faster than to ask: whoever uses it asks anyway.

use super::pool::PostgresPool;
use super::relay::Listener;
use crate::storage::Result;
use std::time::Duration;

/// A connection in which nothing is heard for so long is asked whether it is still there.
const SILENCE: Duration = Duration::from_secs(60);
/// How long the answer may take, and a connection to be made.
const ANSWER: Duration = Duration::from_secs(10);
/// A server that takes no connection is not asked again before that.
const AGAIN: Duration = Duration::from_secs(30);
/// One that has no more to give is left alone for longer: others need them more.
const CROWDED: Duration = Duration::from_secs(600);

/// The notifications of one channel.
pub struct Hints {
    pool: PostgresPool,
    channel: &'static str,
    listener: Option<Listener>,
}

impl std::fmt::Debug for Hints {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Hints").field("channel", &self.channel).finish_non_exhaustive()
    }
}

impl Hints {
    /// Hints on a channel, whose name is a plain identifier. Connects to nothing yet.
    pub(in crate::storage) fn new(pool: PostgresPool, channel: &'static str) -> Self {
        Self { pool, channel, listener: None }
    }

    /// Ends when something has changed, or may have: also when the connection was made anew, since
    /// what was said before that was not heard. Dropping the future costs the connection.
    pub async fn next(&mut self) {
        loop {
            let Some(mut listener) = self.listener.take() else {
                match self.connect().await {
                    Ok(listener) => {
                        self.listener = Some(listener);
                        return;
                    }
                    Err(error) => {
                        tracing::debug!("changes of the registry are not announced to this process: {error}");
                        tokio::time::sleep(AGAIN).await;
                        continue;
                    }
                }
            };
            let hearing = tokio::select! {
                () = self.pool.crowded() => {
                    drop(listener);
                    tokio::time::sleep(CROWDED).await;
                    continue;
                }
                hearing = tokio::time::timeout(SILENCE, listener.hear()) => hearing,
            };
            let heard = match hearing {
                Ok(heard) => heard.map(|()| true),
                // A message that was half read when the time was up would be lost: but a server
                // that has begun one sends all of it at once.
                Err(_) => match tokio::time::timeout(ANSWER, listener.check()).await {
                    Ok(checked) => checked,
                    Err(_) => continue,
                },
            };
            if let Ok(heard) = heard {
                self.listener = Some(listener);
                if heard {
                    return;
                }
            }
        }
    }

    async fn connect(&self) -> Result<Listener> {
        self.pool.check_refusals()?;
        let connecting = tokio::time::timeout(ANSWER, self.pool.server().listen(self.channel));
        connecting.await.unwrap_or_else(|_| Err(crate::storage::Error::unavailable("it does not answer")))
    }
}
