//! Snapshots of an RDS instance.
//!
//! A snapshot can only become an instance. The run looks at its parameter group ([`mod@group`]), restores one
//! ([`account`]), waits for it ([`waiting`]) and reads back what it became ([`mod@inspect`]). Then either its database is drawn into an archive in the staging directory ([`drawn`]), and from there
//! on it is a backup like any other: the same sandbox without a network, the same checks, the same rehearsals. Or the
//! instance itself is asked (`then: instance`), as a recovery would go on with it, and only its network contains it.

pub mod account;
mod error;
mod group;
mod inspect;
pub mod instance;
mod looks;
mod waiting;

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use aws_sdk_rds::Client;
use aws_sdk_rds::types::DbSnapshot;
use jiff::Timestamp;

use super::artifact::FileIdentity;
use super::intake::{Opened, take_in};
use super::trouble;
use super::{Artifact, BackupSource, FetchRequest, Listing, SourceError};
use crate::aws;
use crate::definition::{RdsSource, SnapshotWanted};
use crate::model::{Candidate, MajorVersion, SkipReason, SkippedCandidate};
use account::Account;
pub use error::InstanceError;

/// Snapshots of one instance.
pub struct RdsSnapshots {
    source: RdsSource,
}

/// What is known of a snapshot before it is restored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snapshot {
    /// Its name.
    pub id: String,
    /// The server that it is of.
    pub major: MajorVersion,
    /// That server's version in full.
    pub version: String,
    /// The newest transaction that it holds, where RDS tells: of a replica that lags, older than the snapshot.
    pub state_of: Option<Timestamp>,
}

/// Where the run leaves the archive that it has drawn from the snapshot.
pub fn drawn(staging: &Path) -> PathBuf {
    staging.join("snapshot").join("dump")
}

impl RdsSnapshots {
    /// No I/O yet.
    pub fn new(source: RdsSource) -> Self {
        Self { source }
    }

    /// What is known of a snapshot that was chosen.
    pub async fn snapshot(&self, id: &str) -> Result<Snapshot, SourceError> {
        let account = Account::open(&self.source).await?;
        let gone = || SourceError::Changed { id: id.to_owned(), how: "it was deleted".to_owned() };
        let found = self.named(account.client(), id).await?.ok_or_else(gone)?;
        let (engine, version) =
            (found.engine().unwrap_or_default(), found.engine_version().unwrap_or_default());
        if engine != "postgres" {
            return Err(SourceError::NotInThisVersion {
                id: id.to_owned(),
                found: format!("a snapshot of {engine}"),
                hint: "Drill a snapshot of an RDS instance of PostgreSQL.".to_owned(),
            });
        }
        let major = version.split('.').next().and_then(|major| major.parse().ok());
        let major =
            major.ok_or_else(|| trouble::strange(&self.location(), "it tells no version of the server"))?;
        let state_of = found.snapshot_database_time().and_then(instant);
        Ok(Snapshot { id: id.to_owned(), major: MajorVersion(major), version: version.to_owned(), state_of })
    }

    async fn named(&self, client: &Client, id: &str) -> Result<Option<DbSnapshot>, SourceError> {
        let asked = client.describe_db_snapshots().db_snapshot_identifier(id).set_snapshot_type(kind_of(id));
        match asked.send().await {
            // Of another instance it proves nothing of this one. RDS keeps names in lower case.
            Ok(found) => Ok(found
                .db_snapshots()
                .iter()
                .find(|snapshot| {
                    let of = snapshot.db_instance_identifier();
                    of.is_some_and(|of| of.eq_ignore_ascii_case(&self.source.instance))
                })
                .cloned()),
            Err(error) => {
                let failure = aws::failure::classify(&error);
                match failure.meaning {
                    aws::failure::Meaning::NotFound => Ok(None),
                    _ => Err(trouble::told(&format!("the snapshot {id}"), &failure)),
                }
            }
        }
    }

    async fn all(&self, client: &Client) -> Result<Vec<DbSnapshot>, SourceError> {
        let kind = match &self.source.snapshot {
            SnapshotWanted::Named(name) => return Ok(self.named(client, name).await?.into_iter().collect()),
            SnapshotWanted::Automated => Some("automated".to_owned()),
            SnapshotWanted::Manual => Some("manual".to_owned()),
            SnapshotWanted::Any => None,
        };
        let asked = client
            .describe_db_snapshots()
            .db_instance_identifier(&self.source.instance)
            .set_snapshot_type(kind);
        let listed = asked.into_paginator().items().send().collect::<Result<Vec<_>, _>>().await;
        listed.map_err(|error| trouble::told(&self.location(), &aws::failure::classify(&error)))
    }
}

