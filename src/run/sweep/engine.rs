//! The sweeper's part on the engine.

use std::str::FromStr;
use std::time::Duration;

use jiff::Timestamp;

use super::super::halt::Halt;
use super::swept::Notes;
use crate::engine::{Engine, Listed};
use crate::model::RunId;
use crate::model::sandbox::Kept;
use crate::sandbox::profile::{RUN, STORE};
use crate::store::Store;

/// Longest wait for one removal.
const REMOVAL: Duration = Duration::from_mins(1);
/// Between two looks.
const GRACE: Duration = Duration::from_millis(1500);
/// The most looks. A dead client's container takes this long to appear on an engine under load, and until then holds the
/// volume that is listed before it (measured: 409 "volume is in use").
const LOOKS: u32 = 12;

/// Looks, and looks again until nothing is found.
pub(super) async fn sweep_engine(
    store: &Store,
    engine: &Engine,
    now: Timestamp,
    dry_run: bool,
    notes: &mut Notes<'_>,
) -> Result<(), Halt> {
    for look in 1..=LOOKS {
        let left = pass(store, engine, now, dry_run, notes).await?;
        if dry_run || (look > 1 && left == 0) {
            break;
        }
        tokio::time::sleep(GRACE).await;
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
    notes: &mut Notes<'_>,
) -> Result<usize, Halt> {
    notes.look_anew();
    let mut left = 0;
    // Containers come first in the listing: their anonymous volumes go with them.
    for object in engine.inventory(STORE, store.id().as_str()).await?.objects {
        let run = run_of(&object);
        match standing(store, run, now).await? {
            Standing::Live => notes.swept.live.push(object.effect),
            Standing::Kept(until) => notes.swept.kept.push(Kept { effect: object.effect, until }),
            Standing::Left if dry_run => notes.removed(object.effect),
            Standing::Left => {
                left += 1;
                let removed = engine.remove_effect(&object.effect, REMOVAL).await;
                notes.note(object.effect, run, removed);
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
