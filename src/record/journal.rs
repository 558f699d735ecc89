//! The edge that must acknowledge a fact before its effect.

use std::future::Future;

use crate::error::Explain;
use crate::model::{Event, Reason, RunId};

/// Where a run's events become durable.
pub trait Journal: Send + Sync {
    /// Appends events in order. Returns only when they would survive a power cut; an intent that is not acknowledged
    /// must not be followed by its effect. An event that is there already, word for word, is no error: whoever appended
    /// it may not have heard so.
    fn append(&self, run: RunId, events: &[Event]) -> impl Future<Output = Result<(), JournalError>> + Send;
}

/// The journal did not take the events: the run must stop, because what follows would leave no evidence.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the record store did not take an event: {message}")]
pub struct JournalError {
    /// What the store said.
    pub message: String,
}

impl Explain for JournalError {
    fn reason(&self) -> Reason {
        Reason::StoreFailed
    }

    fn hint(&self) -> Option<String> {
        Some("look at the disk of the state directory; the run was ended, because it would have left no evidence".into())
    }
}
