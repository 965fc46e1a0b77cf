//! Random units of work against a simple model: what a commit calls kept is kept as a whole, and
//! nothing else is.
//!
//! The model believes the answers. A step that succeeds changes what the unit would keep, one that
//! fails changes nothing, and after a commit that fails nothing may succeed before a rollback.
//! Failures are injected: rows that a commit refuses, values and files that the database refuses,
//! keys that are there already, files that find no room. A failure names its seed, see
//! [`support::random`].

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};
use support::probe::{all_ok, execute, integer, ok, op, query, respond};
use support::random::Random;
use support::{Engine, TestDatabase, TestHost, Visitor};

use crate::sessions::deploy;

on_both_databases! {
    what_a_commit_calls_kept_is_kept_and_nothing_else,
    where_statements_are_kept_by_themselves_what_succeeds_is_kept_and_nothing_else,
}

const REQUESTS: u64 = 300;
const LONGEST: u64 = 16;
/// Rows and keys are few, so that steps meet each other.
const FEW: u64 = 6;
/// Some ten files of the size that the steps make.
const QUOTA: &str = "24KiB";

/// What an app can keep.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct State {
    rows: BTreeSet<u64>,
    values: BTreeMap<String, String>,
    blobs: BTreeSet<String>,
}

/// What an app keeps together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mode {
    Request,
    Statement,
}

/// A unit of work as its answers describe it.
struct Model {
    mode: Mode,
    kept: State,
    /// What the next commit is to keep.
    unit: State,
    /// The places of steps that have begun a transaction, and what there was then.
    parts: Vec<(usize, State)>,
    /// Whether a commit has failed since the last rollback.
    has_failed: bool,
    /// Whether something was done that may be refused later, or take the unit with it.
    is_doomed: bool,
}

/// How often what has happened.
#[derive(Debug, Default)]
struct Seen {
    kept: u32,
    refused: u32,
    undone: u32,
}

async fn what_a_commit_calls_kept_is_kept_and_nothing_else(engine: Engine) {
    run(engine, Mode::Request).await;
}

async fn where_statements_are_kept_by_themselves_what_succeeds_is_kept_and_nothing_else(engine: Engine) {
    run(engine, Mode::Statement).await;
}

async fn run(engine: Engine, mode: Mode) {
    let random = Random::from_environment();
    let (host, mut visitor) = probe(engine, mode).await;
    let mut model = Model::new(mode, kept(&host, &mut visitor).await);
    let mut seen = Seen::default();
    for number in 0..REQUESTS {
        let mut random = random.fork(number);
        let (steps, commits) = request(&mut random, &model.kept);
        let what = format!("{random}, request {number}: {}", json!(steps));
        // Of a request that is no success all results are known, and what was kept before its end
        // stays.
        let fails = commits || mode == Mode::Statement;
        let end = if fails { respond(500) } else { respond(200) };
        let answer = visitor.probe_answer(json!([steps.clone(), vec![end]].concat())).await;
        match answer.status {
            200 | 500 if answer.body.starts_with(b"[") => {
                let results = answer.json();
                let results = results.as_array().unwrap_or_else(|| panic!("no results: {answer:?}"));
                for (at, (step, result)) in steps.iter().zip(results).enumerate() {
                    model.note(at, &with_id(step, at, results), result, &mut seen, &what);
                }
                model.end(!fails, &mut seen, &what);
            }
            status => {
                assert!(status >= 500 && !fails, "{what}: {answer:?}");
                assert!(steps.iter().any(may_doom), "{what}: refused without a reason: {answer:?}");
                seen.refused += 1;
            }
        }
        model = Model::new(mode, model.kept);
        assert_eq!(kept(&host, &mut visitor).await, model.kept, "{what}");
        let (counted, there) = crate::blobs::quota::room(&host).await;
        assert_eq!(counted, there, "{what}");
    }
    let enough = seen.kept > 50 && seen.undone > 8 && (seen.refused > 2 || mode == Mode::Statement);
    assert!(enough, "{random}: {seen:?}");
}

impl Model {
    fn new(mode: Mode, kept: State) -> Self {
        Self { mode, unit: kept.clone(), kept, parts: Vec::new(), has_failed: false, is_doomed: false }
    }

    fn note(&mut self, at: usize, step: &Value, result: &Value, seen: &mut Seen, what: &str) {
        let is_ok = result.get("ok").is_some();
        let name = step["op"].as_str().expect("a name");
        assert!(!(is_ok && self.has_failed) || name == "db.rollback", "{what}: step {at} went on: {result}");
        self.is_doomed |= may_doom(step);
        match name {
            "db.commit" if is_ok => {
                seen.kept += 1;
                *self = Self::new(self.mode, self.unit.clone());
            }
            "db.commit" => {
                assert!(self.is_doomed || self.has_failed, "{what}: step {at} failed without a reason: {result}");
                seen.refused += 1;
                self.has_failed = true;
            }
            "db.rollback" => {
                ok(result);
                seen.undone += 1;
                *self = Self::new(self.mode, self.kept.clone());
            }
            _ if is_ok => {
                self.change(at, step, name, ok(result), what);
                if self.mode == Mode::Statement && self.parts.is_empty() {
                    seen.kept += 1;
                    self.kept = self.unit.clone();
                }
            }
            // The outermost transaction is kept by itself: where it cannot be, it is lost.
            "tx.commit" if self.mode == Mode::Statement && self.place(step).is_some() => {
                self.parts.clear();
                self.unit = self.kept.clone();
            }
            _ => {}
        }
    }

