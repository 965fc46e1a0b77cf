//! What people type who know other tools (heroku, fly, docker, kubectl, git, npm), and what means
//! the same here.

/// Words, and what to suggest for them: a command line that begins with `innkeeper`, or a sentence.
pub(super) type Meaning = (&'static [&'static str], &'static [&'static str]);

/// Words for commands, at the first place.
pub(super) const COMMANDS: &[Meaning] = &[
    (&["publish", "push", "release", "ship", "upload", "put", "apply", "update"], &["innkeeper deploy"]),
    (&["launch", "add", "install"], &["innkeeper deploy"]),
    (&["create", "init", "generate", "scaffold", "template", "templates", "project"], &["innkeeper new"]),
    (&["canary", "split", "traffic", "experiment", "rollout"], &["innkeeper deploy --canary"]),
    (&["graduate", "finish", "approve"], &["innkeeper promote"]),
    (&["cancel"], &["innkeeper abort"]),
    (&["revert", "undo", "back", "downgrade", "checkout", "reset"], &["innkeeper rollback"]),
    (&["activate", "switch", "previous"], &["innkeeper rollback"]),
    (&["releases", "history", "revisions", "tags", "deployments", "deploys"], &["innkeeper versions"]),
    (&["version"], &["innkeeper versions", "`innkeeper --version` tells the version of this program"]),
    (&["ps", "ls", "list", "get", "ll", "all", "services", "projects"], &["innkeeper apps list"]),
    (&["show", "describe", "view", "details"], &["innkeeper apps show"]),
    (&["rm", "destroy", "remove", "delete", "del", "uninstall", "drop"], &["innkeeper apps delete"]),
    (&["routes", "route", "domains", "domain", "ingress"], &["innkeeper apps set --route", "innkeeper apps list"]),
    (&["env", "vars", "var", "variables", "environment", "setenv"], &["innkeeper config"]),
    (&["secrets", "secret", "settings", "set", "options"], &["innkeeper config"]),
    (&["unset"], &["innkeeper config unset"]),
    (&["log", "tail", "journal", "journalctl", "stdout", "console"], &["innkeeper logs"]),
    (&["events", "activity", "trail"], &["innkeeper audit"]),
    (&["nodes", "machines", "dynos", "instances", "servers"], &["innkeeper hosts"]),
    (&["workers", "pods", "replicas", "top", "cluster"], &["innkeeper hosts"]),
    (&["start", "run", "up", "server", "host", "listen", "web", "daemon"], &["innkeeper serve", "innkeeper dev"]),
    (&["watch", "develop", "preview", "local", "build", "make"], &["innkeeper dev"]),
    (
        &["stop", "down", "kill", "halt", "shutdown"],
        &["Ctrl-C or SIGTERM ends `innkeeper serve`: it answers what is under way, then ends"],
    ),
    (
        &["restart", "reload", "reboot"],
        &["no restart is needed: hosts follow `innkeeper deploy` and `innkeeper config` by themselves"],
    ),
    (&["status", "info", "health", "ping", "check", "diagnose"], &["innkeeper doctor"]),
    (&["diag", "about", "ready"], &["innkeeper doctor"]),
    (&["limits", "limit", "quota"], &["innkeeper doctor --limits", "innkeeper apps set --limit"]),
    (&["componentize", "component", "componentise", "embed", "adapt", "adapter"], &["innkeeper wrap"]),
    (&["validate", "verify", "lint", "imports", "cat"], &["innkeeper inspect"]),
    (&["tests", "spec", "e2e", "pytest"], &["innkeeper test"]),
    (&["contract", "interface", "interfaces", "bindings", "bindgen", "idl", "sdk"], &["innkeeper wit"]),
    (&["prune", "gc", "clean", "cleanup", "purge"], &["innkeeper versions prune", "innkeeper blobs sweep"]),
    (&["backup", "dump", "save", "download", "snapshot", "clone", "pull", "copy"], &["innkeeper export"]),
    (&["restore", "load", "transfer", "move"], &["innkeeper import"]),
    (&["files", "file", "storage", "uploads", "volumes"], &["innkeeper blobs"]),
    (&["assets", "media", "s3", "buckets"], &["innkeeper blobs"]),
    (&["users", "user", "visitors", "logins", "who", "w"], &["innkeeper sessions"]),
    (&["rotate", "sign", "signing", "certs"], &["innkeeper keys"]),
    (&["migration", "migrations", "schema", "tables", "upgrade"], &["innkeeper migrate"]),
    (&["db", "database", "pg", "sql", "psql"], &["innkeeper migrate", "innkeeper doctor"]),
    (&["completion", "autocomplete", "complete", "shell"], &["innkeeper completions"]),
    (&["man", "docs", "usage", "commands"], &["innkeeper help"]),
];

