#![doc = include_str!("../ARCHITECTURE.md")]

pub mod config;
pub mod telemetry;
pub mod storage;
pub mod interfaces;
pub mod guests;
pub mod web;
pub mod cli;
