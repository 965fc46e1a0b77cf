//! What a connection has learned of the statements of guests that it has run: which of them may run
//! on a runtime worker.
//!
//! A statement begins on a thread of its own. The second time its program is looked at, and if all
//! steps are short it runs on workers from then on. It goes back to a thread for a while when it
//! took long, or when SQLite has compiled it anew, since its program may be another one then.

use super::conn::Conn;
use super::programs::{Program, examine};
use std::cell::RefCell;
use std::collections::HashMap;

/// Statements that are remembered, as many as are kept compiled.
const MOST_STATEMENTS: usize = 256;
/// Bytes of a text that is remembered.
const LONGEST_TEXT: usize = 4 << 10;
/// Runs on a thread after one that took too long on a worker.
const REST: u8 = 8;

/// By the text as it is compiled.
#[derive(Debug, Default)]
pub(super) struct Known(RefCell<HashMap<Box<str>, Experience>>);

#[derive(Debug, Clone, Copy, Default)]
struct Experience {
    /// None: not looked at since it was compiled.
    program: Option<Program>,
    /// Runs that are still to be on a thread.
    rest: u8,
}

impl Known {
    /// The program of a statement that may run on a worker.
    pub(super) fn short(&self, text: &str) -> Option<Program> {
        let known = self.0.borrow();
        let experience = known.get(text).filter(|experience| experience.rest == 0)?;
        experience.program.filter(|program| program.is_short)
    }

    /// Notes that a statement took long on a worker, or would have.
    pub(super) fn took_long(&self, text: &str) {
        if let Some(experience) = self.0.borrow_mut().get_mut(text) {
            experience.rest = REST;
        }
    }

    /// Notes that a statement has to be compiled anew before it can run on a worker.
    pub(super) fn is_stale(&self, text: &str) {
        if let Some(experience) = self.0.borrow_mut().get_mut(text) {
            *experience = Experience { program: None, rest: REST };
        }
    }

    /// Notes that a statement has run on a thread: whether it was quick, and whether it was
    /// compiled on the way.
    pub(super) fn has_run(&self, conn: &Conn, text: &str, quick: bool, compiled: bool) {
        if text.len() > LONGEST_TEXT {
            return;
        }
        let Some(mut experience) = self.get(text) else { return self.put(text, Experience::default()) };
        experience.rest = if quick { experience.rest.saturating_sub(1) } else { REST };
        if compiled {
            experience.program = None;
        } else if experience.program.is_none() && experience.rest == 0 {
            experience.program = examine(conn, text);
        }
        self.put(text, experience);
    }

    fn get(&self, text: &str) -> Option<Experience> {
        self.0.borrow().get(text).copied()
    }

    fn put(&self, text: &str, experience: Experience) {
        let mut known = self.0.borrow_mut();
        if known.len() >= MOST_STATEMENTS && !known.contains_key(text) {
            known.clear();
        }
        match known.get_mut(text) {
            Some(old) => *old = experience,
            None => drop(known.insert(text.into(), experience)),
        }
    }
}
