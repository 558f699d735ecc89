//! Drillyard rehearses disasters: it takes the newest backup of a database from where it lives, restores it into a
//! throwaway container that nothing can reach, proves that the data is whole, rehearses rollbacks on it, measures
//! recovery time and recovery point, destroys everything, and tells those who answer for it.
//!
//! # One drill, followed from YAML to verdict
//!
//! ```text
//! YAML ─definition→ Drill ─locate→ Candidate ─fetch→ Artifact ─provision→ Sandbox ─restore→ Restored ─verify→ findings
//!                      └────────────────── every step tells Events ──────────────────┐
//!                                              fold → RunRecord → Conclusion → text, JSON, page, exit code
//! ```
//!
//! 1. [`definition`] turns text into a [`Drill`](definition::Drill) that cannot be wrong in form, or into all of its
//!    faults at once.
//! 2. [`run`] claims the run in the [`store`], so that a record of it exists before anything else does, and goes through
//!    the phases; `run/mod.rs` is the whole life of a drill on one page.
//! 3. [`source`] lists what could be a backup, chooses, reads it once: digest, format by its bytes, header.
//! 4. [`sandbox`] makes a container without network, capability or writable host path, reads its profile back, and
//!    talks to its server over exec; the container ends with whoever holds its lease.
//! 5. The restore runs PostgreSQL's own programs inside the sandbox; [`database`] knows the recipes and judges every
//!    error that the server printed.
//! 6. [`check`] asks the drill's questions as a role that may only read.
//!    Then [`run`] rehearses the drill's rollbacks, each on a copy of the data directory in a sandbox of its own;
//!    [`digest`] tells what the way back lost.
//! 7. The teardown removes everything and proves it by an independent listing. The verdict, its evidence and its line of
//!    history are one transaction.
//! 8. [`record`] folds the events; clocks and verdict are pure functions of them; [`report`] and [`listen`] show them.
//! 9. The [`daemon`] does all this on schedule: [`schedule`] says what is due, without a clock of its own; what nobody
//!    could start is a run that never began; [`notify`] decides with the verdict who is told.
//!
//! # Layers
//!
//! A module imports only what stands above it or beside it in this list; `tests/tidy.rs` holds it.
//!
//! | layer | modules | imports |
//! |---|---|---|
//! | 0 | [`model`] | nothing of ours |
//! | 0 | [`error`] | `model` |
//! | 1 | [`definition`], [`database`], [`record`] | `model`, `error` |
//! | 2 | [`store`], [`report`], [`engine`], [`aws`] | layers 0 and 1 |
//! | 2 | [`schedule`] | `model`, `definition` |
//! | 3 | [`source`], [`sandbox`], [`listen`] | layers 0 to 2 |
//! | 4 | [`check`] | `sandbox`, `definition`, layers 0 and 1 |
//! | 4 | [`digest`] | `definition`, layers 0 and 1 |
//! | 5 | [`run`] | all of the above but `report` |
//! | 6 | [`daemon`] | what `run` and its layers give it, `notify` |
//! | 6 | [`cli`] | everything |
//!
//! # What holds everywhere
//!
//! - An intent is durable before its effect: what a killed process has made can be found by what it wrote.
//! - No value of a restored row and no secret reaches a log, an argument list, an error, a page or the store.
//! - A bad backup is a finding, a broken drill is an error; neither is ever taken for the other.
//! - Only [`engine`] sees the container engine's client; only [`cli`] and the terminal listener write to the standard
//!   streams; the environment is read in [`cli`] and in `definition::secret` alone.
//!
//! # Deliberately absent
//!
//! No network to a sandbox, no bind-mounted socket, no PostgreSQL program on the host, no `prune`, no configuration
//! inside containers, no plug-ins. What is not there *yet* stands in the changelog.

pub mod aws;
pub mod check;
pub mod cli;
pub mod daemon;
pub mod database;
pub mod definition;
pub mod digest;
pub mod engine;
pub mod error;
pub mod failpoint;
pub mod listen;
pub mod model;
pub mod notify;
pub mod record;
pub mod report;
pub mod run;
pub mod sandbox;
pub mod schedule;
pub mod source;
pub mod store;
