//! Where the services stand: what is proven, what is failing, what nobody has proven yet, and what has become of it.
//!
//! Pure: the drills and their runs come in, one [`Standing`] per service comes out, the worst first (measures.md).
//!
//! The newest *conclusive* verdict decides whether a drill is failing: a proof or a `failed`. A run that could not find
//! out takes no failure back, and a backup that a person chose says nothing of the newest one (2026-11-21).

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;

use super::{RunSummary, median};
use crate::model::{DrillName, Objectives, Outcome, Rehearsed, RunId, Verdict};

/// A drill as its standing is asked for, with its runs.
#[derive(Debug, Clone, PartialEq)]
pub struct Watched {
    /// The drill.
    pub drill: DrillName,
    /// Its service.
    pub service: String,
    /// Who owns the service, where the drill says so.
    pub owner: Option<String>,
    /// Whom to ask, where the drill says so.
    pub contact: Option<String>,
    /// What it is held against.
    pub objectives: Objectives,
    /// How old the newest proof may be.
    pub proof_max_age: Duration,
    /// Whether it rehearses rollbacks.
    pub has_rollbacks: bool,
    /// When it is due next; `None` where nothing starts it but a person.
    pub next_due_at: Option<Timestamp>,
    /// Its newest runs, the newest first, at least back to its newest proof.
    pub runs: Vec<RunSummary>,
    /// How all its runs ended since the beginning of the period.
    pub tally: Tally,
    /// How they ended in the period of the same length before.
    pub before: Tally,
    /// The newest run in which rollbacks were rehearsed.
    pub rehearsed: Option<LastRehearsal>,
    /// What the newest proof did not verify.
    pub not_verified: Vec<String>,
    /// No file that can be read defines it any more: only a daemon that has read it before may start it, and what is known of it is what its newest run
    /// knew.
    pub broken: bool,
}

/// The newest run in which rollbacks were rehearsed.
#[derive(Debug, Clone, PartialEq)]
pub struct LastRehearsal {
    /// When that run began.
    pub at: Timestamp,
    /// What it found, in the order of the drill; at least one.
    pub rehearsed: Vec<Rehearsed>,
}

impl LastRehearsal {
    /// Whether every rehearsal was as expected.
    pub fn passed(&self) -> bool {
        self.rehearsed.iter().all(|rehearsed| rehearsed.outcome == Outcome::Passed)
    }
}

/// The state of a drill or service, the worst first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum State {
    /// No file that can be read defines the drill, so that nothing starts it but a daemon that has read it before, whatever
    /// it has proven.
    Broken,
    /// The newest conclusive verdict is `failed`.
    Failing,
    /// There is no proof yet.
    Never,
    /// The newest proof is older than it may be.
    Stale,
    /// The newest proof is young enough.
    Proven,
}

impl State {
    /// The word that tables and JSON use.
    pub fn word(self) -> &'static str {
        match self {
            Self::Broken => "broken",
            Self::Failing => "failing",
            Self::Never => "never",
            Self::Stale => "stale",
            Self::Proven => "proven",
        }
    }
}

/// Whether recovery becomes slower.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Trend {
    /// Fewer than three proofs: no trend.
    Unknown,
    /// Within a fifth or five seconds of the median of the proofs before.
    Steady,
    /// By this part of that median, `0.4` for 40 %.
    Slower(f64),
    /// By this part of that median.
    Faster(f64),
}

/// What proves that a backup can be restored.
#[derive(Debug, Clone, PartialEq)]
pub struct Proof {
    /// The run.
    pub run: RunId,
    /// When it began.
    pub at: Timestamp,
    /// Its recovery time.
    pub recovery_time: Option<Duration>,
    /// Age of its recovery point.
    pub recovery_point_age: Option<Duration>,
}

/// How the runs of a period ended.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    /// Runs that passed.
    pub passed: usize,
    /// Runs that proved a problem.
    pub failed: usize,
    /// Runs that could not find out, were lost or were stopped.
    pub errored: usize,
    /// Due instants at which nothing was started.
    pub missed: usize,
}

/// Where one drill stands.
#[derive(Debug, Clone, PartialEq)]
pub struct DrillStanding {
    /// The drill and what is known of it.
    pub watched: Watched,
    /// Its state.
    pub state: State,
    /// The newest proof.
    pub proof: Option<Proof>,
    /// Whether recovery becomes slower.
    pub trend: Trend,
}

/// Where one service stands: as its worst drill.
#[derive(Debug, Clone, PartialEq)]
pub struct Standing {
    /// The service.
    pub service: String,
    /// The state of its worst drill.
    pub state: State,
    /// Its drills, the worst first.
    pub drills: Vec<DrillStanding>,
}

impl Standing {
    /// Who owns the service, by the first of its drills that says so.
    pub fn owner(&self) -> Option<&str> {
        self.drills.iter().find_map(|drill| drill.watched.owner.as_deref())
    }

    /// How many of its drills rehearse rollbacks.
    pub fn rehearsing(&self) -> usize {
        self.drills.iter().filter(|drill| drill.watched.has_rollbacks).count()
    }

    /// The newest run in which rollbacks were rehearsed, and its drill. Of several drills one whose rollback failed is
    /// told of first: a later one of another drill mends nothing (2026-11-22).
    pub fn last_rehearsal(&self) -> Option<(&DrillName, &LastRehearsal)> {
        let drills = self.drills.iter().map(|drill| &drill.watched);
        let each = drills.filter_map(|watched| Some((&watched.drill, watched.rehearsed.as_ref()?)));
        each.max_by_key(|(_, last)| (!last.passed(), last.at))
    }

