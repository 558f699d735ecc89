//! Teardown: whatever happened, in reverse order of creation, each step with a deadline of its own and never the run's
//! expired one; then an independent listing that must be empty.

use std::path::Path;
use std::time::{Duration, Instant};

use super::emit::Story;
use super::rds;
use super::retained::Retained;
use super::world::{World, wall_clock};
use crate::definition::{Drill, Source};
use crate::engine::{Engine, EngineError};
use crate::failpoint;
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
/// How long removals and listings that fail are done again: an engine under load refuses for a moment.
const PATIENCE: Duration = Duration::from_secs(8);
/// An object can appear after the call that made it was given up (measured): where one may be under way, nothing must
/// have been there for so long.
const QUIET: Duration = Duration::from_secs(3);
/// A kept copy ends so much earlier than the sandbox that it was copied from.
const EARLIER: Duration = Duration::from_secs(30);
/// Between two looks.
const BETWEEN_LOOKS: Duration = Duration::from_millis(250);

/// Removes everything that the run has intended and not kept; tells its own phase, and never fails.
pub(super) async fn tear_down<J: Journal>(
    drill: &Drill,
    run: RunId,
    retained: Retained,
    keep: Option<Duration>,
    world: &World,
    story: &Story<'_, J>,
) -> CleanUp {
    // A journal that takes nothing more must not keep the teardown from its work.
    let _ = story.tell(Fact::PhaseStarted { phase: Phase::Teardown }).await;
    let kept = if let Some(time_to_live) = keep {
        hand_over_all(run, retained, time_to_live, world).await
    } else {
        drop(retained);
        Vec::new()
    };
    let begun = Instant::now();
    // Whoever has ever intended one looks for it: that it was undone is what is to be proven.
    let intended_instance =
        story.record().await.intended.iter().any(|effect| effect.kind == EffectKind::RdsInstance);
    let (proven, leftovers) = loop {
        let (mut proven, mut leftovers) = remove_and_list(drill, run, &kept, world, story).await;
        if intended_instance {
            let looking = rds::no_instance_is_left(drill, run, &mut leftovers, world, story);
            proven &= Box::pin(looking).await;
        }
        if (proven && leftovers.is_empty()) || begun.elapsed() >= PATIENCE {
            break (proven, leftovers);
        }
        tokio::time::sleep(BETWEEN_LOOKS).await;
    };
    let ended = Fact::PhaseEnded {
        phase: Phase::Teardown,
        succeeded: proven && leftovers.is_empty(),
        bytes: None,
        waited_for: None,
    };
    let _ = story.tell(ended).await;
    CleanUp { proven: proven && leftovers.is_empty(), leftovers, kept, late: false }
}

/// Undoes what was intended, then asks the engine what is there; true with what is left where the engine could say.
async fn remove_and_list<J: Journal>(
    drill: &Drill,
    run: RunId,
    kept: &[Kept],
    world: &World,
    story: &Story<'_, J>,
) -> (bool, Vec<String>) {
    let record = story.record().await;
    let newest = record.outstanding.iter().rfind(|effect| effect.kind == EffectKind::Container);
    let inspected = record.sandbox.as_ref().map(|facts| &facts.container);
    let unfinished = newest.is_some_and(|effect| inspected != Some(&effect.name));
    let quiet = if unfinished { QUIET } else { Duration::ZERO };
    let mut leftovers = Vec::new();
    for effect in record.outstanding.into_iter().rev() {
        if kept.iter().any(|kept| kept.effect == effect) {
            continue;
        }
        match undo(drill, run, &effect, world, story).await {
            Ok(()) => {
                failpoint::reach("after_removal").await;
                let _ = story.tell(Fact::EffectUndone { effect }).await;
            }
            Err(error) => leftovers.push(format!("{effect}: {error}")),
        }
    }
    let Some(engine) = world.connected_engine() else { return (true, leftovers) };
    match take_inventory(run, kept, engine, quiet).await {
        Ok(left) => {
            leftovers.extend(left.iter().map(Effect::to_string));
            (true, leftovers)
        }
        Err(error) => {
            leftovers.push(format!("the engine could not be asked what is left: {error}"));
            (false, leftovers)
        }
    }
}

