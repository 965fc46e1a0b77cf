//! Hosts that are killed on the spot, again and again, at random moments while visitors upload and
//! write into their sessions.
//!
//! After each kill: what a visitor was told is kept is there, whole; nothing is there in halves;
//! what is kept has its row. After the last one, and a sweep: nothing else is there. The seed is
//! part of every failure, see [`support::random`].

mod verdict;
mod writers;

use serde_json::json;
use support::probe::{all_ok, op};
use support::random::Random;
use support::{Engine, TestHost};

use writers::Writers;

on_both_databases! {
    nothing_is_lost_and_nothing_is_there_in_halves,
}

/// The variable that says how many kills there are.
const VARIABLE: &str = "INNKEEPER_TEST_KILLS";
const KILLS: u64 = 200;
/// Hosts that are killed beside each other, each on a database of its own.
const LANES: u64 = 4;
/// The longest that a host works before it is killed.
const LONGEST_MS: u64 = 300;

#[expect(clippy::print_stdout, reason = "the seed is wanted also where the host hangs")]
async fn nothing_is_lost_and_nothing_is_there_in_halves(engine: Engine) {
    let random = Random::from_environment();
    println!("{random}");
    let given = std::env::var_os(VARIABLE)
        .map(|number| number.to_str().and_then(|text| text.parse().ok()).expect("a number of kills"));
    let kills: u64 = given.unwrap_or(KILLS);
    let lane = |number| run(engine, random.clone(), number, kills / LANES);
    tokio::join!(lane(0), lane(1), lane(2), lane(3));
}

async fn run(engine: Engine, random: Random, lane: u64, kills: u64) {
    let mut moments = random.fork(lane);
    let mut host =
        TestHost::with(engine).app("probe", "probe").env("INNKEEPER_STAGED_BLOB_LIFETIME", "5s").start().await;
    let table = "create table if not exists kept (id text primary key, blob text not null)";
    all_ok(&host.probe(json!([{ "op": "db.execute", "sql": table, "params": [] }])).await);
    let mut writers = Writers::new(&host, moments.fork(1));
    for round in 0..kills {
        let what = format!("{random}, lane {lane}, round {round}");
        let moment = std::time::Duration::from_micros(moments.below(LONGEST_MS * 1000));
        let load = writers.begin();
        tokio::time::sleep(moment).await;
        host.kill9().await;
        let connected = host.database().connected().await;
        writers.end(load).await;
        host.restart().await;
        // What the server was told before may be kept a moment later.
        host.database().left_by(&connected).await;
        verdict::check(&host, &mut writers, &what).await;
    }
    verdict::after_the_sweep(&host, &writers.told, &format!("{random}, lane {lane}")).await;
    all_ok(&writers.visitor.probe(json!([op("session.destroy")])).await);
}
