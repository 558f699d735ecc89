//! Backups as they are found, before anything is restored.

use std::fmt;

use jiff::Timestamp;
use jiff::civil::DateTime;
use serde::{Deserialize, Serialize};

use super::database::ServerVersion;

/// What a backup's bytes are, once unpacked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BackupFormat {
    /// `pg_dump -Fc`: starts with `PGDMP`.
    PgDumpCustom,
    /// `pg_dump -Ft`: a tar that holds a `toc.dat`.
    PgDumpTar,
    /// `pg_dump -Fd`: a directory that holds a `toc.dat`.
    PgDumpDirectory,
    /// SQL text, by `pg_dump`, `pg_dumpall` or by hand.
    PlainSql,
    /// A physical copy of a data directory.
    BaseBackup,
}

impl BackupFormat {
    /// The word that drill files and records use.
    pub fn word(self) -> &'static str {
        match self {
            Self::PgDumpCustom => "pg_dump_custom",
            Self::PgDumpTar => "pg_dump_tar",
            Self::PgDumpDirectory => "pg_dump_directory",
            Self::PlainSql => "plain_sql",
            Self::BaseBackup => "base_backup",
        }
    }
}

impl fmt::Display for BackupFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// What a backup is wrapped in; seen from the bytes, never from the name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Compression {
    /// Nothing around it.
    None,
    /// gzip, RFC 1952, possibly of several members.
    Gzip,
    /// Zstandard, RFC 8878, possibly of several frames.
    Zstd,
    /// LZ4 frame.
    Lz4,
    /// xz.
    Xz,
    /// bzip2.
    Bzip2,
}

/// One backup in a source's listing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Candidate {
    /// The source's own name for it: a path below the drill's directory, an object key.
    pub id: String,
    /// Size in bytes as the listing tells it.
    pub size_bytes: u64,
    /// When it was last modified, by the source's clock.
    pub modified_at: Timestamp,
    /// An object that was uploaded in parts: S3 tells in `modified_at` when its upload began, and not when it ended.
    #[serde(default)]
    pub multipart: bool,
}

/// A candidate that was passed over, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SkippedCandidate {
    /// The source's name for it.
    pub id: String,
    /// Why it was passed over.
    pub why: SkipReason,
}

/// Why a candidate was not the one. An empty newest backup is *not* among them: that is a finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SkipReason {
    /// Its size or time changed between two looks 2 s apart.
    StillBeingWritten,
    /// A name that backup jobs give to unfinished files: `.partial`, `.tmp`, `.part`, `.inprogress`.
    UnfinishedName,
    /// Not a regular file: a directory, a FIFO, a device, a symbolic link out of the roots.
    NotARegularFile,
    /// It vanished between the listing and the second look.
    Vanished,
    /// A snapshot that the service does not offer for a restore: it failed, or is being deleted.
    NotAvailable,
}

/// What a `pg_dump` archive says of itself before its data begins; or what a plain dump's opening comments say.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ArchiveHeader {
    /// Version of the archive format (`1.14.0`), absent for plain SQL.
    pub archive_version: Option<String>,
    /// The server that was dumped.
    pub server_version: Option<ServerVersion>,
    /// The `pg_dump` that dumped it.
    pub pg_dump_version: Option<ServerVersion>,
    /// Name of the database that was dumped.
    pub database: Option<String>,
    /// When `pg_dump` began (its snapshot), in the dumping machine's local time *without a zone* (measured).
    pub started_local: Option<DateTime>,
    /// The zone's abbreviation or offset where the dump names one (a verbose plain dump does), else `None`.
    pub started_zone: Option<String>,
}
