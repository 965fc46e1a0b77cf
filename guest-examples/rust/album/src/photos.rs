//! Photos: their rows, and how they are found. Their bytes are with the host.

use innkeeper_sdk::db::{self, Instant};
use innkeeper_sdk::{Code, Error, Result, blobs, row};

use crate::accounts::Account;
use crate::albums::Album;

/// Photos on one page.
pub const PAGE_PHOTOS: i64 = 24;
const MAX_CAPTION_CHARS: usize = 500;

row! {
    /// A photo in an album.
    #[derive(Clone, Debug)]
    pub struct Photo {
        pub id: i64,
        pub album: i64,
        pub uploader: i64,
        pub uploader_name: String,
        pub blob: String,
        pub caption: String,
        pub created: Instant,
    }
}

/// Some photos, newest first.
#[derive(Debug)]
pub struct Listing {
    /// The photos themselves.
    pub photos: Vec<Photo>,
    /// Where the next page begins; none at the end.
    pub next: Option<i64>,
}

impl Photo {
    /// Whether this account may change or delete it.
    pub fn may_be_changed_by(&self, account: &Account, album: &Album) -> bool {
        self.uploader == account.id || album.is_owned_by(account)
    }
}

const SELECT: &str =
    "select photos.id, album, uploader, accounts.name as uploader_name, blob, caption, photos.created
    from photos join accounts on accounts.id = photos.uploader";

/// The photos of an album whose captions contain all words, older than `before`.
pub fn in_album(album: i64, words: &str, before: Option<i64>) -> Result<Listing> {
    let sql = format!(
        "{SELECT} where album = $1 and photos.id < $2 and lower(caption) like $3 escape '!'
         order by photos.id desc limit $4"
    );
    page(db::query(&sql, (album, before.unwrap_or(i64::MAX), pattern(words), PAGE_PHOTOS + 1))?)
}

/// The same in all albums that an account may see.
pub fn in_all_albums(account: &Account, words: &str, before: Option<i64>) -> Result<Listing> {
    let sql = format!(
        "{SELECT} where (album in (select id from albums where owner = $1)
                         or album in (select album from members where account = $1))
         and photos.id < $2 and lower(caption) like $3 escape '!' order by photos.id desc limit $4"
    );
    page(db::query(&sql, (account.id, before.unwrap_or(i64::MAX), pattern(words), PAGE_PHOTOS + 1))?)
}

/// One more than a page was asked for: it shows whether there are older ones.
fn page(mut photos: Vec<Photo>) -> Result<Listing> {
    let more = photos.len() as i64 > PAGE_PHOTOS;
    photos.truncate(PAGE_PHOTOS as usize);
    let next = photos.last().filter(|_| more).map(|last| last.id);
    Ok(Listing { photos, next })
}

/// A pattern for LIKE: the words in their order, anything between them. What LIKE takes for a sign
/// of its own is only a character here.
fn pattern(words: &str) -> String {
    let mut pattern = "%".to_owned();
    for word in words.to_lowercase().split_whitespace() {
        for character in word.chars().filter(|character| *character != '\0') {
            if matches!(character, '%' | '_' | '!') {
                pattern.push('!');
            }
            pattern.push(character);
        }
        pattern.push('%');
    }
    pattern
}

/// A photo by its id.
pub fn find(id: i64) -> Result<Photo> {
    db::query_one(&format!("{SELECT} where photos.id = $1"), [id])?.ok_or_else(Error::not_found)
}

/// Makes a received file a photo of an album. The file and the row are kept together, or neither,
/// also where the error is answered with a status below 500.
pub fn add(album: &Album, uploader: &Account, blob: &str, caption: &str) -> Result<()> {
    let caption = checked_caption(caption)?;
    let sql = "insert into photos (album, uploader, blob, caption, created) values ($1, $2, $3, $4, $5)";
    let added = db::transaction(|tx| {
        blobs::keep(blob)?;
        tx.execute(sql, (album.id, uploader.id, blob, caption, Instant::now()))
    });
    match added {
        // The album was deleted meanwhile.
        Err(error) if error.code() == Code::ForeignKeyViolation => Err(Error::not_found()),
        other => other.map(|_| ()),
    }
}

/// Whether a file is a photo already that this account has brought to the album.
pub fn is_there(album: &Album, uploader: &Account, blob: &str) -> Result<bool> {
    let sql = "select id from photos where blob = $1 and album = $2 and uploader = $3";
    Ok(db::query_one::<i64>(sql, (blob, album.id, uploader.id))?.is_some())
}

/// Writes another caption.
pub fn set_caption(photo: &Photo, caption: &str) -> Result<()> {
    db::execute("update photos set caption = $2 where id = $1", (photo.id, checked_caption(caption)?))?;
    Ok(())
}

/// Deletes a photo with its file.
pub fn delete(photo: &Photo) -> Result<()> {
    // Of two who delete it at once only one finds the row, and the file.
    if db::execute("delete from photos where id = $1", [photo.id])? == 1 {
        delete_file(&photo.blob)?;
    }
    Ok(())
}

/// Deletes the file of a photo.
pub fn delete_file(blob: &str) -> Result<()> {
    match blobs::delete(blob) {
        // What the operator has removed already needs no deletion.
        Err(error) if error.code() == Code::NotFound => Ok(()),
        other => other,
    }
}

fn checked_caption(caption: &str) -> Result<&str> {
    let caption = caption.trim();
    if caption.chars().count() > MAX_CAPTION_CHARS || caption.contains('\0') {
        return Err(Error::new(422, format!("A caption has at most {MAX_CAPTION_CHARS} characters.")));
    }
    Ok(caption)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_looked_for_as_they_are() {
        assert_eq!(pattern(""), "%");
        assert_eq!(pattern("  Red  Fox "), "%red%fox%");
        assert_eq!(pattern("100%_!"), "%100!%!_!!%");
    }

    #[test]
    fn captions_have_their_limit() {
        assert_eq!(checked_caption("  a fox ").unwrap(), "a fox");
        assert_eq!(checked_caption(&"x".repeat(501)).unwrap_err().status(), 422);
    }
}
