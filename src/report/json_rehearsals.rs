//! Rehearsals in a run's JSON: both ways in seconds, what they blocked, and every difference as lost, added or changed.

use serde::Serialize;

use super::json::{Answers, CheckJson};
use crate::model::rehearsal::{
    Blocked, Change, Difference, LockHeld, Rehearsed, SequenceDifference, StepTaken, TableDifference,
};
use crate::model::{Outcome, Reason};
use crate::record::outward;
use crate::record::rehearsal::sentence;

/// One rehearsal. What was not reached is `null`, and `basis` says why.
#[derive(Serialize)]
pub(super) struct Rehearsal<'a> {
    name: &'a str,
    sentence: String,
    outcome: Outcome,
    reason: Option<Reason>,
    detail: Option<&'a str>,
    hint: Option<&'a str>,
    migrator: &'a str,
    migrator_is_default: bool,
    copy_seconds: f64,
    forward_seconds: Option<f64>,
    back_seconds: Option<f64>,
    blocking_seconds: Ways<Option<f64>>,
    blocked: Ways<Option<Who<'a>>>,
    locks: Ways<&'a [LockHeld]>,
    basis: Option<&'static str>,
    #[serde(flatten)]
    differences: Differences<'a>,
    writes: Option<Differences<'a>>,
    /// Of the rows concerned, at most twenty of a table; only with `show_keys`, and never on its way to others.
    keys: Vec<Keys<'a>>,
    findings: Vec<CheckJson<'a>>,
    accepted: &'a [String],
    ignored: &'a [String],
    warnings: &'a [String],
}

#[derive(Serialize)]
struct Ways<T> {
    forward: T,
    back: T,
}

#[derive(Serialize)]
struct Who<'a> {
    readers: &'a Blocked,
    writers: &'a Blocked,
}

/// Everything that is different; `null` where nobody could compare.
#[derive(Serialize)]
struct Differences<'a> {
    lost: Option<Vec<Entry<'a>>>,
    added: Option<Vec<Entry<'a>>>,
    changed: Option<Vec<Entry<'a>>>,
}

/// Keys of some rows of a table that differ: `id=3`.
#[derive(Serialize)]
struct Keys<'a> {
    table: &'a str,
    keys: &'a [String],
}

/// One difference. `values` counts rows; `null` for an object of the schema.
#[derive(Serialize)]
struct Entry<'a> {
    kind: &'a str,
    object: &'a str,
    column: Option<&'a str>,
    values: Option<u64>,
    detail: Option<String>,
}

impl<'a> Rehearsal<'a> {
    pub(super) fn of(rehearsed: &'a Rehearsed, answers: Answers) -> Self {
        let (forward, back) = (rehearsed.forward.as_ref(), rehearsed.back.as_ref());
        let longest = |step: &StepTaken| {
            (!step.canary_lost).then(|| step.readers_blocked.seconds.max(step.writers_blocked.seconds))
        };
        let who =
            |step: &'a StepTaken| Who { readers: &step.readers_blocked, writers: &step.writers_blocked };
        let locks = |step: Option<&'a StepTaken>| step.map_or(&[][..], |step| &step.locks);
        Self {
            name: &rehearsed.name,
            sentence: match answers {
                Answers::Shown => sentence(rehearsed),
                Answers::Withheld => sentence(&outward::rehearsed(rehearsed)),
            },
            outcome: rehearsed.outcome,
            reason: rehearsed.reason,
            detail: rehearsed.detail.as_deref(),
            hint: rehearsed.hint.as_deref(),
            migrator: &rehearsed.migrator,
            migrator_is_default: rehearsed.migrator_is_default,
            copy_seconds: rehearsed.copy_seconds,
            forward_seconds: forward.map(|step| step.seconds),
            back_seconds: back.map(|step| step.seconds),
            blocking_seconds: Ways { forward: forward.and_then(longest), back: back.and_then(longest) },
            blocked: Ways { forward: forward.map(who), back: back.map(who) },
            locks: Ways { forward: locks(forward), back: locks(back) },
            basis: basis(rehearsed),
            differences: Differences::of(rehearsed.difference.as_ref()),
            writes: rehearsed.writes_difference.as_ref().map(|difference| Differences::of(Some(difference))),
            keys: match answers {
                Answers::Shown => keys(rehearsed),
                Answers::Withheld => Vec::new(),
            },
            findings: rehearsed.findings.iter().map(|one| CheckJson::of(one, answers)).collect(),
            accepted: &rehearsed.accepted,
            ignored: &rehearsed.ignored,
            warnings: &rehearsed.warnings,
        }
    }
}

