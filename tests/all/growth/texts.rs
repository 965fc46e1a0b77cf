//! The statements of the host, as its source has them.

use std::path::Path;

use super::Ran;
use super::excused::Work;

/// Texts that the drive does not reach, each with the reason.
const NOT_RUN: [(&str, &str); 38] = [
    ("where id = $1 and ended_at is null and seen_at < $5", "by its key; where a host has ended in a deployment"),
    ("update innkeeper.apps set database_var", "by its key; for an app that moves to another database"),
    ("select v.value from innkeeper.sessions s", "by its key; where another request has changed it meanwhile"),
    ("select 1 from innkeeper.blobs where app = $1 and id = $2", "by its key; where another request changes it"),
    ("update innkeeper.blobs set size = size + $3", "by its key; for a file whose size nobody has told"),
    ("insert into innkeeper.usage (app, bytes) values ($1, case", "by its key; in a transaction that is open"),
    ("pg_namespace where nspname = ", "asks the catalog for one schema, by its name"),
    ("select format('create schema", "reads no table"),
    ("insert into innkeeper.migrations", "one row, once in the life of a release"),
    ("from pg_namespace n where", "excused: a command asks which schemas a credential can look into"),
    ("pg_try_advisory_lock(hashtextextended('indexes", "reads no table"),
    ("set created_at = $3 where app = $1 and id = $2 and state = 0", "by its key; after 20 seconds of an import"),
    ("select sha256 from innkeeper.blobs where app = $1 and id = $2", "by its key; for a folder with a manifest"),
    ("from pg_class c join pg_namespace n", "counts an app's tables, for a command"),
    ("setval(", "reads no table"),
    ("select number from innkeeper.generation", "one row; the text for SQLite"),
    ("pragma_page_count", "the text for SQLite; excused"),
    ("from pg_attribute where attrelid = $1", "the columns of one table, for an app above its quota"),
    ("update innkeeper.app_migrations set sha256", "by its key; where a person accepts a step that has changed"),
    ("from pg_indexes where schemaname like", "asks the catalog, once in the life of a release"),
    ("from pg_locks where locktype = 'advisory'", "no table; for a command that asks who serves"),
    ("from innkeeper.native_code n left join", "by its key; where hosts have a key in common"),
    ("select 1 from innkeeper.native_code where", "by its key; where somebody has compiled"),
    ("insert into innkeeper.native_code (", "by its key; where somebody has compiled"),
    ("insert into innkeeper.native_code_chunks", "by its key; where somebody has compiled"),
    ("delete from innkeeper.native_code where sha256", "by its key; where code is not what was signed"),
    ("delete from innkeeper.native_code_chunks where sha256", "by its key; where somebody has compiled"),
    (
        "from innkeeper.native_code n where n.created_at",
        "excused: the heads of all code, where somebody has compiled",
    ),
    ("innkeeper.compile_claims", "by its key, or all hosts that compile at this moment"),
    ("select substr(nspname::text, 5) from pg_namespace", "asks the catalog for all schemas of apps"),
    ("update innkeeper.generation set number = number + 1", "one row; where a host has compiled"),
    ("select data from innkeeper.component_chunks where", "by its key; for what an earlier release has stored"),
    ("update innkeeper.deployments set state = $2", "by its key; where a deployment takes its time"),
    (
        "update innkeeper.app_migrations set version = null",
        "those of one app; where a command deletes it and leaves its data",
    ),
    ("update innkeeper.versions set failed_at", "by its key; where a host replaces a version that fails"),
    ("insert into innkeeper.ended_sessions", "by its key; where somebody signs out of the dashboard"),
    ("select 1 from innkeeper.ended_sessions where id = $1", "by its key; for each page of the dashboard"),
    ("delete from innkeeper.hosts where id = $1", "by its key; when a host ends"),
];

/// Every text over host tables in the source, with its placeholders.
pub(super) fn of_source() -> Vec<String> {
    let mut texts = Vec::new();
    look(&support::paths::repository().join("host/src/storage"), &mut texts);
    assert!(texts.len() > 80, "{} texts", texts.len());
    texts
}

fn look(folder: &Path, texts: &mut Vec<String>) {
    for entry in std::fs::read_dir(folder).expect("a folder of the source") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            look(&path, texts);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let source = std::fs::read_to_string(&path).expect("a readable file");
            let source = source.split("#[cfg(test)]").next().unwrap_or_default();
            texts.extend(source.split("host_sql!(").skip(1).filter_map(literal));
        }
    }
}

/// The string that stands next, without what continues its lines.
fn literal(source: &str) -> Option<String> {
    let source = source.trim_start().strip_prefix('"')?;
    let mut text = String::new();
    let mut letters = source.chars();
    loop {
        match letters.next()? {
            '"' => return Some(text),
            '\\' => match letters.next()? {
                '\n' => {
                    let rest = letters.as_str().trim_start();
                    letters = rest.chars();
                }
                letter => text.push(letter),
            },
            letter => text.push(letter),
        }
    }
}

/// As the host translates it.
pub(super) fn for_sqlite(text: &str) -> String {
    let text = text.replace("innkeeper.", "innkeeper_");
    [" for no key update", " for update skip locked"].iter().fold(text, |text, lock| text.replace(lock, ""))
}

/// Panics where a text of the source was not run: then nothing is known of it.
pub(super) fn all_were_run(work: &Ran) {
    let unseen =
        |text: &String| !text.contains("sqlite_") && !work.iter().any(|work| is_in(text, work)) && !is_known(text);
    let unseen: Vec<String> = of_source().into_iter().filter(unseen).collect();
    assert!(unseen.is_empty(), "{} statements were not run:\n{}", unseen.len(), unseen.join("\n"));
}

/// Where a statement travels with others its values stand in the text.
fn is_in(text: &str, work: &Work) -> bool {
    let mut rest = work.sql.as_str();
    text.split('$').enumerate().all(|(at, piece)| {
        let piece = if at == 0 { piece } else { piece.trim_start_matches(|letter: char| letter.is_ascii_digit()) };
        let found = rest.find(piece);
        rest = found.and_then(|found| rest.get(found + piece.len()..)).unwrap_or_default();
        found.is_some()
    })
}

fn is_known(text: &str) -> bool {
    NOT_RUN.iter().any(|(part, _)| text.contains(part))
}
