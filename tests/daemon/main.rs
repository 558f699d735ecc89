//! The real daemon, with drills that are due in seconds: it runs them, is killed anywhere, hangs, panics, and tells.

// Helpers of tests are tests: a failure is a panic.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stderr)]

mod digest;
mod example;
mod files;
mod http;
mod kills;
mod life;
mod one_story;
mod place;
#[path = "../support/random.rs"]
mod random;
mod refusals;
#[path = "../rig/mod.rs"]
mod rig;
mod service;
#[path = "../support/smtp.rs"]
mod smtp;
mod soak;
#[path = "../support/mod.rs"]
mod support;
#[path = "../support/venv.rs"]
mod venv;
