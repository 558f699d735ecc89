//! What can be wrong with the store, and what to do about it.

use std::path::{Path, PathBuf};

use rusqlite::ErrorCode;

use super::values::Occurrence;
use crate::error::Explain;
use crate::model::{EVENT_VERSION, Reason, RunId};

/// The store could not be opened, read or written. Always says where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the record store {}: {fault}", path.display())]
pub struct StoreError {
    /// The file or directory concerned.
    pub path: PathBuf,
    /// What is wrong with it.
    pub fault: Fault,
}

/// What is wrong.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// The directory's permissions let others write, and it is not ours to change.
    #[error("others may write to this directory (owner {owner}, mode {mode:04o})")]
    Exposed {
        /// Numeric owner.
        owner: u32,
        /// Permission bits.
        mode: u32,
    },
    /// SQLite's log needs memory that is shared on one machine.
    #[error("it is on a network file system ({kind}), where SQLite's log is not safe")]
    NetworkFileSystem {
        /// The kernel's word for it: `nfs4`.
        kind: String,
    },
    /// Another program's database.
    #[error("it is a database of another program")]
    NotAStore,
    /// Damaged. The file has not been touched.
    #[error("it is damaged ({detail}); it was left as it is")]
    Corrupt {
        /// What SQLite says.
        detail: String,
    },
    /// Written by a newer program. The file has not been touched.
    #[error("it has schema {found}, and this program knows schemas up to {known}; it was left as it is")]
    TooNew {
        /// The file's schema.
        found: i64,
        /// The newest that this program knows.
        known: i64,
    },
    /// No space is left.
    #[error("its disk is full")]
    DiskFull,
    /// It cannot be written at all.
    #[error("it is read-only")]
    ReadOnly,
    /// Another process has been writing for too long.
    #[error("another process has it locked, for longer than {} s", super::sqlite::BUSY_TIMEOUT.as_secs())]
    Locked,
    /// The operating system refuses access.
    #[error("access is denied ({detail})")]
    Denied {
        /// What was tried.
        detail: String,
    },
    /// What is there, or stands on the way to it, is no directory.
    #[error("it is no directory, and can't become one ({detail})")]
    NoDirectory {
        /// What the system says.
        detail: String,
    },
    /// A read or write failed. Nothing more is written until the store is opened again.
    #[error("input or output failed ({detail})")]
    Io {
        /// What the system says.
        detail: String,
    },
    /// A run never changes after its verdict.
    #[error("run {run} has ended, and its record can't change any more")]
    Finished {
        /// The run.
        run: RunId,
    },
    /// An event would leave a gap, or repeat another.
    #[error("run {run} has {expected} events, and number {found} does not follow")]
    Gap {
        /// The run.
        run: RunId,
        /// The number that comes next.
        expected: u64,
        /// The number that was given.
        found: u64,
    },
    /// Nothing is known of the run.
    #[error("there is no run {run}")]
    UnknownRun {
        /// The run.
        run: RunId,
    },
    /// The run's id is taken.
    #[error("there is a run {run} already")]
    RunExists {
        /// The run.
        run: RunId,
    },
    /// A run can end only with a verdict and an instant.
    #[error("run {run} was to end without a verdict or an instant")]
    NoVerdict {
        /// The run.
        run: RunId,
    },
    /// A newer program wrote the event.
    #[error(
        "event {sequence} of run {run} has version {version}, and this program knows versions up to {EVENT_VERSION}"
    )]
    UnknownEventVersion {
        /// The run.
        run: RunId,
        /// The event's number.
        sequence: u64,
        /// Its version.
        version: u16,
    },
    /// A value is not what the program writes.
    #[error("a value can't be read or written ({detail})")]
    Unreadable {
        /// What and why.
        detail: String,
    },
    /// The thread that writes is gone.
    #[error("its writer has stopped")]
    Stopped,
    /// Anything else that SQLite says.
    #[error("SQLite refused ({detail})")]
    Sqlite {
        /// What SQLite says.
        detail: String,
    },
}

impl Fault {
    /// Attaches the place.
    pub(super) fn at(self, path: &Path) -> StoreError {
        StoreError { path: path.to_owned(), fault: self }
    }

    /// Somebody else's transaction, or a lack of space: the same write may succeed a little later.
    pub fn may_pass(&self) -> bool {
        matches!(self, Self::Locked | Self::DiskFull)
    }

    /// What is on disk is no longer known, so that nothing may be written on top of it.
    pub(super) fn is_final(&self) -> bool {
        matches!(self, Self::Io { .. } | Self::Corrupt { .. })
    }
}

