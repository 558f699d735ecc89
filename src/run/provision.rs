//! Provision: an image that fits, a sandbox on it, a server that has shown the nonce.

use std::time::Duration;

use super::emit::{Done, Story};
use super::fetch::{Ready, same_inside};
use super::halt::Halt;
use super::world::{World, wall_clock};
use crate::database::postgres::settings::Sizing;
use crate::definition::{Drill, Storage};
use crate::engine::{Engine, ImageFacts};
use crate::failpoint;
use crate::model::{Durability, Effect, EffectKind, Fact, MajorVersion, NotComparable, Phase, Reason, RunId};
use crate::record::Journal;
use crate::sandbox::profile::Labels;
use crate::sandbox::{Request, Sandbox};

/// The newest major version that this program prepares an image for; what hand-written SQL is restored into.
const NEWEST_MAJOR: MajorVersion = MajorVersion(17);
/// Longest wait for a registry.
const PULL: Duration = Duration::from_mins(20);
/// Longest wait for a look at the disk.
const LOOK: Duration = Duration::from_secs(20);
/// What a sandbox may need beside the restore: the checks, and ourselves.
const TIME_BESIDE_RESTORE: Duration = Duration::from_hours(2);

/// An image on the engine.
pub(super) struct Image {
    reference: String,
    pub facts: ImageFacts,
}

/// Finds the image for a major version, pulling it where it is not there.
pub(super) async fn image<J: Journal>(
    drill: &Drill,
    major: Option<MajorVersion>,
    world: &World,
    story: &Story<'_, J>,
) -> Result<Image, Halt> {
    found_or_pulled(references(drill, major), world, story).await
}

/// Finds our own image for a major version, whatever the drill says: what has a network runs no image of a drill's choice.
pub(super) async fn own_image<J: Journal>(
    major: MajorVersion,
    world: &World,
    story: &Story<'_, J>,
) -> Result<Image, Halt> {
    found_or_pulled(images_of(major), world, story).await
}

async fn found_or_pulled<J: Journal>(
    references: Vec<String>,
    world: &World,
    story: &Story<'_, J>,
) -> Result<Image, Halt> {
    let engine = world.engine().await?;
    for reference in &references {
        if let Some(facts) = engine.image(reference).await? {
            return Ok(Image { reference: reference.clone(), facts });
        }
    }
    // The last one is the one that a registry knows.
    let reference = references.last().cloned().unwrap_or_default();
    story.phase(Phase::ImagePull, pull(engine, &reference, &references)).await?;
    story.tell(Fact::NotComparable { why: NotComparable::ImagePulled }).await?;
    match engine.image(&reference).await? {
        Some(facts) => Ok(Image { reference, facts }),
        None => Err(missing(&references, "the pull ended without it")),
    }
}

fn references(drill: &Drill, major: Option<MajorVersion>) -> Vec<String> {
    match &drill.sandbox.image {
        Some(image) => vec![image.clone()],
        None => images_of(major.unwrap_or(NEWEST_MAJOR)),
    }
}

fn images_of(major: MajorVersion) -> Vec<String> {
    vec![format!("drillyard/postgres:{major}"), format!("postgres:{major}")]
}

async fn pull(engine: &Engine, reference: &str, references: &[String]) -> Result<((), Done), Halt> {
    match engine.pull(reference, PULL).await {
        Ok(()) => Ok(((), Done::default())),
        Err(error) => Err(missing(references, &error.to_string())),
    }
}

fn missing(references: &[String], why: &str) -> Halt {
    let detail = format!("no image {} on the engine, and {why}", references.join(" or "));
    Halt::new(Reason::ImageMissing, detail).with_hint("run docker/prepare, which pulls or builds the images")
}

/// What the sandbox is for.
pub(super) struct Wanted<'a> {
    /// Which attempt at the restore it is for, from 1.
    pub attempt: u32,
    /// The backup that it will hold.
    pub backup: &'a Ready,
}

/// The size of the drill's sandbox: half of the runner's memory and all of its processors unless it says otherwise.
pub(super) fn sizing(drill: &Drill, engine: &Engine, runner_memory: Option<u64>) -> Sizing {
    let about = engine.about();
    let runner = runner_memory.unwrap_or(about.memory_bytes);
    let memory_bytes = drill.sandbox.memory.unwrap_or(runner / 2).min(about.memory_bytes);
    let milli_cpus = drill.sandbox.milli_cpus.unwrap_or(about.cpus * 1000).min(about.cpus * 1000);
    let whole = u16::try_from(milli_cpus.div_ceil(1000)).unwrap_or(u16::MAX);
    let jobs = drill.restore.jobs.unwrap_or(whole).max(1);
    Sizing { memory_bytes, milli_cpus, jobs, durability: drill.sandbox.durability }
}

