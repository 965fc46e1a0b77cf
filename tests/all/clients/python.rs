//! The package requests for Python.

use support::{Engine, clients, paths};

use super::{expect_odd_entries, odd_entries, probe, receive};

on_both_databases! {
    a_form_of_requests_arrives_as_it_was_made,
}

async fn a_form_of_requests_arrives_as_it_was_made(engine: Engine) {
    let (_host, url) = probe(engine).await;
    // `tests/run` puts the package there.
    let python = paths::repository().join("tests/clients/.venv/bin/python");
    let python = python.to_str().expect("a path in UTF-8");
    let answer = clients::script(python, "form.py", &[&url, &receive(), &odd_entries().to_string()]).await;
    expect_odd_entries(&answer[0]);
}
