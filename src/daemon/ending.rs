//! What follows from a run's end, a touched file, a word to stop.

use std::sync::Arc;
use std::time::Instant;

use jiff::Timestamp;

use super::definitions::{Looked, SETTLED};
use super::runs::{End, RunEnded};
use super::wake::Wake;
use super::{CLEANING, Daemon, GRACE, Stopping, lost, service};
use crate::definition::{Drill, Schedule};
use crate::failpoint;
use crate::model::{DrillName, Verdict, Watermark};
use crate::record::{RunSummary, outward};
use crate::run::Ended;
use crate::run::world::wall_clock;
use crate::schedule::judged_after;
use crate::store::{ClaimError, StoreError};

impl Daemon {
    pub(super) async fn run_ended(&mut self, RunEnded { drill, due, demand, end }: RunEnded) {
        match end {
            End::Ended(ended) => {
                tell(&drill, &ended);
                match &ended.unrecorded {
                    None => {
                        self.holds.taken(&drill.name);
                        self.health.ended(&RunSummary::of(&ended.record, &ended.conclusion));
                        self.chores.mail_is_due();
                    }
                    // What is not on record is not told either: the next sweep writes down that the run was lost.
                    Some(why) => self.refused(&drill.name, why),
                }
                self.retries.consider(&drill, &due, ended.conclusion.verdict, wall_clock());
            }
            End::NotBegun(ClaimError::AlreadyClaimed(_)) => {}
            End::NotBegun(ClaimError::Store(error)) => {
                tracing::error!(drill = %drill.name, %error, "the run could not begin");
                self.refused(&drill.name, &error.to_string());
                if due.attempt > 1 {
                    self.retries.put_off(&drill.name, due, wall_clock());
                }
                self.read_watermark(&drill.name).await;
            }
            End::Panicked => {
                tracing::error!(drill = %drill.name, "a fault of Drillyard broke the run off");
                let world = self.world();
                self.runs.mend(drill, due, demand, world);
            }
            End::Lost => {
                tracing::error!(drill = %drill.name, "the run has no end that could be written");
                self.retries.consider(&drill, &due, Verdict::Errored, wall_clock());
                self.read_watermark(&drill.name).await;
            }
        }
    }

    /// Something of a drill could not be written down.
    pub(super) fn refused(&mut self, drill: &DrillName, why: &str) {
        self.holds.refused(drill, why.to_owned(), self.look, Instant::now());
    }

    /// Runs that were written down as lost while the daemon worked, perhaps by a sweep that broke off, or by somebody else.
    pub(super) async fn lost(&mut self, runs: &[RunSummary]) {
        for run in runs {
            self.holds.taken(&run.drill);
            self.health.ended(run);
        }
        if lost::tell(&self.store, &self.definitions, &self.notifier, wall_clock()).await {
            self.chores.mail_is_due();
        }
    }

    pub(super) async fn look_at_files(&mut self, asked: bool) {
        self.files_looked_at = Instant::now();
        failpoint::reach("before_files").await;
        match self.definitions.look(asked) {
            Looked::Same => {}
            Looked::Unsettled => {
                let waker = self.waker.clone();
                tokio::spawn(async move {
                    tokio::time::sleep(SETTLED).await;
                    waker.send(Wake::FilesTouched)
                });
            }
            Looked::Read => {
                let settings = self.definitions.settings();
                self.watch.renew(settings, &self.waker);
                self.notifier = self.notifier.renewed(settings, self.store.state());
                failpoint::reach("after_files").await;
                // Of drills that were unknown until now, people have not been told, and what they proved is not measured.
                self.lost(&[]).await;
                // Where a digest is wanted since then, or at other times, nothing else would ask when it is due.
                self.chores.mail_is_due();
                // A scrape takes the series of drills that are not in force off.
                self.tell_health();
                lost::remember_proofs(&self.store, &self.definitions, &self.health).await;
                if let Err(error) = self.read_watermarks().await {
                    tracing::error!(%error, "no drill is begun until the store can be read");
                    self.watermarks.clear();
                }
            }
        }
    }

