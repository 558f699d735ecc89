//! A drill as a value. `drill-format.md` is the contract; what this version can't do is a fault, not a field.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use jiff::tz::TimeZone;

use super::check::Check;
use super::cloud::{RdsSource, S3Source, Then};
use super::notice::{Notice, Retries};
use super::rollback::Rollback;
use super::schedule::Schedule;
use crate::model::{BackupFormat, DrillName, Durability, Objectives};

/// One drill.
#[derive(Debug, Clone, PartialEq)]
pub struct Drill {
    /// Unique name.
    pub name: DrillName,
    /// Its former name, so that history goes on.
    pub was: Option<DrillName>,
    /// What status and mails group by; the drill's name by default.
    pub service: String,
    /// Who owns the service.
    pub owner: Option<String>,
    /// Whom to ask.
    pub contact: Option<String>,
    /// What to read.
    pub runbook: Option<String>,
    /// Free labels.
    pub labels: BTreeMap<String, String>,
    /// What it is held against.
    pub objectives: Objectives,
    /// How old the newest proof may be; by the schedule where the drill is silent.
    pub proof_max_age: Option<Duration>,
    /// Where the backup comes from.
    pub backup: BackupDefinition,
    /// Where it is restored.
    pub sandbox: SandboxDefinition,
    /// How it is restored.
    pub restore: RestoreDefinition,
    /// What must hold of the restored data; at least one.
    pub checks: Vec<Check>,
    /// When the daemon runs it; only by hand where there is none.
    pub schedule: Option<Schedule>,
    /// Rollbacks that are rehearsed on the restored data.
    pub rollbacks: Vec<Rollback>,
    /// What the daemon does with an errored run.
    pub retries: Retries,
    /// Who is told.
    pub notices: Vec<Notice>,
    /// The file that it was read from.
    pub file: PathBuf,
    /// SHA-256 of the drill's own YAML document, lowercase hexadecimal.
    pub text_sha256: String,
}

/// Where the backup comes from and what may be assumed of it.
#[derive(Debug, Clone, PartialEq)]
pub struct BackupDefinition {
    /// Exactly one source.
    pub source: Source,
    /// What "newest" means.
    pub newest_by: NewestBy,
    /// Which of the candidates.
    pub select: Select,
    /// The format, where the drill insists on one; else it is seen from the bytes.
    pub format: Option<BackupFormat>,
    /// What the backup is meant to hold.
    pub contains: Contains,
    /// Whether a backup without any table may pass.
    pub allow_empty: bool,
    /// Databases of a dump with several; empty means all of them.
    pub databases: Vec<String>,
    /// Zone of the machine that ran `pg_dump`.
    pub dump_time_zone: TimeZone,
    /// Whether the drill says so itself: an unsaid zone is an assumption and is told as one.
    pub dump_time_zone_given: bool,
    /// A smaller file is a finding. In bytes.
    pub min_size: u64,
}

impl BackupDefinition {
    /// Whether the checks are asked where the snapshot became an instance, and nothing is restored into a container.
    pub fn asks_the_instance(&self) -> bool {
        matches!(&self.source, Source::Rds(rds) if rds.then == Then::Instance)
    }

    /// The zone of times without one, where the drill says it.
    pub fn known_time_zone(&self) -> Option<&TimeZone> {
        self.dump_time_zone_given.then_some(&self.dump_time_zone)
    }
}

/// Where backups live. An enum of the kinds that this version can open.
#[derive(Debug, Clone, PartialEq)]
pub enum Source {
    /// A file, or the files of a directory.
    Local(LocalSource),
    /// Objects of a bucket.
    S3(S3Source),
    /// Snapshots of an RDS instance.
    Rds(RdsSource),
}

/// A file, or a directory with a pattern.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LocalSource {
    /// Absolute, below one of the settings' roots.
    pub path: PathBuf,
    /// Glob on the path below the directory; `None` where `path` is the file itself (or every file of a directory).
    pub pattern: Option<String>,
    /// The settings' roots: what is reached through a symbolic link must lie below one of them as well.
    pub roots: Vec<PathBuf>,
}

/// What "newest" means.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum NewestBy {
    /// By modification time, the larger name where two are equal.
    #[default]
    ModifiedTime,
    /// By name, the largest.
    Name,
}

/// Which of the candidates.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Select {
    /// The newest.
    #[default]
    Newest,
    /// The one of this name.
    Id(String),
}

/// What the backup is meant to hold.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Contains {
    /// Schema and data.
    #[default]
    Full,
    /// No rows.
    Schema,
    /// No definitions.
    Data,
}

/// Where the backup is restored. `None` means the runner's default.
#[derive(Debug, Clone, PartialEq)]
pub struct SandboxDefinition {
    /// Image; by the backup's major version by default.
    pub image: Option<String>,
    /// Memory limit in bytes; half of the runner's by default.
    pub memory: Option<u64>,
    /// Processors in thousandths of a core; all of the runner's by default.
    pub milli_cpus: Option<u64>,
    /// Space in bytes that the engine's disk must have; estimated by default.
    pub disk: Option<u64>,
    /// Where the data directory lies.
    pub storage: Storage,
    /// Whether `fsync` and its kin stay on.
    pub durability: Durability,
    /// How long a sandbox of a run that did not pass is kept; not at all by default.
    pub keep_on_failure: Option<Duration>,
}

/// Where the data directory lies.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Storage {
    /// An anonymous volume.
    #[default]
    Volume,
    /// Memory; counts against the sandbox's memory limit.
    Tmpfs,
}

/// How the backup is restored.
#[derive(Debug, Clone, PartialEq)]
pub struct RestoreDefinition {
    /// Parallel jobs; the sandbox's processors by default.
    pub jobs: Option<u16>,
    /// What happens with roles that the backup names and the sandbox lacks.
    pub roles: Roles,
    /// Errors that this drill accepts.
    pub allow_errors: Vec<AllowedError>,
    /// Whether tablespaces are left out.
    pub no_tablespaces: bool,
    /// Server settings on top of ours; names and values are checked by the server.
    pub settings: BTreeMap<String, String>,
    /// SQL files that are run after the restore, absolute paths.
    pub after_sql: Vec<PathBuf>,
    /// The longest that the restore may take; four times the objective by default, else 12 h.
    pub timeout: Duration,
}

/// What happens with missing roles.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Roles {
    /// They are created without login, and the record says which.
    #[default]
    CreateMissing,
    /// This file of SQL creates them. Absolute path.
    File(PathBuf),
    /// Ownership and grants are left out and listed as not verified.
    Ignore,
}

/// An error of the restore that the drill accepts, with its reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AllowedError {
    /// Five characters.
    pub sqlstate: String,
    /// The object as the record prints it, `SCHEMA public`; `None` allows any.
    pub object: Option<String>,
    /// Why it is harmless here.
    pub reason: String,
}
