//! Heroku Postgres: how it is reached (T8), and what it does in a bad week (T10).
//!
//! Every mode of TLS and every parameter of a URL are those of `drills::tls` and `drills::urls`.
//! The same trouble under load, with nothing lost, is that of `drills::away`, `drills::read_only`
//! and `drills::logins`.

use std::net::{IpAddr, UdpSocket};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use support::postgres::heroku::HerokuServer;
use support::postgres::{Stop, USER};
use support::probe::{all_ok, execute, integer, query};
use support::{Engine, TestDatabase, TestHost, command, until};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

/// Reads and writes have to work again within this after the database is back.
const RECOVERS_WITHIN: Duration = Duration::from_secs(10);
/// A minute of the platform, scaled: longer than the longest of the host's own times that have to
/// do with a server that is away (10 seconds for one attempt to reach it), so that a longer outage
/// shows nothing more. `INNKEEPER_TEST_OUTAGE` (seconds) makes it as long as on the platform.
fn stopped_for() -> Duration {
    let seconds = std::env::var_os("INNKEEPER_TEST_OUTAGE").and_then(|seconds| seconds.to_str()?.parse().ok());
    Duration::from_secs(seconds.unwrap_or(12))
}

/// A host with a guest that stores and one that does not, found as on a dyno.
async fn host(url: &str) -> TestHost {
    let host = TestHost::with(Engine::Postgres).database(TestDatabase::at(url)).by_environment();
    let host = host.env("DYNO", "web.1").app("probe", "probe").app("hello", "hello").start().await;
    let table = json!({ "name": "1", "statements": ["create table kept (id text primary key)"] });
    all_ok(&host.probe(json!([{ "op": "db.migrate", "migrations": [table] }])).await);
    host
}

fn insert(id: &str) -> Value {
    execute("insert into kept (id) values ($1) on conflict do nothing", json!([id]))
}

fn look() -> Value {
    query("select count(*) from kept", json!([]))
}

/// Whether a request is answered without an error.
async fn works(host: &TestHost, steps: Value) -> bool {
    let answer = host.visitor().try_probe(steps).await;
    answer.is_some_and(|answer| answer.status == 200 && !answer.text().contains("\"error\""))
}

/// Waits until reading and writing work, and says how long that has taken.
#[expect(clippy::print_stdout, reason = "the time is wanted beside the outcome")]
async fn recovers(host: &TestHost, what: &str) {
    let began = Instant::now();
    let both = async || works(host, json!([look(), insert(what), look()])).await.then_some(());
    until("reads and writes work again", both).await;
    assert!(began.elapsed() < RECOVERS_WITHIN, "after {what} it took {:?}", began.elapsed());
    host.visitor().get("/_innkeeper/ready").await.expect(200);
    println!("{what}: reads and writes worked again {:?} after the database was back", began.elapsed());
}

