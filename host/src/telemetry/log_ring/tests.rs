use super::*;
use std::sync::atomic::AtomicBool;
use tracing_subscriber::layer::SubscriberExt;

fn ring(bytes: u64, lines: u32) -> LogRing {
    LogRing::new(RingBounds { bytes, lines })
}

fn line(text: &str) -> Stored {
    Stored { at: 1, level: Level::Info, source: Source::Host, version: None, request_id: None, text: text.into() }
}

fn last(ring: &LogRing, app: &str, most: usize) -> LogExcerpt {
    ring.read(&LinesWanted { app: Some(app), most, ..LinesWanted::default() })
}

fn texts(excerpt: &LogExcerpt) -> Vec<&str> {
    excerpt.lines.iter().map(|line| line.text.as_str()).collect()
}

fn kept(ring: &LogRing) -> usize {
    ring.apps.load().values().map(|ring| ring.lines().kept.iter().map(|line| line.size()).sum::<usize>()).sum()
}

#[test]
fn the_last_lines_of_an_app_come_in_their_order() {
    let ring = ring(1 << 20, 4);
    (0..6).for_each(|number| ring.push("a", line(&number.to_string())));
    ring.push("b", line("of another app"));
    let excerpt = last(&ring, "a", 3);
    assert_eq!((texts(&excerpt), excerpt.next, excerpt.missed), (vec!["3", "4", "5"], 6, 0));
    assert_eq!(texts(&last(&ring, "a", 100)), ["2", "3", "4", "5"], "no more than four lines are kept");
    assert_eq!(excerpt.lines.first().map(|line| line.number), Some(3));
    assert_eq!(texts(&last(&ring, "unknown", 10)), [""; 0]);
}

#[test]
fn a_reader_goes_on_where_it_was_and_learns_what_it_missed() {
    let ring = ring(1 << 20, 4);
    let from = |since, most| {
        ring.read(&LinesWanted { app: Some("a"), since: Some(since), most, ..LinesWanted::default() })
    };
    (0..3).for_each(|number| ring.push("a", line(&number.to_string())));
    let first = from(0, 2);
    assert_eq!((texts(&first), first.next, first.missed), (vec!["0", "1"], 2, 0));
    let second = from(first.next, 2);
    assert_eq!((texts(&second), second.next, second.missed), (vec!["2"], 3, 0));
    let third = from(second.next, 2);
    assert_eq!((texts(&third), third.next, third.missed), (vec![], 3, 0));
    (3..10).for_each(|number| ring.push("a", line(&number.to_string())));
    let late = from(third.next, 100);
    assert_eq!((texts(&late), late.next, late.missed), (vec!["6", "7", "8", "9"], 10, 3));
    let anew = from(50, 10);
    assert_eq!((texts(&anew), anew.next, anew.missed), (vec!["6", "7", "8", "9"], 10, 6), "counted anew");
}

#[test]
fn a_filter_leaves_the_rest_out_and_goes_on_behind_it() {
    let ring = ring(1 << 20, 100);
    for (text, level, request) in
        [("1", Level::Info, "r1"), ("2", Level::Warn, "r2"), ("3", Level::Error, "r1"), ("4", Level::Debug, "r1")]
    {
        ring.push("", Stored { level, request_id: Some(request.into()), ..line(text) });
    }
    ring.push("", line("without a request"));
    let wanted = LinesWanted { most: 10, ..LinesWanted::default() };
    let of_request = ring.read(&LinesWanted { request_id: Some("r1"), ..wanted.clone() });
    assert_eq!((texts(&of_request), of_request.next), (vec!["1", "3", "4"], 5));
    let grave = ring.read(&LinesWanted { level: Some(Level::Warn), since: Some(0), ..wanted.clone() });
    assert_eq!((texts(&grave), grave.next), (vec!["2", "3"], 5), "what was looked at is not looked at again");
    let one = ring.read(&LinesWanted { level: Some(Level::Warn), since: Some(0), most: 1, ..wanted });
    assert_eq!((texts(&one), one.next), (vec!["2"], 2), "behind it the next one that is wanted");
}

#[test]
fn an_app_that_floods_pushes_out_nobody_else() {
    const BYTES: u64 = 100_000;
    let ring = ring(BYTES, 1_000_000);
    let long = "x".repeat(400);
    for app in ["quiet", "calm", "still"] {
        (0..10).for_each(|number| ring.push(app, line(&number.to_string())));
    }
    (0..10_000).for_each(|_| ring.push("loud", line(&long)));
    assert!(kept(&ring) <= 100_000, "{}", kept(&ring));
    assert_eq!(kept(&ring), ring.used.load(Ordering::Relaxed));
    for app in ["quiet", "calm", "still"] {
        assert_eq!(last(&ring, app, 100).lines.len(), 10, "{app}");
    }
    assert!(last(&ring, "loud", 1000).lines.len() > 150, "what nobody else uses is the loud one's");
    // The others now log as much as they are sure to keep, an eighth of all.
    let share = 100_000 / 8 / line(&long).size();
    for app in ["quiet", "calm", "still"] {
        (0..share).for_each(|_| ring.push(app, line(&long)));
        let lines = last(&ring, app, 1000).lines;
        assert!(lines.len() >= share, "{app}: {} of {share}", lines.len());
    }
    (0..10_000).for_each(|_| ring.push("loud", line(&long)));
    for app in ["quiet", "calm", "still"] {
        assert!(last(&ring, app, 1000).lines.len() >= share, "{app}");
    }
    assert!(last(&ring, "loud", 1000).lines.len() >= share);
    assert!(kept(&ring) <= 100_000, "{}", kept(&ring));
}

