//! What the operator has set for the app: `innkeeper config set`, or `[config]` in `innkeeper.toml`.

use crate::bindings::wasi::config::store;
use crate::{Error, Result};

/// The value of a key, if there is one.
#[track_caller]
pub fn get(key: &str) -> Result<Option<String>> {
    match store::get(key) {
        Ok(value) => Ok(value),
        Err(error) => Err(Error::other(format!("config: {error:?}"))),
    }
}
