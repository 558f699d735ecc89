//! The JSON of a run, `drillyard/run/1`: a contract with programs.
//!
//! Every key is always there; what is not known is `null`, beside a `basis` that says why. New keys may be added within
//! a version, none changes its meaning. Strings are as they were recorded.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;

use super::json_parts::{Backup, CleanUp, RestoreError, Sandbox, Stop};
use super::json_rehearsals::Rehearsal;
use crate::model::event::{Due, PlannedCheck, Trigger};
use crate::model::{
    CheckKind, Finding, Integrity, Milestone, Outcome, Phase, PlannedRehearsal, Reason, RunId, Verdict,
};
use crate::record::{Clocks, Conclusion, PhaseSpan, RecoveryClock, RecoveryPointClock, RunRecord, outward};

/// The document of one run.
pub fn json(record: &RunRecord, conclusion: &Conclusion) -> Value {
    to_value(&Run::of(record, conclusion, Answers::Shown))
}

/// The document of one run for programs elsewhere: `expected` and `observed` of its `sql` checks are `null`, and sentences
/// quote neither.
pub fn outward_json(record: &RunRecord, conclusion: &Conclusion) -> Value {
    to_value(&Run::of(record, conclusion, Answers::Withheld))
}

/// What becomes of answers that may be values of rows.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Answers {
    Shown,
    Withheld,
}

/// Structs of strings, numbers and lists always have a JSON; `Null` stands for what can't happen.
pub(super) fn to_value(document: &impl Serialize) -> Value {
    serde_json::to_value(document).unwrap_or_default()
}

#[expect(clippy::struct_field_names, reason = "the names are the contract's")]
#[derive(Serialize)]
struct Run<'a> {
    schema: &'static str,
    run: RunId,
    drill: &'a str,
    service: &'a str,
    owner: Option<&'a str>,
    contact: Option<&'a str>,
    runbook: Option<&'a str>,
    labels: &'a BTreeMap<String, String>,
    trigger: Trigger,
    due: Option<&'a Due>,
    next_due_at: Option<Timestamp>,
    started_at: Timestamp,
    finished_at: Option<Timestamp>,
    definition_sha256: &'a str,
    drillyard_version: &'a str,
    verdict: Verdict,
    reason: Option<Reason>,
    sentence: Cow<'a, str>,
    integrity: Integrity,
    proof: bool,
    leaked: bool,
    stop: Option<Stop<'a>>,
    backup: Backup<'a>,
    sandbox: Sandbox<'a>,
    clocks: ClocksJson<'a>,
    milestones: Milestones,
    phases: Vec<PhaseJson<'a>>,
    checks: Vec<CheckJson<'a>>,
    checks_planned: &'a [PlannedCheck],
    rehearsals: Vec<Rehearsal<'a>>,
    rehearsals_planned: &'a [PlannedRehearsal],
    roles_created: &'a [String],
    restore_errors: Vec<RestoreError<'a>>,
    not_verified: &'a [String],
    warnings: &'a [String],
    cleanup: CleanUp<'a>,
    evidence: Evidence,
}

impl<'a> Run<'a> {
    fn of(record: &'a RunRecord, conclusion: &'a Conclusion, answers: Answers) -> Self {
        let opening = &record.opening;
        Self {
            schema: "drillyard/run/1",
            run: opening.run,
            drill: opening.drill.as_str(),
            service: &opening.service,
            owner: opening.owner.as_deref(),
            contact: opening.contact.as_deref(),
            runbook: opening.runbook.as_deref(),
            labels: &opening.labels,
            trigger: opening.trigger,
            due: opening.due.as_ref(),
            next_due_at: opening.next_due_at,
            started_at: opening.started_at,
            finished_at: record.finished_at(),
            definition_sha256: &opening.definition_sha256,
            drillyard_version: &opening.drillyard_version,
            verdict: conclusion.verdict,
            reason: conclusion.reason,
            sentence: match answers {
                Answers::Shown => Cow::Borrowed(&conclusion.sentence),
                Answers::Withheld => Cow::Owned(outward::sentence_of(record, conclusion)),
            },
            integrity: conclusion.integrity,
            proof: conclusion.is_proof(record),
            leaked: record.leaked(),
            stop: record.stop.as_ref().map(Stop::of),
            backup: Backup::of(record),
            sandbox: Sandbox::of(record),
            clocks: ClocksJson::of(&conclusion.clocks),
            milestones: Milestones::of(record),
            phases: record.phases.iter().map(|span| PhaseJson::of(record, span)).collect(),
            checks: record.findings_in_order().into_iter().map(|one| CheckJson::of(one, answers)).collect(),
            checks_planned: &opening.checks,
            rehearsals: record
                .rehearsals_in_order()
                .into_iter()
                .map(|one| Rehearsal::of(one, answers))
                .collect(),
            rehearsals_planned: &opening.rehearsals,
            roles_created: &record.roles_created,
            restore_errors: record.restore_errors.iter().map(RestoreError::of).collect(),
            not_verified: &record.not_verified,
            warnings: &record.warnings,
            cleanup: CleanUp::of(record),
            evidence: Evidence { sha256: None, previous: None },
        }
    }
}

