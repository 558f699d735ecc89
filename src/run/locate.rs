//! Locate: which backup, and which were passed over.

use super::emit::{Done, Story};
use super::halt::Halt;
use super::world::{Order, wall_clock};
use crate::definition::{BackupDefinition, Drill, Select};
use crate::model::{Fact, Phase};
use crate::record::Journal;
use crate::source::{self, Located};

/// Chooses the backup, by the drill or by the person who runs it.
pub(super) async fn locate<J: Journal>(
    drill: &Drill,
    order: &Order,
    story: &Story<'_, J>,
) -> Result<Located, Halt> {
    let asked_for = order.backup.clone().map(Select::Id);
    let select = asked_for.unwrap_or_else(|| drill.backup.select.clone());
    let definition = BackupDefinition { select, ..drill.backup.clone() };
    let looking = async {
        let source = source::open(&definition.source);
        let located = source::locate(&source, &definition, wall_clock()).await?;
        let waited_for = located.waited_for.clone();
        Ok((located, Done { bytes: None, waited_for }))
    };
    let located = story.phase(Phase::Locate, looking).await?;
    story.tell(Fact::BackupChosen(Box::new(located.chosen.clone()))).await?;
    for warning in &located.warnings {
        story.warn(warning).await?;
    }
    Ok(located)
}
