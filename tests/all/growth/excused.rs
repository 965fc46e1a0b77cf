//! What a statement may read, and which read more by their nature.

/// What a statement has done.
#[derive(Debug, Clone)]
pub(super) struct Work {
    /// Its text.
    pub(super) sql: String,
    /// Rows that were looked at; on SQLite steps.
    pub(super) rows: f64,
    /// Pages that were looked at; on SQLite none.
    pub(super) blocks: f64,
    /// As the database tells it.
    pub(super) plan: String,
}

/// A batch of a sweep, and the sample for the figures, look at so many rows at most.
const MOST_ROWS: f64 = 5_100.0;
/// Pages of a statement that looks at few rows, and for each row. A chunk of a file is kept in some
/// 130 rows beside the table, a few pages each; all sessions are on 15,000 pages.
const MOST_BLOCKS: f64 = 1_000.0;
const BLOCKS_PER_ROW: f64 = 16.0;

/// Texts of statements that read as much as there is, and why they may.
const EXCUSED: [(&str, &str); 21] = [
    ("delete from innkeeper.session_values where app = $1/end", "a command deletes an app with all that it has"),
    ("delete from innkeeper.sessions where app = $1/end", "the same"),
    ("delete from innkeeper.chunks where app = $1/end", "the same"),
    ("delete from innkeeper.imported where app = $1/end", "the same"),
    ("delete from innkeeper.blobs where app = $1/end", "the same"),
    ("select 1 from innkeeper.app_migrations limit 1", "it stops at the first row"),
    (
        "from innkeeper.apps order by name",
        "a host loads all apps when the registry has changed, and a command lists them",
    ),
    ("from innkeeper.further_routes order by app, route", "the same, with the further routes of each"),
    ("where app = $1 order by number desc/end", "a command lists all versions of an app"),
    (
        "coalesce((select bytes from innkeeper.usage",
        "counts an app's files anew, once an hour, and nobody waits for it",
    ),
    ("coalesce((select bytes from innkeeper_usage", "the same on SQLite"),
    (
        "(select page_count from pragma_page_count)",
        "measures an app's file in the background, less its files; it looks at uploads under way",
    ),
    (
        "select count(*) from innkeeper.blobs where app = $1 and state = 2",
        "a command says what is in the way of an import",
    ),
    (
        "select count(*) from innkeeper.sessions where app = $1/end",
        "a command says what is in the way of an import",
    ),
    ("order by used_at desc, id_hash limit $3", "a command sorts the sessions of an app by their last use"),
    ("where v.app = a.name and v.number = a.active", "a host loads all apps when the registry has changed"),
    (
        "from innkeeper.native_code n where n.created_at",
        "looks at the head of each component's code, whenever somebody has compiled",
    ),
    ("update innkeeper.native_code set used_at", "the same, twice a day"),
    ("delete from innkeeper.compile_claims where until", "a row for each host that compiles at this moment"),
    ("from pg_namespace where nspname like", "the same; the catalog is asked for all schemas of apps"),
    ("from pg_namespace n where", "a command asks which schemas a credential can look into"),
];

pub(super) fn is_excused(sql: &str) -> bool {
    EXCUSED.iter().any(|(text, _)| match text.strip_suffix("/end") {
        Some(end) => sql.ends_with(end),
        None => sql.contains(text),
    })
}

/// The statements that have read too much.
pub(super) fn judge(work: &[Work], how: &str) -> Vec<String> {
    let too_much = |work: &&Work| {
        let rows = work.rows > MOST_ROWS;
        let blocks = work.blocks > MOST_BLOCKS + BLOCKS_PER_ROW * work.rows;
        (rows || blocks) && !is_excused(&work.sql)
    };
    let tell =
        |work: &Work| format!("{how}: {} rows, {} pages: {}\n{}", work.rows, work.blocks, work.sql, work.plan);
    work.iter().filter(too_much).map(tell).collect()
}