    /// The place among open transactions of the one that a step ends.
    fn place(&self, step: &Value) -> Option<usize> {
        let begun = step["begun"].as_u64().and_then(|at| usize::try_from(at).ok()).expect("a place");
        self.parts.iter().position(|(part, _)| *part == begun)
    }

    fn change(&mut self, at: usize, step: &Value, name: &str, result: &Value, what: &str) {
        let number =
            || step["params"][0]["integer"].as_str().and_then(|n| n.parse::<u64>().ok()).expect("a number");
        let key = || step["key"].as_str().expect("a key").to_owned();
        match name {
            "db.begin" => self.parts.push((at, self.unit.clone())),
            "tx.commit" | "tx.rollback" => {
                let place = self.place(step).unwrap_or_else(|| panic!("{what}: step {at} ended what had ended"));
                let (_, before) = self.parts.swap_remove(place);
                self.parts.truncate(place);
                if name == "tx.rollback" {
                    self.unit = before;
                }
            }
            "db.execute" if step["does"] == "insert" => {
                assert!(self.unit.rows.insert(number()), "{what}: step {at} inserted twice");
            }
            "db.execute" if step["does"] == "delete" => {
                assert_eq!(self.unit.rows.remove(&number()), result == 1, "{what}: step {at}");
            }
            "db.query" => {
                let count = integer(&json!({ "ok": result }));
                assert_eq!(usize::try_from(count), Ok(self.unit.rows.len()), "{what}: step {at} counts");
            }
            "session.set" => {
                drop(self.unit.values.insert(key(), step["value"].as_str().expect("a value").to_owned()))
            }
            "session.remove" => drop(self.unit.values.remove(&key())),
            "session.get" => {
                assert_eq!(result.as_str(), self.unit.values.get(&key()).map(String::as_str), "{what}: step {at}");
            }
            "session.increment" => {
                let before = self.unit.values.get(&key()).map_or(Some(0), |value| value.parse::<i64>().ok());
                let sum = before.map(|before| before + 1);
                assert_eq!(result.as_i64(), sum, "{what}: step {at} counts on");
                self.unit.values.extend(sum.map(|sum| (key(), sum.to_string())));
            }
            "blob.keep" => drop(self.unit.blobs.insert(step["id"].as_str().expect("an id").to_owned())),
            "blob.delete" => {
                let id = step["id"].as_str().expect("an id");
                assert!(self.unit.blobs.remove(id), "{what}: step {at} deleted what was gone");
            }
            _ => {}
        }
    }

    /// The request has ended, and its answer left with the results. Transactions that are open then
    /// are undone.
    fn end(&mut self, keeps: bool, seen: &mut Seen, what: &str) {
        if !keeps {
            return;
        }
        assert!(!self.has_failed, "{what}: it was answered with a success");
        self.kept = self.parts.first().map_or(&self.unit, |(_, before)| before).clone();
        seen.kept += 1;
    }
}

/// A step that keeps a file comes behind the one that has told its id.
fn with_id(step: &Value, at: usize, results: &[Value]) -> Value {
    let mut step = step.clone();
    if step["op"] == "blob.keep" {
        step["id"] = results[at - 1].pointer("/ok/id").cloned().unwrap_or_default();
    }
    step
}

/// Whether a commit may be refused because of this step.
fn may_doom(step: &Value) -> bool {
    step["does"] == "orphan" || step["key"] == "refused" || step["name"] == "refused"
}

