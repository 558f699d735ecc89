//! Listeners to a run's stream. They show; they never decide: a failing listener changes no verdict.
//!
//! Lifecycle events are ordered and never dropped. [`Progress`] is a separate type, and may be.

pub mod log;
pub mod plain;
mod telling;
pub mod terminal;

pub use log::LogListener;
pub use plain::PlainListener;
pub use terminal::TerminalListener;

use crate::model::{Event, Phase};

/// How far a phase has come; superseded by the next one, so dropping it loses nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Progress {
    /// Which phase.
    pub phase: Phase,
    /// Bytes so far (or bytes of data in the server, for a restore).
    pub bytes: u64,
    /// Bytes in all, where known.
    pub total: Option<u64>,
    /// What goes on, in a few words: `COPY public.orders`, `4 of 12 checks`.
    pub note: Option<String>,
}

/// Something that is shown a run while it goes on.
pub trait Listener: Send {
    /// A fact that is already durable.
    fn on_event(&mut self, event: &Event);

    /// Progress; may be called often, must return quickly.
    fn on_progress(&mut self, progress: &Progress);
}

/// Shows nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct Silent;

impl Listener for Silent {
    fn on_event(&mut self, _event: &Event) {}

    fn on_progress(&mut self, _progress: &Progress) {}
}
