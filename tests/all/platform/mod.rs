//! At home on a dyno: the platform's checklist (T1 to T20; `t13_` is the thirteenth) against
//! stand-ins of its router, its dyno manager, its Postgres and its build.

mod buildpack;
mod files;
mod log_lines;
mod samples;
mod secrets;
mod slug;
mod traces;
