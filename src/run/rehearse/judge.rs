//! The judgement of a rehearsal, as a pure function of what was seen and what was expected.

use std::time::Duration;

use crate::definition::rollback::AcceptedLoss;
use crate::definition::{Expectation, ExpectedData, ExpectedSchema};
use crate::model::rehearsal::{
    Change, ColumnDifference, Difference, ObjectDifference, Rehearsed, StepTaken, TableDifference,
};
use crate::model::{CheckKind, Finding, Outcome, Reason};
use crate::record::differences::{differences, named};
use crate::record::sentence::duration;

/// Gives a rehearsal that came to its end its findings, its outcome and its reason.
pub(super) fn judge(told: &mut Rehearsed, expect: &Expectation) {
    let failed = [&told.forward, &told.back].into_iter().flatten().any(|step| !step.succeeded);
    if let Some(difference) = &told.difference {
        told.accepted = accepted(difference, expect);
        told.findings.push(data(difference, expect, &told.accepted));
        told.findings.push(schema(difference, expect));
    }
    told.findings.extend(expect.within.zip(told.back.as_ref()).map(|(limit, back)| within(limit, back)));
    told.findings.extend(expect.blocking_max.map(|limit| blocking(limit, told)));
    let first = |outcome| told.findings.iter().find(|finding| finding.outcome == outcome);
    (told.outcome, told.reason) = if failed {
        (Outcome::Failed, Some(Reason::RollbackFailed))
    } else if let Some(reason) = worst(&told.findings) {
        (Outcome::Failed, Some(reason))
    } else if let Some(finding) = first(Outcome::Errored) {
        (Outcome::Errored, Some(finding.reason.unwrap_or(Reason::CheckInvalid)))
    } else if told.difference.is_none() || told.back.is_none() {
        (Outcome::Errored, Some(Reason::Internal))
    } else {
        (Outcome::Passed, None)
    };
}

/// Of several reasons the one that weighs most: data before shape, shape before time.
fn worst(findings: &[Finding]) -> Option<Reason> {
    let reasons = findings
        .iter()
        .filter(|finding| finding.outcome == Outcome::Failed)
        .map(|finding| finding.reason.unwrap_or(Reason::CheckFailed));
    reasons.min_by_key(|reason| match reason {
        Reason::RollbackLosesData => 0,
        Reason::RollbackLeavesChange => 2,
        Reason::RollbackTooSlow => 3,
        Reason::RollbackBlocks => 4,
        _ => 1,
    })
}

/// A finding about an expectation; without a reason it passed.
pub(super) fn finding(name: &str, expected: String, observed: String, reason: Option<Reason>) -> Finding {
    Finding {
        name: name.to_owned(),
        kind: CheckKind::Expectation,
        outcome: if reason.is_some() { Outcome::Failed } else { Outcome::Passed },
        reason,
        expected,
        observed,
        hint: None,
        warnings: Vec::new(),
        newest_row_age_seconds: None,
        seconds: 0.0,
    }
}

/// Whether nothing differs but numbers that sequences left out.
pub(super) fn is_clean(difference: &Difference) -> bool {
    let Difference { objects, tables, sequences } = difference;
    objects.is_empty() && tables.is_empty() && !sequences.iter().any(|sequence| sequence.went_back)
}

/// A value that changed is gone as well: `lossless` allows additions only, of rows and of values where there were none.
fn data(difference: &Difference, expect: &Expectation, accepted: &[String]) -> Finding {
    let loses = difference.tables.iter().any(|table| loses(table, expect));
    let gains = difference.tables.iter().any(|table| gains(table, expect));
    let goes_back = difference.sequences.iter().any(|sequence| sequence.went_back);
    let reason = if loses {
        Some(Reason::RollbackLosesData)
    } else {
        let leaves = goes_back || (gains && expect.data == ExpectedData::Identical);
        leaves.then_some(Reason::RollbackLeavesChange)
    };
    let expected = match expect.data {
        ExpectedData::Identical => "the same data as before",
        ExpectedData::Lossless => "nothing lost that was there before",
    };
    let of_data = Difference { objects: Vec::new(), ..difference.clone() };
    finding("data", expected.to_owned(), said(&of_data, accepted), reason)
}

fn loses(table: &TableDifference, expect: &Expectation) -> bool {
    let by_column = open(table, expect).any(|c| c.values_lost > 0 || c.values_changed > 0);
    by_column || table.rows_lost > 0 || (table.columns.is_empty() && table.rows_changed > 0)
}

fn gains(table: &TableDifference, expect: &Expectation) -> bool {
    table.rows_gained > 0 || open(table, expect).any(|column| column.values_gained > 0)
}

