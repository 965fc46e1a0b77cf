//! Followers: transactions that only read may go to a copy of the database that is a little behind.

use std::time::Duration;

use serde_json::{Value, json};
use support::postgres::Server;
use support::probe::{all_ok, code, execute, integer, ok, query};
use support::{Engine, TestDatabase, TestHost, command, host, until};

/// As Heroku names a second database.
pub(super) const VAR: &str = "HEROKU_POSTGRESQL_ROSE_URL";
/// How far the follower may be behind where that is tried.
const LAG: Duration = Duration::from_secs(3);
const TOKEN: &str = "0123456789abcdef0123456789abcdef";

/// An app with a follower, and both servers.
pub(super) struct Followed {
    pub(super) host: TestHost,
    primary: Server,
    pub(super) follower: Server,
    pub(super) url: String,
}

impl Followed {
    /// With a follower that may be further behind than any test takes.
    pub(super) async fn start() -> Self {
        Self::with_more(&["--follower-lag", "60s"]).await
    }

    /// With one that may be behind for [`LAG`].
    async fn bounded() -> Self {
        Self::with_more(&["--follower-lag", "3s"]).await
    }

    async fn with_more(more: &[&str]) -> Self {
        Self::on(Server::start(), more).await
    }

    pub(super) async fn on(primary: Server, more: &[&str]) -> Self {
        let url = primary.fresh_database().await;
        let follower = primary.follower();
        let database = TestDatabase::at(&url);
        host::deploy(&database, "probe", "probe", &["--route", "/"]).await.succeeded();
        let set = [&["apps", "set", "probe", "--follower-var", VAR], more].concat();
        command::on(&database, &set).await.succeeded();
        let host = TestHost::with(Engine::Postgres).database(database).by_environment();
        let host = host.env(VAR, &at(&url, &follower)).env("INNKEEPER_ADMIN_TOKEN", TOKEN).start().await;
        let table = json!({ "name": "1", "statements": ["create table notes (n bigint not null)"] });
        let made = json!([{ "op": "db.migrate", "migrations": [table] }, insert(1)]);
        all_ok(&host.probe(made).await);
        let followed = Self { host, primary, follower, url };
        followed.catches_up().await;
        followed
    }

    /// Waits until the follower has all that the primary has written.
    async fn catches_up(&self) {
        let written = self.primary.ask("select pg_current_wal_lsn()::text").await.remove(0).remove(0);
        let replayed = format!("select (pg_last_wal_replay_lsn() >= '{written}')::text");
        let there = async || (self.follower.ask(&replayed).await == [["true"]]).then_some(());
        until("the follower has caught up", there).await;
    }

    /// From now on the follower stands where it is.
    pub(super) async fn pause(&self) {
        self.follower.administer("select pg_wal_replay_pause()").await;
        let paused = async || {
            let state = self.follower.ask("select pg_get_wal_replay_pause_state()").await;
            (state == [["paused"]]).then_some(())
        };
        until("the follower stands still", paused).await;
    }

    async fn resume(&self) {
        self.follower.administer("select pg_wal_replay_resume()").await;
    }

    /// How many transactions that only read have gone where.
    async fn answered_by(&self, server: &str) -> u64 {
        let figures = self.figures().await;
        let name = format!("innkeeper_read_only_transactions_total{{app=\"probe\",by=\"{server}\"}} ");
        figures.lines().find_map(|line| line.strip_prefix(&name)?.parse().ok()).unwrap_or(0)
    }

    pub(super) async fn figures(&self) -> String {
        let bearer = format!("Bearer {TOKEN}");
        let answer = self.host.visitor().get_with("/_innkeeper/metrics", "authorization", &bearer).await;
        answer.expect(200).text().to_owned()
    }

    /// What a transaction that only reads sees.
    pub(super) async fn seen(&self) -> i64 {
        integer(&self.host.probe(json!([begin(), count_in(0)])).await[1])
    }

