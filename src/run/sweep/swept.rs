//! What a sweep finds, removes and fails to remove: for whoever asked, and for each run concerned.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Display;

use jiff::Timestamp;

use super::super::halt::Halt;
use crate::model::sandbox::Kept;
use crate::model::{CleanUp, DrillName, Effect, EffectKind, RunId};
use crate::record::{RunRecord, RunSummary};
use crate::store::{HistoryFilter, Store};

/// What a sweep did, or would do.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Swept {
    /// Runs whose process had died, as they are now written down (with a dry run: as they stand).
    pub aborted: Vec<RunSummary>,
    /// What was removed (with a dry run: what would be).
    pub removed: Vec<Effect>,
    /// What is kept on purpose.
    pub kept: Vec<Kept>,
    /// What belongs to runs that live, and was left alone.
    pub live: Vec<Effect>,
    /// What could not be removed, with the reason.
    pub failed: Vec<String>,
    /// Temporary instances of other stores whose time is over; nothing of them is touched.
    pub overdue: Vec<String>,
}

/// So many of the newest runs are asked whether something of them is still there.
const REMEMBERED: u32 = 1000;

/// Runs that have ended and left something, as far as is known.
pub(super) async fn leaked(store: &Store) -> Result<BTreeSet<RunId>, Halt> {
    let newest = HistoryFilter { limit: Some(REMEMBERED), ..HistoryFilter::default() };
    let mut leaked = BTreeSet::new();
    for run in store.history(newest).await? {
        if run.leaked && run.finished_at.is_some() && !store.is_live(run.run)? {
            leaked.insert(run.run);
        }
    }
    Ok(leaked)
}

/// A sweep under way.
pub(super) struct Notes<'a> {
    pub(super) swept: &'a mut Swept,
    /// What of each run concerned could not be removed.
    of_runs: BTreeMap<RunId, Vec<String>>,
    /// The engine could be asked: a container that is not there is gone.
    pub(super) engine_known: bool,
    /// Drills whose accounts were looked into, as they are defined now: an instance of theirs that is not there is gone. A
    /// drill that was changed since its run may have named another account then (2026-11-22).
    drills_known: BTreeSet<(DrillName, String)>,
}

impl<'a> Notes<'a> {
    /// Of these runs it is asked in any case what is still there, and of those that were just written down as lost.
    pub(super) fn of(swept: &'a mut Swept, leaked: BTreeSet<RunId>) -> Self {
        let concerned = leaked.into_iter().chain(swept.aborted.iter().map(|run| run.run));
        let of_runs = concerned.map(|run| (run, Vec::new())).collect();
        Self { swept, of_runs, engine_known: false, drills_known: BTreeSet::new() }
    }

    /// Something could not be looked at.
    pub(super) fn failed(&mut self, what: String) {
        self.swept.failed.push(what);
    }

    /// The account of these drills was looked into.
    pub(super) fn looked_into(&mut self, drills: Vec<(DrillName, String)>) {
        self.drills_known.extend(drills);
    }

    /// What an earlier look could not remove is forgotten: it is seen again, or gone.
    pub(super) fn look_anew(&mut self) {
        self.swept.live.clear();
        self.swept.kept.clear();
        self.swept.failed.clear();
        self.of_runs.values_mut().for_each(Vec::clear);
    }

    /// A second look can meet what is on its way out.
    pub(super) fn removed(&mut self, effect: Effect) {
        if !self.swept.removed.contains(&effect) {
            self.swept.removed.push(effect);
        }
    }

    /// How a removal went; `run` is whose it was, where that can be read.
    pub(super) fn note<E: Display>(&mut self, effect: Effect, run: Option<RunId>, outcome: Result<(), E>) {
        let told = run.map(|run| self.of_runs.entry(run).or_default());
        let Err(error) = outcome else { return self.removed(effect) };
        let failure = format!("{effect}: {error}");
        if let Some(told) = told {
            told.push(failure.clone());
        }
        self.swept.failed.push(failure);
    }

    /// Writes down, beside each run concerned, that it was cleaned up late and what is still there.
    pub(super) async fn write_down(self, store: &Store, now: Timestamp) -> Result<(), Halt> {
        let kept: BTreeSet<RunId> =
            store.kept().await?.into_iter().filter(|kept| kept.until > now).map(|kept| kept.run).collect();
        // What is left of a run that keeps something is judged when its time is over.
        for (run, failures) in self.of_runs.iter().filter(|(run, _)| !kept.contains(run)) {
            // A run that this store has forgotten has nobody to be told to.
            let Some(summary) = store.summary(*run).await? else { continue };
            let events = store.events(*run).await?;
            let record = RunRecord::fold(&events).ok();
            let mut leftovers = failures.clone();
            leftovers.extend(record.iter().flat_map(|record| self.unknown(record, &summary.drill)));
            let before = match store.cleanups(*run).await?.pop() {
                Some(late) => Some(late.found),
                None => record.and_then(|record| record.cleanup),
            };
            let found = CleanUp { proven: leftovers.is_empty(), leftovers, kept: Vec::new(), late: true };
            // A sweep that could not look, or has met the same as the one before, has nothing to add.
            let same = before.as_ref().is_some_and(|before| before.leftovers == found.leftovers);
            let knows_nothing = before.is_some() && failures.is_empty() && !found.proven;
            if knows_nothing || (same && !found.proven) {
                continue;
            }
            store.note_late_cleanup(*run, now, &found).await?;
        }
        Ok(())
    }

    /// What the run intended and nobody could look for.
    fn unknown(&self, record: &RunRecord, drill: &DrillName) -> Vec<String> {
        // What its own teardown has proven stays proven.
        if record.cleanup.as_ref().is_some_and(|cleanup| cleanup.proven) {
            return Vec::new();
        }
        let defined = (drill.clone(), record.opening.definition_sha256.clone());
        let why = |effect: &Effect| match effect.kind {
            EffectKind::RdsInstance if self.swept.removed.contains(effect) => None,
            EffectKind::RdsInstance if self.drills_known.contains(&defined) => None,
            EffectKind::RdsInstance => Some(format!("{effect}: its account was not looked into")),
            EffectKind::Staging => None,
            _ if self.engine_known => None,
            _ => Some(format!("{effect}: the engine could not be asked")),
        };
        record.intended.iter().filter_map(why).collect()
    }
}
