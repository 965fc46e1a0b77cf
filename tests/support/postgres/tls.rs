//! A server that takes its user over TLS alone, with a certificate for `localhost`.

use std::fs::write;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};

use super::{Server, Stop, USER};

/// What `openssl ca` wants to know.
const AUTHORITY: &str = "[ca]\ndefault_ca = d\n[d]\ndatabase = index.txt\nserial = serial\ncrlnumber = crlnumber\nnew_certs_dir = .\n\
    default_md = sha256\ndefault_days = 2\ndefault_crl_days = 2\npolicy = p\nunique_subject = no\n[p]\ncommonName = supplied\n";

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

/// A `psql` that waits for what a person may type.
#[derive(Debug)]
#[must_use = "it leaves when this is dropped"]
pub struct Held(Child);

impl Drop for Held {
    /// It leaves at the end of what is typed, as a person does.
    fn drop(&mut self) {
        drop(self.0.stdin.take());
        let _ended = self.0.wait();
    }
}

/// A certificate that is its own root.
#[derive(Debug, Clone, Copy)]
pub struct OwnRoot {
    /// Its common name.
    pub name: &'static str,
    /// Its extensions, as `openssl` reads them.
    pub extensions: &'static str,
    /// When it ends, as `YYYYMMDDHHMMSSZ`; it begins in the year 2020.
    pub end: &'static str,
}

impl TlsServer {
    /// Makes the certificates and the server.
    pub async fn start() -> Self {
        let server = Server::start();
        let (root, other_root) = (server.root("root"), server.root("other"));
        server.certify(&root);
        let tls = Self { server, root, other_root };
        tls.set_rules(&format!("hostssl all {USER} all trust\n"));
        tls.server.administer("alter system set ssl = on").await;
        tls.server.ask("select pg_reload_conf()::text").await;
        tls
    }

    /// Who is let in besides the superuser, as lines of `pg_hba.conf`. In force after the next
    /// start.
    pub fn set_rules(&self, rules: &str) {
        let rules = format!(
            "local all postgres trust\nhost all,replication postgres all trust\n{rules}local all all trust\nhost all {USER} all reject\n"
        );
        write(self.directory().join("data/pg_hba.conf"), rules).expect("a file of our own");
    }

    /// The URL of a fresh database, as a host and its query have it.
    pub async fn url(&self, host: &str, query: &str) -> String {
        let url = self.server.fresh_database().await.replace("127.0.0.1", host);
        if query.is_empty() { url } else { format!("{url}?{query}") }
    }

    /// The folder of the server, in which its socket is, too.
    pub fn directory(&self) -> &Path {
        self.server.home.directory()
    }

    /// Starts the server again with a certificate that is its own root, and returns that.
    pub fn certify_itself(&self, own: OwnRoot) -> PathBuf {
        self.write("extensions", own.extensions);
        let (subject, home) = (format!("/CN={}", own.name), &self.server);
        let request = ["req", "-newkey", "rsa:2048", "-nodes", "-subj", &subject];
        home.openssl(&[&request[..], &["-keyout", "data/server.key", "-out", "server.csr"]].concat());
        let sign = ["-selfsign", "-keyfile", "data/server.key", "-in", "server.csr", "-extfile", "extensions"];
        let dates = ["-startdate", "20200101000000Z", "-enddate", own.end, "-out", "data/server.crt"];
        self.authority(&[&sign[..], &dates].concat());
        home.restart(Stop::Fast);
        let file = self.directory().join("own.pem");
        std::fs::copy(self.directory().join("data/server.crt"), &file).expect("a file of our own");
        file
    }

    /// A list of certificates of the root that no longer count, with the server's own on it or not.
    pub fn revoked(&self, is_revoked: bool) -> PathBuf {
        self.write("index.txt", "");
        if is_revoked {
            self.authority(&["-revoke", "data/server.crt", "-keyfile", "root.key", "-cert", "root.pem"]);
        }
        let name = format!("revoked-{is_revoked}.crl");
        self.authority(&["-gencrl", "-keyfile", "root.key", "-cert", "root.pem", "-out", &name]);
        self.directory().join(name)
    }

    /// The certificate of a client and its key, from the root.
    pub fn client(&self, name: &str) -> [PathBuf; 2] {
        let (subject, files) = (format!("/CN={name}"), ["client.pem", "client.key"]);
        let request = ["req", "-newkey", "rsa:2048", "-nodes", "-subj", &subject];
        self.server.openssl(&[&request[..], &["-keyout", files[1], "-out", "client.csr"]].concat());
        let sign =
            ["x509", "-req", "-in", "client.csr", "-CA", "root.pem", "-CAkey", "root.key", "-CAcreateserial"];
        self.server.openssl(&[&sign[..], &["-days", "2", "-extfile", "extensions", "-out", files[0]]].concat());
        files.map(|file| self.directory().join(file))
    }

    /// Whether `psql` gets in with a URL, or what it says. It reads nothing but the URL.
    pub fn psql(&self, url: &str) -> Result<(), String> {
        let mut psql = self.server.home.tool("psql");
        psql.env("HOME", self.directory()).args(["--no-psqlrc", "--no-password", "--command", "select 1", url]);
        let output = psql.output().expect("psql is installed");
        if output.status.success() { Ok(()) } else { Err(String::from_utf8_lossy(&output.stderr).into_owned()) }
    }

    /// A `psql` that is connected, and leaves when the value is dropped.
    pub fn hold(&self, url: &str) -> Held {
        let mut psql = self.server.home.tool("psql");
        psql.env("HOME", self.directory()).args(["--no-psqlrc", "--no-password", "--quiet", url]);
        psql.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        Held(psql.spawn().expect("psql is installed"))
    }

    fn write(&self, name: &str, text: &str) {
        self.server.write(name, text);
    }

    fn authority(&self, arguments: &[&str]) {
        self.write("ca.cnf", AUTHORITY);
        self.write("index.txt.attr", "");
        self.write("crlnumber", "01\n");
        if !self.directory().join("index.txt").exists() {
            self.write("index.txt", "");
        }
        self.server
            .openssl(&[&["ca", "-batch", "-notext", "-create_serial", "-config", "ca.cnf"], arguments].concat());
    }
}

impl Server {
    fn openssl(&self, arguments: &[&str]) {
        self.home.run(self.home.command(Path::new("openssl")).args(arguments));
    }

    /// Writes a file that the programs of the server may change.
    fn write(&self, name: &str, text: &str) {
        let path = self.home.directory().join(name);
        write(&path, text).expect("a file of our own");
        self.home.give(&path);
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
