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
use crate::record::words::{bytes, cpus};
use crate::sandbox::profile::Labels;
use crate::sandbox::{Request, Sandbox};

/// The oldest server that a sandbox may be: the first with `pg_read_all_data`, which checks are asked with. An older
/// backup is restored into this one, as an upgrade would do (2026-11-22).
const OLDEST_MAJOR: MajorVersion = MajorVersion(14);
/// The version that `docker/prepare` makes an image for; what SQL that names no version is restored into.
const USUAL_MAJOR: MajorVersion = MajorVersion(17);
/// Instead of it where somebody had `docker/prepare` make one: an image that lies around for another use decides nothing
/// (2026-11-22).
const RATHER: &str = "drillyard/postgres:18";
/// Longest wait for a registry.
const PULL: Duration = Duration::from_mins(20);
/// Longest wait for a look at the disk.
const LOOK: Duration = Duration::from_secs(20);
/// What a sandbox may need beside everything that has a limit of its own.
const TIME_BESIDE: Duration = Duration::from_hours(2);
/// How often a rehearsal waits for as long as a restore may take: two copies, and forward, back, forward again, forward,
/// writes, back.
const WAITS_OF_A_REHEARSAL: u32 = 8;

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
            return Ok(Image { reference: reference.clone(), facts: made_for(engine, reference, facts)? });
        }
    }
    // The last one is the one that a registry knows.
    let reference = references.last().cloned().unwrap_or_default();
    story.phase(Phase::ImagePull, pull(engine, &reference, &references)).await?;
    story.tell(Fact::NotComparable { why: NotComparable::ImagePulled }).await?;
    match engine.image(&reference).await? {
        Some(facts) => {
            let facts = made_for(engine, &reference, facts)?;
            Ok(Image { reference, facts })
        }
        None => Err(missing(&references, "the pull ended without it")),
    }
}

/// Refuses an image for another machine before anything is made of it: at best an emulator would run it, and no time that
/// is measured so means anything (2026-11-22).
pub(super) fn made_for(engine: &Engine, reference: &str, facts: ImageFacts) -> Result<ImageFacts, Halt> {
    fits(reference, &facts.architecture, &engine.about().architecture)?;
    Ok(facts)
}

/// An engine that does not tell is taken at its silence.
fn fits(reference: &str, image: &str, machine: &str) -> Result<(), Halt> {
    if image == machine || image.is_empty() || machine.is_empty() {
        return Ok(());
    }
    let detail = format!("the image {reference} is made for {image}, and the engine's machine is {machine}");
    Err(Halt::new(Reason::ImageWrong, detail)
        .with_hint(format!("run docker pull --platform linux/{machine} {reference}")))
}

fn references(drill: &Drill, major: Option<MajorVersion>) -> Vec<String> {
    match &drill.sandbox.image {
        Some(image) => vec![image.clone()],
        None => match major {
            Some(major) => images_of(major),
            None => std::iter::once(RATHER.to_owned()).chain(images_of(USUAL_MAJOR)).collect(),
        },
    }
}

fn images_of(major: MajorVersion) -> Vec<String> {
    let major = major.max(OLDEST_MAJOR);
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
    Halt::new(Reason::ImageMissing, detail).with_hint(how_to_get(references))
}

