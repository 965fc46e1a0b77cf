//! Lines that log add-ons make graphs of, in the convention that Heroku's own lines follow (l2met):
//! `source=web.1 sample#memory_rss=31.25MB count#requests=120 measure#request_p95=12.5ms`.
//!
//! A `sample#` is what holds at that moment, and an add-on keeps the last one. A `count#` is what
//! came since the line before, and an add-on sums them up. A `measure#` is of the same time, and an
//! add-on makes its own statistics of many. So no number here grows for ever.

use super::figures::{Measured, PoolFigures};
use super::log_queue;
use super::metrics::{self, Requests};
use super::own_process::{computing_time, own_memory};
use super::recent::Counts;
use std::fmt::Write;
use std::time::{Duration, Instant};

/// Under which name the lines are logged. [`super::start`] lets them pass whatever is left out.
pub(super) const TARGET: &str = "samples";
/// What stands before a `#` that add-ons look for.
pub(super) const KINDS: [&str; 3] = ["sample", "count", "measure"];
/// How a name of a source may be written. All else becomes an underscore.
const SIGNS: &str = "._-";

/// What was counted when the line before was written.
#[derive(Debug)]
struct Before {
    at: Instant,
    computed: Duration,
    requests: Requests,
    refused: u64,
    left_out: u64,
}

impl Before {
    fn now(measured: &Measured) -> Self {
        Self {
            at: Instant::now(),
            computed: computing_time(),
            requests: metrics::requests(),
            refused: measured.guest_memory.refused,
            left_out: log_queue::left_out(),
        }
    }
}

/// Writes a line in each such time, and a last one when `end` resolves. `source` names this dyno.
pub async fn write(
    source: &str,
    every: Duration,
    memory_bytes: u64,
    measure: impl Fn() -> Measured,
    end: impl Future<Output = ()>,
) {
    let mut before = Before::now(&measure());
    let mut end = std::pin::pin!(end);
    loop {
        let is_last = tokio::time::timeout(every, end.as_mut()).await.is_ok();
        let measured = measure();
        let now = Before::now(&measured);
        let line = line(source, memory_bytes, &measured, &before, &now);
        tracing::info!(target: TARGET, "{line}");
        if is_last {
            return;
        }
        before = now;
    }
}

/// A word stands before and after the pairs: whoever splits a line of JSON at blanks finds each of
/// them whole.
fn line(source: &str, memory_bytes: u64, measured: &Measured, before: &Before, now: &Before) -> String {
    let fits = |char: char| if char.is_ascii_alphanumeric() || SIGNS.contains(char) { char } else { '_' };
    let source: String = source.chars().map(fits).collect();
    let took = now.at.saturating_duration_since(before.at);
    let mut line = format!("samples source={source}");
    // Writing into a text does not fail.
    let _ = of_process(&mut line, memory_bytes, now.computed.saturating_sub(before.computed), took);
    let _ = of_requests(&mut line, &now.requests, &before.requests);
    let _ = of_guests(&mut line, measured, now.refused.saturating_sub(before.refused));
    for pool in &measured.pools {
        let _ = of_pool(&mut line, pool);
    }
    let left_out = now.left_out.saturating_sub(before.left_out);
    let _ = write!(line, " count#log_lines_left_out={left_out} seconds={:.1}", took.as_secs_f64());
    line
}

fn of_process(line: &mut String, most: u64, computed: Duration, took: Duration) -> std::fmt::Result {
    let memory = own_memory();
    let total = memory.resident.saturating_add(memory.swapped);
    let load = computed.as_secs_f64() / took.as_secs_f64().max(0.001);
    write!(line, " sample#memory_total={} sample#memory_rss={}", mb(total), mb(memory.resident))?;
    write!(line, " sample#memory_swap={} sample#memory_quota={}", mb(memory.swapped), mb(most))?;
    write!(line, " sample#threads={} sample#load={load:.2}", memory.threads)
}

fn of_requests(line: &mut String, now: &Requests, before: &Requests) -> std::fmt::Result {
    let classes = now.by_class.iter().zip(&before.by_class);
    let since: Vec<u64> = classes.map(|(now, before)| now.saturating_sub(*before)).collect();
    write!(line, " count#requests={}", since.iter().sum::<u64>())?;
    for (class, count) in (1..).zip(&since).skip(1) {
        write!(line, " count#requests_{class}xx={count}")?;
    }
    let took: Counts = now.took.since(&before.took);
    for percent in [50, 95, 99] {
        if let Some(milliseconds) = took.percentile(percent) {
            write!(line, " measure#request_p{percent}={milliseconds:.2}ms")?;
        }
    }
    Ok(())
}

