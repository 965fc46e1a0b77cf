//! The entries of the book: all SQL of this app.

use crate::bindings::innkeeper::storage::db::{self, Column, ColumnType, Index, Table, Value};
use crate::clock;
use crate::error::Error;
use crate::form::Draft;

/// One entry, as it stands in the book.
pub struct Entry {
    /// Grows with every entry, so that a larger id means a newer entry.
    pub id: i64,
    /// The name that the guest wrote.
    pub author: String,
    /// What the guest wrote.
    pub message: String,
    /// The id of the photo's blob.
    pub photo: Option<String>,
    /// Who was signed in while writing: the one who may delete the entry.
    pub owner: Option<String>,
    /// Microseconds since 1970-01-01T00:00:00Z.
    pub created: i64,
}

/// Some entries, newest first.
pub struct Listing {
    /// The entries themselves.
    pub entries: Vec<Entry>,
    /// Where the next listing begins; none at the end of the book.
    pub next: Option<i64>,
}

/// What has become of an entry that was to be deleted.
pub enum Deletion {
    /// It is gone, and had this photo.
    Done(Option<String>),
    /// It is somebody else's.
    NotOwner,
    /// There is no such entry.
    NotFound,
}

/// Makes the table where it is missing; costs nothing once that has been done.
///
/// The guestbooks in all languages describe the same table: each finds the entries of the others.
pub fn define() -> Result<(), Error> {
    db::define_table(&Table {
        name: "entries".to_owned(),
        columns: vec![
            Column { identity: true, ..column("id", ColumnType::Integer) },
            column("author", ColumnType::Text),
            column("message", ColumnType::Text),
            Column { nullable: true, ..column("photo", ColumnType::Text) },
            Column { nullable: true, ..column("owner", ColumnType::Text) },
            column("created", ColumnType::Instant),
        ],
        primary_key: vec!["id".to_owned()],
        indexes: vec![Index { columns: vec!["photo".to_owned()], unique: false }],
        checks: Vec::new(),
    })?;
    Ok(())
}

fn column(name: &str, column_type: ColumnType) -> Column {
    let name = name.to_owned();
    Column {
        name,
        column_type,
        nullable: false,
        identity: false,
        max_length: None,
        initial: None,
        references: None,
    }
}

/// At most `limit` entries that are older than the entry `before`, or the newest.
pub fn list(before: Option<i64>, limit: usize) -> Result<Listing, Error> {
    let sql =
        "select id, author, message, photo, owner, created from entries where id < $1 order by id desc limit $2";
    // One more than asked for shows whether there are older ones.
    let params = [Value::Integer(before.unwrap_or(i64::MAX)), Value::Integer(limit as i64 + 1)];
    let rows = db::query(sql, &params)?.rows;
    let mut entries = rows.into_iter().map(entry).collect::<Result<Vec<_>, _>>()?;
    let more = entries.len() > limit;
    entries.truncate(limit);
    let next = entries.last().filter(|_| more).map(|last| last.id);
    Ok(Listing { entries, next })
}

/// Writes an entry, dated now.
pub fn insert(draft: &Draft, photo: Option<&str>, owner: Option<&str>) -> Result<(), Error> {
    let optional = |text: Option<&str>| text.map_or(Value::Null, |text| Value::Text(text.to_owned()));
    let sql = "insert into entries (author, message, photo, owner, created) values ($1, $2, $3, $4, $5)";
    let params = [
        Value::Text(draft.author.clone()),
        Value::Text(draft.message.clone()),
        optional(photo),
        optional(owner),
        Value::Instant(clock::now()),
    ];
    db::execute(sql, &params)?;
    Ok(())
}

/// Whether an entry shows this photo.
pub fn has_photo(blob: &str) -> Result<bool, Error> {
    let rows = db::query("select id from entries where photo = $1", &[Value::Text(blob.to_owned())])?;
    Ok(!rows.rows.is_empty())
}

/// Deletes the entry if it belongs to `owner`.
pub fn delete(id: i64, owner: Option<&str>) -> Result<Deletion, Error> {
    let id = Value::Integer(id);
    if let Some(owner) = owner {
        // One statement decides and deletes, so that of two parallel requests only one gets the
        // photo to delete.
        let sql = "delete from entries where id = $1 and owner = $2 returning photo";
        let rows = db::query(sql, &[id.clone(), Value::Text(owner.to_owned())])?.rows;
        if let Some(photo) = rows.into_iter().flatten().next() {
            return Ok(Deletion::Done(optional_text(photo)?));
        }
    }
    let rows = db::query("select id from entries where id = $1", &[id])?.rows;
    Ok(if rows.is_empty() { Deletion::NotFound } else { Deletion::NotOwner })
}

fn entry(row: Vec<Value>) -> Result<Entry, Error> {
    let Ok([Value::Integer(id), Value::Text(author), Value::Text(message), photo, owner, Value::Instant(created)]) =
        <[Value; 6]>::try_from(row)
    else {
        return Err(Error::Internal("the table entries has columns of other types".to_owned()));
    };
    let (photo, owner) = (optional_text(photo)?, optional_text(owner)?);
    Ok(Entry { id, author, message, photo, owner, created })
}

fn optional_text(value: Value) -> Result<Option<String>, Error> {
    match value {
        Value::Null => Ok(None),
        Value::Text(text) => Ok(Some(text)),
        _ => Err(Error::Internal("a column of the table entries is no text".to_owned())),
    }
}
