//! Runs that are killed, stopped, kept and doubled: whatever happens to the process, nothing runs on, nothing stays, and
//! the record says what is known.

// Helpers of tests are tests: a failure is a panic.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stderr)]

mod calls;
mod kept;
mod kills;
mod rehearsals;
#[path = "../rig/mod.rs"]
mod rig;
mod signals;
mod sweeps;
mod together;
