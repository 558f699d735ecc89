//! Rehearsals of rollbacks: a sentence each, and what it rests on.

use std::time::Duration;

use super::Tone;
use crate::model::rehearsal::{Blocked, Rehearsed, StepTaken};
use crate::model::{CheckKind, Finding, Outcome, Reason};
use crate::record::RunRecord;
use crate::record::differences::{self, short};
use crate::record::rehearsal::{NAMED, NOTICEABLE, sentence};
use crate::record::sentence::duration;
use crate::record::visible::{clipped, visible};
use crate::record::words;

/// A rehearsal's sentence, and a run's that is made of it, names what somebody will act on: it is cut later than other
/// foreign text.
pub(super) const LONGEST: usize = 900;
/// Differences that are listed one by one, and tables whose keys are; the rest is in the JSON.
const MOST_DIFFERENCES: usize = 40;
/// Locks that are listed of each way.
const MOST_LOCKS: usize = 5;

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
    /// Every difference, where the sentence does not name them all.
    pub(in crate::report) differences: Vec<String>,
    /// Expectations that were not met, accepted losses, warnings, locks, what was left out.
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
        differences: listed(rehearsed),
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
        differences: Vec::new(),
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

/// Those that a sentence leaves out are here, and keys of the rows concerned where the drill asks for them.
fn listed(rehearsed: &Rehearsed) -> Vec<String> {
    let Some(difference) = &rehearsed.difference else { return Vec::new() };
    let told = differences::differences(difference, &rehearsed.accepted);
    let told = if told.len() > NAMED + 1 { differences::named(&told, MOST_DIFFERENCES) } else { Vec::new() };
    let keys = difference
        .tables
        .iter()
        .filter(|table| !table.keys.is_empty())
        .map(|table| format!("some rows of {}: {}", short(&table.table), table.keys.join("; ")));
    told.into_iter().chain(keys.take(MOST_DIFFERENCES)).map(|told| visible(&told)).collect()
}

/// The locks that somebody would have noticed, the longest held first.
fn locks(rehearsed: &Rehearsed) -> impl Iterator<Item = String> {
    let ways = [(&rehearsed.forward, "out"), (&rehearsed.back, "back")];
    ways.into_iter().filter_map(|(step, way)| Some((step.as_ref()?, way))).flat_map(|(step, way)| {
        let noticed = step.locks.iter().filter(|lock| lock.seconds >= NOTICEABLE).take(MOST_LOCKS);
        noticed.map(move |lock| {
            let table = short(&lock.table);
            format!("held {} on {table} for {} on the way {way}", lock.mode, seconds(lock.seconds))
        })
    })
}

fn notes(rehearsed: &Rehearsed) -> Vec<String> {
    // Data and schema are told by what is different.
    let is_told = |finding: &Finding| {
        finding.kind == CheckKind::Expectation && ["data", "schema"].contains(&finding.name.as_str())
    };
    let unmet = rehearsed.findings.iter().filter(|f| f.outcome != Outcome::Passed && !is_told(f));
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
    let warnings = rehearsed.warnings.iter().cloned();
    let all = unmet.chain(accepted).chain(warnings).chain(locks(rehearsed)).chain(ignored).chain(migrated);
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
