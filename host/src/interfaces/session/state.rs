//! The visitor's session during one request: what was loaded, what has changed, what to tell the browser.

use super::id::SessionId;
use crate::config::Limits;
use crate::storage::sessions::{self, Kind, Session};
use crate::storage::{Code, Error, Result, UnitOfWork, now_micros};
use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// The time of the last use is written at most this often, so that reading pages writes nothing.
const TOUCH_EVERY_MICROS: i64 = 60_000_000;

/// How the visitor's cookie has to change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CookieChange {
    /// The browser gets this id.
    Set(SessionId),
    /// The browser forgets the id that it has.
    Clear,
}

/// Tells `web` how the cookie has to change, as far as it has been kept: also where the guest has come to a bad end
/// since. Cloning shares it.
#[derive(Debug, Clone, Default)]
pub struct Jar(Arc<Mutex<Option<CookieChange>>>);

impl Jar {
    /// How the cookie has to change, if at all.
    pub fn take(&self) -> Option<CookieChange> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    fn put(&self, change: Option<CookieChange>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = change;
    }
}

/// See the module.
#[derive(Debug, Clone)]
pub struct State {
    jar: Jar,
    lifetimes: Lifetimes,
    /// The id under which the session is stored, as of the last commit; at first what the cookie says.
    kept_id: Option<SessionId>,
    /// How the cookie has to change, as of the last commit.
    kept_cookie: Option<CookieChange>,
    cookie: Option<CookieChange>,
    /// None until the first call that needs the session.
    loaded: Option<Option<Live>>,
    closed: bool,
}

#[derive(Debug, Clone, Copy)]
struct Lifetimes {
    idle: Duration,
    absolute: Duration,
    bytes: u64,
}

/// A session that exists, stored or about to be.
#[derive(Debug, Clone)]
pub(super) struct Live {
    pub(super) id: SessionId,
    pub(super) session: Session,
    stored: bool,
    touched: bool,
    /// Keys that were set (or, with none, removed) and not written yet.
    pending: BTreeMap<String, Option<String>>,
    /// Messages that were left and not written yet.
    flash: VecDeque<String>,
}

impl State {
    /// Knows only what the cookie says.
    pub fn new(presented: Option<SessionId>, jar: Jar, limits: &Limits) -> Self {
        let lifetimes = Lifetimes {
            idle: limits.session_idle,
            absolute: limits.session_absolute,
            bytes: limits.session_bytes,
        };
        Self { jar, lifetimes, kept_id: presented, kept_cookie: None, cookie: None, loaded: None, closed: false }
    }

    /// The response is on its way: no new cookie can be set.
    pub fn close(&mut self) {
        self.closed = true;
    }

    /// The session, if the visitor has one. Asks the database at the first call, and never where there is no cookie.
    pub(super) async fn find(&mut self, unit: &mut UnitOfWork) -> Result<Option<&mut Live>> {
        if self.loaded.is_none() {
            let live = match &self.kept_id {
                Some(id) => load(unit, id).await?,
                None => None,
            };
            self.loaded = Some(live);
        }
        Ok(self.loaded.as_mut().and_then(Option::as_mut))
    }

    /// The session, a new one if the visitor has none. An id that the host has not given out is never adopted.
    pub(super) async fn find_or_begin(&mut self, unit: &mut UnitOfWork) -> Result<&mut Live> {
        if self.find(unit).await?.is_none() {
            if self.closed {
                return Err(Error::closed("the response was set: a new session would need a cookie"));
            }
            let live = Live::begin(self.lifetimes)?;
            self.cookie = Some(CookieChange::Set(live.id.clone()));
            self.loaded = Some(Some(live));
        }
        self.loaded.as_mut().and_then(Option::as_mut).ok_or_else(|| Error::closed("no session"))
    }

    /// Puts or takes away a value, to be written when the unit is kept.
    pub(super) async fn change(&mut self, unit: &mut UnitOfWork, key: &str, value: Option<String>) -> Result<()> {
        let most = self.lifetimes.bytes;
        let live = self.find_or_begin(unit).await?;
        let before = live.session.values.get(key).cloned();
        match &value {
            Some(value) => live.session.values.insert(key.to_owned(), value.clone()),
            None => live.session.values.remove(key),
        };
        if live.size() > most && value.is_some() {
            match before {
                Some(before) => live.session.values.insert(key.to_owned(), before),
                None => live.session.values.remove(key),
            };
            return Err(Error::new(Code::TooLarge, format!("the session would have more than {most} bytes")));
        }
        live.pending.insert(key.to_owned(), value);
        Ok(())
    }