    /// How the runs of all its drills ended since the beginning of the period.
    pub fn tally(&self) -> Tally {
        self.drills.iter().fold(Tally::default(), |sum, drill| sum.and(drill.watched.tally))
    }

    /// How they ended in the period before.
    pub fn before(&self) -> Tally {
        self.drills.iter().fold(Tally::default(), |sum, drill| sum.and(drill.watched.before))
    }
}

/// The services of these drills as they stand at `now`, the worst first and then by name.
pub fn standings(drills: Vec<Watched>, now: Timestamp) -> Vec<Standing> {
    let mut services: BTreeMap<String, Vec<DrillStanding>> = BTreeMap::new();
    for watched in drills {
        services.entry(watched.service.clone()).or_default().push(DrillStanding::of(watched, now));
    }
    let mut standings: Vec<Standing> =
        services.into_iter().map(|(service, drills)| of(service, drills)).collect();
    standings.sort_by_key(|standing| standing.state);
    standings
}

fn of(service: String, mut drills: Vec<DrillStanding>) -> Standing {
    drills.sort_by(|a, b| (a.state, &a.watched.drill).cmp(&(b.state, &b.watched.drill)));
    let state = drills.first().map_or(State::Never, |drill| drill.state);
    Standing { service, state, drills }
}

impl DrillStanding {
    fn of(watched: Watched, now: Timestamp) -> Self {
        let proof = watched.runs.iter().find(|run| run.proof).map(Proof::of);
        Self { state: state(&watched, proof.as_ref(), now), proof, trend: trend(&watched.runs), watched }
    }

    /// The newest run that has ended.
    pub fn newest(&self) -> Option<&RunSummary> {
        self.watched.runs.iter().find(|run| run.verdict.is_some())
    }

    /// The newest run that has ended and says something of the newest backup.
    pub fn newest_telling(&self) -> Option<&RunSummary> {
        self.watched.of_the_newest_backup().find(|run| run.verdict.is_some())
    }

    /// The newest run that proved a problem with the newest backup.
    pub fn newest_failed(&self) -> Option<&RunSummary> {
        self.watched.of_the_newest_backup().find(|run| run.verdict == Some(Verdict::Failed))
    }
}

impl Watched {
    fn of_the_newest_backup(&self) -> impl Iterator<Item = &RunSummary> {
        self.runs.iter().filter(|run| !run.chosen_by_hand)
    }
}

fn state(watched: &Watched, proof: Option<&Proof>, now: Timestamp) -> State {
    if watched.broken {
        return State::Broken;
    }
    let mut runs = watched.of_the_newest_backup();
    let conclusive = runs.find(|run| run.proof || run.verdict == Some(Verdict::Failed));
    if conclusive.is_some_and(|run| run.verdict == Some(Verdict::Failed)) {
        return State::Failing;
    }
    let Some(proof) = proof else { return State::Never };
    let age = Duration::try_from(now.duration_since(proof.at)).unwrap_or_default();
    if age > watched.proof_max_age { State::Stale } else { State::Proven }
}

impl Proof {
    fn of(run: &RunSummary) -> Self {
        Self {
            run: run.run,
            at: run.started_at,
            recovery_time: seconds(run.time_to_verified_seconds),
            recovery_point_age: seconds(run.recovery_point_age_seconds),
        }
    }
}

fn seconds(value: Option<f64>) -> Option<Duration> {
    value.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok())
}

/// Proofs that a trend is told from, the newest among them.
const PROOFS: usize = 10;
/// Part of a duration from which on a difference is worth a word, and the least difference that is.
pub const NOTABLE: (f64, f64) = (0.2, 5.0);

/// The newest proof against the median of those before.
fn trend(runs: &[RunSummary]) -> Trend {
    let times = runs.iter().filter(|run| run.proof).filter_map(|run| run.time_to_verified_seconds);
    let mut times = times.take(PROOFS);
    let newest = times.next();
    let before: Vec<f64> = times.collect();
    let enough = before.len() >= 2;
    let (Some(newest), Some(median), true) = (newest, median(&before), enough) else { return Trend::Unknown };
    let (difference, part) = (newest - median, (newest - median) / median.max(f64::MIN_POSITIVE));
    match difference.abs() <= NOTABLE.1 || part.abs() <= NOTABLE.0 {
        true => Trend::Steady,
        false if part > 0.0 => Trend::Slower(part),
        false => Trend::Faster(-part),
    }
}

impl Tally {
    /// So many runs that ended in this way.
    pub fn of(verdict: Verdict, runs: usize) -> Self {
        let none = Self::default();
        match verdict {
            Verdict::Passed => Self { passed: runs, ..none },
            Verdict::Failed => Self { failed: runs, ..none },
            Verdict::Errored | Verdict::Aborted | Verdict::Cancelled => Self { errored: runs, ..none },
            Verdict::Missed | Verdict::Skipped => Self { missed: runs, ..none },
        }
    }

    /// Both together.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self {
            passed: self.passed + other.passed,
            failed: self.failed + other.failed,
            errored: self.errored + other.errored,
            missed: self.missed + other.missed,
        }
    }

    /// All runs and due instants that were counted.
    pub fn total(self) -> usize {
        self.passed + self.failed + self.errored + self.missed
    }
}
