//! Connections that read, as many as are needed at once.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use rusqlite::{Connection, OpenFlags};
use tokio::task;

use super::BUSY_TIMEOUT;
use crate::store::error::Fault;

/// How many idle connections are worth keeping open.
const IDLE: usize = 4;

/// Connections that can't write.
#[derive(Debug, Clone)]
pub(super) struct Readers {
    path: PathBuf,
    idle: Arc<Mutex<Vec<Connection>>>,
}

impl Readers {
    /// Of the database at `path`, which is there.
    pub(super) fn of(path: &Path) -> Self {
        Self { path: path.to_owned(), idle: Arc::default() }
    }

    /// Reads one consistent state on a thread for blocking work.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, Fault> + Send + 'static,
    ) -> Result<T, Fault> {
        let readers = self.clone();
        let read = task::spawn_blocking(move || {
            let mut connection = readers.take()?;
            let transaction = connection.transaction()?;
            let result = work(&transaction);
            drop(transaction);
            readers.put_back(connection);
            result
        });
        read.await.map_err(|_| Fault::Stopped)?
    }

    fn take(&self) -> Result<Connection, Fault> {
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        idle.map_or_else(|| read_only(&self.path), Ok)
    }

    fn put_back(&self, connection: Connection) {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        if idle.len() < IDLE {
            idle.push(connection);
        }
    }
}

/// A connection that changes nothing, not even by folding the log into the file when it closes.
pub(super) fn read_only(path: &Path) -> Result<Connection, Fault> {
    let connection = Connection::open_with_flags(
        path,
        OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX,
    )?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    Ok(connection)
}