impl From<rusqlite::Error> for Fault {
    fn from(error: rusqlite::Error) -> Self {
        let detail = error.to_string();
        // The index of the write-ahead log is written page by page when it is made, and only space can be lacking then.
        if error.sqlite_extended_error_code() == Some(rusqlite::ffi::SQLITE_IOERR_SHMSIZE) {
            return Self::DiskFull;
        }
        match error.sqlite_error_code() {
            Some(ErrorCode::DiskFull) => Self::DiskFull,
            Some(ErrorCode::ReadOnly) => Self::ReadOnly,
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Self::Locked,
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => Self::Corrupt { detail },
            Some(ErrorCode::PermissionDenied | ErrorCode::CannotOpen) => Self::Denied { detail },
            Some(ErrorCode::SystemIoFailure) => Self::Io { detail },
            Some(_) => Self::Sqlite { detail },
            None => Self::Unreadable { detail },
        }
    }
}

impl From<std::io::Error> for Fault {
    fn from(error: std::io::Error) -> Self {
        use std::io::ErrorKind;
        let detail = error.to_string();
        match error.kind() {
            ErrorKind::PermissionDenied => Self::Denied { detail },
            ErrorKind::ReadOnlyFilesystem => Self::ReadOnly,
            ErrorKind::StorageFull | ErrorKind::QuotaExceeded => Self::DiskFull,
            _ => Self::Io { detail },
        }
    }
}

impl Explain for StoreError {
    fn reason(&self) -> Reason {
        Reason::StoreFailed
    }

    fn hint(&self) -> Option<String> {
        let path = self.path.display();
        let hint = match &self.fault {
            Fault::Exposed { .. } => {
                format!("Choose a directory of Drillyard's own with --state, or run `chmod 0700 {path}`.")
            }
            Fault::NetworkFileSystem { .. } => "Choose a directory on a local disk with --state.".to_owned(),
            Fault::NotAStore | Fault::NoDirectory { .. } => {
                "Choose another directory with --state.".to_owned()
            }
            Fault::Corrupt { .. } => format!(
                "Copy the directory aside first. Then put back a copy of {path}, or rescue what can be read with \
                 `sqlite3 {path} .recover`, or move the file away to begin a new history."
            ),
            Fault::TooNew { .. } | Fault::UnknownEventVersion { .. } => {
                "Use the Drillyard that wrote it, or a newer one; or put back the copy that lies beside it."
                    .to_owned()
            }
            Fault::DiskFull => "Free some space; nothing that was acknowledged is lost.".to_owned(),
            Fault::ReadOnly => format!("Mount the file system of {path} for writing."),
            Fault::Locked => format!("See who has it open with `fuser {path}`, and try again."),
            Fault::Denied { .. } => {
                "Run Drillyard as the owner of its state directory, or choose another with --state."
                    .to_owned()
            }
            Fault::Io { .. } => "Look into the kernel's log for the disk's own words.".to_owned(),
            _ => return None,
        };
        Some(hint)
    }
}

/// A run could not begin.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ClaimError {
    /// Somebody has begun this occurrence: not an error for a scheduler, which goes on to the next.
    #[error("{} of {} (attempt {}) has been claimed already", .0.drill, .0.scheduled_at, .0.attempt)]
    AlreadyClaimed(Occurrence),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Explain for ClaimError {
    fn reason(&self) -> Reason {
        match self {
            Self::AlreadyClaimed(_) => Reason::Overlap,
            Self::Store(error) => error.reason(),
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::AlreadyClaimed(_) => None,
            Self::Store(error) => error.hint(),
        }
    }
}

/// A run that a person named was not found.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FindError {
    /// There is none.
    #[error("no run is called `{text}`")]
    NotFound {
        /// What was asked for.
        text: String,
    },
    /// There are several.
    #[error("`{text}` is the beginning of several runs: {}", listed(candidates))]
    Ambiguous {
        /// What was asked for.
        text: String,
        /// The newest of them, at most [`FindError::SHOWN`] and one more.
        candidates: Vec<RunId>,
    },
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl FindError {
    /// How many candidates a message names.
    pub const SHOWN: usize = 5;

    /// The one that was found, or what is wrong.
    pub(super) fn unless_one(text: &str, found: Vec<RunId>) -> Result<RunId, Self> {
        match found.as_slice() {
            [one] => Ok(*one),
            [] => Err(Self::NotFound { text: text.to_owned() }),
            _ => Err(Self::Ambiguous { text: text.to_owned(), candidates: found }),
        }
    }
}

fn listed(candidates: &[RunId]) -> String {
    let shown: Vec<String> = candidates.iter().take(FindError::SHOWN).map(ToString::to_string).collect();
    let more = if candidates.len() > FindError::SHOWN { ", …" } else { "" };
    shown.join(", ") + more
}

impl Explain for FindError {
    fn reason(&self) -> Reason {
        match self {
            Self::Store(error) => error.reason(),
            _ => Reason::Internal,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::NotFound { .. } => Some("List the runs with `drillyard history`.".to_owned()),
            Self::Ambiguous { .. } => Some("Give more of its characters.".to_owned()),
            Self::Store(error) => error.hint(),
        }
    }
}
