//! The judgement of a way back after the new version's writes, as a pure function: what it did beside what it does
//! without them, and what the writes have touched themselves.
//!
//! The server counts rows and does not say which, so each table is judged by its own number, lost and changed rows apart:
//! what the way back changes everywhere excuses no row that it loses only after writes (2026-11-21).

use std::collections::BTreeMap;

use super::judge::{finding, is_accepted, open, said};
use crate::definition::{Expectation, ExpectedSchema};
use crate::model::rehearsal::{ColumnDifference, Difference, ObjectDifference, TableDifference};
use crate::model::{Finding, Reason};
use crate::record::words::count;

/// Rows that the writes have touched.
#[derive(Debug, Default)]
pub(super) struct Touched {
    /// Updated or deleted, by `schema.table` as it is called after the way back. An upper bound: what was rolled back
    /// counts too.
    pub tables: BTreeMap<String, u64>,
    /// Written to tables that only the new version has: a way back may take them over into any other.
    pub elsewhere: u64,
}

/// What differs after writes, as findings.
pub(super) fn judge(
    without: &Difference,
    with: &Difference,
    touched: &Touched,
    expect: &Expectation,
) -> [Finding; 2] {
    [rows(without, with, touched, expect), shape(without, with, expect)]
}

/// Rows of one table that a way back has disturbed only after writes.
struct Disturbed<'a> {
    table: &'a str,
    lost: u64,
    changed: u64,
    touched: u64,
}

impl Disturbed<'_> {
    /// Whether there are more than writes explain. A row that is gone was not taken over from elsewhere.
    fn is_too_much(&self, elsewhere: u64) -> bool {
        let unexplained = self.lost.saturating_add(self.changed).saturating_sub(self.touched);
        unexplained > elsewhere.min(self.changed)
    }

    fn told(&self) -> String {
        let Self { table, lost, changed, touched } = self;
        let number = |number: &u64| match *number {
            u64::MAX => "all".to_owned(),
            number => count(number),
        };
        let (lost, changed, touched) = (number(lost), number(changed), number(touched));
        format!("{table}: {lost} rows lost, {changed} changed, and the writes touched {touched}")
    }
}

fn rows(without: &Difference, with: &Difference, touched: &Touched, expect: &Expectation) -> Finding {
    let disturbed = with.tables.iter().map(|table| {
        let usual = without.tables.iter().find(|usual| usual.table == table.table);
        Disturbed {
            table: &table.table,
            lost: table.rows_lost.saturating_sub(usual.map_or(0, |usual| usual.rows_lost)),
            changed: changed(usual, table, expect),
            touched: touched.tables.get(&table.table).copied().unwrap_or_default(),
        }
    });
    let disturbed: Vec<_> = disturbed.filter(|one| one.lost > 0 || one.changed > 0).collect();
    let loses = disturbed.iter().any(|one| one.is_too_much(touched.elsewhere));
    let elsewhere = (touched.elsewhere > 0 && !disturbed.is_empty()).then(|| {
        format!("they wrote {} rows to tables that only the new version has", count(touched.elsewhere))
    });
    let observed = disturbed.iter().map(Disturbed::told).chain(elsewhere).collect::<Vec<_>>().join("; ");
    let as_they_were = "as they were".to_owned();
    let observed = if observed.is_empty() { as_they_were.clone() } else { observed };
    let reason = loses.then_some(Reason::RollbackLosesData);
    finding("rows that the writes did not touch", as_they_were, observed, reason)
}

/// At least so many rows that are still there have changed only after writes. Where one column differs in more rows than
/// without writes, it is told by that column, or another column's rows would excuse them.
fn changed(usual: Option<&TableDifference>, table: &TableDifference, expect: &Expectation) -> u64 {
    let differing =
        |column: &ColumnDifference| column.values_lost + column.values_gained + column.values_changed;
    let usually = |name: &str| {
        let column = usual.and_then(|usual| usual.columns.iter().find(|column| column.column == name));
        column.map_or(0, differing)
    };
    let more = |column: &ColumnDifference| differing(column).saturating_sub(usually(&column.column));
    let by_column = open(table, expect).map(more).max().unwrap_or_default();
    let by_row = table.rows_changed.saturating_sub(usual.map_or(0, |usual| usual.rows_changed));
    if table.columns.is_empty() || by_column > 0 { by_row.max(by_column) } else { 0 }
}

/// Objects and sequences that are not what they are without writes.
fn shape(without: &Difference, with: &Difference, expect: &Expectation) -> Finding {
    let is_new =
        |object: &&ObjectDifference| !without.objects.contains(object) && !is_accepted(object, expect);
    let is_set_back = |difference: &Difference, name: &str| {
        difference.sequences.iter().any(|sequence| sequence.went_back && sequence.sequence == name)
    };
    let sequences = with.sequences.iter();
    let sequences = sequences.filter(|one| one.went_back && !is_set_back(without, &one.sequence));
    let new = Difference {
        objects: with.objects.iter().filter(is_new).cloned().collect(),
        tables: Vec::new(),
        sequences: sequences.cloned().collect(),
    };
    let differs =
        !new.sequences.is_empty() || (expect.schema == ExpectedSchema::Identical && !new.objects.is_empty());
    let reason = differs.then_some(Reason::RollbackLeavesChange);
    let expected = "the same as without writes".to_owned();
    let observed = if new.is_empty() { expected.clone() } else { said(&new, &[]) };
    finding("schema and sequences after the writes", expected, observed, reason)
}

#[cfg(test)]
#[path = "untouched_tests.rs"]
mod tests;