    /// Runs steps until so many of their transactions have begun at the follower: on a busy machine
    /// the primary answers at times. Returns how many notes there were before, and the results.
    pub(super) async fn at_follower(&self, times: u64, steps: Value) -> (i64, Vec<Value>) {
        until("the follower answers", async || {
            let notes = integer(&self.host.probe(json!([count()])).await[0]);
            let before = self.answered_by("follower").await;
            let results = self.host.probe(steps.clone()).await;
            (self.answered_by("follower").await == before + times).then_some((notes, results))
        })
        .await
    }

    /// What a transaction that only reads sees at the follower.
    pub(super) async fn seen_at_follower(&self) -> i64 {
        integer(&self.at_follower(1, json!([begin(), count_in(0)])).await.1[1])
    }

    /// Waits until transactions go to a server again, by what the host counts.
    pub(super) async fn goes_to(&self, server: &str) {
        let goes = async || {
            let before = self.answered_by(server).await;
            self.seen().await;
            (self.answered_by(server).await > before).then_some(())
        };
        until("the transactions go there", goes).await;
    }
}

/// The same database on another server.
pub(super) fn at(url: &str, server: &Server) -> String {
    server.url(url.rsplit('/').next().expect("a database"))
}

pub(super) fn insert(n: i64) -> Value {
    execute("insert into notes (n) values ($1)", json!([n]))
}

pub(super) fn begin() -> Value {
    json!({ "op": "db.begin", "options": { "read-only": true } })
}

fn begin_snapshot() -> Value {
    json!({ "op": "db.begin", "options": { "read-only": true, "isolation": "repeatable-read" } })
}

pub(super) fn count_in(tx: u32) -> Value {
    json!({ "op": "tx.query", "tx": tx, "sql": "select count(*) from notes", "params": [] })
}

pub(super) fn count() -> Value {
    query("select count(*) from notes", json!([]))
}

pub(super) fn commit(tx: u32) -> Value {
    json!({ "op": "tx.commit", "tx": tx })
}

/// A follower that stands still shows who has answered.
#[tokio::test(flavor = "multi_thread")]
async fn only_the_first_transactions_that_only_read_go_to_the_follower() {
    let followed = Followed::start().await;
    followed.goes_to("follower").await;
    followed.pause().await;
    all_ok(&followed.host.probe(json!([insert(2)])).await);
    let sees = async |steps: Value, at: usize| integer(&followed.host.probe(steps).await[at]);
    assert_eq!(followed.seen_at_follower().await, 1, "the follower has answered");
    let (_, results) = followed.at_follower(1, json!([begin(), count()])).await;
    assert_eq!(integer(&results[1]), 1, "and so within the transaction");
    assert_eq!(sees(json!([count()]), 0).await, 2, "a query by itself");
    assert_eq!(sees(json!([{ "op": "db.begin" }, count_in(0)]), 1).await, 2, "a transaction that may write");
    assert_eq!(sees(json!([begin(), count_in(0), commit(0), count()]), 3).await, 2, "after its end");
    let two = json!([begin(), count_in(0), commit(0), begin(), count_in(1)]);
    assert_eq!(integer(&followed.at_follower(2, two).await.1[4]), 1, "the next one goes there, too");
    // Whoever has written reads what was written.
    assert_eq!(sees(json!([insert(3), begin(), count_in(0)]), 2).await, 3);
    let session = json!({ "op": "session.set", "key": "a", "value": "1" });
    assert_eq!(sees(json!([session, begin(), count_in(0)]), 2).await, 3, "a session was written");
    assert_eq!(
        sees(json!([insert(4), { "op": "db.commit" }, begin(), count_in(0)]), 3).await,
        4,
        "after a commit"
    );
}

