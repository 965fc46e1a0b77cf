//! The sizes of dynos, and what this configuration comes to on each.

use super::threads::{self, ThreadBudget};
use super::{Config, Environment, Error, limits};

/// A size of dynos.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DynoSize {
    /// What Heroku calls it; several have the same size.
    pub name: &'static str,
    /// Bytes of memory.
    pub memory: u64,
    /// Processes and threads together.
    pub processes: u64,
}

const MIB: u64 = 1 << 20;
const GIB: u64 = 1 << 30;

/// All sizes, the smallest first (Heroku Dev Center, "Dyno Types", "Limits").
pub const DYNO_SIZES: [DynoSize; 7] = [
    DynoSize { name: "Eco, Basic, Standard-1X", memory: 512 * MIB, processes: 256 },
    DynoSize { name: "Standard-2X", memory: GIB, processes: 512 },
    DynoSize { name: "Performance-M", memory: 2_560 * MIB, processes: 16_384 },
    DynoSize { name: "Performance-L", memory: 14 * GIB, processes: 32_768 },
    DynoSize { name: "Performance-L-RAM", memory: 30 * GIB, processes: 32_768 },
    DynoSize { name: "Performance-XL", memory: 62 * GIB, processes: 32_768 },
    DynoSize { name: "Performance-2XL", memory: 126 * GIB, processes: 65_536 },
];

impl Config {
    /// The same on a dyno of another size.
    pub fn on(&self, size: &DynoSize) -> Result<Self, Error> {
        Ok(Self {
            memory_bytes: size.memory,
            threads: ThreadBudget::on(&self.environment, Some(size.processes))?,
            limits: limits(&self.environment, size.memory)?,
            ..self.clone()
        })
    }
}

impl ThreadBudget {
    /// Of a system that allows so many processes, unless the environment says something else.
    pub(super) fn on(environment: &Environment, processes: Option<u64>) -> Result<Self, Error> {
        let given = environment.number(threads::THREADS, threads::BOUNDS)?;
        Ok(Self::of(given.unwrap_or_else(|| threads::part_of(processes)), threads::cores()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::DatabaseOptions;

    #[test]
    fn a_larger_dyno_has_more_of_everything() -> Result<(), Error> {
        let environment = Environment::from_pairs([("INNKEEPER_MEMORY", "1GiB")]);
        let config = Config::load(&DatabaseOptions::default(), &environment)?;
        let mut last = 0;
        for size in &DYNO_SIZES {
            let there = config.on(size)?;
            assert!(there.memory_budget().guests > last, "{}", size.name);
            last = there.memory_budget().guests;
        }
        let small = config.on(&DYNO_SIZES[0])?;
        assert_eq!((small.threads.all, small.limits.compile_memory), (128, 384 * MIB));
        Ok(())
    }
}
