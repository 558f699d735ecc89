//! The run's own lock: who holds it is at work on the run, and the kernel takes it back from the dead.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, ErrorKind};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use super::error::{Fault, StoreError};
use super::state;
use crate::model::RunId;

/// The right to write a run's events, as an exclusively locked file `runs/<run>.lock`. Dropping it removes the file;
/// a process that is killed leaves the file unlocked.
#[derive(Debug)]
pub struct RunLease {
    run: RunId,
    path: PathBuf,
    /// Never read: the lock lives as long as the open file.
    _lock: File,
}

impl RunLease {
    /// The run.
    pub fn run(&self) -> RunId {
        self.run
    }

    /// Takes the lock of a new run. Waits no longer than another process's glance at it takes.
    pub(super) fn acquire(state: &Path, run: RunId) -> Result<Self, StoreError> {
        let path = path_of(state, run);
        let acquired = || {
            let lock = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path)?;
            lock.lock()?;
            Ok(Self { run, path: path.clone(), _lock: lock })
        };
        acquired().map_err(|error: io::Error| match error.kind() {
            ErrorKind::AlreadyExists => Fault::RunExists { run }.at(&path),
            _ => Fault::from(error).at(&path),
        })
    }

    /// Takes the lock of an unfinished run whose process has died; `None` where it lives.
    pub(super) fn of_the_dead(state: &Path, run: RunId) -> Result<Option<Self>, StoreError> {
        let path = path_of(state, run);
        let acquired = || {
            let lock = OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(&path)?;
            Ok(try_exclusively(&lock)?.then(|| Self { run, path: path.clone(), _lock: lock }))
        };
        acquired().map_err(|error: io::Error| Fault::from(error).at(&path))
    }

    /// The runs that have a lock's file, held or not.
    pub(super) fn files(state: &Path) -> Vec<RunId> {
        let Ok(entries) = fs::read_dir(state.join(state::RUNS)) else { return Vec::new() };
        let names = entries.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned());
        names.filter_map(|name| name.strip_suffix(".lock")?.parse().ok()).collect()
    }

    /// Whether somebody holds the lock, here or in another process.
    pub(super) fn is_held(state: &Path, run: RunId) -> Result<bool, StoreError> {
        let path = path_of(state, run);
        let held = match File::open(&path) {
            Ok(lock) => match lock.try_lock_shared() {
                Ok(()) => Ok(false),
                Err(TryLockError::WouldBlock) => Ok(true),
                Err(TryLockError::Error(error)) => Err(error),
            },
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
            Err(error) => Err(error),
        };
        held.map_err(|error| Fault::from(error).at(&path))
    }
}

impl Drop for RunLease {
    fn drop(&mut self) {
        // A file that stays is a file without a lock: the next to look at it sees that nobody is there.
        let _ = fs::remove_file(&self.path);
    }
}

fn path_of(state: &Path, run: RunId) -> PathBuf {
    state.join(state::RUNS).join(format!("{run}.lock"))
}

fn try_exclusively(lock: &File) -> io::Result<bool> {
    match lock.try_lock() {
        Ok(()) => Ok(true),
        Err(TryLockError::WouldBlock) => Ok(false),
        Err(TryLockError::Error(error)) => Err(error),
    }
}
