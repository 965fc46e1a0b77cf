//! What an app has in its place that no portable description tells of, and that a move leaves behind.

use super::Snapshot;
use crate::storage::host_sql::host_sql;
use crate::storage::value::Value;
use crate::storage::{Engine, HostSql, Result};

impl Snapshot {
    /// Views, triggers, indexes over expressions or a part of the rows, references and constraints over several columns, and of what comes along
    /// the parts that do not; each in words.
    pub async fn leftovers(&mut self) -> Result<Vec<String>> {
        let mut left = self.leftover_things().await?;
        left.extend(self.leftover_parts().await?);
        left.sort_unstable();
        Ok(left)
    }

    async fn leftover_things(&mut self) -> Result<Vec<String>> {
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
                 join pg_class c on c.oid = g.tgrelid join here on here.oid = c.relnamespace where not g.tgisinternal"
            ),
            Engine::Sqlite => host_sql!(
                "with here as (select type, name, sql from sqlite_master where name not like 'innkeeper\\_%' escape '\\' \
                 and name not like 'sqlite\\_%' escape '\\') \
                 select type || ' ' || name from here where type = 'view' \
                 or (type = 'trigger' and sql not like '%''CHECK constraint failed: %') \
                 union all select 'index ' || l.name from here cross join pragma_index_list(here.name) l where here.type = 'table' \
                 and (l.partial = 1 or exists (select 1 from pragma_index_xinfo(l.name) x where x.key = 1 and x.name is null)) \
                 union all select 'reference of ' || here.name || ' to ' || f.\"table\" from here \
                 cross join pragma_foreign_key_list(here.name) f where here.type = 'table' and f.seq = 1"
            ),
        };
        self.words(sql).await
    }

    /// What constraints, indexes and identities say beyond a portable description. What later releases of Postgres know is asked for as JSON.
    async fn leftover_parts(&mut self) -> Result<Vec<String>> {
        let sql = match self.engine() {
            Engine::Postgres => host_sql!(
                "with here as (select c.oid, c.relname from pg_class c join pg_namespace n on n.oid = c.relnamespace \
                 where n.nspname = current_schema()), \
                 constraints as (select t.*, h.relname from pg_constraint t join here h on h.oid = t.conrelid) \
                 select 'action on update of constraint ' || conname || ' of ' || relname from constraints \
                 where contype = 'f' and array_length(conkey, 1) = 1 and confupdtype not in ('a', 'r') \
                 union all select 'deferral of constraint ' || conname || ' of ' || relname from constraints \
                 where condeferrable and contype in ('f', 'p', 'u') and (contype <> 'f' or array_length(conkey, 1) = 1) \
                 union all select 'match full of constraint ' || conname || ' of ' || relname from constraints \
                 where contype = 'f' and array_length(conkey, 1) = 1 and confmatchtype = 'f' \
                 union all select 'constraint ' || t.conname || ' of ' || t.relname || ', whose column has another reference' \
                 from constraints t where t.contype = 'f' and array_length(t.conkey, 1) = 1 and exists (select 1 from constraints o \
                 where o.contype = 'f' and o.conrelid = t.conrelid and o.conkey = t.conkey and o.conname > t.conname) \
                 union all select 'nulls not distinct of index ' || i.relname from pg_index x join here i on i.oid = x.indexrelid \
                 where to_jsonb(x) ->> 'indnullsnotdistinct' = 'true' \
                 union all select 'options of the identity ' || h.relname || '.' || a.attname from here h \
                 join pg_attribute a on a.attrelid = h.oid and a.attidentity <> '' \
                 join pg_depend d on d.refobjid = h.oid and d.refobjsubid = a.attnum and d.deptype = 'i' \
                 join pg_sequence s on s.seqrelid = d.objid where a.attidentity = 'a' or s.seqincrement <> 1 or s.seqstart <> 1 \
                 or s.seqmin <> 1 or s.seqmax <> 9223372036854775807 or s.seqcycle"
            ),
            Engine::Sqlite => host_sql!(
                "with here as (select name, sql from sqlite_master where type = 'table' and name not like 'innkeeper\\_%' escape '\\' \
                 and name not like 'sqlite\\_%' escape '\\'), \
                 refs as (select here.name, f.id, f.\"from\", f.on_update from here cross join pragma_foreign_key_list(here.name) f \
                 where not exists (select 1 from pragma_foreign_key_list(here.name) o where o.id = f.id and o.seq > 0)) \
                 select 'action on update of the reference of ' || name || '.' || \"from\" from refs \
                 where on_update not in ('NO ACTION', 'RESTRICT') \
                 union all select 'a reference of ' || r.name || '.' || r.\"from\" || ', which has another' from refs r where exists \
                 (select 1 from refs o where o.name = r.name and lower(o.\"from\") = lower(r.\"from\") and o.id > r.id) \
                 union all select 'deferral of references of ' || name from here where lower(sql) like '%deferrable initially deferred%'"
            ),
        };
        self.words(sql).await
    }

    async fn words(&mut self, sql: &'static HostSql) -> Result<Vec<String>> {
        let outcome = self.connection.host(sql, &[]).await?;
        let name = |row: Vec<Value>| row.into_iter().next()?.into_text();
        Ok(outcome.rows.rows.into_iter().filter_map(name).collect())
    }
}
