//! What a check found out, before it becomes a finding.

use crate::model::{Outcome, Reason};

/// An answer: how it ended and what a person should read.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Answer {
    pub outcome: Outcome,
    pub reason: Option<Reason>,
    pub observed: String,
    /// Replaces the expectation where the database tells more of it: `every one of 14 foreign keys holds`.
    pub expected: Option<String>,
    pub hint: Option<String>,
    pub warnings: Vec<String>,
    pub newest_row_age_seconds: Option<f64>,
}

impl Answer {
    fn new(outcome: Outcome, reason: Option<Reason>, observed: impl Into<String>) -> Self {
        let observed = observed.into();
        Self {
            outcome,
            reason,
            observed,
            expected: None,
            hint: None,
            warnings: vec![],
            newest_row_age_seconds: None,
        }
    }

    pub(super) fn passed(observed: impl Into<String>) -> Self {
        Self::new(Outcome::Passed, None, observed)
    }

    /// Asked and answered, but not as expected.
    pub(super) fn failed(observed: impl Into<String>) -> Self {
        Self::new(Outcome::Failed, Some(Reason::CheckFailed), observed)
    }

    pub(super) fn judged(holds: bool, observed: impl Into<String>) -> Self {
        if holds { Self::passed(observed) } else { Self::failed(observed) }
    }

    /// The backup may have lost what was asked for: a finding, not an error of the check.
    pub(super) fn missing(observed: impl Into<String>) -> Self {
        Self::new(Outcome::Failed, Some(Reason::ObjectMissing), observed)
    }

    pub(super) fn errored(reason: Reason, observed: impl Into<String>) -> Self {
        Self::new(Outcome::Errored, Some(reason), observed)
    }

    /// The check cannot be asked as it is written.
    pub(super) fn invalid(observed: impl Into<String>, hint: impl Into<String>) -> Self {
        Self::errored(Reason::CheckInvalid, observed).with_hint(hint)
    }

    pub(super) fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    pub(super) fn with_warnings(mut self, warnings: Vec<String>) -> Self {
        self.warnings = warnings;
        self
    }

    pub(super) fn expecting(mut self, expected: impl Into<String>) -> Self {
        self.expected = Some(expected.into());
        self
    }
}
