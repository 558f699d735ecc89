//! A daemon and its store as values: what survives a kill is what the store holds.

#[path = "owed.rs"]
mod owed;
#[path = "trouble.rs"]
mod trouble;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use drillyard::definition::{Calendar, IfMissed, Schedule};
use drillyard::model::{DrillName, Reason, StoreId};
use drillyard::schedule::{
    Admission, Capacity, Demand, DueInstant, Plan, Reading, UnstartedInstant, Used, Waiting, admit, decide,
    jitter,
};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use crate::random::Random;

/// Instants that are written down in one look.
const AT_A_LOOK: usize = 50;
const SLOTS: usize = 2;
const MEMORY: u64 = 4;

const SCHEDULES: [(&str, &str); 8] = [
    ("30 2 * * *", "Europe/Berlin"),
    ("0 0 * * *", "America/Havana"),
    ("*/30 * * * *", "Europe/Berlin"),
    ("0 * * * *", "Australia/Lord_Howe"),
    ("15,45 1-3 * * *", "Africa/Cairo"),
    ("0 4 * * Mon", "UTC"),
    ("*/10 8-18 * * Mon-Fri", "America/New_York"),
    ("0 6 1,15 * *", "Asia/Tehran"),
];

/// How a due instant ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// Its run ended, or was lost with the daemon.
    Ran,
    /// Nothing was started.
    Unstarted(Reason),
    /// It is older than a thousand others, and one of them stands for it.
    Summarised,
}

struct Drill {
    name: DrillName,
    schedule: Schedule,
    jitter: Duration,
}

struct Running {
    drill: DrillName,
    demand: Demand,
    /// On the monotonic clock.
    ends_at: Duration,
}

/// Everything there is.
pub struct World {
    seed: u64,
    random: Random,
    /// The wall clock.
    pub now: Timestamp,
    /// The clock that only goes on.
    monotonic: Duration,
    drills: Vec<Drill>,
    /// Drills whose file was taken away.
    gone: Vec<Drill>,
    /// Durable: each due instant with its end; `None` while its run goes on.
    pub store: BTreeMap<(DrillName, Timestamp), Option<End>>,
    /// Durable: how far each schedule has been worked off.
    watermarks: BTreeMap<DrillName, Timestamp>,
    /// Lost with the daemon, and so are the next six.
    pub queue: Vec<Waiting>,
    /// Drills whose schedule was changed while they waited.
    changed: BTreeSet<DrillName>,
    /// Drills of which the store did not take something, and until when on the monotonic clock they are left alone.
    held: BTreeMap<DrillName, Duration>,
    running: Vec<Running>,
    /// Every start, in order.
    pub starts: Vec<(Timestamp, DrillName)>,
    up_since: Timestamp,
    last_look: Reading,
    wake_at: Option<Timestamp>,
    pub kills: usize,
    pub jumps: usize,
    /// How often the store took nothing, and how often a drill was changed while it waited.
    pub refusals: usize,
    pub overtaken: usize,
    /// How often the file of a drill was put back.
    pub comings: usize,
    /// The latest that the wall clock ever showed.
    highest: Timestamp,
    /// Nothing goes wrong any more.
    pub calm: bool,
}

impl World {
    pub fn new(seed: u64, drills: usize) -> Self {
        let now: Timestamp = "2026-03-10T00:00:10Z".parse().unwrap();
        let mut world = Self {
            seed,
            random: Random::new(seed),
            now,
            monotonic: Duration::ZERO,
            drills: Vec::new(),
            gone: Vec::new(),
            starts: Vec::new(),
            comings: 0,
            store: BTreeMap::new(),
            watermarks: BTreeMap::new(),
            queue: Vec::new(),
            changed: BTreeSet::new(),
            held: BTreeMap::new(),
            running: Vec::new(),
            up_since: now,
            last_look: Reading { monotonic: Duration::ZERO, wall: now },
            wake_at: None,
            kills: 0,
            jumps: 0,
            refusals: 0,
            overtaken: 0,
            highest: now,
            calm: false,
        };
        for number in 0..drills {
            let schedule = world.schedule(&format!("drill-{number}"));
            world.add(&format!("drill-{number}"), schedule);
        }
        world
    }

    pub fn daily(seed: u64) -> Self {
        let mut world = Self::new(seed, 0);
        world.add_daily(1);
        world
    }

    pub fn add_daily(&mut self, count: usize) {
        let calendar = Calendar::parse("0 0 * * *", TimeZone::UTC, "").unwrap();
        for number in 0..count {
            let schedule = Schedule {
                calendar: calendar.clone(),
                jitter: Duration::ZERO,
                start_within: None,
                if_missed: IfMissed::RunOnce,
            };
            self.add(&format!("daily-{number}"), schedule);
        }
    }

    fn drill(&self, name: &DrillName) -> &Drill {
        self.drills.iter().chain(&self.gone).find(|drill| drill.name == *name).unwrap()
    }

