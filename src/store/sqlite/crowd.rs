//! Many mails to one recipient, and one in their place.

use jiff::Timestamp;
use rusqlite::{Connection, Transaction, params};

use super::column::{from_word, instant, read_run};
use super::outbox::{self, WAITING};
use crate::store::error::Fault;
use crate::store::values::{Crowd, CrowdedMail, OutboxEntry};

const UNTRIED: &str = "channel = 'mail' AND attempts = 0 AND claimed_by IS NULL AND run IS NOT NULL";

/// Recipients for whom many wait. Of a run what a mail may tell, which its sentence is not.
pub(in crate::store) fn crowds(
    connection: &Connection,
    now: Timestamp,
    few: u32,
) -> Result<Vec<Crowd>, Fault> {
    let mut statement = connection.prepare_cached(&format!(
        "SELECT outbox.id, outbox.run, recipient, service, verdict, reason, leaked FROM outbox JOIN runs USING (run)
         WHERE {WAITING} AND {UNTRIED} AND not_before <= ?1 AND verdict IS NOT NULL AND recipient IN (
             SELECT recipient FROM outbox WHERE {WAITING} AND {UNTRIED} AND not_before <= ?1
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
            service: row.get("service")?,
            verdict: from_word(&row.get::<_, String>("verdict")?)?,
            reason: row.get::<_, Option<String>>("reason")?.as_deref().map(from_word).transpose()?,
            leaked: row.get("leaked")?,
        };
        match crowds.last_mut().filter(|crowd| crowd.recipient == recipient) {
            Some(crowd) => crowd.mails.push(mail),
            None => crowds.push(Crowd { recipient, mails: vec![mail] }),
        }
    }
    Ok(crowds)
}

/// One in the place of many, which stay: what becomes of the one becomes of them.
pub(in crate::store) fn gather(
    transaction: &Transaction<'_>,
    crowd: &Crowd,
    entry: &OutboxEntry,
) -> Result<(), Fault> {
    outbox::post(transaction, None, entry)?;
    let mut gather = transaction.prepare_cached(&format!(
        "UPDATE outbox SET gathered_in = (SELECT id FROM outbox WHERE message_id = ?2)
         WHERE id = ?1 AND {WAITING} AND {UNTRIED}"
    ))?;
    for mail in &crowd.mails {
        gather.execute(params![mail.id, entry.message_id])?;
    }
    Ok(())
}
