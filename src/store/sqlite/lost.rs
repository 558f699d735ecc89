//! Runs whose process died: written down by whoever finds them.

use jiff::Timestamp;
use rusqlite::Transaction;

use super::{event, queries, runs};
use crate::model::event::Stop;
use crate::model::{Event, Fact, Offset, Phase, Reason, RunId};
use crate::record::RunSummary;
use crate::store::error::Fault;

/// Ends a run as aborted. The caller holds its lease. `None` where somebody has ended it in the meantime.
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
    // Events of a newer program can't be read, and its run is lost all the same.
    let story = event::of(transaction, run).unwrap_or_default();
    let stop = stop(reason, &story);
    let sentence = format!("Nothing was found out: {}.", stop.detail);
    let sequence = event::next_sequence(transaction, run)?;
    // The last sign of life: when it died is not known, and its clock died with it.
    let at = story.last().map_or(Offset::START, |event| event.at);
    runs::insert_events(transaction, run, &[Event { sequence, at, fact: Fact::Stopped(stop) }])?;
    let begun = queries::summary(transaction, run)?.ok_or(Fault::UnknownRun { run })?;
    let ended = RunSummary {
        finished_at: Some(now),
        verdict: Some(reason.verdict()),
        reason: Some(reason),
        sentence: Some(sentence),
        leaked: may_have_left_something(&story),
        ..begun
    };
    runs::conclude(transaction, &ended)?;
    Ok(Some(ended))
}

fn stop(reason: Reason, story: &[Event]) -> Stop {
    let phase = open_phase(story);
    let place = phase.map_or_else(String::new, |phase| format!(" in the phase {phase}"));
    Stop {
        reason,
        phase,
        detail: format!("{}{place}", reason.meaning()),
        hint: Some("Run the drill again; what the lost run left is removed by the next sweep.".to_owned()),
    }
}

/// The phase that began last and did not end.
fn open_phase(story: &[Event]) -> Option<Phase> {
    let mut open = Vec::new();
    for event in story {
        match &event.fact {
            Fact::PhaseStarted { phase } => open.push(*phase),
            Fact::PhaseEnded { phase, .. } => open.retain(|other| other != phase),
            _ => {}
        }
    }
    open.pop()
}

/// Something was intended and not undone. The sweep that follows will know.
fn may_have_left_something(story: &[Event]) -> bool {
    let mut open = Vec::new();
    for event in story {
        match &event.fact {
            Fact::EffectIntended { effect } => open.push(effect),
            Fact::EffectUndone { effect } => open.retain(|other| *other != effect),
            _ => {}
        }
    }
    !open.is_empty()
}
