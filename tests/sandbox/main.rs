//! The sandbox is what its profile says, proven from inside; and a sandbox that breaks is never taken for a bad backup.

// Helpers of tests are tests: a failure is a panic.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod inside;
mod nonce;
#[path = "../rig/mod.rs"]
mod rig;
mod trouble;
