//! The visitor: who is signed in, how often he came, and what he is to be told.

use crate::bindings::innkeeper::storage::session;
use crate::error::Error;

/// One name for all forms: the token of `/me` is good for each of them.
const CSRF_FORM: &str = "guestbook";
const VISITS: &str = "visits";

/// What the session says about the visitor.
pub struct Visitor {
    /// Who is signed in.
    pub name: Option<String>,
    /// How often the visitor came.
    pub visits: u64,
    /// The proof, for all forms, that they are this app's own.
    pub csrf: String,
}

impl Visitor {
    /// Reads the session.
    pub fn current() -> Result<Visitor, Error> {
        let visits = session::get(VISITS)?.and_then(|text| text.parse().ok()).unwrap_or(0);
        Ok(Visitor { name: session::get_user()?, visits, csrf: session::csrf_token(CSRF_FORM)? })
    }

    /// Reads the session and counts this visit.
    pub fn welcome() -> Result<Visitor, Error> {
        let mut visitor = Visitor::current()?;
        // Counted by the host, so that two pages at once are two visits.
        visitor.visits = session::increment(VISITS, 1)?.unsigned_abs();
        Ok(visitor)
    }
}

/// Who is signed in.
pub fn name() -> Result<Option<String>, Error> {
    Ok(session::get_user()?)
}

/// Whether a form with this token is this app's own.
pub fn is_csrf_token(token: &str) -> Result<bool, Error> {
    Ok(session::csrf_check(CSRF_FORM, token)?)
}

/// Notes who the visitor is, under a new session id.
pub fn sign_in(name: &str) -> Result<(), Error> {
    Ok(session::renew(Some(name))?)
}

/// Forgets the visitor.
pub fn sign_out() -> Result<(), Error> {
    Ok(session::destroy()?)
}

/// Leaves a message for the next page.
pub fn tell(message: &str) -> Result<(), Error> {
    Ok(session::flash(message)?)
}

/// The messages to be shown now, and only now.
pub fn messages() -> Result<Vec<String>, Error> {
    Ok(session::take_flash()?)
}
