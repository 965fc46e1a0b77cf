//! Which lines of a log have been shown, of each process that serves an app: behind a router each
//! look may be answered by another one, and each counts its lines by itself.

use super::logs::LogQuery;
use crate::operations::{LogLineView, LogView};
use std::collections::BTreeMap;

/// A process that was asked for so often in vain is asked for no more: it has most likely ended.
const PATIENCE: u32 = 20;

/// How far each process's lines have been shown.
#[derive(Debug, Default)]
pub(super) struct Followed {
    processes: BTreeMap<String, Process>,
    /// The one for which the last question was.
    asked: Option<String>,
    looks: u64,
}

#[derive(Debug, Default)]
struct Process {
    /// The number of the next line; none: nothing of it has been shown.
    next: Option<u64>,
    /// The look at which it last told something new; 0: not yet.
    heard: u64,
    /// How often others have answered what was asked for it.
    in_vain: u32,
}

/// What a look has brought.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct News {
    pub(super) lines: Vec<LogLineView>,
    /// Lines that were overwritten before they could be shown.
    pub(super) missed: u64,
}

impl Followed {
    /// From which line on to ask: that of the process of which nothing was heard for the longest
    /// time. None: for the last ones.
    pub(super) fn since(&mut self) -> Option<u64> {
        let there = self.processes.iter().filter(|(_, process)| process.in_vain < PATIENCE);
        let stalest = there.min_by_key(|(_, process)| process.heard);
        self.asked = stalest.map(|(name, _)| name.clone());
        stalest.and_then(|(_, process)| process.next)
    }

    /// The lines of an answer that have not been shown. None where it does not go on where the last
    /// ones of this process ended, because it was asked for another one.
    pub(super) fn take(&mut self, query: &LogQuery, answer: LogView) -> Option<News> {
        self.looks += 1;
        let others = self.asked.take().filter(|asked| *asked != answer.process);
        if let Some(asked) = others.and_then(|name| self.processes.get_mut(&name)) {
            asked.in_vain += 1;
        }
        let process = self.processes.entry(answer.process).or_default();
        process.in_vain = 0;
        let Some(next) = process.next else {
            if query.since.is_some() {
                return None;
            }
            (process.next, process.heard) = (Some(answer.next), self.looks);
            return Some(News { lines: answer.lines, missed: 0 });
        };
        let is_cut = answer.lines.len() >= usize::try_from(query.limit).unwrap_or(usize::MAX);
        if answer.next < next && !is_cut {
            // The lines of the app are counted anew.
            process.next = Some(0);
            return None;
        }
        let oldest = answer.lines.first().map_or(0, |line| line.number);
        let from = query.since.unwrap_or(if is_cut { oldest } else { 0 });
        if from > next || answer.next < next {
            return None;
        }
        (process.next, process.heard) = (Some(answer.next), self.looks);
        let missed = from.saturating_add(answer.missed).saturating_sub(next);
        let lines = answer.lines.into_iter().filter(|line| line.number >= next).collect();
        Some(News { lines, missed })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::telemetry::log_ring::{Level, Source};

    /// The log of one process, with all its lines.
    struct Host {
        name: &'static str,
        lines: u64,
    }

    impl Host {
        fn answer(&self, query: &LogQuery) -> LogView {
            let since = query.since.filter(|since| *since <= self.lines);
            let limit = u64::from(query.limit);
            let (from, to) = match (query.since, since) {
                (None, _) => (self.lines.saturating_sub(limit), self.lines),
                (_, since) => {
                    let since = since.unwrap_or(0);
                    (since, self.lines.min(since + limit))
                }
            };
            let line = |number| LogLineView {
                number,
                at: "2026-11-28T12:00:00Z".to_owned(),
                level: Level::Info,
                source: Source::Host,
                version: None,
                request_id: None,
                text: format!("{} {number}", self.name),
            };
            LogView { process: self.name.to_owned(), next: to, missed: 0, lines: (from..to).map(line).collect() }
        }
    }

    /// Follows hosts behind a router that takes the next one each time, while each logs. Returns
    /// what was shown.
    fn follow(hosts: &mut [Host], looks: u64, logs: impl Fn(u64, &mut [Host])) -> Vec<String> {
        let mut followed = Followed::default();
        let mut query = LogQuery { since: None, request: None, level: None, limit: 10 };
        let mut shown = Vec::new();
        for look in 0..looks {
            logs(look, hosts);
            query.since = followed.since();
            let turn = usize::try_from(look).unwrap() % hosts.len();
            let answer = hosts[turn].answer(&query);
            shown.extend(followed.take(&query, answer).into_iter().flat_map(|news| news.lines));
        }
        shown.into_iter().map(|line| line.text).collect()
    }

    fn assert_all_once(shown: &[String], name: &str, numbers: std::ops::Range<u64>) {
        let of: Vec<&str> =
            shown.iter().map(String::as_str).filter(|text| text.starts_with(&format!("{name} "))).collect();
        let expected: Vec<String> = numbers.map(|number| format!("{name} {number}")).collect();
        assert_eq!(of, expected);
    }

    #[test]
    fn each_line_of_each_host_is_shown_once() {
        for count in 1..=5 {
            let names = ["a", "b", "c", "d", "e"].into_iter().take(count);
            // One with few lines beside others with many: their numbers have nothing in common.
            let mut hosts: Vec<Host> =
                names.zip([5_000, 3, 0, 800, 7]).map(|(name, lines)| Host { name, lines }).collect();
            let began: Vec<u64> = hosts.iter().map(|host| host.lines).collect();
            let shown = follow(&mut hosts, 2_000, |look, hosts| {
                if look > 100 && look < 1_000 && look % 25 == 0 {
                    hosts.iter_mut().for_each(|host| host.lines += 2);
                }
            });
            for (host, began) in hosts.iter().zip(began) {
                assert_all_once(&shown, host.name, began.saturating_sub(10)..host.lines);
            }
        }
    }

    #[test]
    fn a_log_that_is_counted_anew_is_shown_from_its_beginning() {
        let mut hosts = [Host { name: "a", lines: 50 }, Host { name: "b", lines: 7 }];
        let shown = follow(&mut hosts, 200, |look, hosts| {
            if look == 50 {
                hosts[0].lines = 4;
            }
        });
        let of_a: Vec<&String> = shown.iter().filter(|text| text.starts_with('a')).collect();
        assert_eq!(of_a[10..], ["a 0", "a 1", "a 2", "a 3"], "{shown:?}");
        assert_all_once(&shown, "b", 0..7);
    }

    #[test]
    fn a_host_that_has_ended_keeps_nobody_waiting() {
        let mut followed = Followed::default();
        let mut query = LogQuery { since: None, request: None, level: None, limit: 10 };
        let (old, mut new) = (Host { name: "old", lines: 900 }, Host { name: "new", lines: 0 });
        assert!(followed.take(&query, old.answer(&query)).is_some());
        let mut shown = 0;
        for _ in 0..100 {
            new.lines += 1;
            query.since = followed.since();
            let answer = new.answer(&query);
            shown += followed.take(&query, answer).map_or(0, |news| news.lines.len());
        }
        assert_eq!(shown, 100);
    }
}
