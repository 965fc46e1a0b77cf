//! What the server says of the statements that it has run.

use serde_json::Value;

use super::Ran;
use super::excused::Work;

/// The mark of statements of the test itself.
pub(super) const OWN: &str = "/* of the test */";

/// The plans in a log, in their order.
pub(super) fn from_log(log: &str) -> Ran {
    let mut lines = log.lines().peekable();
    let mut ran = Ran::new();
    while let Some(line) = lines.next() {
        if !line.ends_with(" plan:") {
            continue;
        }
        let mut text = String::new();
        while let Some(line) = lines.next_if(|line| line.starts_with('\t')) {
            text.push_str(line);
            text.push('\n');
        }
        let json: Value = serde_json::from_str(&text).unwrap_or_else(|error| panic!("no plan: {error}: {text}"));
        ran.extend(Some(work(&json, &text)).filter(|work| !work.sql.starts_with(OWN)));
    }
    assert!(!ran.is_empty(), "the server has told of no plan");
    ran
}

fn work(json: &Value, text: &str) -> Work {
    let sql = json["Query Text"].as_str().expect("the text of the statement");
    // The text begins with the schema for which it was prepared.
    let prepared = sql.strip_prefix("/*").filter(|_| !sql.starts_with(OWN));
    let sql = prepared.and_then(|sql| sql.split_once("*/")).map_or(sql, |(_, sql)| sql);
    let plan = &json["Plan"];
    let blocks = number(plan, "Shared Hit Blocks") + number(plan, "Shared Read Blocks");
    Work { sql: sql.to_owned(), rows: most_rows(plan), blocks, plan: text.to_owned() }
}

/// The rows that one place in a plan has looked at, those included that it has thrown away: the
/// largest number of all.
fn most_rows(plan: &Value) -> f64 {
    let times = number(plan, "Actual Loops");
    let looked =
        ["Actual Rows", "Rows Removed by Filter", "Rows Removed by Index Recheck", "Rows Removed by Join Filter"];
    let own = looked.iter().map(|name| number(plan, name)).sum::<f64>() * times;
    let below = plan["Plans"].as_array().into_iter().flatten().map(most_rows);
    below.fold(own, f64::max)
}

fn number(plan: &Value, name: &str) -> f64 {
    plan[name].as_f64().unwrap_or(0.0)
}