/// A write while the transaction is open moves it to the primary.
#[tokio::test(flavor = "multi_thread")]
async fn a_write_takes_the_open_transaction_to_the_primary() {
    let followed = Followed::start().await;
    followed.goes_to("follower").await;
    followed.pause().await;
    all_ok(&followed.host.probe(json!([insert(2)])).await);
    let steps = json!([begin(), count_in(0), insert(3), count_in(0), commit(0), count()]);
    let (notes, results) = followed.at_follower(1, steps).await;
    let seen = [1, 3, 5].map(|at| integer(&results[at]));
    assert_eq!(seen, [1, notes + 1, notes + 1]);
    // Parts inside it go along, and are undone alone.
    let nested = json!([begin(), count_in(0), { "op": "db.begin" }, insert(4), count_in(1), { "op": "tx.rollback", "tx": 1 }, count_in(0)]);
    let (notes, results) = followed.at_follower(1, nested).await;
    let seen = [1, 4, 6].map(|at| integer(&results[at]));
    assert_eq!(seen, [1, notes + 1, notes], "{results:?}");
    // One that has read a snapshot cannot be taken along.
    let steps = json!([begin_snapshot(), count_in(0), insert(5), count_in(0), count()]);
    let (notes, results) = followed.at_follower(1, steps).await;
    let seen = (integer(&results[1]), code(&results[3]), integer(&results[4]));
    assert_eq!(seen, (1, "closed", notes + 1), "{results:?}");
    // What writes through it is refused, wherever it is.
    let write = json!({ "op": "tx.execute", "tx": 0, "sql": "insert into notes (n) values (9)", "params": [] });
    let (_, results) = followed.at_follower(1, json!([begin(), write, count_in(0)])).await;
    assert_eq!((code(&results[1]), integer(&results[2])), ("read-only", 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn sessions_are_read_from_the_primary() {
    let followed = Followed::start().await;
    followed.goes_to("follower").await;
    followed.pause().await;
    let mut visitor = followed.host.visitor();
    all_ok(&visitor.probe(json!([{ "op": "session.set", "key": "a", "value": "1" }])).await);
    let get = json!({ "op": "session.get", "key": "a" });
    let results = visitor.probe(json!([begin(), count_in(0), get])).await;
    assert_eq!(ok(&results[2]), "1", "{results:?}");
    let set = json!({ "op": "session.set", "key": "a", "value": "2" });
    all_ok(&visitor.probe(json!([begin(), count_in(0), set, count_in(0), commit(0)])).await);
    assert_eq!(ok(&visitor.probe_one(get).await), "2");
}

/// Beyond its bound it is not used, and again once it has caught up. An idle primary is no lag.
#[tokio::test(flavor = "multi_thread")]
async fn a_follower_that_is_too_far_behind_is_not_used() {
    let followed = Followed::bounded().await;
    followed.goes_to("follower").await;
    // Longer than the bound without a write.
    tokio::time::sleep(LAG + Duration::from_secs(1)).await;
    let before = followed.answered_by("primary").await;
    for _ in 0..10 {
        followed.seen().await;
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    assert!(followed.answered_by("primary").await < before + 4, "an idle primary is no lag");
    followed.goes_to("follower").await;
    followed.pause().await;
    all_ok(&followed.host.probe(json!([insert(2)])).await);
    let began = tokio::time::Instant::now();
    let sees_all = async || (followed.seen().await == 2).then_some(());
    until("the primary answers", sees_all).await;
    // It was no further behind; what the machine takes comes on top.
    assert!(began.elapsed() < LAG + Duration::from_secs(10), "{:?}", began.elapsed());
    // And goes on doing so.
    for _ in 0..10 {
        assert_eq!(followed.seen().await, 2);
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    followed.resume().await;
    followed.goes_to("follower").await;
    assert_eq!(followed.seen().await, 2);
}

pub(super) async fn doctor(followed: &Followed, url: &str) -> String {
    let mut doctor = command::innkeeper(&["doctor"]);
    doctor.env("DATABASE_URL", &followed.url).env(VAR, url);
    command::finish(doctor, support::DEADLINE).await.stdout
}

/// A table that the follower does not have yet is no error.
#[tokio::test(flavor = "multi_thread")]
async fn a_table_that_the_follower_does_not_have_yet_is_read_at_the_primary() {
    let followed = Followed::start().await;
    followed.goes_to("follower").await;
    followed.pause().await;
    let more =
        json!({ "name": "2", "statements": ["create table more (n bigint)", "insert into more values (5)"] });
    let first = json!({ "name": "1", "statements": ["create table notes (n bigint not null)"] });
    all_ok(&followed.host.probe(json!([{ "op": "db.migrate", "migrations": [first, more] }])).await);
    let look = json!({ "op": "tx.query", "tx": 0, "sql": "select n from more", "params": [] });
    let results = followed.host.probe(json!([begin(), count_in(0), look, look, commit(0)])).await;
    assert_eq!((integer(&results[2]), integer(&results[3])), (5, 5), "{results:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_follower_is_counted_and_told() {
    let followed = Followed::bounded().await;
    followed.goes_to("follower").await;
    // It looks once, and what the host writes now and then may just be on its way.
    let said = until("it is found to follow", async || {
        let said = doctor(&followed, &at(&followed.url, &followed.follower)).await;
        said.contains("is at most").then_some(said)
    })
    .await;
    for text in [
        "app probe: follower HEROKU_POSTGRESQL_ROSE_URL is at most",
        "(3 s are allowed)",
        "2 to HEROKU_POSTGRESQL_ROSE_URL",
    ] {
        assert!(said.contains(text), "no {text:?}: {said}");
    }
    // A variable that the host does not have.
    let mut unset = command::innkeeper(&["doctor"]);
    unset.env("DATABASE_URL", &followed.url);
    let said = command::finish(unset, support::DEADLINE).await.stdout;
    assert!(said.contains("is not used, reads go to the primary: HEROKU_POSTGRESQL_ROSE_URL"), "{said}");
    let database = followed.host.database();
    let shown = command::on(database, &["apps", "show", "probe"]).await.succeeded();
    assert!(shown.stdout.contains("HEROKU_POSTGRESQL_ROSE_URL, up to 3s behind"), "{shown}");
    command::on(database, &["apps", "set", "probe", "--no-follower-var"]).await.succeeded();
    let shown = command::on(database, &["apps", "show", "probe", "--json"]).await.succeeded();
    assert!(!shown.stdout.contains("ROSE"), "{shown}");
    let follower_is_left = async || (followed.follower.backends("true").await == 0).then_some(());
    until("its connections end", follower_is_left).await;
    for wrong in [["--follower-var", "postgres://u:hunter2@h/d"], ["--follower-lag", "5"]] {
        let refused = command::on(database, &[&["apps", "set", "probe"][..], &wrong].concat()).await.failed();
        assert!(refused.stderr.contains("follower") && !refused.stderr.contains("hunter2"), "{refused}");
    }
}

/// The same app runs on SQLite, which has no followers.
#[tokio::test(flavor = "multi_thread")]
async fn on_sqlite_the_setting_does_nothing_and_doctor_says_so() {
    let database = TestDatabase::fresh(Engine::Sqlite).await;
    host::deploy(&database, "probe", "probe", &["--route", "/"]).await.succeeded();
    command::on(&database, &["apps", "set", "probe", "--follower-var", VAR]).await.succeeded();
    let doctor = command::on(&database, &["doctor"]).await.succeeded();
    assert!(doctor.stdout.contains("the app's database is SQLite, which has no followers"), "{doctor}");
    let host = TestHost::with(Engine::Sqlite).database(database).start().await;
    let table = execute("create table notes (n bigint not null)", json!([]));
    all_ok(&host.probe(json!([table, insert(1)])).await);
    assert_eq!(integer(&host.probe(json!([begin(), count_in(0)])).await[1]), 1);
}

/// Whoever has written reads it on the next page, whichever host answers it; others may be a little
/// behind.
#[tokio::test(flavor = "multi_thread")]
async fn a_visitor_sees_what_it_has_just_written() {
    let followed = Followed::start().await;
    followed.goes_to("follower").await;
    let (_second, mut at_second) = followed.host.twin().await;
    followed.pause().await;
    let mut writer = followed.host.visitor();
    let answer = writer.probe_answer(json!([insert(2)])).await.expect(200);
    let cookies: Vec<_> = answer.headers.get_all("set-cookie").iter().collect();
    assert_eq!(cookies, ["innkeeper-probe_wrote=1; Path=/; HttpOnly; SameSite=Lax; Max-Age=61"]);
    let look = json!([begin(), count_in(0), { "op": "echo-headers" }]);
    at_second.jar = writer.jar.clone();
    for visitor in [&mut writer, &mut at_second] {
        let results = visitor.probe(look.clone()).await;
        assert_eq!(integer(&results[1]), 2);
        assert!(!results[2].to_string().contains("_wrote"), "no guest sees it: {results:?}");
    }
    // Others may be a little behind, and a page that only reads makes nobody a writer.
    let mut reader = followed.host.visitor();
    let answer = reader.probe_answer(json!([begin(), count_in(0)])).await.expect(200);
    assert!(answer.header("set-cookie").is_none(), "{answer:?}");
    assert_eq!(followed.seen_at_follower().await, 1);
}

/// Each statement is kept by itself, and a part of the transaction ends while the follower goes.
#[tokio::test(flavor = "multi_thread")]
async fn where_each_statement_is_kept_alone_a_follower_answers_too() {
    let followed = Followed::with_more(&["--follower-lag", "60s", "--transactions", "statement"]).await;
    followed.goes_to("follower").await;
    followed.pause().await;
    all_ok(&followed.host.probe(json!([insert(2)])).await);
    let steps = json!([begin(), count_in(0), commit(0), begin(), count_in(1)]);
    let (_, results) = followed.at_follower(2, steps).await;
    assert_eq!([1, 4].map(|at| integer(&results[at])), [1, 1], "{results:?}");
    // What was written is there although the request fails, and is read from then on.
    let steps = json!([begin(), count_in(0), commit(0), insert(3), begin(), count_in(1), { "op": "trap" }]);
    let answer = followed.host.visitor().probe_answer(steps).await;
    assert_eq!(answer.status, 500, "{answer:?}");
    assert_eq!(integer(&followed.host.probe(json!([count()])).await[0]), 3);
    let steps = json!([begin(), count_in(0), insert(4), count_in(0), commit(0), count()]);
    let (notes, results) = followed.at_follower(1, steps).await;
    let seen = [1, 3, 5].map(|at| integer(&results[at]));
    assert_eq!(seen, [1, notes + 1, notes + 1], "{results:?}");
}

/// A follower of the database that an app names for itself.
#[tokio::test(flavor = "multi_thread")]
async fn a_database_of_an_apps_own_may_have_a_follower() {
    const OWN: &str = "LEDGER_URL";
    let (primary, hosts) = (Server::start(), TestDatabase::fresh(Engine::Postgres).await);
    let url = primary.fresh_database().await;
    let follower = primary.follower();
    host::deploy(&hosts, "probe", "probe", &["--route", "/"]).await.succeeded();
    let arguments =
        ["apps", "set", "probe", "--database-var", OWN, "--follower-var", VAR, "--follower-lag", "60s"];
    let arguments = [&arguments[..], &hosts.arguments()].concat();
    let mut set = command::innkeeper(&arguments);
    set.env(OWN, &url).env(VAR, at(&url, &follower));
    command::finish(set, support::DEADLINE).await.succeeded();
    let host = TestHost::with(Engine::Postgres).database(hosts).env(OWN, &url).env(VAR, &at(&url, &follower));
    let host = host.env("INNKEEPER_ADMIN_TOKEN", TOKEN).start().await;
    let table = json!({ "name": "1", "statements": ["create table notes (n bigint not null)"] });
    all_ok(&host.probe(json!([{ "op": "db.migrate", "migrations": [table] }, insert(1)])).await);
    let followed = Followed { host, primary, follower, url };
    followed.catches_up().await;
    followed.goes_to("follower").await;
    followed.pause().await;
    all_ok(&followed.host.probe(json!([insert(2)])).await);
    assert_eq!(followed.seen_at_follower().await, 1);
}
