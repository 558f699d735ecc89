//! The sweeper: removes what interrupted runs left. The third of three cleaners, for what the run's own teardown and
//! the lease in process 1 could not do.
//!
//! It touches only what carries this store's label and belongs to no live run; what `--keep` keeps is left until its
//! time is over. It looks again after a grace time, because objects can appear after their client died (measured), and
//! so on until a look finds nothing.

mod engine;
pub mod instances;
mod staging;
mod swept;

use jiff::Timestamp;

use super::halt::Halt;
use crate::engine::Engine;
use crate::store::Store;
use instances::{RdsDrill, sweep_instances};
use swept::Notes;
pub use swept::Swept;

/// Sweeps the engine, the accounts of RDS and the staging directories, each whatever became of the others, and writes down
/// what it found. Without an engine the rest is swept all the same: an instance costs money meanwhile. `drills` are those
/// in whose accounts temporary instances are looked for. What it has done is in `swept`, also where it broke off.
/// With `dry_run` nothing is touched or written.
pub async fn sweep(
    store: &Store,
    engine: Option<&Engine>,
    drills: &[RdsDrill],
    now: Timestamp,
    dry_run: bool,
    swept: &mut Swept,
) -> Result<(), Halt> {
    swept.aborted = if dry_run { store.lost().await? } else { store.abort_lost(now).await? };
    // Asked before anything is looked at: what leaks from now on is the next sweep's.
    let mut notes = Notes::of(swept, swept::leaked(store).await?);
    let asked = match engine {
        Some(engine) => Box::pin(engine::sweep_engine(store, engine, now, dry_run, &mut notes)).await,
        None => Ok(()),
    };
    notes.engine_known = engine.is_some() && asked.is_ok();
    Box::pin(sweep_instances(store, drills, now, dry_run, &mut notes)).await?;
    staging::sweep_staging(store, dry_run, &mut notes)?;
    if !dry_run {
        if notes.engine_known {
            forget_expired(store, now).await?;
        }
        notes.write_down(store, now).await?;
    }
    asked
}

async fn forget_expired(store: &Store, now: Timestamp) -> Result<(), Halt> {
    for expired in store.kept().await?.iter().filter(|kept| kept.until <= now) {
        store.forget_kept(expired.run).await?;
    }
    Ok(())
}
