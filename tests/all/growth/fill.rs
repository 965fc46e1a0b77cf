//! Large tables, made beside the host and quickly: no log of changes, no look at references.

use std::path::Path;

use support::postgres::Server;

/// Rows of each large table; half of them another app's on Postgres, where apps share tables.
pub(super) const ROWS: u32 = 1_000_000;
/// Of the app's files, those that nothing has kept yet.
const STAGED: u32 = 100_000;
const APPS: u32 = 10_000;
/// Of each app.
const VERSIONS: u32 = 10;
/// Small things of which each app has some.
const OTHERS: u32 = 100_000;
/// What has ended, for the sweep.
const ENDED: u32 = 3_000;

/// Microseconds since 1970.
const NOW: &str = "(extract(epoch from now()) * 1000000)::bigint";

pub(super) async fn postgres(server: &Server, url: &str) {
    let half = ROWS / 2;
    let hash = "decode(md5(n::text) || md5('x' || n), 'hex')";
    let app = "case when n % 2 = 0 then 'probe' else 'crowd' end";
    let quick = "session_replication_role = replica; set synchronous_commit = off";
    let script = format!(
        "set {quick}; \
         alter table innkeeper.session_values set unlogged; alter table innkeeper.sessions set unlogged; \
         alter table innkeeper.chunks set unlogged; alter table innkeeper.imported set unlogged; \
         alter table innkeeper.blobs set unlogged; \
         insert into innkeeper.apps (name, route, settings, created_at) \
           select 'a' || n, '/a' || n, '{{}}', 0 from generate_series(1, {APPS}) n; \
         insert into innkeeper.versions (app, number, sha256, size, created_at) \
           select 'a' || a, v, sha256((a || '.' || v)::bytea), 1000, 0 \
           from generate_series(1, {APPS}) a, generate_series(1, {VERSIONS}) v; \
         insert into innkeeper.component_chunks select sha256, 0, '' from innkeeper.versions on conflict do nothing; \
         insert into innkeeper.components select sha256, 1, 1 from innkeeper.versions on conflict do nothing; \
         insert into innkeeper.component_parts select sha256, 0, '' from innkeeper.components on conflict do nothing; \
         insert into innkeeper.activations (app, number, version, kind, actor, at) \
           select app, number, number, 'deploy', 'x', 0 from innkeeper.versions where app like 'a%'; \
         insert into innkeeper.further_routes select '/b' || n, 'a' || n from generate_series(1, {APPS}) n; \
         insert into innkeeper.audit (at, actor, action, app, detail, result) \
           select 0, 'x', 'deploy', 'a' || n % {APPS}, '', 'ok' from generate_series(1, {OTHERS}) n; \
         insert into innkeeper.sessions select {app}, {hash}, 'user ' || n / 4, 0, 0, 1800, {NOW} + 3600000000 + n, \
           {NOW} + 7200000000 from generate_series(1, {ROWS}) n; \
         insert into innkeeper.session_values select app, id_hash, 0, 'visits', '1' from innkeeper.sessions; \
         insert into innkeeper.blobs (app, id, state, size, sha256, content_type, created_at) \
           select {app}, md5(n::text), case when n <= {STAGED} * 2 then 1 else 2 end, 10, '', 'text/plain', {NOW} - 200000000 - n \
           from generate_series(1, {ROWS}) n; \
         insert into innkeeper.chunks select app, id, 0, '' from innkeeper.blobs; \
         insert into innkeeper.usage select app, sum(size + 1024) from innkeeper.blobs group by app; \
         insert into innkeeper.used_tickets select {app}, md5(n::text), 4000000000 from generate_series(1, {OTHERS}) n; \
         insert into innkeeper.imported select app, id, id from innkeeper.blobs limit {OTHERS}; \
         insert into innkeeper.app_migrations (app, name, sha256, applied_at) select 'a' || n % {APPS}, n::text, '', 0 from generate_series(1, {OTHERS}) n; \
         insert into innkeeper.known_migrations select 'a' || n % {APPS}, 1, n::text from generate_series(1, {OTHERS}) n; \
         analyze innkeeper.components, innkeeper.component_parts, innkeeper.activations, innkeeper.further_routes, innkeeper.audit, \
           innkeeper.known_migrations, innkeeper.apps, innkeeper.versions, innkeeper.component_chunks, innkeeper.sessions, innkeeper.session_values, \
           innkeeper.blobs, innkeeper.chunks, innkeeper.usage, innkeeper.used_tickets, innkeeper.imported, innkeeper.app_migrations; \
         update pg_class set reltuples = reltuples * 10 where oid = 'innkeeper.chunks'::regclass"
    );
    server.administer_in(url, &script).await;
    assert_eq!(
        server.look(url, "select count(*)::text from innkeeper.sessions where app = 'probe'").await,
        [half.to_string()]
    );
}

