//! What the host tells its operator: the log, and figures.

pub mod figures;
mod log;
pub mod metrics;

pub use log::start;
