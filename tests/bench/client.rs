//! As little of an HTTP/1.1 client as a load generator needs: it shares the cores with what it
//! measures.

use std::net::SocketAddr;

use anyhow::{Context, bail, ensure};
use bytes::{Buf, BytesMut};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const READ_BYTES: usize = 64 * 1024;
const MOST_HEADERS: usize = 32;

/// A connection that is kept open from request to request.
#[derive(Debug)]
pub struct Connection {
    stream: TcpStream,
    buffer: BytesMut,
}

/// What an answer begins with.
#[derive(Debug)]
pub struct Head {
    /// The status.
    pub status: u16,
    /// Name and value of the cookie that it sets.
    pub cookie: Option<String>,
    /// Whether it says when to come back.
    pub may_retry: bool,
    length: Length,
}

#[derive(Clone, Copy, Debug)]
enum Length {
    Fixed(usize),
    Chunked,
}

impl Connection {
    /// Connects.
    pub async fn open(address: SocketAddr) -> anyhow::Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, buffer: BytesMut::with_capacity(READ_BYTES) })
    }

    /// Sends bytes of a request.
    pub async fn send(&mut self, bytes: &[u8]) -> anyhow::Result<()> {
        Ok(self.stream.write_all(bytes).await?)
    }

    /// Sends a request and reads the whole answer. `body` is overwritten.
    pub async fn ask(&mut self, request: &[u8], body: &mut Vec<u8>) -> anyhow::Result<Head> {
        self.send(request).await?;
        body.clear();
        self.answer(|bytes| body.extend_from_slice(bytes)).await
    }

    /// Reads an answer; `take` gets the body piece by piece.
    pub async fn answer(&mut self, mut take: impl FnMut(&[u8])) -> anyhow::Result<Head> {
        let head = self.head().await?;
        match head.length {
            Length::Fixed(bytes) => self.pass(bytes, &mut take).await?,
            Length::Chunked => self.chunks(&mut take).await?,
        }
        Ok(head)
    }

    async fn head(&mut self) -> anyhow::Result<Head> {
        loop {
            if let Some((head, bytes)) = parse(&self.buffer)? {
                self.buffer.advance(bytes);
                return Ok(head);
            }
            self.fill().await?;
        }
    }

    async fn chunks(&mut self, take: &mut impl FnMut(&[u8])) -> anyhow::Result<()> {
        loop {
            let line = self.line().await?;
            let size = line.split(';').next().unwrap_or_default();
            match usize::from_str_radix(size.trim(), 16).context("no size of a chunk")? {
                0 => break,
                size => self.pass(size, take).await?,
            }
            ensure!(self.line().await?.is_empty(), "a chunk is longer than its size says");
        }
        while !self.line().await?.is_empty() {}
        Ok(())
    }

    async fn line(&mut self) -> anyhow::Result<String> {
        loop {
            if let Some(end) = self.buffer.windows(2).position(|pair| pair == b"\r\n") {
                let line = self.buffer.split_to(end);
                self.buffer.advance(2);
                return Ok(String::from_utf8_lossy(&line).into_owned());
            }
            self.fill().await?;
        }
    }

    async fn pass(&mut self, mut left: usize, take: &mut impl FnMut(&[u8])) -> anyhow::Result<()> {
        while left > 0 {
            if self.buffer.is_empty() {
                self.fill().await?;
            }
            let piece = self.buffer.split_to(left.min(self.buffer.len()));
            left -= piece.len();
            take(&piece);
        }
        Ok(())
    }

    async fn fill(&mut self) -> anyhow::Result<()> {
        self.buffer.reserve(READ_BYTES / 4);
        ensure!(self.stream.read_buf(&mut self.buffer).await? > 0, "the server closed the connection");
        Ok(())
    }
}

/// The head and its length in bytes, once it is complete.
fn parse(bytes: &[u8]) -> anyhow::Result<Option<(Head, usize)>> {
    let mut headers = [httparse::EMPTY_HEADER; MOST_HEADERS];
    let mut response = httparse::Response::new(&mut headers);
    let httparse::Status::Complete(end) = response.parse(bytes)? else { return Ok(None) };
    let status = response.code.unwrap_or_default();
    let (mut length, mut cookie, mut may_retry) = (None, None, false);
    for header in response.headers.iter() {
        let value = std::str::from_utf8(header.value).unwrap_or_default();
        if header.name.eq_ignore_ascii_case("content-length") {
            length = Some(Length::Fixed(value.parse()?));
        } else if header.name.eq_ignore_ascii_case("transfer-encoding") {
            length = Some(Length::Chunked);
        } else if header.name.eq_ignore_ascii_case("retry-after") {
            may_retry = true;
        } else if header.name.eq_ignore_ascii_case("set-cookie") {
            cookie = value.split(';').next().map(str::to_owned);
        }
    }
    let Some(length) = length else { bail!("an answer ({status}) that does not say its length") };
    Ok(Some((Head { status, cookie, may_retry, length }, end)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_is_read_once_it_is_complete() -> anyhow::Result<()> {
        let text = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nSet-Cookie: a=b; Path=/\r\n\r\nok";
        assert!(parse(&text[..40])?.is_none());
        let (head, bytes) = parse(text)?.context("complete")?;
        assert_eq!((head.status, head.cookie.as_deref(), bytes), (200, Some("a=b"), text.len() - 2));
        assert!(matches!(head.length, Length::Fixed(2)));
        Ok(())
    }
}
