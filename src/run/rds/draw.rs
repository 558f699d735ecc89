//! Draw: a snapshot's database, from its temporary instance into the staging directory, where it is a backup like any
//! other.
//!
//! The instance is told to go as soon as the archive is whole; the teardown waits until it is gone, and proves it.

use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::Instant;

use tokio::time::timeout;

use super::super::emit::Story;
use super::super::halt::Halt;
use super::super::provision::{self, Image};
use super::super::teardown::remove_directory;
use super::super::world::World;
use super::pg_dump::dump_when_let_in;
use super::prepare::{Prepared, instance_name};
use super::stand_up::{self, late, stand_up};
use crate::database::postgres::redact::redact;
use crate::definition::{Drill, RdsSource};
use crate::model::{Candidate, Effect, EffectKind, Phase, Reason};
use crate::record::Journal;
use crate::sandbox::dump_client::{DumpClient, Server};
use crate::sandbox::profile::RUN;
use crate::source::rds::drawn;
use crate::source::rds::instance::Available;

/// Name of the file with the authorities in the staging directory.
const AUTHORITIES: &str = "authorities.pem";

/// Restores the snapshot and draws its database; the archive as a candidate, and what was waited for.
pub(in crate::run) async fn draw<J: Journal>(
    drill: &Drill,
    source: &RdsSource,
    chosen: &Candidate,
    (prepared, image): (&Prepared, &Image),
    world: &World,
    story: &Story<'_, J>,
) -> Result<(Candidate, String), Halt> {
    let deadline = drill.restore.timeout;
    let standing = stand_up(drill, source, chosen, prepared, Phase::Fetch, story).await?;

    let drawing = Instant::now();
    let client = client(drill, source, &standing.instance, (prepared, image), world).await?;
    make_folder(&client.archive.0)?;
    std::fs::write(&client.server.authorities, &prepared.authorities)
        .map_err(|error| not_staged(&client.server.authorities, &error))?;
    story.intend(Effect { kind: EffectKind::Container, name: client.name.clone() }).await?;
    let left = deadline.saturating_sub(standing.begun.elapsed());
    let dumping = dump_when_let_in(world.engine().await?, &client, &standing.password, story);
    let said = timeout(left, dumping).await.map_err(|_| late(deadline, "drawn"))??;
    for warning in said.lines().filter(|line| line.contains("warning:")).take(5) {
        story.warn(format!("drawing the snapshot: {}", redact("-----", warning.trim()))).await?;
    }
    let others = "the instance's other databases, its roles and its subscriptions: one database was drawn from the snapshot";
    story.not_verified(others).await?;
    // The archive is whole, whatever becomes of the instance: what can't be deleted yet is the teardown's to wait for.
    let run = prepared.labels.run.to_string();
    if let Err(error) = prepared.account.delete(&standing.name, (RUN, &run)).await {
        story.warn(format!("the temporary instance was not deleted at once: {error}")).await?;
    }
    let held = Candidate { modified_at: standing.recovery_point, ..chosen.clone() };
    let candidate = archive(&drawn(&world.staging(prepared.labels.run)), &held)?;
    let waited_for = format!(
        "a temporary instance {}, available after {} s; its database was drawn in {} s",
        standing.instance.class,
        standing.available_after.as_secs(),
        drawing.elapsed().as_secs()
    );
    Ok((candidate, waited_for))
}

async fn client(
    drill: &Drill,
    source: &RdsSource,
    instance: &Available,
    (prepared, image): (&Prepared, &Image),
    world: &World,
) -> Result<DumpClient, Halt> {
    let database = stand_up::database(source, instance)?;
    let engine = world.engine().await?;
    let path = drawn(&world.staging(prepared.labels.run));
    let owner = owner_of(&world.staging(prepared.labels.run))?;
    Ok(DumpClient {
        name: format!("{}-dump", instance_name(prepared.labels.run)),
        image: image.facts.clone(),
        labels: prepared.labels.clone(),
        milli_cpus: provision::sizing(drill, engine, world.runner_memory).milli_cpus,
        user: owner,
        archive: (
            path.parent().map_or_else(PathBuf::new, Path::to_owned),
            path.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned()),
        ),
        server: Server {
            host: instance.host.clone(),
            port: instance.port,
            address: source.address,
            user: instance.master.clone(),
            database,
            authorities: world.staging(prepared.labels.run).join(AUTHORITIES),
        },
    })
}

/// Whoever owns the run's files: `pg_dump` writes into them as that user.
fn owner_of(staging: &Path) -> Result<(u32, u32), Halt> {
    let metadata = std::fs::metadata(staging).map_err(|error| not_staged(staging, &error))?;
    Ok((metadata.uid(), metadata.gid()))
}

/// A folder of the archive's own, the only one that the client sees; made anew for a second try.
fn make_folder(folder: &Path) -> Result<(), Halt> {
    let made = remove_directory(folder).and_then(|()| std::fs::DirBuilder::new().mode(0o700).create(folder));
    made.map_err(|error| not_staged(folder, &error))
}

fn not_staged(path: &Path, error: &std::io::Error) -> Halt {
    Halt::new(
        Reason::StoreFailed,
        format!("the staging directory {} could not be used: {error}", path.display()),
    )
}

/// The archive, readable for the sandbox's user, as what the snapshot has become.
fn archive(path: &Path, chosen: &Candidate) -> Result<Candidate, Halt> {
    let seen = std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o444))
        .and_then(|()| std::fs::metadata(path));
    let metadata = seen.map_err(|error| {
        Halt::new(
            Reason::EngineUnreachable,
            format!("pg_dump wrote {}, and here it is not: {error}", path.display()),
        )
        .with_hint("the engine must see this machine's files: let it run on the same machine")
    })?;
    Ok(Candidate { size_bytes: metadata.len(), ..chosen.clone() })
}
