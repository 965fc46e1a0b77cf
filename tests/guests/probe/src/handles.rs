//! Resources that later steps name by number.

use serde_json::{Value as Json, json};

use crate::args::Args;
use crate::failure::Failure;

/// The resources of one kind, in the order of their making.
pub struct Handles<T>(Vec<Option<T>>);

impl<T> Handles<T> {
    /// None yet.
    pub fn new() -> Handles<T> {
        Handles(Vec::new())
    }

    /// Keeps a resource and returns its number.
    pub fn keep(&mut self, resource: T) -> Json {
        self.0.push(Some(resource));
        json!(self.0.len() - 1)
    }

    /// The resource whose number is the argument `name`.
    pub fn get(&self, args: Args, name: &str) -> Result<&T, Failure> {
        let slot = self.0.get(args.number::<usize>(name)?);
        slot.and_then(Option::as_ref).ok_or_else(|| Failure::bad_step(&format!("no such {name}")))
    }

    /// Drops the resource whose number is the argument `name`.
    pub fn drop(&mut self, args: Args, name: &str) -> Result<Json, Failure> {
        let slot = self.0.get_mut(args.number::<usize>(name)?);
        slot.and_then(Option::take)
            .map(|_| Json::Null)
            .ok_or_else(|| Failure::bad_step(&format!("no such {name}")))
    }
}
