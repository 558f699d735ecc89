//! The drill's whole life on one page.
//!
//! [`run`] claims, [`recover`] does the work, the teardown happens on every path, and the verdict is written in the
//! transaction that ends the run. Each phase takes what the phase before it made; everything that happens is told to
//! one stream ([`emit`]) that the record, the terminal and the pages are folded from. A run may touch only its
//! [`World`].

mod analyze;
pub mod emit;
mod fetch;
pub mod halt;
mod locate;
mod pg_restore;
mod program;
mod provision;
mod psql;
mod pulse;
mod restore;
pub mod sweep;
mod teardown;
mod verify;
pub mod world;

use std::time::{Duration, Instant};

use crate::check;
use crate::definition::Drill;
use crate::model::event::{PlannedCheck, RunStarted, Stop, Trigger};
use crate::model::{EVENT_VERSION, Event, Fact, Milestone, Offset, Phase, Reason, RunId, Verdict};
use crate::record::{Conclusion, RunRecord, RunSummary};
use crate::sandbox::Sandbox;
use crate::store::{Claim, ClaimError, Store};

use emit::Story;
use halt::Halt;
use restore::Attempt;
use world::wall_clock;
pub use world::{Order, World};

const _: () = assert!(EVENT_VERSION == 1, "a new version of events needs an upgrade in the store's reader");

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
    let opening = opening(drill);
    let first = Event { sequence: 0, at: Offset::START, fact: Fact::RunStarted(Box::new(opening.clone())) };
    let lease = world.store.claim(claim(&opening, &first)).await?;
    let story = Story::after_opening(&world.store, &world.listener, &first, &opening, started);

    let mut sandbox = None;
    let outcome = tokio::select! {
        outcome = recover(drill, order, &opening, world, &story, &mut sandbox) => outcome,
        () = world.cancel.cancelled() => Err(Halt::new(Reason::ByPerson, "")),
    };
    if let Err(halt) = outcome {
        let halt = explained_by_the_sandbox(halt, sandbox.as_ref()).await;
        let _ = story.stop(*halt.0).await;
    }
    let keep = keep_for(drill, order, &story.record().await);
    let cleanup = teardown::tear_down(opening.run, sandbox, keep, world, &story).await;
    let ended = finish(Fact::CleanedUp(cleanup), world, &story).await;
    drop(lease);
    Ok(ended)
}

/// The recovery itself: from the source to the last check.
async fn recover(
    drill: &Drill,
    order: &Order,
    opening: &RunStarted,
    world: &World,
    story: &Story<'_, Store>,
    held: &mut Option<Sandbox>,
) -> Result<(), Halt> {
    let located = locate::locate(drill, order, story).await?;
    let backup = fetch::fetch(drill, located, opening.run, world, story).await?;
    let image = provision::image(drill, backup.major(), world, story).await?;
    let jobs = provision::sizing(drill, world.engine().await?, world.runner_memory).jobs;

    let mut attempt = 1;
    let restored = loop {
        let wanted = provision::Wanted { attempt, backup: &backup };
        let provisioning = provision::provision(drill, opening.run, &wanted, &image, world, story);
        let sandbox = held.insert(Box::pin(provisioning).await?);
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

    let analyzing = Box::pin(analyze::analyze(drill, sandbox, &restored, jobs, story));
    guarded(sandbox, story.phase(Phase::Analyze, analyzing)).await?;
    story.reached(Milestone::Restored).await?;

    let context = check::Context {
        first_database: restored.databases[0].clone(),
        run_started_at: opening.started_at,
        data_as_of: backup.recovery_point_of_an_older_choice(),
    };
    let verifying = Box::pin(verify::verify(drill, sandbox, &context, story));
    guarded(sandbox, story.phase(Phase::Verify, verifying)).await?;
    if verify::all_passed(drill, story).await {
        story.reached(Milestone::Verified).await?;
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
async fn finish(last: Fact, world: &World, story: &Story<'_, Store>) -> Ended {
    let (event, record) = story.last_event(last).await;
    let conclusion = Conclusion::of(&record);
    let summary = RunSummary::of(&record, &conclusion);
    let finished = world.store.finish(summary, std::slice::from_ref(&event), &[]).await;
    story.show(&event);
    Ended { record, conclusion, unrecorded: finished.err().map(|error| error.to_string()) }
}

fn opening(drill: &Drill) -> RunStarted {
    let checks =
        drill.checks.iter().map(|check| PlannedCheck { name: check.name.clone(), kind: check.kind() });
    RunStarted {
        run: RunId::new(ulid::Ulid::new()),
        drill: drill.name.clone(),
        service: drill.service.clone(),
        owner: drill.owner.clone(),
        contact: drill.contact.clone(),
        runbook: drill.runbook.clone(),
        labels: drill.labels.clone(),
        trigger: Trigger::Manual,
        started_at: wall_clock(),
        definition_sha256: drill.text_sha256.clone(),
        objectives: drill.objectives.clone(),
        phases: vec![
            Phase::Locate,
            Phase::Fetch,
            Phase::Provision,
            Phase::Restore,
            Phase::Analyze,
            Phase::Verify,
        ],
        checks: checks.collect(),
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
        occurrence: None,
        opening: first.clone(),
    }
}