    fn schedule(&mut self, name: &str) -> Schedule {
        let (cron, zone) = *self.random.of(&SCHEDULES);
        Schedule {
            calendar: Calendar::parse(cron, TimeZone::get(zone).unwrap(), name).unwrap(),
            jitter: *self.random.of(&[Duration::ZERO, Duration::from_mins(10), Duration::from_hours(2)]),
            start_within: *self.random.of(&[None, None, Some(Duration::from_mins(20))]),
            if_missed: *self.random.of(&[IfMissed::RunOnce, IfMissed::RunOnce, IfMissed::Skip]),
        }
    }

    fn add(&mut self, name: &str, schedule: Schedule) {
        let name: DrillName = name.parse().unwrap();
        let jitter = jitter::offset(&name, &StoreId::new("01K0"), &schedule);
        self.watermarks.insert(name.clone(), self.now);
        self.drills.push(Drill { name, schedule, jitter });
    }

    /// The process is gone, and with it what only it knew.
    pub fn kill(&mut self) {
        self.kills += 1;
        self.queue.clear();
        self.changed.clear();
        self.held.clear();
        self.running.clear();
    }

    /// A daemon starts: runs of a lost one are `aborted(daemon_lost)`.
    pub fn start(&mut self) {
        self.store.values_mut().filter(|end| end.is_none()).for_each(|end| *end = Some(End::Ran));
        self.up_since = self.now;
        self.last_look = self.reading();
    }

    fn reading(&self) -> Reading {
        Reading { monotonic: self.monotonic, wall: self.now }
    }

    fn pass(&mut self, time: SignedDuration) {
        self.now += time;
        self.highest = self.highest.max(self.now);
        self.monotonic += Duration::try_from(time).unwrap();
    }

    /// To the next run, or for some minutes: the daemon looks every half minute, which would tell nothing more here.
    pub fn sleep(&mut self) {
        let wake = self.wake_at.map_or(SignedDuration::from_mins(30), |wake| self.now.duration_until(wake));
        let idle = self.queue.is_empty() && self.running.is_empty();
        let most = if idle { SignedDuration::from_mins(30) } else { SignedDuration::from_mins(10) };
        self.sleep_for(wake.clamp(SignedDuration::from_secs(1), most));
    }

    pub fn sleep_for(&mut self, time: SignedDuration) {
        self.pass(time);
    }

    /// One look of the daemon's loop; it may be killed between any two of its steps.
    pub fn look(&mut self) {
        let reading = self.reading();
        if reading.since(self.last_look).downtime {
            self.up_since = self.now;
        }
        self.last_look = reading;
        self.end_runs();
        self.admit();
        self.decide();
        self.admit();
    }

    fn end_runs(&mut self) {
        let monotonic = self.monotonic;
        let (ended, going_on) = self.running.drain(..).partition(|run| run.ends_at <= monotonic);
        self.running = going_on;
        let ended: Vec<Running> = ended;
        for run in ended {
            let end = self.store.range_mut((run.drill.clone(), Timestamp::MIN)..=(run.drill, Timestamp::MAX));
            end.filter(|(_, end)| end.is_none()).for_each(|(_, end)| *end = Some(End::Ran));
        }
    }

    fn decide(&mut self) {
        // As in the daemon, those that wait are left out: nothing may move their watermark past them.
        let waiting: BTreeSet<&DrillName> = self.queue.iter().map(|waiting| &waiting.drill).collect();
        let asked = |drill: &&Drill| !waiting.contains(&drill.name) && !self.holds(&drill.name);
        let plans = self.drills.iter().filter(asked).map(|drill| Plan {
            drill: &drill.name,
            schedule: &drill.schedule,
            jitter: drill.jitter,
            watermark: self.watermarks[&drill.name],
        });
        let plans: Vec<Plan<'_>> = plans.collect();
        let busy: BTreeSet<DrillName> = self.running.iter().map(|run| run.drill.clone()).collect();
        let mut decision = decide(&plans, &busy, self.up_since, self.now);
        self.assert_paid(&self.owed(&busy), &decision);
        assert!(decision.unstarted.len() <= 1_001 * plans.len(), "seed {}: unbounded", self.seed);
        assert!(decision.wake_at.is_none_or(|wake| wake > self.now), "seed {}: wakes in the past", self.seed);
        assert!(decision.due.is_sorted_by_key(|due| due.due_at), "seed {}: out of order", self.seed);
        self.wake_at = decision.wake_at;
        if decision.cut(AT_A_LOOK) {
            self.wake_at = Some(self.now);
        }
        for instant in decision.unstarted {
            assert!(instant.scheduled_at <= self.now, "seed {}: missed before it was due", self.seed);
            self.judge(&instant);
            if !self.holds(&instant.drill) && !self.refuses(&instant.drill) {
                let end = End::Unstarted(instant.reason);
                self.write(&instant.drill, instant.scheduled_at, end, &instant.detail);
            }
            if self.killed_here() {
                return;
            }
        }
        for due in decision.due {
            assert!(due.due_at <= self.now && self.now < due.start_until, "seed {}: {due:?}", self.seed);
            assert!(!busy.contains(&due.drill), "seed {}: {due:?} is busy", self.seed);
            assert!(due.scheduled_at > self.watermarks[&due.drill], "seed {}: {due:?} again", self.seed);
            if !self.holds(&due.drill) {
                self.queue.push(self.waiting(due));
            }
        }
    }