    /// What was due before a drill was known, or under another calendar, is nobody's. The store knows by which calendar
    /// each was judged last, also one whose file was broken or gone for a while.
    pub(super) async fn read_watermarks(&mut self) -> Result<(), StoreError> {
        let now = wall_clock();
        let drills: Vec<Arc<Drill>> = self.definitions.drills().values().cloned().collect();
        for drill in &drills {
            let Some(Schedule { calendar, .. }) = &drill.schedule else { continue };
            let known = self.store.watermark(&drill.name).await?;
            let from = judged_after(known.as_ref(), calendar, now);
            let watermark = Watermark { scheduled_at: from, calendar: Some(calendar.to_string()) };
            if known.as_ref() != Some(&watermark) {
                tell_of_another_calendar(drill, known.as_ref(), &watermark);
                self.store.advance_watermark(&drill.name, watermark).await?;
            }
            self.dealt_with(&drill.name, from);
        }
        Ok(())
    }

    /// Never back: what waited may be older than the schedule in force, and a run that begins is not in the store yet.
    pub(super) fn dealt_with(&mut self, drill: &DrillName, until: Timestamp) {
        let mark = self.watermarks.entry(drill.clone()).or_insert(until);
        *mark = until.max(*mark);
    }

    /// After a run that did not begin, the store alone knows; where it does not say, it is asked again.
    async fn read_watermark(&mut self, drill: &DrillName) {
        self.watermarks.remove(drill);
        if let Ok(Some(watermark)) = self.store.watermark(drill).await {
            self.watermarks.insert(drill.clone(), watermark.scheduled_at);
        }
    }

    pub(super) fn stop(&mut self) {
        let grace = self.definitions.settings().shutdown_grace.unwrap_or(GRACE);
        tracing::info!(
            runs = self.runs.count(),
            seconds = grace.as_secs(),
            "stopping: no run begins any more"
        );
        self.stopping = Some(Stopping::Waiting(Instant::now() + grace));
        service::stopping(&self.status());
    }

    /// Whether nothing more is to be waited for. Runs that outlive the grace are cancelled once.
    pub(super) fn has_stopped(&mut self) -> bool {
        let Some(stopping) = self.stopping else { return false };
        let (Stopping::Waiting(until) | Stopping::Cancelling(until)) = stopping;
        if self.runs.count() == 0 || Instant::now() < until {
            return self.runs.count() == 0;
        }
        if matches!(stopping, Stopping::Waiting(_)) {
            tracing::warn!(runs = self.runs.count(), "the grace is over: runs are cancelled");
            self.cancel.cancel();
            self.stopping = Some(Stopping::Cancelling(Instant::now() + CLEANING));
            return false;
        }
        true
    }
}

/// Nothing that was due meanwhile is told as missed, so that at least the change is.
fn tell_of_another_calendar(drill: &Drill, before: Option<&Watermark>, now: &Watermark) {
    let calendar = |watermark: &Watermark| watermark.calendar.clone().unwrap_or_default();
    let changed = before.filter(|before| before.calendar.is_some() && before.calendar != now.calendar);
    if let Some(before) = changed {
        let (drill, was, is) = (&drill.name, calendar(before), calendar(now));
        let (since, until) = (before.scheduled_at, now.scheduled_at);
        tracing::warn!(%drill, was, is, %since, %until, "its schedule was changed: nothing is due in between");
    }
}

fn tell(drill: &Drill, ended: &Ended) {
    let (run, conclusion) = (ended.record.opening.run, &ended.conclusion);
    if let Some(why) = &ended.unrecorded {
        tracing::error!(%run, drill = %drill.name, %why, "the verdict could not be recorded");
    }
    // Its own sentence may quote an answer, which stands in the record and in no log.
    let (verdict, said) = (conclusion.verdict, outward::sentence_of(&ended.record, conclusion));
    if verdict == Verdict::Passed {
        tracing::info!(%run, drill = %drill.name, verdict = verdict.word(), "{said}");
    } else {
        tracing::warn!(%run, drill = %drill.name, verdict = verdict.word(), "{said}");
    }
}
