//! Everything that can be wrong with a backup, or keep us from looking at it.

use std::io;

use super::choose::spell_out;
use crate::error::Explain;
use crate::model::{BackupFormat, Reason, SkipReason, SkippedCandidate};

/// Why there is no backup to restore. Names of files and objects may appear, contents never.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// Nothing that could be a backup.
    #[error("looked for {looked_for} and found no backup{}", spell_out(passed_over))]
    NoBackup {
        /// Where, and with which pattern.
        looked_for: String,
        /// What was there and could not be chosen.
        passed_over: Vec<SkippedCandidate>,
    },
    /// The backup that a person asked for is not there.
    #[error("looked for the backup `{id}` in {location} and it is not there")]
    NotThere {
        /// The name that was asked for.
        id: String,
        /// Where.
        location: String,
        /// A name that is there and looks like it.
        similar: Option<String>,
        /// The newest that are there.
        newest: Vec<String>,
    },
    /// No bytes, or nothing once unpacked.
    #[error("{id} is empty{}", if *once_unpacked { " once it is unpacked" } else { "" })]
    Empty {
        /// Which.
        id: String,
        /// The file has bytes, and they unpack to none.
        once_unpacked: bool,
    },
    /// Smaller than the drill allows.
    #[error("{id} has {size_bytes} bytes, and the drill wants at least {min_size}")]
    TooSmall {
        /// Which.
        id: String,
        /// What it has.
        size_bytes: u64,
        /// `backup.min_size`.
        min_size: u64,
    },
    /// Access refused.
    #[error("tried to read {what} and was refused ({detail})")]
    Denied {
        /// What.
        what: String,
        /// Who may read it, and who asked.
        detail: String,
    },
    /// It leads to where the drill may not look.
    #[error("{what} leads out of the roots")]
    OutOfRoots {
        /// What.
        what: String,
    },
    /// The source does not answer as it should.
    #[error("tried to read {what}: {error}")]
    Unreachable {
        /// What.
        what: String,
        /// What the system said.
        error: io::Error,
    },
    /// The other end's certificate is not trusted, or it speaks no TLS.
    #[error("tried to reach {what} and could not trust it ({detail})")]
    Untrusted {
        /// What.
        what: String,
        /// What the TLS library said.
        detail: String,
    },
    /// It lies in an archive tier.
    #[error("{id} lies in an archive tier and cannot be read before it is brought back")]
    Archived {
        /// Which.
        id: String,
    },
    /// So slow that it would never end.
    #[error("{what} is too slow: {how}")]
    Slow {
        /// What.
        what: String,
        /// How slow.
        how: String,
    },
    /// Another file than the one that was chosen, or another state of it.
    #[error("{id} changed while it was read: {how}")]
    Changed {
        /// Which.
        id: String,
        /// What changed.
        how: String,
    },
    /// Not a backup, or not in the format that the drill says.
    #[error("{id} is {found}{}", expected.map(|format| format!(", and the drill says {format}")).unwrap_or_default())]
    WrongFormat {
        /// Which.
        id: String,
        /// What it is, in words.
        found: String,
        /// What the drill insists on.
        expected: Option<BackupFormat>,
    },
    /// It ends before it should.
    #[error("{id} is cut short: {what}")]
    Truncated {
        /// Which.
        id: String,
        /// Where it ends.
        what: String,
    },
    /// It lacks its definitions or its rows.
    #[error("{what}")]
    Incomplete {
        /// What is missing.
        what: String,
    },
    /// It cannot be unpacked, or its structure is damaged.
    #[error("{id} cannot be unpacked: {what}")]
    UnpackFailed {
        /// Which.
        id: String,
        /// Why.
        what: String,
    },
    /// A good backup perhaps, of a sort that this version does not restore.
    #[error("{id} is {found}, which this version does not restore")]
    NotInThisVersion {
        /// Which.
        id: String,
        /// What it is, in words.
        found: String,
        /// What to do until then.
        hint: String,
    },
    /// Encrypted, and no key is configured.
    #[error("{id} is encrypted with {with}, and the drill names no key")]
    KeyMissing {
        /// Which.
        id: String,
        /// The program that it is encrypted with.
        with: &'static str,
    },
    /// No room for a copy of it.
    #[error("tried to stage a copy in {directory}: {error}")]
    Staging {
        /// Where.
        directory: String,
        /// What the system said.
        error: io::Error,
    },
    /// The reading was called off.
    #[error("the reading of {id} was stopped")]
    Stopped {
        /// Which.
        id: String,
    },
}

