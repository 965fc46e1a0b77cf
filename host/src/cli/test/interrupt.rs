//! Signals that end a test.

use crate::cli::ended::Ended;
use tokio::signal::unix::{Signal, SignalKind, signal};

/// Listens for what ends a command.
pub(super) struct Interrupts {
    interrupt: Signal,
    terminate: Signal,
    hangup: Signal,
}

impl Interrupts {
    /// From now on signals are left to this value.
    pub(super) fn listen() -> anyhow::Result<Self> {
        let [interrupt, terminate, hangup] =
            [SignalKind::interrupt(), SignalKind::terminate(), SignalKind::hangup()].map(signal);
        Ok(Self { interrupt: interrupt?, terminate: terminate?, hangup: hangup? })
    }

    /// The next one, as the end of this command.
    pub(super) async fn next(&mut self) -> Ended {
        let (name, kind) = tokio::select! {
            _ = self.interrupt.recv() => ("SIGINT", SignalKind::interrupt()),
            _ = self.terminate.recv() => ("SIGTERM", SignalKind::terminate()),
            _ = self.hangup.recv() => ("SIGHUP", SignalKind::hangup()),
        };
        Ended::by_signal("the test was broken off", name, kind.as_raw_value())
    }
}
