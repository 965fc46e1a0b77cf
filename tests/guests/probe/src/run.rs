//! Goes through the steps and answers with their results.

use guest::bindings::wasi::http::types::{Fields, IncomingRequest, ResponseOutparam};
use guest::http::{self, Body};
use serde_json::{Value as Json, json};

use crate::args::Args;
use crate::failure::Failure;
use crate::{blob, control, db, reference, session};

/// What a step comes to.
pub type Outcome = Result<Json, Failure>;

/// How far the answer has got.
enum Answer {
    /// No head yet.
    Unset(ResponseOutparam),
    /// The head has left; each result follows as soon as it is there.
    Streaming(Body),
    /// The body is complete, or somebody else's.
    Complete,
}

/// One request of a test.
struct Run<'a> {
    request: &'a IncomingRequest,
    answer: Answer,
    results: Vec<Json>,
    db: db::Db,
    blob: blob::Blobs,
    ballast: control::Ballast,
    /// Keeps the head away from us once the host sends a blob.
    is_blob_sent: bool,
}

/// Performs the steps and answers. Resources that the steps leave open stay so until after the
/// answer.
pub fn run(request: &IncomingRequest, out: ResponseOutparam, steps: Vec<Json>) {
    let mut run = Run {
        request,
        answer: Answer::Unset(out),
        results: Vec::new(),
        db: db::Db::new(),
        blob: blob::Blobs::new(),
        ballast: control::Ballast::default(),
        is_blob_sent: false,
    };
    for step in &steps {
        let result = match reference::resolve(step, &run.results).and_then(|step| run.perform(&step)) {
            Ok(ok) => json!({ "ok": ok }),
            Err(failure) => json!({ "error": failure.to_json() }),
        };
        run.note(result);
    }
    run.finish();
}

impl Run<'_> {
    fn perform(&mut self, step: &Json) -> Outcome {
        let args = Args::new(step);
        let op = args.text("op")?;
        match op.split_once('.').unwrap_or(("", op)) {
            ("db", name) => self.db.perform(name, args),
            ("tx", name) => self.db.perform_in_transaction(name, args),
            ("cursor", name) => self.db.perform_on_cursor(name, args),
            ("session", name) => session::perform(name, args),
            ("blob", name) => {
                let outcome = self.blob.perform(name, args);
                self.is_blob_sent |= name == "send" && outcome.is_ok();
                outcome
            }
            ("writer", name) => self.blob.perform_on_writer(name, args),
            ("reader", name) => self.blob.perform_on_reader(name, args),
            ("", "respond") => self.respond(args),
            (_, name) => control::perform(name, args, self.request, &mut self.ballast),
        }
    }

    /// Sets the head now. The results follow as the body, unless the step brings one.
    fn respond(&mut self, args: Args) -> Outcome {
        let fields = fields(args)?;
        let (status, text) = (args.optional_number("status")?.unwrap_or(200), args.optional_text("body")?);
        let out = self.take_out()?;
        let body = Body::begin(out, status, fields).ok_or_else(|| Failure::bad_step("`status` is no status"))?;
        match text {
            Some(text) => end(body, text),
            None => self.stream(body),
        }
        Ok(Json::Null)
    }

    fn take_out(&mut self) -> Result<ResponseOutparam, Failure> {
        match std::mem::replace(&mut self.answer, Answer::Complete) {
            Answer::Unset(out) => Ok(out),
            answered => {
                self.answer = answered;
                Err(Failure::new("answered", "the response has been set"))
            }
        }
    }

    fn stream(&mut self, body: Body) {
        let begun: Vec<String> = self.results.iter().map(Json::to_string).collect();
        // A visitor who has gone away must not keep the later steps from being performed.
        let _ = body.write(format!("[{}", begun.join(",")).as_bytes());
        self.answer = Answer::Streaming(body);
    }

    fn note(&mut self, result: Json) {
        if let Answer::Streaming(body) = &self.answer {
            let comma = if self.results.is_empty() { "" } else { "," };
            let _ = body.write(format!("{comma}{result}").as_bytes());
        }
        self.results.push(result);
    }

    fn finish(self) {
        match self.answer {
            Answer::Unset(out) if !self.is_blob_sent => send(out, &Json::Array(self.results)),
            Answer::Streaming(body) => end(body, "]"),
            _ => (),
        }
    }
}

fn send(out: ResponseOutparam, results: &Json) {
    let headers = http::fields(&[("content-type", "application/json")]);
    if let Some(body) = headers.ok().and_then(|fields| Body::begin(out, 200, fields)) {
        end(body, &results.to_string());
    }
}

fn end(body: Body, text: &str) {
    let _ = body.write(text.as_bytes());
    body.finish();
}

fn fields(args: Args) -> Result<Fields, Failure> {
    let mut headers = Vec::new();
    for header in args.list("headers")? {
        let (Some(name), Some(value)) = (header[0].as_str(), header[1].as_str()) else {
            return Err(Failure::bad_step("`headers` must be pairs of strings"));
        };
        headers.push((name, value));
    }
    Ok(http::fields(&headers)?)
}