    /// Adds to a number at once, so that parallel requests of the visitor count one after the other.
    pub(super) async fn increment(&mut self, unit: &mut UnitOfWork, key: &str, by: i64) -> Result<i64> {
        let live = self.find_or_begin(unit).await?;
        let before = live.session.values.get(key).map_or(Ok(0), |value| value.parse::<i64>());
        if !before.is_ok_and(|before| before.checked_add(by).is_some()) {
            return Err(Error::new(Code::BadParameter, "the value is no number, or the sum is too large"));
        }
        live.flush(unit).await?;
        let sum = sessions::increment(unit, &live.id.hash(), key, by).await?.ok_or_else(ended)?;
        live.session.values.insert(key.to_owned(), sum.to_string());
        Ok(sum)
    }

    /// Puts a value at once if the one there is as expected.
    pub(super) async fn compare_and_set(
        &mut self,
        unit: &mut UnitOfWork,
        key: &str,
        expected: Option<&str>,
        value: String,
    ) -> Result<bool> {
        let most = self.lifetimes.bytes;
        let live = self.find_or_begin(unit).await?;
        if live.size().saturating_add(len(key)).saturating_add(len(&value)) > most {
            return Err(Error::new(Code::TooLarge, format!("the session would have more than {most} bytes")));
        }
        live.flush(unit).await?;
        let done = sessions::compare_and_set(unit, &live.id.hash(), key, expected, &value).await?;
        if done {
            live.session.values.insert(key.to_owned(), value);
        }
        Ok(done)
    }

    /// Leaves a message, to be written when the unit is kept.
    pub(super) async fn flash(&mut self, unit: &mut UnitOfWork, message: String) -> Result<()> {
        let most = self.lifetimes.bytes;
        let live = self.find_or_begin(unit).await?;
        if live.size().saturating_add(len(&message)) > most {
            return Err(Error::new(Code::TooLarge, format!("the session would have more than {most} bytes")));
        }
        live.flash.push_back(message);
        Ok(())
    }

    /// Takes all messages: those of earlier requests and those of this one.
    pub(super) async fn take_flash(&mut self, unit: &mut UnitOfWork) -> Result<Vec<String>> {
        let Some(live) = self.find(unit).await? else { return Ok(Vec::new()) };
        let mut messages = Vec::new();
        if live.session.flash_bytes > 0 {
            messages = sessions::take_flash(unit, &live.id.hash()).await?;
            live.session.flash_bytes = 0;
        }
        messages.extend(std::mem::take(&mut live.flash));
        Ok(messages)
    }

    /// Gives the session a new id and a user.
    pub(super) async fn renew(&mut self, unit: &mut UnitOfWork, user: Option<String>) -> Result<()> {
        if self.closed {
            return Err(Error::closed("the response was set: a new id would need a cookie"));
        }
        let new = SessionId::random()?;
        let lifetimes = self.lifetimes;
        let live = self.find_or_begin(unit).await?;
        if live.stored && !sessions::rename(unit, &live.id.hash(), &new.hash(), user.as_deref()).await? {
            // It was ended by another request meanwhile; what was in it stays gone.
            *live = Live::begin(lifetimes)?;
        }
        live.id = new.clone();
        live.session.user = user;
        self.cookie = Some(CookieChange::Set(new));
        Ok(())
    }

    /// Changes how long the session lives.
    pub(super) async fn set_expiry(
        &mut self,
        unit: &mut UnitOfWork,
        idle: Option<u32>,
        absolute: Option<u32>,
    ) -> Result<()> {
        let live = self.find_or_begin(unit).await?;
        if let Some(idle) = idle {
            live.session.idle_seconds = i64::from(idle);
        }
        if let Some(absolute) = absolute {
            live.session.expires_at = now_micros().saturating_add(i64::from(absolute) * 1_000_000);
        }
        live.touched = false;
        live.session.used_at = 0;
        Ok(())
    }

