//! URLs of Postgres mean what they mean to libpq: `psql` is asked beside `innkeeper doctor`.

use support::command::{self, Finished};
use support::postgres::USER;
use support::postgres::tls::TlsServer;
use support::{Engine, TestDatabase, TestHost};

/// `a+b c%/` as a password in a URL.
const PASSWORD: &str = "a+b%20c%25%2F";

async fn doctor(url: &str) -> Finished {
    command::on(&TestDatabase::at(url), &["doctor"]).await
}

/// A server that asks for the password, and for a certificate where the database is `certified`.
async fn server() -> TlsServer {
    let tls = TlsServer::start().await;
    tls.server.administer(&format!("alter role {USER} password 'a+b c%/'")).await;
    tls.server.administer(&format!("create database certified owner {USER}")).await;
    tls.server.administer(&format!("alter system set ssl_ca_file = '{}'", tls.root.display())).await;
    tls.set_rules(&format!(
        "hostssl certified {USER} all cert\nhostssl all {USER} all scram-sha-256\nlocal all {USER} scram-sha-256\n"
    ));
    tls.server.restart(support::postgres::Stop::Fast);
    tls
}

/// A server, and URLs of a database there.
struct Place {
    tls: TlsServer,
    database: String,
}

impl Place {
    fn at(&self, password: &str, host: &str, query: &str) -> String {
        let (port, database) = (self.tls.server.port(), &self.database);
        format!("postgres://{USER}:{password}@{host}:{port}/{database}?{query}")
    }

    fn local(&self, query: &str) -> String {
        self.at(PASSWORD, "localhost", query)
    }

    fn socket(&self, query: &str) -> String {
        let (port, folder, database) = (self.tls.server.port(), self.tls.directory().display(), &self.database);
        format!("postgres://{USER}:{PASSWORD}@/{database}?host={folder}&port={port}&{query}")
    }

    fn certified(&self, query: &str) -> String {
        format!("postgres://{USER}@localhost:{}/certified?{query}", self.tls.server.port())
    }

    /// About who logs in and how the way there is protected, and whether that gets in.
    fn urls_of_protection(&self) -> Vec<(String, bool)> {
        let (port, database) = (self.tls.server.port(), &self.database);
        let [root, other] = [&self.tls.root, &self.tls.other_root].map(|path| path.display().to_string());
        let local = |query: &str| self.local(query);
        let at = |password: &str, host: &str, query: &str| self.at(password, host, query);
        vec![
            (local(""), true),
            (at("a%2Bb%20c%25%2f", "localhost", ""), true),
            (at("a%20b%20c%25%2F", "localhost", ""), false),
            (at("a+b%20c%%2F", "localhost", ""), false),
            (at("a+b+c%25%2F", "localhost", ""), false),
            (format!("postgres://localhost:{port}?user={USER}&password={PASSWORD}&dbname={database}"), true),
            (
                format!("postgres://localhost:{port}/?user={USER}&password=a%20b%20c%25%2F&dbname={database}"),
                false,
            ),
            (local("application_name=a+b&keepalives=1&keepalives_idle=5&tcp_user_timeout=9"), true),
            (local("sslmode=disable"), false),
            (local("sslmode=allow"), true),
            (local("sslmode=prefer"), true),
            (local("sslmode=on"), false),
            (local("ssl=true"), true),
            (local("channel_binding=require"), true),
            (local("sslmode=require&channel_binding=require"), true),
            (local("sslmode=require&channel_binding=disable"), true),
            (local("sslmode=disable&channel_binding=require"), false),
            (local("channel_binding=always"), false),
            (local(&format!("sslmode=require&sslrootcert={other}")), false),
            (local(&format!("sslmode=verify-full&sslrootcert={root}&channel_binding=require")), true),
            (at(PASSWORD, "127.0.0.1", &format!("sslmode=verify-full&sslrootcert={root}")), false),
            (at(PASSWORD, "127.0.0.1", &format!("sslmode=verify-ca&sslrootcert={root}")), true),
            (at(PASSWORD, "nowhere.invalid", "hostaddr=127.0.0.1&sslmode=require"), true),
            (
                at(PASSWORD, "localhost", &format!("hostaddr=127.0.0.1&sslmode=verify-full&sslrootcert={root}")),
                true,
            ),
            (
                at(
                    PASSWORD,
                    "nowhere.invalid",
                    &format!("hostaddr=127.0.0.1&sslmode=verify-full&sslrootcert={root}"),
                ),
                false,
            ),
        ]
    }

