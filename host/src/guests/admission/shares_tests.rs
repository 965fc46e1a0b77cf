//! Who gets a part, who waits, and that nothing is lost when somebody stops waiting.

use super::super::state::{LINE, LINE_OF_ONE, RESIDENT_KEPT};
use super::*;
use crate::guests::admission::Client;

const LONG: Duration = Duration::from_secs(10);

fn party(app: &str, client: u8) -> Party {
    Party { app: app.into(), client: Client::at([192, 0, 2, client].into()) }
}

fn used(shares: &Shares) -> u64 {
    shares.figures().used
}

/// What somebody in the line has been given.
fn called(spot: &mut Spot) -> Option<Demand> {
    spot.called.try_recv().ok().map(|taken| taken.demand)
}

#[test]
fn a_crowd_leaves_room_for_others() {
    let shares = Shares::new(64);
    let crowd: Vec<_> = (0..64).map_while(|_| shares.try_take(&party("a", 1), 1)).collect();
    assert_eq!(crowd.len(), 48, "one client of one app");
    let same_app: Vec<_> = (2..60).map_while(|client| shares.try_take(&party("a", client), 1)).collect();
    assert_eq!(same_app.len(), 8, "other clients of the same app");
    let same_client: Vec<_> = (0..64).map_while(|n| shares.try_take(&party(&format!("b{n}"), 1), 1)).collect();
    assert_eq!(same_client.len(), 4, "other apps of the same client");
    let strangers: Vec<_> = (0..64).map_while(|n| shares.try_take(&party(&format!("c{n}"), 100 + n), 1)).collect();
    assert_eq!(strangers.len(), 4, "others altogether");
    drop((crowd, same_app, same_client, strangers));
    assert_eq!(used(&shares), 0);
    assert!(shares.lock().apps.is_empty() && shares.lock().clients.is_empty());
}