fn of_guests(line: &mut String, measured: &Measured, refused: u64) -> std::fmt::Result {
    let memory = measured.guest_memory;
    write!(line, " sample#guests={} sample#guests_most={}", measured.guests_in_flight, measured.guests_most)?;
    write!(line, " sample#guests_waiting={} count#guests_refused={refused}", memory.waiting)?;
    write!(line, " sample#guest_memory={} sample#guest_memory_most={}", mb(memory.bytes), mb(memory.bytes_most))
}

fn of_pool(line: &mut String, pool: &PoolFigures) -> std::fmt::Result {
    let PoolFigures { name, size, in_use, waiting, hanging } = pool;
    write!(line, " sample#db_{name}_connections={in_use} sample#db_{name}_connections_most={size}")?;
    write!(line, " sample#db_{name}_waiting={waiting} sample#db_{name}_hanging={hanging}")
}

/// As Heroku writes bytes.
fn mb(bytes: u64) -> String {
    let hundredths = bytes.saturating_mul(100) >> 20;
    format!("{}.{:02}MB", hundredths / 100, hundredths % 100)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::telemetry::figures::GuestMemoryFigures;
    use crate::telemetry::recent::Histogram;

    fn moment(at: Instant, by_class: [u64; 5], took: &Histogram) -> Before {
        let requests = Requests { by_class, took: took.counts() };
        Before { at, computed: Duration::ZERO, requests, refused: 0, left_out: 0 }
    }

    #[test]
    fn a_line_has_what_is_and_what_came_since_the_last() {
        let (took, began) = (Histogram::default(), Instant::now());
        (0..50).for_each(|_| took.note(Duration::from_secs(10)));
        let before = moment(began, [0, 40, 0, 10, 0], &took);
        (0..10).for_each(|_| took.note(Duration::from_micros(700)));
        let mut now = moment(began + Duration::from_secs(20), [0, 47, 1, 11, 1], &took);
        (now.computed, now.refused, now.left_out) = (Duration::from_secs(5), 3, 2);
        let guest_memory = GuestMemoryFigures {
            bytes: 3 << 20,
            bytes_most: 255 << 20,
            waiting: 4,
            ..GuestMemoryFigures::default()
        };
        let pool = PoolFigures { name: "guests", size: 5, in_use: 2, waiting: 1, hanging: 0 };
        let measured = Measured {
            guests_in_flight: 7,
            guests_most: 100,
            guest_memory,
            pools: vec![pool],
            ..Measured::default()
        };
        let line = line("web 1\"", 512 << 20, &measured, &before, &now);
        let pairs: Vec<&str> = line.split(' ').collect();
        assert_eq!((pairs.first(), pairs.last()), (Some(&"samples"), Some(&"seconds=20.0")), "{line}");
        for wanted in "source=web_1_ sample#memory_quota=512.00MB sample#load=0.25 count#requests=10 \
            count#requests_2xx=7 count#requests_3xx=1 count#requests_4xx=1 count#requests_5xx=1 \
            measure#request_p50=0.63ms sample#guests=7 sample#guests_most=100 sample#guests_waiting=4 \
            count#guests_refused=3 sample#guest_memory=3.00MB sample#guest_memory_most=255.00MB \
            sample#db_guests_connections=2 sample#db_guests_connections_most=5 sample#db_guests_waiting=1 \
            sample#db_guests_hanging=0 count#log_lines_left_out=2"
            .split_whitespace()
        {
            assert!(pairs.contains(&wanted), "{wanted}: {line}");
        }
        assert!(pairs.iter().skip(1).all(|pair| pair.matches('=').count() == 1), "{line}");
    }

    #[test]
    fn where_nobody_came_no_time_is_told() {
        let (took, began) = (Histogram::default(), Instant::now());
        let same = moment(began, [0; 5], &took);
        let line = line("web.1", 1, &Measured::default(), &same, &moment(began, [0; 5], &took));
        assert!(line.contains("count#requests=0") && !line.contains("measure#"), "{line}");
    }
}
