//! Errored runs are done again: a trouble of ours is often gone a little later, a bad backup never is.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::definition::Drill;
use crate::model::event::Due;
use crate::model::{DrillName, Verdict};

/// A further attempt at an occurrence.
#[derive(Debug, Clone, PartialEq)]
pub struct Retry {
    /// What it answers.
    pub due: Due,
    /// Not before.
    pub at: Timestamp,
}

/// What is to be done again, at most one attempt of a drill.
#[derive(Debug, Default)]
pub struct Retries(BTreeMap<DrillName, Retry>);

impl Retries {
    /// Takes up a run that has ended, where its drill wants it again.
    pub fn consider(&mut self, drill: &Drill, due: &Due, verdict: Verdict, ended_at: Timestamp) {
        if verdict != Verdict::Errored || due.attempt > drill.retries.errored {
            return;
        }
        let at = ended_at.checked_add(drill.retries.after).unwrap_or(ended_at);
        let due = Due { attempt: due.attempt + 1, waited_seconds: 0.0, ..due.clone() };
        tracing::info!(drill = %drill.name, attempt = due.attempt, %at, "the run is to be done again");
        self.0.insert(drill.name.clone(), Retry { due, at });
    }

    /// A newer occurrence has come, or the drill is gone.
    pub fn forget(&mut self, drill: &DrillName) {
        self.0.remove(drill);
    }

    /// Attempts whose time has come, the oldest first.
    pub fn due(&self, now: Timestamp) -> Vec<(DrillName, Retry)> {
        let mut due: Vec<_> =
            self.0.iter().filter(|(_, retry)| retry.at <= now).map(|(n, r)| (n.clone(), r.clone())).collect();
        due.sort_by_key(|(_, retry)| retry.at);
        due
    }

    /// When the next one is due.
    pub fn next_at(&self) -> Option<Timestamp> {
        self.0.values().map(|retry| retry.at).min()
    }
}
