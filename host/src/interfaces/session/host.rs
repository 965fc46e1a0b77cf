//! The functions of `wit/session.wit`.

use super::error::{Fault, convert};
use super::live::Live;
use super::wit;
use crate::interfaces::{Context, View};
use crate::storage::{Code, Error, Transactions};

type Answer<T> = std::result::Result<T, Fault>;

const LONGEST_KEY: usize = 200;
const LONGEST_USER: usize = 200;

impl Context {
    async fn live(&mut self) -> Answer<Option<&mut Live>> {
        Ok(self.session.find(&mut self.unit).await?)
    }

    /// Where statements are kept by themselves, and after the response was set, every change is
    /// kept at once.
    async fn settle(&mut self) -> Answer<()> {
        let at_once = self.is_answered() || self.app.transactions == Transactions::Statement;
        if at_once && !self.unit.is_holding() {
            if let Err(error) = self.session.flush(&mut self.unit).await {
                self.session.kept_in_part(self.app.space.app());
                return Err(error.into());
            }
            self.session.committed(self.app.space.app());
            self.session.note_use(&mut self.unit).await;
        }
        Ok(())
    }
}

impl wit::Host for View<'_> {
    async fn get(&mut self, key: String) -> Answer<Option<String>> {
        check_key(&key)?;
        Ok(self.context.live().await?.and_then(|live| live.session.values.get(&key).cloned()))
    }

    async fn set(&mut self, key: String, value: String) -> Answer<()> {
        check_key(&key)?;
        check_text(&value)?;
        self.context.session.find_or_begin(&mut self.context.unit).await?.change(&key, Some(value))?;
        self.context.settle().await
    }

    async fn remove(&mut self, key: String) -> Answer<()> {
        check_key(&key)?;
        if let Some(live) = self.context.live().await?.filter(|live| live.session.values.contains_key(&key)) {
            live.change(&key, None)?;
        }
        self.context.settle().await
    }

    async fn get_keys(&mut self) -> Answer<Vec<String>> {
        let live = self.context.live().await?;
        Ok(live.map(|live| live.session.values.keys().cloned().collect()).unwrap_or_default())
    }

    async fn increment(&mut self, key: String, by: i64) -> Answer<i64> {
        check_key(&key)?;
        let sum = self.context.session.increment(&mut self.context.unit, &key, by).await?;
        self.context.settle().await?;
        Ok(sum)
    }

    async fn compare_and_set(&mut self, key: String, expected: Option<String>, value: String) -> Answer<bool> {
        check_key(&key)?;
        check_text(&value)?;
        expected.as_deref().map_or(Ok(()), check_text)?;
        let unit = &mut self.context.unit;
        let done = self.context.session.compare_and_set(unit, &key, expected.as_deref(), value).await?;
        self.context.settle().await?;
        Ok(done)
    }

    async fn flash(&mut self, message: String) -> Answer<()> {
        check_text(&message)?;
        self.context.session.find_or_begin(&mut self.context.unit).await?.leave(message)?;
        self.context.settle().await
    }

    async fn take_flash(&mut self) -> Answer<Vec<String>> {
        Ok(self.context.session.take_flash(&mut self.context.unit).await?)
    }

    async fn get_user(&mut self) -> Answer<Option<String>> {
        Ok(self.context.live().await?.and_then(|live| live.session.user.clone()))
    }

    async fn renew(&mut self, user: Option<String>) -> Answer<()> {
        if let Some(user) = &user {
            check_text(user)?;
            if user.is_empty() || user.len() > LONGEST_USER {
                return Err(bad("the name of a user has 1 to 200 bytes"));
            }
        }
        self.context.session.renew(&mut self.context.unit, user).await?;
        self.context.settle().await
    }

    async fn set_expiry(&mut self, idle_seconds: Option<u32>, absolute_seconds: Option<u32>) -> Answer<()> {
        self.context.session.set_expiry(&mut self.context.unit, idle_seconds, absolute_seconds).await?;
        self.context.settle().await
    }

    async fn destroy(&mut self) -> Answer<()> {
        self.context.session.destroy(&mut self.context.unit).await?;
        self.context.settle().await
    }

    async fn destroy_all(&mut self, user: String) -> Answer<u32> {
        check_text(&user)?;
        let ended = self.context.session.destroy_all(&mut self.context.unit, &user).await?;
        self.context.settle().await?;
        Ok(u32::try_from(ended).unwrap_or(u32::MAX))
    }

    async fn csrf_token(&mut self, form: String) -> Answer<String> {
        let token = self.context.session.find_or_begin(&mut self.context.unit).await?.id.csrf_token(&form);
        self.context.settle().await?;
        Ok(token)
    }

    async fn csrf_check(&mut self, form: String, token: String) -> Answer<bool> {
        Ok(self.context.live().await?.is_some_and(|live| live.id.csrf_check(&form, &token)))
    }

    fn convert_session_error(&mut self, fault: Fault) -> wasmtime::Result<wit::SessionError> {
        Ok(convert(fault, &self.context.outage))
    }
}

fn check_key(key: &str) -> Answer<()> {
    if key.is_empty() || key.len() > LONGEST_KEY {
        return Err(bad("a key has 1 to 200 bytes"));
    }
    check_text(key)
}

/// Postgres cannot store this character, so neither engine does.
fn check_text(text: &str) -> Answer<()> {
    if text.contains('\0') { Err(bad("a text with the character U+0000")) } else { Ok(()) }
}

fn bad(message: &str) -> Fault {
    Error::new(Code::BadParameter, message).into()
}
