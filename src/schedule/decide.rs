//! What is due, and what came due and can't start any more: every due instant is told of once.

use std::collections::{BTreeSet, VecDeque};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use crate::definition::{Calendar, IfMissed, Schedule};
use crate::model::{DrillName, Reason, Watermark};

/// Missed instants of one drill that are told one by one; the older ones are told as one.
const ONE_BY_ONE: usize = 1_000;
const OVERLAP: (Reason, &str) =
    (Reason::Overlap, "the run before it was still going on, or waiting for its start");

/// A drill, and how far its schedule has been worked off.
#[derive(Debug, Clone, Copy)]
pub struct Plan<'a> {
    /// The drill.
    pub drill: &'a DrillName,
    /// Its schedule.
    pub schedule: &'a Schedule,
    /// By how much its starts are moved: [`super::jitter::offset`].
    pub jitter: Duration,
    /// The newest scheduled instant that has been dealt with. For a schedule that is new: the present.
    pub watermark: Timestamp,
}

/// What must be done now.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Decision {
    /// Runs that may start, in the order in which they came due; at most one of a drill.
    pub due: Vec<DueInstant>,
    /// Instants at which nothing is started; those of one drill from the oldest on, all older than its due one.
    pub unstarted: Vec<UnstartedInstant>,
    /// When the next run comes due; `None` where none ever does.
    pub wake_at: Option<Timestamp>,
}

/// An instant whose run may start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DueInstant {
    /// The drill.
    pub drill: DrillName,
    /// What the calendar says.
    pub scheduled_at: Timestamp,
    /// When it came due: jitter later.
    pub due_at: Timestamp,
    /// From then on it does not start.
    pub start_until: Timestamp,
    /// Whether it came due while the daemon was down.
    pub catch_up: bool,
}

/// An instant at which nothing is started.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnstartedInstant {
    /// The drill.
    pub drill: DrillName,
    /// What the calendar says.
    pub scheduled_at: Timestamp,
    /// `skipped(overlap)`, `missed(down)` or `missed(window)`.
    pub reason: Reason,
    /// What stood in the way, in a sentence.
    pub detail: String,
}

/// The instant after which a drill is judged by its calendar: its watermark, or the present for a drill that is new, or
/// whose watermark is another calendar's. What lies between was never due by this calendar; what was due by the other
/// one until somebody changed it, nobody knows (2026-11-21). Jitter is no part of a calendar: it moves starts, not
/// instants, and a drill whose jitter is changed must not lose its night.
pub fn judged_after(known: Option<&Watermark>, calendar: &Calendar, now: Timestamp) -> Timestamp {
    let Some(Watermark { scheduled_at, calendar: judged_by }) = known else { return now };
    let same = judged_by.as_ref().is_none_or(|judged_by| *judged_by == calendar.to_string());
    if same { *scheduled_at } else { now.max(*scheduled_at) }
}

