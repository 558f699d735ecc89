//! The subject says it all: `orders: NOT recoverable within 30 min: restored and verified in 41 min 12 s (drill of
//! 20 Nov)`.

use std::time::Duration;

use crate::model::{Outcome, Reason, Verdict};
use crate::record::sentence::duration;
use crate::record::visible::visible;
use crate::record::words;
use crate::record::{Clocks, Conclusion, RunRecord};
use crate::report::view::objective;

/// Characters of a subject; the end of a longer one is not shown where it matters.
const LONGEST: usize = 120;
/// Characters of a service's name in a subject.
const LONGEST_SERVICE: usize = 40;

/// The subject of a run's letter.
pub(super) fn subject(record: &RunRecord, conclusion: &Conclusion) -> String {
    let service = cut(&record.opening.service, LONGEST_SERVICE);
    let leaked = if record.leaked() { "; NOT cleaned up" } else { "" };
    let end = format!("{leaked} ({})", when(record, conclusion));
    let room = LONGEST.saturating_sub(service.chars().count() + 2 + end.chars().count());
    format!("{service}: {}{end}", cut(&headline(record, conclusion), room))
}

/// Foreign text on one line of so many characters at most.
pub(super) fn cut(text: &str, longest: usize) -> String {
    let shown = visible(text.trim());
    if shown.chars().count() <= longest {
        return shown;
    }
    let kept: String = shown.chars().take(longest.saturating_sub(1)).collect();
    format!("{}…", kept.trim_end())
}

/// `drill of 20 Nov`; what never began is told by the instant at which it was due.
fn when(record: &RunRecord, conclusion: &Conclusion) -> String {
    match (&record.opening.due, conclusion.verdict) {
        (Some(due), Verdict::Missed | Verdict::Skipped) => {
            format!("due {}", due.scheduled_at.strftime("%-d %b %H:%M UTC"))
        }
        _ => format!("drill of {}", record.opening.started_at.strftime("%-d %b")),
    }
}

/// What the run means, without the service's name and without a full stop.
pub(super) fn headline(record: &RunRecord, conclusion: &Conclusion) -> String {
    let meaning = conclusion.reason.map_or("the reason is not known", Reason::meaning);
    match conclusion.verdict {
        Verdict::Passed => passed(record, conclusion),
        Verdict::Failed => failed(record, conclusion),
        Verdict::Errored => format!("could NOT be tested: {meaning}"),
        Verdict::Missed | Verdict::Skipped => format!("was NOT tested: {meaning}"),
        Verdict::Aborted | Verdict::Cancelled => format!("was NOT tested to the end: {meaning}"),
    }
}

fn passed(record: &RunRecord, conclusion: &Conclusion) -> String {
    let took =
        conclusion.clocks.time_to_verified.value.map_or_else(String::new, |t| format!(" in {}", duration(t)));
    if !conclusion.is_proof(record) {
        return format!("a backup that a person chose was restored{took}: no proof of the newest");
    }
    let loss = match conclusion.clocks.recovery_point_age.value {
        Some(age) => format!("losing {} of data", duration(age)),
        None => "loss of data not known".to_owned(),
    };
    let rehearsed = if record.rehearsals.is_empty() { "" } else { ", rollback rehearsed" };
    format!("recoverable{took}, {loss}{rehearsed}")
}

fn failed(record: &RunRecord, conclusion: &Conclusion) -> String {
    let reason = conclusion.reason.unwrap_or(Reason::Internal);
    match reason {
        Reason::RtoMissed => too_slow(record, &conclusion.clocks),
        Reason::RpoMissed => too_old(&conclusion.clocks),
        Reason::RpoNotProvable => "restored, but NOT provable how much data would be lost".to_owned(),
        Reason::CheckFailed | Reason::ObjectMissing => not_whole(record, reason),
        Reason::BaselineDiffers => "restored, but NOT the data that was backed up".to_owned(),
        _ if concerns_rollback(reason) => {
            format!("recoverable, but NOT safe to roll back: {}", reason.meaning())
        }
        _ => format!("NOT recoverable: {}", reason.meaning()),
    }
}

/// Whether a reason is about the way back from a release, and not about the backup.
pub(super) fn concerns_rollback(reason: Reason) -> bool {
    matches!(
        reason,
        Reason::RollbackFailed
            | Reason::RollbackLosesData
            | Reason::RollbackLeavesChange
            | Reason::RollbackTooSlow
            | Reason::RollbackBlocks
    )
}

fn too_slow(record: &RunRecord, clocks: &Clocks) -> String {
    let within = record.opening.objectives.rto.map_or_else(|| "its objective".to_owned(), objective);
    let judged = [(clocks.time_to_verified, "restored and verified"), (clocks.time_to_restored, "restored")];
    let judged = judged.into_iter().find(|(clock, _)| clock.objective.is_some());
    match judged.and_then(|(clock, done)| Some((clock.value?, done))) {
        Some((took, done)) => format!("NOT recoverable within {within}: {done} in {}", duration(took)),
        None => format!("NOT recoverable within {within}: the restore was not done by then"),
    }
}

fn too_old(clocks: &Clocks) -> String {
    let missed: Vec<_> = [&clocks.recovery_point_age, &clocks.worst_exposure]
        .into_iter()
        .filter(|clock| clock.met() == Some(false))
        .filter_map(|clock| clock.value.zip(clock.objective))
        .collect();
    let Some((lost, allowed)) = missed.into_iter().max_by_key(|(lost, _): &(Duration, Duration)| *lost)
    else {
        return format!("NOT recoverable within its objective: {}", Reason::RpoMissed.meaning());
    };
    let most = if clocks.recovery_point_age.value == Some(lost) { "" } else { "up to " };
    format!("NOT recoverable within a loss of {}: {most}{} would be lost", objective(allowed), duration(lost))
}

fn not_whole(record: &RunRecord, reason: Reason) -> String {
    let failed = record.findings.iter().filter(|finding| finding.outcome == Outcome::Failed).count();
    match (failed, record.opening.checks.len()) {
        (0, _) => format!("restored, but NOT whole: {}", reason.meaning()),
        (failed, all) => format!("restored, but NOT whole: {} failed", words::part(failed, all, "check")),
    }
}
