//! Locate: which backup, and which were passed over.

use super::emit::{Done, Story};
use super::halt::Halt;
use super::world::{Order, wall_clock};
use crate::definition::{BackupDefinition, Drill, Select};
use crate::model::{Fact, Phase};
use crate::record::Journal;
use crate::source::{self, Located};

/// How the backup is chosen: as the person says who runs the drill, else as the drill says.
pub(super) fn select(drill: &Drill, order: &Order) -> Select {
    order.backup.clone().map_or_else(|| drill.backup.select.clone(), Select::Id)
}

/// Chooses the backup, by the drill or by the person who runs it.
pub(super) async fn locate<J: Journal>(
    drill: &Drill,
    order: &Order,
    story: &Story<'_, J>,
) -> Result<Located, Halt> {
    let definition = BackupDefinition { select: select(drill, order), ..drill.backup.clone() };
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