/// Columns whose difference nobody has accepted.
pub(super) fn open<'a>(
    table: &'a TableDifference,
    expect: &Expectation,
) -> impl Iterator<Item = &'a ColumnDifference> {
    table.columns.iter().filter(|column| acceptance(table, column, expect).is_none())
}

fn acceptance<'a>(
    table: &TableDifference,
    column: &ColumnDifference,
    expect: &'a Expectation,
) -> Option<&'a AcceptedLoss> {
    expect.accept_loss.iter().find(|loss| is_it(loss, &table.table, &column.column))
}

/// Whether a loss is of this column; names without quotes.
fn is_it(loss: &AcceptedLoss, table: &str, column: &str) -> bool {
    loss.column.column == column && loss.column.owner().to_string() == table
}

/// Losses that happened and are accepted, each with the drill's reason.
fn accepted(difference: &Difference, expect: &Expectation) -> Vec<String> {
    let mut told = Vec::new();
    for table in &difference.tables {
        for column in &table.columns {
            let rows = column.values_lost + column.values_gained + column.values_changed;
            if let Some(loss) = acceptance(table, column, expect).filter(|_| rows > 0) {
                let place = format!("{}.{}", table.table, column.column);
                told.push(format!("{place} in {rows} rows: {}", loss.reason));
            }
        }
    }
    told
}

/// Whoever accepts that a column's values are lost accepts that the column is.
pub(super) fn is_accepted(object: &ObjectDifference, expect: &Expectation) -> bool {
    let column = object.column.as_ref().filter(|_| object.change == Change::Lost);
    column.is_some_and(|place| expect.accept_loss.iter().any(|loss| is_it(loss, &place.table, &place.column)))
}

fn schema(difference: &Difference, expect: &Expectation) -> Finding {
    let differs = difference.objects.iter().any(|object| !is_accepted(object, expect));
    let of_schema = Difference { objects: difference.objects.clone(), ..Difference::default() };
    let (expected, reason) = match expect.schema {
        ExpectedSchema::Identical => {
            ("the same schema as before", differs.then_some(Reason::RollbackLeavesChange))
        }
        ExpectedSchema::Any => ("any schema", None),
    };
    finding("schema", expected.to_owned(), said(&of_schema, &[]), reason)
}

/// The most differences that a finding names.
const NAMED: usize = 20;

pub(super) fn said(difference: &Difference, accepted: &[String]) -> String {
    let told = named(&differences(difference, accepted), NAMED).join("; ");
    if told.is_empty() { "the same".to_owned() } else { told }
}

fn within(limit: Duration, back: &StepTaken) -> Finding {
    let took = Duration::try_from_secs_f64(back.seconds).unwrap_or_default();
    let reason = (took > limit).then_some(Reason::RollbackTooSlow);
    finding("time of the way back", format!("at most {}", duration(limit)), duration(took), reason)
}

/// The longest wait on either way.
fn blocking(limit: Duration, told: &Rehearsed) -> Finding {
    let steps = [(&told.forward, "out"), (&told.back, "back")];
    let expected = format!("nobody blocked for more than {}", duration(limit));
    let is_lost = |(step, _): &&(&Option<StepTaken>, _)| step.as_ref().is_some_and(|step| step.canary_lost);
    if let Some((_, way)) = steps.iter().find(is_lost) {
        let observed = format!("not known: the sessions that ask for locks were ended on the way {way}");
        let unknown = finding("blocking", expected, observed, Some(Reason::CheckInvalid));
        let hint = Some("a migration must not end other sessions, nor lock the system's catalog".to_owned());
        return Finding { outcome: Outcome::Errored, hint, ..unknown };
    }
    let waits =
        steps.into_iter().filter_map(|(step, way)| Some((step.as_ref()?, way))).flat_map(|(step, way)| {
            [(&step.writers_blocked, "a writer", way), (&step.readers_blocked, "a reader", way)]
        });
    let longest = waits.reduce(|a, b| if b.0.seconds > a.0.seconds { b } else { a });
    let Some((blocked, who, way)) = longest else {
        return finding("blocking", expected, "no step was taken".to_owned(), None);
    };
    let waited = Duration::try_from_secs_f64(blocked.seconds).unwrap_or_default();
    let table = blocked.table.as_deref().map_or_else(String::new, |table| format!(" of {table}"));
    let observed = match waited {
        // What is held between two looks of the canary is not seen.
        Duration::ZERO => "nobody blocked for 0.02 s or more".to_owned(),
        _ => format!("{who}{table} blocked for {} on the way {way}", duration(waited)),
    };
    let reason = (waited > limit).then_some(Reason::RollbackBlocks);
    finding("blocking", expected, observed, reason)
}

#[cfg(test)]
#[path = "judge_tests.rs"]
mod tests;
