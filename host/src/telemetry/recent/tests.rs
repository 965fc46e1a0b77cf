use super::*;
use std::sync::atomic::{AtomicU64, Ordering};

const NOW: u64 = 29_000_000;
const OK: Ending = Ending::Answered(200);

fn millis(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

#[test]
fn each_request_is_counted_in_its_minute_and_kind() {
    let traffic = Traffic::default();
    for (minute, version, ending) in [
        (NOW - 60, 1, OK), // An hour ago: no longer shown.
        (NOW - 59, 1, OK),
        (NOW - 1, 1, Ending::Answered(404)),
        (NOW - 1, 1, Ending::Answered(500)),
        (NOW - 1, 2, Ending::Answered(599)),
        (NOW, 2, Ending::Failed),
        (NOW, 2, Ending::Failed),
        (NOW, 2, Ending::ByHost(503)),
        (NOW, 2, Ending::ByHost(403)),
    ] {
        traffic.note(minute, "blog", version, ending, millis(3));
    }
    traffic.note(NOW, "shop", 1, OK, millis(3));
    let blog = traffic.of_app(NOW, "blog").expect("it has traffic");
    let totals = |requests, errors, failures, unavailable| Totals { requests, errors, failures, unavailable };
    assert_eq!((blog.app.as_str(), blog.minute), ("blog", NOW * 60));
    assert_eq!(blog.since_start, totals(9, 2, 2, 1));
    assert_eq!((blog.hour.totals, blog.hour.totals.bad()), (totals(8, 2, 2, 1), 5));
    let [one, two] = &blog.versions[..] else { panic!("{blog:?}") };
    assert_eq!((one.version, one.hour.totals, one.since_start), (1, totals(3, 1, 0, 0), totals(4, 1, 0, 0)));
    assert_eq!((two.version, two.hour.totals, two.since_start), (2, totals(5, 1, 2, 1), totals(5, 1, 2, 1)));
    let minutes: Vec<Totals> = blog.hour.minutes.iter().map(|minute| minute.totals).collect();
    assert_eq!(minutes.len(), 60);
    assert_eq!((minutes[0], minutes[1]), (totals(1, 0, 0, 0), Totals::default()));
    assert_eq!((minutes[58], minutes[59]), (totals(3, 2, 0, 0), totals(4, 0, 2, 1)));
    assert_eq!(one.hour.minutes[58].totals, totals(2, 1, 0, 0));
    assert_eq!(traffic.of_app(NOW, "unknown"), None);
    let all = traffic.of_all(NOW);
    assert_eq!(
        all.iter().map(|app| (app.app.as_str(), app.hour.totals.requests)).collect::<Vec<_>>(),
        [("blog", 8), ("shop", 1)]
    );
}

#[test]
fn latencies_are_those_of_their_minute_and_of_all_versions_together() {
    let traffic = Traffic::default();
    (0..95).for_each(|_| traffic.note(NOW - 3, "blog", 1, OK, millis(10)));
    (0..5).for_each(|_| traffic.note(NOW, "blog", 2, OK, millis(2000)));
    let blog = traffic.of_app(NOW, "blog").expect("it has traffic");
    let near = |found: Option<f64>, wanted: f64| found.is_some_and(|found| (found / wanted - 1.0).abs() < 0.3);
    assert!(near(blog.hour.latency.p50, 10.0) && near(blog.hour.latency.p95, 10.0), "{:?}", blog.hour.latency);
    assert!(near(blog.hour.latency.p99, 2000.0), "{:?}", blog.hour.latency);
    assert!(near(blog.versions[0].hour.latency.p99, 10.0) && near(blog.versions[1].hour.latency.p50, 2000.0));
    assert_eq!(blog.hour.minutes[56].latency, blog.versions[0].hour.latency);
    assert_eq!(blog.hour.minutes[57].latency, Latency::default());
}

#[test]
fn a_slot_is_used_again_after_an_hour() {
    let traffic = Traffic::default();
    (0..200).for_each(|minute| traffic.note(NOW + minute, "blog", 1, Ending::Failed, millis(1)));
    let blog = traffic.of_app(NOW + 199, "blog").expect("it has traffic");
    assert_eq!((blog.hour.totals.requests, blog.since_start.failures), (60, 200));
    assert!(blog.hour.minutes.iter().all(|minute| minute.totals.failures == 1 && minute.totals.requests == 1));
}

#[test]
fn old_versions_are_forgotten_and_totals_are_not() {
    let traffic = Traffic::default();
    (1..=50).for_each(|version| traffic.note(NOW, "blog", version, OK, millis(1)));
    traffic.note(NOW + 30, "blog", 50, OK, millis(1));
    assert_eq!(traffic.of_app(NOW + 59, "blog").map(|app| app.versions.len()), Some(50));
    let later = traffic.of_app(NOW + 60, "blog").expect("it is known");
    assert_eq!(later.versions.iter().map(|version| version.version).collect::<Vec<_>>(), [50]);
    traffic.note(NOW + 61, "blog", 51, OK, millis(1));
    assert_eq!(traffic.apps.load()["blog"].versions.len(), 2, "their memory is given back");
    assert_eq!(traffic.of_app(NOW + 61, "blog").map(|app| app.since_start.requests), Some(52));
    let quiet = traffic.of_app(NOW + 500, "blog").expect("it is known");
    assert_eq!((quiet.versions.len(), quiet.hour.totals, quiet.since_start.requests), (0, Totals::default(), 52));
    assert_eq!(quiet.hour.minutes.len(), 60);
}

#[test]
fn apps_that_are_gone_make_way_in_the_end() {
    let traffic = Traffic::default();
    (0..MOST_QUIET_APPS).for_each(|app| traffic.note(NOW, &format!("app-{app}"), 1, OK, millis(1)));
    traffic.note(NOW + 100, "new", 1, OK, millis(1));
    assert_eq!(traffic.apps.load().len(), 1);
}

#[test]
fn threads_that_count_at_once_lose_nothing_while_minutes_change() {
    let traffic = Traffic::default();
    let minute = AtomicU64::new(NOW);
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for number in 0..10_000u64 {
                    let minute = minute.load(Ordering::Relaxed);
                    traffic.note(minute, "blog", i64::from(number % 2 == 0), OK, millis(number % 7));
                }
            });
        }
        scope.spawn(|| {
            while minute.load(Ordering::Relaxed) < NOW + 50 {
                minute.fetch_add(1, Ordering::Relaxed);
                std::thread::yield_now();
            }
        });
    });
    let blog = traffic.of_app(NOW + 50, "blog").expect("it has traffic");
    assert_eq!((blog.hour.totals.requests, blog.since_start.requests), (40_000, 40_000));
    assert_eq!(
        blog.versions.iter().map(|version| version.hour.totals.requests).collect::<Vec<_>>(),
        [20_000, 20_000]
    );
}

#[test]
fn figures_are_read_back_as_they_were_written() {
    let traffic = Traffic::default();
    traffic.note(NOW, "blog", 7, Ending::Answered(502), millis(12));
    let blog = traffic.of_app(NOW, "blog").expect("it has traffic");
    let text = serde_json::to_string(&blog).expect("it can be written");
    assert!(text.contains("\"errors\":1"), "{text}");
    assert_eq!(serde_json::from_str::<AppTraffic>(&text).expect("it can be read"), blog);
}