    /// About everything else.
    fn other_urls(&self) -> Vec<(String, bool)> {
        let [certificate, key] = self.tls.client(USER).map(|path| path.display().to_string());
        let local = |query: &str| self.local(query);
        let (socket, certified) = (|query: &str| self.socket(query), |query: &str| self.certified(query));
        vec![
            (local("gssencmode=disable"), true),
            (local("gssencmode=require"), false),
            (local("target_session_attrs=read-write"), true),
            (local("target_session_attrs=primary"), true),
            (local("target_session_attrs=standby"), false),
            (local("target_session_attrs=read-write&options=-c%20default_transaction_read_only%3Don"), false),
            (local("options=-c%20no_such_setting%3D1"), false),
            (local("sslmode=require&ssl_min_protocol_version=TLSv1.3"), true),
            (local("sslmode=require&ssl_max_protocol_version=TLSv1.2&channel_binding=require"), true),
            (local("sslmode=require&ssl_min_protocol_version=TLSv9"), false),
            (local("sslmode=require&sslsni=0"), true),
            (local("service=nowhere"), false),
            (local("SSLMODE=verify-full"), false),
            (socket(""), true),
            (socket("sslmode=verify-full"), true),
            (socket("channel_binding=require"), false),
            (certified("sslmode=require"), false),
            (certified(&format!("sslmode=require&sslcert={certificate}&sslkey={key}")), true),
            (
                certified(&format!("sslmode=require&sslcert={certificate}&sslkey={key}&channel_binding=require")),
                false,
            ),
        ]
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn psql_and_doctor_agree_on_every_url() {
    let tls = server().await;
    let database = tls.server.fresh_database().await.rsplit('/').next().expect("a name").to_owned();
    let place = Place { tls, database };
    for (url, gets_in) in place.urls_of_protection().into_iter().chain(place.other_urls()) {
        let (psql, ours) = (place.tls.psql(&url), doctor(&url).await);
        assert_eq!((psql.is_ok(), ours.status.success()), (gets_in, gets_in), "{url}: {psql:?} {ours}");
        assert!(!ours.to_string().contains("a+b"), "the password is told: {ours}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_way_to_log_in_that_the_url_does_not_allow_is_refused() {
    let tls = server().await;
    let url =
        |query: &str| format!("postgres://{USER}:{PASSWORD}@localhost:{}/postgres?{query}", tls.server.port());
    tls.server.administer(&format!("grant all on database postgres to {USER}")).await;
    doctor(&url("require_auth=scram-sha-256")).await.succeeded();
    doctor(&url("require_auth=!password,!md5,!none")).await.succeeded();
    let refused = doctor(&url("require_auth=md5,password")).await.failed();
    assert!(
        refused.stderr.contains("asks for a login by scram-sha-256, which require_auth in the URL"),
        "{refused}"
    );
    tls.set_rules(&format!("hostssl all {USER} all trust\n"));
    tls.server.restart(support::postgres::Stop::Fast);
    let refused = doctor(&url("require_auth=scram-sha-256")).await.failed();
    assert!(refused.stderr.contains("lets everybody in without a login"), "{refused}");
    let refused = doctor(&url("channel_binding=require")).await.failed();
    assert!(refused.stderr.contains("channel_binding=require in the URL is not met"), "{refused}");
    doctor(&url("require_auth=none")).await.succeeded();
    tls.server.administer(&format!("set password_encryption = md5; alter role {USER} password 'a+b c%/'")).await;
    for method in ["md5", "password"] {
        tls.set_rules(&format!("hostssl all {USER} all {method}\n"));
        tls.server.restart(support::postgres::Stop::Fast);
        doctor(&url(&format!("require_auth={method}"))).await.succeeded();
        doctor(&url("require_auth=scram-sha-256")).await.failed();
        doctor(&url("channel_binding=require")).await.failed();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_url_asks_for_in_vain_is_said_by_all_and_wishes_for_protection_refuse_all() {
    let plain = TestDatabase::fresh(Engine::Postgres).await;
    let url = |query: &str| format!("{}?{query}", plain.url());
    let database = TestDatabase::at(&url("keepalives=1&gsslib=gssapi"));
    let said = ["parameter keepalives in the URL is not used", "parameter gsslib in the URL is not used"];
    let deployed = support::host::deploy(&database, "hello", "hello", &[]).await.succeeded();
    let doctor = command::on(&database, &["doctor"]).await.succeeded();
    let host = TestHost::with(Engine::Postgres).database(database).start().await;
    for text in said {
        assert!(deployed.stderr.contains(text), "deploy: {deployed}");
        assert!(doctor.stdout.contains(text), "doctor: {doctor}");
        host.wait_for_log(text).await;
    }
    for (query, name) in [
        ("gssencmode=require", "gssencmode"),
        ("sslcrldir=/x", "sslcrldir"),
        ("sslcert=/x", "sslcert"),
        ("sslcrl=/x", "sslcrl"),
        ("requirepeer=postgres", "requirepeer"),
        ("sslcertmode=require", "sslcertmode"),
        ("passfile=/x", "passfile"),
        ("service=x", "service"),
        ("Channel_Binding=require", "Channel_Binding"),
        ("oauth_issuer=x", "oauth_issuer"),
        ("target_session_attrs=read-only", "target_session_attrs"),
        ("ssl_max_protocol_version=TLSv1.1", "ssl_max_protocol_version"),
    ] {
        for verb in [&["serve", "--listen", "127.0.0.1:0"][..], &["doctor"], &["migrate"]] {
            let refused = command::on(&TestDatabase::at(&url(query)), verb).await.failed();
            assert!(refused.stderr.contains(&format!("{name} ")), "{query} {verb:?}: {refused}");
        }
    }
}
