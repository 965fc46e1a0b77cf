//! `innkeeper wit`: the contract as text, and projects that are brought up to date.

use support::paths;

use super::{Desk, files_below};

#[tokio::test]
async fn the_contract_is_printed_as_one_text() {
    let desk = Desk::new();
    let text = desk.run(&["wit"]).await.succeeded().stdout;
    for line in ["package innkeeper:storage@", "interface db {", "world web-app {", "package wasi:http@0.2.10 {"] {
        assert!(text.contains(line), "{line} is missing");
    }
    let db = desk.run(&["wit", "--interface", "db"]).await.succeeded().stdout;
    assert_eq!(db, std::fs::read_to_string(paths::repository().join("wit/db.wit")).unwrap());
    let none = desk.run(&["wit", "--interface", "sql"]).await.failed();
    assert!(none.stderr.contains("there are blob-upload, db, session"), "{none}");
}

#[tokio::test]
async fn a_folder_gets_the_contract_and_is_checked() {
    let desk = Desk::new();
    let missing = desk.run(&["wit", "--check"]).await.failed();
    assert!(missing.stdout.contains("added") && missing.stderr.contains("innkeeper wit --update"), "{missing}");
    assert!(files_below(&desk.folder).is_empty(), "a check writes nothing");
    let updated = desk.run(&["wit", "--update"]).await.succeeded();
    assert!(updated.stdout.contains("added            ./wit/db.wit"), "{updated}");
    let wit = paths::repository().join("wit");
    let files: Vec<String> = files_below(&wit).into_iter().filter(|file| file.ends_with(".wit")).collect();
    for file in &files {
        assert_eq!(desk.read(&format!("wit/{file}")), std::fs::read_to_string(wit.join(file)).unwrap(), "{file}");
    }
    assert_eq!(files_below(&desk.path("wit")).len(), files.len() + 1);
    let checked = desk.run(&["wit", "--check"]).await.succeeded();
    assert!(checked.stdout.contains(&format!(": {} same", files.len())), "{checked}");
}

#[tokio::test]
async fn an_sdk_is_brought_up_to_date_and_what_was_changed_by_hand_is_kept() {
    let desk = Desk::new();
    desk.run(&["new", "rust", "shop"]).await.succeeded();
    desk.run(&["wit", "--check", "shop"]).await.succeeded();
    let list = desk.read("shop/sdk/.innkeeper");
    let of_an_earlier_release = |text: &str, file: &str| {
        // What an earlier release has written, and nobody has changed.
        desk.write(&format!("shop/sdk/{file}"), text);
        let old = |line: &str| line.ends_with(&format!("  {file}"));
        let hash = "6b86b273ff34fce19d6b804eff5a3f5747ada4eaa22f1d49c01e52ddb7875b4b";
        let lines =
            list.lines().map(|line| if old(line) { format!("{hash}  {file}\n") } else { format!("{line}\n") });
        let list: String = lines.collect();
        desk.write(
            "shop/sdk/.innkeeper",
            &list.replace("contract innkeeper:storage@", "contract innkeeper:older@"),
        );
    };
    let source = "src/lib.rs";
    let ours = desk.read(&format!("shop/sdk/{source}"));
    of_an_earlier_release("1", source);
    let old = desk.run(&["wit", "--check", "shop"]).await.failed();
    assert!(old.stdout.contains(&format!("changed          shop/sdk/{source}")), "{old}");
    let updated = desk.run(&["wit", "--update", "shop"]).await.succeeded();
    assert!(updated.stdout.contains("(was innkeeper:older@") && updated.stdout.contains("1 changed"), "{updated}");
    assert_eq!(desk.read(&format!("shop/sdk/{source}")), ours);

    of_an_earlier_release("by hand", source);
    let refused = desk.run(&["wit", "--update", "shop"]).await.failed();
    assert!(refused.stderr.contains(source) && refused.stderr.contains("--force"), "{refused}");
    assert_eq!(desk.read(&format!("shop/sdk/{source}")), "by hand");
    desk.run(&["wit", "--update", "--force", "shop"]).await.succeeded();
    assert_eq!(desk.read(&format!("shop/sdk/{source}")), ours);
    desk.run(&["wit", "--check", "shop"]).await.succeeded();

    std::fs::remove_file(desk.path("shop/sdk/.innkeeper")).unwrap();
    let lost = desk.run(&["wit", "--update", "shop"]).await.failed();
    assert!(lost.stderr.contains("was not written by `innkeeper new`"), "{lost}");
}
