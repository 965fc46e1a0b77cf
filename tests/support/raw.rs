//! Requests byte by byte, for what no well-behaved client would send.

use std::net::SocketAddr;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::DEADLINE;

/// Sends bytes and returns everything up to the end of the connection: send `Connection: close`
/// along.
///
/// A connection that is cut in the middle is an end too; one that stays open is a failure.
pub async fn raw(address: SocketAddr, request: &[u8]) -> Vec<u8> {
    let mut stream = TcpStream::connect(address).await.expect("the host listens");
    // The host may refuse before it has read everything: then the rest cannot be written.
    let _cut = timeout(DEADLINE, stream.write_all(request)).await.expect("the host reads or closes");
    read_to_end(&mut stream).await
}

/// Everything up to the end of a connection.
pub async fn read_to_end(stream: &mut TcpStream) -> Vec<u8> {
    let mut answer = Vec::new();
    let _cut = timeout(DEADLINE, stream.read_to_end(&mut answer)).await.expect("the host ends the connection");
    answer
}

/// The status code in a raw answer, if there is an answer.
pub fn status(answer: &[u8]) -> Option<u16> {
    let line = answer.strip_prefix(b"HTTP/1.1 ")?;
    std::str::from_utf8(line.get(..3)?).ok()?.parse().ok()
}
