//! One line of history.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::model::{DrillName, Reason, RunId, Verdict};

/// A run as `history` lists it: the projection that `finish` stores beside the events, so that a list needs no fold.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RunSummary {
    /// The run.
    pub run: RunId,
    /// Its drill.
    pub drill: DrillName,
    /// Its service.
    pub service: String,
    /// The due instant that it answers; `None` for a run by hand.
    #[serde(default)]
    pub due_at: Option<Timestamp>,
    /// Wall clock at its start.
    pub started_at: Timestamp,
    /// Wall clock at its end; `None` while it runs.
    pub finished_at: Option<Timestamp>,
    /// `None` while it runs.
    pub verdict: Option<Verdict>,
    /// Why it did not pass.
    pub reason: Option<Reason>,
    /// The verdict in one sentence.
    pub sentence: Option<String>,
    /// Recovery time in seconds, where it was reached.
    pub time_to_verified_seconds: Option<f64>,
    /// Age of the recovery point in seconds, where it is known.
    pub recovery_point_age_seconds: Option<f64>,
    /// Something of it is still there.
    pub leaked: bool,
    /// It counts as proof: passed, and the backup was not chosen by hand.
    pub proof: bool,
    /// A person said which backup: the run says nothing of the newest one.
    #[serde(default)]
    pub chosen_by_hand: bool,
}

impl RunSummary {
    /// The projection of a run that has ended.
    pub fn of(record: &super::RunRecord, conclusion: &super::Conclusion) -> Self {
        let seconds = |value: Option<std::time::Duration>| value.map(|value| value.as_secs_f64());
        Self {
            run: record.opening.run,
            drill: record.opening.drill.clone(),
            service: record.opening.service.clone(),
            due_at: record.opening.due.as_ref().map(|due| due.scheduled_at),
            started_at: record.opening.started_at,
            finished_at: record.wall_clock(record.last),
            verdict: Some(conclusion.verdict),
            reason: conclusion.reason,
            sentence: Some(conclusion.sentence.clone()),
            time_to_verified_seconds: seconds(conclusion.clocks.time_to_verified.value),
            recovery_point_age_seconds: seconds(conclusion.clocks.recovery_point_age.value),
            leaked: record.leaked(),
            proof: conclusion.is_proof(record),
            chosen_by_hand: record.chosen_by_hand(),
        }
    }
}
