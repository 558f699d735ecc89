//! The command line's contract, held by the program that was built: exit codes, streams, JSON, and what a person is
//! told. Most of it needs no container; three drills of a small dump are really run, once, and shown many times.

#![allow(clippy::unwrap_used, clippy::panic)] // Helpers of tests are tests; clippy sees only `#[test]`.

mod support;

#[path = "cli/check.rs"]
mod check;
#[path = "cli/choose.rs"]
mod choose;
#[path = "cli/going_on.rs"]
mod going_on;
#[path = "cli/help.rs"]
mod help;
#[path = "cli/json.rs"]
mod json;
#[path = "cli/next.rs"]
mod next;
#[path = "cli/place.rs"]
mod place;
#[path = "store/scene.rs"]
#[allow(dead_code)] // Of the store's own scene only its events are used here.
mod records;
#[path = "cli/run.rs"]
mod run;
#[path = "cli/settings.rs"]
mod settings;
#[path = "cli/show.rs"]
mod show;
#[path = "cli/status.rs"]
mod status;
#[path = "cli/streams.rs"]
mod streams;