/// Creates a sandbox, its intent written before.
pub(super) async fn provision<J: Journal>(
    drill: &Drill,
    run: RunId,
    wanted: &Wanted<'_>,
    image: &Image,
    world: &World,
    story: &Story<'_, J>,
) -> Result<Sandbox, Halt> {
    let engine = world.engine().await?;
    let request = request(drill, run, wanted, image, world, engine);
    story.intend(Effect { kind: EffectKind::Container, name: request.name.clone() }).await?;
    failpoint::reach("after_intent").await;
    let sandbox = story.phase(Phase::Provision, start(engine, &request, wanted.backup)).await?;
    story.tell(Fact::SandboxInspected(Box::new(sandbox.facts.clone()))).await?;
    tell_what_is_not_comparable(drill, story).await?;
    has_room(drill, &sandbox).await?;
    match wanted.backup.major() {
        Some(major) if sandbox.major < major => Err(older_than_backup(&sandbox, major)),
        Some(major) if sandbox.major > major => {
            let newer = format!("the sandbox is PostgreSQL {}, the backup is of {major}", sandbox.major);
            story.warn(newer).await?;
            Ok(sandbox)
        }
        _ => Ok(sandbox),
    }
}

async fn start(engine: &Engine, request: &Request, backup: &Ready) -> Result<(Sandbox, Done), Halt> {
    let since = wall_clock().as_second() - 1;
    let sandbox = Sandbox::start(engine, request, since).await?;
    same_inside(backup, &sandbox).await?;
    Ok((sandbox, Done::default()))
}

/// The engine's disk has the space that the drill asks for, seen from inside: the engine may be on another machine.
async fn has_room(drill: &Drill, sandbox: &Sandbox) -> Result<(), Halt> {
    let Some(wanted) = drill.sandbox.disk else { return Ok(()) };
    let look = ["stat", "-f", "-c", "%a %S", sandbox.data];
    let seen = sandbox.wire.engine().run(&sandbox.name, &look, LOOK).await?;
    let mut numbers = seen.out.split_whitespace().filter_map(|number| number.parse::<u64>().ok());
    let free = numbers.next().zip(numbers.next()).map(|(blocks, size)| blocks.saturating_mul(size));
    match free {
        Some(free) if free < wanted => {
            let detail = format!("{free} bytes are free for the sandbox, and sandbox.disk asks for {wanted}");
            Err(Halt::new(Reason::DiskFull, detail)
                .with_hint("free space on the engine's disk, or lower sandbox.disk"))
        }
        _ => Ok(()),
    }
}

async fn tell_what_is_not_comparable<J: Journal>(drill: &Drill, story: &Story<'_, J>) -> Result<(), Halt> {
    if drill.sandbox.durability == Durability::Relaxed {
        story.tell(Fact::NotComparable { why: NotComparable::RelaxedDurability }).await?;
    }
    if drill.sandbox.storage == Storage::Tmpfs {
        story.tell(Fact::NotComparable { why: NotComparable::Tmpfs }).await?;
    }
    Ok(())
}

fn older_than_backup(sandbox: &Sandbox, major: MajorVersion) -> Halt {
    let detail = format!(
        "the image {} holds PostgreSQL {}, and the backup is of PostgreSQL {major}",
        sandbox.facts.image, sandbox.facts.server_version
    );
    Halt::new(Reason::Version, detail)
        .with_hint("leave sandbox.image out, or name an image of the backup's major version")
}

fn request(
    drill: &Drill,
    run: RunId,
    wanted: &Wanted<'_>,
    image: &Image,
    world: &World,
    engine: &Engine,
) -> Request {
    let rollbacks = u32::try_from(drill.rollbacks.len()).unwrap_or(u32::MAX);
    let time_to_live =
        drill.restore.timeout.saturating_mul(rollbacks.saturating_add(1)) + TIME_BESIDE_RESTORE;
    let expires = wall_clock().checked_add(time_to_live).unwrap_or(jiff::Timestamp::MAX);
    let attempt = if wanted.attempt == 1 { String::new() } else { format!("-{}", wanted.attempt) };
    Request {
        name: format!("drillyard-{}-{}{attempt}", drill.name, run.to_string().to_lowercase()),
        image: image.reference.clone(),
        image_facts: image.facts.clone(),
        labels: Labels { store: world.store.id().clone(), run, drill: drill.name.clone(), fence: 1, expires },
        sizing: sizing(drill, engine, world.runner_memory),
        extra_settings: drill.restore.settings.clone().into_iter().collect(),
        storage: drill.sandbox.storage,
        backup: wanted.backup.mount(),
        origin: None,
        own_database: wanted.backup.own_database(),
        time_to_live,
    }
}
