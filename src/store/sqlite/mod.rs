//! The store in one SQLite file: a thread that writes, and connections that read.

pub(super) mod aside;
mod column;
pub(super) mod crowd;
pub(super) mod digest;
mod event;
pub(super) mod lost;
mod open;
pub(super) mod outbox;
pub(super) mod queries;
mod reader;
pub(super) mod runs;
mod writer;

use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, Transaction};

use self::reader::Readers;
use self::writer::Writer;
use super::error::{Fault, StoreError};
use super::state;
use crate::model::StoreId;

/// How long one process waits for another's transaction. Ours take milliseconds; a copy by hand may take seconds.
pub(super) const BUSY_TIMEOUT: Duration = Duration::from_secs(10);

/// One open database.
#[derive(Debug, Clone)]
pub(super) struct Sqlite {
    path: PathBuf,
    writer: Writer,
    readers: Readers,
}

impl Sqlite {
    /// Opens the database in a state directory, and makes it where it is not there yet.
    pub(super) fn open(state: &Path) -> Result<(Self, StoreId), StoreError> {
        let path = state.join(state::DATABASE);
        let opened = || -> Result<(Self, StoreId), Fault> {
            let (connection, id) = open::open(state, &path)?;
            let (writer, readers) = (Writer::start(connection)?, Readers::of(&path));
            Ok((Self { path: path.clone(), writer, readers }, id))
        };
        opened().map_err(|fault| fault.at(&path))
    }

    /// Runs one transaction on the writing thread; returns after it is on disk, or after nothing of it is.
    pub(super) async fn write<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Transaction<'_>) -> Result<T, Fault> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.writer.run(work).await.map_err(|fault| fault.at(&self.path))
    }

    /// Reads one consistent state, beside whatever is being written.
    pub(super) async fn read<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, Fault> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.readers.run(work).await.map_err(|fault| fault.at(&self.path))
    }
}
