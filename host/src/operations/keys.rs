//! The keys that sign URLs for downloads and uploads.

use super::{Operations, Result, time};
use crate::storage::registry::Actor;
use crate::storage::registry::Key;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A key, without its content.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct KeyView {
    /// Names it.
    pub key: String,
    /// When it was made (RFC 3339).
    pub created: String,
}

impl Operations {
    /// All keys, the newest first. The first one signs.
    pub async fn keys(&self) -> Result<Vec<KeyView>> {
        Ok(self.database().keys().await?.into_iter().map(KeyView::from).collect())
    }

    /// Makes a key that signs from now on. With `revoke` all others are forgotten: every URL that
    /// was given out is good no more.
    pub async fn rotate_keys(&self, actor: &Actor, revoke: bool) -> Result<KeyView> {
        Ok(self.database().rotate_keys(revoke, actor).await?.into())
    }
}

impl From<Key> for KeyView {
    fn from(key: Key) -> Self {
        Self { key: key.id, created: time(key.created_at) }
    }
}
