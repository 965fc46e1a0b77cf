//! What the host tells its operator: the log, and figures.

pub mod figures;
pub mod host_work;
mod log;
mod log_layer;
mod log_line;
mod log_queue;
pub mod log_ring;
pub mod metrics;
pub mod otlp;
mod own_process;
pub mod recent;
pub mod samples;
mod seldom;
pub mod traces;

pub use log::{start, start_beside};
pub use log_queue::{LogGuard, end_log};
pub use seldom::Seldom;
