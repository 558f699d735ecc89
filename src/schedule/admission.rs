//! Who may start: first come, first served, over slots, memory, disk and staging.

use jiff::Timestamp;

use crate::model::DrillName;

const MIB: u64 = 1 << 20;
/// What a restore needs beside the data: write-ahead log and sort files, half of the data between these.
const LEAST_BESIDE: u64 = 1_536 * MIB;
const MOST_BESIDE: u64 = 5_120 * MIB;

/// What a run takes, in bytes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Demand {
    /// Memory of its containers.
    pub memory: u64,
    /// Disk of its sandbox.
    pub disk: u64,
    /// Disk of its staged backup.
    pub staging: u64,
}

/// What a runner has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Capacity {
    /// Runs at the same time.
    pub slots: u32,
    /// Memory in bytes; `None` where it is not limited.
    pub memory: Option<u64>,
    /// Disk of sandboxes in bytes; `None` where it is not limited.
    pub disk: Option<u64>,
    /// Disk of staged backups in bytes; `None` where it is not limited.
    pub staging: Option<u64>,
}

/// What is taken.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Used {
    /// Runs.
    pub slots: u32,
    /// What they take.
    pub demand: Demand,
}

/// A run that waits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiting {
    /// Its drill.
    pub drill: DrillName,
    /// The instant that it is due for; for a run by hand, the instant at which it was asked for.
    pub scheduled_at: Timestamp,
    /// From then on it does not start.
    pub start_until: Timestamp,
    /// What it takes.
    pub demand: Demand,
}

/// What becomes of a run that waits; the number is its place in the queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Admission {
    /// It starts now.
    Start(usize),
    /// Its time has passed: `missed(no_slot)`.
    TooLate(usize),
}

impl Used {
    /// With one run more.
    #[must_use]
    pub fn with(self, demand: &Demand) -> Self {
        let Demand { memory, disk, staging } = self.demand;
        Self {
            slots: self.slots.saturating_add(1),
            demand: Demand {
                memory: memory.saturating_add(demand.memory),
                disk: disk.saturating_add(demand.disk),
                staging: staging.saturating_add(demand.staging),
            },
        }
    }

    /// With one run less.
    #[must_use]
    pub fn without(self, demand: &Demand) -> Self {
        let Demand { memory, disk, staging } = self.demand;
        Self {
            slots: self.slots.saturating_sub(1),
            demand: Demand {
                memory: memory.saturating_sub(demand.memory),
                disk: disk.saturating_sub(demand.disk),
                staging: staging.saturating_sub(demand.staging),
            },
        }
    }
}

impl Capacity {
    /// Whether a run that takes so much may start beside what is taken. One that needs more than there is starts alone.
    pub fn has_room(&self, used: &Used, demand: &Demand) -> bool {
        used.slots == 0 || self.holds(&used.with(demand))
    }

    fn holds(&self, used: &Used) -> bool {
        let within = |most: Option<u64>, used: u64| most.is_none_or(|most| used <= most);
        used.slots <= self.slots
            && within(self.memory, used.demand.memory)
            && within(self.disk, used.demand.disk)
            && within(self.staging, used.demand.staging)
    }
}

/// Goes through the queue, which is in the order in which runs came due. Nobody overtakes: a run that needs much would
/// wait for ever behind small ones.
pub fn admit(queue: &[Waiting], used: &Used, capacity: &Capacity, now: Timestamp) -> Vec<Admission> {
    let mut used = *used;
    let mut blocked = false;
    let mut admissions = Vec::new();
    for (place, waiting) in queue.iter().enumerate() {
        if now >= waiting.start_until {
            admissions.push(Admission::TooLate(place));
            continue;
        }
        blocked |= !capacity.has_room(&used, &waiting.demand);
        if !blocked {
            used = used.with(&waiting.demand);
            admissions.push(Admission::Start(place));
        }
    }
    admissions
}

