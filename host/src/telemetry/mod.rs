//! What the host tells its operator: the log, and figures.

pub mod figures;
pub mod host_work;
mod log;
mod log_queue;
pub mod log_ring;
pub mod metrics;
pub mod recent;
mod seldom;

pub use log::start;
pub use log_queue::LogGuard;
pub use seldom::Seldom;
