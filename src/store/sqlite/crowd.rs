//! Many mails to one recipient, and one in their place.

use jiff::Timestamp;
use rusqlite::{Connection, Transaction, params};

use super::column::{from_word, instant, read_run};
use super::outbox;
use crate::store::error::Fault;
use crate::store::values::{Crowd, CrowdedMail, OutboxEntry};

const UNTRIED: &str = "channel = 'mail' AND sent_at IS NULL AND given_up_at IS NULL AND attempts = 0
    AND claimed_by IS NULL AND run IS NOT NULL";

/// Recipients for whom many wait.
pub(in crate::store) fn crowds(
    connection: &Connection,
    now: Timestamp,
    few: u32,
) -> Result<Vec<Crowd>, Fault> {
    let mut statement = connection.prepare_cached(&format!(
        "SELECT outbox.id, outbox.run, outbox.recipient, runs.verdict, coalesce(runs.sentence, '') AS sentence
         FROM outbox JOIN runs USING (run)
         WHERE {UNTRIED} AND not_before <= ?1 AND runs.verdict IS NOT NULL AND recipient IN (
             SELECT recipient FROM outbox WHERE {UNTRIED} AND not_before <= ?1
             GROUP BY recipient HAVING count(*) > ?2)
         ORDER BY recipient, outbox.id"
    ))?;
    let mut rows = statement.query(params![instant(now), few])?;
    let mut crowds: Vec<Crowd> = Vec::new();
    while let Some(row) = rows.next()? {
        let recipient: String = row.get("recipient")?;
        let mail = CrowdedMail {
            id: row.get("id")?,
            run: read_run(row, "run")?,
            verdict: from_word(&row.get::<_, String>("verdict")?)?,
            sentence: row.get("sentence")?,
        };
        match crowds.last_mut().filter(|crowd| crowd.recipient == recipient) {
            Some(crowd) => crowd.mails.push(mail),
            None => crowds.push(Crowd { recipient, mails: vec![mail] }),
        }
    }
    Ok(crowds)
}

/// One in the place of many.
pub(in crate::store) fn gather(
    transaction: &Transaction<'_>,
    crowd: &Crowd,
    entry: &OutboxEntry,
) -> Result<(), Fault> {
    let mut remove =
        transaction.prepare_cached(&format!("DELETE FROM outbox WHERE id = ?1 AND {UNTRIED}"))?;
    for mail in &crowd.mails {
        remove.execute([mail.id])?;
    }
    outbox::post(transaction, None, entry)
}
