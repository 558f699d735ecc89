//! What a daemon that is up owes: whoever's time has come starts where there is room, and in turn. Told by the calendar
//! and by sums of its own, so that a decision which calls everything missed does not go unseen.

use std::collections::BTreeSet;
use std::time::Duration;

use drillyard::definition::IfMissed;
use drillyard::model::DrillName;
use drillyard::schedule::Decision;
use jiff::{SignedDuration, Timestamp};

use super::{Drill, MEMORY, SLOTS, World};

/// Nothing starts later, whatever its drill says here.
const LATEST: SignedDuration = SignedDuration::from_hours(24);

impl World {
    /// Each drill that neither waits nor runs, with the newest instant that has come due and may still start.
    pub(super) fn owed(&self, busy: &BTreeSet<DrillName>) -> Vec<(DrillName, Timestamp)> {
        let waiting: BTreeSet<&DrillName> = self.queue.iter().map(|waiting| &waiting.drill).collect();
        let idle = |drill: &&Drill| {
            !busy.contains(&drill.name) && !self.holds(&drill.name) && !waiting.contains(&drill.name)
        };
        let drills = self.drills.iter().filter(idle);
        drills.filter_map(|drill| Some((drill.name.clone(), self.newest_in_time(drill)?))).collect()
    }

    fn newest_in_time(&self, drill: &Drill) -> Option<Timestamp> {
        let calendar = &drill.schedule.calendar;
        let nominal = self.now - drill.jitter;
        let from = self.watermarks[&drill.name].max(nominal - LATEST);
        let next = |after: &Timestamp| calendar.next_after(*after).filter(|next| *next <= nominal);
        let newest = std::iter::successors(next(&from), next).last()?;
        let period = newest.duration_until(calendar.next_after(newest)?).min(LATEST);
        let within = drill.schedule.start_within.unwrap_or(Duration::try_from(period).unwrap());
        let came_due = newest + drill.jitter;
        let is_left_out = came_due < self.up_since && drill.schedule.if_missed == IfMissed::Skip;
        (self.now < came_due + within && !is_left_out).then_some(newest)
    }

    pub(super) fn assert_paid(&self, owed: &[(DrillName, Timestamp)], decision: &Decision) {
        for (drill, scheduled_at) in owed {
            let starts = |due: &drillyard::schedule::DueInstant| {
                due.drill == *drill && due.scheduled_at == *scheduled_at
            };
            let (seed, now) = (self.seed, self.now);
            assert!(
                decision.due.iter().any(starts),
                "seed {seed}: {drill} at {scheduled_at} not begun at {now}"
            );
        }
    }

    /// Whoever waits longest waits because there is no room for it.
    pub(super) fn assert_no_room_is_left(&self) {
        let Some(first) = self.queue.first() else { return };
        let memory: u64 = self.running.iter().map(|run| run.demand.memory).sum();
        let full = self.running.len() >= SLOTS || memory + first.demand.memory > MEMORY;
        assert!(full && !self.running.is_empty(), "seed {}: {first:?} waits beside room", self.seed);
    }

    /// Lets every run end and every instant be told, and asks whether all were.
    pub fn settle(&mut self) {
        self.calm = true;
        self.kill();
        self.drills.append(&mut self.gone);
        self.now = self.highest + SignedDuration::from_secs(1);
        self.start();
        for _ in 0..1_000 {
            self.look();
            let more = self.wake_at.is_some_and(|at| at <= self.now);
            if self.queue.is_empty() && self.running.is_empty() && !more {
                break;
            }
            if !more {
                self.pass(SignedDuration::from_mins(10));
            }
        }
        self.look();
        let open = self.store.values().filter(|end| end.is_none()).count();
        assert_eq!(open, self.running.len(), "seed {}: {open} rows are open", self.seed);
        for drill in &self.drills {
            let mark = self.watermarks[&drill.name];
            let next = drill.schedule.calendar.next_after(mark).unwrap();
            let waits = self.queue.iter().any(|waiting| waiting.drill == drill.name);
            let told = next + drill.jitter > self.now || waits;
            assert!(told, "seed {}: {} at {next} was never told", self.seed, drill.name);
        }
    }
}
