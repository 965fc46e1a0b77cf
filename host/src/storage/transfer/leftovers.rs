//! What an app has in its place that no portable description tells of, and that a move leaves behind.

use super::Snapshot;
use crate::storage::host_sql::host_sql;
use crate::storage::value::Value;
use crate::storage::{Engine, Result};

impl Snapshot {
    /// Views, triggers, indexes over expressions or a part of the rows, references and constraints over several columns; each in words.
    pub async fn leftovers(&mut self) -> Result<Vec<String>> {
        let sql = match self.engine() {
            Engine::Postgres => host_sql!(
                "with here as (select oid from pg_namespace where nspname = current_schema()) \
                 select 'view ' || c.relname from pg_class c join here on here.oid = c.relnamespace where c.relkind in ('v', 'm', 'f') \
                 union all select 'index ' || i.relname from pg_index x join pg_class i on i.oid = x.indexrelid \
                 join here on here.oid = i.relnamespace where x.indpred is not null or x.indexprs is not null \
                 union all select 'constraint ' || t.conname || ' of ' || c.relname from pg_constraint t \
                 join pg_class c on c.oid = t.conrelid join here on here.oid = c.relnamespace \
                 where (t.contype = 'f' and array_length(t.conkey, 1) > 1) or t.contype = 'x' \
                 union all select 'trigger ' || g.tgname || ' of ' || c.relname from pg_trigger g \
                 join pg_class c on c.oid = g.tgrelid join here on here.oid = c.relnamespace where not g.tgisinternal order by 1"
            ),
            Engine::Sqlite => host_sql!(
                "with here as (select type, name, sql from sqlite_master where name not like 'innkeeper\\_%' escape '\\' \
                 and name not like 'sqlite\\_%' escape '\\') \
                 select type || ' ' || name from here where type = 'view' \
                 or (type = 'trigger' and sql not like '%''CHECK constraint failed: %') \
                 union all select 'index ' || l.name from here cross join pragma_index_list(here.name) l where here.type = 'table' \
                 and (l.partial = 1 or exists (select 1 from pragma_index_xinfo(l.name) x where x.key = 1 and x.name is null)) \
                 union all select 'reference of ' || here.name || ' to ' || f.\"table\" from here \
                 cross join pragma_foreign_key_list(here.name) f where here.type = 'table' and f.seq = 1 order by 1"
            ),
        };
        let outcome = self.connection.host(sql, &[]).await?;
        let name = |row: Vec<Value>| row.into_iter().next()?.into_text();
        Ok(outcome.rows.rows.into_iter().filter_map(name).collect())
    }
}
