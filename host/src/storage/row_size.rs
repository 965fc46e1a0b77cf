//! Measuring what the rows of an app take up, with their indexes, and without what belongs to the
//! host.
//!
//! Both engines know cheaply how large their files are. Rows that were deleted count in them until
//! the room is used again, so a size above the quota is looked at more closely: what lives in the
//! files is what counts.

use super::app_space::AppSpace;
use super::connection::{Connection, cell};
use super::host_sql::{HostSql, host_sql};
use super::value::Value;
use super::{Engine, Error, Result};
use std::time::{Duration, Instant};

/// Pages of a table on Postgres that are read to estimate how much of it lives.
const SAMPLED_PAGES: u64 = 2_000;
const POSTGRES_PAGE: u64 = 8_192;
/// What a row takes up on Postgres beside its columns: its header and its pointer.
const ROW_HEADER: u64 = 28;
/// Tables below this count as they are.
const SMALL: u64 = 1 << 20;
/// How often tables are vacuumed because of an app's quota.
const VACUUM_EVERY: Duration = Duration::from_secs(30);

/// What is remembered between two measurements of an app.
#[derive(Debug, Default)]
pub struct Measured {
    /// When its tables were last vacuumed here.
    vacuumed: Option<Instant>,
    /// How large its files were then: what they had of deleted rows can be used again.
    base: u64,
}

/// What was measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RowSize {
    /// Bytes.
    pub bytes: u64,
    /// Whether that is more than the quota.
    pub is_over: bool,
}

impl RowSize {
    fn of(bytes: u64, quota: u64) -> Self {
        Self { bytes, is_over: bytes > quota }
    }
}

/// Measures the rows of an app.
pub async fn measure(space: &AppSpace, quota: u64, measured: &mut Measured) -> Result<RowSize> {
    match space.engine() {
        Engine::Sqlite => on_sqlite(space, quota).await,
        Engine::Postgres => on_postgres(space, quota, measured).await,
    }
}

/// The pages of the file that are in use, less the bytes of blobs: sessions and pages that are
/// partly empty count there. Where that is above the quota, what the pages of the app's own tables
/// and indexes hold.
async fn on_sqlite(space: &AppSpace, quota: u64) -> Result<RowSize> {
    let mut connection = space.reader().await?;
    let sql = host_sql!(
        "select (select page_count from pragma_page_count) - (select freelist_count from pragma_freelist_count), \
         (select page_size from pragma_page_size), \
         (select coalesce(sum(bytes), 0) from innkeeper.usage), \
         (select coalesce(sum(size), 0) from innkeeper.blobs where state < 2 and state = 0)"
    );
    let [pages, page_size, blobs, coming] = numbers(&mut connection, sql).await?;
    let most = pages.saturating_mul(page_size).saturating_sub(blobs.saturating_sub(coming));
    if most <= quota {
        return Ok(RowSize::of(most, quota));
    }
    let sql = host_sql!(
        "select coalesce(sum(stat.pgsize - stat.unused), 0) from sqlite_schema as thing join dbstat as stat \
         on stat.name = thing.name where thing.rootpage > 0 and lower(substr(thing.tbl_name, 1, 10)) <> 'innkeeper_'"
    );
    let [live] = numbers(&mut connection, sql).await?;
    Ok(RowSize::of(live, quota))
}

async fn numbers<const N: usize>(connection: &mut Connection, sql: &HostSql) -> Result<[u64; N]> {
    let outcome = connection.host(sql, &[]).await?;
    let row = outcome.rows.rows.first().ok_or_else(|| Error::malformed("sizes"))?;
    let mut found = [0; N];
    for (at, number) in found.iter_mut().enumerate() {
        *number = whole(cell(row, at)?)?;
    }
    Ok(found)
}

fn whole(value: &Value) -> Result<u64> {
    // A sum over nothing, or one that an older host has kept wrong, is nothing.
    Ok(u64::try_from(value.as_integer().ok_or_else(|| Error::malformed("sizes"))?).unwrap_or(0))
}

/// A table on Postgres.
struct Table {
    oid: i64,
    name: String,
    /// Of its rows, those kept apart because of their size included.
    bytes: u64,
    indexes: u64,
    /// Of its rows alone.
    main: u64,
}