#[tokio::test(start_paused = true)]
async fn who_waits_is_called_when_something_is_given_back() {
    let shares = Shares::new(4);
    let all: Vec<_> = (0..4).filter_map(|n| shares.try_take(&party(&format!("a{n}"), n), 1)).collect();
    assert_eq!(all.len(), 4);
    let waiting = tokio::spawn({
        let shares = Arc::clone(&shares);
        async move { shares.take(&party("z", 9), 1, LONG).await.map(|_share| ()) }
    });
    tokio::task::yield_now().await;
    assert_eq!(shares.figures().waiting, 1);
    drop(all);
    assert_eq!(waiting.await.unwrap(), Ok(()));
    assert_eq!((used(&shares), shares.figures().refused), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn a_wait_ends_and_leaves_nothing_behind() {
    let shares = Shares::new(1);
    let held = shares.try_take(&party("a", 1), 1).unwrap();
    let late = shares.take(&party("b", 2), 1, LONG).await.map(|_share| ());
    assert_eq!(late, Err(Refused::Late));
    let gone = tokio::time::timeout(LONG / 2, shares.take(&party("b", 2), 1, LONG)).await;
    assert!(gone.is_err(), "whoever waited has left");
    assert_eq!((shares.figures().waiting, shares.figures().refused), (0, 1));
    drop(held);
    assert_eq!(used(&shares), 0);
}

#[tokio::test(start_paused = true)]
async fn what_was_given_to_somebody_who_left_at_that_moment_is_given_to_the_next() {
    let shares = Shares::new(1);
    let held = shares.try_take(&party("a", 1), 1).unwrap();
    let demand = Demand { units: 1, ..Demand::default() };
    let first = shares.queue(&party("b", 2), demand, None).unwrap();
    let mut second = shares.queue(&party("c", 3), demand, None).unwrap();
    drop(held);
    assert_eq!(called(&mut second), None, "the first has been called");
    drop(first);
    assert_eq!(called(&mut second), Some(demand));
    second.done = true;
    assert_eq!(used(&shares), 1);
}

#[tokio::test(start_paused = true)]
async fn the_line_is_fair_between_parties() {
    let shares = Shares::new(64);
    let mut crowd: Vec<_> = (0..48).map_while(|_| shares.try_take(&party("a", 1), 1)).collect();
    let demand = Demand { units: 20, ..Demand::default() };
    let mut same = shares.queue(&party("a", 1), demand, None).unwrap();
    let mut other = shares.queue(&party("b", 2), demand, None).unwrap();
    crowd.truncate(40);
    assert_eq!((called(&mut other), called(&mut same)), (Some(demand), None), "the later one first");
    other.done = true;
    crowd.clear();
    assert_eq!(called(&mut same), Some(demand));
    same.done = true;
}

#[test]
fn a_line_takes_no_more_than_so_many_and_not_all_of_one_party() {
    let shares = Shares::new(1);
    let _held = shares.try_take(&party("x", 200), 1).unwrap();
    let demand = Demand { units: 1, ..Demand::default() };
    let crowd: Vec<_> = (0..LINE).map_while(|_| shares.queue(&party("a", 1), demand, None).ok()).collect();
    assert_eq!(crowd.len(), LINE_OF_ONE);
    assert!(shares.queue(&party("a", 2), demand, None).is_err(), "the app has its part of the line");
    assert!(shares.queue(&party("b", 1), demand, None).is_err(), "and so has the client");
    assert!(shares.queue(&party("b", 2), demand, None).is_ok());
}

#[test]
fn one_guest_is_let_in_however_little_there_is() {
    let shares = Shares::with_instances(10, 4);
    let guest = Demand { units: 1_000, instances: 1, resident: 1_000 };
    shares.lock().resident_left = 0;
    let first = shares.try_demand(&party("a", 1), guest).unwrap();
    assert!(shares.try_demand(&party("a", 1), guest).is_none());
    drop(first);
    assert!(shares.try_demand(&party("a", 1), guest).is_some());
}

#[test]
fn growth_beyond_what_is_left_is_refused_and_counts_against_its_own_party() {
    let shares = Shares::new(64);
    let mut share = shares.try_take(&party("a", 1), 1).unwrap();
    assert!(share.grow(40));
    assert!(!share.grow(8), "the last quarter is for others");
    assert!(shares.try_take(&party("b", 2), 20).is_some());
    shares.lock().resident_left = RESIDENT_KEPT + 40 + 1;
    assert!(share.grow(1) && !share.grow(1), "the process is as large as it may be");
}

#[test]
fn who_has_little_is_not_kept_out_by_pages_that_others_share() {
    let shares = Shares::with_instances(1 << 30, 100);
    let _crowd = shares.try_take(&party("crowd", 1), 1 << 29).unwrap();
    shares.lock().instances = 1;
    // The process is larger than it may be, and yet there is memory.
    shares.lock().resident_left = -(1 << 29);
    let kept = u64::try_from(RESIDENT_KEPT).unwrap();
    let guest = |resident| Demand { units: 1 << 20, instances: 1, resident };
    assert!(shares.try_demand(&party("crowd", 1), guest(1)).is_none());
    assert!(shares.try_demand(&party("crowd", 2), guest(1)).is_none(), "another client of a large app");
    assert!(shares.try_demand(&party("b", 1), guest(1)).is_none(), "a large client at another app");
    assert!(shares.try_demand(&party("b", 2), guest(kept)).is_some());
    assert!(shares.try_demand(&party("c", 3), guest(kept + 1)).is_none());
}

#[test]
fn guests_that_come_one_after_the_other_take_no_more_than_one() {
    let shares = Shares::with_instances(1_000_000, 4);
    shares.lock().resident_left = RESIDENT_KEPT + 1_000;
    let guest = Demand { units: 1_000, instances: 1, resident: 1_000 };
    for _ in 0..10_000 {
        let first = shares.try_demand(&party("a", 1), guest).expect("the one before has gone");
        assert!(shares.try_demand(&party("b", 2), guest).is_some(), "and there is room beside it");
        drop(first);
    }
}
