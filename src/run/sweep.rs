//! The sweeper: removes what interrupted runs left. The third of three cleaners, for what the run's own teardown and
//! the lease in process 1 could not do.
//!
//! It touches only what carries this store's label and belongs to no live run; what `--keep` keeps is left until its
//! time is over. It looks again after a grace time, because objects can appear after their client died (measured), and
//! so on until a look finds nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::str::FromStr;
use std::time::Duration;

use jiff::Timestamp;

use super::halt::Halt;
use super::sweep_instances::{RdsDrill, sweep_instances};
use super::teardown::remove_directory;
use crate::engine::{Engine, Listed};
use crate::model::sandbox::Kept;
use crate::model::{CleanUp, Effect, EffectKind, RunId};
use crate::record::{RunRecord, RunSummary};
use crate::sandbox::profile::{RUN, STORE};
use crate::store::Store;

/// Longest wait for one removal.
const REMOVAL: Duration = Duration::from_mins(1);
/// Between two looks.
const GRACE: Duration = Duration::from_millis(1500);
/// The most looks. A dead client's container takes this long to appear on an engine under load, and until then holds the
/// volume that is listed before it (measured: 409 "volume is in use").
const LOOKS: u32 = 12;

/// What a sweep did, or would do.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Swept {
    /// Runs whose process had died, as they are now written down.
    pub aborted: Vec<RunSummary>,
    /// What was removed (with a dry run: what would be).
    pub removed: Vec<Effect>,
    /// What is kept on purpose.
    pub kept: Vec<Kept>,
    /// What belongs to runs that live, and was left alone.
    pub live: Vec<Effect>,
    /// What could not be removed, with the reason.
    pub failed: Vec<String>,
    /// Every account that was to be looked into could be, and there was one: an instance that is not there is gone.
    pub instances_known: bool,
}

/// Sweeps, and looks again until nothing is found; `drills` are those in whose accounts temporary RDS
/// instances are looked for. What it has done is in `swept`, also where it broke off.
/// With `dry_run` nothing is touched or written.
pub async fn sweep(
    store: &Store,
    engine: &Engine,
    drills: &[RdsDrill],
    now: Timestamp,
    dry_run: bool,
    swept: &mut Swept,
) -> Result<(), Halt> {
    if !dry_run {
        swept.aborted = store.abort_lost(now).await?;
    }
    let mut of_runs: BTreeMap<RunId, Vec<String>> = BTreeMap::new();
    for look in 1..=LOOKS {
        let left = pass(store, engine, now, dry_run, swept, &mut of_runs).await?;
        if dry_run || (look > 1 && left == 0) {
            break;
        }
        tokio::time::sleep(GRACE).await;
    }
    sweep_instances(store, drills, dry_run, swept, &mut of_runs).await?;
    if dry_run {
        sweep_staging_dry(store, swept)?;
    } else {
        sweep_staging(store, swept, &mut of_runs)?;
        forget_expired(store, now).await?;
        write_down(store, now, swept, of_runs).await?;
    }
    Ok(())
}

/// One look; returns how many objects were left over. What an earlier look could not remove is forgotten: it is seen
/// again, or gone.
async fn pass(
    store: &Store,
    engine: &Engine,
    now: Timestamp,
    dry_run: bool,
    swept: &mut Swept,
    of_runs: &mut BTreeMap<RunId, Vec<String>>,
) -> Result<usize, Halt> {
    swept.live.clear();
    swept.kept.clear();
    swept.failed.clear();
    of_runs.values_mut().for_each(Vec::clear);
    let mut left = 0;
    // Containers come first in the listing: their anonymous volumes go with them.
    for object in engine.inventory(STORE, store.id().as_str()).await?.objects {
        let run = run_of(&object);
        match standing(store, run, now).await? {
            Standing::Live => swept.live.push(object.effect),
            Standing::Kept(until) => swept.kept.push(Kept { effect: object.effect, until }),
            Standing::Left if dry_run => swept.removed.push(object.effect),
            Standing::Left => {
                left += 1;
                remove(engine, object.effect, run, swept, of_runs).await;
            }
        }
    }
    Ok(left)
}

enum Standing {
    Live,
    Kept(Timestamp),
    Left,
}

