//! What is in a session: values by key, and messages for the visitor's next page. Each statement
//! changes nothing where the session has ended.

use super::{IdHash, key};
use crate::storage::Result;
use crate::storage::host_sql::host_sql;
use crate::storage::unit::UnitOfWork;
use crate::storage::value::Value;

/// What a row of `session_values` holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A value under a key.
    Value,
    /// A message for the visitor's next page.
    Flash,
}

impl Kind {
    fn number(self) -> i64 {
        match self {
            Self::Value => 0,
            Self::Flash => 1,
        }
    }
}

/// Puts a value or message under a name.
pub async fn put(unit: &mut UnitOfWork, id: &IdHash, kind: Kind, name: &str, value: &str) -> Result<()> {
    let sql = host_sql!(
        "insert into innkeeper.session_values (app, id_hash, kind, name, value) \
         select app, id_hash, $3, $4, $5 from innkeeper.sessions where app = $1 and id_hash = $2 for no key update \
         on conflict (app, id_hash, kind, name) do update set value = excluded.value"
    );
    let params = key(unit, id, [Value::Integer(kind.number()), name.into(), value.into()]);
    unit.defer(sql, params).await
}

/// The value under a key as it is now, if there is one; nothing at all where the session has ended.
pub async fn current(unit: &mut UnitOfWork, id: &IdHash, name: &str) -> Result<Option<Option<String>>> {
    let sql = host_sql!(
        "select v.value from innkeeper.sessions s \
         left join innkeeper.session_values v on v.app = s.app and v.id_hash = s.id_hash and v.kind = 0 and v.name = $3 \
         where s.app = $1 and s.id_hash = $2"
    );
    let params = key(unit, id, [name.into()]);
    let row = unit.read(sql, &params).await?.rows.rows.into_iter().next();
    Ok(row.map(|row| row.into_iter().next().and_then(Value::into_text)))
}

/// Takes a value away.
pub async fn remove(unit: &mut UnitOfWork, id: &IdHash, name: &str) -> Result<()> {
    let sql = host_sql!(
        "delete from innkeeper.session_values where app = $1 and id_hash = $2 and kind = 0 and name = $3 \
         and exists (select 1 from innkeeper.sessions where app = $1 and id_hash = $2 for no key update)"
    );
    let params = key(unit, id, [name.into()]);
    unit.defer(sql, params).await
}

/// Takes all messages, oldest first. Two requests that do so at once do not get the same one. Where
/// that fails, nothing else is lost.
pub async fn take_flash(unit: &mut UnitOfWork, id: &IdHash) -> Result<Vec<String>> {
    let sql = host_sql!(
        "delete from innkeeper.session_values where app = $1 and id_hash = $2 and kind = 1 \
         and exists (select 1 from innkeeper.sessions where app = $1 and id_hash = $2 for no key update) \
         returning name, value"
    );
    let params = key(unit, id, []);
    let outcome = unit.attempt(sql, &params).await?;
    let mut taken = Vec::new();
    for row in outcome.rows.rows {
        let mut texts = row.into_iter().filter_map(Value::into_text);
        taken.extend(texts.next().zip(texts.next()));
    }
    taken.sort();
    Ok(taken.into_iter().map(|(_, message)| message).collect())
}

/// Puts a value if the one there is as expected. Returns whether it did; either way nobody else
/// changes the session until the transaction ends.
pub async fn compare_and_set(
    unit: &mut UnitOfWork,
    id: &IdHash,
    name: &str,
    expected: Option<&str>,
    value: &str,
) -> Result<bool> {
    let outcome = match expected {
        Some(expected) => {
            let sql = host_sql!(
                "update innkeeper.session_values set value = $4 \
                 where app = $1 and id_hash = $2 and kind = 0 and name = $3 and value = $5 \
                 and exists (select 1 from innkeeper.sessions where app = $1 and id_hash = $2 for no key update)"
            );
            let params = key(unit, id, [name.into(), value.into(), expected.into()]);
            unit.write(sql, &params).await?
        }
        None => {
            let sql = host_sql!(
                "insert into innkeeper.session_values (app, id_hash, kind, name, value) \
                 select app, id_hash, 0, $3, $4 from innkeeper.sessions where app = $1 and id_hash = $2 for no key update \
                 on conflict (app, id_hash, kind, name) do nothing"
            );
            let params = key(unit, id, [name.into(), value.into()]);
            unit.write(sql, &params).await?
        }
    };
    Ok(outcome.affected > 0)
}
