//! Accounts: who may sign in.

use argon2::password_hash::{PasswordHash, SaltString};
use argon2::{Argon2, PasswordHasher, PasswordVerifier};
use innkeeper_sdk::bindings::wasi::random::random::get_random_bytes;
use innkeeper_sdk::db::{self, Instant};
use innkeeper_sdk::{Code, Error, Result, row, session};

const MAX_NAME_CHARS: usize = 40;
const MIN_PASSWORD_CHARS: usize = 10;
/// Longer ones would only cost time.
const MAX_PASSWORD_BYTES: usize = 1_000;
const SALT_BYTES: u64 = 16;
/// A hash of no password, which is checked where there is no such account: an answer takes as long
/// as where there is one, so nobody learns who has an account.
const NOBODY: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

row! {
    /// Who is signed in.
    #[derive(Clone, Debug, PartialEq)]
    pub struct Account {
        pub id: i64,
        pub name: String,
    }
}

/// Who is signed in, if anybody is.
pub fn current() -> Result<Option<Account>> {
    // The session knows the id, so that an account may change its name.
    let Some(id) = session::user()?.and_then(|user| user.parse::<i64>().ok()) else { return Ok(None) };
    db::query_one("select id, name from accounts where id = $1", [id])
}

/// Who is signed in; a page that asks to sign in where nobody is.
pub fn required() -> Result<Account> {
    current()?.ok_or_else(|| Error::new(401, "Please sign in first."))
}

/// Makes an account, and signs it in.
pub fn sign_up(name: &str, password: &str) -> Result<()> {
    let name = tidy(name);
    check_name(&name)?;
    check_password(password)?;
    let sql = "insert into accounts (name, name_key, password, created) values ($1, $2, $3, $4) returning id";
    let id: Result<Option<i64>> = db::query_one(sql, (&name, key(&name), hash(password)?, Instant::now()));
    match id {
        Err(error) if error.code() == Code::UniqueViolation => Err(Error::new(422, "This name is taken.")),
        Err(error) => Err(error),
        Ok(id) => session::renew(id.map(|id| id.to_string()).as_deref()),
    }
}

/// Signs in whoever knows the password.
pub fn sign_in(name: &str, password: &str) -> Result<()> {
    let sql = "select id, password from accounts where name_key = $1";
    let found: Option<(i64, String)> = db::query_one(sql, [key(name)])?;
    let (id, hash) = found.map_or((None, NOBODY.to_owned()), |(id, hash)| (Some(id), hash));
    let is_right = password.len() <= MAX_PASSWORD_BYTES && is_password(password, &hash)?;
    match id.filter(|_| is_right) {
        Some(id) => session::renew(Some(&id.to_string())),
        None => Err(Error::new(422, "There is no such name, or the password is another one.")),
    }
}

/// Changes the password. Whoever else is signed in with this account is signed out.
pub fn change_password(account: &Account, old: &str, new: &str) -> Result<()> {
    check_password(new)?;
    let hash_now: Option<String> = db::query_one("select password from accounts where id = $1", [account.id])?;
    let is_right = old.len() <= MAX_PASSWORD_BYTES && is_password(old, hash_now.as_deref().unwrap_or(NOBODY))?;
    if !is_right {
        return Err(Error::new(422, "The old password is another one."));
    }
    db::execute("update accounts set password = $2 where id = $1", (account.id, hash(new)?))?;
    let user = account.id.to_string();
    session::destroy_all(&user)?;
    session::renew(Some(&user))
}

/// An account by its name.
pub fn by_name(name: &str) -> Result<Option<Account>> {
    db::query_one("select id, name from accounts where name_key = $1", [key(name)])
}

/// A name without blanks around it, and with one between its words.
fn tidy(name: &str) -> String {
    name.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Names are the same however they are capitalised.
fn key(name: &str) -> String {
    // No name has this character, and Postgres takes no NUL, not even to look for it.
    tidy(name).to_lowercase().replace('\0', "\u{1}")
}

fn check_name(name: &str) -> Result<()> {
    let length = name.chars().count();
    if length == 0 || length > MAX_NAME_CHARS || name.chars().any(is_invisible) {
        return Err(Error::new(422, format!("A name has 1 to {MAX_NAME_CHARS} characters, all of them visible.")));
    }
    Ok(())
}

/// Characters that are not seen, or that turn the direction of the text: with them one name could
/// look like another.
fn is_invisible(character: char) -> bool {
    character.is_control()
        || matches!(
            character,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
        )
        || matches!(character, '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}')
        || matches!(character, '\u{2060}'..='\u{206f}' | '\u{2800}' | '\u{3164}' | '\u{feff}' | '\u{ffa0}')
        || matches!(character, '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}')
}

fn check_password(password: &str) -> Result<()> {
    if password.chars().count() < MIN_PASSWORD_CHARS {
        return Err(Error::new(422, format!("A password has at least {MIN_PASSWORD_CHARS} characters.")));
    }
    if password.len() > MAX_PASSWORD_BYTES {
        return Err(Error::new(422, format!("A password has at most {MAX_PASSWORD_BYTES} bytes.")));
    }
    Ok(())
}

/// The default of the crate is Argon2id with the least that OWASP's Password Storage Cheat Sheet
/// recommends: 19 MiB, two passes.
fn hash(password: &str) -> Result<String> {
    let salt = SaltString::encode_b64(&get_random_bytes(SALT_BYTES)).map_err(failed)?;
    Ok(Argon2::default().hash_password(password.as_bytes(), &salt).map_err(failed)?.to_string())
}

fn is_password(password: &str, hash: &str) -> Result<bool> {
    let hash = PasswordHash::new(hash).map_err(failed)?;
    Ok(Argon2::default().verify_password(password.as_bytes(), &hash).is_ok())
}

fn failed(error: argon2::password_hash::Error) -> Error {
    Error::other(format!("password: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_has_the_password_of_nobody() {
        for password in ["", "a password", "0000000000"] {
            assert!(!is_password(password, NOBODY).unwrap());
        }
    }

    #[test]
    fn names_and_passwords_have_their_limits() {
        for bad in ["", "a\nb", "a\0", "Ad\u{200b}a", "\u{202e}adA", &"x".repeat(41)] {
            assert_eq!(check_name(bad).unwrap_err().status(), 422, "{bad}");
        }
        check_name("Grüße 🦀").unwrap();
        assert!(check_password("short").is_err() && check_password(&"x".repeat(1_001)).is_err());
        check_password("long enough").unwrap();
    }

    #[test]
    fn a_name_is_found_however_it_is_written() {
        assert_eq!(key("  Ada \u{a0} LOVELACE\n"), "ada lovelace");
        assert!(!key("a\0").contains('\0'));
    }
}
