//! ANALYZE: a restored database has no statistics (measured), and queries without them are not production's.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::timeout;

use super::emit::{Done, Story};
use super::halt::Halt;
use super::restore::locked;
use crate::database::postgres::identifier;
use crate::listen::Progress;
use crate::model::{Phase, Reason};
use crate::record::Journal;
use crate::sandbox::Sandbox;
use crate::sandbox::wire::{Login, Session, WireError};

/// Tables that are nobody's partition, largest first: a partitioned table's ANALYZE reaches its partitions.
const TABLES: &str = "select n.nspname, c.relname from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where c.relkind in ('r', 'p', 'm') and not c.relispartition and n.nspname not in ('pg_catalog', 'information_schema')
      and c.relpersistence <> 't' and n.nspname !~ '^pg_toast'
    order by c.relpages desc, pg_table_size(c.oid) desc";

/// A restored database that has answered.
pub(super) struct Opened {
    database: String,
    session: Session,
    tables: Vec<String>,
}

/// Connects to every restored database and asks it for its tables: the first query on loaded data.
pub(super) async fn open(sandbox: &Sandbox, databases: &[String]) -> Result<Vec<Opened>, Halt> {
    let mut opened = Vec::new();
    for database in databases {
        let session = sandbox.wire.connect(database, Login::Superuser).await.map_err(locked)?;
        let tables = tables(&session).await?;
        opened.push(Opened { database: database.clone(), session, tables });
    }
    Ok(opened)
}

/// Gathers statistics of every table, `jobs` at a time.
pub(super) async fn analyze<J: Journal>(
    sandbox: &Sandbox,
    opened: Vec<Opened>,
    jobs: u16,
    limit: Duration,
    story: &Story<'_, J>,
) -> Result<((), Done), Halt> {
    let in_time = timeout(limit, Box::pin(analyze_all(sandbox, opened, jobs, story))).await;
    in_time.unwrap_or_else(|_| {
        let detail = format!("ANALYZE was not done after {} s (restore.timeout)", limit.as_secs());
        Err(Halt::new(Reason::Timeout, detail))
    })
}

async fn analyze_all<J: Journal>(
    sandbox: &Sandbox,
    opened: Vec<Opened>,
    jobs: u16,
    story: &Story<'_, J>,
) -> Result<((), Done), Halt> {
    for opened in opened {
        let Opened { database, session, tables } = opened;
        let total = tables.len();
        let queue = Mutex::new(VecDeque::from(tables));
        let first = work(&session, &queue, total, story);
        let others = (1..usize::from(jobs).min(total)).map(|_| async {
            let session = sandbox.wire.connect(&database, Login::Superuser).await?;
            work(&session, &queue, total, story).await
        });
        let (first, others) = tokio::join!(first, futures_util::future::join_all(others));
        others.into_iter().try_fold(first?, |(), done| done)?;
    }
    Ok(((), Done::default()))
}

async fn tables(session: &Session) -> Result<Vec<String>, Halt> {
    let listed = session.query(TABLES, &[]).await;
    let rows = listed.map_err(|error| WireError::of("did not list its tables", &error))?;
    let name =
        |row: &tokio_postgres::Row| Some(identifier::qualified(row.try_get(0).ok()?, row.try_get(1).ok()?));
    Ok(rows.iter().filter_map(name).collect())
}

async fn work<J: Journal>(
    session: &Session,
    queue: &Mutex<VecDeque<String>>,
    total: usize,
    story: &Story<'_, J>,
) -> Result<(), Halt> {
    loop {
        let (next, left) = {
            let mut queue = queue.lock().unwrap_or_else(PoisonError::into_inner);
            (queue.pop_front(), queue.len())
        };
        let Some(table) = next else { return Ok(()) };
        session.run_long(&format!("ANALYZE {table}")).await?;
        let note = format!("{} of {total} tables", total - left);
        story.progress(&Progress { phase: Phase::Analyze, bytes: 0, total: None, note: Some(note) });
    }
}
