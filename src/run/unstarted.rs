//! The record of a due instant at which nothing was started: it is a run that never began, so that history, mails and
//! pages tell of it like of any other.

use super::world::{Order, World};
use super::{Ended, messages, opening};
use crate::definition::Drill;
use crate::model::event::{Due, Stop};
use crate::model::{CleanUp, Event, Fact, Offset, Reason};
use crate::record::{Conclusion, RunRecord, RunSummary};
use crate::store::ClaimError;

/// Writes down, in one transaction with the drill's watermark and the messages about it, that a due instant was missed
/// or skipped. `detail` says in a sentence what stood in the way.
pub async fn write_down(
    drill: &Drill,
    due: Due,
    reason: Reason,
    detail: &str,
    world: &World,
) -> Result<Ended, ClaimError> {
    let opening = opening::opening(drill, &Order { due: Some(due), ..Order::default() });
    let facts = [
        Fact::RunStarted(Box::new(opening.clone())),
        Fact::Stopped(Stop { reason, phase: None, detail: detail.to_owned(), hint: None }),
        Fact::CleanedUp(CleanUp { proven: true, leftovers: Vec::new(), kept: Vec::new(), late: false }),
    ];
    let events: Vec<Event> =
        (0..).zip(facts).map(|(sequence, fact)| Event { sequence, at: Offset::START, fact }).collect();
    let mut record = RunRecord::opened(opening.clone());
    for event in &events {
        record.apply(event);
    }
    let conclusion = Conclusion::of(&record);
    let summary = RunSummary::of(&record, &conclusion);
    let outbox = messages(drill, &record, &conclusion, world).await;
    world
        .store
        .conclude_unstarted(opening::claim(&opening, &events[0]), summary, &events[1..], &outbox)
        .await?;
    Ok(Ended { record, conclusion, unrecorded: None })
}
