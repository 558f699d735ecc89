//! What follows from a run's end, a touched file, a word to stop.

use std::sync::Arc;
use std::time::Instant;

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
                self.health.ended(&RunSummary::of(&ended.record, &ended.conclusion));
                self.chores.mail_is_due();
                self.retries.consider(&drill, &due, ended.conclusion.verdict, wall_clock());
            }
            End::NotBegun(ClaimError::AlreadyClaimed(_)) => {}
            End::NotBegun(ClaimError::Store(error)) => {
                tracing::error!(drill = %drill.name, %error, "the run could not begin");
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

    /// Runs that were written down as lost while the daemon worked.
    pub(super) async fn lost(&mut self, runs: &[RunSummary]) {
        if runs.is_empty() {
            return;
        }
        for run in runs {
            self.health.ended(run);
        }
        lost::tell(&self.store, &self.definitions, &self.notifier, wall_clock()).await;
        self.chores.mail_is_due();
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
            Looked::Read { begin } => {
                self.watch.renew(self.definitions.settings(), &self.waker);
                failpoint::reach("after_files").await;
                if let Err(error) = self.read_watermarks(&begin).await {
                    tracing::error!(%error, "new drills are not begun");
                }
            }
        }
    }

    /// What was due before a drill was known, or under another calendar, is nobody's. Those in `begin` are new to this
    /// daemon; of the others the store knows by which calendar they were judged last.
    pub(super) async fn read_watermarks(&mut self, begin: &[DrillName]) -> Result<(), StoreError> {
        let now = wall_clock();
        let drills: Vec<Arc<Drill>> = self.definitions.drills().values().cloned().collect();
        for drill in &drills {
            let Some(Schedule { calendar, .. }) = &drill.schedule else { continue };
            let known = self.store.watermark(&drill.name).await?;
            let from = match &known {
                Some(known) if begin.contains(&drill.name) => now.max(known.scheduled_at),
                known => judged_after(known.as_ref(), calendar, now),
            };
            let watermark = Watermark { scheduled_at: from, calendar: Some(calendar.to_string()) };
            if known.as_ref() != Some(&watermark) {
                tell_of_another_calendar(drill, known.as_ref(), &watermark);
                self.store.advance_watermark(&drill.name, watermark).await?;
            }
            self.watermarks.insert(drill.name.clone(), from);
        }
        Ok(())
    }

    /// After a run that did not begin, the store alone knows.
    async fn read_watermark(&mut self, drill: &DrillName) {
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
