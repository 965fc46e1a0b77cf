//! What is large passes through little memory.

use std::path::Path;
use std::process::Stdio;

use serde_json::json;
use support::command;
use support::probe::{all_ok, execute};
use support::{Engine, TestDatabase, TestHost};
use tokio::io::AsyncReadExt;

use super::{Carried, folder, other};
use crate::db::tables::{column, define};

on_both_databases! {
    files_and_tables_of_a_hundred_mebibytes_pass_through_a_fraction_of_it,
}

const MIB: usize = 1 << 20;
/// Most of it the component's compilation takes.
const MOST_KIB: u64 = 96 * 1024;

async fn files_and_tables_of_a_hundred_mebibytes_pass_through_a_fraction_of_it(engine: Engine) {
    let host = TestHost::of(engine, "probe", "probe").await;
    let table = json!({ "name": "many", "columns": [column("n", "integer"), column("a", "text")] });
    let fill = "with recursive t (n) as (select 1 union all select n + 1 from t where n < 1000) insert into many (n, a) select n, $1 from t";
    let text = "x".repeat(20_000);
    all_ok(&host.probe(json!([define(table), execute(fill, json!([text]))])).await);
    let files = folder(&[("large", &support::bytes::png(100 * MIB, 1))]);
    let carried = Carried::new();
    let (file, folder_of_files) = (carried.path(), files.path().to_str().unwrap());
    let file = file.to_str().unwrap();
    let to = TestDatabase::fresh(other(engine)).await;
    let out = folder(&[]);
    for (database, arguments) in [
        (host.database(), vec!["blobs", "import", folder_of_files, "--app", "probe"]),
        (host.database(), vec!["blobs", "export", out.path().to_str().unwrap(), "--app", "probe"]),
        (host.database(), vec!["blobs", "sweep", "--app", "probe"]),
        (host.database(), vec!["export", file, "--app", "probe"]),
        (&to, vec!["import", file]),
    ] {
        let peak = peak_kib(database, &arguments).await;
        assert!(peak < MOST_KIB, "{arguments:?} took {peak} KiB");
    }
    assert_eq!(to.app_value("probe", "select count(*) from many").await, "1000");
}

/// Runs a verb and returns the most memory that it has held. The last look is at its end, or just
/// before.
async fn peak_kib(database: &TestDatabase, arguments: &[&str]) -> u64 {
    let mut command = command::innkeeper(&[arguments, &database.arguments()].concat());
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let status = format!("/proc/{}/status", child.id().unwrap());
    let mut peak = 0;
    loop {
        peak = status_kib(Path::new(&status)).unwrap_or(0).max(peak);
        if let Ok(ended) = tokio::time::timeout(support::LOOK_AGAIN, child.wait()).await {
            let mut said = String::new();
            child.stderr.take().unwrap().read_to_string(&mut said).await.unwrap();
            assert!(ended.unwrap().success(), "{arguments:?}: {said}");
            return peak;
        }
    }
}

/// Nothing once the process has ended.
fn status_kib(status: &Path) -> Option<u64> {
    let text = std::fs::read_to_string(status).ok()?;
    text.lines().find_map(|line| line.strip_prefix("VmHWM:"))?.trim().strip_suffix(" kB")?.trim().parse().ok()
}
