//! What is due, and what of it begins.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Instant;

use jiff::Timestamp;

use super::Daemon;
use super::queue::{self, Item};
use super::wake::Wake;
use crate::definition::Drill;
use crate::failpoint;
use crate::listen::LogListener;
use crate::model::event::Due;
use crate::model::{DrillName, Reason};
use crate::record::RunSummary;
use crate::run::{World, unstarted};
use crate::schedule::{Capacity, Decision, Demand, DueInstant, Plan, UnstartedInstant, decide, jitter};
use crate::store::{ClaimError, StoreError};

/// The most instants that are written down in one look: each takes the disk some time, and between two looks the daemon
/// shows that it lives, and hears.
const AT_A_LOOK: usize = 50;

impl Daemon {
    /// Does what is due now; returns when something will be due next.
    pub(super) async fn begin_what_is_due(&mut self, now: Timestamp) -> Option<Timestamp> {
        // Until the engine has been asked once, nobody knows what a run may take.
        self.engine?;
        self.read_missing_watermarks().await;
        let busy = self.busy().await;
        let mut decision = self.decide(&busy, now);
        let more = decision.cut(AT_A_LOOK);
        let most_late = AT_A_LOOK - decision.unstarted.len();
        self.write_down_all(decision.unstarted).await;
        let capacity = queue::capacity(self.definitions.settings(), self.engine_memory);
        self.line_up(decision.due, &capacity);
        self.admit(&capacity, &busy, most_late, now).await;
        self.begin_retries(&capacity, &busy, now);
        if more || self.queue.next_at().is_some_and(|at| at <= now) {
            // Behind whatever has been sent meanwhile.
            drop(self.waker.send(Wake::Look));
        }
        let times = [decision.wake_at, self.queue.next_at(), self.retries.next_at(now)];
        times.into_iter().flatten().min()
    }

    /// In their order: a drill of which the store does not take one is held, and its later ones are left to another look.
    async fn write_down_all(&mut self, instants: Vec<UnstartedInstant>) {
        for instant in instants {
            if let Some(drill) = self.free(&instant.drill) {
                self.write_down(&drill, instant).await;
            }
        }
    }

    fn line_up(&mut self, instants: Vec<DueInstant>, capacity: &Capacity) {
        for instant in instants {
            if let Some(drill) = self.free(&instant.drill) {
                let demand = queue::demand(&drill, capacity);
                self.queue.push(instant, drill, demand);
            }
        }
    }

    async fn admit(
        &mut self,
        capacity: &Capacity,
        busy: &BTreeSet<DrillName>,
        most_late: usize,
        now: Timestamp,
    ) {
        let (started, late) = self.queue.admit(&self.runs.used(), capacity, most_late, now);
        for item in started {
            failpoint::reach("before_begin").await;
            if busy.contains(&item.drill.name) {
                self.write_down(&item.drill, overlap(&item)).await;
            } else {
                self.begin(item, now);
            }
        }
        for item in late {
            self.write_down(&item.drill, no_slot(&item)).await;
        }
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

    fn decide(&self, busy: &BTreeSet<DrillName>, now: Timestamp) -> Decision {
        let waiting = self.queue.drills();
        let drills = self.definitions.drills().values();
        let plans: Vec<Plan<'_>> = drills
            .filter(|drill| !waiting.contains(&drill.name) && !self.is_held(&drill.name))
            .filter_map(|drill| self.plan(drill))
            .collect();
        decide(&plans, busy, self.up_since, now)
    }

    /// The drill, unless it is held.
    fn free(&self, drill: &DrillName) -> Option<Arc<Drill>> {
        self.definitions.drills().get(drill).filter(|drill| !self.is_held(&drill.name)).cloned()
    }

    fn is_held(&self, drill: &DrillName) -> bool {
        self.holds.holds(drill, Instant::now())
    }

    /// What could not be read is read again: a drill without its watermark does not begin.
    async fn read_missing_watermarks(&mut self) {
        let missing =
            |drill: &Arc<Drill>| drill.schedule.is_some() && !self.watermarks.contains_key(&drill.name);
        if self.definitions.drills().values().any(missing)
            && let Err(error) = self.read_watermarks().await
        {
            tracing::error!(%error, "drills are not begun");
        }
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

    /// Starts what waited, whatever has become of its file since.
    fn begin(&mut self, item: Item, now: Timestamp) {
        self.retries.forget(&item.drill.name);
        self.dealt_with(&item.drill.name, item.instant.scheduled_at);
        let due = item.due(self.up_since, now);
        self.launch(item.drill, due, item.demand);
    }

    fn begin_retries(&mut self, capacity: &Capacity, busy: &BTreeSet<DrillName>, now: Timestamp) {
        for (name, retry) in self.retries.due(now) {
            let Some(drill) = self.definitions.drills().get(&name).cloned() else {
                self.retries.forget(&name);
                continue;
            };
            let demand = queue::demand(&drill, capacity);
            let room = self.queue.is_empty() && capacity.has_room(&self.runs.used(), &demand);
            if room && !busy.contains(&name) && !self.runs.busy().contains(&name) && !self.is_held(&name) {
                self.retries.forget(&name);
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
    async fn write_down(&mut self, drill: &Drill, instant: UnstartedInstant) {
        let due =
            Due { scheduled_at: instant.scheduled_at, attempt: 1, catch_up: false, waited_seconds: 0.0 };
        let (reason, detail) = (instant.reason, &instant.detail);
        tracing::warn!(drill = %drill.name, scheduled_at = %due.scheduled_at, reason = reason.word(), "{detail}");
        failpoint::reach("before_unstarted").await;
        let written = unstarted::write_down(drill, due, reason, detail, &self.world()).await;
        failpoint::reach("after_unstarted").await;
        match written {
            Ok(ended) => {
                self.health.ended(&RunSummary::of(&ended.record, &ended.conclusion));
                self.chores.mail_is_due();
            }
            Err(ClaimError::AlreadyClaimed(_)) => {}
            Err(ClaimError::Store(error)) => {
                tracing::error!(drill = %drill.name, %error, "could not be written down");
                self.refused(&drill.name, &error.to_string());
                return;
            }
        }
        self.holds.taken(&drill.name);
        self.dealt_with(&drill.name, instant.scheduled_at);
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
    not_started(item, Reason::NoSlot, format!("waited {waited:#} for a slot, memory or disk"))
}

fn overlap(item: &Item) -> UnstartedInstant {
    let detail = "a run of the drill had been started by hand when it was to start";
    not_started(item, Reason::Overlap, detail.to_owned())
}

fn not_started(item: &Item, reason: Reason, detail: String) -> UnstartedInstant {
    let DueInstant { drill, scheduled_at, .. } = item.instant.clone();
    UnstartedInstant { drill, scheduled_at, reason, detail }
}
