//! What the host and its operator do to all sessions of an app: sweep, list, end, count.

use super::IdHash;
use crate::storage::connection::{Connection, cell};
use crate::storage::host_sql::host_sql;
use crate::storage::value::Value;
use crate::storage::{AppSpace, Code, Error, HostSql, Result, hex, now_micros, sample};

/// Hexadecimal digits of an id's hash by which an operator names a session: 48 bits, which no two
/// sessions of an app share in practice.
const HANDLE_DIGITS: usize = 12;

/// A session as the operator sees it: nothing that opens it, and no value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// The beginning of its id's hash.
    pub handle: String,
    /// Who is signed in.
    pub user: Option<String>,
    /// Microseconds since 1970.
    pub created_at: i64,
    /// When it was last noted as used, microseconds since 1970.
    pub used_at: i64,
    /// When it ends if it is not used again, microseconds since 1970.
    pub ends_at: i64,
    /// Values in it.
    pub keys: i64,
    /// Bytes of keys, values and messages.
    pub bytes: i64,
}

/// Which sessions of an app to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Which<'a> {
    /// Those in which this user is signed in.
    OfUser(&'a str),
    /// The one with this handle, or more digits of its hash.
    WithHandle(&'a str),
    /// Every one.
    All,
}

/// Deletes sessions that have ended, at most 2,000 of them, those first that ended first. Returns
/// how many. Their values follow by the foreign key.
///
/// The index is read in its order and no further than the batch reaches. The condition stands once:
/// with it in the outer half too, SQLite would look through all that have ended for each batch. How
/// many there are stands in the text: of a number that it does not know Postgres would believe that
/// it is a tenth of the table. Much fewer take longer altogether; with more a visitor who needs
/// SQLite's writer waits longer.
pub async fn sweep(connection: &mut Connection, app: &str, now: i64) -> Result<u64> {
    let sql = host_sql!(
        "delete from innkeeper.sessions where app = $1 and id_hash in \
         (select id_hash from innkeeper.sessions where app = $1 and idle_expires_at <= $2 \
         order by idle_expires_at limit 2000 for update skip locked)"
    );
    Ok(connection.host(sql, &[app.into(), Value::Integer(now)]).await?.affected)
}

/// The statement that lists: values are counted of those sessions only that are listed.
macro_rules! listing {
    ($which:literal) => {{
        const TEXT: &str = concat!(
            "select s.id_hash, s.user_name, s.created_at, s.used_at, s.idle_expires_at, s.expires_at, ",
            "(select count(*) from innkeeper.session_values v where v.app = $1 and v.id_hash = s.id_hash and v.kind = 0), ",
            "(select cast(coalesce(sum(octet_length(v.value) + case when v.kind = 0 then octet_length(v.name) else 0 end), 0) as bigint) ",
            "from innkeeper.session_values v where v.app = $1 and v.id_hash = s.id_hash) ",
            "from (select id_hash, user_name, created_at, used_at, idle_expires_at, expires_at from innkeeper.sessions ",
            "where app = $1 and idle_expires_at > $2 and expires_at > $2 ",
            $which,
            "order by used_at desc, id_hash limit $3) s order by s.used_at desc, s.id_hash",
        );
        static SQL: crate::storage::HostSql = crate::storage::HostSql::new(TEXT);
        &SQL
    }};
}

/// Sessions that have not ended, of all users or of one, at most `limit` of them; the one that was
/// used last comes first.
pub async fn list(space: &AppSpace, user: Option<&str>, limit: u32) -> Result<Vec<Listed>> {
    let app = Value::from(space.app().as_ref());
    let (now, limit) = (Value::Integer(now_micros()), Value::Integer(i64::from(limit)));
    let (sql, params) = match user {
        Some(user) => (listing!("and user_name = $4 "), vec![app, now, limit, user.into()]),
        None => (listing!(""), vec![app, now, limit]),
    };
    let outcome = space.upkeep().await?.host(sql, &params).await?;
    outcome.rows.rows.iter().map(|row| listed_from(row)).collect()
}

fn listed_from(row: &[Value]) -> Result<Listed> {
    let malformed = || Error::malformed("sessions");
    let number = |at| cell(row, at)?.as_integer().ok_or_else(malformed);
    let digits = hex(cell(row, 0)?.as_bytes().ok_or_else(malformed)?);
    Ok(Listed {
        handle: digits.get(..HANDLE_DIGITS).unwrap_or(&digits).to_owned(),
        user: cell(row, 1)?.as_text().map(str::to_owned),
        created_at: number(2)?,
        used_at: number(3)?,
        ends_at: number(4)?.min(number(5)?),
        keys: number(6)?,
        bytes: number(7)?,
    })
}

/// Ends sessions. Returns how many.
pub async fn end(space: &AppSpace, which: Which<'_>) -> Result<u64> {
    let app = || Value::from(space.app().as_ref());
    let mut connection = space.upkeep().await?;
    let outcome = match which {
        Which::OfUser(user) => {
            let sql = host_sql!(
                "delete from innkeeper.sessions where app = $1 and id_hash in \
                 (select id_hash from innkeeper.sessions where app = $1 and user_name = $2 limit 1000)"
            );
            return end_in_batches(&mut connection, sql, &[app(), user.into()]).await;
        }
        Which::WithHandle(handle) => {
            let (first, last) = bounds(handle)?;
            let sql =
                host_sql!("delete from innkeeper.sessions where app = $1 and id_hash >= $2 and id_hash <= $3");
            connection.host(sql, &[app(), Value::Bytes(first.to_vec()), Value::Bytes(last.to_vec())]).await?
        }
        Which::All => return end_all(&mut connection, space.app()).await,
    };
    Ok(outcome.affected)
}

/// In batches: there may be so many that one statement would take too long.
async fn end_all(connection: &mut Connection, app: &str) -> Result<u64> {
    let sql = host_sql!(
        "delete from innkeeper.sessions where app = $1 and id_hash in \
         (select id_hash from innkeeper.sessions where app = $1 order by id_hash limit 1000)"
    );
    end_in_batches(connection, sql, &[app.into()]).await
}

async fn end_in_batches(connection: &mut Connection, sql: &HostSql, params: &[Value]) -> Result<u64> {
    let mut ended = 0;
    loop {
        match connection.host(sql, params).await?.affected {
            0 => return Ok(ended),
            some => ended += some,
        }
    }
}

/// The first and the last hash that begin with these digits.
fn bounds(handle: &str) -> Result<(IdHash, IdHash)> {
    let fits = (HANDLE_DIGITS..=64).contains(&handle.len()) && handle.bytes().all(|b| b.is_ascii_hexdigit());
    if !fits {
        return Err(Error::new(
            Code::BadParameter,
            "a session's id here is the 12 or more hexadecimal digits that the list shows",
        ));
    }
    let (mut first, mut last) = ([0u8; 32], [u8::MAX; 32]);
    for (at, digit) in handle.chars().filter_map(|digit| digit.to_digit(16)).enumerate() {
        let digit = u8::try_from(digit).unwrap_or_default();
        let high = at % 2 == 0;
        for hash in [&mut first, &mut last] {
            if let Some(byte) = hash.get_mut(at / 2) {
                *byte = if high { (digit << 4) | (*byte & 0x0f) } else { (*byte & 0xf0) | digit };
            }
        }
    }
    Ok((first, last))
}

/// How many sessions of an app have not ended. From [`sample::MOST`] on it is an estimate: whoever
/// looks at figures must not make the database read all sessions.
pub async fn count(connection: &mut Connection, app: &str) -> Result<i64> {
    let now = Value::Integer(now_micros());
    let sql = host_sql!(
        "select count(*) from (select 1 from innkeeper.sessions where app = $1 and idle_expires_at > $2 \
         order by idle_expires_at limit 5000) part"
    );
    let few = number(connection, sql, &[app.into(), now.clone()]).await?;
    if few < sample::MOST {
        return Ok(few);
    }
    let sql =
        host_sql!("select id_hash from innkeeper.sessions where app = $1 order by id_hash limit 1 offset 4999");
    let outcome = connection.host(sql, &[app.into()]).await?;
    let Some(last) = outcome.rows.rows.into_iter().next().and_then(|row| row.into_iter().next()) else {
        return Ok(few);
    };
    let share = sample::share(last.as_bytes().ok_or_else(|| Error::malformed("sessions.id_hash"))?);
    let sql = host_sql!(
        "select count(*) from (select idle_expires_at from innkeeper.sessions where app = $1 order by id_hash limit 5000) part \
         where idle_expires_at > $2"
    );
    let seen = number(connection, sql, &[app.into(), now]).await?;
    Ok(sample::whole(seen, share).max(few))
}

async fn number(connection: &mut Connection, sql: &HostSql, params: &[Value]) -> Result<i64> {
    let outcome = connection.host(sql, params).await?;
    let number = outcome.rows.rows.first().and_then(|row| row.first()?.as_integer());
    number.ok_or_else(|| Error::malformed("a count"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_handle_stands_for_the_hashes_that_begin_with_it() {
        let (first, last) = bounds("00ff12ab34c5").unwrap();
        assert_eq!(hex(&first), format!("00ff12ab34c5{}", "0".repeat(52)));
        assert_eq!(hex(&last), format!("00ff12ab34c5{}", "f".repeat(52)));
        let (first, last) = bounds("00ff12ab34c5e").unwrap();
        assert!(hex(&first).starts_with("00ff12ab34c5e0") && hex(&last).starts_with("00ff12ab34c5ef"));
        for wrong in ["", "00ff12ab34cx", "00ff12ab34", &"0".repeat(65)] {
            assert!(bounds(wrong).is_err(), "{wrong}");
        }
    }
}
