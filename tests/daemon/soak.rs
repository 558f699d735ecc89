//! Half an hour of a drill of `drills/` and random kills: then store, mailbox, engine and disk tell the same story.

use std::fs;
use std::time::{Duration, Instant};

use drillyard::daemon::lock::DaemonLock;
use drillyard::model::Verdict;
use drillyard::record::RunSummary;
use drillyard::store::{HistoryFilter, Store};
use jiff::Timestamp;
use tokio::runtime::Runtime;

use crate::one_story::{Told, one_story};
use crate::place::{Daemon, PATIENCE, Place};
use crate::random::Random;
use crate::rig::within;
use crate::smtp::Server;
use crate::support::{engine, root, scene, usual_production};

/// Any number; printed with every failure because it is in the source.
const SEED: u64 = 20_261_122;

/// What becomes of the daemon next. Drawn like cards, so that chance decides the order and no half hour goes by without
/// enough of each: eleven minutes or so for all of them, and five runs that don't come to their end.
const FATES: [Fate; 10] = [
    Fate::KilledInARun,
    Fate::KilledInARun,
    Fate::KilledInARun,
    Fate::KilledInARun,
    Fate::KilledInARun,
    Fate::KilledAtARunsEnd,
    Fate::KilledAtARunsEnd,
    Fate::KilledWhenever,
    Fate::Spared,
    Fate::DownForMinutes,
];

#[derive(Debug, Clone, Copy)]
enum Fate {
    KilledInARun,
    /// Where a verdict is written down and told.
    KilledAtARunsEnd,
    KilledWhenever,
    /// A run comes to its end and people are told, while nobody does anything.
    Spared,
    /// Long enough that an instant is missed, perhaps two.
    DownForMinutes,
}

/// The drill at work, and what a look from outside sees of it.
struct Soak {
    place: Place,
    store: Store,
    runtime: Runtime,
    random: Random,
}

#[test]
#[ignore = "takes half an hour: make soak-test"]
fn half_an_hour_of_drills_under_random_kills_tells_one_story() {
    let minutes = std::env::var("SOAK_MINUTES").ok().and_then(|text| text.parse().ok()).unwrap_or(30);
    engine::watch();
    let server = Server::start();
    let mut soak = Soak::of_the_scheduled_example(&server);
    let (kills, daemon) = soak.goes_on_for(Duration::from_mins(minutes));
    soak.comes_to_rest(daemon);
    let told = one_story(&soak.history(), &server);
    eprintln!("{minutes} minutes, {kills} kills: {told}");
    soak.is_of_use(minutes, &told);
}

impl Soak {
    /// `drills/scheduled.yaml` with a backup of the shop where it looks for one; due every minute and told always.
    fn of_the_scheduled_example(server: &Server) -> Self {
        let place = Place::in_real_time();
        place.settings(&server.settings(""));
        fs::create_dir_all(place.rig.path(".demo/backups")).unwrap();
        let dump = place.rig.path(".demo/backups/shop-2026-11-21.dump");
        fs::copy(usual_production().backup(&[]), &dump).unwrap();
        scene::age(&dump, Duration::from_hours(1));
        let text = fs::read_to_string(root().join("drills/scheduled.yaml")).unwrap();
        // A mail that is only sent on a change can't be missed between two runs that are alike.
        let here = [("30 3 * * *", "* * * * *"), ("when: on_change", "when: always")];
        let text = here.into_iter().fold(text, |text, (theirs, ours)| {
            assert_eq!(text.matches(theirs).count(), 1, "{theirs}");
            text.replace(theirs, ours)
        });
        fs::write(place.rig.path("drills/scheduled.yaml"), text).unwrap();
        let store = Store::open(&place.rig.state()).unwrap();
        Self { place, store, runtime: Runtime::new().unwrap(), random: Random::new(SEED) }
    }

    /// How often the daemon was killed, and the one that is there at the end.
    fn goes_on_for(&mut self, time: Duration) -> (u32, Daemon) {
        let begun = Instant::now();
        let mut kills = 0;
        let mut fates = Vec::new();
        let mut daemon = self.place.start(None);
        // Who has not seen an instant coming owes it nothing.
        daemon.says("ready");
        while begun.elapsed() < time {
            if fates.is_empty() {
                fates = FATES.to_vec();
            }
            let last = i64::try_from(fates.len()).unwrap() - 1;
            let drawn = self.random.between(0, last);
            let fate = fates.swap_remove(drawn.try_into().unwrap());
            if self.kills(&mut daemon, fate) {
                kills += 1;
                daemon = self.place.start(None);
            }
        }
        (kills, daemon)
    }

