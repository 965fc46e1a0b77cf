//! A session that exists: what is in it as this request sees it, and what of that is still to be
//! written.

use super::id::SessionId;
use super::jar::CookieChange;
use crate::config::Limits;
use crate::storage::sessions::values::{self, Kind};
use crate::storage::sessions::{self, ENTRY_BYTES, Session};
use crate::storage::{Code, Error, Result, UnitOfWork, hex, now_micros};
use crate::telemetry::Seldom;
use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

/// The time of the last use is written at most this often, so that reading pages writes nothing.
const TOUCH_EVERY_MICROS: i64 = 60_000_000;
const MICROS: i64 = 1_000_000;
/// Attempts to change a number that others change too.
const ATTEMPTS: u32 = 4;
/// Lets a line pass that says why the last use was not noted.
static NOT_NOTED: Seldom = Seldom::every(Duration::from_secs(600));

/// How long a new session lives, and how much it may hold.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bounds {
    idle_seconds: i64,
    absolute_micros: i64,
    bytes: u64,
}

impl From<&Limits> for Bounds {
    fn from(limits: &Limits) -> Self {
        let micros = |time: Duration| i64::try_from(time.as_micros()).unwrap_or(i64::MAX);
        Self {
            idle_seconds: micros(limits.session_idle) / MICROS,
            absolute_micros: micros(limits.session_absolute),
            bytes: limits.session_bytes,
        }
    }
}

/// A session that exists, stored or about to be.
#[derive(Debug, Clone)]
pub(super) struct Live {
    pub(super) id: SessionId,
    pub(super) session: Session,
    pub(super) stored: bool,
    bounds: Bounds,
    /// What the values take up.
    value_bytes: u64,
    /// Whether its use has been noted, or need not be.
    touched: bool,
    /// Keys that were set (or, with none, removed) and not written yet.
    pending: BTreeMap<String, Option<String>>,
    /// Messages that were left and not written yet.
    flash: VecDeque<String>,
    /// What they take up.
    flash_bytes: u64,
}

impl Live {
    /// The stored session of this id, unless it has ended.
    pub(super) async fn load(unit: &mut UnitOfWork, id: &SessionId, bounds: Bounds) -> Result<Option<Self>> {
        let session = sessions::load(unit, &id.hash(), now_micros()).await?;
        Ok(session.map(|session| Self::new(id.clone(), session, bounds, true)))
    }

    /// A session that nobody has yet.
    pub(super) fn begin(bounds: Bounds) -> Result<Self> {
        let now = now_micros();
        let session = Session {
            used_at: now,
            idle_seconds: bounds.idle_seconds,
            expires_at: now.saturating_add(bounds.absolute_micros),
            ..Session::default()
        };
        Ok(Self::new(SessionId::random()?, session, bounds, false))
    }

    fn new(id: SessionId, session: Session, bounds: Bounds, stored: bool) -> Self {
        let (pending, flash) = (BTreeMap::new(), VecDeque::new());
        let value_bytes = session.values.iter().map(|(key, value)| entry(key.len() + value.len())).sum();
        Self { id, session, stored, bounds, value_bytes, touched: !stored, pending, flash, flash_bytes: 0 }
    }

    /// The cookie for this session. A session that may rest for longer than others is meant to
    /// outlive the browser.
    pub(super) fn cookie(&self) -> CookieChange {
        let left = self.session.expires_at.saturating_sub(now_micros()) / MICROS;
        let stays = self.session.idle_seconds > self.bounds.idle_seconds;
        CookieChange::Set { id: self.id.clone(), max_age: stays.then_some(left.max(1)) }
    }

    /// Puts or takes away a value, to be written when the unit is kept.
    pub(super) fn change(&mut self, key: &str, value: Option<String>) -> Result<()> {
        if let Some(value) = &value {
            self.check_room(key, value.len())?;
        }
        self.note(key, value.clone());
        self.pending.insert(key.to_owned(), value);
        Ok(())
    }

    /// Remembers a value that is written already, or about to be.
    pub(super) fn note(&mut self, key: &str, value: Option<String>) {
        self.value_bytes = self.value_bytes.saturating_sub(self.entry_of(key));
        match value {
            Some(value) => {
                self.value_bytes = self.value_bytes.saturating_add(entry(key.len() + value.len()));
                self.session.values.insert(key.to_owned(), value);
            }
            None => drop(self.session.values.remove(key)),
        }
    }

    /// Leaves a message, to be written when the unit is kept.
    pub(super) fn leave(&mut self, message: String) -> Result<()> {
        let bytes = entry(message.len());
        self.check_size(self.size().saturating_add(bytes))?;
        self.flash_bytes = self.flash_bytes.saturating_add(bytes);
        self.flash.push_back(message);
        Ok(())
    }

    /// Takes the messages that were left and not written yet.
    pub(super) fn take_left(&mut self) -> VecDeque<String> {
        self.flash_bytes = 0;
        std::mem::take(&mut self.flash)
    }