    /// Only what came due before the daemon was up was missed because it was down.
    fn judge(&self, instant: &UnstartedInstant) {
        let jitter = self.drill(&instant.drill).jitter;
        let down = instant.scheduled_at + jitter < self.up_since || instant.detail.starts_with("stands for");
        assert!(down || instant.reason != Reason::Down, "seed {}: {instant:?}", self.seed);
    }

    fn waiting(&self, due: DueInstant) -> Waiting {
        let memory = u64::try_from(self.random.clone().between(1, 5)).unwrap();
        Waiting {
            drill: due.drill,
            scheduled_at: due.scheduled_at,
            start_until: due.start_until,
            demand: Demand { memory, ..Demand::default() },
        }
    }

    fn admit(&mut self) {
        let slots = u32::try_from(SLOTS).unwrap();
        let capacity = Capacity { slots, memory: Some(MEMORY), disk: None, staging: None };
        let refusals = self.refusals;
        let used = self.running.iter().fold(Used::default(), |used, run| used.with(&run.demand));
        let admissions = admit(&self.queue, &used, &capacity, self.now);
        let mut gone = BTreeSet::new();
        for admission in admissions {
            let (Admission::Start(place) | Admission::TooLate(place)) = admission;
            let waiting = self.queue[place].clone();
            match admission {
                _ if self.refuses(&waiting.drill) => {
                    self.changed.remove(&waiting.drill);
                }
                Admission::Start(_) => self.begin(&waiting),
                Admission::TooLate(_) => {
                    let end = End::Unstarted(Reason::NoSlot);
                    self.write(&waiting.drill, waiting.scheduled_at, end, "");
                }
            }
            gone.insert(place);
            if self.killed_here() {
                return;
            }
        }
        let mut place = 0;
        self.queue.retain(|_| {
            place += 1;
            !gone.contains(&(place - 1))
        });
        assert!(self.running.len() <= SLOTS, "seed {}: {} at once", self.seed, self.running.len());
        if self.refusals == refusals {
            self.assert_no_room_is_left();
        }
    }

    /// Claims the instant, and its run begins: seconds, hours, or until somebody kills it.
    fn begin(&mut self, waiting: &Waiting) {
        let goes_on = self.running.iter().any(|run| run.drill == waiting.drill);
        assert!(!goes_on, "seed {}: two at once", self.seed);
        self.claim(&waiting.drill, waiting.scheduled_at, None);
        self.starts.push((waiting.scheduled_at, waiting.drill.clone()));
        let seconds = *self.random.of(&[5, 30, 300, 300, 4_000, 200_000]);
        let ends_at = self.monotonic + Duration::from_secs(seconds);
        self.running.push(Running { drill: waiting.drill.clone(), demand: waiting.demand, ends_at });
    }

    fn write(&mut self, drill: &DrillName, scheduled_at: Timestamp, end: End, detail: &str) {
        if detail.starts_with("stands for") {
            let calendar = &self.drill(drill).schedule.calendar;
            let older =
                calendar.due_between(self.watermarks[drill], scheduled_at - SignedDuration::from_nanos(1));
            let older: Vec<Timestamp> = older.collect();
            for instant in older {
                self.claim(drill, instant, Some(End::Summarised));
            }
        }
        self.claim(drill, scheduled_at, Some(end));
    }

    /// One transaction: the row, which is new, and the watermark, which never goes back. No due instant is passed over.
    fn claim(&mut self, drill: &DrillName, scheduled_at: Timestamp, end: Option<End>) {
        let seed = self.seed;
        let mark = self.watermarks[drill];
        let before = self.store.insert((drill.clone(), scheduled_at), end);
        assert!(before.is_none(), "seed {seed}: {drill} at {scheduled_at} ended twice");
        if self.changed.remove(drill) {
            self.overtaken += 1;
            self.watermarks.insert(drill.clone(), mark.max(scheduled_at));
            return;
        }
        assert!(scheduled_at > mark, "seed {seed}: the watermark of {drill} goes back");
        let calendar = &self.drill(drill).schedule.calendar;
        if let Some(next) = calendar.next_after(mark) {
            assert!(next >= scheduled_at, "seed {seed}: {drill} at {next} was never told");
        }
        self.watermarks.insert(drill.clone(), scheduled_at);
    }
}
