//! The drill's whole life on one page.
//!
//! [`run`] claims, [`recover`] does the work, the teardown happens on every path, and the verdict is written in the
//! transaction that ends the run. Each phase takes what the phase before it made; everything that happens is told to
//! one stream ([`emit`]) that the record, the terminal and the pages are folded from. A run may touch only its
//! [`World`].

mod analyze;
mod bring;
pub mod broken;
pub mod emit;
mod fetch;
mod guard;
pub mod halt;
mod locate;
mod one_shot;
mod opening;
mod pg_restore;
mod program;
mod provision;
mod psql;
mod pulse;
mod rds;
mod rehearse;
mod restore;
mod retained;
mod script;
pub mod sweep;
mod teardown;
pub mod unstarted;
mod verify;
pub mod world;

use std::time::{Duration, Instant};

use futures_util::future::join;

use crate::check;
use crate::definition::{Drill, Source, Then};
use crate::failpoint;
use crate::model::event::RunStarted;
use crate::model::{EVENT_VERSION, Event, Fact, Milestone, Phase, Reason, Verdict};
use crate::record::{Conclusion, RunRecord, RunSummary};
use crate::store::{ClaimError, OutboxEntry, Store, StoreError};

use emit::Story;
use guard::{explained_by_the_sandbox, guarded};
use halt::Halt;
use retained::Retained;
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
    let opening = opening::opening(drill, order);
    let first = opening::first_event(&opening);
    failpoint::reach("before_claim_commit").await;
    let lease = world.store.claim(opening::claim(&opening, &first)).await?;
    failpoint::reach("after_claim").await;
    let story = Story::after_opening(&world.store, &world.listener, &first, &opening, started);

    let mut retained = Retained::default();
    let recovery = async {
        match &drill.backup.source {
            Source::Rds(source) if source.then == Then::Instance => {
                Box::pin(rds::recover(drill, source, order, &opening, world, &story)).await
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
    let image = provision::image(drill, backup.sandbox_major(), world, story).await?;
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
        match guarded(sandbox, Box::pin(restoring)).await {
            Err(Halt(stop)) if stop.reason == Reason::RestoreHang && attempt == 1 => {
                story.tell(Fact::RestoreRepeated { detail: stop.detail }).await?;
                attempt += 1;
            }
            restored => break restored?,
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
        databases: restored.databases.clone(),
        run_started_at: opening.started_at,
        data_as_of: backup.recovery_point_of_an_older_choice(),
        time_zone: drill.backup.known_time_zone().cloned(),
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

fn keep_for(drill: &Drill, order: &Order, record: &RunRecord) -> Option<Duration> {
    // Whoever cancels a run wants it gone.
    let failed = || matches!(Conclusion::of(record).verdict, Verdict::Failed | Verdict::Errored);
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
