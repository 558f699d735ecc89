//! The drill's whole life on one page.
//!
//! [`run`] claims, [`recover`] does the work, the teardown happens on every path, and the verdict is written in the
//! transaction that ends the run. Each phase takes what the phase before it made; everything that happens is told to
//! one stream ([`emit`]) that the record, the terminal and the pages are folded from. A run may touch only its
//! [`World`].

mod analyze;
mod bring;
pub mod broken;
mod draw;
mod dump;
pub mod emit;
mod fetch;
pub mod halt;
mod instance;
mod locate;
mod one_shot;
mod pg_restore;
mod program;
mod provision;
mod psql;
mod pulse;
mod rehearse;
mod restore;
mod retained;
mod snapshot;
pub mod sweep;
pub mod sweep_instances;
mod teardown;
pub mod unstarted;
mod verify;
pub mod world;

use std::time::{Duration, Instant};

use futures_util::future::join;

use crate::check;
use crate::definition::{Drill, Select, Source, Then};
use crate::failpoint;
use crate::model::event::{Due, PlannedCheck, RunStarted, Stop, Trigger};
use crate::model::{
    EVENT_VERSION, Event, Fact, Milestone, Offset, Phase, PlannedRehearsal, Reason, RunId, Verdict,
};
use crate::record::{Conclusion, RunRecord, RunSummary};
use crate::sandbox::Sandbox;
use crate::store::{Claim, ClaimError, Occurrence, OutboxEntry, Store, StoreError};

use emit::Story;
use halt::Halt;
use restore::Attempt;
use retained::Retained;
use world::wall_clock;
pub use world::{Order, World};

const _: () = assert!(EVENT_VERSION == 1, "a new version of events needs an upgrade in the store's reader");

/// Between the attempts to write the end of a run down, where what keeps the store from it may pass.
const PAUSES: [Duration; 3] = [Duration::from_secs(1), Duration::from_secs(2), Duration::from_secs(4)];

/// A run that has ended, whichever way.
#[derive(Debug, Clone, PartialEq)]
pub struct Ended {
    /// What is remembered of it.
    pub record: RunRecord,
    /// What it means.
    pub conclusion: Conclusion,
    /// The store did not take the end: what is shown here is not what will be remembered.
    pub unrecorded: Option<String>,
}

/// Runs a drill: claim, work, teardown, verdict. Fails only where the run could not begin; everything after that has
/// a verdict.
pub async fn run(drill: &Drill, order: &Order, world: &World) -> Result<Ended, ClaimError> {
    let started = Instant::now();
    let chosen_by_hand = locate::select(drill, order) != Select::Newest;
    let opening = RunStarted { chosen_by_hand, ..opening(drill, order.due.clone()) };
    let first = Event { sequence: 0, at: Offset::START, fact: Fact::RunStarted(Box::new(opening.clone())) };
    failpoint::reach("before_claim_commit").await;
    let lease = world.store.claim(claim(&opening, &first)).await?;
    failpoint::reach("after_claim").await;
    let story = Story::after_opening(&world.store, &world.listener, &first, &opening, started);

    let mut retained = Retained::default();
    let recovery = async {
        match &drill.backup.source {
            Source::Rds(rds) if rds.then == Then::Instance => {
                Box::pin(instance::recover(drill, rds, order, &opening, world, &story)).await
            }
            _ => Box::pin(recover(drill, order, &opening, world, &story, &mut retained)).await,
        }
    };
    let outcome = tokio::select! {
        (outcome, ()) = join(recovery, begun(drill, world)) => outcome,
        () = world.cancel.cancelled() => Err(Halt::new(world.cancel_reason, "")),
    };
    if let Err(halt) = outcome {
        let halt = explained_by_the_sandbox(halt, retained.restored.as_ref()).await;
        let _ = story.stop(*halt.0).await;
    }
    let keep = keep_for(drill, order, &story.record().await);
    failpoint::reach("before_teardown").await;
    let cleanup = teardown::tear_down(drill, opening.run, retained, keep, world, &story).await;
    failpoint::reach("after_teardown").await;
    let ended = finish(drill, Fact::CleanedUp(cleanup), world, &story).await;
    drop(lease);
    Ok(ended)
}

/// A dead man's switch that is slow must not cost the recovery time.
async fn begun(drill: &Drill, world: &World) {
    if let Some(notifier) = &world.notifier {
        notifier.begun(drill).await;
    }
}

