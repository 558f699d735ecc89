//! Rows beside a run: later sweeps, kept sandboxes; and one that only shows that a row can be written.

use jiff::Timestamp;
use rusqlite::{Connection, Transaction, params};

use super::column::{instant, read_instant, read_run, unreadable};
use crate::model::{CleanUp, RunId};
use crate::store::error::Fault;
use crate::store::values::{KeptSandbox, LateCleanUp};

/// Adds what a sweep found.
pub(in crate::store) fn note_late_cleanup(
    transaction: &Transaction<'_>,
    run: RunId,
    at: Timestamp,
    found: &CleanUp,
) -> Result<(), Fault> {
    must_exist(transaction, run)?;
    let body = serde_json::to_string(found).map_err(unreadable)?;
    let leaked = !found.proven || !found.leftovers.is_empty();
    transaction.execute(
        "INSERT INTO cleanups (run, at, leaked, body) VALUES (?1, ?2, ?3, ?4)",
        params![run.to_string(), instant(at), leaked, body],
    )?;
    Ok(())
}

/// What sweeps found, oldest first.
pub(in crate::store) fn cleanups(connection: &Connection, run: RunId) -> Result<Vec<LateCleanUp>, Fault> {
    let mut statement = connection.prepare("SELECT at, body FROM cleanups WHERE run = ?1 ORDER BY id")?;
    let mut rows = statement.query([run.to_string()])?;
    let mut cleanups = Vec::new();
    while let Some(row) = rows.next()? {
        let found = serde_json::from_str(&row.get::<_, String>("body")?).map_err(unreadable)?;
        cleanups.push(LateCleanUp { at: read_instant(row, "at")?, found });
    }
    Ok(cleanups)
}

/// Remembers a kept container.
pub(in crate::store) fn keep(transaction: &Transaction<'_>, kept: &KeptSandbox) -> Result<(), Fault> {
    must_exist(transaction, kept.run)?;
    transaction.execute(
        "INSERT INTO kept (run, container, until) VALUES (?1, ?2, ?3)
         ON CONFLICT DO UPDATE SET until = excluded.until",
        params![kept.run.to_string(), kept.container, instant(kept.until)],
    )?;
    Ok(())
}

/// The kept containers.
pub(in crate::store) fn kept(connection: &Connection) -> Result<Vec<KeptSandbox>, Fault> {
    let mut statement =
        connection.prepare("SELECT run, container, until FROM kept ORDER BY until, container")?;
    let mut rows = statement.query([])?;
    let mut kept = Vec::new();
    while let Some(row) = rows.next()? {
        let (run, until) = (read_run(row, "run")?, read_instant(row, "until")?);
        kept.push(KeptSandbox { run, container: row.get("container")?, until });
    }
    Ok(kept)
}

/// Forgets what was kept of a run.
pub(in crate::store) fn forget_kept(transaction: &Transaction<'_>, run: RunId) -> Result<(), Fault> {
    transaction.execute("DELETE FROM kept WHERE run = ?1", [run.to_string()])?;
    Ok(())
}

/// Counts how often it was tried, under a name that no drill can have: the same value again would touch no page.
pub(in crate::store) fn write_something(transaction: &Transaction<'_>) -> Result<(), Fault> {
    transaction.execute(
        "INSERT INTO watermarks (drill, scheduled_at) VALUES ('@written', 1)
         ON CONFLICT DO UPDATE SET scheduled_at = scheduled_at + 1",
        [],
    )?;
    Ok(())
}

fn must_exist(connection: &Connection, run: RunId) -> Result<(), Fault> {
    let sql = "SELECT EXISTS (SELECT 1 FROM runs WHERE run = ?1)";
    let exists: bool = connection.query_row(sql, [run.to_string()], |row| row.get(0))?;
    if exists { Ok(()) } else { Err(Fault::UnknownRun { run }) }
}