/// The records' chain; this version does not write one.
#[derive(Serialize)]
struct Evidence {
    sha256: Option<String>,
    previous: Option<String>,
}

#[derive(Serialize)]
struct ClocksJson<'a> {
    time_to_queryable: ClockJson<'a>,
    time_to_restored: ClockJson<'a>,
    time_to_verified: ClockJson<'a>,
    backup_age: ClockJson<'a>,
    recovery_point_age: ClockJson<'a>,
    data_age: ClockJson<'a>,
    worst_exposure: ClockJson<'a>,
}

impl<'a> ClocksJson<'a> {
    fn of(clocks: &'a Clocks) -> Self {
        Self {
            time_to_queryable: ClockJson::of_time(clocks.time_to_queryable),
            time_to_restored: ClockJson::of_time(clocks.time_to_restored),
            time_to_verified: ClockJson::of_time(clocks.time_to_verified),
            backup_age: ClockJson::of_point(&clocks.backup_age),
            recovery_point_age: ClockJson::of_point(&clocks.recovery_point_age),
            data_age: ClockJson::of_point(&clocks.data_age),
            worst_exposure: ClockJson::of_point(&clocks.worst_exposure),
        }
    }
}

/// One shape for all clocks, so that a reader needs one type.
#[derive(Serialize)]
struct ClockJson<'a> {
    seconds: Option<f64>,
    basis: &'a str,
    objective_seconds: Option<f64>,
    met: Option<bool>,
    /// Why an objective of the recovery point is not judged.
    not_judged: Option<&'static str>,
}

impl<'a> ClockJson<'a> {
    fn of_time(clock: RecoveryClock) -> Self {
        let basis = if clock.value.is_some() { "measured" } else { "not reached" };
        Self {
            seconds: clock.value.as_ref().map(seconds),
            basis,
            objective_seconds: clock.objective.as_ref().map(seconds),
            met: clock.met(),
            not_judged: None,
        }
    }

    fn of_point(clock: &'a RecoveryPointClock) -> Self {
        Self {
            seconds: clock.value.as_ref().map(seconds),
            basis: &clock.basis,
            objective_seconds: clock.objective.as_ref().map(seconds),
            met: clock.met(),
            not_judged: clock.not_judged(),
        }
    }
}

/// Raw distances from the start, image pull and all, where the clocks leave it out.
#[expect(clippy::struct_field_names, reason = "each name says its unit, as everywhere in the contract")]
#[derive(Serialize)]
struct Milestones {
    queryable_seconds: Option<f64>,
    restored_seconds: Option<f64>,
    verified_seconds: Option<f64>,
}

impl Milestones {
    fn of(record: &RunRecord) -> Self {
        let at = |milestone| record.reached(milestone).map(|at| seconds(&at.elapsed()));
        Self {
            queryable_seconds: at(Milestone::Queryable),
            restored_seconds: at(Milestone::Restored),
            verified_seconds: at(Milestone::Verified),
        }
    }
}

#[derive(Serialize)]
struct PhaseJson<'a> {
    phase: Phase,
    started_at: Option<Timestamp>,
    offset_seconds: f64,
    seconds: Option<f64>,
    succeeded: bool,
    bytes: Option<u64>,
    waited_for: Option<&'a str>,
}

impl<'a> PhaseJson<'a> {
    fn of(record: &RunRecord, span: &'a PhaseSpan) -> Self {
        Self {
            phase: span.phase,
            started_at: record.wall_clock(span.start),
            offset_seconds: seconds(&span.start.elapsed()),
            seconds: span.duration().as_ref().map(seconds),
            succeeded: span.succeeded,
            bytes: span.bytes,
            waited_for: span.waited_for.as_deref(),
        }
    }
}

/// One check, or one expectation of a rehearsal.
#[derive(Serialize)]
pub(super) struct CheckJson<'a> {
    name: &'a str,
    kind: CheckKind,
    outcome: Outcome,
    reason: Option<Reason>,
    expected: Option<&'a str>,
    observed: Option<&'a str>,
    hint: Option<&'a str>,
    warnings: &'a [String],
    newest_row_age_seconds: Option<f64>,
    seconds: f64,
}

impl<'a> CheckJson<'a> {
    pub(super) fn of(finding: &'a Finding, answers: Answers) -> Self {
        let is_shown = answers == Answers::Shown || !outward::is_withheld(finding);
        Self {
            name: &finding.name,
            kind: finding.kind,
            outcome: finding.outcome,
            reason: finding.reason,
            expected: is_shown.then_some(&finding.expected),
            observed: is_shown.then_some(&finding.observed),
            hint: finding.hint.as_deref(),
            warnings: &finding.warnings,
            newest_row_age_seconds: finding.newest_row_age_seconds,
            seconds: finding.seconds,
        }
    }
}

/// Seconds to the microsecond, which is what the run's clock holds.
fn seconds(duration: &Duration) -> f64 {
    duration.as_secs_f64()
}
