//! What an app has in its place that no portable description tells of, and that a move leaves
//! behind.

use super::Snapshot;
use crate::storage::host_sql::host_sql;
use crate::storage::schema;
use crate::storage::value::Value;
use crate::storage::{Engine, HostSql, Result};
use serde::{Deserialize, Serialize};

/// Something that stays behind.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Leftover {
    /// In words.
    pub what: String,
    /// What it is called where it is named, as `--without` of an import does.
    pub name: String,
    /// What of the rows it watches over, such as `unique`; none where it watches over nothing.
    pub guards: Option<String>,
    /// Its table.
    pub table: String,
    /// As SQL of the engine that it comes from.
    pub definition: Option<String>,
}

impl Leftover {
    /// A table that the operator leaves behind.
    pub fn skipped(table: &str) -> Self {
        Self {
            what: format!("table {table}, as asked"),
            name: table.to_owned(),
            guards: None,
            table: table.to_owned(),
            definition: None,
        }
    }
}

impl Snapshot {
    /// Views, triggers, indexes over expressions or a part of the rows, references and constraints
    /// over several columns, and of what comes along the parts that do not.
    pub async fn leftovers(&mut self) -> Result<Vec<Leftover>> {
        let mut left = match self.engine() {
            Engine::Postgres => self.look(things_of_postgres()).await?,
            Engine::Sqlite => self.look(things_of_sqlite()).await?,
        };
        left.extend(match self.engine() {
            Engine::Postgres => self.look(parts_of_postgres()).await?,
            Engine::Sqlite => self.look(parts_of_sqlite()).await?,
        });
        for (table, name, condition) in schema::unseen_checks(&mut self.connection).await? {
            left.push(Leftover {
                what: format!("check ({condition}) of {table}"),
                name: format!("{table}.{name}"),
                guards: Some("check".to_owned()),
                table,
                definition: Some(format!("check ({condition})")),
            });
        }
        left.sort_unstable();
        Ok(left)
    }

    async fn look(&mut self, sql: &'static HostSql) -> Result<Vec<Leftover>> {
        let outcome = self.connection.host(sql, &[]).await?;
        let leftover = |row: Vec<Value>| {
            let mut texts = row.into_iter().map(Value::into_text);
            let mut next = || texts.next().flatten();
            let (what, name, guards, table, definition) = (next()?, next()?, next(), next()?, next());
            Some(Leftover { what, name, guards, table, definition })
        };
        Ok(outcome.rows.rows.into_iter().filter_map(leftover).collect())
    }
}

/// In each row: what it is, its name, what it guards, its table, its definition.
fn things_of_postgres() -> &'static HostSql {
    host_sql!(
        "with here as (select oid from pg_namespace where nspname = current_schema()) \
         select 'view ' || c.relname, c.relname::text, null::text, c.relname::text, \
         case when c.relkind <> 'f' then pg_get_viewdef(c.oid) end \
         from pg_class c join here on here.oid = c.relnamespace where c.relkind in ('v', 'm', 'f') \
         union all select 'index ' || i.relname, i.relname::text, case when x.indisunique then 'unique' end, t.relname::text, \
         pg_get_indexdef(i.oid) from pg_index x join pg_class i on i.oid = x.indexrelid join pg_class t on t.oid = x.indrelid \
         join here on here.oid = i.relnamespace where x.indpred is not null or x.indexprs is not null \
         union all select 'constraint ' || t.conname || ' of ' || c.relname, c.relname || '.' || t.conname, \
         case t.contype when 'f' then 'foreign key' else 'exclusion' end, c.relname::text, pg_get_constraintdef(t.oid) \
         from pg_constraint t join pg_class c on c.oid = t.conrelid join here on here.oid = c.relnamespace \
         where (t.contype = 'f' and array_length(t.conkey, 1) > 1) or t.contype = 'x' \
         union all select 'trigger ' || g.tgname || ' of ' || c.relname, c.relname || '.' || g.tgname, 'trigger', c.relname::text, \
         pg_get_triggerdef(g.oid) from pg_trigger g join pg_class c on c.oid = g.tgrelid \
         join here on here.oid = c.relnamespace where not g.tgisinternal \
         union all select 'rule ' || r.rulename || ' of ' || c.relname, c.relname || '.' || r.rulename, 'rule', c.relname::text, \
         pg_get_ruledef(r.oid) from pg_rewrite r join pg_class c on c.oid = r.ev_class \
         join here on here.oid = c.relnamespace where c.relkind in ('r', 'p') \
         union all select 'policy ' || p.polname || ' of ' || c.relname, c.relname || '.' || p.polname, 'policy', c.relname::text, \
         pg_get_expr(p.polqual, p.polrelid) from pg_policy p join pg_class c on c.oid = p.polrelid \
         join here on here.oid = c.relnamespace"
    )
}