/// The recovery itself in a container, from the source to the last check; then the rollbacks.
async fn recover(
    drill: &Drill,
    order: &Order,
    opening: &RunStarted,
    world: &World,
    story: &Story<'_, Store>,
    retained: &mut Retained,
) -> Result<(), Halt> {
    let backup = Box::pin(bring::bring(drill, order, opening.run, world, story)).await?;
    failpoint::reach("after_fetch").await;
    let image = provision::image(drill, backup.major(), world, story).await?;
    let Retained { restored: held, rehearsed } = retained;
    let jobs = provision::sizing(drill, world.engine().await?, world.runner_memory).jobs;

    let mut attempt = 1;
    let restored = loop {
        let wanted = provision::Wanted { attempt, backup: &backup };
        let provisioning = provision::provision(drill, opening.run, &wanted, &image, world, story);
        let sandbox = held.insert(Box::pin(provisioning).await?);
        failpoint::reach("after_provision").await;
        let restoring =
            story.phase(Phase::Restore, restore::restore(drill, &backup.artifact, sandbox, jobs, story));
        match guarded(sandbox, Box::pin(restoring)).await? {
            Attempt::Restored(restored) => break restored,
            Attempt::Stalled(detail) if attempt == 1 => {
                story.tell(Fact::RestoreRepeated { detail }).await?;
                attempt += 1;
            }
            Attempt::Stalled(detail) => {
                return Err(Halt::new(Reason::RestoreHang, detail).in_phase(Phase::Restore));
            }
        }
    };
    let Some(sandbox) = held.as_ref() else {
        return Err(Halt::new(Reason::Internal, "the sandbox went missing"));
    };

    failpoint::reach("after_restore").await;
    let analyzing = Box::pin(analyze::analyze(drill, sandbox, &restored, jobs, story));
    guarded(sandbox, story.phase(Phase::Analyze, analyzing)).await?;
    story.reached(Milestone::Restored).await?;
    failpoint::reach("after_analyze").await;

    let context = check::Context {
        first_database: restored.databases[0].clone(),
        run_started_at: opening.started_at,
        data_as_of: backup.recovery_point_of_an_older_choice(),
    };
    let verifying = Box::pin(verify::verify(drill, sandbox, &context, story));
    guarded(sandbox, story.phase(Phase::Verify, verifying)).await?;
    failpoint::reach("after_verify").await;
    if verify::all_passed(drill, story).await {
        story.reached(Milestone::Verified).await?;
    }
    if !drill.rollbacks.is_empty() {
        let keep_failed = order.keep.is_some() || drill.sandbox.keep_on_failure.is_some();
        let scene = rehearse::Scene { drill, world, origin: sandbox, context: &context, keep_failed };
        let rehearsing = Box::pin(rehearse::rehearse(&scene, rehearsed, story));
        story.phase(Phase::Rehearse, rehearsing).await?;
    }
    Ok(())
}

/// Waits for work in a sandbox, and no longer than the sandbox lives.
async fn guarded<T>(sandbox: &Sandbox, work: impl Future<Output = Result<T, Halt>>) -> Result<T, Halt> {
    tokio::select! {
        done = work => done,
        reason = sandbox.watch.until_trouble() => Err(lost(sandbox, reason)),
    }
}

fn lost(sandbox: &Sandbox, reason: Reason) -> Halt {
    let memory = sandbox.facts.memory_bytes;
    match reason {
        Reason::SandboxOutOfMemory => {
            let detail = format!("a process in the sandbox was killed for memory (limit {memory} bytes)");
            Halt::new(reason, detail).with_hint("raise sandbox.memory, or lower restore.jobs")
        }
        Reason::DiskFull => {
            Halt::new(reason, "the server met a full disk").with_hint("free space on the engine's disk")
        }
        _ => Halt::new(reason, "the sandbox's process 1 ended"),
    }
}

/// An error in a sandbox that was dying is a symptom; the engine's word on the cause may come a moment later.
async fn explained_by_the_sandbox(halt: Halt, sandbox: Option<&Sandbox>) -> Halt {
    let symptom =
        matches!(halt.0.reason, Reason::SandboxLost | Reason::EngineUnreachable | Reason::RestoreFailed);
    match sandbox.filter(|_| symptom) {
        Some(sandbox) => {
            match tokio::time::timeout(Duration::from_millis(700), sandbox.watch.until_trouble()).await {
                Ok(reason) if reason != halt.0.reason => {
                    Halt(Box::new(Stop { phase: halt.0.phase, ..*lost(sandbox, reason).0 }))
                }
                _ => halt,
            }
        }
        None => halt,
    }
}

fn keep_for(drill: &Drill, order: &Order, record: &RunRecord) -> Option<Duration> {
    let failed = || Conclusion::of(record).verdict != Verdict::Passed;
    order.keep.or_else(|| drill.sandbox.keep_on_failure.filter(|_| failed()))
}

/// The verdict, its evidence and its line of history in one transaction.
async fn finish(drill: &Drill, last: Fact, world: &World, story: &Story<'_, Store>) -> Ended {
    let (events, record) = story.last_events(last).await;
    let conclusion = Conclusion::of(&record);
    let summary = RunSummary::of(&record, &conclusion);
    let outbox = messages(drill, &record, &conclusion, world).await;
    failpoint::reach("before_result_commit").await;
    let finished = write_the_end(summary, &events, &outbox, world).await;
    failpoint::reach("after_commit").await;
    for event in &events {
        story.show(event);
    }
    Ended { record, conclusion, unrecorded: finished.err().map(|error| error.to_string()) }
}

/// Another process's transaction ends, and space is freed. The lease is held meanwhile, so that nobody takes the run for
/// lost.
async fn write_the_end(
    summary: RunSummary,
    events: &[Event],
    outbox: &[OutboxEntry],
    world: &World,
) -> Result<(), StoreError> {
    for pause in PAUSES {
        match world.store.finish(summary.clone(), events, outbox).await {
            Err(error) if error.fault.may_pass() => tokio::time::sleep(pause).await,
            finished => return finished,
        }
    }
    world.store.finish(summary, events, outbox).await
}

/// Who is told what, to be written in the same transaction as the verdict.
async fn messages(
    drill: &Drill,
    record: &RunRecord,
    conclusion: &Conclusion,
    world: &World,
) -> Vec<OutboxEntry> {
    match &world.notifier {
        Some(notifier) => notifier.messages(drill, record, conclusion, &world.store).await,
        None => Vec::new(),
    }
}

fn opening(drill: &Drill, due: Option<Due>) -> RunStarted {
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
        chosen_by_hand: false,
        drillyard_version: env!("CARGO_PKG_VERSION").to_owned(),
    }
}

fn claim(opening: &RunStarted, first: &Event) -> Claim {
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
