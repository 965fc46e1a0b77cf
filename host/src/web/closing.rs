//! Closes a listener without cutting anybody off.
//!
//! When a listener is closed, the system resets the connections that nobody has accepted, also
//! those that come between the last look and the close. So for the last moment nobody can begin to
//! connect: whoever tries is not answered, tries again, and is refused.

use std::time::Duration;
use tokio::net::TcpListener;

/// How long whoever has begun to connect has to end it.
pub(super) const HANDSHAKE: Duration = Duration::from_millis(100);

/// Lets nobody begin to connect any more. Best effort: only Linux can do that.
pub(super) fn turn_away_newcomers(listener: &TcpListener) {
    #[cfg(target_os = "linux")]
    if let Err(error) = socket2::SockRef::from(listener).attach_filter(&only_begun()) {
        tracing::debug!("newcomers are not turned away: {error}");
    }
    #[cfg(not(target_os = "linux"))]
    let _ = listener;
}

/// Lets all packets pass but the first one of a connection, which has SYN set and not ACK (RFC 9293
/// section 3.1). The codes are those of `linux/bpf_common.h`.
#[cfg(target_os = "linux")]
fn only_begun() -> [socket2::SockFilter; 5] {
    const LOAD_BYTE_AT: u16 = 0x30;
    const AND: u16 = 0x54;
    const JUMP_IF_EQUAL: u16 = 0x15;
    const RETURN: u16 = 0x06;
    const FLAGS_OFFSET: u32 = 13;
    const SYN: u32 = 0x02;
    const SYN_AND_ACK: u32 = 0x12;
    let step = |code, if_false, value| socket2::SockFilter::new(code, 0, if_false, value);
    [
        step(LOAD_BYTE_AT, 0, FLAGS_OFFSET),
        step(AND, 0, SYN_AND_ACK),
        step(JUMP_IF_EQUAL, 1, SYN),
        step(RETURN, 0, 0),
        step(RETURN, 0, u32::MAX),
    ]
}