fn keys(rehearsed: &Rehearsed) -> Vec<Keys<'_>> {
    let tables = rehearsed.difference.iter().flat_map(|difference| &difference.tables);
    let told = tables.filter(|table| !table.keys.is_empty());
    told.map(|table| Keys { table: &table.table, keys: &table.keys }).collect()
}

fn basis(rehearsed: &Rehearsed) -> Option<&'static str> {
    match (&rehearsed.forward, &rehearsed.back, &rehearsed.difference) {
        (None, _, _) => Some("the way forward was not begun"),
        (_, None, _) => Some("the way back was not begun"),
        (_, _, None) => Some("the states were not compared"),
        _ => None,
    }
}

impl<'a> Differences<'a> {
    fn of(difference: Option<&'a Difference>) -> Self {
        Self {
            lost: difference
                .map(|difference| objects(difference, Change::Lost).chain(lost(difference)).collect()),
            added: difference
                .map(|difference| objects(difference, Change::Added).chain(added(difference)).collect()),
            changed: difference
                .map(|difference| objects(difference, Change::Changed).chain(changed(difference)).collect()),
        }
    }
}

fn objects(difference: &Difference, change: Change) -> impl Iterator<Item = Entry<'_>> {
    difference.objects.iter().filter(move |object| object.change == change).map(|object| Entry {
        kind: &object.kind,
        object: &object.name,
        column: None,
        values: None,
        detail: object.detail.clone(),
    })
}

fn rows(table: &TableDifference, number: u64) -> Option<Entry<'_>> {
    let entry =
        || Entry { kind: "rows", object: &table.table, column: None, values: Some(number), detail: None };
    (number > 0).then(entry)
}

fn columns(
    table: &TableDifference,
    number: fn(&crate::model::rehearsal::ColumnDifference) -> u64,
) -> impl Iterator<Item = Entry<'_>> {
    table.columns.iter().filter(move |column| number(column) > 0).map(move |column| Entry {
        kind: "values",
        object: &table.table,
        column: Some(&column.column),
        values: Some(number(column)),
        detail: None,
    })
}

fn lost(difference: &Difference) -> impl Iterator<Item = Entry<'_>> {
    difference
        .tables
        .iter()
        .flat_map(|table| rows(table, table.rows_lost).into_iter().chain(columns(table, |c| c.values_lost)))
}

fn added(difference: &Difference) -> impl Iterator<Item = Entry<'_>> {
    difference.tables.iter().flat_map(|table| {
        rows(table, table.rows_gained).into_iter().chain(columns(table, |c| c.values_gained))
    })
}

fn changed(difference: &Difference) -> impl Iterator<Item = Entry<'_>> {
    let values = difference.tables.iter().flat_map(|table| {
        // Rows whose columns are known are told by column.
        let rows = rows(table, table.rows_changed).filter(|_| table.columns.is_empty());
        rows.into_iter().chain(columns(table, |column| column.values_changed))
    });
    values.chain(difference.sequences.iter().map(position))
}

fn position(sequence: &SequenceDifference) -> Entry<'_> {
    let value = |value: Option<i64>| value.map_or_else(|| "none".to_owned(), |value| value.to_string());
    let way = if sequence.went_back { "back" } else { "ahead" };
    let detail = format!("{way} from {} to {}", value(sequence.before), value(sequence.after));
    Entry {
        kind: "sequence position",
        object: &sequence.sequence,
        column: None,
        values: None,
        detail: Some(detail),
    }
}
