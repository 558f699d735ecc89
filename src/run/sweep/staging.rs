//! The sweeper's part in the staging directories of runs that do not live.

use std::path::Path;
use std::str::FromStr;

use super::super::halt::Halt;
use super::super::teardown::remove_directory;
use super::swept::Notes;
use crate::model::{Effect, EffectKind, RunId};
use crate::store::Store;

pub(super) fn sweep_staging(store: &Store, dry_run: bool, notes: &mut Notes<'_>) -> Result<(), Halt> {
    for (run, effect) in stale_staging(store)? {
        if dry_run {
            notes.removed(effect);
        } else {
            let removed = remove_directory(Path::new(&effect.name));
            notes.note(effect, Some(run), removed);
        }
    }
    Ok(())
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