    /// Ends the session.
    pub(super) async fn destroy(&mut self, unit: &mut UnitOfWork) -> Result<()> {
        if let Some(live) = self.find(unit).await?
            && live.stored
        {
            sessions::destroy(unit, &live.id.hash()).await?;
        }
        self.forget();
        Ok(())
    }

    /// The session is no more: the browser is told, and a later write begins a new one.
    pub(super) fn forget(&mut self) {
        if self.kept_id.is_some() || self.cookie.is_some() {
            self.cookie = Some(CookieChange::Clear);
        }
        self.loaded = Some(None);
    }

    /// Writes what is pending into the unit of work.
    pub async fn flush(&mut self, unit: &mut UnitOfWork) -> Result<()> {
        match self.loaded.as_mut() {
            Some(Some(live)) => live.flush(unit).await,
            _ => Ok(()),
        }
    }

    /// The unit has been kept, and with it what was flushed.
    pub fn committed(&mut self) {
        if let Some(live) = &self.loaded {
            self.kept_id = live.as_ref().map(|live| live.id.clone());
        }
        self.kept_cookie = self.cookie.clone();
        self.jar.put(self.kept_cookie.clone());
    }

    /// The unit has been undone: back to what was kept last.
    pub fn rolled_back(&mut self) {
        self.loaded = None;
        self.cookie = self.kept_cookie.clone();
    }
}

async fn load(unit: &mut UnitOfWork, id: &SessionId) -> Result<Option<Live>> {
    let session = sessions::load(unit, &id.hash(), now_micros()).await?;
    Ok(session.map(|session| Live {
        id: id.clone(),
        session,
        stored: true,
        touched: false,
        pending: BTreeMap::new(),
        flash: VecDeque::new(),
    }))
}

impl Live {
    fn begin(lifetimes: Lifetimes) -> Result<Self> {
        let now = now_micros();
        let micros = |time: Duration| i64::try_from(time.as_micros()).unwrap_or(i64::MAX);
        let session = Session {
            used_at: now,
            idle_seconds: i64::try_from(lifetimes.idle.as_secs()).unwrap_or(i64::MAX),
            expires_at: now.saturating_add(micros(lifetimes.absolute)),
            ..Session::default()
        };
        let id = SessionId::random()?;
        Ok(Self { id, session, stored: false, touched: true, pending: BTreeMap::new(), flash: VecDeque::new() })
    }

    async fn flush(&mut self, unit: &mut UnitOfWork) -> Result<()> {
        let id = self.id.hash();
        self.store_or_touch(unit).await?;
        // Forgotten only once it is written: a failure is to be met again by the next attempt.
        while let Some((key, value)) = self.pending.first_key_value() {
            let key = key.clone();
            match value {
                Some(value) => sessions::put(unit, &id, Kind::Value, &key, value).await?,
                None => sessions::remove(unit, &id, &key).await?,
            }
            self.pending.remove(&key);
        }
        while let Some(message) = self.flash.front() {
            let name = format!("{:020}-{:04}", now_micros(), self.flash.len());
            sessions::put(unit, &id, Kind::Flash, &name, message).await?;
            self.session.flash_bytes = self.session.flash_bytes.saturating_add(message.len());
            self.flash.pop_front();
        }
        Ok(())
    }

    async fn store_or_touch(&mut self, unit: &mut UnitOfWork) -> Result<()> {
        let now = now_micros();
        if !self.stored {
            self.session.used_at = now;
            sessions::create(unit, &self.id.hash(), &self.session).await?;
            self.stored = true;
        } else if !self.touched && now.saturating_sub(self.session.used_at) > TOUCH_EVERY_MICROS {
            self.session.used_at = now;
            sessions::touch(unit, &self.id.hash(), &self.session).await?;
        }
        self.touched = true;
        Ok(())
    }

    fn size(&self) -> u64 {
        let values = self.session.values.iter().map(|(key, value)| len(key).saturating_add(len(value)));
        let stored = u64::try_from(self.session.flash_bytes).unwrap_or(u64::MAX);
        values.chain(self.flash.iter().map(|message| len(message))).fold(stored, u64::saturating_add)
    }
}

fn ended() -> Error {
    Error::closed("the session has been ended by another request")
}

fn len(text: &str) -> u64 {
    u64::try_from(text.len()).unwrap_or(u64::MAX)
}
