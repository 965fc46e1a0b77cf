//! The code in README is the template's, word for word.

use support::paths;

use super::Desk;
use super::languages::lend;

/// The first block of code in README in a language.
fn block(language: &str) -> String {
    let text = std::fs::read_to_string(paths::repository().join("README.md")).unwrap();
    let (_, after) = text.split_once(&format!("\n```{language}\n")).unwrap_or_else(|| panic!("no {language}"));
    let (code, _) = after.split_once("\n```").unwrap();
    format!("{code}\n")
}

/// Who follows README has the same files, and the one in Rust runs.
#[tokio::test(flavor = "multi_thread")]
async fn the_guest_in_the_readme_is_the_one_of_the_template_and_runs() {
    let desk = Desk::at_its_place("readme");
    for (language, file) in [("python", "app.py"), ("rust", "src/lib.rs")] {
        desk.run(&["new", language, &format!("{language}/my-app")]).await.succeeded();
        let code = block(language);
        let path = format!("{language}/my-app/{file}");
        assert_eq!(code, desk.read(&path), "README does not say what the template in {language} has");
        desk.write(&path, &code);
    }
    lend(&desk, "rust", "rust/my-app");
    let page = ["test", "rust/my-app", "--", "sh", "-c", "curl --silent --fail $INNKEEPER_URL/"];
    let tested = desk.run(&page).await.succeeded();
    assert!(tested.stdout.contains("<h1>my-app</h1>"), "{tested}");
}
