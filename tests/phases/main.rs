//! Drills whose engine, sandbox or store breaks in each phase: the verdict is about the drill and never about the
//! backup, and nothing stays.

// Helpers of tests are tests: a failure is a panic.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stderr)]

mod engine_calls;
mod engine_silent;
#[path = "../rig/mod.rs"]
mod rig;
mod store;
