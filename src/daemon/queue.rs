//! Runs that are due and wait for room. Each waits until its time has passed; then it is told as missed.

use std::collections::BTreeSet;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use crate::definition::{Drill, Settings, Source, Step};
use crate::model::DrillName;
use crate::model::event::Due;
use crate::schedule::{Admission, Capacity, Demand, DueInstant, Used, Waiting, admit, disk_estimate};

/// Runs at the same time where the settings are silent.
const AT_ONCE: u32 = 2;

/// Who waits, in the order in which they came due.
#[derive(Debug, Default)]
pub struct Queue(Vec<Item>);

/// A due instant that waits.
#[derive(Debug, Clone)]
pub struct Item {
    /// The instant.
    pub instant: DueInstant,
    /// Its drill as it was when it came due: whatever becomes of the file, it starts or is told as missed.
    pub drill: Arc<Drill>,
    /// What its run takes.
    pub demand: Demand,
}

impl Queue {
    /// At the end of the queue.
    pub fn push(&mut self, instant: DueInstant, drill: Arc<Drill>, demand: Demand) {
        self.0.push(Item { instant, drill, demand });
    }

    /// The drills that wait: the calendar is not asked about them until they have begun or are told as missed, so that
    /// no later instant moves their watermark past them.
    pub fn drills(&self) -> BTreeSet<DrillName> {
        self.0.iter().map(|item| item.instant.drill.clone()).collect()
    }

    /// How many wait.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether nobody waits.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// When the first of them has waited too long.
    pub fn next_at(&self) -> Option<Timestamp> {
        self.0.iter().map(|item| item.instant.start_until).min()
    }

    /// Takes out who starts now and who has waited too long, of these no more than `most_late`.
    pub fn admit(
        &mut self,
        used: &Used,
        capacity: &Capacity,
        most_late: usize,
        now: Timestamp,
    ) -> (Vec<Item>, Vec<Item>) {
        let waiting: Vec<Waiting> = self.0.iter().map(Item::waiting).collect();
        let (mut start, mut late) = (BTreeSet::new(), BTreeSet::new());
        for admission in admit(&waiting, used, capacity, now) {
            match admission {
                Admission::Start(place) => start.insert(place),
                Admission::TooLate(place) => late.insert(place),
            };
        }
        let (mut started, mut too_late, mut waits) = (Vec::new(), Vec::new(), Vec::new());
        for (place, item) in self.0.drain(..).enumerate() {
            match (start.contains(&place), late.contains(&place)) {
                (true, _) => started.push(item),
                (_, true) if too_late.len() < most_late => too_late.push(item),
                _ => waits.push(item),
            }
        }
        self.0 = waits;
        (started, too_late)
    }
}

impl Item {
    fn waiting(&self) -> Waiting {
        Waiting {
            drill: self.instant.drill.clone(),
            scheduled_at: self.instant.scheduled_at,
            start_until: self.instant.start_until,
            demand: self.demand,
        }
    }

    /// The first attempt at the instant. What waited for room waited from its time on, or from the daemon's start.
    pub fn due(&self, up_since: Timestamp, now: Timestamp) -> Due {
        let waited = self.instant.due_at.max(up_since).duration_until(now).max(SignedDuration::ZERO);
        Due {
            scheduled_at: self.instant.scheduled_at,
            attempt: 1,
            catch_up: self.instant.catch_up,
            waited_seconds: waited.as_secs_f64(),
        }
    }
}

/// What this runner has. Where the settings name no memory, the engine's own is the limit, once it has said so.
pub fn capacity(settings: &Settings, engine_memory: Option<u64>) -> Capacity {
    let slots = settings.runner_at_once.and_then(|most| u32::try_from(most).ok());
    Capacity {
        slots: slots.unwrap_or(AT_ONCE),
        memory: settings.runner_memory.or(engine_memory),
        disk: settings.runner_disk,
        staging: settings.runner_staging,
    }
}

/// What a run of the drill takes: as it says itself, or as it will be given. How large its backup is nobody knows
/// before it has been looked for, so that it counts with the least that the drill accepts (2026-11-21). One that asks a
/// temporary instance takes nothing of this machine.
pub fn demand(drill: &Drill, capacity: &Capacity) -> Demand {
    if drill.backup.asks_the_instance() {
        return Demand { memory: 0, disk: 0, staging: 0 };
    }
    let least = drill.backup.min_size;
    // What lies on this machine is mounted or read where it lies, unless it turns out to be an archive in a wrapping.
    let staging = if matches!(drill.backup.source, Source::Local(_)) { 0 } else { least };
    let memory = drill.sandbox.memory.or(capacity.memory.map(|memory| memory / 2)).unwrap_or(0);
    Demand {
        memory: memory.saturating_mul(containers(drill)),
        disk: drill.sandbox.disk.unwrap_or_else(|| disk_estimate(staging, least)),
        staging,
    }
}

