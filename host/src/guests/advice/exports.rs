//! What to do with a component that does not answer requests.

/// The interface that a web app exports, whatever its release of WASI 0.2. Drafts of that have a
/// suffix such as `-rc-2023-12-05`.
const HANDLER: &str = "wasi:http/incoming-handler@0.2.";
const BUILD: &str = "build it for the world innkeeper:storage/web-app, which exports wasi:http/incoming-handler";

/// What is wrong with the exports of a component, and what to do. None where it is a web app.
pub(in crate::guests) fn about_exports(exports: &[String]) -> Option<(String, String)> {
    let first = |start: &str| exports.iter().find(|name| name.starts_with(start));
    let is_handler = |name: &String| name.strip_prefix(HANDLER).is_some_and(|release| !release.contains('-'));
    if exports.iter().any(is_handler) {
        return None;
    }
    let (problem, fix) = if exports.is_empty() {
        let kept = "and let the linker keep the exported functions (in Rust `export!`, crate-type cdylib)";
        ("it exports nothing, so nothing in it can be called".to_owned(), format!("{BUILD}, {kept}"))
    } else if let Some(other) = first("wasi:http/incoming-handler@") {
        let fix = "this host has 0.2: build it for the released WASI 0.2 (in Rust for wasm32-wasip2)";
        (format!("it exports `{other}`, a version that this host does not have"), fix.to_owned())
    } else if let Some(run) = first("wasi:cli/run@") {
        (
            format!("it is a program that runs once (it exports `{run}`), and no web app"),
            format!("{BUILD}; in Rust that is a library with crate-type cdylib, and no main.rs"),
        )
    } else {
        (
            "it does not export wasi:http/incoming-handler@0.2.x, and answers no requests".to_owned(),
            BUILD.to_owned(),
        )
    };
    Some((problem, fix))
}

#[cfg(test)]
mod tests {
    use super::about_exports;

    #[test]
    fn a_web_app_exports_a_handler() {
        let told =
            |exports: &[&str]| about_exports(&exports.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>());
        for good in ["wasi:http/incoming-handler@0.2.0", "wasi:http/incoming-handler@0.2.10"] {
            assert_eq!(told(&["other", good]), None);
        }
        for (exports, problem) in [
            (&[][..], "exports nothing"),
            (&["wasi:cli/run@0.2.6"], "a program that runs once"),
            (&["wasi:http/incoming-handler@0.1.0"], "a version that this host does not have"),
            (&["wasi:http/incoming-handler@0.2.0-rc-2023-12-05"], "a version that this host does not have"),
            (&["a:b/c"], "answers no requests"),
        ] {
            let (told, fix) = told(exports).unwrap();
            assert!(told.contains(problem) && fix.contains("build it for"), "{exports:?}: {told}; {fix}");
        }
    }
}
