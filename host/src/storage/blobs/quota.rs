//! What the blobs of an app take up, in one row of `usage`: the sum of the sizes of all its blobs,
//! where an upload under way counts with what it has been promised, and [`ROW_BYTES`] for each. Row
//! and blobs change in the same transaction, so the sum is exact however many uploads there are at
//! once.
//!
//! The row is taken last of all, after those of blobs, just before the commit: for a moment only,
//! and always in this order. Until then a unit of work has its changes in a [`Balance`].

use crate::storage::connection::Connection;
use crate::storage::host_sql::{HostSql, host_sql};
use crate::storage::unit::UnitOfWork;
use crate::storage::value::Value;
use crate::storage::{Code, Error, Outcome, Result};

/// What a blob takes up beside its bytes: its rows and their places in indexes. Without it a
/// million empty files would count for nothing.
pub(in crate::storage) const ROW_BYTES: u64 = 1024;

/// A write that is run with others.
type Write = (&'static HostSql, Vec<Value>);

/// What a write changes of the room that the app's blobs take up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::storage) enum Change {
    /// So many bytes more, of at most `quota` altogether.
    Takes {
        /// Bytes with those of rows.
        bytes: u64,
        /// What all blobs may take up together.
        quota: u64,
    },
    /// So many bytes less.
    GivesBack(u64),
}

/// What a unit of work changes of the room at its commit, in the order of its writes: what it has
/// deleted is free for what it receives afterwards. One statement settles it, so that the order
/// does not count there.
#[derive(Debug, Default)]
pub(in crate::storage) struct Balance(Vec<Change>);

impl Balance {
    /// Adds what a write changes.
    pub(in crate::storage) fn extend(&mut self, change: Option<Change>) {
        self.0.extend(change);
    }

    /// How many changes there are.
    pub(in crate::storage) fn len(&self) -> usize {
        self.0.len()
    }

    /// Forgets all changes but the first ones: the others have been undone.
    pub(in crate::storage) fn truncate(&mut self, len: usize) {
        self.0.truncate(len);
    }

    /// Forgets all changes.
    pub(in crate::storage) fn clear(&mut self) {
        self.0.clear();
    }

    /// Bytes that are taken, less those that are given back.
    pub(in crate::storage) fn sum(&self) -> i64 {
        let signed = |bytes: u64| i64::try_from(bytes).unwrap_or(i64::MAX);
        let change = |change: &Change| match change {
            Change::Takes { bytes, .. } => signed(*bytes),
            Change::GivesBack(bytes) => signed(*bytes).saturating_neg(),
        };
        self.0.iter().map(change).fold(0, i64::saturating_add)
    }

    /// The write that changes the sum accordingly; none if it stays. Where it takes more than is
    /// left the commit fails, see [`told`].
    pub(in crate::storage) fn settle(&mut self, app: &str) -> Option<Write> {
        let (sum, quotas) = (self.sum(), self.0.iter().filter_map(Change::quota));
        let quota = quotas.min().unwrap_or(u64::MAX);
        self.0.clear();
        match sum {
            0 => None,
            1.. => Some(take_last(&app.into(), sum.unsigned_abs(), quota)),
            _ => give_back(&app.into(), sum.unsigned_abs()),
        }
    }
}

impl Change {
    fn quota(&self) -> Option<u64> {
        match self {
            Self::Takes { quota, .. } => Some(*quota),
            Self::GivesBack(_) => None,
        }
    }
}

/// Bytes that the app's blobs take up as the unit of work sees it: uploads under way included, with
/// what it has taken and given back itself.
pub async fn used(unit: &mut UnitOfWork) -> Result<u64> {
    let sql = host_sql!("select bytes from innkeeper.usage where app = $1");
    let outcome = unit.read(sql, &[super::app(unit)]).await?;
    let bytes = outcome.rows.rows.first().and_then(|row| row.first()?.as_integer()).unwrap_or(0);
    // Below zero it can only be while an older host, which does not count, works beside this one; a
    // recount follows.
    Ok(u64::try_from(bytes.saturating_add(unit.room())).unwrap_or(0))
}