/// Our own recipe builds from Debian's packages only what a Debian release carries, and the others on the official
/// image.
fn how_to_get(references: &[String]) -> String {
    match references {
        [.., ours, official] => {
            let major = ours.rsplit(':').next().unwrap_or_default();
            format!("run docker/prepare {major}, or docker pull {official}, where the engine runs")
        }
        others => format!("run docker pull {}, or correct sandbox.image", others.concat()),
    }
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

/// A sandbox is no larger than the engine's machine: whoever asked for more measures something else.
fn larger_than_the_machine(drill: &Drill, engine: &Engine) -> Vec<String> {
    let (about, wanted) = (engine.about(), &drill.sandbox);
    let memory = wanted.memory.filter(|wanted| *wanted > about.memory_bytes).map(|wanted| {
        format!(
            "sandbox.memory asks for {}, and the engine's machine has {}: the sandbox has no more than that",
            bytes(wanted),
            bytes(about.memory_bytes)
        )
    });
    let cpus = wanted.milli_cpus.filter(|wanted| *wanted > about.cpus * 1000).map(|wanted| {
        format!(
            "sandbox.cpus asks for {}, and the engine's machine has {}: the sandbox has no more than that",
            cpus(wanted),
            about.cpus
        )
    });
    memory.into_iter().chain(cpus).collect()
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
    if wanted.attempt == 1 {
        for what in larger_than_the_machine(drill, engine) {
            story.warn(what).await?;
        }
    }
    let request = request(drill, run, wanted, image, world, engine);
    story.intend(Effect { kind: EffectKind::Container, name: request.name.clone() }).await?;
    failpoint::reach("after_intent").await;
    let sandbox = story.phase(Phase::Provision, start(engine, &request, wanted.backup)).await?;
    story.tell(Fact::SandboxInspected(Box::new(sandbox.facts.clone()))).await?;
    tell_what_is_not_comparable(drill, story).await?;
    has_room(drill, &sandbox).await?;
    if sandbox.major < OLDEST_MAJOR {
        return Err(too_old(&sandbox));
    }
    match wanted.backup.major() {
        Some(major) if sandbox.major < major => Err(older_than_backup(&sandbox, major)),
        Some(major) if sandbox.major > major => {
            let newer = format!("the sandbox is PostgreSQL {}, the backup is of {major}", sandbox.major);
            story.warn(newer).await?;
            Ok(sandbox)
        }
        None if drill.sandbox.image.is_none() => {
            let guessed = format!(
                "the server's version: the dump names none, and PostgreSQL {} was taken",
                sandbox.major
            );
            story.not_verified(guessed).await?;
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

fn too_old(sandbox: &Sandbox) -> Halt {
    let (image, version) = (&sandbox.facts.image, &sandbox.facts.server_version);
    let detail =
        format!("the image {image} holds PostgreSQL {version}, and a sandbox needs {OLDEST_MAJOR} or later");
    Halt::new(Reason::Version, detail)
        .with_hint("leave sandbox.image out: an older backup is restored into a newer server")
}

fn older_than_backup(sandbox: &Sandbox, major: MajorVersion) -> Halt {
    let detail = format!(
        "the image {} holds PostgreSQL {}, and the backup is of PostgreSQL {major}",
        sandbox.facts.image, sandbox.facts.server_version
    );
    Halt::new(Reason::Version, detail)
        .with_hint("leave sandbox.image out, or name an image of the backup's major version")
}

/// The longest that everything with a limit can take, one after the other: a sandbox must not end under a run that keeps
/// within its limits.
fn time_to_live(drill: &Drill) -> Duration {
    let rehearsals = u32::try_from(drill.rollbacks.len()).unwrap_or(u32::MAX);
    let waits = rehearsals.saturating_mul(WAITS_OF_A_REHEARSAL).saturating_add(1);
    let rehearsed =
        drill.rollbacks.iter().flat_map(|way| [&way.after_forward, &way.after_back, &way.survives]);
    let checks = std::iter::once(&drill.checks).chain(rehearsed).flatten();
    let asking = checks.fold(Duration::ZERO, |sum, check| sum.saturating_add(check.timeout));
    drill.restore.timeout.saturating_mul(waits).saturating_add(asking).saturating_add(TIME_BESIDE)
}

fn request(
    drill: &Drill,
    run: RunId,
    wanted: &Wanted<'_>,
    image: &Image,
    world: &World,
    engine: &Engine,
) -> Request {
    let time_to_live = time_to_live(drill);
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_backup_of_a_server_too_old_for_checks_gets_the_oldest_that_is_not() {
        for major in [9, 12, 13, 14] {
            assert_eq!(images_of(MajorVersion(major)), ["drillyard/postgres:14", "postgres:14"]);
        }
        assert_eq!(images_of(MajorVersion(18)), ["drillyard/postgres:18", "postgres:18"]);
    }

    #[test]
    fn a_missing_image_is_told_with_its_own_version() {
        let hint = how_to_get(&images_of(MajorVersion(16)));
        assert_eq!(hint, "run docker/prepare 16, or docker pull postgres:16, where the engine runs");
        assert!(how_to_get(&["own:1".to_owned()]).contains("docker pull own:1"));
    }

    #[test]
    fn b8_an_image_for_another_machine_is_refused() {
        let Err(Halt(stop)) = fits("postgres:15", "arm64", "amd64") else { panic!("it is taken") };
        assert_eq!(stop.reason, Reason::ImageWrong);
        assert!(stop.hint.is_some_and(|hint| hint.contains("--platform linux/amd64 postgres:15")));
        for (image, machine) in [("amd64", "amd64"), ("", "amd64"), ("arm64", "")] {
            assert_eq!(fits("postgres:15", image, machine), Ok(()));
        }
    }
}
