//! Teardown: whatever happened, in reverse order of creation, each step with a deadline of its own and never the run's
//! expired one; then an independent listing that must be empty.

use std::path::Path;
use std::time::Duration;

use super::emit::Story;
use super::world::{World, wall_clock};
use crate::engine::Engine;
use crate::model::sandbox::Kept;
use crate::model::{CleanUp, Effect, EffectKind, Fact, Phase, RunId};
use crate::record::Journal;
use crate::sandbox::Sandbox;
use crate::sandbox::profile::RUN;
use crate::store::KeptSandbox;

/// Longest wait for one removal.
const REMOVAL: Duration = Duration::from_mins(1);
/// Longest wait for a sandbox to take over its time to live.
const HANDOVER: Duration = Duration::from_secs(5);
/// An object can appear after the call that made it was given up (measured): looked for this often.
const LOOKS: u32 = 20;
/// Between two looks.
const BETWEEN_LOOKS: Duration = Duration::from_millis(250);

/// Removes everything that the run has intended and not kept; tells its own phase, and never fails.
pub(super) async fn tear_down<J: Journal>(
    run: RunId,
    sandbox: Option<Sandbox>,
    keep: Option<Duration>,
    world: &World,
    story: &Story<'_, J>,
) -> CleanUp {
    // A journal that takes nothing more must not keep the teardown from its work.
    let _ = story.tell(Fact::PhaseStarted { phase: Phase::Teardown }).await;
    let kept = match (sandbox, keep) {
        (Some(sandbox), Some(time_to_live)) => hand_over(run, sandbox, time_to_live, world).await,
        (sandbox, _) => {
            drop(sandbox);
            None
        }
    };
    let mut leftovers = Vec::new();
    for effect in story.record().await.outstanding.into_iter().rev() {
        if kept.as_ref().is_some_and(|kept| kept.effect == effect) {
            continue;
        }
        match undo(&effect, world).await {
            Ok(()) => {
                let _ = story.tell(Fact::EffectUndone { effect }).await;
            }
            Err(error) => leftovers.push(format!("{effect}: {error}")),
        }
    }
    let proven = take_inventory(run, kept.as_ref(), world, &mut leftovers).await;
    let ended = Fact::PhaseEnded {
        phase: Phase::Teardown,
        succeeded: proven && leftovers.is_empty(),
        bytes: None,
        waited_for: None,
    };
    let _ = story.tell(ended).await;
    CleanUp {
        proven: proven && leftovers.is_empty(),
        leftovers,
        kept: kept.into_iter().collect(),
        late: false,
    }
}

/// Hands the sandbox its time to live, and writes down until when it stays. Whatever goes wrong destroys it.
async fn hand_over(run: RunId, mut sandbox: Sandbox, time_to_live: Duration, world: &World) -> Option<Kept> {
    let until = wall_clock().checked_add(time_to_live).ok()?;
    let container = sandbox.name.clone();
    world.store.keep(KeptSandbox { run, container: container.clone(), until }).await.ok()?;
    let taken = async {
        sandbox.lease.keep(time_to_live).await.ok()?;
        sandbox.log.kept().await.then_some(())
    };
    if let Ok(Some(())) = tokio::time::timeout(HANDOVER, taken).await {
        return Some(Kept { effect: Effect { kind: EffectKind::Container, name: container }, until });
    }
    let _ = world.store.forget_kept(run).await;
    None
}

/// Undoes one effect; gone already is done.
async fn undo(effect: &Effect, world: &World) -> Result<(), String> {
    match (effect.kind, world.connected_engine()) {
        (EffectKind::Staging, _) => {
            remove_directory(Path::new(&effect.name)).map_err(|error| error.to_string())
        }
        (_, Some(engine)) => engine.remove_effect(effect, REMOVAL).await.map_err(|error| error.to_string()),
        (_, None) => Err("the engine was never reached".to_owned()),
    }
}

/// Removes a directory of ours with everything in it; gone already is done.
pub(super) fn remove_directory(path: &Path) -> std::io::Result<()> {
    match std::fs::remove_dir_all(path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}

/// Lists what carries the run's label. True where the listing was made.
async fn take_inventory(run: RunId, kept: Option<&Kept>, world: &World, leftovers: &mut Vec<String>) -> bool {
    let Some(engine) = world.connected_engine() else { return true };
    for look in 1..=LOOKS {
        match left_on(engine, run, kept).await {
            Ok(left) if left.is_empty() => return true,
            Ok(left) if look == LOOKS => {
                leftovers.extend(left);
                return true;
            }
            Ok(_) => tokio::time::sleep(BETWEEN_LOOKS).await,
            Err(error) => {
                leftovers.push(format!("the engine could not be asked what is left: {error}"));
                return false;
            }
        }
    }
    true
}

async fn left_on(
    engine: &Engine,
    run: RunId,
    kept: Option<&Kept>,
) -> Result<Vec<String>, crate::engine::EngineError> {
    let inventory = engine.inventory(RUN, &run.to_string()).await?;
    // What a kept sandbox needs is kept with it: its anonymous volume goes when it goes.
    let stays = |effect: &Effect| {
        kept.is_some_and(|kept| kept.effect == *effect || effect.kind == EffectKind::Volume)
    };
    Ok(inventory
        .objects
        .iter()
        .filter(|object| !stays(&object.effect))
        .map(|o| o.effect.to_string())
        .collect())
}
