//! The one thread of this process that writes.

use std::sync::mpsc;
use std::thread;

use rusqlite::{Connection, Transaction, TransactionBehavior};
use tokio::sync::oneshot;

use crate::store::error::Fault;

type Job = Box<dyn FnOnce(&mut State) + Send>;

/// A handle on the writing thread, which ends with its last handle.
#[derive(Debug, Clone)]
pub(super) struct Writer {
    jobs: mpsc::Sender<Job>,
}

struct State {
    connection: Connection,
    /// The first failure after which the state on disk is unknown. Nothing is written on top of it.
    broken: Option<Fault>,
}

impl Writer {
    /// Starts the thread with its connection.
    pub(super) fn start(connection: Connection) -> Result<Self, Fault> {
        let (jobs, queue) = mpsc::channel::<Job>();
        let mut state = State { connection, broken: None };
        thread::Builder::new()
            .name("store".to_owned())
            .spawn(move || queue.iter().for_each(|job| job(&mut state)))?;
        Ok(Self { jobs })
    }

    /// Runs one transaction. It is carried out even if nobody waits for its answer any more.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Transaction<'_>) -> Result<T, Fault> + Send + 'static,
    ) -> Result<T, Fault> {
        let (answer, answered) = oneshot::channel();
        let job = move |state: &mut State| drop(answer.send(state.transact(work)));
        self.jobs.send(Box::new(job)).map_err(|_| Fault::Stopped)?;
        answered.await.map_err(|_| Fault::Stopped)?
    }
}

impl State {
    fn transact<T>(&mut self, work: impl FnOnce(&Transaction<'_>) -> Result<T, Fault>) -> Result<T, Fault> {
        if let Some(fault) = &self.broken {
            return Err(fault.clone());
        }
        let result = transact(&mut self.connection, work);
        self.broken = result.as_ref().err().filter(|fault| fault.is_final()).cloned();
        result
    }
}

/// One transaction: begun for writing, so that what it reads stays true until its end; rolled back on any error.
fn transact<T>(
    connection: &mut Connection,
    work: impl FnOnce(&Transaction<'_>) -> Result<T, Fault>,
) -> Result<T, Fault> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let value = work(&transaction)?;
    transaction.commit()?;
    Ok(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn state() -> State {
        let connection = Connection::open_in_memory().unwrap();
        connection.execute_batch("CREATE TABLE t (x BLOB); PRAGMA max_page_count = 10").unwrap();
        State { connection, broken: None }
    }

    fn insert(state: &mut State, bytes: u32) -> Result<usize, Fault> {
        state.transact(|transaction| Ok(transaction.execute("INSERT INTO t VALUES (zeroblob(?1))", [bytes])?))
    }

    #[test]
    fn g2_a_full_disk_refuses_what_does_not_fit_and_nothing_else() {
        let mut state = state();
        assert_eq!(insert(&mut state, 1_000_000), Err(Fault::DiskFull));
        assert_eq!(insert(&mut state, 10), Ok(1));
        let rows: i64 = state.connection.query_row("SELECT count(*) FROM t", [], |row| row.get(0)).unwrap();
        assert_eq!(rows, 1);
    }

    #[test]
    fn g3_nothing_is_written_after_the_disk_has_failed() {
        let mut state = state();
        let failed = Fault::Io { detail: "disk I/O error".to_owned() };
        let write = state.transact(|transaction| -> Result<(), Fault> {
            transaction.execute("INSERT INTO t VALUES (NULL)", [])?;
            Err(failed.clone())
        });
        assert_eq!(write, Err(failed.clone()));
        assert_eq!(insert(&mut state, 10), Err(failed));
    }
}
