//! Bring: the backup located and fetched, and once more from the beginning where it was replaced in between.

use super::emit::Story;
use super::fetch::{self, Ready};
use super::halt::Halt;
use super::locate;
use super::world::{Order, World};
use crate::definition::{Drill, Source};
use crate::failpoint;
use crate::model::{Reason, RunId};
use crate::record::Journal;

/// Locates and fetches. A bucket's object that was replaced while it was read gives way to the newest that is there
/// now, once, and the record says so; a file that was replaced is a fault of the backup job's, and is told as that.
pub(super) async fn bring<J: Journal>(
    drill: &Drill,
    order: &Order,
    run: RunId,
    world: &World,
    story: &Story<'_, J>,
) -> Result<Ready, Halt> {
    let located = locate::locate(drill, order, story).await?;
    failpoint::reach("after_locate").await;
    match fetch::fetch(drill, located, run, world, story).await {
        Err(halt)
            if halt.0.reason == Reason::SourceChanged && matches!(drill.backup.source, Source::S3(_)) =>
        {
            story.warn(format!("{}; the source was asked once more", halt.0.detail)).await?;
            let located = locate::locate(drill, order, story).await?;
            fetch::fetch(drill, located, run, world, story).await
        }
        brought => brought,
    }
}
