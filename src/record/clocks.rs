//! The clocks of `measures.md`, as pure functions of what was recorded.
//!
//! Recovery time: three clocks, one start, the start of the run. Recovery point: four clocks, each with its basis.
//! What is not known is `None` with a basis that says why, and never meets an objective.

use std::time::Duration;

use jiff::Timestamp;

use super::{RunRecord, Unjudged};
use crate::model::event::BackupChosen;
use crate::model::{CheckKind, Finding, Milestone, Outcome, RtoUntil};

/// All clocks of a run.
#[derive(Debug, Clone, PartialEq)]
pub struct Clocks {
    /// Until the first query after all data was loaded was answered.
    pub time_to_queryable: RecoveryClock,
    /// Until restore, roles, ANALYZE and `restore.after` were done.
    pub time_to_restored: RecoveryClock,
    /// Until the last check passed.
    pub time_to_verified: RecoveryClock,
    /// Age of the finished backup at the run's start.
    pub backup_age: RecoveryPointClock,
    /// Age of the instant whose state the backup holds.
    pub recovery_point_age: RecoveryPointClock,
    /// Age of the newest row that a `fresh` check saw.
    pub data_age: RecoveryPointClock,
    /// What would be lost just before the next backup.
    pub worst_exposure: RecoveryPointClock,
}

/// A distance from the run's start.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RecoveryClock {
    /// `None` where the milestone was not reached.
    pub value: Option<Duration>,
    /// What it is held against, where this is the clock that is judged.
    pub objective: Option<Duration>,
}

impl RecoveryClock {
    /// Whether the objective is met; `None` where nothing is judged.
    pub fn met(self) -> Option<bool> {
        self.objective.map(|objective| self.value.is_some_and(|value| value <= objective))
    }
}

/// An age at the run's start, with its basis.
#[derive(Debug, Clone, PartialEq)]
pub struct RecoveryPointClock {
    /// `None` where it can't be proven.
    pub value: Option<Duration>,
    /// How it is known, or why it is not.
    pub basis: String,
    /// What it is held against.
    pub objective: Option<Duration>,
    /// Why it is not, where it is not.
    pub unjudged: Option<Unjudged>,
}

impl RecoveryPointClock {
    /// Whether the objective is met; `None` where nothing is judged.
    pub fn met(&self) -> Option<bool> {
        let objective = self.objective.filter(|_| self.unjudged.is_none())?;
        Some(self.value.is_some_and(|value| value <= objective))
    }

    /// Why there is an objective and no judgement: `the backup is not whole`.
    pub fn not_judged(&self) -> Option<&'static str> {
        self.objective.and(self.unjudged).map(Unjudged::why)
    }

    /// Whether the newest backup is older than the longest time between two of them: the next one is overdue.
    pub fn is_overdue(&self) -> bool {
        self.basis == NO_NEWER
    }

    fn known(value: Duration, basis: impl Into<String>) -> Self {
        Self { value: Some(value), basis: basis.into(), objective: None, unjudged: None }
    }

    fn unknown(basis: impl Into<String>) -> Self {
        Self { value: None, basis: basis.into(), objective: None, unjudged: None }
    }

    fn held_against(self, objective: Option<Duration>, unjudged: Option<Unjudged>) -> Self {
        Self { objective, unjudged, ..self }
    }
}

impl Clocks {
    /// Measures a run.
    pub fn of(record: &RunRecord) -> Self {
        let objectives = &record.opening.objectives;
        let judged = |until| if objectives.rto_until == until { objectives.rto } else { None };
        let (rpo, unjudged) = (objectives.rpo, Unjudged::of(record));
        let several = record.chosen.as_ref().is_some_and(|chosen| recovery_points(chosen).len() >= 2);
        Self {
            time_to_queryable: recovery_clock(record, Milestone::Queryable, None),
            time_to_restored: recovery_clock(record, Milestone::Restored, judged(RtoUntil::Restored)),
            time_to_verified: recovery_clock(record, Milestone::Verified, judged(RtoUntil::Verified)),
            backup_age: backup_age(record),
            recovery_point_age: recovery_point_age(record).held_against(rpo, unjudged),
            data_age: data_age(record),
            worst_exposure: worst_exposure(record).held_against(rpo.filter(|_| several), unjudged),
        }
    }
}

fn recovery_clock(record: &RunRecord, milestone: Milestone, objective: Option<Duration>) -> RecoveryClock {
    let value = record.reached(milestone).map(|at| record.counted(at));
    RecoveryClock { value, objective }
}

/// Age of an instant at the run's start; an instant of the future is no age.
fn age(record: &RunRecord, instant: Timestamp) -> Option<Duration> {
    Duration::try_from(record.opening.started_at.duration_since(instant)).ok()
}

fn backup_age(record: &RunRecord) -> RecoveryPointClock {
    let Some(chosen) = &record.chosen else { return RecoveryPointClock::unknown("no backup was chosen") };
    match age(record, chosen.candidate.modified_at) {
        Some(value) if chosen.source == "rds" => RecoveryPointClock::known(value, "snapshot"),
        Some(value) => RecoveryPointClock::known(value, "modified_time"),
        None => RecoveryPointClock::unknown("the modification time is later than the start of the run"),
    }
}

