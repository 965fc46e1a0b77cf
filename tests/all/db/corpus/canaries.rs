//! What attacks must not find or change: canaries in the host's tables, in another app's and on the
//! disk, and the state of everything that is not the attacker's.

use std::path::{Path, PathBuf};

use http_body_util::Full;
use serde_json::{Value, json};
use support::probe::{all_ok, execute};
use support::{Engine, TestHost, Visitor, postgres};
use tempfile::TempDir;

/// In every value that must not be read.
const CANARY: &str = "canary";

/// Where an attack looks for files.
#[derive(Debug, Default)]
pub(super) struct Places {
    /// A file with a canary.
    file: String,
    /// One that does not exist.
    new: String,
    /// Another app's database, on SQLite.
    other: String,
}

impl Places {
    /// Puts places and characters into a line of the corpus.
    pub(super) fn fill(&self, line: &str) -> String {
        [("{FILE}", self.file.as_str()), ("{NEW}", &self.new), ("{OTHER}", &self.other), ("{LF}", "\n")]
            .into_iter()
            .chain([("{CR}", "\r"), ("{NUL}", "\0")])
            .fold(line.to_owned(), |line, (name, value)| line.replace(name, value))
    }
}

/// Whether an answer holds a canary.
pub(super) fn sings(result: &Value) -> bool {
    result.to_string().contains(CANARY)
}

/// What has been planted.
#[derive(Debug)]
pub(super) struct Canaries {
    engine: Engine,
    directory: TempDir,
    other: String,
}

impl Canaries {
    /// Plants canaries in a host with the apps `probe` and `other`.
    pub(super) async fn plant(host: &TestHost, engine: Engine) -> Self {
        let directory = tempfile::tempdir().expect("a temporary directory");
        std::fs::write(directory.path().join("file"), "canary-file").expect("a file of our own");
        let migration = json!({ "name": "secrets", "statements": ["create table secrets (a text)"] });
        let steps = json!([
            { "op": "db.migrate", "migrations": [migration] },
            execute("insert into secrets (a) values ('canary-row')", json!([])),
            { "op": "session.set", "key": "canary-key", "value": "canary-session" },
            { "op": "session.renew", "user": "canary-user" },
            { "op": "blob.create", "content-type": "text/plain", "filename": "canary-name" },
            { "op": "writer.write", "writer": 0, "text": "canary-blob" },
            { "op": "writer.finish", "writer": 0 },
            { "op": "blob.keep", "id": "$6.ok.id" },
        ]);
        for path in ["/other/steps", "/steps"] {
            let request = Visitor::with_steps(path, &steps);
            let answer = host.visitor().send(request, Full::<bytes::Bytes>::default()).await.expect(200).json();
            all_ok(answer.as_array().expect("results"));
        }
        let other = host.database().directory().map(|directory| directory.join("apps/other.sqlite"));
        let other = other.map(|path| path.display().to_string()).unwrap_or_default();
        Self { engine, directory, other }
    }

    /// For the attacks.
    pub(super) fn places(&self) -> Places {
        let path = |name: &str| self.directory.path().join(name).display().to_string();
        Places { file: path("file"), new: path("new"), other: self.other.clone() }
    }

    /// Everything that is not the attacker's, as texts to compare.
    pub(super) async fn state(&self, host: &TestHost) -> Vec<Vec<String>> {
        let mut state = vec![files_below(self.directory.path())];
        match self.engine {
            Engine::Postgres => state.extend(postgres_state(host).await),
            Engine::Sqlite => state.extend(sqlite_state(host).await),
        }
        state
    }
}

/// What a server holds besides an app's tables: each row as text.
const SERVER: [&str; 12] = [
    "select a::text from pg_authid a order by 1",
    "select s::text from pg_db_role_setting s order by 1",
    "select name || '=' || coalesce(setting, '') from pg_settings where name not like 'search%' order by 1",
    "select nspname || coalesce(nspacl::text, '') from pg_namespace where nspname !~ '^pg_(temp|toast)' order by 1",
    "select relname || coalesce(relacl::text, '') || coalesce(reloptions::text, '') || relowner from pg_class where \
     relnamespace <> 'app_probe'::regnamespace and relnamespace::regnamespace::text !~ '^pg_' order by 1",
    "select proname from pg_proc where oid >= 16384 union all select extname from pg_extension union all select \
     oprname from pg_operator where oid >= 16384 union all select castsource::text from pg_cast where oid >= 16384",
    "select typname from pg_type where oid >= 16384 and typtype not in ('c', 'b')",
    "select evtname from pg_event_trigger union all select pubname from pg_publication union all select srvname from \
     pg_foreign_server union all select subname from pg_subscription union all select spcname from pg_tablespace",
    "select tgname from pg_trigger where not tgisinternal union all select rulename from pg_rewrite where oid >= \
     16384 and rulename <> '_RETURN' union all select polname from pg_policy",
    "select l::text from pg_largeobject_metadata l union all select d::text from pg_description d where objoid >= 16384",
    "select gid from pg_prepared_xacts union all select slot_name from pg_replication_slots",
    "select l.objid::text from pg_locks l where locktype = 'advisory' and false",
];

/// The host's rows; those of a session change when it is only touched.
const HOST_ROWS: [&str; 4] = [
    "select (to_jsonb(x) - 'touched')::text from innkeeper.apps x order by 1",
    "select x::text from innkeeper.blobs x order by 1",
    "select x::text from innkeeper.chunks x order by 1",
    "select x::text from innkeeper.app_migrations x order by 1",
];

async fn postgres_state(host: &TestHost) -> Vec<Vec<String>> {
    let url = host.database().arguments()[1].to_owned();
    let mut state = Vec::new();
    for sql in SERVER {
        state.push(postgres::shared().look(&url, sql).await);
    }
    for sql in HOST_ROWS.into_iter().chain(["select a from app_other.secrets order by 1"]) {
        state.push(postgres::shared().look(&url, sql).await);
    }
    state.push(postgres::shared().look(&url, "select count(*)::text from innkeeper.sessions").await);
    state
}

async fn sqlite_state(host: &TestHost) -> Vec<Vec<String>> {
    let directory = host.database().directory().expect("the data directory");
    // Files of the log come and go with connections.
    let lasting = |path: &String| !path.ends_with("-wal") && !path.ends_with("-shm");
    let mut state = vec![files_below(directory).into_iter().filter(lasting).collect()];
    for app in ["probe", "other"] {
        for sql in [
            "select name || coalesce(sql, '') from sqlite_master where name like 'innkeeper%' or type = 'trigger' order by 1",
            "select * from innkeeper_blobs order by 1, 2",
            "select count(*) from innkeeper_sessions",
            "select count(*) || '-' || sum(length(data)) from innkeeper_chunks",
            "select count(*) from innkeeper_app_migrations",
            "pragma integrity_check",
            "pragma journal_mode",
            "pragma user_version",
        ] {
            state.push(host.database().app_rows(app, sql).await.concat());
        }
    }
    state.push(host.database().app_rows("other", "select a from secrets").await.concat());
    state
}

fn files_below(directory: &Path) -> Vec<String> {
    let mut files = Vec::new();
    let mut folders = vec![PathBuf::from(directory)];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).expect("a readable directory").flatten() {
            if entry.path().is_dir() {
                folders.push(entry.path());
            } else {
                files.push(entry.path().display().to_string());
            }
        }
    }
    files.sort();
    files
}
