//! Visitors who upload in every way there is and write into their session, and note what they were
//! told.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use http::{Method, Request};
use http_body_util::Full;
use serde_json::{Value, json};
use support::bytes::{png, sha256};
use support::multipart::Multipart;
use support::probe::{all_ok, execute, ok};
use support::random::Random;
use support::{Answer, TestHost, Visitor};
use tokio::task::JoinHandle;

/// What visitors were told is kept.
#[derive(Debug, Default)]
pub(super) struct Told {
    /// Rows, with the hash of the file that belongs to each.
    pub(super) rows: BTreeMap<String, String>,
    /// The last value that was set in the session.
    pub(super) set: u64,
    /// How often the session's counter was raised.
    pub(super) raised: i64,
    /// Uploads by ticket that are under way: the path, all bytes, and how many have arrived.
    pub(super) uploads: Vec<(String, Vec<u8>, usize)>,
}

/// See the module.
pub(super) struct Writers {
    pub(super) told: Arc<Mutex<Told>>,
    pub(super) visitor: Visitor,
    random: Random,
    round: u64,
}

impl Writers {
    /// Visitors of a host, who find it again after each restart.
    pub(super) fn new(host: &TestHost, random: Random) -> Self {
        Self { told: Arc::default(), visitor: host.visitor(), random, round: 0 }
    }

    /// Begins to write.
    pub(super) fn begin(&mut self) -> Vec<JoinHandle<()>> {
        self.round += 1;
        let work = |number| Work {
            told: Arc::clone(&self.told),
            visitor: self.visitor.clone(),
            random: self.random.fork(self.round * 10 + number),
            name: format!("{}-{number}", self.round),
        };
        let session = work(3);
        vec![
            tokio::spawn(work(0).send_forms()),
            tokio::spawn(work(1).send_bodies()),
            tokio::spawn(work(2).send_by_ticket()),
            tokio::spawn(session.write_session()),
        ]
    }

    /// Waits until everybody has met the end of the host.
    pub(super) async fn end(&self, load: Vec<JoinHandle<()>>) {
        for writer in load {
            writer.await.expect("a writer ends by itself");
        }
    }

    /// Begins a session, if it was not begun before the host was killed.
    pub(super) async fn settle(&mut self) {
        if self.visitor.jar.header().is_none() {
            all_ok(&self.visitor.probe(json!([{ "op": "session.set", "key": "set", "value": "0" }])).await);
        }
    }
}

struct Work {
    told: Arc<Mutex<Told>>,
    visitor: Visitor,
    random: Random,
    name: String,
}

/// An answer in which everything went well; none where the host has gone.
fn good(answer: anyhow::Result<Answer>) -> Option<Value> {
    let answer = answer.ok().filter(|answer| answer.status == 200)?;
    Some(answer.json()).filter(|results| !results.to_string().contains("\"error\""))
}

fn keep(blob: &str, row: &str) -> Value {
    json!([{ "op": "blob.keep", "id": blob }, execute("insert into kept (id, blob) values ($1, $2)", json!([row, blob]))])
}

fn after(first: Value, more: Value) -> Value {
    [vec![first], more.as_array().cloned().unwrap_or_default()].concat().into()
}

impl Work {
    fn note(&self, change: impl FnOnce(&mut Told)) {
        change(&mut self.told.lock().expect("nobody panics while holding it"));
    }

    fn photo(&mut self) -> Vec<u8> {
        let size = 1 + self.random.below(600_000);
        png(usize::try_from(size).expect("a small number"), self.random.bits())
    }

    async fn send_forms(mut self) {
        for count in 0.. {
            let (photo, row) = (self.photo(), format!("form-{}-{count}", self.name));
            let form = Multipart::new().field("a", "one").file("f", "f.png", "image/png", &photo);
            let steps = after(json!({ "op": "blob.receive-form" }), keep("$0.ok.files.0.blob.id", &row));
            let request = Visitor::with_steps("/upload", &steps).header("content-type", form.content_type());
            let answer = self.visitor.try_send(request, Full::new(Bytes::from(form.body()))).await;
            if good(answer).is_none() {
                return;
            }
            self.note(|told| drop(told.rows.insert(row, sha256(&photo))));
        }
    }

