//! Up to which instant the digest is dealt with: a watermark like a drill's, under a name that no drill can have.

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, Transaction, params};

use super::column::{instant, instant_from};
use super::outbox;
use crate::store::error::Fault;
use crate::store::values::OutboxEntry;

const NAME: &str = "@digest";

/// The newest instant that was dealt with.
pub(in crate::store) fn watermark(connection: &Connection) -> Result<Option<Timestamp>, Fault> {
    let sql = "SELECT scheduled_at FROM watermarks WHERE drill = ?1";
    let found: Option<i64> = connection.query_row(sql, [NAME], |row| row.get(0)).optional()?;
    found.map(instant_from).transpose()
}

/// Deals with an instant; `false`, and nothing is posted, where somebody has.
pub(in crate::store) fn post(
    transaction: &Transaction<'_>,
    at: Timestamp,
    entries: &[OutboxEntry],
) -> Result<bool, Fault> {
    let moved = transaction.execute(
        "INSERT INTO watermarks (drill, scheduled_at) VALUES (?1, ?2)
         ON CONFLICT DO UPDATE SET scheduled_at = excluded.scheduled_at WHERE scheduled_at < excluded.scheduled_at",
        params![NAME, instant(at)],
    )?;
    if moved == 0 {
        return Ok(false);
    }
    entries.iter().try_for_each(|entry| outbox::post(transaction, None, entry))?;
    Ok(true)
}