impl Explain for SourceError {
    fn reason(&self) -> Reason {
        match self {
            Self::NoBackup { .. } => Reason::NoBackup,
            // A misspelt name says nothing of the backups that are there.
            Self::NotThere { .. } => Reason::BackupNotThere,
            Self::Empty { .. } => Reason::EmptyBackup,
            Self::TooSmall { .. } => Reason::TooSmall,
            Self::Denied { .. } | Self::OutOfRoots { .. } => Reason::SourceDenied,
            Self::Unreachable { .. } | Self::Untrusted { .. } => Reason::SourceUnreachable,
            Self::Archived { .. } => Reason::SourceArchived,
            Self::Slow { .. } => Reason::SourceSlow,
            Self::Changed { .. } => Reason::SourceChanged,
            Self::WrongFormat { .. } => Reason::WrongFormat,
            Self::Truncated { .. } => Reason::Truncated,
            Self::Incomplete { .. } => Reason::Incomplete,
            Self::UnpackFailed { .. } => Reason::UnpackFailed,
            Self::NotInThisVersion { .. } => Reason::FormatUnsupported,
            Self::KeyMissing { .. } => Reason::KeyMissing,
            Self::Staging { error, .. } if error.kind() == io::ErrorKind::StorageFull => Reason::DiskFull,
            Self::Staging { .. } | Self::Stopped { .. } => Reason::Internal,
        }
    }

    fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::NoBackup { passed_over, .. } if passed_over.is_empty() => {
                "See whether the backup job ran, and compare `backup.source` with where it writes.".to_owned()
            }
            Self::NoBackup { passed_over, .. } if passed_over.iter().all(|one| one.why == SkipReason::NotARegularFile) => {
                "Let `backup.source` name regular files below the roots: no pipe, no device, no link that leads elsewhere.".to_owned()
            }
            Self::NoBackup { .. } => {
                "Wait for the backup job to finish; let it write under another name and rename at the end.".to_owned()
            }
            Self::NotThere { similar: Some(similar), .. } => format!("Did you mean `{similar}`?"),
            Self::NotThere { newest, .. } if newest.is_empty() => {
                "There is no backup of any name; compare `backup.source` with where the backup job writes.".to_owned()
            }
            Self::NotThere { newest, .. } => format!("The newest that are there: `{}`.", newest.join("`, `")),
            Self::Empty { .. } => "See whether the backup job failed: a redirected `pg_dump` leaves an empty file.".to_owned(),
            Self::TooSmall { .. } => "Look at the backup job; if the database did shrink, lower `backup.min_size`.".to_owned(),
            Self::Denied { .. } => {
                "Let whoever runs drills read it: chmod or chgrp for a file, s3:ListBucket and s3:GetObject for a bucket.".to_owned()
            },
            Self::OutOfRoots { .. } => "Add the place that it leads to to `roots` in drillyard.yaml.".to_owned(),
            Self::Unreachable { .. } => {
                "See whether the directory is there and its file system is mounted, or whether endpoint, region and network are right."
                    .to_owned()
            }
            Self::Untrusted { .. } => {
                "Give `ca` the authority of the endpoint's certificate, or correct the endpoint; TLS is never switched off silently."
                    .to_owned()
            }
            Self::Archived { .. } => {
                "Drills restore from readable tiers only, because bringing it back costs money: keep the newest backups there.".to_owned()
            }
            Self::Slow { .. } => "Look at the network between this machine and the store, or at the server of a mounted directory; a recovery would be as slow.".to_owned(),
            Self::Changed { .. } => {
                "Let the backup job write under another name and rename at the end; then run the drill again.".to_owned()
            }
            Self::WrongFormat { expected: Some(_), .. } => {
                "Correct `backup.format`, or leave it out: the format is seen from the bytes.".to_owned()
            }
            Self::WrongFormat { .. } => "Look at what the backup job writes, and at `backup.source`.".to_owned(),
            Self::Truncated { .. } => {
                "Compare its size with the backup job's; check the job's exit status, quota and disk.".to_owned()
            }
            Self::Incomplete { .. } => "If the dump is meant to be so, say it in `backup.contains`.".to_owned(),
            Self::UnpackFailed { .. } => "Compare the file with the one that the backup job wrote; copy it again.".to_owned(),
            Self::NotInThisVersion { hint, .. } => hint.clone(),
            Self::KeyMissing { .. } => {
                "Drill an unencrypted copy: this version opens no encrypted backups yet.".to_owned()
            }
            Self::Staging { .. } => {
                "Make room below `state` of drillyard.yaml, or make the backup readable for all so that it needs no copy."
                    .to_owned()
            }
            Self::Stopped { .. } => return None,
        };
        Some(hint)
    }
}
