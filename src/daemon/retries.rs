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

    /// An attempt that could not begin is still to be made.
    pub fn put_off(&mut self, drill: &DrillName, due: Due, at: Timestamp) {
        self.0.insert(drill.clone(), Retry { due, at });
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

    /// When the next one comes due; those that are due wait for room.
    pub fn next_at(&self, now: Timestamp) -> Option<Timestamp> {
        self.0.values().map(|retry| retry.at).filter(|at| *at > now).min()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_attempt_that_waits_for_room_wakes_nobody() {
        let at = |second: i64| Timestamp::from_second(1_800_000_000 + second).unwrap();
        let mut retries = Retries::default();
        for (drill, second) in [("orders", 10), ("users", 20)] {
            let due = Due { scheduled_at: at(0), attempt: 2, catch_up: false, waited_seconds: 0.0 };
            retries.put_off(&drill.parse().unwrap(), due, at(second));
        }
        assert_eq!((retries.due(at(9)).len(), retries.next_at(at(9))), (0, Some(at(10))));
        assert_eq!((retries.due(at(10)).len(), retries.next_at(at(10))), (1, Some(at(20))));
        assert_eq!((retries.due(at(99)).len(), retries.next_at(at(99))), (2, None));
    }
}
