//! What is due, and what of it begins.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::Timestamp;

use super::Daemon;
use super::queue::{self, Item};
use crate::definition::Drill;
use crate::failpoint;
use crate::listen::LogListener;
use crate::model::event::Due;
use crate::model::{DrillName, Reason};
use crate::record::RunSummary;
use crate::run::{World, unstarted};
use crate::schedule::{Capacity, Decision, Demand, Plan, UnstartedInstant, decide, jitter};
use crate::store::{ClaimError, StoreError};

impl Daemon {
    /// Does what is due now; returns when something will be due next.
    pub(super) async fn begin_what_is_due(&mut self, now: Timestamp) -> Option<Timestamp> {
        let decision = self.decide(now).await;
        for instant in decision.unstarted {
            self.write_down(instant).await;
        }
        let capacity = queue::capacity(self.definitions.settings(), self.engine_memory);
        for instant in decision.due {
            let Some(drill) = self.definitions.drills().get(&instant.drill) else { continue };
            let demand = queue::demand(drill, &capacity);
            self.queue.push(instant, demand);
        }
        let (started, late) = self.queue.admit(&self.runs.used(), &capacity, now);
        for item in started {
            failpoint::reach("before_begin").await;
            self.begin(&item, now);
        }
        for item in late {
            self.write_down(no_slot(&item)).await;
        }
        self.begin_retries(&capacity, now);
        let times = [decision.wake_at, self.queue.next_at(), self.retries.next_at()];
        times.into_iter().flatten().min()
    }

    /// When each drill is due next, as whoever asks over HTTP is told.
    pub(super) fn next_due(&self, now: Timestamp) -> BTreeMap<DrillName, Timestamp> {
        let next = |drill: &Drill| {
            let plan = self.plan(drill)?;
            let next = plan.schedule.calendar.next_after(plan.watermark.max(now))?;
            Some((drill.name.clone(), next.checked_add(plan.jitter).ok()?))
        };
        self.definitions.drills().values().filter_map(|drill| next(drill)).collect()
    }

    async fn decide(&self, now: Timestamp) -> Decision {
        let waiting = self.queue.drills();
        let drills = self.definitions.drills().values();
        let plans: Vec<Plan<'_>> = drills
            .filter(|drill| !waiting.contains(&drill.name))
            .filter_map(|drill| self.plan(drill))
            .collect();
        decide(&plans, &self.busy().await, self.up_since, now)
    }

    fn plan<'a>(&self, drill: &'a Drill) -> Option<Plan<'a>> {
        let schedule = drill.schedule.as_ref()?;
        Some(Plan {
            drill: &drill.name,
            schedule,
            jitter: jitter::offset(&drill.name, self.store.id(), schedule),
            watermark: *self.watermarks.get(&drill.name)?,
        })
    }

    /// The drills that have a run, here or in another process.
    async fn busy(&self) -> BTreeSet<DrillName> {
        let mut busy = self.runs.busy();
        for run in self.store.unfinished().await.unwrap_or_default() {
            if self.store.is_live(run.run).unwrap_or(false) {
                busy.insert(run.drill);
            }
        }
        busy
    }

    fn begin(&mut self, item: &Item, now: Timestamp) {
        // The drill may be gone since it began to wait.
        let Some(drill) = self.definitions.drills().get(&item.instant.drill).cloned() else { return };
        self.retries.forget(&drill.name);
        self.watermarks.insert(drill.name.clone(), item.instant.scheduled_at);
        let due = item.due(self.up_since, now);
        self.launch(drill, due, item.demand);
    }

    fn begin_retries(&mut self, capacity: &Capacity, now: Timestamp) {
        for (name, retry) in self.retries.due(now) {
            let Some(drill) = self.definitions.drills().get(&name).cloned() else {
                self.retries.forget(&name);
                continue;
            };
            let room = self.runs.used().slots < capacity.slots && self.queue.is_empty();
            if room && !self.runs.busy().contains(&name) {
                self.retries.forget(&name);
                let demand = queue::demand(&drill, capacity);
                self.launch(drill, retry.due, demand);
            }
        }
    }

    /// What a daemon before this one was to do again, unless that was so long ago that nothing would be caught up with.
    pub(super) async fn resume_retries(&mut self) -> Result<(), StoreError> {
        let drills: Vec<Arc<Drill>> = self.definitions.drills().values().cloned().collect();
        for drill in &drills {
            let Some(schedule) = &drill.schedule else { continue };
            let Some(last) = self.store.last_occurrence(&drill.name).await? else { continue };
            let (Some(verdict), Some(ended_at)) = (last.verdict, last.ended_at) else { continue };
            let due = Due {
                scheduled_at: last.occurrence.scheduled_at,
                attempt: last.occurrence.attempt,
                catch_up: false,
                waited_seconds: 0.0,
            };
            let within = drill.retries.after.saturating_add(schedule.start_within(due.scheduled_at));
            if ended_at.checked_add(within).is_ok_and(|until| until > self.up_since) {
                self.retries.consider(drill, &due, verdict, ended_at);
            }
        }
        Ok(())
    }

    fn launch(&mut self, drill: Arc<Drill>, due: Due, demand: Demand) {
        let world = self.world();
        self.runs.start(drill, due, demand, world);
    }

    /// An instant at which nothing is started is a run that never began.
    async fn write_down(&mut self, instant: UnstartedInstant) {
        let Some(drill) = self.definitions.drills().get(&instant.drill).cloned() else { return };
        let due =
            Due { scheduled_at: instant.scheduled_at, attempt: 1, catch_up: false, waited_seconds: 0.0 };
        let (reason, detail) = (instant.reason, &instant.detail);
        tracing::warn!(drill = %drill.name, scheduled_at = %due.scheduled_at, reason = reason.word(), "{detail}");
        failpoint::reach("before_unstarted").await;
        let written = unstarted::write_down(&drill, due, reason, detail, &self.world()).await;
        failpoint::reach("after_unstarted").await;
        match written {
            Ok(ended) => {
                self.health.ended(&RunSummary::of(&ended.record, &ended.conclusion));
                self.chores.mail_is_due();
                self.watermarks.insert(drill.name.clone(), instant.scheduled_at);
            }
            Err(ClaimError::AlreadyClaimed(_)) => {
                self.watermarks.insert(drill.name.clone(), instant.scheduled_at);
            }
            Err(ClaimError::Store(error)) => tracing::error!(%error, "could not be written down"),
        }
    }

    pub(super) fn world(&self) -> World {
        World::new(
            self.store.clone(),
            self.engine_hosts.clone(),
            self.definitions.settings().runner_memory,
            Box::new(LogListener::default()),
            self.cancel.clone(),
        )
        .of_the_daemon(self.notifier.clone())
    }
}

fn no_slot(item: &Item) -> UnstartedInstant {
    let waited = item.instant.due_at.duration_until(item.instant.start_until);
    UnstartedInstant {
        drill: item.instant.drill.clone(),
        scheduled_at: item.instant.scheduled_at,
        reason: Reason::NoSlot,
        detail: format!("waited {waited:#} for a slot, memory or disk"),
    }
}