    /// Whether a value of this length fits in under a key, in place of what is there.
    pub(super) fn check_room(&self, key: &str, length: usize) -> Result<()> {
        self.check_size(self.size().saturating_sub(self.entry_of(key)).saturating_add(entry(key.len() + length)))
    }

    fn check_size(&self, size: u64) -> Result<()> {
        let most = self.bounds.bytes;
        if size <= most {
            return Ok(());
        }
        Err(Error::new(Code::TooLarge, format!("the session would have more than {most} bytes")))
    }

    fn entry_of(&self, key: &str) -> u64 {
        self.session.values.get(key).map_or(0, |value| entry(key.len() + value.len()))
    }

    fn size(&self) -> u64 {
        let stored = u64::try_from(self.session.flash_bytes).unwrap_or(u64::MAX).saturating_add(self.value_bytes);
        stored.saturating_add(self.flash_bytes)
    }

    /// Writes what is pending into the unit of work.
    pub(super) async fn flush(&mut self, unit: &mut UnitOfWork) -> Result<()> {
        self.store(unit).await?;
        let id = self.id.hash();
        // Forgotten only once it is written: a failure is to be met again by the next attempt.
        while let Some((key, value)) = self.pending.first_key_value() {
            let key = key.clone();
            match value {
                Some(value) => values::put(unit, &id, Kind::Value, &key, value).await?,
                None => values::remove(unit, &id, &key).await?,
            }
            self.pending.remove(&key);
        }
        let now = now_micros();
        for number in 0.. {
            let Some(message) = self.flash.front() else { break };
            values::put(unit, &id, Kind::Flash, &place(now, number)?, message).await?;
            self.session.flash_bytes = self.session.flash_bytes.saturating_add(message.len() + ENTRY_BYTES);
            self.flash.pop_front();
        }
        self.flash_bytes = 0;
        Ok(())
    }

    async fn store(&mut self, unit: &mut UnitOfWork) -> Result<()> {
        if !self.stored {
            sessions::create(unit, &self.id.hash(), &self.session).await?;
            self.stored = true;
        }
        Ok(())
    }

    /// Notes the time of this use where that is due. It is no part of what a request writes, and no
    /// reason for a page to fail that only reads: the database may take no writes at the moment, or
    /// everybody may be busy. The next request tries again.
    pub(super) async fn note_use(&mut self, unit: &mut UnitOfWork) {
        let now = now_micros();
        let is_due = !self.touched && now.saturating_sub(self.session.used_at) > TOUCH_EVERY_MICROS;
        self.touched = true;
        if !is_due {
            return;
        }
        if let Err(error) = sessions::touch(unit, &self.id.hash(), now).await
            && NOT_NOTED.is_due()
        {
            tracing::warn!(
                app = %unit.space().app(),
                "cannot note that a session was used, so it may end before its time: {error}"
            );
        }
    }

    /// Whether nobody else can have changed what is under a key.
    pub(super) fn is_sure_of(&self, key: &str) -> bool {
        !self.stored || self.pending.contains_key(key)
    }

    /// The number under a key with `by` added.
    pub(super) fn sum(&self, key: &str, by: i64) -> Result<i64> {
        let before = self.session.values.get(key).map_or(Ok(0), |value| value.parse::<i64>());
        let sum = before.ok().and_then(|before| before.checked_add(by));
        sum.ok_or_else(|| Error::new(Code::BadParameter, "the value is no number, or the sum is too large"))
    }

    /// Adds to the number under a key, in what is stored. It may be another one by now than this
    /// request has seen, or none. The first attempt locks the session, so the second one does not
    /// come too late.
    pub(super) async fn increment(&mut self, unit: &mut UnitOfWork, key: &str, by: i64) -> Result<i64> {
        let id = self.id.hash();
        for attempt in 0..ATTEMPTS {
            match self.sum(key, by) {
                Ok(sum) => {
                    let text = sum.to_string();
                    self.check_room(key, text.len())?;
                    let before = self.session.values.get(key).map(String::as_str);
                    if values::compare_and_set(unit, &id, key, before, &text).await? {
                        self.note(key, Some(text));
                        return Ok(sum);
                    }
                }
                Err(error) if attempt > 0 => return Err(error),
                Err(_) => {}
            }
            let now = values::current(unit, &id, key).await?.ok_or_else(ended)?;
            self.note(key, now);
        }
        Err(Error::new(Code::Serialization, "other requests of the visitor change the number again and again"))
    }
}

pub(super) fn ended() -> Error {
    Error::closed("the session has been ended by another request")
}

/// Where a message stands among others: by time, then as they were left. Random digits keep those
/// of parallel requests apart.
fn place(now: i64, number: u32) -> Result<String> {
    let mut random = [0u8; 8];
    getrandom::fill(&mut random).map_err(|_| Error::unavailable("the system gives no random numbers"))?;
    Ok(format!("{now:020}-{number:06}-{}", hex(&random)))
}

/// What a value or message of this length takes up.
fn entry(length: usize) -> u64 {
    u64::try_from(length.saturating_add(ENTRY_BYTES)).unwrap_or(u64::MAX)
}