impl BackupSource for RdsSnapshots {
    fn kind(&self) -> &'static str {
        "rds"
    }

    fn location(&self) -> String {
        let instance = &self.source.instance;
        match &self.source.snapshot {
            SnapshotWanted::Automated => format!("the automated snapshots of {instance}"),
            SnapshotWanted::Manual => format!("the manual snapshots of {instance}"),
            SnapshotWanted::Any => format!("the snapshots of {instance}"),
            SnapshotWanted::Named(name) => format!("the snapshot {name}"),
        }
    }

    async fn list(&self) -> Result<Listing, SourceError> {
        let account = Account::open(&self.source).await?;
        let mut listing = Listing::default();
        for snapshot in self.all(account.client()).await? {
            match offered(&snapshot) {
                Some(Ok(candidate)) => listing.candidates.push(candidate),
                Some(Err(skipped)) => listing.skipped.push(skipped),
                None => {}
            }
        }
        Ok(listing)
    }

    async fn look_again(&self, id: &str) -> Result<Option<Candidate>, SourceError> {
        let account = Account::open(&self.source).await?;
        let found = self.named(account.client(), id).await?;
        Ok(found.and_then(|snapshot| offered(&snapshot)?.ok()))
    }

    /// A snapshot has no bytes that can be read.
    async fn read_range(&self, candidate: &Candidate, _: u64, _: usize) -> Result<Vec<u8>, SourceError> {
        Err(trouble::strange(&candidate.id, "a snapshot can't be read by ranges"))
    }

    /// Takes in the archive that the run has drawn from the snapshot.
    async fn fetch(&self, candidate: &Candidate, request: &FetchRequest) -> Result<Artifact, SourceError> {
        let opened = open_drawn(candidate, request)?;
        let stop = StopOnDrop::default();
        let (asked, stopped) = (request.clone(), Arc::clone(&stop.0));
        let taken_in = tokio::task::spawn_blocking(move || take_in(opened, &asked, &stopped)).await;
        let broken = |error: tokio::task::JoinError| SourceError::Unreachable {
            what: candidate.id.clone(),
            error: error.into(),
        };
        taken_in.map_err(broken)?
    }
}

/// RDS finds those that it makes by itself, and those of AWS Backup, only where their sort is asked for.
fn kind_of(id: &str) -> Option<String> {
    let kinds = [("rds:", "automated"), ("awsbackup:", "awsbackup")];
    kinds.iter().find(|(prefix, _)| id.starts_with(prefix)).map(|(_, kind)| (*kind).to_owned())
}

fn open_drawn(candidate: &Candidate, request: &FetchRequest) -> Result<Opened, SourceError> {
    let path = drawn(&request.staging);
    let staging = |error| SourceError::Staging { directory: request.staging.display().to_string(), error };
    let file = File::open(&path).map_err(staging)?;
    let identity = FileIdentity::of(&file.metadata().map_err(staging)?);
    Ok(Opened { id: candidate.id.clone(), path, file, identity, readable_for_all: true, growing: None })
}

/// A blocking thread cannot be cancelled from outside: it is told.
#[derive(Default)]
struct StopOnDrop(Arc<AtomicBool>);

impl Drop for StopOnDrop {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// A candidate where it can be restored, else why not; `None` of one that says neither its name nor its time.
fn offered(snapshot: &DbSnapshot) -> Option<Result<Candidate, SkippedCandidate>> {
    let id = snapshot.db_snapshot_identifier()?.to_owned();
    let skipped = |why| Some(Err(SkippedCandidate { id: id.clone(), why }));
    match snapshot.status() {
        Some("available") => {}
        Some("creating" | "copying" | "pending") => return skipped(SkipReason::StillBeingWritten),
        _ => return skipped(SkipReason::NotAvailable),
    }
    // A copy keeps the instant of what it was copied from here alone, and that is the state that it holds.
    let created = snapshot.original_snapshot_create_time().or_else(|| snapshot.snapshot_create_time())?;
    let gibibytes = u64::try_from(snapshot.allocated_storage().unwrap_or_default()).unwrap_or_default();
    let modified_at = instant(created)?;
    Some(Ok(Candidate { id, size_bytes: gibibytes << 30, modified_at, multipart: false }))
}

/// The SDK's instant as ours.
fn instant(time: &aws_sdk_rds::primitives::DateTime) -> Option<Timestamp> {
    Timestamp::new(time.secs(), i32::try_from(time.subsec_nanos()).ok()?).ok()
}
