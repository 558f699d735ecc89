//! What a run is, as it is claimed: its first event.

use crate::definition::{Drill, Select};
use crate::model::event::{PlannedCheck, RunStarted, Trigger};
use crate::model::{Event, Fact, Offset, Phase, PlannedRehearsal, RunId};
use crate::store::{Claim, Occurrence};

use super::locate;
use super::world::{Order, wall_clock};

/// What is known of a run before it has done anything.
pub(super) fn opening(drill: &Drill, order: &Order) -> RunStarted {
    let due = order.due.clone();
    let checks =
        drill.checks.iter().map(|check| PlannedCheck { name: check.name.clone(), kind: check.kind() });
    let started_at = wall_clock();
    let mut phases = if drill.backup.asks_the_instance() {
        vec![Phase::Locate, Phase::Restore, Phase::Verify]
    } else {
        vec![Phase::Locate, Phase::Fetch, Phase::Provision, Phase::Restore, Phase::Analyze, Phase::Verify]
    };
    if !drill.rollbacks.is_empty() {
        phases.push(Phase::Rehearse);
    }
    RunStarted {
        run: RunId::new(ulid::Ulid::new()),
        drill: drill.name.clone(),
        service: drill.service.clone(),
        owner: drill.owner.clone(),
        contact: drill.contact.clone(),
        runbook: drill.runbook.clone(),
        labels: drill.labels.clone(),
        trigger: if due.is_some() { Trigger::Scheduled } else { Trigger::Manual },
        started_at,
        definition_sha256: drill.text_sha256.clone(),
        objectives: drill.objectives.clone(),
        phases,
        checks: checks.collect(),
        rehearsals: drill.rollbacks.iter().map(|r| PlannedRehearsal { name: r.name.clone() }).collect(),
        due,
        next_due_at: drill.schedule.as_ref().and_then(|schedule| schedule.calendar.next_after(started_at)),
        chosen_by_hand: locate::select(drill, order) != Select::Newest,
        drillyard_version: env!("CARGO_PKG_VERSION").to_owned(),
    }
}

/// The event that a run's record begins with.
pub(super) fn first_event(opening: &RunStarted) -> Event {
    Event { sequence: 0, at: Offset::START, fact: Fact::RunStarted(Box::new(opening.clone())) }
}

/// The right to run, with the event that is written in the claim's transaction.
pub(super) fn claim(opening: &RunStarted, first: &Event) -> Claim {
    Claim {
        run: opening.run,
        drill: opening.drill.clone(),
        service: opening.service.clone(),
        trigger: opening.trigger,
        started_at: opening.started_at,
        occurrence: opening.due.as_ref().map(|due| Occurrence {
            drill: opening.drill.clone(),
            scheduled_at: due.scheduled_at,
            attempt: due.attempt,
        }),
        opening: first.clone(),
    }
}
