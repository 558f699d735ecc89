//! Events: what happened, once, in order. Everything that anybody is shown is folded from them.
//!
//! A stored event is never changed. A variant may gain optional fields within a version; a change of meaning is a new
//! [`EVENT_VERSION`] and an upgrade in the store's reader.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::backup::{ArchiveHeader, BackupFormat, Candidate, Compression, SkippedCandidate};
use super::finding::{CheckKind, Finding};
use super::id::{DrillName, RunId};
use super::objectives::Objectives;
use super::phase::{Milestone, Phase};
use super::rehearsal::{PlannedRehearsal, Rehearsed};
use super::sandbox::{CleanUp, Effect, InstanceFacts, NotComparable, SandboxFacts};
use super::time::Offset;
use super::verdict::Reason;

/// Version of the events that this program writes.
pub const EVENT_VERSION: u16 = 1;

/// One fact with its place in the run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// Place in the run, from 0, without gaps.
    pub sequence: u64,
    /// When, on the run's own clock.
    pub at: Offset,
    /// What.
    #[serde(flatten)]
    pub fact: Fact,
}

/// What can happen in a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "fact", content = "data", rename_all = "snake_case")]
pub enum Fact {
    /// Always the first: who, what, against which objectives, and which phases and checks must end well for a pass.
    RunStarted(Box<RunStarted>),
    /// A phase began. Not more than once, but for `provision` and `restore` of a repeated restore, `locate` and `fetch`
    /// where the backup was replaced while it was read, and the copies of several rehearsals.
    PhaseStarted {
        /// Which.
        phase: Phase,
    },
    /// A phase that had begun ended, well or not.
    PhaseEnded {
        /// Which.
        phase: Phase,
        /// Whether it did what it was for. A phase without a good end can't be part of a pass.
        succeeded: bool,
        /// Bytes that it moved, where that means something.
        bytes: Option<u64>,
        /// What it waited for, where that is known: `a second look at a fresh file`.
        waited_for: Option<String>,
    },
    /// The backup was chosen from a listing.
    BackupChosen(Box<BackupChosen>),
    /// The chosen backup was read: its digest, format and header.
    BackupRead(Box<BackupRead>),
    /// Something is about to be made outside the run. Acknowledged by the journal *before* the first call.
    EffectIntended {
        /// What.
        effect: Effect,
    },
    /// Whoever was asked to make it has answered: it is there, or on its way.
    EffectMade {
        /// What.
        effect: Effect,
    },
    /// It is gone, or was never made.
    EffectUndone {
        /// What.
        effect: Effect,
    },
    /// The sandbox was inspected after its start, and every property of the profile holds.
    SandboxInspected(Box<SandboxFacts>),
    /// The temporary instance of a snapshot was inspected before anybody connected, and every property holds.
    InstanceInspected(Box<InstanceFacts>),
    /// An instant that ends a recovery clock.
    Reached {
        /// Which.
        milestone: Milestone,
    },
    /// Roles that the backup names and that were created without login.
    RolesCreated {
        /// Their names, sorted.
        names: Vec<String>,
    },
    /// Errors of the restore of one sort, already classified.
    RestoreErrors(RestoreErrors),
    /// The restore made no progress and is repeated on a fresh sandbox.
    RestoreRepeated {
        /// What stood still, and for how long.
        detail: String,
    },
    /// A check ended.
    CheckFinished(Box<Finding>),
    /// A rehearsal of a rollback ended.
    RehearsalFinished(Box<Rehearsed>),
    /// Something that this run did not verify, as a short sentence: `completeness: not written by pg_dump`.
    NotVerified {
        /// What, and why.
        what: String,
    },
    /// Something that a person should know and that changes no verdict.
    Warned {
        /// What.
        what: String,
    },
    /// The measured times are not comparable with production.
    NotComparable {
        /// Why.
        why: NotComparable,
    },
    /// The run stopped before its end. At most one per run: the first.
    Stopped(Stop),
    /// The teardown is over and an independent listing was made. The last fact that a run tells of itself.
    CleanedUp(CleanUp),
}

