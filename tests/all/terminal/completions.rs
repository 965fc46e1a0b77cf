//! Shells complete what is typed, by the script that the command prints.

use support::command;

/// What bash offers for the last of these words.
async fn offered(words: &[&str]) -> Vec<String> {
    let script = command::run(&["completions", "bash"]).await.succeeded().stdout;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("innkeeper.bash");
    std::fs::write(&file, script).unwrap();
    let last = words.len() - 1;
    let previous = if last == 0 { "" } else { words[last - 1] };
    let line = format!(
        "set -e; source {}; complete -p innkeeper >&2; COMP_WORDS=({}); COMP_CWORD={last}; \
         _innkeeper innkeeper '{}' '{previous}'; printf '%s\\n' \"${{COMPREPLY[@]}}\"",
        file.display(),
        words.join(" "),
        words[last]
    );
    let mut bash = tokio::process::Command::new("bash");
    bash.args(["--norc", "-c", &line]);
    let done = command::finish(bash, support::DEADLINE).await.succeeded();
    assert!(done.stderr.contains("_innkeeper"), "no completion is declared: {done}");
    done.stdout.lines().map(str::to_owned).collect()
}

#[tokio::test]
async fn bash_completes_commands_verbs_and_flags() {
    assert_eq!(offered(&["innkeeper", "ver"]).await, ["versions"]);
    assert_eq!(offered(&["innkeeper", "migrate", "sta"]).await, ["status"]);
    assert_eq!(offered(&["innkeeper", "sessions", "list", "--us"]).await, ["--user"]);
    assert_eq!(offered(&["innkeeper", "completions", "fi"]).await, ["fish"]);
    let all = offered(&["innkeeper", ""]).await;
    assert!(all.iter().any(|word| word == "deploy") && !all.iter().any(|word| word == "compile"), "{all:?}");
}

#[tokio::test]
async fn other_shells_have_theirs() {
    for (shell, begins) in [("zsh", "#compdef innkeeper"), ("fish", "# Print an optspec")] {
        let script = command::run(&["completions", shell]).await.succeeded().stdout;
        assert!(script.starts_with(begins), "{shell}: {script}");
        let has = |wanted: &str| script.split(|sign: char| !sign.is_alphanumeric()).any(|word| word == wanted);
        assert!(has("versions") && !has("compile"), "{shell}");
    }
    command::run(&["completions", "basic"]).await.failed();
}
