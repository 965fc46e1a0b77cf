//! The visitor's session during one request: loaded at the first need, changed, and what to tell
//! the browser.

use super::id::SessionId;
use super::jar::{CookieChange, Jar};
use super::live::{Bounds, Live, ended};
use crate::config::Limits;
use crate::storage::sessions::{self, Expiry, values};
use crate::storage::{Error, Result, UnitOfWork, now_micros};
use crate::telemetry::metrics::{self, SessionEvents};

const MICROS: i64 = 1_000_000;

/// See the module.
#[derive(Debug, Clone)]
pub struct State {
    jar: Jar,
    bounds: Bounds,
    /// The id under which the session is stored, as of the last commit; at first what the cookie
    /// says.
    kept_id: Option<SessionId>,
    /// How the cookie has to change, as of the last commit.
    kept_cookie: Option<CookieChange>,
    cookie: Option<CookieChange>,
    /// None until the first call that needs the session.
    loaded: Option<Option<Live>>,
    /// What has happened since the last commit.
    events: SessionEvents,
    is_foreign: bool,
    closed: bool,
}

/// What a request brings along.
#[derive(Debug, Clone)]
pub struct Presented {
    /// What the visitor's cookie says, not yet checked.
    pub id: Option<SessionId>,
    /// Whether a page of another origin made the visitor's browser send the request. It begins no
    /// session then: the browser would put it in the place of the one that the visitor has, whose
    /// cookie it did not send along.
    pub is_foreign: bool,
}

impl State {
    /// Knows only what the request brings along.
    pub fn new(presented: Presented, jar: Jar, limits: &Limits) -> Self {
        Self {
            jar,
            bounds: limits.into(),
            kept_id: presented.id,
            is_foreign: presented.is_foreign,
            kept_cookie: None,
            cookie: None,
            loaded: None,
            events: SessionEvents::default(),
            closed: false,
        }
    }

    /// The response is on its way: no new cookie can be set.
    pub fn close(&mut self) {
        self.closed = true;
    }

    /// The session, if the visitor has one. Asks the database at the first call, and never where
    /// there is no cookie.
    pub(super) async fn find(&mut self, unit: &mut UnitOfWork) -> Result<Option<&mut Live>> {
        unit.check_read()?;
        if self.loaded.is_none() {
            let live = match &self.kept_id {
                Some(id) => Live::load(unit, id, self.bounds).await?,
                None => None,
            };
            self.loaded = Some(live);
        }
        Ok(self.loaded.as_mut().and_then(Option::as_mut))
    }

    /// The session, a new one if the visitor has none. An id that the host has not given out is
    /// never adopted.
    pub(super) async fn find_or_begin(&mut self, unit: &mut UnitOfWork) -> Result<&mut Live> {
        if self.find(unit).await?.is_none() {
            self.check_cookie("a new session")?;
            let live = Live::begin(self.bounds)?;
            self.cookie = Some(live.cookie());
            self.loaded = Some(Some(live));
        }
        self.live()
    }

    fn live(&mut self) -> Result<&mut Live> {
        self.loaded.as_mut().and_then(Option::as_mut).ok_or_else(|| Error::closed("no session"))
    }

    fn check_cookie(&self, what: &str) -> Result<()> {
        if self.is_foreign {
            return Err(Error::closed(format!(
                "a page of another origin sent this request: {what} is not for it"
            )));
        }
        if self.closed {
            return Err(Error::closed(format!("the response was set: {what} would need a cookie")));
        }
        Ok(())
    }

    /// Adds to a number at once, so that parallel requests of the visitor count one after the
    /// other.
    pub(super) async fn increment(&mut self, unit: &mut UnitOfWork, key: &str, by: i64) -> Result<i64> {
        let live = self.find_or_begin(unit).await?;
        if live.is_sure_of(key) {
            let sum = live.sum(key, by)?;
            live.check_room(key, sum.to_string().len())?;
        }
        self.flush(unit).await?;
        let live = self.live()?;
        unit.together(async |unit| live.increment(unit, key, by).await).await
    }

    /// Puts a value at once if the one there is as expected.
    pub(super) async fn compare_and_set(
        &mut self,
        unit: &mut UnitOfWork,
        key: &str,
        expected: Option<&str>,
        value: String,
    ) -> Result<bool> {
        self.find_or_begin(unit).await?.check_room(key, value.len())?;
        self.flush(unit).await?;
        let live = self.live()?;
        let done = values::compare_and_set(unit, &live.id.hash(), key, expected, &value).await?;
        // What another request has put there since: whoever tries again must not compare with what
        // was here before.
        let now = if done { Some(value) } else { values::current(unit, &live.id.hash(), key).await?.flatten() };
        live.note(key, now);
        Ok(done)
    }

