//! Messages as rows, a function for each transaction and question.

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, Row, Transaction, params};

use super::column::{from_word, instant, instant_from, read_drill, read_instant, read_run, unreadable};
use super::queries;
use crate::model::{DrillName, RunId};
use crate::record::{RunSummary, Undelivered};
use crate::store::error::Fault;
use crate::store::values::{OutboxClaim, OutboxDepth, OutboxEntry, OutboxItem, Scope};

const COLUMNS: &str =
    "id, run, channel, recipient, message_id, body, short_body, fallback, topic, stands_for,
    not_before, attempts";

/// Neither taken nor given up.
const OPEN: &str = "sent_at IS NULL AND given_up_at IS NULL";
/// One that was gathered into another does not wait: it shares that one's fate.
pub(super) const WAITING: &str = "sent_at IS NULL AND given_up_at IS NULL AND gathered_in IS NULL";

/// A message, and those that were gathered into it.
const IT_AND_ITS_OWN: &str = "(id = ?1 OR gathered_in = ?1)";

/// Puts a message into the outbox. One that is there already stays as it is: to say a thing twice must not cost the
/// verdict that it is said with (2026-11-21).
pub(in crate::store) fn post(
    transaction: &Transaction<'_>,
    run: Option<RunId>,
    entry: &OutboxEntry,
) -> Result<(), Fault> {
    replace_older(transaction, entry)?;
    let fallback = (!entry.fallback.is_empty()).then(|| serde_json::to_string(&entry.fallback));
    let fallback = fallback.transpose().map_err(unreadable)?;
    transaction.execute(
        "INSERT INTO outbox (run, channel, recipient, message_id, body, short_body, fallback, topic, stands_for,
             not_before) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10) ON CONFLICT (message_id) DO NOTHING",
        params![
            run.map(|run| run.to_string()),
            entry.channel.word(),
            entry.recipient,
            entry.message_id,
            entry.body,
            entry.short_body,
            fallback,
            entry.topic,
            entry.stands_for,
            instant(entry.not_before)
        ],
    )?;
    Ok(())
}

/// A ping that comes late would tell yesterday's state, so a newer one replaces it even where it was tried.
fn replace_older(transaction: &Transaction<'_>, entry: &OutboxEntry) -> Result<(), Fault> {
    let Some(topic) = &entry.topic else { return Ok(()) };
    transaction.execute(
        &format!(
            "DELETE FROM outbox WHERE {WAITING} AND topic = ?1 AND channel = ?2 AND recipient = ?3
                 AND message_id <> ?4 AND claimed_by IS NULL AND (attempts = 0 OR channel = 'ping')"
        ),
        params![topic, entry.channel.word(), entry.recipient, entry.message_id],
    )?;
    Ok(())
}

/// What waits for more of its kind about a drill waits no longer: its run begins, and people must not hear how that ended
/// before they hear of the instants that were missed until then (2026-11-22).
pub(in crate::store) fn end_gathering(
    transaction: &Transaction<'_>,
    drill: &DrillName,
    at: Timestamp,
) -> Result<(), Fault> {
    transaction.execute(
        &format!(
            "UPDATE outbox SET not_before = ?2 WHERE {WAITING} AND topic IS NOT NULL AND attempts = 0
                 AND not_before > ?2 AND run IN (SELECT run FROM runs WHERE drill = ?1)"
        ),
        params![drill.as_str(), instant(at)],
    )?;
    Ok(())
}

/// Claims the oldest message that is due and nobody's.
pub(in crate::store) fn claim_due(
    transaction: &Transaction<'_>,
    claim: &OutboxClaim,
) -> Result<Option<OutboxItem>, Fault> {
    let sql = format!(
        "UPDATE outbox SET claimed_by = ?5, claimed_until = ?6 WHERE id = (
             SELECT id FROM outbox WHERE {WAITING} AND channel = ?1 AND not_before <= ?2
                 AND (?3 IS NULL OR run IS ?4) AND (claimed_until IS NULL OR claimed_until <= ?2)
             ORDER BY not_before, id LIMIT 1)
         RETURNING {COLUMNS}"
    );
    let (one, run) = match claim.scope {
        Scope::Everything => (None, None),
        Scope::Run(run) => (Some(true), Some(run.to_string())),
        Scope::Digests => (Some(true), None),
    };
    let mut statement = transaction.prepare_cached(&sql)?;
    let mut rows = statement.query(params![
        claim.channel.word(),
        instant(claim.now),
        one,
        run,
        claim.holder,
        instant(claim.until)
    ])?;
    rows.next()?.map(item).transpose()
}

