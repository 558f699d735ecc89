//! The record store on real files: what was acknowledged is there, what was not is not, whoever dies in between.

// A test that can't go on says so by a panic.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)]

mod facts;
mod files;
mod life;
mod outbox;
mod processes;
mod reading;
mod scene;
mod telling;
