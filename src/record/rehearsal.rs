//! A rehearsal in one sentence: whether there is a way back, how long it takes, what is lost on it, who waits.

use std::time::Duration;

use super::sentence::duration;
use super::words::count;
use crate::model::rehearsal::{
    Blocked, Change, ColumnDifference, Difference, ObjectDifference, Rehearsed, StepTaken, TableDifference,
};
use crate::model::{CheckKind, Finding, Outcome, Reason};

/// Losses and changes that a sentence names; the rest is counted.
const NAMED: usize = 3;
/// A wait that a person would not notice is not told.
const NOTICEABLE: f64 = 0.05;

/// `Rolling back 0042 is possible in 41.0 s; it loses customers.display_name in 12,431 rows; writers are blocked for
/// 3.20 s on the way out and 0.40 s on the way back.`
pub fn sentence(rehearsed: &Rehearsed) -> String {
    let name = &rehearsed.name;
    if rehearsed.outcome == Outcome::Errored {
        let why = rehearsed.detail.as_deref().or(rehearsed.reason.map(Reason::meaning)).unwrap_or("unknown");
        return format!("Whether {name} can be rolled back could not be found out: {}.", bare(why));
    }
    let mut parts = vec![possible(rehearsed)];
    let difference = rehearsed.difference.as_ref();
    let changes = difference.map_or_else(Vec::new, |difference| changes(difference, &rehearsed.accepted));
    let came_back = succeeded(rehearsed.forward.as_ref()) && succeeded(rehearsed.back.as_ref());
    if changes.is_empty() && came_back && difference.is_some() {
        parts.push("data and schema are what they were".to_owned());
    } else {
        parts.extend(named(changes));
    }
    parts.extend(rehearsed.findings.iter().filter(|one| is_of_its_own(one)).map(told));
    parts.extend(blocked(rehearsed));
    format!("{}.", parts.join("; "))
}

/// Whether the way back exists, in words.
fn possible(rehearsed: &Rehearsed) -> String {
    let name = &rehearsed.name;
    let detail = rehearsed.detail.as_deref().map_or_else(String::new, |why| format!(" ({})", bare(why)));
    match (&rehearsed.forward, &rehearsed.back) {
        (Some(forward), _) if !forward.succeeded => {
            format!("Migrating {name} fails after {}{detail}", took(forward))
        }
        (_, Some(back)) if back.succeeded => {
            format!("Rolling back {name} is possible in {}", took(back))
        }
        (_, Some(back)) => format!("Rolling back {name} fails after {}{detail}", took(back)),
        (_, None) => format!("Rolling back {name} was not tried{detail}"),
    }
}

fn succeeded(step: Option<&StepTaken>) -> bool {
    step.is_some_and(|step| step.succeeded)
}

fn took(step: &StepTaken) -> String {
    seconds(step.seconds)
}

fn seconds(seconds: f64) -> String {
    duration(Duration::try_from_secs_f64(seconds).unwrap_or_default())
}

fn bare(sentence: &str) -> &str {
    sentence.trim_end_matches('.')
}

/// What is different, losses of data first.
pub fn changes(difference: &Difference, accepted: &[String]) -> Vec<String> {
    let mut lost = Vec::new();
    let mut changed = Vec::new();
    let mut gained = Vec::new();
    for table in &difference.tables {
        let name = short(&table.table);
        // What is known by column is told by column: the rows are the same ones.
        let vanished = (table.rows_lost > 0).then(|| format!("it loses {} of {name}", rows(table.rows_lost)));
        lost.extend(vanished);
        for column in &table.columns {
            let accepted = if is_accepted(table, column, accepted) { " (accepted)" } else { "" };
            let place = format!("{name}.{}", column.column);
            if column.values_lost > 0 {
                lost.push(format!("it loses {place} in {}{accepted}", rows(column.values_lost)));
            }
            if column.values_changed > 0 {
                changed.push(format!("it changes {place} in {}{accepted}", rows(column.values_changed)));
            }
            if column.values_gained > 0 {
                gained.push(format!("it fills {place} in {}{accepted}", rows(column.values_gained)));
            }
        }
        if table.columns.is_empty() && table.rows_changed > 0 {
            changed.push(format!("it changes {} of {name}", rows(table.rows_changed)));
        }
        if table.rows_gained > 0 {
            gained.push(format!("it leaves {} more in {name}", rows(table.rows_gained)));
        }
    }
    let back = difference.sequences.iter().filter(|sequence| sequence.went_back);
    changed.extend(back.map(|sequence| format!("it sets sequence {} back", short(&sequence.sequence))));
    lost.extend(changed);
    lost.extend(gained);
    let is_new = |object: &&ObjectDifference| {
        !is_told(object, difference) && !is_told_with_its_object(object, difference)
    };
    lost.extend(difference.objects.iter().filter(is_new).map(object));
    lost
}