/// An object of ours without a readable run is nobody's. A run writes down what it keeps before it ends: asked in this
/// order, it is seen as alive or as kept.
async fn standing(store: &Store, run: Option<RunId>, now: Timestamp) -> Result<Standing, Halt> {
    let Some(run) = run else { return Ok(Standing::Left) };
    if store.is_live(run)? {
        return Ok(Standing::Live);
    }
    let kept = store.kept().await?;
    let until = kept.iter().find(|kept| kept.run == run && kept.until > now).map(|kept| kept.until);
    Ok(until.map_or(Standing::Left, Standing::Kept))
}

fn run_of(object: &Listed) -> Option<RunId> {
    RunId::from_str(object.labels.get(RUN)?).ok()
}

async fn remove(
    engine: &Engine,
    effect: Effect,
    run: Option<RunId>,
    swept: &mut Swept,
    of_runs: &mut BTreeMap<RunId, Vec<String>>,
) {
    let told = run.map(|run| of_runs.entry(run).or_default());
    match engine.remove_effect(&effect, REMOVAL).await {
        Ok(()) if swept.removed.contains(&effect) => {}
        Ok(()) => swept.removed.push(effect),
        Err(error) => {
            let failure = format!("{effect}: {error}");
            if let Some(told) = told {
                told.push(failure.clone());
            }
            swept.failed.push(failure);
        }
    }
}

/// Staged files of runs that do not live; the directory's name is the run's.
fn stale_staging(store: &Store) -> Result<Vec<(RunId, Effect)>, Halt> {
    let Ok(entries) = std::fs::read_dir(store.state().join("staging")) else { return Ok(Vec::new()) };
    let mut stale = Vec::new();
    for entry in entries.flatten() {
        let Ok(run) = RunId::from_str(&entry.file_name().to_string_lossy()) else { continue };
        if !store.is_live(run)? {
            let name = entry.path().display().to_string();
            stale.push((run, Effect { kind: EffectKind::Staging, name }));
        }
    }
    Ok(stale)
}

fn sweep_staging_dry(store: &Store, swept: &mut Swept) -> Result<(), Halt> {
    swept.removed.extend(stale_staging(store)?.into_iter().map(|(_, effect)| effect));
    Ok(())
}

fn sweep_staging(
    store: &Store,
    swept: &mut Swept,
    of_runs: &mut BTreeMap<RunId, Vec<String>>,
) -> Result<(), Halt> {
    for (run, effect) in stale_staging(store)? {
        let told = of_runs.entry(run).or_default();
        match remove_directory(std::path::Path::new(&effect.name)) {
            Ok(()) => swept.removed.push(effect),
            Err(error) => {
                let failure = format!("{effect}: {error}");
                told.push(failure.clone());
                swept.failed.push(failure);
            }
        }
    }
    Ok(())
}

async fn forget_expired(store: &Store, now: Timestamp) -> Result<(), Halt> {
    for expired in store.kept().await?.iter().filter(|kept| kept.until <= now) {
        store.forget_kept(expired.run).await?;
    }
    Ok(())
}

/// Writes down, beside each run concerned, that it was cleaned up late and what is still there.
async fn write_down(
    store: &Store,
    now: Timestamp,
    swept: &Swept,
    mut of_runs: BTreeMap<RunId, Vec<String>>,
) -> Result<(), Halt> {
    let aborted: BTreeSet<RunId> = swept.aborted.iter().map(|run| run.run).collect();
    for run in &aborted {
        of_runs.entry(*run).or_default();
    }
    for (run, mut leftovers) in of_runs {
        // A run that this store has forgotten has nobody to be told to.
        if store.summary(run).await?.is_none() {
            continue;
        }
        if !swept.instances_known {
            leftovers.extend(unknown_instances(store, run).await?);
        }
        let found = CleanUp { proven: leftovers.is_empty(), leftovers, kept: Vec::new(), late: true };
        store.note_late_cleanup(run, now, &found).await?;
    }
    Ok(())
}

/// Instances that the run intended and nobody could look for.
async fn unknown_instances(store: &Store, run: RunId) -> Result<Vec<String>, Halt> {
    let events = store.events(run).await?;
    let Ok(record) = RunRecord::fold(&events) else { return Ok(Vec::new()) };
    let intended = record.outstanding.iter().filter(|effect| effect.kind == EffectKind::RdsInstance);
    Ok(intended.map(|effect| format!("{effect}: its account was not looked into")).collect())
}