/// Disk in bytes that a run takes for a staged archive and the data in it, as large as the archive's header says or as
/// experience does.
pub fn disk_estimate(archive: u64, raw: u64) -> u64 {
    let beside = (raw / 2).clamp(LEAST_BESIDE, MOST_BESIDE);
    archive.saturating_add(raw).saturating_add(beside)
}

#[cfg(test)]
mod tests {
    use super::*;

    const GIB: u64 = 1 << 30;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + second).unwrap()
    }

    fn waiting(until: i64, memory: u64) -> Waiting {
        Waiting {
            drill: "orders".parse().unwrap(),
            scheduled_at: at(0),
            start_until: at(until),
            demand: Demand { memory, disk: memory, staging: 0 },
        }
    }

    const HALL: Capacity = Capacity { slots: 3, memory: Some(10), disk: None, staging: None };

    #[test]
    fn runs_start_in_the_order_in_which_they_came_due() {
        let queue = [waiting(9, 4), waiting(9, 4), waiting(9, 1), waiting(9, 1)];
        let started = admit(&queue, &Used::default(), &HALL, at(1));
        assert_eq!(started, [Admission::Start(0), Admission::Start(1), Admission::Start(2)]);
        let free = admit(&queue[3..], &Used::default().with(&queue[0].demand), &HALL, at(1));
        assert_eq!(free, [Admission::Start(0)]);
    }

    #[test]
    fn nobody_overtakes_a_run_that_needs_much() {
        let queue = [waiting(9, 7), waiting(9, 1)];
        assert_eq!(admit(&queue, &Used::default().with(&queue[0].demand), &HALL, at(1)), []);
    }

    #[test]
    fn a_run_that_needs_more_than_there_is_starts_alone() {
        let queue = [waiting(9, 11), waiting(9, 1)];
        assert_eq!(admit(&queue, &Used::default(), &HALL, at(1)), [Admission::Start(0)]);
        let beside = Used::default().with(&Demand::default());
        assert_eq!(admit(&queue, &beside, &HALL, at(1)), []);
        assert_eq!(admit(&queue[1..], &Used::default().with(&queue[0].demand), &HALL, at(1)), []);
        let none = Capacity { slots: 0, ..HALL };
        assert_eq!(admit(&queue, &Used::default(), &none, at(1)), [Admission::Start(0)]);
    }

    #[test]
    fn a_slot_is_not_all_the_room_that_a_run_takes() {
        let run = |memory| Demand { memory, ..Demand::default() };
        let beside = Used::default().with(&run(6));
        assert!(HALL.has_room(&beside, &run(4)) && !HALL.has_room(&beside, &run(5)));
        assert!(HALL.has_room(&Used::default(), &run(11)), "alone");
    }

    #[test]
    fn who_waited_too_long_is_told_even_behind_others() {
        let queue = [waiting(9, 7), waiting(5, 1), waiting(9, 1)];
        let full = Used::default().with(&queue[0].demand);
        assert_eq!(admit(&queue, &full, &HALL, at(4)), []);
        assert_eq!(admit(&queue, &full, &HALL, at(5)), [Admission::TooLate(1)]);
        let all = admit(&queue, &Used::default(), &HALL, at(9));
        assert_eq!(all, [Admission::TooLate(0), Admission::TooLate(1), Admission::TooLate(2)]);
    }

    #[test]
    fn what_is_taken_is_given_back() {
        let demand = Demand { memory: 3, disk: 4, staging: 5 };
        assert_eq!(
            Used::default().with(&demand).with(&demand).without(&demand),
            Used::default().with(&demand)
        );
    }

    #[test]
    fn disk_is_archive_and_data_and_half_of_the_data_within_bounds() {
        assert_eq!(disk_estimate(0, 0), GIB + GIB / 2);
        assert_eq!(disk_estimate(GIB, 4 * GIB), 7 * GIB);
        assert_eq!(disk_estimate(10 * GIB, 100 * GIB), 115 * GIB);
        assert_eq!(disk_estimate(u64::MAX, u64::MAX), u64::MAX);
    }
}
