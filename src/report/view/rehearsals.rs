//! Rehearsals of rollbacks: a sentence each, and what it rests on.

use std::time::Duration;

use super::Tone;
use crate::model::rehearsal::{Blocked, Rehearsed, StepTaken};
use crate::model::{Outcome, Reason};
use crate::record::RunRecord;
use crate::record::rehearsal::sentence;
use crate::record::sentence::duration;
use crate::record::visible::{clipped, visible};
use crate::record::words;

/// A rehearsal's sentence names what somebody will act on: it is cut later than other foreign text.
const LONGEST: usize = 900;

/// A rehearsal that the run owed an answer to, and the answer.
pub(in crate::report) struct RehearsalRow {
    pub(in crate::report) name: String,
    /// `passed`, `failed`, `errored`, or `not run`.
    pub(in crate::report) outcome: &'static str,
    pub(in crate::report) tone: Tone,
    pub(in crate::report) reason: Option<&'static str>,
    pub(in crate::report) sentence: String,
    pub(in crate::report) forward: String,
    pub(in crate::report) back: String,
    pub(in crate::report) blocked: String,
    /// Expectations that were not met, accepted losses, warnings, what was left out.
    pub(in crate::report) notes: Vec<String>,
    pub(in crate::report) hint: Option<String>,
}

pub(super) fn rehearsals(record: &RunRecord) -> Vec<RehearsalRow> {
    let done = |name: &str| record.rehearsals.iter().find(|rehearsed| rehearsed.name == name);
    let planned = record.opening.rehearsals.iter();
    planned.map(|plan| done(&plan.name).map_or_else(|| not_run(&plan.name), row)).collect()
}

fn row(rehearsed: &Rehearsed) -> RehearsalRow {
    let tone = match rehearsed.outcome {
        Outcome::Passed => Tone::Good,
        Outcome::Failed => Tone::Bad,
        Outcome::Errored => Tone::Unsure,
    };
    RehearsalRow {
        name: visible(&rehearsed.name),
        outcome: words::outcome(rehearsed.outcome),
        tone,
        reason: rehearsed.reason.map(Reason::word),
        sentence: clipped(&sentence(rehearsed), LONGEST),
        forward: took(rehearsed.forward.as_ref()),
        back: took(rehearsed.back.as_ref()),
        blocked: blocked(rehearsed),
        notes: notes(rehearsed),
        hint: rehearsed.hint.as_deref().map(visible),
    }
}

fn not_run(name: &str) -> RehearsalRow {
    RehearsalRow {
        name: visible(name),
        outcome: "not run",
        tone: Tone::Unsure,
        reason: None,
        sentence: String::new(),
        forward: String::new(),
        back: String::new(),
        blocked: String::new(),
        notes: Vec::new(),
        hint: None,
    }
}

fn took(step: Option<&StepTaken>) -> String {
    match step {
        Some(step) if step.succeeded => seconds(step.seconds),
        Some(step) => format!("failed after {}", seconds(step.seconds)),
        None => String::new(),
    }
}

fn seconds(seconds: f64) -> String {
    duration(Duration::try_from_secs_f64(seconds).unwrap_or_default())
}

/// The longest wait of both ways, and at which table.
fn blocked(rehearsed: &Rehearsed) -> String {
    let steps = [&rehearsed.forward, &rehearsed.back].into_iter().flatten().filter(|step| !step.canary_lost);
    let waits = steps.flat_map(|step| [&step.writers_blocked, &step.readers_blocked]);
    let longest = waits.reduce(|a, b| if b.seconds > a.seconds { b } else { a });
    match longest {
        Some(Blocked { seconds: waited, table: Some(table) }) if *waited > 0.0 => {
            format!("{} at {}", seconds(*waited), visible(table))
        }
        Some(wait) => seconds(wait.seconds),
        None => String::new(),
    }
}

fn notes(rehearsed: &Rehearsed) -> Vec<String> {
    let unmet = rehearsed.findings.iter().filter(|finding| finding.outcome != Outcome::Passed);
    let unmet = unmet.map(|f| format!("{}: expected {}, observed {}", f.name, f.expected, f.observed));
    let role = if rehearsed.migrator_is_default {
        ", the database's owner, because the drill names no role"
    } else {
        ""
    };
    let migrated =
        (!rehearsed.migrator.is_empty()).then(|| format!("migrated as {}{role}", rehearsed.migrator));
    let ignored = rehearsed.ignored.iter().map(|what| format!("not compared: {what}"));
    let accepted = rehearsed.accepted.iter().map(|what| format!("accepted: {what}"));
    let all = unmet.chain(accepted).chain(rehearsed.warnings.iter().cloned()).chain(ignored).chain(migrated);
    all.map(|note| visible(&note)).collect()
}

/// `28 of 30 passed, 2 failed`; empty where none was planned.
pub(super) fn summary(record: &RunRecord) -> String {
    let planned = record.opening.rehearsals.len();
    let count = |outcome| record.rehearsals.iter().filter(|one| one.outcome == outcome).count();
    let mut parts = vec![format!("{} of {planned} passed", count(Outcome::Passed))];
    let others = [
        (count(Outcome::Failed), "failed"),
        (count(Outcome::Errored), "errored"),
        (planned.saturating_sub(record.rehearsals.len()), "not run"),
    ];
    parts.extend(others.into_iter().filter(|(n, _)| *n > 0).map(|(n, word)| format!("{n} {word}")));
    parts.join(", ")
}
