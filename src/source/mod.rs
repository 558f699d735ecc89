//! Where backups live, and what their bytes are before anything is restored.
//!
//! A run asks three things, in this order:
//!
//! 1. [`locate()`] lists the source, chooses a backup ([`mod@choose`], pure) and looks a second time at a file so fresh that
//!    it may still be written.
//! 2. [`fetch()`] reads it once: digest, [`mod@format`] by bytes, header, completeness as far as it can be known without a
//!    server; and leaves it where a container engine can mount it ([`Artifact`]).
//! 3. A plain dump is then streamed by [`PlainFile::open`](artifact::PlainFile::open) and watched by
//!    [`PlainScanner`](scan::PlainScanner) on its way to `psql`.
//!
//! Everything that is wrong with a backup is a [`SourceError`] whose reason is a *finding*; everything that keeps us
//! from looking is one whose reason is an *error* of the drill.
//!
//! # To add a source
//!
//! - Give it a variant in [`definition::Source`] and a line in [`open`].
//! - Implement [`BackupSource`] in a file of its own: `list` pages and keeps memory bounded ([`choose::Newest`]),
//!   `look_again` asks for one name, `fetch` brings the bytes through [`intake`] so that digest, format, unpacking and
//!   completeness are the same for all. Backups that are no files (an RDS snapshot) are made one by the run, which may
//!   make things outside itself, before their source is asked to fetch it.
//! - A change of the object while it is read must be noticed and end in [`SourceError::Changed`].
//! - Map refusals to [`SourceError::Denied`] and silence to [`SourceError::Unreachable`]; credentials never appear in
//!   a message.

pub mod artifact;
pub mod choose;
pub mod completeness;
pub mod error;
pub mod fetch;
pub mod format;
mod growing;
mod hashed;
pub mod intake;
pub mod local;
pub mod locate;
pub mod plain;
pub mod rds;
pub mod s3;
pub mod scan;
pub mod started;
mod trouble;
mod unpack;

use std::future::Future;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

pub use artifact::{ArchiveFile, Artifact, FileIdentity, PlainFile};
pub use error::SourceError;
pub use fetch::{Fetched, fetch};
pub use locate::{Located, locate};

use crate::definition;
use crate::model::{BackupFormat, Candidate, SkippedCandidate};

/// What a source lists.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Listing {
    /// Everything that could be a backup, in no order.
    pub candidates: Vec<Candidate>,
    /// What bears a backup's name and can't be one.
    pub skipped: Vec<SkippedCandidate>,
}

/// A place where backups lie. Opened once per run, by [`open`].
pub trait BackupSource: Send + Sync {
    /// The word that records use: `local`.
    fn kind(&self) -> &'static str;

    /// Where it is listed, as a person would name it: a directory and a pattern.
    fn location(&self) -> String;

    /// Everything that could be a backup.
    fn list(&self) -> impl Future<Output = Result<Listing, SourceError>> + Send;

    /// The backup of this name as it is now, `None` if it is gone.
    fn look_again(&self, id: &str) -> impl Future<Output = Result<Option<Candidate>, SourceError>> + Send;

    /// At most `length` bytes from `offset`, fewer only at the end: for a header without a download.
    fn read_range(
        &self,
        candidate: &Candidate,
        offset: u64,
        length: usize,
    ) -> impl Future<Output = Result<Vec<u8>, SourceError>> + Send;

    /// Reads the backup once, from the first byte to the last, and leaves it ready to be restored.
    fn fetch(
        &self,
        candidate: &Candidate,
        request: &FetchRequest,
    ) -> impl Future<Output = Result<Artifact, SourceError>> + Send;
}

/// What a fetch needs beside the candidate.
#[derive(Clone)]
pub struct FetchRequest {
    /// A directory of the run's own, 0700, for a copy that the sandbox may read.
    pub staging: PathBuf,
    /// The format that the drill insists on.
    pub format: Option<BackupFormat>,
    /// Called with the bytes read so far and the bytes that there are, every few megabytes, from another thread.
    pub progress: Progress,
    /// The most that unpacking may yield, in bytes.
    pub unpack_budget: u64,
    /// The longest that it may take.
    pub deadline: Duration,
}

/// Told the bytes read so far, and the bytes that there are.
pub type Progress = Arc<dyn Fn(u64, u64) + Send + Sync>;

/// Opens the source that a drill names. No I/O yet.
pub fn open(source: &definition::Source) -> Backups {
    match source {
        definition::Source::Local(local) => Backups::Local(local::LocalBackups::new(local.clone())),
        definition::Source::S3(s3) => Backups::S3(Box::new(s3::S3Backups::new(s3.clone()))),
        definition::Source::Rds(rds) => Backups::Rds(Box::new(rds::RdsSnapshots::new(rds.clone()))),
    }
}

/// A source of any kind.
pub enum Backups {
    /// Files of this machine.
    Local(local::LocalBackups),
    /// Objects of a bucket.
    S3(Box<s3::S3Backups>),
    /// Snapshots of an RDS instance.
    Rds(Box<rds::RdsSnapshots>),
}

impl BackupSource for Backups {
    fn kind(&self) -> &'static str {
        match self {
            Self::Local(local) => local.kind(),
            Self::S3(s3) => s3.kind(),
            Self::Rds(rds) => rds.kind(),
        }
    }

    fn location(&self) -> String {
        match self {
            Self::Local(local) => local.location(),
            Self::S3(s3) => s3.location(),
            Self::Rds(rds) => rds.location(),
        }
    }

    async fn list(&self) -> Result<Listing, SourceError> {
        match self {
            Self::Local(local) => local.list().await,
            Self::S3(s3) => s3.list().await,
            Self::Rds(rds) => rds.list().await,
        }
    }

    async fn look_again(&self, id: &str) -> Result<Option<Candidate>, SourceError> {
        match self {
            Self::Local(local) => local.look_again(id).await,
            Self::S3(s3) => s3.look_again(id).await,
            Self::Rds(rds) => rds.look_again(id).await,
        }
    }

    async fn read_range(
        &self,
        candidate: &Candidate,
        offset: u64,
        length: usize,
    ) -> Result<Vec<u8>, SourceError> {
        match self {
            Self::Local(local) => local.read_range(candidate, offset, length).await,
            Self::S3(s3) => s3.read_range(candidate, offset, length).await,
            Self::Rds(rds) => rds.read_range(candidate, offset, length).await,
        }
    }

    async fn fetch(&self, candidate: &Candidate, request: &FetchRequest) -> Result<Artifact, SourceError> {
        match self {
            Self::Local(local) => local.fetch(candidate, request).await,
            Self::S3(s3) => s3.fetch(candidate, request).await,
            Self::Rds(rds) => rds.fetch(candidate, request).await,
        }
    }
}
