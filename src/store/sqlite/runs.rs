//! The life of a run, a function for each of its transactions.

use jiff::Timestamp;
use rusqlite::{OptionalExtension, Transaction, params};

use super::column::instant;
use super::{event, outbox};
use crate::model::event::Trigger;
use crate::model::{DrillName, Event, Fact, RunId};
use crate::record::RunSummary;
use crate::store::error::Fault;
use crate::store::values::{Claim, Occurrence, OutboxEntry};

/// Begins a run; `false`, and nothing written, where somebody has claimed its occurrence.
pub(in crate::store) fn claim(transaction: &Transaction<'_>, claim: &Claim) -> Result<bool, Fault> {
    if let Some(occurrence) = &claim.occurrence
        && !is_free(transaction, occurrence)?
    {
        return Ok(false);
    }
    insert_run(transaction, claim)?;
    if let Some(occurrence) = &claim.occurrence {
        take(transaction, claim.run, occurrence)?;
        advance_watermark(transaction, &occurrence.drill, occurrence.scheduled_at, None)?;
    }
    insert_events(transaction, claim.run, std::slice::from_ref(&claim.opening))?;
    Ok(true)
}

/// Adds events to an unfinished run.
pub(in crate::store) fn append(
    transaction: &Transaction<'_>,
    run: RunId,
    events: &[Event],
) -> Result<(), Fault> {
    must_be_unfinished(transaction, run)?;
    insert_events(transaction, run, events)
}

/// Ends a run.
pub(in crate::store) fn finish(
    transaction: &Transaction<'_>,
    summary: &RunSummary,
    events: &[Event],
    messages: &[OutboxEntry],
) -> Result<(), Fault> {
    append(transaction, summary.run, events)?;
    conclude(transaction, summary)?;
    messages.iter().try_for_each(|entry| outbox::post(transaction, Some(summary.run), entry))
}

/// The verdict, and with it the end of its occurrence.
pub(super) fn conclude(transaction: &Transaction<'_>, summary: &RunSummary) -> Result<(), Fault> {
    let run = summary.run;
    let (Some(verdict), Some(finished_at)) = (summary.verdict, summary.finished_at) else {
        return Err(Fault::NoVerdict { run });
    };
    let reason = summary.reason.map(crate::model::Reason::word);
    transaction.execute(
        "UPDATE runs SET finished_at = ?2, verdict = ?3, reason = ?4, sentence = ?5, time_to_verified_seconds = ?6,
             recovery_point_age_seconds = ?7, leaked = ?8, proof = ?9 WHERE run = ?1",
        params![
            run.to_string(),
            instant(finished_at),
            verdict.word(),
            reason,
            summary.sentence,
            summary.time_to_verified_seconds,
            summary.recovery_point_age_seconds,
            summary.leaked,
            summary.proof,
        ],
    )?;
    transaction.execute(
        "UPDATE occurrences SET outcome = ?2, reason = ?3 WHERE run = ?1",
        params![run.to_string(), verdict.word(), reason],
    )?;
    Ok(())
}

/// Whether the run is there and has no verdict yet.
pub(super) fn must_be_unfinished(transaction: &Transaction<'_>, run: RunId) -> Result<(), Fault> {
    let sql = "SELECT finished_at IS NOT NULL FROM runs WHERE run = ?1";
    let finished =
        transaction.prepare_cached(sql)?.query_row([run.to_string()], |row| row.get(0)).optional()?;
    match finished {
        None => Err(Fault::UnknownRun { run }),
        Some(true) => Err(Fault::Finished { run }),
        Some(false) => Ok(()),
    }
}

/// Adds events that follow without a gap on those that are there. One that is there already, word for word, is not added
/// again: whoever wrote it did not hear the answer.
pub(super) fn insert_events(
    transaction: &Transaction<'_>,
    run: RunId,
    events: &[Event],
) -> Result<(), Fault> {
    let mut expected = event::next_sequence(transaction, run)?;
    for event in events {
        if event.sequence == expected {
            event::insert(transaction, run, event)?;
            expected += 1;
        } else if !event::is_there(transaction, run, event)? {
            return Err(Fault::Gap { run, expected, found: event.sequence });
        }
    }
    Ok(())
}

/// A first attempt needs an instant that nobody has dealt with, a later one the attempt before it.
fn is_free(transaction: &Transaction<'_>, occurrence: &Occurrence) -> Result<bool, Fault> {
    let last: Option<u32> = transaction
        .query_row(
            "SELECT attempt FROM occurrences WHERE drill = ?1 AND scheduled_at = ?2",
            params![occurrence.drill.as_str(), instant(occurrence.scheduled_at)],
            |row| row.get(0),
        )
        .optional()?;
    Ok(last.unwrap_or(0).checked_add(1) == Some(occurrence.attempt))
}

fn insert_run(transaction: &Transaction<'_>, claim: &Claim) -> Result<(), Fault> {
    let started_by = match claim.trigger {
        Trigger::Manual => "manual",
        Trigger::Scheduled => "scheduled",
    };
    let chosen_by_hand = matches!(&claim.opening.fact, Fact::RunStarted(opening) if opening.chosen_by_hand);
    let inserted = transaction.execute(
        "INSERT INTO runs (run, drill, service, started_by, started_at, chosen_by_hand)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT DO NOTHING",
        params![
            claim.run.to_string(),
            claim.drill.as_str(),
            claim.service,
            started_by,
            instant(claim.started_at),
            chosen_by_hand,
        ],
    )?;
    if inserted == 1 { Ok(()) } else { Err(Fault::RunExists { run: claim.run }) }
}

fn take(transaction: &Transaction<'_>, run: RunId, occurrence: &Occurrence) -> Result<(), Fault> {
    transaction.execute(
        "INSERT INTO occurrences (drill, scheduled_at, attempt, run) VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT DO UPDATE SET attempt = excluded.attempt, run = excluded.run, outcome = NULL, reason = NULL",
        params![
            occurrence.drill.as_str(),
            instant(occurrence.scheduled_at),
            occurrence.attempt,
            run.to_string()
        ],
    )?;
    Ok(())
}

/// Never backwards: a retry of an older instant leaves it where it is. A claim leaves the calendar that it came due by.
pub(in crate::store) fn advance_watermark(
    transaction: &Transaction<'_>,
    drill: &DrillName,
    to: Timestamp,
    calendar: Option<&str>,
) -> Result<(), Fault> {
    transaction.execute(
        "INSERT INTO watermarks (drill, scheduled_at, calendar) VALUES (?1, ?2, ?3)
         ON CONFLICT DO UPDATE SET scheduled_at = max(scheduled_at, excluded.scheduled_at),
             calendar = coalesce(excluded.calendar, calendar)",
        params![drill.as_str(), instant(to), calendar],
    )?;
    Ok(())
}
