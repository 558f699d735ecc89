//! What may be told where anybody can read it: in mails, webhooks and logs.
//!
//! A `sql` check may show the value of a row, as its answer or as what was expected of it. Whoever opens the record is
//! shown it, nobody else (2026-11-21).

use std::borrow::Cow;

use super::visible::visible;
use super::{Conclusion, RunRecord};
use crate::model::{CheckKind, Finding, Reason, Rehearsed, Verdict};

/// What stands for what was expected, and for what was observed.
const WITHHELD: (&str, &str) = ("another answer", "an answer that stands in the run's record");

/// `orders: failed: a check found something else than expected`: the verdict and its reason, and no more. A run's own
/// sentence may quote an answer.
pub fn sentence(service: &str, verdict: Verdict, reason: Option<Reason>, leaked: bool) -> String {
    let why = reason.map(|reason| format!(": {}", reason.meaning())).unwrap_or_default();
    let left = if leaked { "; something of it was left behind" } else { "" };
    format!("{}: {verdict}{why}{left}", visible(service))
}

/// The same of a run that has ended.
pub fn sentence_of(record: &RunRecord, conclusion: &Conclusion) -> String {
    sentence(&record.opening.service, conclusion.verdict, conclusion.reason, record.leaked())
}

/// Whether a check's expectation and answer are for the record alone.
pub fn is_withheld(finding: &Finding) -> bool {
    finding.kind == CheckKind::Sql
}

/// A finding without an answer that may be a value.
pub fn finding(finding: &Finding) -> Cow<'_, Finding> {
    if !is_withheld(finding) {
        return Cow::Borrowed(finding);
    }
    let (expected, observed) = WITHHELD;
    Cow::Owned(Finding { expected: expected.to_owned(), observed: observed.to_owned(), ..finding.clone() })
}

/// A rehearsal whose findings are without such answers.
pub fn rehearsed(rehearsed: &Rehearsed) -> Cow<'_, Rehearsed> {
    if !rehearsed.findings.iter().any(is_withheld) {
        return Cow::Borrowed(rehearsed);
    }
    let findings = rehearsed.findings.iter().map(|one| finding(one).into_owned());
    Cow::Owned(Rehearsed { findings: findings.collect(), ..rehearsed.clone() })
}