/// The opening of a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RunStarted {
    /// The run.
    pub run: RunId,
    /// The drill.
    pub drill: DrillName,
    /// What status and mails group by.
    pub service: String,
    /// Who owns the service, where the drill says so.
    pub owner: Option<String>,
    /// Whom to ask, where the drill says so.
    pub contact: Option<String>,
    /// What to read, where the drill says so.
    pub runbook: Option<String>,
    /// The drill's labels.
    pub labels: BTreeMap<String, String>,
    /// What started it.
    pub trigger: Trigger,
    /// Wall clock at offset zero.
    pub started_at: Timestamp,
    /// SHA-256 of the drill's text, lowercase hexadecimal.
    pub definition_sha256: String,
    /// What it is held against.
    pub objectives: Objectives,
    /// Phases that must end well.
    pub phases: Vec<Phase>,
    /// Checks that must end, in the order of the drill.
    pub checks: Vec<PlannedCheck>,
    /// Rehearsals that must end, in the order of the drill.
    #[serde(default)]
    pub rehearsals: Vec<PlannedRehearsal>,
    /// The due instant that it answers; `None` for a run by hand.
    #[serde(default)]
    pub due: Option<Due>,
    /// When the drill is due next, as its schedule stood at the start.
    #[serde(default)]
    pub next_due_at: Option<Timestamp>,
    /// A person says which backup (`--backup`, or a `select` by name), whether it is there or not.
    #[serde(default)]
    pub chosen_by_hand: bool,
    /// Version of the program.
    pub drillyard_version: String,
}

/// The due instant that a run answers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Due {
    /// The scheduled instant, without jitter.
    pub scheduled_at: Timestamp,
    /// Which attempt at it this is, from 1.
    pub attempt: u32,
    /// It came due while the daemon was down, and is caught up with.
    pub catch_up: bool,
    /// Seconds that it waited for a slot, memory or disk. Not part of any recovery clock.
    pub waited_seconds: f64,
}

/// A check that a run owes an answer to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlannedCheck {
    /// Its name, the same as its finding's.
    pub name: String,
    /// Its kind.
    pub kind: CheckKind,
}

/// What started a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Trigger {
    /// A person.
    Manual,
    /// The daemon, on schedule.
    Scheduled,
}

/// The choice of a backup.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BackupChosen {
    /// Kind of source: `local`.
    pub source: String,
    /// Where it was listed, as a person would name it: a directory and a pattern.
    pub location: String,
    /// The chosen one.
    pub candidate: Candidate,
    /// Newer ones that were passed over.
    pub skipped: Vec<SkippedCandidate>,
    /// Modification times of all candidates, newest first, at most 1,000.
    pub listing: Vec<Timestamp>,
    /// Those of `listing` from which nobody could recover: unfinished, empty, smaller than allowed, gone meanwhile.
    #[serde(default)]
    pub unusable: Vec<Timestamp>,
    /// A person chose it (`--backup`, or a `select` other than `newest`): the run is not judged on RPO by it.
    pub chosen_by_hand: bool,
}

/// The reading of the chosen backup.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BackupRead {
    /// What it is.
    pub format: BackupFormat,
    /// What it is wrapped in.
    pub compression: Compression,
    /// SHA-256 of the file as it lies there, lowercase hexadecimal; `None` where it is known only at the end.
    pub sha256: Option<String>,
    /// Bytes of the file as it lies there.
    pub size_bytes: u64,
    /// What it says of itself.
    pub header: ArchiveHeader,
    /// When the dump began in UTC, by the header's local time and the drill's `dump_time_zone`.
    pub started_at: Option<Timestamp>,
    /// The assumption or contradiction behind `started_at`, in a sentence.
    pub started_at_note: Option<String>,
}

/// Errors of the restore that are alike.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RestoreErrors {
    /// The server's five characters, or `-----` where the client failed by itself.
    pub sqlstate: String,
    /// The object concerned: `SCHEMA public`, `line 1234`.
    pub object: String,
    /// The redacted message: names stay, values go.
    pub message: String,
    /// How many.
    pub count: u64,
    /// What they mean.
    pub class: RestoreErrorClass,
}

/// What an error of the restore means.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RestoreErrorClass {
    /// On the built-in list of harmless ones; with the reason.
    Harmless(String),
    /// On the drill's own list; with its reason.
    Allowed(String),
    /// Follows from another error that is already told.
    Follows(String),
    /// Not harmless; what it makes of the run.
    Fatal(Reason),
}

/// Why a run stopped before its end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stop {
    /// From the closed list.
    pub reason: Reason,
    /// The phase in which it stopped.
    pub phase: Option<Phase>,
    /// What was tried and what was found. Redacted.
    pub detail: String,
    /// What to do next.
    pub hint: Option<String>,
}
