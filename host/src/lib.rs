#![doc = include_str!("../ARCHITECTURE.md")]

pub mod cli;
pub mod config;
pub mod guests;
pub mod interfaces;
pub mod operations;
pub mod outbound;
pub mod storage;
pub mod telemetry;
pub mod web;