/// Whether the drill accepts that a column's values differ.
fn is_accepted(table: &TableDifference, column: &ColumnDifference, accepted: &[String]) -> bool {
    let place = format!("{}.{}", table.table, column.column);
    accepted.iter().any(|said| said.strip_prefix(&place).is_some_and(|rest| rest.starts_with([' ', ':'])))
}

/// A column or table that is gone and whose values are already told as lost.
fn is_told(object: &ObjectDifference, difference: &Difference) -> bool {
    let is_it = |table: &TableDifference, column: &ColumnDifference| match &object.column {
        Some(place) => place.table == table.table && place.column == column.column,
        // As it was recorded before 2026-11-21.
        None => format!("{}.{}", table.table, column.column) == object.name,
    };
    let column = |table: &TableDifference| table.columns.iter().any(|c| c.values_lost > 0 && is_it(table, c));
    object.kind == "column" && object.change == Change::Lost && difference.tables.iter().any(column)
}

/// A grant on an object that is left behind, which is told with it.
fn is_told_with_its_object(object: &ObjectDifference, difference: &Difference) -> bool {
    let holds = |other: &ObjectDifference| {
        other.kind != "grant"
            && other.change == object.change
            && object.name.contains(&format!(" on {} {} to ", other.kind, other.name))
    };
    object.kind == "grant" && object.change != Change::Changed && difference.objects.iter().any(holds)
}

fn object(object: &ObjectDifference) -> String {
    let (kind, name) = (&object.kind, short(&object.name));
    let detail = object.detail.as_deref().map_or_else(String::new, |detail| format!(" ({detail})"));
    match object.change {
        Change::Lost => format!("it does not bring {kind} {name} back"),
        Change::Added => format!("it leaves {kind} {name} behind"),
        Change::Changed => format!("it leaves {kind} {name} changed{detail}"),
    }
}

fn named(changes: Vec<String>) -> Vec<String> {
    let more = changes.len().saturating_sub(NAMED + 1);
    let shown = if more > 0 { NAMED } else { changes.len() };
    let rest = (changes.len() > shown).then(|| format!("{} more differences", changes.len() - shown));
    changes.into_iter().take(shown).chain(rest).collect()
}

/// `customers` of `public.customers`: the schema is told where it is another one.
fn short(name: &str) -> &str {
    name.strip_prefix("public.").unwrap_or(name)
}

fn rows(number: u64) -> String {
    format!("{} row{}", count(number), if number == 1 { "" } else { "s" })
}

/// Checks that failed, limits that were passed; data and schema are told by what is different.
fn is_of_its_own(finding: &Finding) -> bool {
    let told_already = ["data", "schema", "blocking"].contains(&finding.name.as_str());
    finding.outcome != Outcome::Passed && !(finding.kind == CheckKind::Expectation && told_already)
}

fn told(finding: &Finding) -> String {
    format!("{}: expected {}, observed {}", finding.name, finding.expected, bare(&finding.observed))
}

/// `writers are blocked for 3.20 s on the way out and 0.40 s on the way back`.
fn blocked(rehearsed: &Rehearsed) -> Vec<String> {
    let of = |choose: fn(&StepTaken) -> &Blocked| {
        let seconds = |step: &Option<StepTaken>| step.as_ref().map_or(0.0, |step| choose(step).seconds);
        (seconds(&rehearsed.forward), seconds(&rehearsed.back))
    };
    let (readers, writers) = (of(|step| &step.readers_blocked), of(|step| &step.writers_blocked));
    let waits = |(out, back): (f64, f64)| {
        let ways = [(out, "on the way out"), (back, "on the way back")];
        let noticed = ways.into_iter().filter(|(waited, _)| *waited >= NOTICEABLE);
        noticed.map(|(waited, way)| format!("{} {way}", seconds(waited))).collect::<Vec<_>>().join(" and ")
    };
    [("writers", waits(writers)), ("readers", waits(readers))]
        .into_iter()
        .filter(|(_, waits)| !waits.is_empty())
        .map(|(who, waits)| format!("{who} are blocked for {waits}"))
        .collect()
}

#[cfg(test)]
#[path = "rehearsal_tests.rs"]
mod tests;