    /// Takes all messages: those of earlier requests and those of this one. While the database
    /// takes no writes those of earlier requests wait, since they could be taken again.
    pub(super) async fn take_flash(&mut self, unit: &mut UnitOfWork) -> Result<Vec<String>> {
        let Some(live) = self.find(unit).await? else { return Ok(Vec::new()) };
        let mut messages = Vec::new();
        if live.session.flash_bytes > 0 {
            match values::take_flash(unit, &live.id.hash()).await {
                Ok(taken) => (messages, live.session.flash_bytes) = (taken, 0),
                Err(error) if error.takes_no_writes() && unit.check().is_ok() => {}
                Err(error) => return Err(error),
            }
        }
        messages.extend(live.take_left());
        Ok(messages)
    }

    /// Gives the session a new id and a user.
    pub(super) async fn renew(&mut self, unit: &mut UnitOfWork, user: Option<String>) -> Result<()> {
        self.check_cookie("a new id")?;
        let new = SessionId::random()?;
        let bounds = self.bounds;
        let live = self.find_or_begin(unit).await?;
        let stored = live.stored;
        if stored && !sessions::rename(unit, &live.id.hash(), &new.hash(), user.as_deref()).await? {
            // It was ended by another request meanwhile; what was in it stays gone.
            *live = Live::begin(bounds)?;
        }
        live.id = new;
        live.session.user = user;
        let (cookie, renewed) = (live.cookie(), u64::from(stored && live.stored));
        self.cookie = Some(cookie);
        self.events.renewed += renewed;
        Ok(())
    }

    /// Changes how long the session lives, and with it how long the browser keeps the cookie.
    pub(super) async fn set_expiry(
        &mut self,
        unit: &mut UnitOfWork,
        idle: Option<u32>,
        absolute: Option<u32>,
    ) -> Result<()> {
        self.check_cookie("its new end")?;
        let now = now_micros();
        let expiry = Expiry {
            idle_seconds: idle.map(i64::from),
            expires_at: absolute.map(|seconds| now.saturating_add(i64::from(seconds) * MICROS)),
        };
        let live = self.find_or_begin(unit).await?;
        let session = &mut live.session;
        if live.stored {
            // At once: a cookie for a session that another request has ended would be sent
            // otherwise.
            let stored = sessions::set_expiry(unit, &live.id.hash(), &expiry, now).await?;
            (session.idle_seconds, session.expires_at) = stored.ok_or_else(ended)?;
            session.used_at = now;
        } else {
            session.idle_seconds = expiry.idle_seconds.unwrap_or(session.idle_seconds);
            session.expires_at = expiry.expires_at.unwrap_or(session.expires_at);
        }
        let cookie = live.cookie();
        self.cookie = Some(cookie);
        Ok(())
    }

    /// Ends the session.
    pub(super) async fn destroy(&mut self, unit: &mut UnitOfWork) -> Result<()> {
        if let Some(live) = self.find(unit).await?
            && live.stored
        {
            let ended = sessions::destroy(unit, &live.id.hash()).await?;
            self.events.ended += u64::from(ended);
        }
        self.forget();
        Ok(())
    }

    /// Ends every session of a user, this one too if it is one of them. Returns how many.
    pub(super) async fn destroy_all(&mut self, unit: &mut UnitOfWork, user: &str) -> Result<u64> {
        let is_own = self.find(unit).await?.is_some_and(|live| live.session.user.as_deref() == Some(user));
        self.flush(unit).await?;
        let ended = sessions::destroy_all(unit, user).await?;
        self.events.ended += ended;
        if is_own {
            self.forget();
        }
        Ok(ended)
    }

    /// The session is no more: the browser is told, and a later write begins a new one.
    fn forget(&mut self) {
        if self.kept_id.is_some() || self.cookie.is_some() {
            self.cookie = Some(CookieChange::Clear);
        }
        self.loaded = Some(None);
    }

    /// Writes what is pending into the unit of work.
    pub async fn flush(&mut self, unit: &mut UnitOfWork) -> Result<()> {
        let Some(Some(live)) = self.loaded.as_mut() else { return Ok(()) };
        let is_new = !live.stored;
        live.flush(unit).await?;
        self.events.begun += u64::from(is_new);
        Ok(())
    }

    /// Notes that the session was used, if it was and that is due. To be called when the unit has
    /// been kept.
    pub async fn note_use(&mut self, unit: &mut UnitOfWork) {
        if let Some(Some(live)) = self.loaded.as_mut() {
            live.note_use(unit).await;
        }
    }

    /// The unit has been kept, and with it what was flushed.
    pub fn committed(&mut self, app: &str) {
        if let Some(live) = &self.loaded {
            self.kept_id = live.as_ref().map(|live| live.id.clone());
        }
        self.kept_cookie = self.cookie.clone();
        self.jar.put(self.kept_cookie.clone());
        metrics::sessions(app, std::mem::take(&mut self.events));
    }

    /// What was to be kept at once could not be, or a part of it: the rest is forgotten, or it
    /// would stand in the way of what comes then.
    pub fn kept_in_part(&mut self, app: &str) {
        if self.loaded.as_ref().and_then(Option::as_ref).is_some_and(|live| live.stored) {
            self.committed(app);
        }
        self.rolled_back();
    }

    /// The unit has been undone: back to what was kept last.
    pub fn rolled_back(&mut self) {
        self.loaded = None;
        self.cookie = self.kept_cookie.clone();
        self.events = SessionEvents::default();
    }
}