/// Gives back a holder's claims.
pub(in crate::store) fn release(transaction: &Transaction<'_>, holder: &str) -> Result<(), Fault> {
    transaction.execute(
        "UPDATE outbox SET claimed_by = NULL, claimed_until = NULL WHERE claimed_by = ?1",
        [holder],
    )?;
    Ok(())
}

/// The message is sent.
pub(in crate::store) fn sent(transaction: &Transaction<'_>, id: i64, at: Timestamp) -> Result<(), Fault> {
    transaction.execute(
        &format!(
            "UPDATE outbox SET sent_at = ?2, attempts = attempts + 1, refusal = NULL, claimed_by = NULL,
                 claimed_until = NULL WHERE {IT_AND_ITS_OWN}"
        ),
        params![id, instant(at)],
    )?;
    Ok(())
}

/// The message is to be tried again.
pub(in crate::store) fn failed(
    transaction: &Transaction<'_>,
    id: i64,
    not_before: Timestamp,
    refusal: &str,
) -> Result<(), Fault> {
    transaction.execute(
        &format!(
            "UPDATE outbox SET not_before = ?2, attempts = attempts + 1, refusal = ?3, claimed_by = NULL,
                 claimed_until = NULL WHERE {IT_AND_ITS_OWN} AND {OPEN}"
        ),
        params![id, instant(not_before), refusal],
    )?;
    Ok(())
}

/// The message is given up, and what tells so is posted: for each of those that were gathered into it, its own.
pub(in crate::store) fn given_up(
    transaction: &Transaction<'_>,
    id: i64,
    at: Timestamp,
    refusal: &str,
) -> Result<(), Fault> {
    let sql = format!(
        "UPDATE outbox SET given_up_at = ?2, attempts = attempts + 1, refusal = ?3, claimed_by = NULL,
             claimed_until = NULL WHERE {IT_AND_ITS_OWN} AND {OPEN} RETURNING run, fallback"
    );
    let mut statement = transaction.prepare_cached(&sql)?;
    let mut rows = statement.query(params![id, instant(at), refusal])?;
    let mut fallbacks = Vec::new();
    while let Some(row) = rows.next()? {
        let run = about(row)?;
        fallbacks.extend(fallback(row)?.into_iter().map(|entry| (run, entry)));
    }
    fallbacks
        .into_iter()
        .try_for_each(|(run, entry)| post(transaction, run, &OutboxEntry { not_before: at, ..entry }))
}

/// Unsent messages that are due.
pub(in crate::store) fn due(
    connection: &Connection,
    now: Timestamp,
    limit: u32,
) -> Result<Vec<OutboxItem>, Fault> {
    let sql = format!(
        "SELECT {COLUMNS} FROM outbox WHERE {WAITING} AND not_before <= ?1 ORDER BY not_before, id LIMIT ?2"
    );
    let mut statement = connection.prepare(&sql)?;
    let mut rows = statement.query(params![instant(now), limit])?;
    let mut due = Vec::new();
    while let Some(row) = rows.next()? {
        due.push(item(row)?);
    }
    Ok(due)
}

fn item(row: &Row<'_>) -> Result<OutboxItem, Fault> {
    let entry = OutboxEntry {
        channel: from_word(&row.get::<_, String>("channel")?)?,
        recipient: row.get("recipient")?,
        message_id: row.get("message_id")?,
        body: row.get("body")?,
        short_body: row.get("short_body")?,
        fallback: fallback(row)?,
        topic: row.get("topic")?,
        stands_for: row.get("stands_for")?,
        not_before: read_instant(row, "not_before")?,
    };
    Ok(OutboxItem { id: row.get("id")?, run: about(row)?, entry, attempts: row.get("attempts")? })
}

fn fallback(row: &Row<'_>) -> Result<Vec<OutboxEntry>, Fault> {
    let text: Option<String> = row.get("fallback")?;
    text.map_or(Ok(Vec::new()), |text| serde_json::from_str(&text)).map_err(unreadable)
}

