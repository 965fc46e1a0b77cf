//! Every test that `tests/PROMISES.md` names is there.

use std::path::Path;

#[test]
fn every_promise_names_tests_that_are_there() {
    let text = include_str!("../PROMISES.md");
    let names: Vec<&str> = text.split('`').skip(1).step_by(2).filter(|name| is_test(name)).collect();
    assert!(names.len() > 80, "{} names", names.len());
    let missing: Vec<&str> = names.into_iter().filter(|name| !is_there(name)).collect();
    assert!(missing.is_empty(), "no such tests: {missing:#?}");
    let rows = text.lines().filter(|line| line.starts_with("| ") && !line.starts_with("| promise"));
    let empty: Vec<&str> = rows.filter(|row| !row.split('`').skip(1).step_by(2).any(is_test)).collect();
    assert!(empty.is_empty(), "promises without a test: {empty:#?}");
}

/// Whether it is the path of a function, in words that are those of a test's name.
fn is_test(name: &str) -> bool {
    let plain = |name: &str| name.bytes().all(|byte| byte.is_ascii_lowercase() || b"_0123456789:".contains(&byte));
    name.contains("::") && plain(name) && name != "blobs::quota::x" && name != "blobs::quota::"
}

fn is_there(name: &str) -> bool {
    let Some((module, test)) = name.rsplit_once("::") else { return false };
    let base = support::paths::repository().join("tests/all").join(module.replace("::", "/"));
    let files = [base.with_extension("rs"), base.join("mod.rs")];
    let has = |file: &Path| std::fs::read_to_string(file).is_ok_and(|text| text.contains(&format!("fn {test}(")));
    files.iter().any(|file| has(file))
}
