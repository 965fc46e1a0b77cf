//! What is not as it should be between the steps of a folder and those that an app has run.

use super::files::{Folder, number};
use crate::storage::app_migrations::{Applied, Step};

/// How a step stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    /// It has been run.
    Applied,
    /// It has been run, with another text.
    Changed,
    /// It has been run, and its file has gone.
    Gone,
    /// It has not been run.
    Missing,
    /// It has not been run, and one with a higher number has.
    Late,
    /// It has not been run, and another one has its number.
    Doubled,
}

impl State {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Applied => "applied",
            Self::Changed => "changed",
            Self::Gone => "gone",
            Self::Missing => "missing",
            Self::Late => "late",
            Self::Doubled => "doubled",
        }
    }
}

/// See the module.
pub(super) struct Findings<'f> {
    folder: &'f Folder,
    applied: &'f [Applied],
}

impl<'f> Findings<'f> {
    pub(super) fn of(folder: &'f Folder, applied: &'f [Applied]) -> Self {
        Self { folder, applied }
    }

    /// How a step of the folder stands.
    pub(super) fn of_step(&self, step: &Step) -> State {
        if let Some(done) = self.applied.iter().find(|done| done.name == step.name) {
            return if step.has_hash(&done.hash) { State::Applied } else { State::Changed };
        }
        let own = number(&step.name);
        let has_same = |name: &str| name != step.name && number(name) == own;
        let names = self.folder.steps.iter().map(|other| &other.name);
        if names.chain(self.applied.iter().map(|done| &done.name)).any(|name| has_same(name)) {
            return State::Doubled;
        }
        let last = self.applied.iter().filter_map(|done| number(&done.name)).max();
        if own < last { State::Late } else { State::Missing }
    }

    /// How a step that has been run stands.
    pub(super) fn of_applied(&self, done: &Applied) -> State {
        match self.folder.steps.iter().find(|step| step.name == done.name) {
            Some(step) => self.of_step(step),
            // Only such a name can be one of a file: others are of a guest.
            None if number(&done.name).is_some() && !done.may_be_gone => State::Gone,
            None => State::Applied,
        }
    }

    /// Sentences that say why nothing is to be run. `out_of_order` names steps that may come late.
    pub(super) fn problems(&self, out_of_order: &[String]) -> Vec<String> {
        let steps = self.folder.steps.iter().filter_map(|step| {
            let name = &step.name;
            let may_be_late = out_of_order.contains(name);
            match self.of_step(step) {
                State::Changed => Some(format!(
                    "step {name}: its text differs from the one that was run: leave it as it was and add another step; or, if \
                     the tables are as it says now, run innkeeper migrate accept {name}"
                )),
                State::Late if !may_be_late => Some(format!(
                    "step {name}: it comes late: {} has been run: give it a number above that; or, if it does not matter, run it \
                     with --out-of-order {name}",
                    self.last_applied()
                )),
                State::Doubled if !may_be_late => Some(self.doubled(step)),
                _ => None,
            }
        });
        self.folder.odd.iter().cloned().chain(steps).collect()
    }

    /// Sentences that only say something.
    pub(super) fn notes(&self) -> Vec<String> {
        let gone = self.applied.iter().filter(|done| self.of_applied(done) == State::Gone);
        let gone = gone.map(|done| {
            let name = &done.name;
            format!(
                "step {name}: it has been run, and its file is not here: put it back; or, if that is meant, run innkeeper \
                 migrate accept {name}"
            )
        });
        self.folder.copies.iter().cloned().chain(gone).collect()
    }

    fn last_applied(&self) -> &str {
        let numbered = self.applied.iter().filter(|done| number(&done.name).is_some());
        numbered.map(|done| done.name.as_str()).max().unwrap_or_default()
    }

    fn doubled(&self, step: &Step) -> String {
        let name = &step.name;
        let renamed =
            self.applied.iter().find(|done| self.of_applied(done) == State::Gone && step.has_hash(&done.hash));
        if let Some(before) = renamed {
            return format!(
                "step {name}: it has the text of {0}, which has been run: give its file the name {0} again",
                before.name
            );
        }
        let own = number(name);
        let names =
            self.folder.steps.iter().map(|other| &other.name).chain(self.applied.iter().map(|done| &done.name));
        let mut others: Vec<&str> =
            names.filter(|other| *other != name && number(other) == own).map(String::as_str).collect();
        others.sort_unstable();
        others.dedup();
        format!(
            "step {name}: {} has its number, too: give one that has not been run a number of its own, above all others; or, if \
             the order does not matter, run it with --out-of-order {name}",
            others.join(", ")
        )
    }
}
