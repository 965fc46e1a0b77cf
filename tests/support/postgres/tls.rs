//! A server that takes its user over TLS alone, with a certificate for `localhost`.

use std::fs::write;
use std::path::{Path, PathBuf};

use super::{Server, USER};

/// The server and the roots to trust it by.
#[derive(Debug)]
pub struct TlsServer {
    /// The server. Its superuser needs no TLS.
    pub server: Server,
    /// The root that its certificate comes from, as a PEM file.
    pub root: PathBuf,
    /// Another root.
    pub other_root: PathBuf,
}

impl TlsServer {
    /// Makes the certificates and the server.
    pub async fn start() -> Self {
        let server = Server::start();
        let (root, other_root) = (server.root("root"), server.root("other"));
        server.certify(&root);
        let rules = format!(
            "local all all trust\nhost all postgres all trust\nhostssl all {USER} all trust\nhost all {USER} all reject\n"
        );
        write(server.home.directory().join("data/pg_hba.conf"), rules).expect("a file of our own");
        server.administer("alter system set ssl = on").await;
        server.ask("select pg_reload_conf()::text").await;
        Self { server, root, other_root }
    }

    /// The URL of a fresh database, as a host and its query have it.
    pub async fn url(&self, host: &str, query: &str) -> String {
        let url = self.server.fresh_database().await.replace("127.0.0.1", host);
        if query.is_empty() { url } else { format!("{url}?{query}") }
    }
}

impl Server {
    fn openssl(&self, arguments: &[&str]) {
        self.home.run(self.home.command(Path::new("openssl")).args(arguments));
    }

    /// Makes a root certificate.
    fn root(&self, name: &str) -> PathBuf {
        let (key, file, subject) = (format!("{name}.key"), format!("{name}.pem"), format!("/CN={name}"));
        let request = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", &subject];
        self.openssl(&[&request[..], &["-keyout", &key, "-out", &file]].concat());
        self.home.directory().join(file)
    }

    /// Makes the server's own certificate.
    fn certify(&self, root: &Path) {
        let extensions = "subjectAltName = DNS:localhost\nbasicConstraints = CA:FALSE\n";
        write(self.home.directory().join("extensions"), extensions).expect("a file of our own");
        let request = ["req", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=localhost"];
        self.openssl(&[&request[..], &["-keyout", "data/server.key", "-out", "server.csr"]].concat());
        let root = root.to_str().expect("a UTF-8 path");
        let sign = ["x509", "-req", "-in", "server.csr", "-CA", root, "-CAkey", "root.key", "-CAcreateserial"];
        let more = ["-days", "2", "-extfile", "extensions", "-out", "data/server.crt"];
        self.openssl(&[&sign[..], &more].concat());
    }
}
