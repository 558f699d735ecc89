//! The run remembered: a fold over its events, and everything that follows from it by pure functions.
//!
//! [`RunRecord::fold`] takes the events, [`Clocks::of`] measures, [`Conclusion::of`] judges. Nothing here knows the
//! time, a file or an engine, so an old run is judged again by the same rules whenever it is shown.

pub mod beside;
pub mod clocks;
pub mod conclusion;
pub mod differences;
pub mod journal;
pub mod median;
pub mod outward;
pub mod rehearsal;
pub mod sentence;
pub mod spans;
pub mod standing;
pub mod summary;
pub mod undelivered;
pub mod unjudged;
pub mod visible;
pub(crate) mod words;

use jiff::Timestamp;

use crate::model::event::{BackupChosen, BackupRead, RestoreErrorClass, RestoreErrors, RunStarted, Stop};
use crate::model::{
    CleanUp, Effect, Event, Fact, Finding, InstanceFacts, Milestone, NotComparable, Offset, Phase, Reason,
    Rehearsed, SandboxFacts, Verdict,
};

pub use beside::Beside;
pub use clocks::{Clocks, RecoveryClock, RecoveryPointClock};
pub use conclusion::Conclusion;
pub use journal::{Journal, JournalError};
pub use median::median;
pub use spans::PhaseSpan;
pub use summary::RunSummary;
pub use undelivered::Undelivered;
pub use unjudged::Unjudged;

/// A run as its events tell it.
#[derive(Debug, Clone, PartialEq)]
pub struct RunRecord {
    /// Who, what, against which objectives.
    pub opening: RunStarted,
    /// Phases in the order of their beginning.
    pub phases: Vec<PhaseSpan>,
    /// The choice of the backup.
    pub chosen: Option<BackupChosen>,
    /// The reading of the backup.
    pub read: Option<BackupRead>,
    /// The sandbox as inspected; the last one where a restore was repeated.
    pub sandbox: Option<SandboxFacts>,
    /// The temporary instance of a snapshot, as inspected.
    pub instance: Option<InstanceFacts>,
    /// Recovery milestones that were reached.
    pub milestones: Vec<(Milestone, Offset)>,
    /// Roles that were created because the backup names them.
    pub roles_created: Vec<String>,
    /// Errors of the restore, classified.
    pub restore_errors: Vec<RestoreErrors>,
    /// Findings in the order in which they ended.
    pub findings: Vec<Finding>,
    /// Rehearsals of rollbacks, in the order in which they ended.
    pub rehearsals: Vec<Rehearsed>,
    /// What this run did not verify.
    pub not_verified: Vec<String>,
    /// What a person should know.
    pub warnings: Vec<String>,
    /// What makes its times not comparable.
    pub not_comparable: Vec<NotComparable>,
    /// Why it stopped before its end.
    pub stop: Option<Stop>,
    /// Every effect that was ever intended.
    pub intended: Vec<Effect>,
    /// Those of them of which somebody has said that they were made.
    pub made: Vec<Effect>,
    /// Effects that were intended and are not known to be undone.
    pub outstanding: Vec<Effect>,
    /// The inventory after the teardown; a later sweep's replaces the run's own.
    pub cleanup: Option<CleanUp>,
    /// Offset of the last event.
    pub last: Offset,
}

/// Events that can't be folded: the first is not the opening, or there is none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the run's events do not begin with its opening")]
pub struct NoOpening;

