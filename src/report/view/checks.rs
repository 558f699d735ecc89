//! Checks and errors of the restore, a row each.

use super::Tone;
use crate::model::event::{PlannedCheck, RestoreErrorClass, RestoreErrors};
use crate::model::{Finding, Outcome};
use crate::record::RunRecord;
use crate::record::sentence::duration;
use crate::record::visible::visible;
use crate::record::words;

/// A check that the run owed an answer to, and the answer.
pub(in crate::report) struct CheckRow {
    pub(in crate::report) name: String,
    pub(in crate::report) kind: &'static str,
    /// `passed`, `failed`, `errored`, or `not run`.
    pub(in crate::report) outcome: &'static str,
    pub(in crate::report) answered: bool,
    pub(in crate::report) tone: Tone,
    pub(in crate::report) reason: Option<&'static str>,
    pub(in crate::report) expected: String,
    pub(in crate::report) observed: String,
    pub(in crate::report) hint: Option<String>,
    pub(in crate::report) took: String,
}

pub(super) fn checks(record: &RunRecord) -> Vec<CheckRow> {
    let findings = record.findings_in_order();
    let finding = |check: &PlannedCheck| findings.iter().find(|finding| finding.name == check.name);
    record
        .opening
        .checks
        .iter()
        .map(|check| finding(check).map_or_else(|| not_run(check), |f| answered(f)))
        .collect()
}

fn answered(finding: &Finding) -> CheckRow {
    let tone = match finding.outcome {
        Outcome::Passed => Tone::Good,
        Outcome::Failed => Tone::Bad,
        Outcome::Errored => Tone::Unsure,
    };
    CheckRow {
        name: visible(&finding.name),
        kind: words::kind(finding.kind),
        outcome: words::outcome(finding.outcome),
        answered: true,
        tone,
        reason: finding.reason.map(crate::model::Reason::word),
        expected: words::grouped(&visible(&finding.expected)),
        observed: words::grouped(&visible(&finding.observed)),
        hint: finding.hint.as_deref().map(visible),
        took: duration(std::time::Duration::try_from_secs_f64(finding.seconds).unwrap_or_default()),
    }
}

fn not_run(check: &PlannedCheck) -> CheckRow {
    CheckRow {
        name: visible(&check.name),
        kind: words::kind(check.kind),
        outcome: "not run",
        answered: false,
        tone: Tone::Unsure,
        reason: None,
        expected: String::new(),
        observed: String::new(),
        hint: None,
        took: String::new(),
    }
}

/// `4 of 5 passed, 1 failed`.
pub(super) fn summary(record: &RunRecord) -> String {
    let findings = record.findings_in_order();
    let planned = record.opening.checks.len();
    let count = |outcome| findings.iter().filter(|finding| finding.outcome == outcome).count();
    let mut parts = vec![format!("{} of {planned} passed", count(Outcome::Passed))];
    let others = [
        (count(Outcome::Failed), "failed"),
        (count(Outcome::Errored), "errored"),
        (planned.saturating_sub(findings.len()), "not run"),
    ];
    parts.extend(others.into_iter().filter(|(n, _)| *n > 0).map(|(n, word)| format!("{n} {word}")));
    parts.join(", ")
}

/// Errors of the restore that are alike.
pub(in crate::report) struct ErrorRow {
    pub(in crate::report) class: &'static str,
    pub(in crate::report) tone: Option<Tone>,
    pub(in crate::report) why: String,
    pub(in crate::report) count: String,
    pub(in crate::report) sqlstate: String,
    pub(in crate::report) object: String,
    pub(in crate::report) message: String,
}

/// Fatal ones first: they are what a reader is looking for.
pub(super) fn restore_errors(record: &RunRecord) -> Vec<ErrorRow> {
    let mut errors: Vec<&RestoreErrors> = record.restore_errors.iter().collect();
    errors.sort_by_key(|errors| !matches!(errors.class, RestoreErrorClass::Fatal(_)));
    errors.into_iter().map(error_row).collect()
}

fn error_row(errors: &RestoreErrors) -> ErrorRow {
    let (class, why) = words::error_class(&errors.class);
    ErrorRow {
        class,
        tone: matches!(errors.class, RestoreErrorClass::Fatal(_)).then_some(Tone::Bad),
        why: visible(why),
        count: words::count(errors.count),
        sqlstate: visible(&errors.sqlstate),
        object: visible(&errors.object),
        message: visible(&errors.message),
    }
}

/// `1 fatal, 3 harmless`.
pub(super) fn errors_summary(record: &RunRecord) -> String {
    let count = |word: &str| -> u64 {
        let alike = record.restore_errors.iter().filter(|errors| words::error_class(&errors.class).0 == word);
        alike.map(|errors| errors.count).sum()
    };
    let classes = ["fatal", "follows", "allowed", "harmless"].map(|word| (count(word), word));
    let named = classes.into_iter().filter(|(n, _)| *n > 0).map(|(n, word)| match word {
        "follows" => format!("{} that follow from another", words::count(n)),
        _ => format!("{} {word}", words::count(n)),
    });
    named.collect::<Vec<_>>().join(", ")
}
