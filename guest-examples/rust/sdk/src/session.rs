//! What belongs to one visitor. The host keeps it and sets the cookie.

use std::time::Duration;

use crate::Result;
use crate::bindings::innkeeper::storage::session as wit;

/// The value under `key`, if there is one.
#[track_caller]
pub fn get(key: &str) -> Result<Option<String>> {
    Ok(wit::get(key)?)
}

/// Puts a value under `key`, over an older one.
#[track_caller]
pub fn set(key: &str, value: &str) -> Result<()> {
    Ok(wit::set(key, value)?)
}

/// Takes `key` away, if it is there.
#[track_caller]
pub fn remove(key: &str) -> Result<()> {
    Ok(wit::remove(key)?)
}

/// All keys, sorted.
#[track_caller]
pub fn keys() -> Result<Vec<String>> {
    Ok(wit::get_keys()?)
}

/// Adds to the number under `key` (none counts as 0) and returns the sum. Parallel requests are
/// counted one after the other.
#[track_caller]
pub fn increment(key: &str, by: i64) -> Result<i64> {
    Ok(wit::increment(key, by)?)
}

/// Puts `value` under `key` only if the value there is `expected` (none: only if there is none).
/// Returns whether it did.
#[track_caller]
pub fn compare_and_set(key: &str, expected: Option<&str>, value: &str) -> Result<bool> {
    Ok(wit::compare_and_set(key, expected, value)?)
}

/// Leaves a message for the visitor, to be shown once, on this page or on the next.
#[track_caller]
pub fn flash(message: &str) -> Result<()> {
    Ok(wit::flash(message)?)
}

/// Takes the messages left for the visitor, oldest first. Each is returned once.
#[track_caller]
pub fn take_flash() -> Result<Vec<String>> {
    Ok(wit::take_flash()?)
}

/// Who is signed in.
#[track_caller]
pub fn user() -> Result<Option<String>> {
    Ok(wit::get_user()?)
}

/// Gives the session a new id and notes who is signed in: call it at every sign-in, and whenever
/// the visitor's rights change.
#[track_caller]
pub fn renew(user: Option<&str>) -> Result<()> {
    Ok(wit::renew(user)?)
}

/// Changes how long this session lives: `idle` after its last use, `absolute` from now. None:
/// unchanged.
#[track_caller]
pub fn set_expiry(idle: Option<Duration>, absolute: Option<Duration>) -> Result<()> {
    let seconds = |time: Duration| u32::try_from(time.as_secs()).unwrap_or(u32::MAX);
    Ok(wit::set_expiry(idle.map(seconds), absolute.map(seconds))?)
}

/// Ends the session and everything in it.
#[track_caller]
pub fn destroy() -> Result<()> {
    Ok(wit::destroy()?)
}

/// Ends every session of this app in which `user` is signed in. Returns how many.
#[track_caller]
pub fn destroy_all(user: &str) -> Result<u32> {
    Ok(wit::destroy_all(user)?)
}

/// A token for the form of this name, to put into a hidden field;
/// [`csrf_field`](crate::csrf_field) makes one. Begins a session where the visitor has none.
#[track_caller]
pub fn csrf_token(form: &str) -> Result<String> {
    Ok(wit::csrf_token(form)?)
}

/// Whether the token is the one for the form of this name; [`Form`](crate::Form) asks by itself.
#[track_caller]
pub fn csrf_check(form: &str, token: &str) -> Result<bool> {
    Ok(wit::csrf_check(form, token)?)
}