    async fn send_bodies(mut self) {
        for count in 0.. {
            let (photo, row) = (self.photo(), format!("body-{}-{count}", self.name));
            let steps = after(json!({ "op": "blob.receive-body" }), keep("$0.ok.id", &row));
            let request = Visitor::with_steps("/upload", &steps).header("content-type", "image/png");
            let answer = self.visitor.try_send(request, Full::new(Bytes::from(photo.clone()))).await;
            if good(answer).is_none() {
                return;
            }
            self.note(|told| drop(told.rows.insert(row, sha256(&photo))));
        }
    }

    /// Goes on with the last upload, or begins another one; a whole one is kept.
    async fn send_by_ticket(mut self) {
        for count in 0.. {
            let going_on = self.told.lock().expect("nobody panics while holding it").uploads.pop();
            let next = match going_on {
                Some(upload) => Some(upload),
                None => self.begin().await,
            };
            let Some((path, photo, at)) = next else { return };
            let arrived = self.piece(&path, &photo, at).await;
            let end = arrived.unwrap_or(at);
            if end < photo.len() || arrived.is_none() {
                self.note(|told| told.uploads.push((path, photo, end)));
                if arrived.is_none() {
                    return;
                }
                continue;
            }
            let (id, row) = (id_of(&path), format!("ticket-{}-{count}", self.name));
            let answer = self.visitor.try_probe(keep(&id, &row)).await;
            if good(answer.ok_or_else(|| anyhow::anyhow!("gone"))).is_none() {
                return;
            }
            self.note(|told| drop(told.rows.insert(row, sha256(&photo))));
        }
    }

    async fn begin(&mut self) -> Option<(String, Vec<u8>, usize)> {
        let photo = self.photo();
        let steps = json!([{ "op": "blob.sign-upload", "seconds": 3600 }]);
        let answer = self.visitor.try_probe(steps).await.ok_or_else(|| anyhow::anyhow!("gone"));
        let path = good(answer)?[0]["ok"]["path"].as_str().expect("a path").to_owned();
        let request = Request::post(&path).header("tus-resumable", "1.0.0").header("upload-length", photo.len());
        let answer = self.visitor.try_send(request, Full::<Bytes>::default()).await.ok()?;
        (answer.status == 201).then_some((path, photo, 0))
    }

    /// Sends some more bytes. Returns how many have arrived; none where the host has gone.
    async fn piece(&mut self, path: &str, photo: &[u8], at: usize) -> Option<usize> {
        let left = u64::try_from(photo.len() - at).expect("a small number");
        let size = usize::try_from(1 + self.random.below(left.max(1))).expect("a small number");
        let end = photo.len().min(at + size);
        let request = Request::builder()
            .method(Method::PATCH)
            .uri(path)
            .header("tus-resumable", "1.0.0")
            .header("content-type", "application/offset+octet-stream")
            .header("upload-offset", at);
        let body = Full::new(Bytes::copy_from_slice(photo.get(at..end).unwrap_or_default()));
        let answer = self.visitor.try_send(request, body).await.ok()?;
        (answer.status == 204).then_some(end)
    }

    async fn write_session(mut self) {
        // The cookie comes with the first answer; without it nothing can be told from one round to
        // the next.
        if self.visitor.jar.header().is_none() {
            return;
        }
        loop {
            let value = self.told.lock().expect("nobody panics while holding it").set + 1;
            let steps = json!([
                { "op": "session.set", "key": "set", "value": value.to_string() },
                { "op": "session.increment", "key": "raised", "by": 1 },
            ]);
            let answer = self.visitor.try_probe(steps).await.ok_or_else(|| anyhow::anyhow!("gone"));
            let Some(results) = good(answer) else { return };
            let raised = ok(&results[1]).as_i64().expect("a number");
            self.note(|told| (told.set, told.raised) = (value, raised));
        }
    }
}

/// The id of the blob that an upload will be.
pub(super) fn id_of(path: &str) -> String {
    let path = path.split('?').next().unwrap_or_default();
    path.rsplit('/').next().unwrap_or_default().to_owned()
}
