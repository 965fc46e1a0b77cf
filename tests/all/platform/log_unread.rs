//! T13: what becomes of the log where nobody reads it, and what the end of the process leaves of it.

use super::log_lines::fields_of_logfmt;
use serde_json::json;
use std::fs::OpenOptions;
use std::io::{BufRead, BufReader, PipeReader, Read};
use std::os::fd::AsRawFd;
use std::os::unix::fs::OpenOptionsExt;
use std::process::{ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use support::host::deploy;
use support::probe::all_ok;
use support::{DEADLINE, Engine, TestDatabase, TestHost, Visitor, command, until};
use tokio::process::Child;

on_both_databases! {
    t13_a_log_that_nobody_reads_stops_nobody_and_says_what_it_lost,
    t13_a_log_whose_reader_has_left_stops_nobody,
    whoever_stops_a_host_at_once_reads_that_in_the_log,
}

/// `O_NONBLOCK` on Linux.
const NO_WAIT: i32 = 0o4000;
/// Each request prints so many lines of a thousand bytes.
const LINES: usize = 3_000;
const REQUESTS: usize = 3;
const KIB: u64 = 1024;

/// A host whose standard output the test reads when it likes.
struct Unread {
    child: Child,
    output: Option<BufReader<PipeReader>>,
    visitor: Visitor,
    _database: TestDatabase,
}

impl Unread {
    /// Reads until the host says where it listens, and no further.
    async fn start(engine: Engine, flags: i32) -> Self {
        let database = TestDatabase::fresh(engine).await;
        deploy(&database, "probe", "probe", &["--route", "/"]).await.succeeded();
        let (reader, writer) = std::io::pipe().expect("a pipe");
        // Opened anew, it has flags of its own.
        let writer_again = format!("/proc/self/fd/{}", writer.as_raw_fd());
        let end =
            OpenOptions::new().write(true).custom_flags(flags).open(writer_again).expect("a pipe of our own");
        let [flag, place] = database.arguments();
        let mut command = command::innkeeper(&["serve", "--listen", "127.0.0.1:0", flag, place]);
        command.env("INNKEEPER_LOG_FORMAT", "logfmt").env("INNKEEPER_LOG_BYTES_PER_REQUEST", "8MiB");
        command.env("INNKEEPER_LOG_BYTES_PER_MINUTE", "100MiB").stdout(Stdio::from(end));
        let child = command.spawn().expect("a host");
        // Else nobody would notice that the host has closed its end.
        drop((command, writer));
        let mut output = BufReader::new(reader);
        let address = loop {
            let mut line = String::new();
            assert!(output.read_line(&mut line).expect("a line") > 0, "it ended");
            if let Some((_, rest)) = line.split_once("listening on http://") {
                break rest.split('"').next().and_then(|address| address.parse().ok()).expect("an address");
            }
        };
        let mut visitor = Visitor::of(Arc::new(Mutex::new(address)));
        let ready = async || visitor.try_get("/_innkeeper/ready").await.filter(|answer| answer.status == 200);
        until("the host gets ready", ready).await;
        Self { child, output: Some(output), visitor, _database: database }
    }

    /// Lets guests print more than there is room for.
    async fn flood(&mut self) {
        let text = format!("{}\n", "x".repeat(1_000)).repeat(LINES);
        for _ in 0..REQUESTS {
            all_ok(&self.visitor.probe(json!([{ "op": "stdout", "text": text }])).await);
        }
    }

    fn pid(&self) -> u32 {
        self.child.id().expect("it has not ended")
    }

    fn rss_kib(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.pid())).expect("a process");
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("its memory");
        line.trim().trim_end_matches(" kB").parse().expect("a number")
    }

    async fn end(&mut self) -> ExitStatus {
        let pid = self.pid().to_string();
        let sent = std::process::Command::new("kill").args(["-s", "TERM", &pid]).status();
        assert!(sent.is_ok_and(|status| status.success()));
        tokio::time::timeout(DEADLINE, self.child.wait()).await.expect("it ends").expect("a child of our own")
    }
}

async fn t13_a_log_that_nobody_reads_stops_nobody_and_says_what_it_lost(engine: Engine) {
    for flags in [0, NO_WAIT] {
        let mut host = Unread::start(engine, flags).await;
        let before = host.rss_kib();
        host.flood().await;
        let grown = host.rss_kib().saturating_sub(before);
        assert!(grown < 30 * KIB, "{flags}: {grown} KiB more for a log that nobody reads");
        let log = Arc::new(Mutex::new(String::new()));
        let into = Arc::clone(&log);
        let mut output = host.output.take().expect("nobody has taken it");
        let reading = std::thread::spawn(move || {
            let mut bytes = [0; 4096];
            while let Ok(read @ 1..) = output.read(&mut bytes) {
                into.lock().expect("nobody panics").push_str(&String::from_utf8_lossy(&bytes[..read]));
            }
        });
        until("it says what it lost", async || {
            log.lock().expect("nobody panics").contains("some lines are left out").then_some(())
        })
        .await;
        all_ok(&host.visitor.probe(json!([{ "op": "stdout", "text": "read again" }])).await);
        assert!(host.end().await.success(), "{flags}");
        reading.join().expect("it reads to the end");
        let log = log.lock().expect("nobody panics").clone();
        let lines: Vec<_> = log.lines().map(fields_of_logfmt).collect();
        let printed =
            lines.iter().filter(|line| line.get("msg").is_some_and(|text| text.starts_with("xxx"))).count();
        let told: usize = lines.iter().filter_map(|line| line.get("lines")?.parse::<usize>().ok()).sum();
        // With the lines of the requests themselves.
        let all = LINES * REQUESTS;
        assert!(printed < all && (all..all + 20).contains(&(printed + told)), "{flags}: {printed} + {told}");
        assert!(
            log.contains("msg=\"read again\"") && log.trim_end().ends_with("target=innkeeper::cli::run"),
            "{flags}"
        );
    }
}

async fn t13_a_log_whose_reader_has_left_stops_nobody(engine: Engine) {
    let mut host = Unread::start(engine, 0).await;
    drop(host.output.take());
    host.flood().await;
    let before = host.rss_kib();
    host.flood().await;
    let grown = host.rss_kib().saturating_sub(before);
    assert!(grown < 10 * KIB, "{grown} KiB more");
    assert!(host.end().await.success());
}

async fn whoever_stops_a_host_at_once_reads_that_in_the_log(engine: Engine) {
    let mut host = TestHost::of(engine, "probe", "probe").await;
    let mut visitor = host.visitor();
    let steps = json!([{ "op": "stdout", "text": "at work\n" }, { "op": "sleep", "ms": 20_000 }]);
    let waiting = tokio::spawn(async move { visitor.try_probe(steps).await });
    host.wait_for_log("at work").await;
    host.serving().signal("INT");
    host.wait_for_log("Ctrl-C again stops at once").await;
    host.serving().signal("INT");
    let (status, log) = host.ended().await;
    assert_eq!(status.code(), Some(130), "{log}");
    assert!(log.contains("stopped at once: requests under way were cut off"), "{log}");
    assert!(waiting.await.expect("no panic").is_none(), "it was cut off");
}
