//! The end of a run before its end.

use crate::error::Explain;
use crate::model::event::Stop;
use crate::model::{Phase, Reason};

/// Why a run goes no further. Every error that can be explained turns into one by `?`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Halt(pub Box<Stop>);

impl Halt {
    /// Stops for a reason, with what was tried and found.
    pub fn new(reason: Reason, detail: impl Into<String>) -> Self {
        Self(Box::new(Stop { reason, phase: None, detail: detail.into(), hint: None }))
    }

    /// Says what to do next.
    #[must_use]
    pub fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.0.hint = Some(hint.into());
        self
    }

    /// Says in which phase, where nobody has said it yet.
    #[must_use]
    pub fn in_phase(mut self, phase: Phase) -> Self {
        self.0.phase.get_or_insert(phase);
        self
    }
}

impl<E: Explain> From<E> for Halt {
    fn from(error: E) -> Self {
        let hint = error.hint();
        Self(Box::new(Stop { reason: error.reason(), phase: None, detail: error.to_string(), hint }))
    }
}
