//! Speaks to the probe guest, which does what the header `probe-steps` tells it, and leaves the
//! body to blobs.

use anyhow::{Context, ensure};
use serde_json::{Value, json};

use crate::client::Connection;
use crate::contender::Server;

/// The app of the probe, and a connection to it.
#[derive(Debug)]
pub struct Probe<'s> {
    host: &'s Server,
    path: &'static str,
    connection: Connection,
}

impl<'s> Probe<'s> {
    /// Connects to a host with the probe at `/`.
    pub async fn open(host: &'s Server) -> anyhow::Result<Self> {
        Self::at(host, "").await
    }

    /// Connects to a host with the probe at a path.
    pub async fn at(host: &'s Server, path: &'static str) -> anyhow::Result<Self> {
        Ok(Self { host, path, connection: Connection::open(host.address).await? })
    }

    /// Sends a chunk so many times as one body, and has it kept as a blob. Returns the blob's id.
    pub async fn upload(&mut self, chunk: &[u8], chunks: usize) -> anyhow::Result<String> {
        let steps = json!([{ "op": "blob.receive-body" }, { "op": "blob.keep", "id": "$0.ok.id" }]);
        self.send("PUT", &steps, &format!("content-length: {}\r\n", chunks * chunk.len())).await?;
        for _ in 0..chunks {
            self.connection.send(chunk).await?;
        }
        let results = self.results().await?;
        let id = results.pointer("/0/ok/id").and_then(Value::as_str);
        Ok(id.with_context(|| format!("no id: {results}"))?.to_owned())
    }

    /// Receives a blob and checks that it is the chunk so many times.
    pub async fn download(&mut self, id: &str, chunk: &[u8], chunks: usize) -> anyhow::Result<()> {
        self.send("GET", &json!([{ "op": "blob.send", "id": id }]), "").await?;
        let (mut received, mut is_same) = (0, true);
        let head = self.connection.answer(|mut bytes| {
            while !bytes.is_empty() {
                let expected = chunk.get(received % chunk.len()..).unwrap_or_default();
                let (piece, rest) = bytes.split_at(bytes.len().min(expected.len()));
                is_same &= expected.starts_with(piece);
                received += piece.len();
                bytes = rest;
            }
        });
        let status = head.await?.status;
        let is_right = status == 200 && is_same && received == chunks * chunk.len();
        ensure!(is_right, "download: status {status}, {received} bytes, the same so far: {is_same}");
        Ok(())
    }

    /// Throws a blob away.
    pub async fn delete(&mut self, id: &str) -> anyhow::Result<()> {
        self.send("GET", &json!([{ "op": "blob.delete", "id": id }]), "").await?;
        self.results().await.map(drop)
    }

    async fn send(&mut self, method: &str, steps: &Value, headers: &str) -> anyhow::Result<()> {
        let (host, path) = (self.host.address, self.path);
        let head =
            format!("{method} {path}/blob HTTP/1.1\r\nhost: {host}\r\nprobe-steps: {steps}\r\n{headers}\r\n");
        self.connection.send(head.as_bytes()).await
    }

    /// The results of the steps, all of which must have succeeded.
    async fn results(&mut self) -> anyhow::Result<Value> {
        let mut body = Vec::new();
        let head = self.connection.answer(|bytes| body.extend_from_slice(bytes)).await?;
        let results: Value = serde_json::from_slice(&body).unwrap_or_default();
        let all_ok = results.as_array().is_some_and(|all| all.iter().all(|result| result.get("ok").is_some()));
        ensure!(head.status == 200 && all_ok, "{}: {}", head.status, String::from_utf8_lossy(&body));
        Ok(results)
    }
}