/// Steps of a request, and whether commits are among them.
fn request(random: &mut Random, kept: &State) -> (Vec<Value>, bool) {
    let commits = random.below(2) == 0;
    let dooms = random.below(3) == 0;
    let count = 1 + random.below(LONGEST);
    let mut steps: Vec<Value> = Vec::new();
    let mut begun: Vec<usize> = Vec::new();
    while (steps.len() as u64) < count {
        let at = steps.len();
        let number = random.below(FEW);
        let key = format!("key{}", random.below(FEW));
        let params = json!([{ "integer": number.to_string() }]);
        match random.below(18) {
            0..=2 => steps.push(does("insert", execute("insert into kept (n) values ($1)", params))),
            3 => steps.push(does("delete", execute("delete from kept where n = $1", params))),
            4 => steps.push(query("select count(*) from kept", json!([]))),
            5 => steps.push(execute("insert into kept (n) values (null)", json!([]))),
            6 => {
                steps.push(op("db.begin"));
                begun.push(at);
            }
            7 | 8 if !begun.is_empty() => {
                let part = *random.one_of(&begun);
                let name = if random.below(2) == 0 { "tx.commit" } else { "tx.rollback" };
                steps.push(json!({ "op": name, "tx": format!("${part}.ok"), "begun": part }));
            }
            9 => steps.push(json!({ "op": "session.set", "key": key, "value": number.to_string() })),
            10 => steps.push(json!({ "op": "session.set", "key": key, "value": "some text" })),
            11 => steps.push(json!({ "op": "session.remove", "key": key })),
            12 => steps.push(json!({ "op": "session.increment", "key": key, "by": 1 })),
            13 => steps.push(json!({ "op": "session.get", "key": key })),
            14 => steps.extend(file(at, random, dooms)),
            15 if !kept.blobs.is_empty() => {
                let all: Vec<&String> = kept.blobs.iter().collect();
                steps.push(json!({ "op": "blob.delete", "id": random.one_of(&all) }));
            }
            16 if commits => steps.push(op(random.one_of::<&str>(&["db.commit", "db.commit", "db.rollback"]))),
            17 if dooms => steps.push(match random.below(2) {
                0 => json!({ "op": "session.set", "key": "refused", "value": "1" }),
                _ => does("orphan", execute("insert into orphans (n) values ($1)", params)),
            }),
            _ => {}
        }
    }
    (steps, commits)
}

fn does(what: &str, mut step: Value) -> Value {
    step["does"] = json!(what);
    step
}

/// Makes a file of some KiB and keeps it.
fn file(at: usize, random: &mut Random, dooms: bool) -> Vec<Value> {
    let name = if dooms && random.below(3) == 0 { "refused" } else { "file" };
    let writer = format!("${at}.ok");
    let repeat = json!({ "byte": 65, "count": 1 + random.below(4096), "calls": 1 });
    vec![
        json!({ "op": "blob.create", "name": name, "content-type": "text/plain" }),
        json!({ "op": "writer.write", "writer": writer, "repeat": repeat }),
        json!({ "op": "writer.finish", "writer": writer }),
        json!({ "op": "blob.keep", "id": format!("${}.ok.id", at + 2) }),
    ]
}

async fn probe(engine: Engine, mode: Mode) -> (TestHost, Visitor) {
    let database = TestDatabase::fresh(engine).await;
    let settings = if mode == Mode::Statement { "transactions = \"statement\"" } else { "" };
    deploy(&database, settings).await.succeeded();
    let host = TestHost::with(engine)
        .database(database)
        .env("INNKEEPER_APP_BYTES", QUOTA)
        .env("INNKEEPER_STAGED_BLOB_LIFETIME", "1s")
        .env("INNKEEPER_POOL_WAIT", "30s")
        .start()
        .await;
    let statements = [
        "create table kept (n bigint not null primary key)",
        "create table parents (n bigint primary key)",
        "create table orphans (n bigint references parents (n) deferrable initially deferred)",
    ];
    let migration = json!({ "name": "1", "statements": statements });
    let mut visitor = host.visitor();
    let begin = json!({ "op": "session.set", "key": "key0", "value": "0" });
    all_ok(&visitor.probe(json!([{ "op": "db.migrate", "migrations": [migration] }, begin])).await);
    let triggers = match engine {
        Engine::Postgres => vec![
            "create function innkeeper.refuse() returns trigger language plpgsql as \
             $$ begin if new.name = 'refused' then raise exception 'refused'; end if; return new; end $$",
            "create trigger refuse before insert on innkeeper.session_values \
             for each row execute function innkeeper.refuse()",
            "create trigger refuse before update on innkeeper.blobs for each row execute function innkeeper.refuse()",
        ],
        Engine::Sqlite => vec![
            "create trigger refuse_values before insert on innkeeper_session_values when new.name = 'refused' \
             begin select raise(abort, 'refused'); end",
            "create trigger refuse_blobs before update on innkeeper_blobs when new.name = 'refused' \
             begin select raise(abort, 'refused'); end",
        ],
    };
    for trigger in triggers {
        host.database().app_rows("probe", trigger).await;
    }
    (host, visitor)
}

/// What there is, as another request sees it.
async fn kept(host: &TestHost, visitor: &mut Visitor) -> State {
    let list = json!({ "op": "blob.list", "limit": 1000 });
    let keys = visitor.probe(json!([op("session.get-keys"), list])).await;
    let text = |value: &Value| value.as_str().expect("a text").to_owned();
    let names: Vec<String> = ok(&keys[0]).as_array().expect("keys").iter().map(text).collect();
    let get = |name: &String| json!({ "op": "session.get", "key": name });
    let values = visitor.probe(names.iter().map(get).collect()).await;
    let blobs = ok(&keys[1]).as_array().expect("blobs").iter().map(|blob| text(&blob["id"])).collect();
    let rows = host.database().app_rows("probe", "select n from kept").await;
    let rows = rows.into_iter().flatten().map(|n| n.parse().expect("a number")).collect();
    State { rows, values: names.into_iter().zip(values.iter().map(|value| text(ok(value)))).collect(), blobs }
}
