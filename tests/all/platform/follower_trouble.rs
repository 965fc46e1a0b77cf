//! Followers that fail, in whatever way: the primary answers, and nobody waits for them.

use std::time::{Duration, Instant};

use serde_json::json;
use support::postgres::{Server, Stop};
use support::probe::{all_ok, integer};
use support::{LOOK_AGAIN, until};

use super::followers::{Followed, VAR, at, begin, commit, count, count_in, doctor, insert};

#[tokio::test(flavor = "multi_thread")]
async fn a_follower_that_is_away_or_cut_off_costs_no_request() {
    let followed = Followed::start().await;
    followed.goes_to("follower").await;
    followed.follower.end_backends().await;
    assert_eq!(followed.seen().await, 1, "its connections were ended");
    followed.goes_to("follower").await;
    let began = Instant::now();
    let frozen = followed.follower.freeze();
    for _ in 0..10 {
        assert_eq!(followed.seen().await, 1);
    }
    drop(frozen);
    println!("ten transactions past a frozen follower took {:?}", began.elapsed());
    followed.goes_to("follower").await;
    followed.follower.stop(Stop::Immediate);
    all_ok(&followed.host.probe(json!([insert(2)])).await);
    for _ in 0..10 {
        assert_eq!(followed.seen().await, 2);
    }
    followed.host.wait_for_log(&format!("follower {VAR} is not used for now")).await;
    let figures = followed.figures().await;
    assert!(figures.contains(&format!("innkeeper_follower_usable{{follower=\"{VAR}\"}} 0")), "{figures}");
    followed.follower.start_again();
    followed.goes_to("follower").await;
    let figures = followed.figures().await;
    assert!(figures.contains(&format!("innkeeper_follower_usable{{follower=\"{VAR}\"}} 1")), "{figures}");
}

/// One that has become a primary, and one of another database.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_follower_of_the_database_is_not_used() {
    let followed = Followed::start().await;
    followed.goes_to("follower").await;
    followed.follower.administer("select pg_promote()").await;
    followed.follower.administer_in(&followed.url, "insert into app_probe.notes (n) values (7), (8)").await;
    let sees_the_primary = async || (followed.seen().await == 1).then_some(());
    until("the primary answers", sees_the_primary).await;
    let said = doctor(&followed, &at(&followed.url, &followed.follower)).await;
    assert!(said.contains("is not used, reads go to the primary: it is no follower"), "{said}");
    let other = Server::with_own_identifier();
    other
        .administer(&format!("create database {} owner tenant", followed.url.rsplit('/').next().expect("a name")))
        .await;
    let others = other.follower();
    let said = doctor(&followed, &at(&followed.url, &others)).await;
    assert!(said.contains("it is another database, or follows another one"), "{said}");
}

/// A part of a transaction that ends just when the follower goes: nothing was written, so nothing
/// is lost.
#[tokio::test(flavor = "multi_thread")]
async fn a_part_that_ends_while_the_follower_goes_is_no_loss() {
    for end in ["tx.commit", "tx.rollback"] {
        let followed = Followed::start().await;
        followed.goes_to("follower").await;
        let steps = json!([
            begin(), count_in(0), begin(), count_in(1), { "op": "sleep", "ms": 2_000 }, { "op": end, "tx": 1 },
            count_in(0), commit(0), insert(2), count()
        ]);
        let mut notes = 0;
        // On a busy machine the primary answers at times, and then there is one note more.
        let visit = until("the transaction is open", async || {
            notes += 1;
            let (mut visitor, steps) = (followed.host.visitor(), steps.clone());
            let visit = tokio::spawn(async move { visitor.probe(steps).await });
            while !visit.is_finished() {
                if followed.follower.backends("state = 'idle in transaction'").await == 1 {
                    return Some(visit);
                }
                tokio::time::sleep(LOOK_AGAIN).await;
            }
            None
        })
        .await;
        followed.follower.stop(Stop::Immediate);
        let results = visit.await.expect("a visitor does not panic");
        all_ok(&results);
        assert_eq!([6, 9].map(|at| integer(&results[at])), [notes, notes + 1], "{end}: {results:?}");
    }
}

/// Where the role may not look at the numbers of the server, schemas tell databases apart.
#[tokio::test(flavor = "multi_thread")]
async fn a_role_without_a_look_at_the_servers_numbers_has_a_follower_all_the_same() {
    let primary = Server::start();
    let hidden = "revoke execute on function pg_control_system(), pg_control_checkpoint() from public";
    // The functions of a new database are those of its template.
    primary.administer_in("/template1", hidden).await;
    let followed = Followed::on(primary, &["--follower-lag", "60s"]).await;
    followed.goes_to("follower").await;
    followed.pause().await;
    all_ok(&followed.host.probe(json!([insert(2)])).await);
    assert_eq!(followed.seen_at_follower().await, 1);
}

/// Once it is known to have failed nobody waits for a follower.
#[tokio::test(flavor = "multi_thread")]
async fn nobody_waits_for_a_follower_that_has_failed() {
    let followed = Followed::start().await;
    followed.goes_to("follower").await;
    let _frozen = followed.follower.freeze();
    assert_eq!(followed.seen().await, 1);
    followed.host.wait_for_log(&format!("follower {VAR} is not used for now")).await;
    let mut slow = Vec::new();
    // Longer than the pauses between three looks at it.
    let began = Instant::now();
    while began.elapsed() < Duration::from_secs(7) {
        // On a busy machine all takes longer, also what no follower answers.
        let asked_primary = Instant::now();
        all_ok(&followed.host.probe(json!([count()])).await);
        let (usual, asked) = (asked_primary.elapsed(), Instant::now());
        assert_eq!(followed.seen().await, 1);
        let more = asked.elapsed().saturating_sub(usual);
        slow.extend(Some(more).filter(|more| *more > Duration::from_millis(400)));
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    // A visitor who waited for each look would make three; a busy machine makes one now and then.
    assert!(slow.len() < 3, "{slow:?}");
}
