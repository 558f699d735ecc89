//! Messages on their way: into files, to a real mail server with STARTTLS and AUTH, to a real HTTP server; refused,
//! delayed, interrupted, and looked at by another program's eyes.

// Helpers of tests are tests: a failure is a panic.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod by_hand;
mod digest;
mod files;
mod scene;
#[path = "../support/smtp.rs"]
mod smtp;
#[path = "smtp.rs"]
mod to_a_server;
#[path = "web.rs"]
mod to_the_web;
#[path = "../support/venv.rs"]
mod venv;