/// Looks at these drills. One whose due instant waits for its start is left out until it started or was too late, so
/// that nothing moves its watermark past what waits. `busy` are the drills whose run goes on; `up_since` is when the
/// daemon started, or when it was back after [downtime](super::clock::Passed::downtime).
///
/// An instant is due if the watermark is before it and its start, moved by the jitter, is not after `now`: a clock that
/// jumps back makes nothing due, and one that jumps forward makes each instant due once.
pub fn decide(
    plans: &[Plan<'_>],
    busy: &BTreeSet<DrillName>,
    up_since: Timestamp,
    now: Timestamp,
) -> Decision {
    let mut decision = Decision::default();
    for plan in plans {
        plan.decide(busy.contains(plan.drill), up_since, now, &mut decision);
        decision.wake_at = decision.wake_at.into_iter().chain(plan.wake_at(now)).min();
    }
    decision.due.sort_by(|one, other| (one.due_at, &one.drill).cmp(&(other.due_at, &other.drill)));
    decision
}

impl Decision {
    /// Leaves to the next look what is more than `most` instants to be written down, and with it the start of a drill
    /// whose older instants are left: its watermark must not move past them. True where something is left.
    pub fn cut(&mut self, most: usize) -> bool {
        let left: BTreeSet<DrillName> =
            self.unstarted.iter().skip(most).map(|instant| instant.drill.clone()).collect();
        self.unstarted.truncate(most);
        self.due.retain(|due| !left.contains(&due.drill));
        !left.is_empty()
    }
}

impl Plan<'_> {
    fn decide(&self, busy: bool, up_since: Timestamp, now: Timestamp, decision: &mut Decision) {
        let passed = passed(&self.schedule.calendar, self.watermark, self.nominal(now));
        if let Some((first, last)) = passed.older {
            let detail =
                format!("stands for every due instant from {first} on: more than {ONE_BY_ONE} were missed");
            decision.unstarted.push(self.unstarted(last, Reason::Down, detail));
        }
        let Some((newest, older)) = passed.newest.split_last() else { return };
        for instant in older {
            let (reason, detail) = match (self.due_at(*instant) < up_since, busy) {
                (true, _) => {
                    (Reason::Down, "came due while the daemon was down; a later one has come due since")
                }
                (false, true) => OVERLAP,
                (false, false) => {
                    (Reason::Overlap, "could not be started before a later one had come due as well")
                }
            };
            let detail = detail.to_owned();
            decision.unstarted.push(self.unstarted(*instant, reason, detail));
        }
        match self.obstacle(*newest, busy, up_since, now) {
            Some((reason, detail)) => decision.unstarted.push(self.unstarted(*newest, reason, detail)),
            None => decision.due.push(DueInstant {
                drill: self.drill.clone(),
                scheduled_at: *newest,
                due_at: self.due_at(*newest),
                start_until: self.start_until(*newest),
                catch_up: self.due_at(*newest) < up_since,
            }),
        }
    }

    /// What keeps the newest due instant from being started.
    fn obstacle(
        &self,
        instant: Timestamp,
        busy: bool,
        up_since: Timestamp,
        now: Timestamp,
    ) -> Option<(Reason, String)> {
        let down = self.due_at(instant) < up_since;
        let late = now >= self.start_until(instant);
        let within = || SignedDuration::try_from(self.schedule.start_within(instant)).unwrap_or_default();
        match (down, late) {
            (true, _) if self.schedule.if_missed == IfMissed::Skip => {
                let detail = "came due while the daemon was down, and the drill says if_missed: skip";
                Some((Reason::Down, detail.to_owned()))
            }
            (true, true) => {
                let detail = format!("came due while the daemon was down, more than {:#} ago", within());
                Some((Reason::Down, detail))
            }
            (false, true) => {
                Some((Reason::Window, format!("was looked at more than {:#} too late", within())))
            }
            (_, false) if busy => Some((OVERLAP.0, OVERLAP.1.to_owned())),
            (_, false) => None,
        }
    }

    fn unstarted(&self, scheduled_at: Timestamp, reason: Reason, detail: String) -> UnstartedInstant {
        UnstartedInstant { drill: self.drill.clone(), scheduled_at, reason, detail }
    }

    fn wake_at(&self, now: Timestamp) -> Option<Timestamp> {
        let next = self.schedule.calendar.next_after(self.watermark.max(self.nominal(now)))?;
        next.checked_add(self.jitter).ok()
    }

    /// The latest scheduled instant that can have come due by now.
    fn nominal(&self, now: Timestamp) -> Timestamp {
        now.checked_sub(self.jitter).unwrap_or(Timestamp::MIN)
    }

    fn due_at(&self, scheduled_at: Timestamp) -> Timestamp {
        scheduled_at.checked_add(self.jitter).unwrap_or(Timestamp::MAX)
    }

    fn start_until(&self, scheduled_at: Timestamp) -> Timestamp {
        let within = self.schedule.start_within(scheduled_at);
        self.due_at(scheduled_at).checked_add(within).unwrap_or(Timestamp::MAX)
    }
}

/// Instants that have come due.
struct Passed {
    /// The newest, in order.
    newest: Vec<Timestamp>,
    /// The first and the last of the older ones.
    older: Option<(Timestamp, Timestamp)>,
}

/// What came due after the watermark. Of very many only the newest are looked at, so that a clock which jumps ahead by
/// thirty years wedges nothing.
fn passed(calendar: &Calendar, watermark: Timestamp, until: Timestamp) -> Passed {
    let newest: Vec<Timestamp> = calendar.due_between(watermark, until).take(ONE_BY_ONE + 1).collect();
    if newest.len() <= ONE_BY_ONE {
        return Passed { newest, older: None };
    }
    let first = newest[0];
    let mut back = SignedDuration::from_hours(24);
    loop {
        let from = until.checked_sub(back).unwrap_or(watermark).max(watermark);
        let mut kept = VecDeque::with_capacity(ONE_BY_ONE + 2);
        for due in calendar.due_between(from, until) {
            kept.push_back(due);
            if kept.len() > ONE_BY_ONE + 1 {
                kept.pop_front();
            }
        }
        if kept.len() > ONE_BY_ONE {
            let last = kept.pop_front();
            return Passed { newest: kept.into(), older: last.map(|last| (first, last)) };
        }
        back = back.saturating_mul(2);
    }
}

#[cfg(test)]
#[path = "decide_tests.rs"]
mod tests;
