//! Schemathesis makes requests out of the OpenAPI document, sound and unsound ones, and looks
//! whether each answer is one that the document has.

use super::{API, Api, ROOT, ROOT_VARIABLE};
use std::time::Duration;
use support::{Engine, TestHost, command, paths};
use tokio::process::Command;

on_both_databases! {
    no_request_is_answered_with_what_the_document_does_not_have,
}

const CHECKS: &str = "not_a_server_error,status_code_conformance,content_type_conformance,\
    response_headers_conformance,response_schema_conformance,unsupported_method,allow_header_conformance,ignored_auth";
const DEADLINE: Duration = Duration::from_secs(900);

async fn no_request_is_answered_with_what_the_document_does_not_have(engine: Engine) {
    let host =
        TestHost::with(engine).app("probe", "probe").env(ROOT_VARIABLE, ROOT).env("INNKEEPER_POOL_WAIT", "30s");
    // Each of its wrong tokens is to be answered as such.
    let host = host.env("INNKEEPER_OPERATOR_ATTEMPTS", "100000").start().await;
    let read = Api::root(&host).make_token(&["read"]).await;
    for token in [read.as_str(), ROOT] {
        // `tests/run` puts it there.
        let program = paths::repository().join("tests/clients/.venv/bin/st");
        let folder = tempfile::tempdir().expect("a folder");
        let mut run = Command::new(program);
        // Requests are about an app that is there.
        let settings = "[parameters]\n\"path.app\" = \"probe\"\n";
        std::fs::write(folder.path().join("schemathesis.toml"), settings).expect("a file");
        run.current_dir(folder.path()).args(["run", &format!("{}{API}/openapi.json", host.url())]);
        run.args(["--header", &format!("Authorization: Bearer {token}"), "--checks", CHECKS]);
        run.args([
            "--phases",
            "examples,coverage,fuzzing",
            "--max-examples",
            "8",
            "--seed",
            "7",
            // Python 3.11 fails now and then where several threads read its sources.
            "--workers",
            "1",
        ]);
        run.args(["--continue-on-failure", "--no-color", "--suppress-health-check", "all", "--warnings", "off"]);
        run.kill_on_drop(true).stdin(std::process::Stdio::null());
        command::finish(run, DEADLINE).await.succeeded();
        let logs = host.logs();
        assert!(!logs.contains("ERROR") && !logs.contains("panicked"), "{logs}");
    }
}
