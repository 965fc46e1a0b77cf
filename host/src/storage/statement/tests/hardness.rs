//! Texts that are made to hurt: deep, long, cut and mixed. A thread of the size that the runtime's
//! workers have must survive them.

use super::super::{Engine, RefusalCode, check};
use super::{ENGINES, MAX_BYTES};
use rustix::time::{ClockId, clock_gettime};
use std::time::{Duration, Instant};

/// What the runtime gives its workers.
const WORKER_STACK: usize = 2 << 20;

fn on_a_worker(work: impl FnOnce() + Send + 'static) {
    let thread = std::thread::Builder::new().stack_size(WORKER_STACK).spawn(work);
    thread.unwrap().join().unwrap();
}

fn times(text: &str, most: usize) -> usize {
    (MAX_BYTES - most) / text.len()
}

/// What makes a tree deep to the left, repeated behind a value.
const CHAINS: [&str; 29] = [
    "+1",
    " or a",
    " and a = 1",
    "::int",
    " is null",
    "||'a'",
    " union select 1",
    "->'a'",
    "[1]",
    " collate x",
    ".a",
    " between 1 and 2",
    " not",
    " at time zone 'x'",
    " = any(a)",
    " isnull",
    "%",
    "- ",
    " join t on true",
    " x",
    ",1",
    " in (1)",
    "(1)",
    " over ()",
    " escape 'a'",
    " operator(a.+) 1",
    "<",
    "~",
    "[]",
];

/// What makes a tree deep to the right, repeated before a value.
const OPENERS: [&str; 29] = [
    "(",
    "not ",
    "- ",
    "(select ",
    "(select * from ",
    "array[",
    "abs(",
    "case when a then ",
    "a in (",
    "a between ",
    "exists (select ",
    "with a as (",
    "interval ",
    "cast(",
    "((((",
    "(a, ",
    "t join (",
    "lateral (",
    "row(",
    "{",
    "[",
    "values (",
    "explain ",
    "union (",
    "create view v as ",
    "distinct ",
    "a = all (",
    "trim(",
    "extract(year from ",
];

#[test]
fn deep_statements_are_refused_and_hurt_nobody() {
    on_a_worker(|| {
        for chain in CHAINS {
            survive(&format!("select 1 {}", chain.repeat(times(chain, 20))));
            survive(&format!("select * from t where a {}", chain.repeat(times(chain, 50))));
        }
        for opener in OPENERS {
            for head in ["", "select ", "select * from "] {
                survive(&format!("{head}{}", opener.repeat(times(opener, 50))));
                survive(&format!("{head}{}1{}", opener.repeat(150), ")".repeat(150)));
            }
        }
    });
}

/// What this thread has computed so far, however busy the machine is.
fn computed() -> Duration {
    Duration::try_from(clock_gettime(ClockId::ThreadCPUTime)).unwrap()
}

/// Whatever comes out: it comes soon.
fn survive(sql: &str) {
    for engine in ENGINES {
        let before = computed();
        let _ = check(engine, sql, MAX_BYTES);
        let took = computed().saturating_sub(before);
        assert!(took < Duration::from_secs(5), "{engine:?} {took:?} {sql:.80}");
    }
}

#[test]
fn long_ordinary_statements_pass() {
    on_a_worker(|| {
        let rows: Vec<String> =
            (0..500).map(|n| format!("(${}, lower(${}) || 'x')", 2 * n + 1, 2 * n + 2)).collect();
        let insert = format!("insert into t (a, b) values {}", rows.join(", "));
        let terms: Vec<String> = (0..1_000).map(|n| format!("(t.a = {n} and t.b = 'x')")).collect();
        let or = format!("select * from t where {}", terms.join(" or "));
        let plain: Vec<String> = (0..1_000).map(|n| format!("t.a = {n}")).collect();
        let chain = format!("select * from t where {}", plain.join(" or "));
        let list = format!(
            "select * from t where a in ({})",
            (0..10_000).map(|n| n.to_string()).collect::<Vec<_>>().join(",")
        );
        let nested = format!("select {}1{}", "(".repeat(100), ")".repeat(100));
        let unions = format!("select 1{}", " union all select 1".repeat(500));
        for engine in ENGINES {
            for sql in [&insert, &or, &chain, &list, &nested, &unions] {
                assert!(check(engine, sql, MAX_BYTES).is_ok(), "{engine:?} {:?}", check(engine, sql, MAX_BYTES));
            }
        }
        let deep = format!("select {}1{}", "(".repeat(300), ")".repeat(300));
        assert!(
            check(Engine::Postgres, &deep, MAX_BYTES).is_err_and(|refusal| refusal.code == RefusalCode::TooLarge)
        );
    });
}

/// Cuts, doubles and mixes the tokens of ordinary statements; each result must be refused or pass,
/// without a panic.
#[test]
fn mixed_tokens_hurt_nobody() {
    on_a_worker(|| {
        let mut random = Random(0x9E37_79B9_7F4A_7C15);
        let statements: Vec<&str> = TEXTS.iter().flat_map(|text| text.split("\n=> ")).collect();
        let words: Vec<&str> = TEXTS.iter().flat_map(|text| text.split(' ')).collect();
        let begin = Instant::now();
        let mut tried = 0_u32;
        while tried < 1_000 || begin.elapsed() < Duration::from_secs(1) {
            let text = random.pick(&statements).trim_start_matches(char::is_alphabetic).trim();
            let mut tokens: Vec<&str> = text.split(' ').collect();
            for _ in 0..=random.below(4) {
                let at = random.below(tokens.len());
                match random.below(4) {
                    0 => drop(tokens.remove(at)),
                    1 => tokens.insert(at, random.pick(&words)),
                    2 => tokens[at] = random.pick(&words),
                    _ => tokens.truncate(at + 1),
                }
                if tokens.is_empty() {
                    tokens.push("select");
                }
            }
            let sql = tokens.join(" ");
            for engine in ENGINES {
                let result = check(engine, &sql, MAX_BYTES);
                let gave_up = result.as_ref().is_err_and(|refusal| refusal.message.contains("gave up"));
                assert!(!gave_up, "the parser panics: {engine:?} {sql}");
            }
            tried += 1;
        }
    });
}

const TEXTS: [&str; 3] = [
    include_str!("../../../../../tests/corpus/ordinary/both.sql"),
    include_str!("../../../../../tests/corpus/ordinary/postgres.sql"),
    include_str!("../../../../../tests/corpus/ordinary/sqlite.sql"),
];

/// xorshift64* (Marsaglia; Vigna 2016): the same numbers in every run.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 16
    }

    fn below(&mut self, most: usize) -> usize {
        usize::try_from(self.next()).unwrap_or_default() % most.max(1)
    }

    fn pick<'a>(&mut self, from: &[&'a str]) -> &'a str {
        from[self.below(from.len())]
    }
}