/// What a host that has just been started sweeps.
pub(super) async fn ended_on_postgres(server: &Server, url: &str) {
    let script = format!(
        "insert into innkeeper.sessions select 'probe', decode(md5('e' || n) || md5('f' || n), 'hex'), null, 0, 0, 1800, n, n \
           from generate_series(1, {ENDED}) n; \
         insert into innkeeper.session_values select 'probe', decode(md5('e' || n) || md5('f' || n), 'hex'), 0, 'visits', '1' \
           from generate_series(1, {ENDED}) n; \
         insert into innkeeper.blobs (app, id, state, size, sha256, content_type, created_at) \
           select 'probe', md5('e' || n), n % 2, 10, '', 'text/plain', n from generate_series(1, {ENDED}) n; \
         update innkeeper.usage set bytes = bytes + {ENDED} * 1034::bigint where app = 'probe'; \
         insert into innkeeper.used_tickets select 'probe', md5('e' || n), n from generate_series(1, {ENDED}) n"
    );
    server.administer_in(url, &script).await;
}

pub(super) fn sqlite(folder: &Path) {
    let registry = open(&folder.join("innkeeper.sqlite"));
    registry
        .execute_batch(&format!(
            "begin; \
             insert into innkeeper_apps (name, route, settings, created_at) \
               with recursive k (n) as (select 1 union all select n + 1 from k where n < {APPS}) select 'a' || n, '/a' || n, '{{}}', 0 from k; \
             insert into innkeeper_versions (app, number, sha256, size, created_at) with recursive v (n) as (select 1 union all select n + 1 from v where n < {VERSIONS}) \
               select name, n, randomblob(32), 1000, 0 from innkeeper_apps cross join v where name like 'a%'; \
             insert into innkeeper_component_chunks select sha256, 0, x'' from innkeeper_versions where app like 'a%'; \
             insert into innkeeper_components (sha256, size, stored_size) select sha256, 1, 1 from innkeeper_versions where app like 'a%'; \
             insert into innkeeper_component_parts select sha256, 0, x'' from innkeeper_versions where app like 'a%'; \
             insert into innkeeper_activations (app, number, version, kind, actor, at) \
               select app, number, number, 'deploy', 'x', 0 from innkeeper_versions where app like 'a%'; \
             insert into innkeeper_further_routes select '/b' || name, name from innkeeper_apps where name like 'a%'; \
             insert into innkeeper_audit (at, actor, action, app, detail, result) \
               select 0, 'x', 'deploy', app, '', 'ok' from innkeeper_versions where app like 'a%'; \
             commit"
        ))
        .expect("rows of the registry");
    let now = "cast(unixepoch('subsec') * 1000000 as integer)";
    let k =
        |rows: u32| format!("with recursive k (n) as (select 1 union all select n + 1 from k where n < {rows})");
    let app = open(&folder.join("apps/probe.sqlite"));
    let (all, ended, others) = (k(ROWS), k(ENDED), k(OTHERS));
    app.execute_batch(&format!(
        "begin; \
         insert into innkeeper_sessions {all} select 'probe', randomblob(32), 'user ' || (n / 4), 0, 0, 1800, {now} + 3600000000 + n, \
           {now} + 7200000000 from k; \
         insert into innkeeper_sessions {ended} select 'probe', randomblob(32), null, 0, 0, 1800, n, n from k; \
         insert into innkeeper_session_values select app, id_hash, 0, 'visits', '1' from innkeeper_sessions; \
         insert into innkeeper_blobs (app, id, state, size, sha256, content_type, created_at) {all} \
           select 'probe', lower(hex(randomblob(16))), case when n <= {STAGED} then 1 else 2 end, 10, x'', 'text/plain', \
           {now} - 200000000 - n from k; \
         insert into innkeeper_blobs (app, id, state, size, sha256, content_type, created_at) {ended} \
           select 'probe', lower(hex(randomblob(16))), n % 2, 10, x'', 'text/plain', n from k; \
         insert into innkeeper_chunks select app, id, 0, x'' from innkeeper_blobs; \
         insert into innkeeper_usage select app, sum(size + 1024) from innkeeper_blobs group by app; \
         insert into innkeeper_used_tickets {others} select 'probe', lower(hex(randomblob(16))), 4000000000 from k; \
         insert into innkeeper_used_tickets {ended} select 'probe', lower(hex(randomblob(16))), n from k; \
         commit"
    ))
    .expect("rows of the app");
    // Otherwise the first commit of the host waits until the disk has taken all this.
    drop((registry, app));
    for file in ["innkeeper.sqlite", "apps/probe.sqlite"] {
        let file = std::fs::File::open(folder.join(file)).expect("a file of the host");
        file.sync_all().expect("the disk takes the rows");
    }
}

fn open(path: &Path) -> rusqlite::Connection {
    let connection = rusqlite::Connection::open(path).expect("a file of the host");
    connection.execute_batch("pragma synchronous = off; pragma cache_size = -200000").expect("settings");
    connection
}
