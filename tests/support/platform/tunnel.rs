//! What becomes of a connection whose ends have agreed on another protocol (`Upgrade`).

use std::io;
use std::time::Duration;

use bytes::BytesMut;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{ReadHalf, WriteHalf};

use super::Code;
use super::head::Head;

/// One end: what it sends, what of that has been read already, and where its answers go.
pub(super) type End<'a, 'w> = (&'a mut ReadHalf<'w>, &'a mut BytesMut, &'a mut WriteHalf<'w>);

/// Passes the dyno's answer on, and then whatever comes, either way, until one end closes. The code,
/// where both were silent for too long.
pub(super) async fn pass(
    answer: &Head,
    (from_client, client_held, to_client): End<'_, '_>,
    (from_dyno, dyno_held, to_dyno): End<'_, '_>,
    idle: Duration,
) -> Option<Code> {
    let behind = dyno_held.split();
    dyno_held.extend_from_slice(&answer.bytes());
    dyno_held.extend_from_slice(&behind);
    loop {
        let passed = async {
            to_dyno.write_all(client_held).await?;
            to_client.write_all(dyno_held).await?;
            client_held.clear();
            dyno_held.clear();
            let read = tokio::select! {
                read = from_client.read_buf(client_held) => read?,
                read = from_dyno.read_buf(dyno_held) => read?,
            };
            io::Result::Ok(read > 0)
        };
        match tokio::time::timeout(idle, passed).await {
            Err(_) => return Some(Code::H15),
            Ok(Ok(true)) => {}
            Ok(_) => return None,
        }
    }
}