    /// Whether the daemon is dead.
    fn kills(&mut self, daemon: &mut Daemon, fate: Fate) -> bool {
        match fate {
            Fate::KilledInARun => {
                let longest = self.shortest_run().as_millis() * 9 / 10;
                self.waits_for("a run to begin", true);
                self.sleeps(0, longest.try_into().unwrap());
            }
            Fate::KilledAtARunsEnd => {
                self.waits_for_a_whole_run();
                self.sleeps(0, 500);
            }
            Fate::KilledWhenever => self.sleeps(0, 60_000),
            Fate::Spared => {
                self.waits_for_a_whole_run();
                return false;
            }
            Fate::DownForMinutes => {
                daemon.kill();
                self.sleeps(125_000, 185_000);
            }
        }
        daemon.kill();
        true
    }

    fn sleeps(&mut self, least: i64, most: i64) {
        let milliseconds = self.random.between(least, most);
        std::thread::sleep(Duration::from_millis(milliseconds.try_into().unwrap()));
    }

    fn waits_for_a_whole_run(&self) {
        self.waits_for("a run to begin", true);
        self.waits_for("the run to end", false);
    }

    fn waits_for(&self, what: &str, goes_on: bool) {
        within(PATIENCE, &format!("{what}; the log:\n{}", self.place.log()), || self.goes_on() == goes_on);
    }

    /// Whether a run goes on: one that was killed is still without an end, and nobody's.
    fn goes_on(&self) -> bool {
        let unfinished = self.runtime.block_on(self.store.unfinished()).unwrap();
        unfinished.iter().any(|run| self.store.is_live(run.run).unwrap())
    }

    /// All that was due, the oldest first.
    fn history(&self) -> Vec<RunSummary> {
        let mut runs = self.runtime.block_on(self.store.history(HistoryFilter::default())).unwrap();
        runs.sort_by_key(|run| (run.due_at, run.started_at));
        runs
    }

    /// How long a run took that nobody disturbed; at first a guess that is not too long.
    fn shortest_run(&self) -> Duration {
        let passed = self.history().into_iter().filter(|run| run.verdict == Some(Verdict::Passed));
        let took = passed.filter_map(|run| run.finished_at?.duration_since(run.started_at).try_into().ok());
        took.min().unwrap_or(Duration::from_secs(3))
    }

    /// The last run ends, the last mail is sent, the daemon goes, and nothing of it is left.
    fn comes_to_rest(&self, daemon: Daemon) {
        let waits = || self.runtime.block_on(self.store.outbox_next()).unwrap().is_some();
        within(PATIENCE, "runs and mails to be done with", || {
            self.is_up_to_date()
                && self.runtime.block_on(self.store.unfinished()).unwrap().is_empty()
                && !waits()
        });
        assert_eq!(daemon.stop(), Some(0), "{}", self.place.log());
        assert!(!waits(), "a mail was left");
        let swept = self.place.rig.sweep();
        assert_eq!(swept.code, Some(0), "{}", swept.stderr);
        self.place.rig.assert_nothing_remains("the soak");
        for run in self.history() {
            assert_eq!(engine::left_of(&run.run.to_string()), Vec::<String>::new());
        }
        DaemonLock::acquire(&self.place.rig.state()).expect("the lock is free");
    }

    /// Whether the newest minute was answered; its start may be spread over a quarter of it.
    fn is_up_to_date(&self) -> bool {
        let newest = self.history().last().and_then(|run| run.due_at);
        newest.is_some_and(|at| at.duration_until(Timestamp::now()).as_secs() < 80)
    }

    /// A soak whose kills met no run, or met all of them, would have shown nothing.
    fn is_of_use(&self, minutes: u64, told: &Told) {
        let runs = u64::try_from(self.history().len()).unwrap();
        // The last one may not have come yet: its start is spread.
        assert!(runs + 1 >= minutes, "{runs} instants in {minutes} minutes");
        for (verdict, least) in [(Verdict::Aborted, minutes / 3), (Verdict::Passed, minutes / 6)] {
            assert!(told.count(verdict) >= least, "fewer than {least} are {verdict}: {told}");
        }
        assert!(minutes < 30 || told.count(Verdict::Missed) > 0, "{told}");
    }
}
