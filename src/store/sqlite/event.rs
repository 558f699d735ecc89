//! Events as rows and back, across versions of the program.

use std::time::Duration;

use rusqlite::{Connection, Transaction, params};

use super::column::unreadable;
use crate::model::{EVENT_VERSION, Event, Fact, Offset, RunId};
use crate::store::error::Fault;

/// Writes one event. What could not be read back is not written.
pub(super) fn insert(transaction: &Transaction<'_>, run: RunId, event: &Event) -> Result<(), Fault> {
    let body = serde_json::to_string(&event.fact).map_err(unreadable)?;
    read(run, event.sequence, EVENT_VERSION, &body)?;
    let mut statement = transaction.prepare_cached(
        "INSERT INTO events (run, sequence, version, at_us, body) VALUES (?1, ?2, ?3, ?4, ?5)",
    )?;
    let (sequence, at) = (number(event.sequence), number(event.at.as_micros()));
    statement.execute(params![run.to_string(), sequence, EVENT_VERSION, at, body])?;
    Ok(())
}

/// Whether this very event is there.
pub(super) fn is_there(connection: &Connection, run: RunId, event: &Event) -> Result<bool, Fault> {
    let body = serde_json::to_string(&event.fact).map_err(unreadable)?;
    let mut statement = connection.prepare_cached(
        "SELECT EXISTS (SELECT 1 FROM events
             WHERE run = ?1 AND sequence = ?2 AND version = ?3 AND at_us = ?4 AND body = ?5)",
    )?;
    let (sequence, at) = (number(event.sequence), number(event.at.as_micros()));
    let values = params![run.to_string(), sequence, EVENT_VERSION, at, body];
    Ok(statement.query_row(values, |row| row.get(0))?)
}

/// The events of a run, in order.
pub(super) fn of(connection: &Connection, run: RunId) -> Result<Vec<Event>, Fault> {
    let mut statement = connection.prepare_cached(
        "SELECT sequence, version, at_us, body FROM events WHERE run = ?1 ORDER BY sequence",
    )?;
    let mut rows = statement.query([run.to_string()])?;
    let mut events = Vec::new();
    while let Some(row) = rows.next()? {
        let sequence = row.get::<_, i64>("sequence")?.unsigned_abs();
        let at = Offset::from_elapsed(Duration::from_micros(row.get::<_, i64>("at_us")?.unsigned_abs()));
        let body: String = row.get("body")?;
        events.push(Event { sequence, at, fact: read(run, sequence, row.get("version")?, &body)? });
    }
    Ok(events)
}

/// The number that the run's next event must have.
pub(super) fn next_sequence(connection: &Connection, run: RunId) -> Result<u64, Fault> {
    let sql = "SELECT coalesce(max(sequence) + 1, 0) FROM events WHERE run = ?1";
    let next: i64 = connection.prepare_cached(sql)?.query_row([run.to_string()], |row| row.get(0))?;
    Ok(next.unsigned_abs())
}

/// The fact in a stored body. An older version is brought up to date here, one arm per version, so that nobody else
/// meets it.
fn read(run: RunId, sequence: u64, version: u16, body: &str) -> Result<Fact, Fault> {
    match version {
        EVENT_VERSION => serde_json::from_str(body)
            .map_err(|error| unreadable(format!("event {sequence} of run {run}: {error}"))),
        _ => Err(Fault::UnknownEventVersion { run, sequence, version }),
    }
}

/// SQLite's integers have a sign; 2^63 microseconds are 292,000 years.
fn number(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}
