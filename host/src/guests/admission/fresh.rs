//! What was given out a moment ago and does not show yet in what is measured.

use std::collections::VecDeque;

/// What was given out during so many looks of whoever measures is not expected to show yet.
const LOOKS: u64 = 15;

/// Units of what is shared, and the bytes by which the process is expected to grow.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Given {
    pub(super) units: u64,
    pub(super) resident: u64,
}

/// When something was given, and what.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Entry {
    look: u64,
    given: Given,
}

/// See the module. What is given back is forgotten at once: the next instance finds the pages of
/// the last one.
#[derive(Debug)]
pub(super) struct Fresh {
    look: u64,
    /// What was given since the last look, and between those before it.
    looks: VecDeque<Given>,
    all: Given,
}

impl Given {
    fn plus(self, other: Self) -> Self {
        Self {
            units: self.units.saturating_add(other.units),
            resident: self.resident.saturating_add(other.resident),
        }
    }

    fn minus(self, other: Self) -> Self {
        Self {
            units: self.units.saturating_sub(other.units),
            resident: self.resident.saturating_sub(other.resident),
        }
    }
}

impl Fresh {
    pub(super) fn new() -> Self {
        Self { look: 0, looks: VecDeque::from([Given::default()]), all: Given::default() }
    }

    /// All that does not show yet.
    pub(super) fn all(&self) -> Given {
        self.all
    }

    /// Notes that something is given now.
    pub(super) fn note(&mut self, given: Given) -> Entry {
        if let Some(now) = self.looks.front_mut() {
            *now = now.plus(given);
        }
        self.all = self.all.plus(given);
        Entry { look: self.look, given }
    }

    /// Forgets what was given, since it is given back.
    pub(super) fn forget(&mut self, entry: Entry) {
        let age = usize::try_from(self.look - entry.look).unwrap_or(usize::MAX);
        if let Some(then) = self.looks.get_mut(age) {
            *then = then.minus(entry.given);
            self.all = self.all.minus(entry.given);
        }
    }

    /// Notes that more is given to somebody who has something.
    pub(super) fn note_more(&mut self, entry: Entry, more: Given) -> Entry {
        let is_fresh = self.look - entry.look < LOOKS;
        self.forget(entry);
        self.note(if is_fresh { entry.given.plus(more) } else { more })
    }

    /// Begins a new look: what was given longest ago shows now.
    pub(super) fn next_look(&mut self) {
        self.look += 1;
        self.looks.push_front(Given::default());
        if self.look >= LOOKS {
            let shown = self.looks.pop_back().unwrap_or_default();
            self.all = self.all.minus(shown);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIVE: Given = Given { units: 5, resident: 50 };

    #[test]
    fn what_was_given_shows_after_some_looks() {
        let mut fresh = Fresh::new();
        let entry = fresh.note(FIVE);
        (1..LOOKS).for_each(|_| fresh.next_look());
        assert_eq!(fresh.all(), FIVE);
        fresh.next_look();
        assert_eq!(fresh.all(), Given::default());
        fresh.note(FIVE);
        fresh.forget(entry);
        assert_eq!(fresh.all(), FIVE, "what shows already is not forgotten once more");
    }

    #[test]
    fn what_is_given_back_is_not_waited_for() {
        let mut fresh = Fresh::new();
        for _ in 0..1_000 {
            let entry = fresh.note(FIVE);
            fresh.next_look();
            fresh.forget(entry);
        }
        assert_eq!(fresh.all(), Given::default());
    }

    #[test]
    fn more_makes_it_fresh_again() {
        let mut fresh = Fresh::new();
        let entry = fresh.note(FIVE);
        (1..LOOKS).for_each(|_| fresh.next_look());
        let entry = fresh.note_more(entry, FIVE);
        fresh.next_look();
        assert_eq!(fresh.all(), Given { units: 10, resident: 100 });
        fresh.forget(entry);
        assert_eq!(fresh.all(), Given::default());
    }
}
