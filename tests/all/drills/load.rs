//! Visitors who write row after row whatever happens, and what they were answered.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use support::probe::{execute, ok, query};
use support::{Answer, TestHost, Visitor, until};
use tokio::sync::watch;
use tokio::task::JoinHandle;

const WRITERS: usize = 4;

/// The longest that an answer may take while the database is in trouble. A machine that stands
/// still for a while makes each writer late once, a host that lets people wait makes more of them
/// late.
const ANSWER_TIME: Duration = Duration::from_secs(3);

/// How soon after the trouble everything works again.
const RECOVERY_TIME: Duration = Duration::from_secs(10);

/// Codes that tell a guest of trouble with the database, each after what it means for the writer.
const TROUBLE: [&str; 6] = ["unavailable", "busy", "closed", "commit-unknown", "read-only", "serialization"];

/// What all writers have met so far.
#[derive(Clone, Debug, Default)]
pub(super) struct Met {
    /// Ids whose request was answered with success.
    pub(super) told: BTreeSet<String>,
    /// Answers that told of trouble.
    pub(super) refused: usize,
    /// What no answer may be.
    pub(super) wrong: Vec<String>,
    late: usize,
    slowest: Duration,
}

/// Writers at work.
pub(super) struct Load {
    met: Arc<Mutex<Met>>,
    stop: watch::Sender<bool>,
    writers: Vec<JoinHandle<()>>,
}

impl Load {
    pub(super) fn begin(host: &TestHost) -> Self {
        let met = Arc::<Mutex<Met>>::default();
        let stop = watch::Sender::new(false);
        let writer = |number| tokio::spawn(write(number, host.visitor(), met.clone(), stop.subscribe()));
        Self { writers: (0..WRITERS).map(writer).collect(), met, stop }
    }

    /// Waits until so many more rows have been written.
    pub(super) async fn wait_for_writes(&self, more: usize) {
        let before = self.met().told.len();
        let enough = async || (self.met().told.len() >= before + more).then_some(());
        until("rows are written", enough).await;
    }

    /// Waits until somebody has met trouble since `before`.
    pub(super) async fn wait_for_trouble(&self, before: usize) {
        let met = async || (self.met().refused > before).then_some(());
        until("a writer is told of trouble", met).await;
    }

    /// The trouble is over: measures how long it takes until every writer is answered with success.
    pub(super) async fn recovers(&self, host: &TestHost) {
        self.recovers_within(host, RECOVERY_TIME).await;
    }

    /// The same where somebody else takes a while to notice.
    pub(super) async fn recovers_within(&self, host: &TestHost, time: Duration) {
        let over = Instant::now();
        for _ in 0..3 {
            let mut visitor = host.visitor();
            let works = async || {
                let answer = visitor.try_probe(json!([query("select count(*) from kept", json!([]))])).await?;
                let fine = answer.status == 200 && !answer.text().contains("error");
                fine.then_some(())
            };
            until("the app works again", works).await;
        }
        self.wait_for_writes(WRITERS).await;
        assert!(over.elapsed() < time, "it took {:?}\n{}", over.elapsed(), warnings(host));
    }

    /// Ends the load and holds the host to its promises: every answer was right and in time, every
    /// row told is there.
    pub(super) async fn check(self, host: &TestHost) -> Met {
        let met = self.check_rows(host).await;
        assert!(met.wrong.is_empty(), "{} wrong answers: {:#?}\n{}", met.wrong.len(), met.wrong, warnings(host));
        assert!(
            met.late <= WRITERS && met.slowest < 4 * ANSWER_TIME,
            "{} answers were late, one took {:?}",
            met.late,
            met.slowest
        );
        met
    }

    /// Ends the load and asks for the rows alone, where answers may be late.
    pub(super) async fn check_rows(self, host: &TestHost) -> Met {
        self.stop.send_replace(true);
        for writer in self.writers {
            writer.await.expect("a writer ends by itself");
        }
        let met = self.met.lock().expect("nobody panics while holding it").clone();
        let there = rows(host, &met).await;
        assert!(there.is_superset(&met.told), "told and lost: {:?}", met.told.difference(&there));
        met
    }

    fn met(&self) -> Met {
        self.met.lock().expect("nobody panics while holding it").clone()
    }
}

/// What the host has to say about it, without a line for each request that went well.
fn warnings(host: &TestHost) -> String {
    let logs = host.logs();
    logs.lines().filter(|line| !line.contains("INFO request:")).collect::<Vec<_>>().join("\n")
}

/// All rows, read in pieces: one result is bounded.
async fn rows(host: &TestHost, met: &Met) -> BTreeSet<String> {
    let mut there = BTreeSet::new();
    loop {
        let after = there.last().cloned().unwrap_or_default();
        let next = query("select id from kept where id > $1 order by id limit 5000", json!([after]));
        let result = host.probe(json!([next])).await.remove(0);
        let rows = ok(&result)["rows"].as_array().expect("rows").clone();
        if rows.is_empty() {
            return there;
        }
        assert!(there.len() <= met.told.len() + 100_000, "the pieces move on");
        there.extend(rows.iter().filter_map(|row| row[0].as_str().map(str::to_owned)));
    }
}

async fn write(number: usize, mut visitor: Visitor, met: Arc<Mutex<Met>>, stop: watch::Receiver<bool>) {
    for count in 0.. {
        if *stop.borrow() {
            return;
        }
        let id = format!("{number}-{count:06}");
        let insert = execute("insert into kept (id) values ($1)", json!([id]));
        let began = Instant::now();
        let answer = visitor.try_probe(json!([insert, query("select count(*) from kept", json!([]))])).await;
        let (took, verdict) = (began.elapsed(), verdict(answer.as_ref()));
        let is_told = matches!(verdict, Verdict::Kept);
        {
            let mut met = met.lock().expect("nobody panics while holding it");
            met.late += usize::from(took >= ANSWER_TIME);
            met.slowest = met.slowest.max(took);
            match verdict {
                Verdict::Kept => {
                    met.told.insert(id);
                }
                Verdict::Trouble => met.refused += 1,
                Verdict::Wrong(what) => met.wrong.push(what),
            }
        }
        if !is_told {
            // Not to be counted in millions while the database is away.
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
}

enum Verdict {
    /// 2xx, and no step failed.
    Kept,
    /// The guest or the host said clearly what was the matter.
    Trouble,
    Wrong(String),
}

fn verdict(answer: Option<&Answer>) -> Verdict {
    let Some(answer) = answer else { return Verdict::Wrong("no answer at all".to_owned()) };
    let in_doubt = answer.text().contains("It is not certain that your request was saved.");
    match answer.status {
        200 => verdict_of_steps(&answer.json(), answer),
        503 if answer.header("retry-after").is_some() => Verdict::Trouble,
        500 if in_doubt => Verdict::Trouble,
        _ => Verdict::Wrong(short(answer)),
    }
}

fn verdict_of_steps(steps: &Value, answer: &Answer) -> Verdict {
    let codes: Vec<&str> =
        steps.as_array().into_iter().flatten().filter_map(|step| step.pointer("/error/code")?.as_str()).collect();
    if codes.is_empty() {
        Verdict::Kept
    } else if codes.iter().all(|code| TROUBLE.contains(code)) {
        Verdict::Trouble
    } else {
        Verdict::Wrong(short(answer))
    }
}

/// An answer in a line: a page of the host's without its frame.
fn short(answer: &Answer) -> String {
    let text = answer.text();
    let page = text.split_once("<h1>").map_or(text, |(_, page)| page);
    format!("{} {page}", answer.status)
}
