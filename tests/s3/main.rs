//! Backups in S3, from real servers: SeaweedFS, which checks what it is asked, rclone, which ignores much of it, moto,
//! which knows archive tiers, and a proxy that breaks what lies between.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::cast_precision_loss)]

mod chaos;
mod choosing;
mod drill;
mod fetching;
mod place;
mod refusals;
mod servers;
#[path = "../support/mod.rs"]
mod support;
#[path = "../support/venv.rs"]
mod venv;
