//! The entries of the book: all SQL of this app.

use innkeeper_sdk::db::{self, ColumnType, Instant};
use innkeeper_sdk::{Result, json, row, serde_json};

row! {
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
        /// When it was written.
        pub created: Instant,
    }
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
pub fn define() -> Result<()> {
    db::table("entries")
        .id("id")
        .column("author", ColumnType::Text)
        .column("message", ColumnType::Text)
        .column("photo", ColumnType::Text.nullable())
        .column("owner", ColumnType::Text.nullable())
        .column("created", ColumnType::Instant)
        .index(["photo"])
        .define()?;
    Ok(())
}

/// At most `limit` entries that are older than the entry `before`, or the newest.
pub fn list(before: Option<i64>, limit: i64) -> Result<Listing> {
    let sql =
        "select id, author, message, photo, owner, created from entries where id < $1 order by id desc limit $2";
    // One more than asked for shows whether there are older ones.
    let mut entries: Vec<Entry> = db::query(sql, (before.unwrap_or(i64::MAX), limit + 1))?;
    let more = entries.len() as i64 > limit;
    entries.truncate(limit as usize);
    let next = entries.last().filter(|_| more).map(|last| last.id);
    Ok(Listing { entries, next })
}

/// Writes an entry, dated now.
pub fn insert(author: &str, message: &str, photo: Option<&str>, owner: Option<&str>) -> Result<()> {
    let sql = "insert into entries (author, message, photo, owner, created) values ($1, $2, $3, $4, $5)";
    db::execute(sql, (author, message, photo, owner, Instant::now()))?;
    Ok(())
}

/// Whether an entry shows this photo.
pub fn has_photo(blob: &str) -> Result<bool> {
    Ok(db::query_one::<i64>("select id from entries where photo = $1", [blob])?.is_some())
}

/// Deletes the entry if it belongs to `owner`.
pub fn delete(id: i64, owner: Option<&str>) -> Result<Deletion> {
    if let Some(owner) = owner {
        // One statement decides and deletes, so that of two parallel requests only one gets the
        // photo to delete.
        let sql = "delete from entries where id = $1 and owner = $2 returning photo";
        if let Some(photo) = db::query_one(sql, (id, owner))? {
            return Ok(Deletion::Done(photo));
        }
    }
    let found = db::query_one::<i64>("select id from entries where id = $1", [id])?;
    Ok(if found.is_some() { Deletion::NotOwner } else { Deletion::NotFound })
}

impl Listing {
    /// For programs.
    pub fn to_json(&self) -> serde_json::Value {
        let entry = |Entry { id, author, message, photo, created, .. }: &Entry| {
            let photo = photo.as_ref().map(|id| format!("/photos/{id}"));
            json!({ "id": id, "author": author, "message": message, "photo": photo, "created": created })
        };
        json!({ "entries": self.entries.iter().map(entry).collect::<Vec<_>>(), "next": self.next })
    }
}
