//! HAProxy in front of several hosts, as a platform's router: each request to the next one.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use tempfile::TempDir;
use tokio::net::TcpStream;
use tokio::process::Command;

use crate::Visitor;
use crate::port::free_address;
use crate::process::Serving;
use crate::until;

/// Where Debian has it.
const PROGRAM: &str = "/usr/sbin/haproxy";

/// An HAProxy of our own. Killed when this value is dropped or this process ends.
#[derive(Debug)]
pub struct Haproxy {
    // Before the folder with its settings.
    _serving: Serving,
    _folder: TempDir,
    address: SocketAddr,
}

impl Haproxy {
    /// Starts one in front of these hosts.
    pub async fn start(hosts: &[SocketAddr]) -> Self {
        let haproxy = Self::run(hosts, "");
        let mut visitor = haproxy.visitor();
        until("HAProxy answers", async || visitor.try_get("/_innkeeper/live").await.map(drop)).await;
        haproxy
    }

    /// Starts one that ends TLS in front of a server, with a file that has a certificate and its
    /// key.
    pub async fn with_tls(server: SocketAddr, certificate: &Path) -> Self {
        let haproxy = Self::run(&[server], &format!(" ssl crt {}", certificate.display()));
        until("HAProxy listens", async || TcpStream::connect(haproxy.address).await.ok().map(drop)).await;
        haproxy
    }

    fn run(hosts: &[SocketAddr], tls: &str) -> Self {
        let folder = tempfile::tempdir().expect("a temporary directory");
        let address = free_address();
        let servers: String =
            hosts.iter().enumerate().map(|(number, host)| format!("    server host{number} {host}\n")).collect();
        // No check and no second try: whatever a host does to a request is seen.
        let settings = format!(
            "global\n    maxconn 200\ndefaults\n    mode http\n    timeout connect 5s\n    timeout client 60s\n    timeout server 60s\n    \
             retries 0\nfrontend router\n    bind {address}{tls}\n    default_backend hosts\nbackend hosts\n    balance roundrobin\n{servers}"
        );
        let file = folder.path().join("haproxy.cfg");
        std::fs::write(&file, settings).expect("a folder of our own");
        let mut command = Command::new(program());
        command.arg("-db").arg("-f").arg(&file).kill_on_drop(true);
        Self { _serving: Serving::start(command), _folder: folder, address }
    }

    /// At which port.
    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// Where it listens.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// A visitor who comes through it.
    pub fn visitor(&self) -> Visitor {
        Visitor::of(Arc::new(Mutex::new(self.address)))
    }
}

fn program() -> PathBuf {
    let installed = Path::new(PROGRAM);
    if installed.is_file() { installed.to_owned() } else { PathBuf::from("haproxy") }
}
