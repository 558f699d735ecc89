//! What a person is shown of a run: the same for terminal and browser, in words, grouped and harmless.
//!
//! A renderer only arranges. Whatever comes from outside passes [`visible`] on its way in here and nowhere else, so a
//! renderer cannot forget it.

mod checks;
mod clocks;
mod facts;
mod phases;
mod rehearsals;

use crate::model::{Finding, Verdict};
use crate::record::visible::{clipped, visible};
use crate::record::words;
use crate::record::{Conclusion, RunRecord};

pub(super) use checks::{CheckRow, ErrorRow};
pub(super) use clocks::{ClockRow, objective};
pub(super) use facts::runbook_link;
pub(super) use phases::{Mark, PhaseRow, PhaseTable};
pub(super) use rehearsals::RehearsalRow;

/// How good a thing is: what a colour says beside the word that says the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tone {
    /// As it should be.
    Good,
    /// A proven problem.
    Bad,
    /// Nobody knows, or somebody should look.
    Unsure,
}

impl Tone {
    /// Class of a style sheet.
    pub(super) fn class(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Bad => "bad",
            Self::Unsure => "unsure",
        }
    }

    /// A sign for those who do not see the colour.
    pub(super) fn sign(self) -> &'static str {
        match self {
            Self::Good => "✓",
            Self::Bad => "✕",
            Self::Unsure => "?",
        }
    }
}

/// A label and its value.
pub(super) struct Fact {
    pub(super) label: &'static str,
    pub(super) value: String,
    /// Only what a browser may follow: `http://` or `https://`.
    pub(super) link: Option<String>,
}

/// Why the run stopped before its end.
pub(super) struct StopRow {
    pub(super) heading: String,
    /// What was found, where the verdict's sentence does not say it already.
    pub(super) detail: Option<String>,
    pub(super) hint: Option<String>,
}

/// What became of everything that the run made.
pub(super) struct CleanUp {
    pub(super) tone: Tone,
    pub(super) sentence: String,
    pub(super) items: Vec<String>,
}

/// Everything that is shown of a run.
pub(super) struct View {
    pub(super) tone: Tone,
    pub(super) verdict: &'static str,
    pub(super) reason: Option<&'static str>,
    pub(super) sentence: String,
    pub(super) integrity: &'static str,
    pub(super) drill: String,
    pub(super) service: String,
    pub(super) run: String,
    pub(super) started: String,
    pub(super) leaked: bool,
    /// Passed, but by a backup that a person chose.
    pub(super) passed_without_proof: bool,
    pub(super) about: Vec<Fact>,
    pub(super) recovery_time: Vec<ClockRow>,
    pub(super) recovery_point: Vec<ClockRow>,
    pub(super) stop: Option<StopRow>,
    pub(super) phases: PhaseTable,
    pub(super) checks: Vec<CheckRow>,
    pub(super) checks_summary: String,
    pub(super) rehearsals: Vec<RehearsalRow>,
    pub(super) rehearsals_summary: String,
    pub(super) restore_errors: Vec<ErrorRow>,
    pub(super) restore_errors_summary: String,
    pub(super) roles_created: Vec<String>,
    pub(super) not_verified: Vec<String>,
    pub(super) warnings: Vec<String>,
    pub(super) not_comparable: Vec<String>,
    pub(super) backup: Vec<Fact>,
    pub(super) sandbox: Vec<Fact>,
    pub(super) cleanup: CleanUp,
}

impl View {
    pub(super) fn of(record: &RunRecord, conclusion: &Conclusion) -> Self {
        let opening = &record.opening;
        let all = |list: &[String]| list.iter().map(|item| visible(item)).collect();
        let errors = checks::restore_errors(record);
        Self {
            tone: tone(conclusion.verdict),
            verdict: conclusion.verdict.word(),
            reason: conclusion.reason.map(crate::model::Reason::word),
            sentence: sentence(record, conclusion),
            integrity: conclusion.integrity.word(),
            drill: visible(opening.drill.as_str()),
            service: visible(&opening.service),
            run: opening.run.to_string(),
            started: words::instant(opening.started_at),
            leaked: record.leaked(),
            passed_without_proof: conclusion.verdict == Verdict::Passed && !conclusion.is_proof(record),
            about: facts::about(record),
            recovery_time: clocks::recovery_time(&conclusion.clocks),
            recovery_point: clocks::recovery_point(&conclusion.clocks),
            stop: facts::stop(record, conclusion),
            phases: phases::phases(record),
            checks: checks::checks(record),
            checks_summary: checks::summary(record),
            rehearsals: rehearsals::rehearsals(record),
            rehearsals_summary: rehearsals::summary(record),
            restore_errors_summary: checks::errors_summary(record),
            restore_errors: errors,
            roles_created: all(&record.roles_created),
            not_verified: all(&record.not_verified),
            warnings: all(&record.warnings),
            not_comparable: record
                .not_comparable
                .iter()
                .map(|why| words::not_comparable(*why).to_owned())
                .collect(),
            backup: facts::backup(record),
            sandbox: facts::sandbox(record),
            cleanup: facts::cleanup(record),
        }
    }
}

/// The sentence, with counts grouped as the checks below it show them.
fn sentence(record: &RunRecord, conclusion: &Conclusion) -> String {
    let said = |expected: &str, observed: &str| format!("expected {expected}, observed {observed}");
    let group = |sentence: String, finding: &Finding| {
        let grouped = said(&words::grouped(&finding.expected), &words::grouped(&finding.observed));
        sentence.replace(&said(&finding.expected, &finding.observed), &grouped)
    };
    clipped(&record.findings.iter().fold(conclusion.sentence.clone(), group), rehearsals::LONGEST)
}

pub(super) fn tone(verdict: Verdict) -> Tone {
    match verdict {
        Verdict::Passed => Tone::Good,
        Verdict::Failed => Tone::Bad,
        _ => Tone::Unsure,
    }
}