/// Best basis first: archive header, newest row, and the modification time only where the drill allows it.
fn recovery_point_age(record: &RunRecord) -> RecoveryPointClock {
    let header = record.read.as_ref().and_then(|read| read.started_at);
    if let Some(value) = header.and_then(|started_at| age(record, started_at)) {
        let snapshot = record.chosen.as_ref().is_some_and(|chosen| chosen.source == "rds");
        return RecoveryPointClock::known(value, if snapshot { "snapshot" } else { "archive_header" });
    }
    let of_snapshot = record.instance.as_ref().and_then(|instance| age(record, instance.recovery_point));
    if let Some(value) = of_snapshot {
        return RecoveryPointClock::known(value, "snapshot");
    }
    if let RecoveryPointClock { value: Some(value), .. } = data_age(record) {
        return RecoveryPointClock::known(value, "newest_row");
    }
    if let (true, Some(value)) = (record.opening.objectives.modified_time_allowed, backup_age(record).value) {
        return RecoveryPointClock::known(value, "modified_time");
    }
    RecoveryPointClock::unknown(missing_basis(record))
}

fn missing_basis(record: &RunRecord) -> String {
    let Some(read) = &record.read else { return "no backup was read".to_owned() };
    let note = read.started_at_note.as_deref().unwrap_or("the backup does not say when it was begun");
    let give = if saw_rows_without_zone(record) {
        "give backup.dump_time_zone, without which the rows of its `fresh` check prove nothing"
    } else {
        "give the drill a `fresh` check"
    };
    format!("{note}; {give}, or allow `modified_time` in backup.recovery_point_basis")
}

fn data_age(record: &RunRecord) -> RecoveryPointClock {
    let newest = record.findings.iter().filter_map(|finding| finding.newest_row_age_seconds).reduce(f64::min);
    match newest.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok()) {
        Some(value) => RecoveryPointClock::known(value, "newest_row"),
        None if saw_rows_without_zone(record) => RecoveryPointClock::unknown(
            "the `fresh` check's column has no time zone: give backup.dump_time_zone",
        ),
        None => RecoveryPointClock::unknown("no `fresh` check saw a row"),
    }
}

/// The basis of an exposure that grows from hour to hour.
const NO_NEWER: &str = "age of the recovery point: no newer backup has come";

/// A `fresh` check passed, and yet tells no age: its rows hold local times of a zone that nobody said.
fn saw_rows_without_zone(record: &RunRecord) -> bool {
    let passed = |finding: &&Finding| finding.kind == CheckKind::Fresh && finding.outcome == Outcome::Passed;
    record.findings.iter().filter(passed).any(|finding| finding.newest_row_age_seconds.is_none())
}

/// What would be lost just before the next backup, as far as the past shows it: the largest gap between backups, or the
/// age of the newest where that is more, because no backup has come since (2026-11-21).
fn worst_exposure(record: &RunRecord) -> RecoveryPointClock {
    let gap = largest_gap(record);
    let age = recovery_point_age(record).value.filter(|_| !record.chosen_by_hand());
    match age.filter(|age| gap.value.is_some_and(|gap| gap < *age)) {
        Some(age) => RecoveryPointClock::known(age, NO_NEWER),
        None => gap,
    }
}

/// The largest gap between neighbouring recovery points that ends inside the window (the newest gap always counts), plus
/// the dump's own length: a listing holds the instants at which dumps ended, and what a dump holds ended when it began.
fn largest_gap(record: &RunRecord) -> RecoveryPointClock {
    let Some(chosen) = &record.chosen else { return RecoveryPointClock::unknown("no backup was chosen") };
    let window = record.opening.objectives.exposure_window;
    let newest_first = recovery_points(chosen);
    let neighbours = newest_first.windows(2).enumerate();
    let inside =
        neighbours.filter(|(n, pair)| *n == 0 || age(record, pair[0]).is_none_or(|age| age <= window));
    let gap = inside.filter_map(|(_, pair)| Duration::try_from(pair[0].duration_since(pair[1])).ok()).max();
    let Some(gap) = gap else {
        return RecoveryPointClock::unknown("the listing holds fewer than two backups");
    };
    if chosen.source == "rds" {
        // A snapshot holds the state of its creation, and no dump is in between.
        return RecoveryPointClock::known(gap, format!("listing of {} snapshots", newest_first.len()));
    }
    let length = dump_length(record);
    let with = match length {
        Some(_) => "a dump's length added",
        None if chosen.candidate.multipart => {
            "a dump's length not known (of an upload in parts, S3 tells the beginning)"
        }
        None => "a dump's length unknown",
    };
    let basis = format!("listing of {} backups, modification times, {with}", newest_first.len());
    RecoveryPointClock::known(gap + length.unwrap_or_default(), basis)
}

/// The instants of the listing to which somebody could recover, newest first.
fn recovery_points(chosen: &BackupChosen) -> Vec<Timestamp> {
    let mut unusable = chosen.unusable.clone();
    let mut points = chosen.listing.clone();
    points.retain(|at| match unusable.iter().position(|other| other == at) {
        // Of several of the same instant, each takes one away.
        Some(place) => {
            unusable.swap_remove(place);
            false
        }
        None => true,
    });
    points.sort_unstable_by(|a, b| b.cmp(a));
    points
}

fn dump_length(record: &RunRecord) -> Option<Duration> {
    let started_at = record.read.as_ref()?.started_at?;
    let candidate = &record.chosen.as_ref()?.candidate;
    let length = Duration::try_from(candidate.modified_at.duration_since(started_at)).ok();
    length.filter(|_| !candidate.multipart)
}