/// The files of the app's tables and indexes. Rows of a transaction under way and rows that were
/// deleted count in them. Where they are above the quota, an estimate of what lives in them. They
/// may be twice as large as the quota while less than it lives; then they are vacuumed, so that new
/// rows use the room of deleted ones.
async fn on_postgres(space: &AppSpace, quota: u64, measured: &mut Measured) -> Result<RowSize> {
    let mut connection = space.upkeep().await?;
    let tables = tables(&mut connection, space.place()).await?;
    let total: u64 = tables.iter().map(|table| table.bytes.saturating_add(table.indexes)).sum();
    if total <= quota {
        measured.base = 0;
        return Ok(RowSize::of(total, quota));
    }
    let mut live = 0_u64;
    for table in &tables {
        live = live.saturating_add(live_bytes(&mut connection, space.place(), table).await?);
    }
    if live <= quota && total.saturating_sub(live) > quota / 4 {
        let is_early = measured.vacuumed.is_some_and(|at| at.elapsed() < VACUUM_EVERY);
        if !is_early {
            measured.vacuumed = Some(Instant::now());
            vacuum(&mut connection, space.place(), &tables).await;
            measured.base = total;
        }
    }
    let most = quota.saturating_mul(2).max(measured.base.saturating_add(quota));
    Ok(RowSize { bytes: live, is_over: live > quota || total > most })
}

/// Found by what depends on the schema, for which there is an index.
async fn tables(connection: &mut Connection, schema: &str) -> Result<Vec<Table>> {
    let sql = host_sql!(
        "select class.oid::bigint, class.relname::text, coalesce(pg_table_size(class.oid), 0), \
         coalesce(pg_indexes_size(class.oid), 0), coalesce(pg_relation_size(class.oid), 0) \
         from pg_depend as depend join pg_class as class on class.oid = depend.objid \
         where depend.classid = 'pg_class'::regclass and depend.refclassid = 'pg_namespace'::regclass \
         and depend.refobjid = (select oid from pg_namespace where nspname = $1::text::name) \
         and class.relkind in ('r', 'm')"
    );
    let outcome = connection.host(sql, &[schema.into()]).await?;
    let table = |row: &Vec<Value>| {
        Ok(Table {
            oid: cell(row, 0)?.as_integer().ok_or_else(|| Error::malformed("pg_class"))?,
            name: cell(row, 1)?.as_text().ok_or_else(|| Error::malformed("pg_class"))?.to_owned(),
            bytes: whole(cell(row, 2)?)?,
            indexes: whole(cell(row, 3)?)?,
            main: whole(cell(row, 4)?)?,
        })
    };
    outcome.rows.rows.iter().map(table).collect()
}

/// What lives in a table, from a sample of its pages, and the same part of its indexes.
async fn live_bytes(connection: &mut Connection, schema: &str, table: &Table) -> Result<u64> {
    let all = table.bytes.saturating_add(table.indexes);
    if all < SMALL {
        return Ok(all);
    }
    let sql = host_sql!(
        "select attname::text from pg_attribute \
         where attrelid = $1::bigint::oid and attnum > 0 and not attisdropped"
    );
    let columns = connection.host(sql, &[Value::Integer(table.oid)]).await?;
    let sizes: Vec<String> = columns
        .rows
        .rows
        .iter()
        .filter_map(|row| row.first()?.as_text())
        .map(|name| format!(" + coalesce(pg_column_size({}), 0)", quoted(name)))
        .collect();
    let pages = table.main / POSTGRES_PAGE + 1;
    // In thousandths of the table.
    let part = (SAMPLED_PAGES.saturating_mul(1_000) / pages).clamp(1, 1_000);
    let sample = match part {
        1_000 => String::new(),
        part => format!(" tablesample system ({}.{})", part / 10, part % 10),
    };
    let text = format!(
        "select coalesce(sum({ROW_HEADER}{}), 0)::bigint from {}.{}{sample}",
        sizes.concat(),
        quoted(schema),
        quoted(&table.name)
    );
    let outcome = connection.host_text(&text, &[]).await?;
    let row = outcome.rows.rows.first().ok_or_else(|| Error::malformed("sizes"))?;
    let live = (whole(cell(row, 0)?)?.saturating_mul(1_000) / part).min(table.bytes);
    let indexes = u128::from(table.indexes) * u128::from(live) / u128::from(table.bytes.max(1));
    Ok(live.saturating_add(u64::try_from(indexes).unwrap_or(u64::MAX)))
}

/// What cannot be vacuumed in the time of a statement is left to the server's own vacuum.
async fn vacuum(connection: &mut Connection, schema: &str, tables: &[Table]) {
    for table in tables.iter().filter(|table| table.bytes > SMALL) {
        let text = format!("vacuum {}.{}", quoted(schema), quoted(&table.name));
        if let Err(error) = connection.script(&text).await {
            tracing::debug!(schema, table = table.name, "cannot be vacuumed: {error}");
            return;
        }
    }
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}