fn about(row: &Row<'_>) -> Result<Option<RunId>, Fault> {
    let none = row.get::<_, Option<String>>("run")?.is_none();
    if none { Ok(None) } else { read_run(row, "run").map(Some) }
}

/// When the next message can be delivered.
pub(in crate::store) fn next(connection: &Connection) -> Result<Option<Timestamp>, Fault> {
    let sql = format!(
        "SELECT min(max(not_before, coalesce(claimed_until, not_before))) FROM outbox WHERE {WAITING}"
    );
    let next: Option<i64> = connection.query_row(&sql, [], |row| row.get(0))?;
    next.map(instant_from).transpose()
}

/// For how many the waiting message of a topic stands.
pub(in crate::store) fn stands_for(connection: &Connection, topic: &str) -> Result<u32, Fault> {
    let sql = format!(
        "SELECT coalesce(max(stands_for), 0) FROM outbox WHERE {WAITING} AND topic = ?1 AND attempts = 0
             AND claimed_by IS NULL"
    );
    Ok(connection.query_row(&sql, [topic], |row| row.get(0))?)
}

/// How full the outbox is.
pub(in crate::store) fn depth(connection: &Connection) -> Result<OutboxDepth, Fault> {
    let sql = format!(
        "SELECT count(*), count(*) FILTER (WHERE attempts > 0), min(not_before) FROM outbox WHERE {WAITING}"
    );
    let (waiting, refused, oldest): (i64, i64, Option<i64>) =
        connection.query_row(&sql, [], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
    let sql = "SELECT count(*) FROM outbox WHERE given_up_at IS NOT NULL AND gathered_in IS NULL";
    let given_up: i64 = connection.query_row(sql, [], |row| row.get(0))?;
    Ok(OutboxDepth {
        waiting: waiting.unsigned_abs(),
        refused: refused.unsigned_abs(),
        oldest: oldest.map(instant_from).transpose()?,
        given_up: given_up.unsigned_abs(),
    })
}

/// What was refused and waits, and what was given up: of many in one, the many, because each knows its run.
pub(in crate::store) fn undelivered(
    connection: &Connection,
    run: Option<RunId>,
    since: Timestamp,
) -> Result<Vec<Undelivered>, Fault> {
    let mut statement = connection.prepare(
        "SELECT outbox.run AS run, drill, channel, recipient, coalesce(refusal, '') AS refusal, given_up_at
         FROM outbox LEFT JOIN runs USING (run)
         WHERE sent_at IS NULL AND (?1 IS NULL OR outbox.run = ?1)
             AND (given_up_at >= ?2 OR (given_up_at IS NULL AND attempts > 0))
             AND NOT EXISTS (SELECT 1 FROM outbox AS other WHERE other.gathered_in = outbox.id)
         ORDER BY outbox.id",
    )?;
    let mut rows = statement.query(params![run.map(|run| run.to_string()), instant(since)])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let run = about(row)?;
        found.push(Undelivered {
            run,
            drill: run.map(|_| read_drill(row, "drill")).transpose()?,
            channel: from_word(&row.get::<_, String>("channel")?)?,
            recipient: row.get("recipient")?,
            refusal: row.get("refusal")?,
            given_up_at: row.get::<_, Option<i64>>("given_up_at")?.map(instant_from).transpose()?,
        });
    }
    Ok(found)
}

/// The newest earlier run that people could hear of; it is leaked if that is what they heard, whatever a sweep has
/// removed since.
pub(in crate::store) fn heard_before(
    connection: &Connection,
    drill: &DrillName,
    run: RunId,
) -> Result<Option<RunSummary>, Fault> {
    let sql = "SELECT run, leaked FROM runs WHERE drill = ?1 AND run < ?2 AND finished_at IS NOT NULL
             AND (started_by = 'scheduled' OR EXISTS (SELECT 1 FROM outbox WHERE outbox.run = runs.run))
         ORDER BY run DESC LIMIT 1";
    let read = |row: &Row<'_>| Ok((row.get(0)?, row.get(1)?));
    let found: Option<(String, bool)> =
        connection.query_row(sql, params![drill.as_str(), run.to_string()], read).optional()?;
    let Some((found, leaked)) = found else { return Ok(None) };
    let summary = queries::summary(connection, found.parse().map_err(unreadable)?)?;
    Ok(summary.map(|summary| RunSummary { leaked, ..summary }))
}