/// Words for the verbs of a command.
pub(super) const VERBS: &[(&str, &[Meaning])] = &[
    (
        "apps",
        &[
            (&["ls", "all", "ps"], &["innkeeper apps list"]),
            (&["get", "info", "describe", "view", "details"], &["innkeeper apps show"]),
            (&["create", "new", "add", "init", "push", "publish"], &["innkeeper deploy"]),
            (&["edit", "update", "change", "configure", "move"], &["innkeeper apps set"]),
            (&["rename", "mv", "clone", "copy", "fork"], &["innkeeper export", "innkeeper import"]),
            (&["rm", "destroy", "remove", "del", "uninstall", "drop"], &["innkeeper apps delete"]),
        ],
    ),
    (
        "versions",
        &[
            (&["ls", "all", "show", "history"], &["innkeeper versions list"]),
            (&["download", "fetch", "pull", "cat", "save", "export"], &["innkeeper versions get"]),
            (&["clean", "cleanup", "gc", "delete", "rm", "remove", "purge"], &["innkeeper versions prune"]),
            (&["activate", "revert", "undo", "use", "switch", "checkout"], &["innkeeper rollback"]),
        ],
    ),
    (
        "config",
        &[
            (&["ls", "all", "show", "get", "view"], &["innkeeper config list"]),
            (&["add", "put", "edit", "update", "create"], &["innkeeper config set"]),
            (&["rm", "remove", "delete", "del", "clear"], &["innkeeper config unset"]),
        ],
    ),
    (
        "sessions",
        &[
            (&["ls", "all", "show", "get", "who"], &["innkeeper sessions list"]),
            (&["delete", "rm", "remove", "destroy", "revoke", "kill", "drop"], &["innkeeper sessions end"]),
            (&["logout", "signout"], &["innkeeper sessions end"]),
            (&["clean", "cleanup", "gc", "prune", "purge", "expire"], &["innkeeper sessions sweep"]),
        ],
    ),
    (
        "keys",
        &[
            (&["ls", "all", "show", "get"], &["innkeeper keys list"]),
            (&["new", "create", "generate", "add", "renew", "regenerate", "reset"], &["innkeeper keys rotate"]),
            (&["revoke", "delete", "rm", "remove", "destroy"], &["innkeeper keys rotate --revoke"]),
        ],
    ),
    (
        "token",
        &[
            (&["ls", "all", "show", "get"], &["innkeeper token list"]),
            (&["new", "add", "make", "generate", "issue"], &["innkeeper token create"]),
            (&["rm", "delete", "remove", "del", "destroy", "expire"], &["innkeeper token revoke"]),
        ],
    ),
    ("hosts", &[(&["list", "ls", "all", "show", "get"], &["innkeeper hosts"])]),
    (
        "migrate",
        &[
            (&["up", "run", "deploy", "execute", "latest", "upgrade", "push"], &["innkeeper migrate apply"]),
            (&["diff", "dry-run", "preview", "check", "test", "rehearse"], &["innkeeper migrate plan"]),
            (&["list", "ls", "show", "info", "history", "current"], &["innkeeper migrate status"]),
            (&["fake", "stamp", "mark", "resolve", "skip"], &["innkeeper migrate baseline"]),
            (&["repair", "fix", "sync"], &["innkeeper migrate accept"]),
            (
                &["down", "rollback", "undo", "revert", "reset", "downgrade"],
                &[
                    "a step that has been run is not undone: write one that brings the tables to where you want them",
                ],
            ),
        ],
    ),
    (
        "blobs",
        &[
            (&["upload", "put", "add", "push", "load", "restore"], &["innkeeper blobs import"]),
            (&["download", "get", "pull", "dump", "save", "backup"], &["innkeeper blobs export"]),
            (&["clean", "cleanup", "gc", "prune", "purge", "delete", "rm"], &["innkeeper blobs sweep"]),
            (&["list", "ls", "all", "show"], &["innkeeper blobs sweep --dry-run"]),
        ],
    ),
];

/// Words for flags. Those that the command does not have are not suggested.
pub(super) const FLAGS: &[Meaning] = &[
    (&["--name", "--application", "--project", "--service", "-n", "-c"], &["--app"]),
    (&["--port", "--host", "--bind", "--address", "--addr", "-p", "-l", "-b"], &["--listen"]),
    (&["--db", "--database", "--url", "--dsn", "--connection", "--uri"], &["--database-url"]),
    (&["--dir", "--directory", "--data-dir", "--folder", "--sqlite", "-d"], &["--data", "--from"]),
    (&["--format", "--output", "--raw", "-o", "-j", "--porcelain"], &["--json"]),
    (&["--domain", "--prefix", "--hostname", "--path", "--url", "--host", "-r"], &["--route"]),
    (&["--plan", "--check", "--dryrun", "--simulate", "--preview", "--what-if", "-n"], &["--dry-run"]),
    (&["--confirm", "--force", "--assume-yes", "--no-input", "--non-interactive", "-y"], &["--yes"]),
    (&["--number", "--count", "--max", "--tail", "--lines", "-n"], &["--limit"]),
    (&["--message", "--comment", "--reason", "--description", "--why", "-m"], &["--note"]),
    (&["--tag", "--rev", "--revision", "--release", "--number", "-v"], &["--version"]),
    (&["--tail", "--watch", "--stream", "-f"], &["--follow"]),
    (&["--out", "--file", "-O"], &["--output"]),
    (&["--percent", "--weight", "--traffic", "--split"], &["--canary"]),
    (&["--req", "--request-id", "--id"], &["--request"]),
    (&["--severity", "--loglevel", "--log-level"], &["--level"]),
    (&["--env", "--variable", "--from"], &["--from-env"]),
    (&["--username", "--login", "-u"], &["--user"]),
    (&["--everyone", "--everybody", "--each"], &["--all"]),
    (
        &["--verbose", "--debug", "-v", "-vv", "--log-level"],
        &["the variable INNKEEPER_LOG says how much is logged, such as INNKEEPER_LOG=debug"],
    ),
    (&["--quiet", "--silent", "-q"], &["what is beside the result goes to standard error: 2>/dev/null"]),
    (
        &["--no-color", "--no-colour", "--color", "--colour"],
        &["the variable NO_COLOR=1 says that nothing is coloured"],
    ),
];

/// What a word means in such a list.
pub(super) fn of(word: &str, list: &'static [Meaning]) -> Vec<&'static str> {
    let word = word.to_lowercase();
    let meant = list.iter().filter(|(words, _)| words.contains(&word.as_str()));
    meant.flat_map(|(_, meanings)| meanings.iter().copied()).collect()
}