/// Hands over what stays: the restored sandbox, and beside it the copy of a rehearsal that failed. The copy's time is
/// over first, because it holds the other's volume.
async fn hand_over_all(run: RunId, retained: Retained, time_to_live: Duration, world: &World) -> Vec<Kept> {
    let Retained { restored: Some(restored), rehearsed } = retained else { return Vec::new() };
    let Some(kept) = hand_over(run, restored, time_to_live, world).await else { return Vec::new() };
    let mut all = vec![kept];
    if let Some((_, copy)) = rehearsed {
        let shorter = time_to_live.saturating_sub(EARLIER).max(Duration::from_secs(1));
        let until = wall_clock().checked_add(shorter).ok();
        if let Some(until) = until
            && take_over(&copy, shorter).await
        {
            all.push(Kept { effect: Effect { kind: EffectKind::Container, name: copy.name.clone() }, until });
        }
    }
    all
}

/// Hands the sandbox its time to live, and writes down until when it stays. Whatever goes wrong destroys it.
async fn hand_over(run: RunId, sandbox: Sandbox, time_to_live: Duration, world: &World) -> Option<Kept> {
    let until = wall_clock().checked_add(time_to_live).ok()?;
    let container = sandbox.name.clone();
    world.store.keep(KeptSandbox { run, container: container.clone(), until }).await.ok()?;
    if take_over(&sandbox, time_to_live).await {
        return Some(Kept { effect: Effect { kind: EffectKind::Container, name: container }, until });
    }
    let _ = world.store.forget_kept(run).await;
    None
}

/// Whether process 1 has taken over its time to live.
async fn take_over(sandbox: &Sandbox, time_to_live: Duration) -> bool {
    tokio::time::timeout(HANDOVER, sandbox.keep(time_to_live)).await.unwrap_or(false)
}

/// Undoes one effect; gone already is done.
async fn undo<J: Journal>(
    drill: &Drill,
    run: RunId,
    effect: &Effect,
    world: &World,
    story: &Story<'_, J>,
) -> Result<(), String> {
    failpoint::reach("before_removal").await;
    match (effect.kind, world.connected_engine()) {
        (EffectKind::Staging, _) => {
            remove_directory(Path::new(&effect.name)).map_err(|error| error.to_string())
        }
        (EffectKind::RdsInstance, _) => match &drill.backup.source {
            Source::Rds(source) => Box::pin(rds::remove_instance(source, run, effect, world, story)).await,
            _ => Err("the drill names no RDS source any more".to_owned()),
        },
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

/// Lists what carries the run's label and removes it, until nothing was there for as long as `quiet`.
async fn take_inventory(
    run: RunId,
    kept: &[Kept],
    engine: &Engine,
    quiet: Duration,
) -> Result<Vec<Effect>, EngineError> {
    let begun = Instant::now();
    let mut empty_since = None;
    loop {
        let left = left_on(engine, run, kept).await?;
        if left.is_empty() {
            if empty_since.get_or_insert_with(Instant::now).elapsed() >= quiet {
                return Ok(left);
            }
        } else if begun.elapsed() >= PATIENCE {
            return Ok(left);
        } else {
            empty_since = None;
            for effect in &left {
                // The next look tells whether it is gone.
                let _ = engine.remove_effect(effect, REMOVAL).await;
            }
        }
        tokio::time::sleep(BETWEEN_LOOKS).await;
    }
}

async fn left_on(engine: &Engine, run: RunId, kept: &[Kept]) -> Result<Vec<Effect>, EngineError> {
    let inventory = engine.inventory(RUN, &run.to_string()).await?;
    // What a kept sandbox needs is kept with it: its anonymous volume goes when it goes.
    let stays =
        |effect: &Effect| kept.iter().any(|kept| kept.effect == *effect || effect.kind == EffectKind::Volume);
    Ok(inventory.objects.into_iter().map(|object| object.effect).filter(|effect| !stays(effect)).collect())
}
