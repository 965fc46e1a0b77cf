//! Runs a test in a process of its own: other tests take and give back memory and threads
//! meanwhile, and what it measures of its process would be theirs.

use std::process::Command;

const ALONE: &str = "TEST_RUNS_ALONE";

/// Runs a test of this program, by the name that the test runner gives it, and nothing beside it.
pub(crate) fn alone(name: &str, test: impl FnOnce()) {
    if std::env::var_os(ALONE).is_some() {
        return test();
    }
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", name, "--nocapture", "--test-threads", "1"]).env(ALONE, "1");
    let output = command.output().unwrap();
    let [said, complained] = [&output.stdout, &output.stderr].map(|bytes| String::from_utf8_lossy(bytes));
    assert!(output.status.success() && said.contains("1 passed"), "{name}: {said}{complained}");
}
