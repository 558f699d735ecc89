//! Runs whose process died: written down by whoever finds them.

use jiff::Timestamp;
use rusqlite::Transaction;

use super::{event, queries, runs};
use crate::model::event::Stop;
use crate::model::{Event, Fact, Offset, Reason, RunId};
use crate::record::{Conclusion, RunRecord, RunSummary};
use crate::store::error::Fault;

/// Ends a run as aborted, whatever it had found: a verdict that its process did not commit is not invented for it. The
/// caller holds its lease. `None` where somebody has ended it in the meantime.
pub(in crate::store) fn abort(
    transaction: &Transaction<'_>,
    run: RunId,
    now: Timestamp,
) -> Result<Option<RunSummary>, Fault> {
    match runs::must_be_unfinished(transaction, run) {
        Ok(()) => {}
        Err(Fault::Finished { .. }) => return Ok(None),
        Err(fault) => return Err(fault),
    }
    let reason = queries::reason_if_lost(transaction, run)?;
    // Events that a newer program wrote can't be read, and their run is lost all the same.
    let mut story = event::of(transaction, run).unwrap_or_default();
    let last_words = last_words(reason, &story, event::next_sequence(transaction, run)?);
    runs::insert_events(transaction, run, std::slice::from_ref(&last_words))?;
    story.push(last_words);
    let begun = queries::summary(transaction, run)?.ok_or(Fault::UnknownRun { run })?;
    let ended = ended(&story, begun, reason, now);
    runs::conclude(transaction, &ended)?;
    Ok(Some(ended))
}

/// At the last sign of life: when the process died is not known, and the run's clock died with it.
fn last_words(reason: Reason, story: &[Event], sequence: u64) -> Event {
    let record = RunRecord::fold(story).ok();
    let phase =
        record.and_then(|record| record.phases.iter().rev().find(|span| span.end.is_none()).map(|s| s.phase));
    let stop = Stop {
        reason,
        phase,
        detail: match phase {
            Some(phase) => format!("{} in the phase {phase}", reason.meaning()),
            None => reason.meaning().to_owned(),
        },
        hint: Some("Run the drill again; what the lost run left is removed by the next sweep.".to_owned()),
    };
    Event { sequence, at: story.last().map_or(Offset::START, |event| event.at), fact: Fact::Stopped(stop) }
}

/// The line of history: the same fold as every other run's, so that nobody who folds the events again disagrees.
fn ended(story: &[Event], begun: RunSummary, reason: Reason, now: Timestamp) -> RunSummary {
    let due_at = begun.due_at;
    let judged = match RunRecord::fold(story) {
        Ok(record) => RunSummary {
            // What was intended and not undone may still be there; the sweep that follows will know.
            leaked: record.leaked() || !record.outstanding.is_empty(),
            ..RunSummary::of(&record, &Conclusion::of(&record))
        },
        Err(_) => begun,
    };
    RunSummary {
        due_at,
        finished_at: Some(now),
        verdict: Some(reason.verdict()),
        reason: Some(reason),
        proof: false,
        sentence: judged.sentence.or_else(|| Some(format!("{}: {}.", judged.service, reason.meaning()))),
        ..judged
    }
}
