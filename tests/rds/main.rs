//! Backups that are snapshots of RDS: moto's API behind a front that makes states slow and calls fail, and a real
//! PostgreSQL with TLS for the temporary instance. Never tried against AWS itself; docs/aws.md says so.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod drawing;
mod front;
mod instance;
mod interrupted;
mod lost;
mod place;
mod refusals;
#[allow(dead_code)]
#[path = "../s3/servers.rs"]
mod servers;
#[path = "../support/mod.rs"]
mod support;
mod sweeping;
#[path = "../support/venv.rs"]
mod venv;
