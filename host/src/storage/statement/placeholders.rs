//! Keeps account of the placeholders of a statement.

use super::Refusal;

/// More parameters than the wire of Postgres can carry.
const TOO_MANY: u32 = 65_536;

/// Which placeholders have been seen. The first 128 cost no allocation.
#[derive(Debug, Default)]
pub(super) struct Placeholders {
    first: u128,
    more: Vec<u128>,
    highest: u32,
}

impl Placeholders {
    /// Notes `$number`, which is at least 1.
    pub(super) fn note(&mut self, number: u32) -> Result<(), Refusal> {
        if number >= TOO_MANY {
            return Err(Refusal::placeholder("a placeholder has too high a number"));
        }
        self.highest = self.highest.max(number);
        let (block, bit) = ((number - 1) / u128::BITS, (number - 1) % u128::BITS);
        match usize::try_from(block).ok().and_then(|block| block.checked_sub(1)) {
            None => self.first |= 1 << bit,
            Some(block) => {
                if self.more.len() <= block {
                    self.more.resize(block + 1, 0);
                }
                if let Some(bits) = self.more.get_mut(block) {
                    *bits |= 1 << bit;
                }
            }
        }
        Ok(())
    }

    /// How many there are. SQLite binds a missing one to NULL without a word, Postgres cannot tell
    /// its type.
    pub(super) fn count(&self) -> Result<u32, Refusal> {
        let blocks = [self.first].into_iter().chain(self.more.iter().copied());
        let seen: u32 = blocks.map(u128::count_ones).sum();
        if seen == self.highest {
            return Ok(seen);
        }
        let message =
            format!("placeholders must be $1 to ${} without a gap; {seen} of them are used", self.highest);
        Err(Refusal::placeholder(message))
    }
}