/// Containers that stand at the same time, each with the memory of a sandbox: the restored server keeps its limit while
/// it is paused for a rehearsal's copy and answers beside it afterwards, and a migration tool has the same limit again.
fn containers(drill: &Drill) -> u64 {
    let steps = drill.rollbacks.iter().flat_map(|rollback| {
        [Some(&rollback.forward), Some(&rollback.back), rollback.writes.as_ref()].into_iter().flatten()
    });
    let tools = steps.filter(|step| matches!(step, Step::Command { .. })).count();
    match (drill.rollbacks.len(), tools) {
        (0, _) => 1,
        (_, 0) => 2,
        _ => 3,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn instant(drill: &str, second: i64) -> DueInstant {
        let at = |second: i64| Timestamp::from_second(1_800_000_000 + second).unwrap();
        DueInstant {
            drill: drill.parse().unwrap(),
            scheduled_at: at(second),
            due_at: at(second),
            start_until: at(second + 60),
            catch_up: false,
        }
    }

    #[test]
    fn f10_who_waits_starts_in_order_or_is_told_as_missed() {
        let mut queue = Queue::default();
        for (number, drill) in ["a", "b", "c", "d"].into_iter().enumerate() {
            let instant = instant(drill, number.try_into().unwrap());
            queue.push(instant, Arc::new(self::drill(LOCAL, "")), Demand::default());
        }
        let hall = Capacity { slots: 1, memory: None, disk: None, staging: None };
        let now = Timestamp::from_second(1_800_000_000 + 10).unwrap();
        let names = |items: &[Item]| items.iter().map(|i| i.instant.drill.to_string()).collect::<Vec<_>>();
        let (started, late) = queue.admit(&Used::default(), &hall, 9, now);
        assert_eq!((names(&started), names(&late)), (vec!["a".to_owned()], vec![]));
        let later = Timestamp::from_second(1_800_000_000 + 62).unwrap();
        let full = Used::default().with(&Demand::default());
        let (started, late) = queue.admit(&full, &hall, 9, later);
        assert_eq!((names(&started), names(&late)), (vec![], vec!["b".to_owned(), "c".to_owned()]));
        assert_eq!(queue.drills().len(), 1);
    }

    #[test]
    fn what_a_run_waited_is_told_without_the_time_that_the_daemon_was_down() {
        let drill = Arc::new(drill(LOCAL, ""));
        let item = Item { instant: instant("a", 0), drill, demand: Demand::default() };
        let at = |second: i64| Timestamp::from_second(1_800_000_000 + second).unwrap();
        assert!((item.due(at(-100), at(7)).waited_seconds - 7.0).abs() < 1e-9);
        assert!((item.due(at(5), at(7)).waited_seconds - 2.0).abs() < 1e-9);
        assert!(item.due(at(9), at(7)).waited_seconds.abs() < 1e-9);
    }
    /// A drill of a file or a bucket that says this besides.
    fn drill(source: &str, more: &str) -> Drill {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        for name in ["dump", "up.sql", "down.sql"] {
            std::fs::write(path(name), "select 1;\n").unwrap();
        }
        let text = format!(
            "drill: orders\nbackup: {{ source: {{ {source} }}, min_size: 3GiB }}\n\
             checks: [ {{ tables: {{ at_least: 1 }} }} ]\n{more}\n"
        );
        std::fs::write(path("orders.yaml"), text).unwrap();
        let settings = Settings { roots: Some(vec![folder.path().to_owned()]), ..Settings::default() };
        let parsed = crate::definition::load(&[path("orders.yaml")], &settings);
        assert!(!parsed.faults.iter().any(crate::definition::Fault::is_error), "{:?}", parsed.faults);
        parsed.drills.into_iter().next().unwrap()
    }

    const LOCAL: &str = "local: { path: dump }";
    const GIB: u64 = 1 << 30;
    const HALL: Capacity = Capacity { slots: 2, memory: Some(8 * GIB), disk: None, staging: None };

    #[test]
    fn a_rehearsal_takes_the_memory_of_a_sandbox_again() {
        let memory = |more: &str| demand(&drill(LOCAL, more), &HALL).memory / GIB;
        let rollback = |back: &str| {
            format!(
                "rollbacks: [ {{ name: one, forward: {{ sql: [up.sql] }}, back: {back} }} ]\n\
                 sandbox: {{ memory: 3GiB }}"
            )
        };
        assert_eq!((memory("sandbox: { memory: 3GiB }"), memory("")), (3, 4));
        assert_eq!(memory(&rollback("{ sql: [down.sql] }")), 6);
        assert_eq!(memory(&rollback("{ command: { image: \"flyway:10\", run: [undo] } }")), 9);
    }

    #[test]
    fn what_comes_from_elsewhere_takes_at_least_its_least_size_of_the_staging_disk() {
        let of = |source: &str, more: &str| {
            let Demand { disk, staging, .. } = demand(&drill(source, more), &HALL);
            (disk, staging)
        };
        let bucket = "s3: { bucket: acme-backups, prefix: orders/, region: eu-central-1 }";
        assert_eq!(of(LOCAL, ""), (disk_estimate(0, 3 * GIB), 0));
        assert_eq!(of(bucket, ""), (disk_estimate(3 * GIB, 3 * GIB), 3 * GIB));
        assert_eq!(of(bucket, "sandbox: { disk: 9GiB }"), (9 * GIB, 3 * GIB));
    }
}
