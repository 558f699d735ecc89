//! The verdict, as a pure function of what was recorded.
//!
//! A run starts as inconclusive and must *earn* `passed`: every planned phase and every planned check ended with
//! positive evidence. It must equally earn `failed`: by a finding about the backup, never by trouble of our own.

use super::sentence::sentence;
use super::{Clocks, RunRecord};
use crate::model::event::Stop;
use crate::model::{Finding, Integrity, Outcome, Phase, Reason, Verdict};

/// What a run means.
#[derive(Debug, Clone, PartialEq)]
pub struct Conclusion {
    /// The verdict.
    pub verdict: Verdict,
    /// Why it did not pass; the first in phase order.
    pub reason: Option<Reason>,
    /// The verdict in one sentence for a person.
    pub sentence: String,
    /// How much is known of the restored data.
    pub integrity: Integrity,
    /// All clocks.
    pub clocks: Clocks,
}

impl Conclusion {
    /// Judges a run that has ended.
    pub fn of(record: &RunRecord) -> Self {
        let clocks = Clocks::of(record);
        let reason = reason(record, &clocks);
        let verdict = reason.map_or(Verdict::Passed, Reason::verdict);
        let sentence = sentence(record, &clocks, verdict, reason);
        Self { verdict, reason, sentence, integrity: integrity(record, verdict), clocks }
    }

    /// Whether the run counts as proof that the service is recoverable.
    pub fn is_proof(&self, record: &RunRecord) -> bool {
        self.verdict == Verdict::Passed && record.chosen.is_some() && !record.chosen_by_hand()
    }
}

/// Objectives are judged of a whole run only: a run that lost its thread has not missed them (2026-11-21).
fn reason(record: &RunRecord, clocks: &Clocks) -> Option<Reason> {
    trouble(record).or_else(|| missed_objective(clocks))
}

/// Why a run is not whole, the first reason in phase order; `None` where everything that was planned is proven.
pub(super) fn trouble(record: &RunRecord) -> Option<Reason> {
    let stopped = record.stop.as_ref().map(|stop| stop.reason);
    let fatal =
        |verdict| record.fatal_restore_errors().map(|(_, reason)| reason).find(|r| r.verdict() == verdict);
    record
        .stop
        .as_ref()
        .filter(|stop| overrides(stop))
        .map(|stop| stop.reason)
        .or_else(|| lost_under_a_check(record))
        .or_else(|| fatal(Verdict::Failed))
        .or_else(|| first_reason(record, Outcome::Failed, Reason::CheckFailed))
        .or_else(|| first_rehearsed(record, Outcome::Failed, Reason::RollbackFailed))
        .or(stopped)
        .or_else(|| fatal(Verdict::Errored))
        .or_else(|| first_reason(record, Outcome::Errored, Reason::CheckInvalid))
        .or_else(|| first_rehearsed(record, Outcome::Errored, Reason::Internal))
        .or_else(|| (!(recovered(record) && rehearsed(record))).then_some(Reason::Internal))
}

/// A failed check is evidence that a later trouble of ours does not take back, unless the sandbox was lost under it or
/// the run was taken away: then its answers can't be trusted, or nobody waits for them (measures.md). A failure in an
/// earlier phase comes first in phase order.
fn overrides(stop: &Stop) -> bool {
    match stop.reason.verdict() {
        Verdict::Aborted | Verdict::Cancelled => true,
        Verdict::Failed => stop.phase.is_none_or(|phase| phase < Phase::Verify),
        // Lost while a rollback was rehearsed, its answers had all been given.
        _ if stop.phase.is_some_and(|phase| phase > Phase::Verify) => stop.reason == Reason::StoreFailed,
        // The end of the sandbox's time to live comes from beside the phases.
        _ if stop.phase.is_none() && stop.reason == Reason::Timeout => true,
        _ => matches!(stop.reason, Reason::SandboxLost | Reason::SandboxOutOfMemory | Reason::StoreFailed),
    }
}

/// One check that asks for too much memory takes nothing from the answers of the others; where the sandbox went with it,
/// the run has stopped for that (2026-11-22).
fn lost_under_a_check(record: &RunRecord) -> Option<Reason> {
    let mut reasons = record.findings.iter().filter_map(|finding| finding.reason);
    reasons.find(|reason| *reason == Reason::SandboxLost)
}

fn first_reason(record: &RunRecord, outcome: Outcome, otherwise: Reason) -> Option<Reason> {
    let first = record.findings_in_order().into_iter().find(|finding| finding.outcome == outcome)?;
    Some(first.reason.unwrap_or(otherwise))
}

fn first_rehearsed(record: &RunRecord, outcome: Outcome, otherwise: Reason) -> Option<Reason> {
    let first = record.rehearsals_in_order().into_iter().find(|rehearsed| rehearsed.outcome == outcome)?;
    Some(first.reason.unwrap_or(otherwise))
}

fn missed_objective(clocks: &Clocks) -> Option<Reason> {
    let recovery_point = [&clocks.recovery_point_age, &clocks.worst_exposure];
    let unproven = |clock: &&&super::RecoveryPointClock| clock.met() == Some(false) && clock.value.is_none();
    if recovery_point.iter().any(|clock| clock.met() == Some(false) && clock.value.is_some()) {
        return Some(Reason::RpoMissed);
    }
    if recovery_point.iter().any(|clock| unproven(&clock)) {
        return Some(Reason::RpoNotProvable);
    }
    let recovery = [clocks.time_to_restored, clocks.time_to_verified];
    recovery.iter().any(|clock| clock.met() == Some(false)).then_some(Reason::RtoMissed)
}

/// Positive evidence for everything that belongs to the recovery: phases and checks. A teardown that went wrong is a
/// leak, which is told beside the verdict and is not part of it.
pub(super) fn recovered(record: &RunRecord) -> bool {
    let opening = &record.opening;
    let good_end = |phase| record.phases.iter().rev().find(|s| s.phase == phase).is_some_and(|s| s.succeeded);
    let of_recovery = |phase: &Phase| !matches!(phase, Phase::Rehearse | Phase::Teardown);
    let answered = |finding: &&Finding| finding.outcome == Outcome::Passed;
    !opening.checks.is_empty()
        && opening.phases.iter().copied().filter(of_recovery).all(good_end)
        && record.findings_in_order().iter().filter(|finding| answered(finding)).count()
            == opening.checks.len()
        && record.reached(crate::model::Milestone::Verified).is_some()
        && record.fatal_restore_errors().next().is_none()
}

/// Positive evidence for every rehearsal that was planned.
fn rehearsed(record: &RunRecord) -> bool {
    let planned = &record.opening.rehearsals;
    let passed =
        |name: &str| record.rehearsals.iter().any(|one| one.name == name && one.outcome == Outcome::Passed);
    planned.iter().all(|plan| passed(&plan.name))
}

fn integrity(record: &RunRecord, verdict: Verdict) -> Integrity {
    let anything_held = record.findings.iter().any(|finding| finding.outcome == Outcome::Passed);
    match verdict {
        Verdict::Passed => Integrity::Plausible,
        // A missed objective, or a rollback that loses data, says nothing against the data.
        Verdict::Failed | Verdict::Errored if anything_held && recovered(record) => Integrity::Plausible,
        _ => Integrity::Unknown,
    }
}
