//! Guests that toolchains build from the contract alone, without an SDK of ours: each calls the
//! database and answers.

use support::{Engine, TestHost};

on_both_databases! {
    a_plain_guest_in_rust_answers,
    a_plain_guest_in_javascript_answers,
    a_plain_guest_in_typescript_answers,
    a_plain_guest_in_python_answers,
    a_plain_guest_in_go_answers,
    a_plain_guest_in_c_answers,
    a_plain_guest_in_zig_answers,
    a_plain_guest_in_cpp_answers,
}

async fn a_plain_guest_in_rust_answers(engine: Engine) {
    answers(engine, "rust").await;
}

async fn a_plain_guest_in_javascript_answers(engine: Engine) {
    answers(engine, "javascript").await;
}

async fn a_plain_guest_in_typescript_answers(engine: Engine) {
    answers(engine, "typescript").await;
}

async fn a_plain_guest_in_python_answers(engine: Engine) {
    answers(engine, "python").await;
}

async fn a_plain_guest_in_go_answers(engine: Engine) {
    answers(engine, "go").await;
}

async fn a_plain_guest_in_c_answers(engine: Engine) {
    answers(engine, "c").await;
}

async fn a_plain_guest_in_zig_answers(engine: Engine) {
    answers(engine, "zig").await;
}

async fn a_plain_guest_in_cpp_answers(engine: Engine) {
    answers(engine, "cpp").await;
}

async fn answers(engine: Engine, language: &str) {
    let host = TestHost::of(engine, "plain", &format!("plain-{language}")).await;
    let mut visitor = host.visitor();
    for _ in 0..2 {
        let answer = visitor.get("/").await.expect(200);
        assert_eq!(answer.text().trim_end(), format!("plain {language}: 2"), "{}", host.logs());
        let kind = answer.header("content-type").unwrap_or_default();
        assert!(kind.starts_with("text/plain"), "{kind}");
    }
}
