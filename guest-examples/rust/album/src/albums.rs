//! Albums, and who may see them.

use innkeeper_sdk::bindings::wasi::random::random::get_random_bytes;
use innkeeper_sdk::db::{self, Instant};
use innkeeper_sdk::{Error, Result, row};

use crate::accounts::Account;
use crate::photos;

const MAX_TITLE_CHARS: usize = 100;
const SHARE_TOKEN_BYTES: u64 = 16;
/// Of the list of albums: anybody may let an account into as many as they like.
const MAX_LISTED: i64 = 500;

row! {
    /// An album, as its members see it.
    #[derive(Clone, Debug)]
    pub struct Album {
        pub id: i64,
        pub title: String,
        pub owner: i64,
        pub owner_name: String,
        pub share_token: Option<String>,
    }
}

row! {
    /// A line of the list of albums.
    #[derive(Clone, Debug)]
    pub struct Summary {
        pub id: i64,
        pub title: String,
        pub owner_name: String,
        pub photos: i64,
        pub newest: Option<i64>,
    }
}

impl Album {
    /// Whether this is the owner, who alone decides about members and links.
    pub fn is_owned_by(&self, account: &Account) -> bool {
        self.owner == account.id
    }
}

/// The albums that an account owns or is a member of, those with the newest photos first.
pub fn list(account: &Account) -> Result<Vec<Summary>> {
    db::query(
        "select albums.id, albums.title, accounts.name as owner_name, count(photos.id) as photos,
                max(photos.id) as newest
         from albums join accounts on accounts.id = albums.owner left join photos on photos.album = albums.id
         where albums.owner = $1 or albums.id in (select album from members where account = $1)
         group by albums.id, albums.title, accounts.name
         order by coalesce(max(photos.id), 0) desc, albums.id desc limit $2",
        [account.id, MAX_LISTED],
    )
}

/// An album, if this account may see it. To all others it is not there.
pub fn find(id: i64, account: &Account) -> Result<Album> {
    let album = db::query_one(
        "select albums.id, title, owner, accounts.name as owner_name, share_token
         from albums join accounts on accounts.id = albums.owner
         where albums.id = $1 and (owner = $2 or albums.id in (select album from members where account = $2))",
        (id, account.id),
    )?;
    album.ok_or_else(Error::not_found)
}

/// An album, if this account owns it.
pub fn find_own(id: i64, account: &Account) -> Result<Album> {
    let album = find(id, account)?;
    if album.is_owned_by(account) { Ok(album) } else { Err(Error::new(403, "Only the owner may do that.")) }
}

/// The album that was shared under this token.
pub fn find_shared(token: &str) -> Result<Album> {
    let album = db::query_one(
        "select albums.id, title, owner, accounts.name as owner_name, share_token
         from albums join accounts on accounts.id = albums.owner where share_token = $1",
        [token],
    )?;
    album.ok_or_else(Error::not_found)
}

/// Makes an album, and returns its id.
pub fn create(title: &str, owner: &Account) -> Result<i64> {
    let title = title.trim();
    let length = title.chars().count();
    if length == 0 || length > MAX_TITLE_CHARS || title.contains('\0') {
        return Err(Error::new(422, format!("A title has 1 to {MAX_TITLE_CHARS} characters.")));
    }
    let sql = "insert into albums (title, owner, created) values ($1, $2, $3) returning id";
    let id = db::query_one(sql, (title, owner.id, Instant::now()))?;
    id.ok_or_else(|| Error::other("the database has given the album no id"))
}

/// Deletes an album with all its photos.
pub fn delete(album: &Album) -> Result<()> {
    // A new token makes Postgres lock the album: whoever adds a photo just now waits, and finds no
    // album then. So no file is left without its photo.
    share(album)?;
    for blob in db::cursor::<String>("select blob from photos where album = $1", [album.id])? {
        photos::delete_file(&blob?)?;
    }
    db::execute("delete from albums where id = $1", [album.id])?;
    Ok(())
}

/// Who may see the album and add to it, beside its owner.
pub fn members(album: &Album) -> Result<Vec<Account>> {
    let sql =
        "select id, name from accounts where id in (select account from members where album = $1) order by name";
    db::query(sql, [album.id])
}

/// Lets another account see the album and add to it.
pub fn add_member(album: &Album, member: &Account) -> Result<()> {
    if album.is_owned_by(member) {
        return Err(Error::new(422, "The album is yours already."));
    }
    let sql = "insert into members (album, account) values ($1, $2) on conflict do nothing";
    db::execute(sql, (album.id, member.id))?;
    Ok(())
}

/// Takes that back. The member's photos stay.
pub fn remove_member(album: &Album, member: i64) -> Result<()> {
    db::execute("delete from members where album = $1 and account = $2", (album.id, member))?;
    Ok(())
}

/// Gives the album a link for everybody, or a new one in place of the old.
pub fn share(album: &Album) -> Result<()> {
    let token: String = get_random_bytes(SHARE_TOKEN_BYTES).iter().map(|byte| format!("{byte:02x}")).collect();
    db::execute("update albums set share_token = $2 where id = $1", (album.id, token))?;
    Ok(())
}

/// Ends the link.
pub fn unshare(album: &Album) -> Result<()> {
    db::execute("update albums set share_token = null where id = $1", [album.id])?;
    Ok(())
}
