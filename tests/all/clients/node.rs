//! Node's own fetch.

use support::{Engine, clients};

use super::{expect_odd_entries, odd_entries, probe, receive};

on_both_databases! {
    a_form_of_fetch_arrives_as_it_was_made,
}

async fn a_form_of_fetch_arrives_as_it_was_made(engine: Engine) {
    let (_host, url) = probe(engine).await;
    let answer = clients::script("node", "form.js", &[&url, &receive(), &odd_entries().to_string()]).await;
    expect_odd_entries(&answer[0]);
}
