//! The run remembered: a fold over its events.

pub mod journal;
pub mod summary;

pub use journal::{Journal, JournalError};
pub use summary::RunSummary;
