//! The guestbook in every language, side by side: its size, how long the host compiles it, what a
//! page of it costs, and the memory of a request.
//!
//! Each host stands on SQLite and serves one guestbook with as many entries as its page shows.

use std::net::SocketAddr;
use std::time::Instant;

use anyhow::{Context, ensure};

use crate::client::Connection;
use crate::contender::{Contender, Server, innkeeper};
use crate::paths;
use crate::process;
use crate::rounds::{self, Round};
use crate::setup::Setup;
use crate::statistics::Spread;
use crate::table;
use crate::visitor::{Answers, get};

/// Languages and the names of their components.
const GUESTBOOKS: [(&str, &str); 8] = [
    ("C", "guestbook-c"),
    ("C++", "guestbook-cpp"),
    ("Zig", "guestbook-zig"),
    ("Rust", "guestbook-rust"),
    ("Go", "guestbook-go"),
    ("JavaScript", "guestbook-javascript"),
    ("TypeScript", "guestbook-typescript"),
    ("Python", "guestbook-python"),
];
const COLUMNS: [&str; 7] = [
    "language",
    "component MB",
    "compile s",
    "requests/s [min..max]",
    "p50 / p99 µs",
    "CPU µs/request",
    "KiB/request",
];
/// As many as the page shows.
const ENTRIES: usize = 20;
/// Requests that are under way while their memory is measured.
const UNDER_WAY: usize = 16;
/// Of its form each of them sends so much: enough that the guest is called and waits for the rest.
const SENT_BYTES: usize = 96 << 10;
const COMPILATIONS: usize = 3;

/// One guestbook.
#[derive(Debug)]
struct Measured {
    language: &'static str,
    bytes: u64,
    compile_seconds: f64,
    kib: f64,
}

/// Measures all of them. Returns the number of wrong answers.
pub async fn run(setup: &Setup) -> anyhow::Result<usize> {
    let (mut measured, mut contenders) = (Vec::new(), Vec::new());
    for (language, guest) in GUESTBOOKS {
        eprintln!("languages: {language}");
        let bytes = std::fs::metadata(paths::guest(guest)?)?.len();
        let compile_seconds = compile(setup, guest)?;
        let server = innkeeper(setup, guest, None, &[], "/entries.json").await?;
        fill(server.address).await.with_context(|| format!("entries for {language}"))?;
        let kib = memory(&server).await.with_context(|| format!("the memory of {language}"))?;
        measured.push(Measured { language, bytes, compile_seconds, kib });
        let connections = setup.options.connections;
        contenders.push(Contender::new(language, server, &Answers::Guestbook, connections).await?);
    }
    let turns = rounds::take_turns(&mut contenders, &setup.options, "languages").await?;
    report(setup, &measured, &turns.rounds);
    Ok(turns.show_errors())
}

/// The least time of a few compilations, each by a child as `deploy` makes it, in seconds.
fn compile(setup: &Setup, guest: &str) -> anyhow::Result<f64> {
    let path = paths::guest(guest)?;
    let once = || {
        let begun = Instant::now();
        process::finish(process::command(&setup.innkeeper).arg("inspect").arg(&path))?;
        anyhow::Ok(begun.elapsed().as_secs_f64())
    };
    let times = (0..COMPILATIONS).map(|_| once()).collect::<anyhow::Result<Vec<_>>>()?;
    Ok(times.into_iter().fold(f64::INFINITY, f64::min))
}

/// Writes entries as a program would, with the token of one session.
async fn fill(address: SocketAddr) -> anyhow::Result<()> {
    let mut connection = Connection::open(address).await?;
    let mut body = Vec::new();
    let head = connection.ask(&get(address, "/me", None), &mut body).await?;
    let cookie = head.cookie.context("no session")?;
    let me: serde_json::Value = serde_json::from_slice(&body)?;
    let token = me.get("csrf").and_then(|token| token.as_str()).context("no token")?;
    for number in 1..=ENTRIES {
        let form = format!("author=Ada&message=This+is+entry+{number}+of+the+book.&csrf={token}");
        let head = head_of_post(address, &cookie, "application/x-www-form-urlencoded", form.len());
        let answer = connection.ask(format!("{head}{form}").as_bytes(), &mut body).await?;
        ensure!(answer.status == 303, "entry {number}: status {}", answer.status);
    }
    Ok(())
}

fn head_of_post(address: SocketAddr, cookie: &str, content_type: &str, bytes: usize) -> String {
    format!(
        "POST /entries HTTP/1.1\r\nhost: {address}\r\norigin: http://{address}\r\ncookie: {cookie}\r\n\
         content-type: {content_type}\r\ncontent-length: {bytes}\r\n\r\n"
    )
}

/// How much anonymous memory a request takes that waits for the rest of its form, in KiB, with what
/// the host keeps of the form.
async fn memory(server: &Server) -> anyhow::Result<f64> {
    let (address, mut body) = (server.address, Vec::new());
    let mut connection = Connection::open(address).await?;
    let head = connection.ask(&get(address, "/me", None), &mut body).await?;
    let cookie = head.cookie.context("no session")?;
    let before = server.process.memory_mib("RssAnon")?;
    let mut waiting = Vec::new();
    for _ in 0..UNDER_WAY {
        let head = head_of_post(address, &cookie, "application/x-www-form-urlencoded", 2 * SENT_BYTES);
        let mut connection = Connection::open(address).await?;
        connection.send(format!("{head}message={}", "x".repeat(SENT_BYTES)).as_bytes()).await?;
        waiting.push(connection);
    }
    let after = server.process.settled_memory_mib("RssAnon").await?;
    Ok((after - before) * 1024.0 / UNDER_WAY as f64)
}

fn report(setup: &Setup, measured: &[Measured], rounds: &[Vec<Round>]) {
    let options = &setup.options;
    println!("\n## languages: the page of the guestbook with {ENTRIES} entries, on SQLite\n");
    println!(
        "{} connections, {} rounds of {} s, the first is warm-up; compile: the least of {COMPILATIONS}; \
         KiB/request: {UNDER_WAY} forms half sent.\n",
        options.connections, options.rounds, options.seconds
    );
    let rows: Vec<Vec<String>> = measured.iter().zip(rounds).map(|(one, rounds)| row(one, rounds)).collect();
    table::print(&COLUMNS, &rows);
}

fn row(one: &Measured, rounds: &[Round]) -> Vec<String> {
    let middle = |figure: fn(&Round) -> f64| Spread::of(rounds.iter().map(figure)).median;
    let rate = Spread::of(rounds.iter().map(|round| round.rate));
    vec![
        one.language.to_owned(),
        format!("{:.2}", one.bytes as f64 / 1e6),
        format!("{:.2}", one.compile_seconds),
        format!("{:.0} [{:.0}..{:.0}]", rate.median, rate.min, rate.max),
        format!("{:.0} / {:.0}", middle(|round| round.p50), middle(|round| round.p99)),
        format!("{:.0}", middle(|round| round.cpu_micros)),
        format!("{:.0}", one.kib),
    ]
}