#[test]
fn a_thousand_apps_share_a_small_ring() {
    let ring = ring(256 << 10, 2000);
    for round in 0..20 {
        (0..1000).for_each(|app| ring.push(&format!("app-{app}"), line(&format!("{round} of {app}"))));
    }
    assert!(kept(&ring) <= 256 << 10, "{}", kept(&ring));
    let with_last = (0..1000).filter(|app| {
        last(&ring, &format!("app-{app}"), 1).lines.first().is_some_and(|line| line.text.starts_with("19 "))
    });
    assert!(with_last.count() > 900);
}

#[test]
fn deleted_apps_make_way_in_the_end() {
    let ring = ring(1 << 20, 10);
    for app in 0..MOST_APPS + 10 {
        let at = i64::try_from(app).expect("small");
        ring.push(&format!("app-{app}"), Stored { at, ..line("once") });
    }
    assert_eq!(ring.apps.load().len(), MOST_APPS);
    assert_eq!(kept(&ring), ring.used.load(Ordering::Relaxed));
    assert_eq!(last(&ring, "app-0", 1).lines.len(), 0, "the one that was silent longest");
    assert_eq!(last(&ring, &format!("app-{}", MOST_APPS + 9), 1).lines.len(), 1);
}

#[test]
fn threads_that_log_at_once_lose_nothing() {
    let ring = ring(1 << 20, 100_000);
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let writers: Vec<_> = (0..4)
            .map(|_| scope.spawn(|| (0..1000).for_each(|number| ring.push("a", line(&number.to_string())))))
            .collect();
        let reader = scope.spawn(|| {
            let (mut next, mut read) = (0, 0);
            loop {
                let is_last = done.load(Ordering::Acquire);
                let wanted = LinesWanted { app: Some("a"), since: Some(next), most: 64, ..LinesWanted::default() };
                let excerpt = ring.read(&wanted);
                let numbers: Vec<u64> = excerpt.lines.iter().map(|line| line.number).collect();
                assert!(numbers.iter().zip(next..).all(|(number, wanted)| *number == wanted), "{numbers:?}");
                read += excerpt.lines.len();
                next = excerpt.next;
                assert_eq!(excerpt.missed, 0);
                if is_last && excerpt.lines.is_empty() {
                    return read;
                }
            }
        });
        writers.into_iter().for_each(|writer| writer.join().expect("it does not panic"));
        done.store(true, Ordering::Release);
        assert_eq!(reader.join().expect("it does not panic"), 4000);
    });
    assert_eq!(kept(&ring), ring.used.load(Ordering::Relaxed));
}

#[test]
fn an_event_becomes_a_line_with_its_parts() {
    let ring: &'static LogRing = Box::leak(Box::new(ring(1 << 20, 100)));
    let subscriber = tracing_subscriber::registry().with(RingLayer(ring));
    let none: Option<&str> = None;
    tracing::subscriber::with_default(subscriber, || {
        tracing::info!(target: "guest", app = %"blog", version = 3_i64, request_id = "r1", stream = "stderr", "said \"{}\"", 1);
        tracing::warn!(target: "request", request_id = "r1", app = Some("blog"), version = Some(3_i64), status = 503_u16, duration_ms = 1.5, reason = "no\n  room", "GET /");
        tracing::error!(app = "blog", version = 4_u64, "cannot load");
        tracing::info!(app = none, request_id = "r2", "{}", "x".repeat(20_000));
    });
    let excerpt = last(ring, "blog", 10);
    let seen: Vec<_> = excerpt
        .lines
        .iter()
        .map(|line| (line.level, line.source, line.version, line.request_id.as_deref(), line.text.as_str()))
        .collect();
    let expected = [
        (Level::Info, Source::Stderr, Some(3), Some("r1"), "said \"1\""),
        (Level::Warn, Source::Request, Some(3), Some("r1"), "GET / status=503 duration_ms=1.5 reason=\"no room\""),
        (Level::Error, Source::Host, Some(4), None, "cannot load"),
    ];
    assert_eq!(seen, expected);
    assert!(excerpt.lines.iter().all(|line| line.at > 1_700_000_000_000_000));
    let own = ring.read(&LinesWanted { most: 10, ..LinesWanted::default() });
    let [long] = &own.lines[..] else { panic!("{own:?}") };
    assert_eq!(long.text.len(), (8 << 10) + " ... (cut off)".len());
}
