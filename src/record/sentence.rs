//! The verdict in one sentence that a person understands without having read anything else.

use std::time::Duration;

use super::{Clocks, RunRecord, rehearsal, words};
use crate::model::{Finding, Outcome, Reason, Rehearsed, Verdict};

/// `orders is recoverable: restored and verified in 41.2 s from a backup 3 h 12 min old; 7 of 7 checks passed.`
pub(super) fn sentence(
    record: &RunRecord,
    clocks: &Clocks,
    verdict: Verdict,
    reason: Option<Reason>,
) -> String {
    let service = &record.opening.service;
    match (verdict, reason) {
        (Verdict::Passed, _) => passed(record, clocks),
        (Verdict::Failed, Some(reason)) => format!("{service}: {}.", why_failed(record, clocks, reason)),
        (Verdict::Errored, Some(reason)) => {
            format!("{service}: the drill could not find out: {}.", why_stopped(record, reason))
        }
        (Verdict::Cancelled, Some(reason)) => {
            format!("{service}: the drill was stopped: {}.", reason.meaning())
        }
        (Verdict::Aborted, Some(reason)) => format!("{service}: the drill was lost: {}.", reason.meaning()),
        (_, Some(reason)) => format!("{service}: the drill did not run: {}.", reason.meaning()),
        (_, None) => format!("{service}: {verdict}."),
    }
}

fn passed(record: &RunRecord, clocks: &Clocks) -> String {
    let service = &record.opening.service;
    let checks = record.opening.checks.len();
    let took =
        clocks.time_to_verified.value.map_or_else(String::new, |value| format!(" in {}", duration(value)));
    let loss = match clocks.recovery_point_age.value {
        Some(age) => format!("a recovery point {} old", duration(age)),
        None => "a recovery point of unknown age".to_owned(),
    };
    let plural =
        if checks == 1 { "1 check passed".to_owned() } else { format!("{checks} of {checks} checks passed") };
    format!(
        "{service} is recoverable: restored and verified{took} to {loss}; {plural}{}.",
        rollbacks_rehearsed(record)
    )
}

fn rollbacks_rehearsed(record: &RunRecord) -> String {
    match record.opening.rehearsals.len() {
        0 => String::new(),
        1 => "; 1 rollback rehearsed".to_owned(),
        several => format!("; {several} rollbacks rehearsed"),
    }
}

fn why_failed(record: &RunRecord, clocks: &Clocks, reason: Reason) -> String {
    match reason {
        Reason::RtoMissed => format!("recovery took too long: {}", recovery_time_against(record, clocks)),
        Reason::RpoMissed => format!("too much data would be lost: {}", recovery_point_against(clocks)),
        Reason::RpoNotProvable => {
            format!("the recovery point cannot be proven: {}", clocks.recovery_point_age.basis)
        }
        _ => match first_failed(record)
            .filter(|finding| finding.reason.unwrap_or(Reason::CheckFailed) == reason)
        {
            Some(finding) => format!("restored, but {}", failed_checks(record, finding)),
            None if rehearsed_as(record, reason).is_some() => {
                format!("recoverable, but {}", why_rehearsal(record, reason).unwrap_or_default())
            }
            None => format!("not recoverable from this backup: {}", why_stopped(record, reason)),
        },
    }
}

fn first_failed(record: &RunRecord) -> Option<&Finding> {
    record.findings_in_order().into_iter().find(|finding| finding.outcome == Outcome::Failed)
}

fn failed_checks(record: &RunRecord, first: &Finding) -> String {
    let failed = record.findings.iter().filter(|finding| finding.outcome == Outcome::Failed).count();
    let total = record.opening.checks.len();
    let expected = format!("expected {}, observed {}", first.expected, first.observed);
    format!("{} failed: {}: {expected}", words::part(failed, total, "check"), first.name)
}

fn rehearsed_as(record: &RunRecord, reason: Reason) -> Option<&Rehearsed> {
    let of_reason = |rehearsed: &&Rehearsed| rehearsed.reason == Some(reason);
    record.rehearsals_in_order().into_iter().find(of_reason)
}

/// The rehearsal's own sentence, inside of another.
fn why_rehearsal(record: &RunRecord, reason: Reason) -> Option<String> {
    let sentence = rehearsal::sentence(rehearsed_as(record, reason)?);
    let (first, rest) = sentence.split_at_checked(1)?;
    Some(format!("{}{}", first.to_lowercase(), rest.trim_end_matches('.')))
}

fn why_stopped(record: &RunRecord, reason: Reason) -> String {
    let stop = record.stop.as_ref().filter(|stop| stop.reason == reason).map(|stop| stop.detail.clone());
    let invalid = || {
        let finding =
            record.findings_in_order().into_iter().find(|finding| finding.reason == Some(reason))?;
        Some(format!("{}: {}", finding.name, finding.observed))
    };
    let rehearsal = || {
        let rehearsed = rehearsed_as(record, reason)?;
        Some(format!("{}: {}", rehearsed.name, rehearsed.detail.as_deref()?))
    };
    match stop.or_else(invalid).or_else(rehearsal) {
        Some(detail) if !detail.is_empty() => {
            format!("{} ({})", reason.meaning(), detail.trim_end_matches('.'))
        }
        _ => reason.meaning().to_owned(),
    }
}

fn recovery_time_against(record: &RunRecord, clocks: &Clocks) -> String {
    let judged =
        [clocks.time_to_verified, clocks.time_to_restored].into_iter().find(|c| c.objective.is_some());
    let objective = record.opening.objectives.rto.map_or_else(|| "none".to_owned(), duration);
    match judged.and_then(|clock| clock.value) {
        Some(value) => format!("{} against an objective of {objective}", duration(value)),
        None => format!("it was not reached within an objective of {objective}"),
    }
}

fn recovery_point_against(clocks: &Clocks) -> String {
    let missed = [
        (&clocks.recovery_point_age, "the recovery point is"),
        (&clocks.worst_exposure, "backups are up to"),
    ]
    .into_iter()
    .find(|(clock, _)| clock.met() == Some(false) && clock.value.is_some());
    let Some((clock, what)) = missed else { return "the objective is missed".to_owned() };
    let apart = if what.starts_with("backups") { "apart" } else { "old" };
    let value = clock.value.map_or_else(|| "?".to_owned(), duration);
    let objective = clock.objective.map_or_else(|| "?".to_owned(), duration);
    format!("{what} {value} {apart}, against an objective of {objective}")
}

/// A duration for a person: `0.42 s`, `41.2 s`, `3 min 20 s`, `3 h 12 min`, `2 d 4 h`. Rounding never shows more than
/// a step holds: 59.96 s is `1 min 0 s`.
pub fn duration(duration: Duration) -> String {
    match duration.as_millis() {
        0..9_995 => return format!("{:.2} s", duration.as_secs_f64()),
        9_995..59_950 => return format!("{:.1} s", duration.as_secs_f64()),
        _ => {}
    }
    let seconds = duration.as_secs().max(60);
    match seconds {
        0..3600 => format!("{} min {} s", seconds / 60, seconds % 60),
        3600..172_800 => format!("{} h {} min", seconds / 3600, seconds % 3600 / 60),
        _ => format!("{} d {} h", seconds / 86_400, seconds % 86_400 / 3600),
    }
}
