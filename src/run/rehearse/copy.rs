//! A rehearsal's own sandbox, with a copy of the restored data directory. The restored server is stopped cleanly for as
//! long as the copying takes, and answers again at once.

use std::time::{Duration, Instant};

use super::super::emit::{Done, Story};
use super::super::halt::Halt;
use super::super::world::wall_clock;
use super::{Scene, command};
use crate::failpoint;
use crate::model::{Effect, EffectKind, Fact, Phase, Reason};
use crate::record::Journal;
use crate::sandbox::starting::Starting;
use crate::sandbox::{Request, Sandbox};

/// Longest wait for a removal.
const REMOVAL: Duration = Duration::from_mins(1);

/// A copy that answers.
pub(super) struct Copy {
    /// The container's name.
    pub name: String,
    /// The sandbox.
    pub sandbox: Sandbox,
    /// Seconds that copying took.
    pub seconds: f64,
}

/// A tool that may be started beside a copy: the same name for all of them, one after the other.
fn tool_of(copy: &str) -> Effect {
    Effect { kind: EffectKind::Container, name: command::name(copy) }
}

/// The container of a rehearsal; `more` tells several of one rehearsal apart.
pub(super) fn name(scene: &Scene<'_>, number: usize, more: &str) -> String {
    format!("{}-rehearsal-{number}{more}", scene.origin.name)
}

/// Copies the restored data directory into a new sandbox, its intent written before.
pub(super) async fn copy<J: Journal>(
    scene: &Scene<'_>,
    name: String,
    story: &Story<'_, J>,
) -> Result<Copy, Halt> {
    let Some(volume) = scene.origin.volume.clone() else {
        let detail = "the data directory is in memory, where no other sandbox can copy it";
        return Err(Halt::new(Reason::CheckInvalid, detail).with_hint("set sandbox.storage to volume"));
    };
    // It must not see the backup, and is shown the restored volume read-only.
    let request =
        Request { name: name.clone(), origin: Some(volume), backup: None, ..scene.origin.request.clone() };
    story.intend(Effect { kind: EffectKind::Container, name: name.clone() }).await?;
    let begun = Instant::now();
    story.intend(tool_of(&name)).await?;
    let sandbox = story.phase(Phase::Copy, copied(scene, &request)).await?;
    failpoint::reach("after_copy").await;
    Ok(Copy { name, sandbox, seconds: begun.elapsed().as_secs_f64() })
}

async fn copied(scene: &Scene<'_>, request: &Request) -> Result<(Sandbox, Done), Halt> {
    let engine = scene.world.engine().await?;
    scene.origin.pause().await?;
    let copying = async {
        let starting = Starting::begin(engine, request, wall_clock().as_second() - 1).await?;
        starting.copied(scene.drill.restore.timeout).await?;
        Ok::<_, Halt>(starting)
    };
    let copied = copying.await;
    // Whatever became of the copy, the restored server must answer: the next rehearsal is compared with it.
    let (resumed, ready) = match copied {
        Ok(starting) => {
            let (resumed, ready) = tokio::join!(scene.origin.resume(), starting.ready());
            (resumed, ready.map_err(Halt::from))
        }
        Err(halt) => (scene.origin.resume().await, Err(halt)),
    };
    resumed?;
    Ok((ready?, Done::default()))
}

/// Removes a copy, before the volume that it was copied from goes: the other way round the volume would stay (measured).
pub(super) async fn remove<J: Journal>(
    scene: &Scene<'_>,
    name: &str,
    story: &Story<'_, J>,
) -> Result<(), Halt> {
    failpoint::reach("before_copy_removal").await;
    let engine = scene.world.engine().await?;
    let intended = story.record().await.outstanding;
    for effect in [tool_of(name), Effect { kind: EffectKind::Container, name: name.to_owned() }] {
        // The teardown tries again, and tells what stays.
        if intended.contains(&effect) && engine.remove_effect(&effect, REMOVAL).await.is_ok() {
            story.tell(Fact::EffectUndone { effect }).await?;
        }
    }
    Ok(())
}
