//! Checks against real servers: what each kind finds, and what a restored database can't do to it.

// Helpers of tests are tests: a failure is a panic.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod containment;
mod eighteen;
mod foreign_keys;
mod fresh;
#[path = "../support/major.rs"]
mod major;
#[path = "../support/postgres.rs"]
mod postgres;
mod rows;
mod sequences;
mod server;
mod sql;
mod tables;
mod wire;
