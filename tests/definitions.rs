//! Files of drills, good and bad, and what their authors are told.

// Helpers of tests fail by panicking, like the tests that call them.
#![allow(clippy::unwrap_used)]

#[path = "definitions/support.rs"]
mod support;

#[path = "definitions/files.rs"]
mod files;
#[path = "definitions/hostile.rs"]
mod hostile;
#[path = "definitions/keys.rs"]
mod keys;
#[path = "definitions/paths.rs"]
mod paths;
#[path = "definitions/secrets.rs"]
mod secrets;
#[path = "definitions/settings.rs"]
mod settings;
#[path = "definitions/snapshots.rs"]
mod snapshots;
