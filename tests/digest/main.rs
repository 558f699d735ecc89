//! States of real databases, and what differs between two of them.

// Helpers of tests are tests: a failure is a panic.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod cost;
mod eighteen;
#[path = "../support/major.rs"]
mod major;
mod objects;
#[path = "../support/postgres.rs"]
mod postgres;
mod restored;
mod rows;
mod server;
mod values;