fn things_of_sqlite() -> &'static HostSql {
    host_sql!(
        "with here as (select type, name, tbl_name, sql from sqlite_master where name not like 'innkeeper\\_%' escape '\\' \
         and name not like 'sqlite\\_%' escape '\\') \
         select type || ' ' || name, name, case type when 'trigger' then 'trigger' end, tbl_name, sql from here where type = 'view' \
         or (type = 'trigger' and sql not like '%''CHECK constraint failed: %') \
         union all select 'index ' || l.name, l.name, case l.\"unique\" when 1 then 'unique' end, here.name, m.sql from here \
         cross join pragma_index_list(here.name) l left join sqlite_master m on m.type = 'index' and m.name = l.name \
         where here.type = 'table' \
         and (l.partial = 1 or exists (select 1 from pragma_index_xinfo(l.name) x where x.key = 1 and x.name is null)) \
         union all select 'reference of ' || here.name || ' to ' || f.\"table\", \
         here.name || '.' || (select group_concat(o.\"from\", ',') from pragma_foreign_key_list(here.name) o where o.id = f.id), \
         'foreign key', here.name, null from here \
         cross join pragma_foreign_key_list(here.name) f where here.type = 'table' and f.seq = 1"
    )
}

/// What constraints, indexes and identities say beyond a portable description. What later releases
/// of Postgres know is asked for as JSON.
fn parts_of_postgres() -> &'static HostSql {
    host_sql!(
        "with here as (select c.oid, c.relname from pg_class c join pg_namespace n on n.oid = c.relnamespace \
         where n.nspname = current_schema()), \
         constraints as (select t.*, h.relname, pg_get_constraintdef(t.oid) as def from pg_constraint t join here h on h.oid = t.conrelid) \
         select 'action on update of constraint ' || conname || ' of ' || relname, relname || '.' || conname, null::text, relname::text, \
         def from constraints \
         where contype = 'f' and array_length(conkey, 1) = 1 and confupdtype not in ('a', 'r') \
         union all select 'deferral of constraint ' || conname || ' of ' || relname, relname || '.' || conname, null, relname::text, def \
         from constraints where condeferrable and contype in ('f', 'p', 'u') and (contype <> 'f' or array_length(conkey, 1) = 1) \
         union all select 'match full of constraint ' || conname || ' of ' || relname, relname || '.' || conname, null, relname::text, def \
         from constraints where contype = 'f' and array_length(conkey, 1) = 1 and confmatchtype = 'f' \
         union all select 'constraint ' || t.conname || ' of ' || t.relname || ', whose column has another reference', \
         t.relname || '.' || t.conname, 'foreign key', t.relname::text, t.def \
         from constraints t where t.contype = 'f' and array_length(t.conkey, 1) = 1 and exists (select 1 from constraints o \
         where o.contype = 'f' and o.conrelid = t.conrelid and o.conkey = t.conkey and o.conname > t.conname) \
         union all select 'nulls not distinct of index ' || i.relname, i.relname::text, 'unique', h.relname::text, \
         pg_get_indexdef(i.oid) from pg_index x join here i on i.oid = x.indexrelid join here h on h.oid = x.indrelid \
         where to_jsonb(x) ->> 'indnullsnotdistinct' = 'true' \
         union all select 'collation of index ' || i.relname, i.relname::text, 'unique', h.relname::text, pg_get_indexdef(i.oid) \
         from pg_index x join here i on i.oid = x.indexrelid join here h on h.oid = x.indrelid where x.indisunique \
         and x.indexprs is null and exists (select 1 from unnest(x.indcollation::oid[]) c join pg_collation l on l.oid = c \
         where not l.collisdeterministic) \
         union all select 'options of the identity ' || h.relname || '.' || a.attname, h.relname || '.' || a.attname, null, \
         h.relname::text, null from here h \
         join pg_attribute a on a.attrelid = h.oid and a.attidentity <> '' \
         join pg_depend d on d.refobjid = h.oid and d.refobjsubid = a.attnum and d.deptype = 'i' \
         join pg_sequence s on s.seqrelid = d.objid where a.attidentity = 'a' or s.seqincrement <> 1 or s.seqstart <> 1 \
         or s.seqmin <> 1 or s.seqmax <> 9223372036854775807 or s.seqcycle"
    )
}

fn parts_of_sqlite() -> &'static HostSql {
    host_sql!(
        "with here as (select name, sql from sqlite_master where type = 'table' and name not like 'innkeeper\\_%' escape '\\' \
         and name not like 'sqlite\\_%' escape '\\'), \
         refs as (select here.name, f.id, f.\"from\", f.on_update from here cross join pragma_foreign_key_list(here.name) f \
         where not exists (select 1 from pragma_foreign_key_list(here.name) o where o.id = f.id and o.seq > 0)) \
         select 'action on update of the reference of ' || name || '.' || \"from\", name || '.' || \"from\", null, name, null from refs \
         where on_update not in ('NO ACTION', 'RESTRICT') \
         union all select 'a reference of ' || r.name || '.' || r.\"from\" || ', which has another', r.name || '.' || r.\"from\", \
         'foreign key', r.name, null from refs r where exists \
         (select 1 from refs o where o.name = r.name and lower(o.\"from\") = lower(r.\"from\") and o.id > r.id) \
         union all select 'deferral of references of ' || name, name, null, name, null from here \
         where lower(sql) like '%deferrable initially deferred%' \
         union all select 'collation of index ' || l.name, l.name, 'unique', here.name, m.sql from here \
         cross join pragma_index_list(here.name) l left join sqlite_master m on m.type = 'index' and m.name = l.name \
         where l.\"unique\" = 1 and exists (select 1 from pragma_index_xinfo(l.name) x \
         where x.key = 1 and x.name is not null and upper(x.coll) in ('NOCASE', 'RTRIM'))"
    )
}
