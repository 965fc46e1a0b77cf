//! How much memory this process may use, and what of it is for guests.

use super::granted;
use super::units::Quantity;
use super::{Environment, Error};

/// The variable that says how much memory there is.
pub(super) const MEMORY: &str = "INNKEEPER_MEMORY";
/// The smallest dyno, for a system that tells nothing.
const FALLBACK_BYTES: u64 = 512 << 20;
/// With less no guest has any room beside the host. Who says less has forgotten the unit.
const LEAST_BYTES: u64 = 32 << 20;
const EXPECTED: &str = "a size such as 512MiB or 1GiB, at least 32MiB";
/// The process is let grow to this part of its memory. The kernel takes some for sockets, and
/// measuring takes a moment.
const CEILING_PERCENT: u128 = 87;
/// Beyond this part guests that are at work are ended.
const HARD_PERCENT: u128 = 91;
/// What a host without guests takes, until it is measured.
const HOST_BYTES: u64 = 64 << 20;
/// A compiler has at least so much, however little there is: a small component needs no more.
const LEAST_COMPILING: u64 = 128 << 20;
/// Guests have at least this part, however much the host itself takes.
const LEAST_PART: u64 = 8;
/// A slot for an instance costs address space, and some memory once it has been used.
const SLOT_BYTES: u64 = 256 << 10;
const SLOTS: std::ops::RangeInclusive<u64> = 64..=1_000;

/// SQLite computes in the memory of this process: the part of it that all its connections together
/// may have.
const SQLITE_PART: u64 = 4;
const MAX_SQLITE_BYTES: u64 = 256 << 20;
/// A statement that changes a value may hold it this many times.
const VALUES_OF_A_STATEMENT: u64 = 4;

/// How the memory of the process is divided, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MemoryBudget {
    /// What the process may grow to before nothing more is given to guests.
    pub ceiling: u64,
    /// Beyond this guests at work are ended.
    pub hard: u64,
    /// What guests may take together, before it is measured what the host takes.
    pub guests: u64,
    /// What guests may take in any case.
    pub least: u64,
    /// What a compiler may take beside a host that has little to do.
    pub compiling: u64,
}

impl MemoryBudget {
    /// The budget of a process that may use so many bytes.
    pub fn of(memory: u64) -> Self {
        let part = |percent: u128| u64::try_from(u128::from(memory) * percent / 100).unwrap_or(u64::MAX);
        let (ceiling, least) = (part(CEILING_PERCENT), (memory / LEAST_PART).max(1));
        Self {
            ceiling,
            hard: part(HARD_PERCENT),
            guests: ceiling.saturating_sub(HOST_BYTES).max(least),
            least,
            compiling: memory.saturating_sub(HOST_BYTES.saturating_add(least)).max(LEAST_COMPILING),
        }
    }

    /// How many instances there are slots for.
    pub fn slots(&self) -> u32 {
        let slots = (self.guests / SLOT_BYTES).clamp(*SLOTS.start(), *SLOTS.end());
        u32::try_from(slots).unwrap_or(u32::MAX)
    }
}

/// The bytes that this process may use: `INNKEEPER_MEMORY`, or what the system grants.
pub fn memory_bytes(environment: &Environment) -> Result<u64, Error> {
    let enough = |text: &str| <u64 as Quantity>::parse(text).filter(|bytes| *bytes >= LEAST_BYTES);
    let given = environment.parsed(MEMORY, EXPECTED, enough)?;
    Ok(given.or_else(granted::memory).unwrap_or(FALLBACK_BYTES))
}

/// A sentence where the variable says more than the system grants.
pub(super) fn beyond(memory: u64, granted: Option<u64>) -> Option<String> {
    let granted = granted.filter(|granted| *granted < memory)?;
    let [memory, granted] = [memory, granted].map(Quantity::show);
    Some(format!(
        "{MEMORY}={memory} is more than the {granted} that the system grants: it may end the host before a guest is refused"
    ))
}

/// The bytes that SQLite may allocate, where one value may have `value` bytes.
pub fn sqlite_heap(memory: u64, value: u64) -> u64 {
    (memory / SQLITE_PART).min(MAX_SQLITE_BYTES).max(value.saturating_mul(VALUES_OF_A_STATEMENT))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_setting_goes_before_the_system() {
        let memory = |value: &str| memory_bytes(&Environment::from_pairs([(MEMORY, value)]));
        assert_eq!(memory("1GiB"), Ok(1 << 30));
        assert!(memory("").is_ok_and(|bytes| bytes > 0));
        for wrong in ["much", "512", "31MiB", "0"] {
            let told = memory(wrong).unwrap_err().to_string();
            assert!(told.starts_with(&format!("INNKEEPER_MEMORY={wrong}: not a size")), "{told}");
            assert!(told.ends_with("at least 32MiB"), "{told}");
        }
    }

    #[test]
    fn more_than_there_is_gets_a_note() {
        let note = beyond(2 << 30, Some(512 << 20)).unwrap();
        assert!(note.starts_with("INNKEEPER_MEMORY=2GiB is more than the 512MiB that"), "{note}");
        assert_eq!((beyond(512 << 20, Some(512 << 20)), beyond(1, None)), (None, None));
    }

    #[test]
    fn guests_have_what_the_host_leaves() {
        let budget = MemoryBudget::of(512 << 20);
        assert_eq!((budget.ceiling >> 20, budget.hard >> 20, budget.guests >> 20), (445, 465, 381));
        assert_eq!((budget.slots(), budget.compiling >> 20), (1_000, 384));
        let small = MemoryBudget::of(64 << 20);
        assert_eq!((small.guests, small.slots(), small.compiling >> 20), (8 << 20, 64, 128));
        assert!(MemoryBudget::of(u64::MAX).guests < u64::MAX);
        assert_eq!(MemoryBudget::of(0).least, 1);
    }

    #[test]
    fn sqlite_has_a_part_of_memory_in_which_a_statement_fits() {
        let cases = [
            (512 << 20, 16 << 20, 128 << 20),
            (256 << 20, 16 << 20, 64 << 20),
            (128 << 20, 16 << 20, 64 << 20),
            (14 << 30, 16 << 20, 256 << 20),
            (512 << 20, 64 << 20, 256 << 20),
            (0, u64::MAX, u64::MAX),
        ];
        for (memory, value, heap) in cases {
            assert_eq!(sqlite_heap(memory, value), heap, "{memory} {value}");
        }
    }
}
