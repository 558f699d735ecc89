//! What a person sees of an error: what was tried, what was found, what to do next.

use crate::model::Reason;

/// An error that can be explained to a person. `Display` says what was tried and what was found.
pub trait Explain: std::error::Error {
    /// What it makes of a run, from the closed list.
    fn reason(&self) -> Reason;

    /// What to do next, where something can be done: one sentence, imperative.
    fn hint(&self) -> Option<String> {
        None
    }
}
