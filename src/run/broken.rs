//! The end of a run whose task broke off by a fault of ours: whoever caught the panic tears down for it and gives it
//! the verdict that it can't give itself any more.

use super::emit::Story;
use super::retained::Retained;
use super::world::World;
use super::{Ended, finish as conclude, teardown};
use crate::definition::Drill;
use crate::model::event::Stop;
use crate::model::{Fact, Reason};
use crate::record::RunRecord;
use crate::store::StoreError;

/// Ends the drill's run that nobody is at work on; `None` where there is none. A person's run in another process holds
/// its lease, and is left alone.
pub async fn finish(drill: &Drill, world: &World) -> Result<Option<Ended>, StoreError> {
    for run in world.store.unfinished().await?.into_iter().filter(|run| run.drill == drill.name) {
        let Some(lease) = world.store.take_over(run.run)? else { continue };
        let events = world.store.events(run.run).await?;
        let Ok(record) = RunRecord::fold(&events) else { continue };
        let phase = record.phases.iter().rev().find(|span| span.end.is_none()).map(|span| span.phase);
        // The teardown asks only an engine that has been asked before, and this world is a new one.
        if !record.outstanding.is_empty() {
            let _ = world.engine().await;
        }
        let story = Story::resumed(&world.store, &world.listener, run.run, &events, record);
        let stop = Stop {
            reason: Reason::Internal,
            phase,
            detail: "its task broke off; the log says where".to_owned(),
            hint: Some("This is a fault of Drillyard: please report it with the log.".to_owned()),
        };
        let _ = story.stop(stop).await;
        let cleanup = teardown::tear_down(drill, run.run, Retained::default(), None, world, &story).await;
        let ended = conclude(drill, Fact::CleanedUp(cleanup), world, &story).await;
        drop(lease);
        return Ok(Some(ended));
    }
    Ok(None)
}