/// A guest that stores nothing is served meanwhile, and the process lives.
async fn guests_without_storage_are_served(host: &TestHost) {
    host.visitor().get("/hello").await.expect(200);
    host.visitor().get("/_innkeeper/live").await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn t8_a_url_as_a_config_var_has_it_leads_into_a_server_that_takes_tls_alone() {
    let heroku = HerokuServer::start().await;
    let url = heroku.database().await;
    assert!(url.starts_with("postgres://") && url.contains("%40") && !url.contains("sslmode"), "{url}");
    let host = host(&url).await;
    all_ok(&host.probe(json!([insert("a"), look()])).await);
    let encrypted = "select count(*)::text from pg_stat_ssl s join pg_stat_activity a using (pid) \
                     where a.usename = 'tenant' and not s.ssl";
    assert_eq!(heroku.server().ask(encrypted).await, [["0"]], "all connections are encrypted");
    let doctor = command::on(&TestDatabase::at(&url), &["doctor"]).await.succeeded();
    assert!(!doctor.to_string().contains("p@ss") && !host.logs().contains("p@ss"), "{doctor}");
    assert!(!doctor.to_string().contains("p%40ss") && !host.logs().contains("p%40ss"), "{doctor}");
}

#[tokio::test(flavor = "multi_thread")]
async fn t8_a_url_without_encryption_is_a_clear_error() {
    let heroku = HerokuServer::start().await;
    let url = heroku.database().await + "?sslmode=disable";
    assert!(heroku.psql(&url).is_err());
    let refused = command::on(&TestDatabase::at(&url), &["migrate"]).await.failed();
    assert!(refused.stderr.contains("no encryption") && !refused.stderr.contains("p@ss"), "{refused}");
    let elsewhere = "postgres://u:hunter2@db.example/d?sslmode=disable";
    let refused = command::on(&TestDatabase::at(elsewhere), &["migrate"]).await.failed();
    assert!(refused.stderr.contains("sslmode") && !refused.stderr.contains("hunter2"), "{refused}");
}

/// An address of this machine that is not loopback; none where it has no network.
fn own_address() -> Option<IpAddr> {
    let socket = UdpSocket::bind("0.0.0.0:0").ok()?;
    // Sends nothing: it only chooses a way.
    socket.connect("192.0.2.1:9").ok()?;
    let address = socket.local_addr().ok()?.ip();
    (!address.is_loopback() && !address.is_unspecified()).then_some(address)
}

#[tokio::test(flavor = "multi_thread")]
async fn t8_nothing_is_said_in_plain_text_off_this_machine() {
    let Some(address) = own_address() else {
        println!("not run: this machine has no address but loopback");
        return;
    };
    let listener = TcpListener::bind((address, 0)).await.expect("a free port");
    let port = listener.local_addr().expect("an address").port();
    let answering = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.expect("a client");
        let mut request = [0; 8];
        stream.read_exact(&mut request).await.expect("a request for TLS");
        // It has none.
        stream.write_all(b"N").await.expect("an answer");
        let mut rest = Vec::new();
        let _ = stream.read_to_end(&mut rest).await;
        (request, rest)
    });
    let url = format!("postgres://u:hunter2@{address}:{port}/d");
    let refused = command::on(&TestDatabase::at(&url), &["migrate"]).await.failed();
    assert!(refused.stderr.contains("TLS") && !refused.stderr.contains("hunter2"), "{refused}");
    let (request, rest) = answering.await.expect("the listener does not panic");
    assert_eq!(request, [0, 0, 0, 8, 4, 210, 22, 47], "PostgreSQL documentation, `SSLRequest`");
    assert!(rest.is_empty(), "{} bytes were said in plain text", rest.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn t10_a_restart_and_ended_connections_are_over_within_ten_seconds() {
    let heroku = HerokuServer::start().await;
    let host = host(&heroku.database().await).await;
    all_ok(&host.probe(json!([insert("a")])).await);
    heroku.server().restart(Stop::Fast);
    recovers(&host, "a restart").await;
    assert!(heroku.server().end_backends().await > 0);
    guests_without_storage_are_served(&host).await;
    recovers(&host, "the end of all connections").await;
    assert_eq!(integer(&host.probe(json!([look()])).await[0]), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn t10_a_server_that_is_stopped_for_long_is_back_within_ten_seconds() {
    let heroku = HerokuServer::start().await;
    let host = host(&heroku.database().await).await;
    heroku.server().stop(Stop::Fast);
    let began = Instant::now();
    while began.elapsed() < stopped_for() {
        guests_without_storage_are_served(&host).await;
        let asked = Instant::now();
        let told = host.visitor().try_probe(json!([look()])).await.expect("a whole answer");
        assert!(told.status == 503 || told.text().contains("unavailable"), "{told:?}");
        assert!(asked.elapsed() < Duration::from_secs(5), "it took {:?}", asked.elapsed());
        let ready = host.visitor().get("/_innkeeper/ready").await.expect(503);
        assert!(ready.text().contains("database"), "{ready:?}");
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    heroku.server().start_again();
    recovers(&host, "a long stop").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn t10_a_failover_with_a_phase_that_takes_no_writes_goes_on_reading() {
    let heroku = HerokuServer::start().await;
    let host = host(&heroku.database().await).await;
    all_ok(&host.probe(json!([insert("a")])).await);
    let set = async |read_only: &str| {
        let server = heroku.server();
        server.administer(&format!("alter role {USER} set default_transaction_read_only = {read_only}")).await;
        server.end_backends().await;
    };
    set("on").await;
    let reads = async || works(&host, json!([look()])).await.then_some(());
    until("reads go on", reads).await;
    let refused = host.visitor().try_probe(json!([insert("b")])).await.expect("a whole answer");
    assert!(refused.text().contains("read-only"), "{refused:?}");
    guests_without_storage_are_served(&host).await;
    set("off").await;
    recovers(&host, "a phase without writes").await;
}

/// The connections are reset and logins refused; nothing crashes. With the new URL it goes on.
#[tokio::test(flavor = "multi_thread")]
async fn t10_a_rotated_credential_is_an_outage_until_the_process_has_the_new_url() {
    let heroku = HerokuServer::start().await;
    let url = heroku.database().await;
    let mut old = host(&url).await;
    all_ok(&old.probe(json!([insert("a")])).await);
    heroku.rotate("rotated").await;
    let refused = async || {
        let answer = old.visitor().get("/_innkeeper/ready").await;
        (answer.status == 503).then_some(answer)
    };
    let ready = until("`ready` says that the database does not let it in", refused).await;
    assert!(ready.text().contains("database"), "{ready:?}");
    old.wait_for_log("DATABASE_URL: the database refuses the login").await;
    for _ in 0..5 {
        guests_without_storage_are_served(&old).await;
        let told = old.visitor().try_probe(json!([look()])).await.expect("a whole answer");
        assert!(told.status == 503 || told.text().contains("unavailable"), "{told:?}");
    }
    let (status, said) = old.terminate().await;
    assert!(status.success(), "{status}: {said}");
    assert!(!said.contains("rotated") && !said.contains("p@ss") && !said.contains("p%40ss"), "{said}");
    let new = TestHost::with(Engine::Postgres).database(TestDatabase::at(&heroku.with_password(&url, "rotated")));
    let new = new.by_environment().start().await;
    let began = Instant::now();
    assert_eq!(integer(&new.probe(json!([look()])).await[0]), 1);
    recovers(&new, "a new URL").await;
    assert!(began.elapsed() < RECOVERS_WITHIN, "it took {:?}", began.elapsed());
}

/// A database is promoted by a person: until then a follower is none to write to.
#[tokio::test(flavor = "multi_thread")]
async fn t10_a_database_url_that_leads_to_a_follower_is_said_and_used_once_it_is_promoted() {
    let heroku = HerokuServer::start().await;
    let url = heroku.database().await;
    drop(host(&url).await);
    let follower = heroku.server().follower();
    let port = |url: &str, port: u16| {
        let (front, back) = url.rsplit_once(':').expect("a port");
        format!("{front}:{port}/{}", back.split('/').nth(1).expect("a database"))
    };
    let host = TestHost::with(Engine::Postgres).database(TestDatabase::at(&port(&url, follower.port())));
    let host = host.by_environment().start_unready().await;
    host.wait_for_log("follower").await;
    host.visitor().get("/_innkeeper/live").await.expect(200);
    host.visitor().get("/_innkeeper/ready").await.expect(503);
    follower.administer("select pg_promote()").await;
    host.wait_until_ready().await;
    recovers(&host, "a promotion").await;
}

/// Several attached databases and no `DATABASE_URL`: nothing is guessed.
#[tokio::test(flavor = "multi_thread")]
async fn t10_of_several_attached_databases_none_is_guessed() {
    let urls = [("ROSE", "rose"), ("BLUE", "blue")];
    let mut innkeeper = command::innkeeper(&["doctor"]);
    for (colour, host) in urls {
        let name = format!("HEROKU_POSTGRESQL_{colour}_URL");
        innkeeper.env(name, format!("postgres://u:hunter2@{host}.example/d"));
    }
    let refused = command::finish(innkeeper, support::DEADLINE).await.failed();
    for name in ["HEROKU_POSTGRESQL_ROSE_URL", "HEROKU_POSTGRESQL_BLUE_URL"] {
        assert!(refused.stderr.contains(name), "{refused}");
    }
    assert!(!refused.to_string().contains("hunter2"), "{refused}");
}