/// Takes room. False where there is not as much.
pub(super) async fn take(connection: &mut Connection, app: &Value, bytes: u64, quota: u64) -> Result<bool> {
    if bytes > quota {
        return Ok(false);
    }
    let sql = host_sql!(
        "insert into innkeeper.usage (app, bytes) values ($1, $2) on conflict (app) do update \
         set bytes = innkeeper.usage.bytes + excluded.bytes where innkeeper.usage.bytes + excluded.bytes <= $3"
    );
    Ok(connection.host(sql, &[app.clone(), number(bytes), number(quota)]).await?.affected > 0)
}

/// Takes room last of all in a unit of work: where there is not as much, its commit fails, see
/// [`told`].
fn take_last(app: &Value, bytes: u64, quota: u64) -> Write {
    // The column takes no NULL.
    let sql = host_sql!(
        "insert into innkeeper.usage (app, bytes) values ($1, case when cast($2 as bigint) <= cast($3 as bigint) then cast($2 as bigint) end) on conflict (app) do update \
         set bytes = case when innkeeper.usage.bytes + excluded.bytes <= $3 then innkeeper.usage.bytes + excluded.bytes end"
    );
    (sql, vec![app.clone(), number(bytes), number(quota)])
}

/// Gives room back; none if there is nothing to give.
pub(super) fn give_back(app: &Value, bytes: u64) -> Option<Write> {
    let sql = host_sql!("update innkeeper.usage set bytes = bytes - $2 where app = $1");
    (bytes > 0).then(|| (sql, vec![app.clone(), number(bytes)]))
}

/// What the blobs took up whose sizes a `delete .. returning size` has returned.
pub(super) fn freed(outcome: &Outcome) -> u64 {
    let sizes = outcome.rows.rows.iter().filter_map(|row| u64::try_from(row.first()?.as_integer()?).ok());
    sizes.map(|size| size.saturating_add(ROW_BYTES)).fold(0, u64::saturating_add)
}

/// What a failed commit means where it took room: that there was none.
pub(in crate::storage) fn told(error: Error) -> Error {
    let names_bytes = error.constraint.as_deref().is_some_and(|column| column.ends_with("bytes"));
    if error.code == Code::NotNullViolation && names_bytes { full() } else { error }
}

/// There is no room.
pub fn full() -> Error {
    Error::new(Code::TooLarge, "the files of this app take up all their space")
}

fn number(bytes: u64) -> Value {
    Value::Integer(i64::try_from(bytes).unwrap_or(i64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn balance(changes: &[Change]) -> Balance {
        Balance(changes.to_vec())
    }

    #[test]
    fn what_was_given_back_counts_whatever_the_order() {
        let (takes, gives) = (Change::Takes { bytes: 700, quota: 1000 }, Change::GivesBack(700));
        for changes in [[takes, gives], [gives, takes]] {
            let mut balance = balance(&changes);
            assert_eq!(balance.sum(), 0);
            assert!(balance.settle("app").is_none(), "nothing is to be written");
        }
        let (_, params) = balance(&[gives, takes, takes]).settle("app").expect("room is taken");
        assert_eq!(params, ["app".into(), Value::Integer(700), Value::Integer(1000)]);
        let (_, params) = balance(&[gives, takes, gives]).settle("app").expect("room is given back");
        assert_eq!(params, ["app".into(), Value::Integer(700)]);
    }

    #[test]
    fn what_is_undone_counts_for_nothing() {
        let mut balance = balance(&[Change::GivesBack(5)]);
        let before = balance.len();
        balance.extend(Some(Change::Takes { bytes: 50, quota: 100 }));
        balance.extend(None);
        assert_eq!(balance.sum(), 45);
        balance.truncate(before);
        assert_eq!(balance.sum(), -5);
        assert!(balance.settle("app").is_some() && balance.settle("app").is_none(), "it is settled once");
    }
}
