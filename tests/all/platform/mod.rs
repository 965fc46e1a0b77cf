//! The rules of the platform, test by test: `t13_` is the thirteenth of the checklist.

mod log_lines;
mod samples;
mod secrets;
mod traces;
