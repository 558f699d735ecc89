//! One daemon per state directory: an operating system's lock, which dies with its process.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::error::Explain;
use crate::model::Reason;

/// The lock's file in the state directory. It stays when the daemon ends; the lock does not.
const NAME: &str = "daemon.lock";
/// How long a glance at the lock may take on a loaded machine.
const GLANCE: Duration = Duration::from_millis(200);

/// The right to be the daemon of a state directory, for as long as it is held.
#[derive(Debug)]
pub struct DaemonLock {
    _file: File,
}

/// The lock is not to be had.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// Somebody has it.
    #[error("another daemon{} is at work on {}", told(*.process), state.display())]
    Taken {
        /// The state directory.
        state: PathBuf,
        /// The other daemon's process, where its file says so.
        process: Option<u32>,
    },
    /// The file can't be opened or locked.
    #[error("could not lock {}: {source}", path.display())]
    Io {
        /// The lock's file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

fn told(id: Option<u32>) -> String {
    id.map_or_else(String::new, |id| format!(" (process {id})"))
}

impl DaemonLock {
    /// Takes the lock, or says who has it. Waits no longer than another process's glance at it may take.
    pub fn acquire(state: &Path) -> Result<Self, LockError> {
        let path = state.join(NAME);
        let io = |source| LockError::Io { path: path.clone(), source };
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false).mode(0o600);
        let mut file = options.open(&path).map_err(io)?;
        match try_for_a_moment(&file) {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut text = String::new();
                let process =
                    file.read_to_string(&mut text).ok().and_then(|_| text.trim().parse::<u32>().ok());
                return Err(LockError::Taken { state: state.to_owned(), process });
            }
            Err(TryLockError::Error(source)) => return Err(io(source)),
        }
        file.set_len(0).and_then(|()| writeln!(file, "{}", std::process::id())).map_err(io)?;
        Ok(Self { _file: file })
    }

    /// Whether a daemon is at work on the state directory; `None` where its lock can't be looked at.
    pub fn is_held(state: &Path) -> Option<bool> {
        match File::open(state.join(NAME)) {
            Ok(file) => match file.try_lock_shared() {
                Ok(()) => Some(false),
                Err(TryLockError::WouldBlock) => Some(true),
                Err(TryLockError::Error(_)) => None,
            },
            Err(error) if error.kind() == io::ErrorKind::NotFound => Some(false),
            Err(_) => None,
        }
    }
}

/// Whoever asks whether a daemon is there has the lock for some microseconds, in which no daemon must be refused.
fn try_for_a_moment(file: &File) -> Result<(), TryLockError> {
    let begun = Instant::now();
    loop {
        match file.try_lock() {
            Err(TryLockError::WouldBlock) if begun.elapsed() < GLANCE => std::thread::sleep(GLANCE / 20),
            tried => return tried,
        }
    }
}

impl Explain for LockError {
    fn reason(&self) -> Reason {
        Reason::StoreFailed
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Taken { .. } => {
                Some("Stop the other daemon, or give this one a state directory with --state.".to_owned())
            }
            Self::Io { .. } => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a15_a_second_daemon_is_told_who_the_first_is() {
        let state = tempfile::tempdir().unwrap();
        let first = DaemonLock::acquire(state.path()).unwrap();
        let refused = DaemonLock::acquire(state.path()).unwrap_err();
        assert!(refused.to_string().contains(&format!("(process {})", std::process::id())), "{refused}");
        drop(first);
        DaemonLock::acquire(state.path()).unwrap();
    }

    #[test]
    fn whoever_asks_learns_whether_a_daemon_is_there() {
        let state = tempfile::tempdir().unwrap();
        assert_eq!(DaemonLock::is_held(state.path()), Some(false));
        let daemon = DaemonLock::acquire(state.path()).unwrap();
        assert_eq!(DaemonLock::is_held(state.path()), Some(true));
        drop(daemon);
        assert_eq!(DaemonLock::is_held(state.path()), Some(false));
    }

    #[test]
    fn a_glance_at_the_lock_keeps_no_daemon_from_starting() {
        let state = tempfile::tempdir().unwrap();
        drop(DaemonLock::acquire(state.path()).unwrap());
        let glance = File::open(state.path().join(NAME)).unwrap();
        glance.try_lock_shared().unwrap();
        let starting = std::thread::spawn({
            let state = state.path().to_owned();
            move || DaemonLock::acquire(&state).map(drop)
        });
        std::thread::sleep(GLANCE / 10);
        drop(glance);
        starting.join().unwrap().unwrap();
    }
}