impl RunRecord {
    /// Folds a run's events, in order.
    pub fn fold<'a>(events: impl IntoIterator<Item = &'a Event>) -> Result<Self, NoOpening> {
        let mut events = events.into_iter();
        let Some(Event { fact: Fact::RunStarted(opening), .. }) = events.next() else {
            return Err(NoOpening);
        };
        let mut record = Self::opened((**opening).clone());
        for event in events {
            record.apply(event);
        }
        Ok(record)
    }

    /// A run that has only begun.
    pub fn opened(opening: RunStarted) -> Self {
        Self {
            opening,
            phases: Vec::new(),
            chosen: None,
            read: None,
            sandbox: None,
            instance: None,
            milestones: Vec::new(),
            roles_created: Vec::new(),
            restore_errors: Vec::new(),
            findings: Vec::new(),
            rehearsals: Vec::new(),
            not_verified: Vec::new(),
            warnings: Vec::new(),
            not_comparable: Vec::new(),
            stop: None,
            intended: Vec::new(),
            made: Vec::new(),
            outstanding: Vec::new(),
            cleanup: None,
            last: Offset::START,
        }
    }

    /// Takes one more event into account.
    pub fn apply(&mut self, event: &Event) {
        self.last = self.last.max(event.at);
        match &event.fact {
            Fact::RunStarted(_) => {}
            Fact::PhaseStarted { phase } => self.phases.push(PhaseSpan::begun(*phase, event.at)),
            Fact::PhaseEnded { phase, succeeded, bytes, waited_for } => {
                if let Some(span) =
                    self.phases.iter_mut().rev().find(|s| s.phase == *phase && s.end.is_none())
                {
                    span.finish(event.at, *succeeded, *bytes, waited_for.clone());
                }
            }
            Fact::BackupChosen(chosen) => self.chosen = Some((**chosen).clone()),
            Fact::BackupRead(read) => self.read = Some((**read).clone()),
            Fact::EffectIntended { effect } => {
                self.intended.push(effect.clone());
                self.outstanding.push(effect.clone());
            }
            Fact::EffectMade { effect } => self.made.push(effect.clone()),
            Fact::EffectUndone { effect } => self.outstanding.retain(|other| other != effect),
            Fact::SandboxInspected(facts) => self.sandbox = Some((**facts).clone()),
            Fact::InstanceInspected(facts) => self.instance = Some((**facts).clone()),
            Fact::Reached { milestone } => self.milestones.push((*milestone, event.at)),
            Fact::RolesCreated { names } => add_new(&mut self.roles_created, names.iter().cloned()),
            Fact::RestoreErrors(errors) => self.restore_errors.push(errors.clone()),
            Fact::RestoreRepeated { detail } => self.begin_restore_again(detail),
            Fact::CheckFinished(finding) => self.take_finding(finding),
            Fact::RehearsalFinished(rehearsed) => self.rehearsals.push((**rehearsed).clone()),
            Fact::NotVerified { what } => add_new(&mut self.not_verified, [what.clone()]),
            Fact::Warned { what } => add_new(&mut self.warnings, [what.clone()]),
            Fact::NotComparable { why } => add_new(&mut self.not_comparable, [*why]),
            Fact::Stopped(stop) => self.take_stop(stop),
            Fact::CleanedUp(cleanup) => self.cleanup = Some(cleanup.clone()),
        }
    }

    /// What the first attempt met does not count for the second, but that there was one does.
    fn begin_restore_again(&mut self, detail: &str) {
        self.restore_errors.clear();
        add_new(&mut self.warnings, [format!("the restore was repeated: {detail}")]);
        add_new(&mut self.not_comparable, [NotComparable::RestoreRepeated]);
    }

    /// The first counts; but a run whose process was lost afterwards never committed what it had stopped for.
    fn take_stop(&mut self, stop: &Stop) {
        if self.stop.is_none() || stop.reason.verdict() == Verdict::Aborted {
            self.stop = Some(stop.clone());
        }
    }

    fn take_finding(&mut self, finding: &Finding) {
        let warnings = finding.warnings.iter().map(|warning| format!("{}: {warning}", finding.name));
        add_new(&mut self.warnings, warnings);
        self.findings.push(finding.clone());
    }

    /// Findings in the order of the drill, for everything that is shown.
    pub fn findings_in_order(&self) -> Vec<&Finding> {
        let planned = &self.opening.checks;
        planned.iter().filter_map(|check| self.findings.iter().find(|f| f.name == check.name)).collect()
    }

    /// Rehearsals in the order of the drill, for everything that is shown.
    pub fn rehearsals_in_order(&self) -> Vec<&Rehearsed> {
        let planned = &self.opening.rehearsals;
        planned.iter().filter_map(|plan| self.rehearsals.iter().find(|r| r.name == plan.name)).collect()
    }

    /// Whether the temporary instance itself is asked: no container is provisioned then.
    pub fn asks_the_instance(&self) -> bool {
        let phases = &self.opening.phases;
        !phases.is_empty() && !phases.contains(&Phase::Provision)
    }

    /// Whether a person said which backup: it says nothing of the newest one (measures.md, 2026-11-21).
    pub fn chosen_by_hand(&self) -> bool {
        self.opening.chosen_by_hand || self.chosen.as_ref().is_some_and(|chosen| chosen.chosen_by_hand)
    }

    /// When a milestone was reached, the last time if the restore was repeated.
    pub fn reached(&self, milestone: Milestone) -> Option<Offset> {
        self.milestones.iter().rev().find(|(m, _)| *m == milestone).map(|(_, at)| *at)
    }

    /// Wall clock at the end, once the run has told its clean-up.
    pub fn finished_at(&self) -> Option<Timestamp> {
        self.cleanup.as_ref()?;
        self.wall_clock(self.last)
    }

    /// Wall clock at an offset, by the wall clock at the start and the monotonic distance.
    pub fn wall_clock(&self, at: Offset) -> Option<Timestamp> {
        self.opening.started_at.checked_add(at.elapsed()).ok()
    }

    /// Errors of the restore that nothing excuses, each with what it makes of the run.
    pub fn fatal_restore_errors(&self) -> impl Iterator<Item = (&RestoreErrors, Reason)> {
        self.restore_errors.iter().filter_map(|errors| match errors.class {
            RestoreErrorClass::Fatal(reason) => Some((errors, reason)),
            _ => None,
        })
    }

    /// Something of this run is still there, or nobody could look.
    pub fn leaked(&self) -> bool {
        self.cleanup.as_ref().is_some_and(|cleanup| !cleanup.proven || !cleanup.leftovers.is_empty())
    }
}

fn add_new<T: PartialEq>(list: &mut Vec<T>, items: impl IntoIterator<Item = T>) {
    for item in items {
        if !list.contains(&item) {
            list.push(item);
        }
    }
}
