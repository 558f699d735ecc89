//! What makes a loaded database usable: company that the backup left is shown out, the first query is answered, the
//! drill's own SQL is run, and statistics are gathered, of which a restored database has none (measured).

use std::collections::VecDeque;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use tokio::time::timeout;

use super::emit::{Done, Story};
use super::halt::Halt;
use super::psql;
use super::restore::{Restored, locked, read_log_to_here};
use super::script::{self, Failed, Script};
use super::verify::show_out;
use crate::database::postgres::identifier;
use crate::definition::Drill;
use crate::listen::Progress;
use crate::model::{Milestone, Phase, Reason};
use crate::record::Journal;
use crate::sandbox::Sandbox;
use crate::sandbox::wire::{Login, Session, WireError};

/// Tables that are nobody's partition, largest first: a partitioned table's ANALYZE reaches its partitions.
const TABLES: &str = "select n.nspname, c.relname from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where c.relkind in ('r', 'p', 'm') and not c.relispartition and n.nspname not in ('pg_catalog', 'information_schema')
      and c.relpersistence <> 't' and n.nspname !~ '^pg_toast'
    order by c.relpages desc, pg_table_size(c.oid) desc";

/// A restored database that has answered.
struct Opened {
    database: String,
    session: Session,
    tables: Vec<String>,
}

/// Connects to every restored database and asks it for its tables: the first query on loaded data.
async fn open(sandbox: &Sandbox, databases: &[String]) -> Result<Vec<Opened>, Halt> {
    let mut opened = Vec::new();
    for database in databases {
        let session = sandbox.wire.connect(database, Login::Superuser).await.map_err(locked)?;
        let tables = tables(&session).await?;
        opened.push(Opened { database: database.clone(), session, tables });
    }
    Ok(opened)
}

/// Makes a restored database usable: the first query is answered, the drill's SQL run, every table analysed, `jobs` at
/// a time.
pub(super) async fn analyze<J: Journal>(
    drill: &Drill,
    sandbox: &Sandbox,
    restored: &Restored,
    jobs: u16,
    story: &Story<'_, J>,
) -> Result<((), Done), Halt> {
    let all = async {
        // A program that the backup left behind may hold a lock that SQL of the drill's, or ANALYZE, would wait for.
        show_out(sandbox).await?;
        let opened = open(sandbox, &restored.databases).await?;
        story.reached(Milestone::Queryable).await?;
        for file in &drill.restore.after_sql {
            run_after(sandbox, &restored.databases[0], file).await?;
        }
        analyze_all(sandbox, opened, jobs, story).await
    };
    // One limit for the whole: what the restore has left of it.
    let record = story.record().await;
    let begun = record.phases.iter().rev().find(|span| span.phase == Phase::Restore).map(|span| span.start);
    let used = begun.map(|begun| story.now().since(begun)).unwrap_or_default();
    if let Ok(done) = timeout(drill.restore.timeout.saturating_sub(used), Box::pin(all)).await {
        return done;
    }
    // Nobody has seen that these made progress, so that it is no finding about the backup.
    let limit = drill.restore.timeout.as_secs();
    let detail =
        format!("restored, but restore.after and ANALYZE were not done after {limit} s (restore.timeout)");
    Err(Halt::new(Reason::Timeout, detail)
        .with_hint("raise restore.timeout, or look at what restore.after waits for"))
}

/// Runs a file of the drill's own SQL.
async fn run_after(sandbox: &Sandbox, database: &str, file: &Path) -> Result<(), Halt> {
    let script = Script {
        name: format!("the drill's file {}", file.display()),
        bytes: psql::read(file)?,
        is_wrapped: false,
    };
    read_log_to_here(sandbox, &*sandbox.admin().await?).await?;
    match script::run(sandbox, database, None, script).await? {
        None => Ok(()),
        Some(Failed { told, reason }) => {
            Err(Halt::new(reason, told)
                .with_hint("run the file on a restored copy with `drillyard run --keep`"))
        }
    }
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
