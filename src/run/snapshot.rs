//! Snapshot: an RDS snapshot restored to a temporary instance, and its database drawn from there into the staging
//! directory, where it is a backup like any other.
//!
//! The instance is told to go as soon as the archive is whole; the teardown waits until it is gone, and proves it.

use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use secrecy::SecretString;
use tokio::time::timeout;

use super::draw::{dump_when_let_in, note};
use super::emit::Story;
use super::halt::Halt;
use super::provision::{self, Image};
use super::world::{World, wall_clock};
use crate::database::postgres::redact::redact;
use crate::definition::{Drill, RdsSource};
use crate::failpoint;
use crate::model::{Candidate, Effect, EffectKind, Fact, NotComparable, Reason, RunId};
use crate::record::Journal;
use crate::sandbox::dump_client::{DumpClient, Server};
use crate::sandbox::profile::{self, EXPIRES, Labels, RUN, STORE};
use crate::source::rds::instance::{Account, Available, NAMES, Wanted};
use crate::source::rds::{RdsSnapshots, Snapshot, drawn};

/// Name of the file with the authorities in the staging directory.
const AUTHORITIES: &str = "authorities.pem";
/// An instance that outlived its run by so much is nobody's.
const TIME_BESIDE: Duration = Duration::from_hours(2);

/// A snapshot that was chosen, and the image whose `pg_dump` draws it.
pub(super) struct Prepared {
    account: Account,
    snapshot: Snapshot,
    image: Image,
    labels: Labels,
    /// In PEM form.
    authorities: String,
}

/// Name of a run's temporary instance: short enough for RDS, and found by its run.
fn instance_name(run: RunId) -> String {
    format!("{NAMES}{}", run.to_string().to_lowercase())
}

/// Asks for the snapshot's version, and for an image of it: before the fetch, which would cover a pull.
pub(super) async fn prepare<J: Journal>(
    drill: &Drill,
    source: &RdsSource,
    id: &str,
    run: RunId,
    world: &World,
    story: &Story<'_, J>,
) -> Result<Prepared, Halt> {
    let authorities = certificates(&source.authority)?;
    let snapshot = RdsSnapshots::new(source.clone()).snapshot(id).await?;
    let image = provision::own_image(snapshot.major, world, story).await?;
    let expires =
        wall_clock().checked_add(drill.restore.timeout * 2 + TIME_BESIDE).unwrap_or(jiff::Timestamp::MAX);
    let labels =
        Labels { store: world.store.id().clone(), run, drill: drill.name.clone(), fence: 1, expires };
    Ok(Prepared { account: Account::open(source).await?, snapshot, image, labels, authorities })
}

/// The certificates of a file and nothing else in it: what a drill names is shown to a container that has a network.
fn certificates(file: &Path) -> Result<String, Halt> {
    const BEGIN: &str = "-----BEGIN CERTIFICATE-----";
    const END: &str = "-----END CERTIFICATE-----";
    let untrusted = |why: String| {
        Halt::new(Reason::SourceUnreachable, format!("the authorities of RDS in {}: {why}", file.display()))
            .with_hint("put AWS's global-bundle.pem there: a server that nobody vouches for is not asked")
    };
    let text = std::fs::read_to_string(file).map_err(|error| untrusted(error.to_string()))?;
    let found: Vec<&str> = text
        .split(BEGIN)
        .skip(1)
        .filter_map(|rest| rest.split_once(END).map(|(inside, _)| inside))
        .filter(|inside| inside.chars().all(|c| c.is_ascii_alphanumeric() || "+/=\r\n".contains(c)))
        .collect();
    if found.is_empty() {
        return Err(untrusted("no certificate in PEM form".to_owned()));
    }
    Ok(found.iter().flat_map(|inside| [BEGIN, inside, END, "\n"]).collect())
}

/// Restores the snapshot and draws its database; the archive as a candidate, and what was waited for.
pub(super) async fn draw<J: Journal>(
    drill: &Drill,
    source: &RdsSource,
    chosen: &Candidate,
    prepared: &Prepared,
    world: &World,
    story: &Story<'_, J>,
) -> Result<(Candidate, String), Halt> {
    let run = prepared.labels.run;
    let begun = Instant::now();
    let deadline = drill.restore.timeout;
    let name = instance_name(run);
    story.intend(Effect { kind: EffectKind::RdsInstance, name: name.clone() }).await?;
    failpoint::reach("after_instance_intent").await;
    let wanted = Wanted { name: name.clone(), tags: tags(&prepared.labels) };
    if let Err(error) = prepared.account.restore(source, &prepared.snapshot, &wanted).await {
        if error.is_an_answer() {
            // Refused: nothing was made, and nothing that is there under this name is ours.
            let effect = Effect { kind: EffectKind::RdsInstance, name };
            story.tell(Fact::EffectUndone { effect }).await?;
        }
        return Err(error.into());
    }
    failpoint::reach("after_instance_restore").await;
    story.tell(Fact::NotComparable { why: NotComparable::LazyLoading }).await?;

    let watch = |what: &str, status: &str, after: Duration| {
        note(story, format!("{what}: {status} for {} s", after.as_secs()));
    };
    let account = &prepared.account;
    account.available(&name, deadline, |status, after| watch("temporary instance", status, after)).await?;
    let available_after = begun.elapsed();
    let password = new_password()?;
    let left = deadline.saturating_sub(begun.elapsed());
    account.set_password(&name, &password, left).await?;
    let left = deadline.saturating_sub(begun.elapsed());
    let instance =
        account.available(&name, left, |status, after| watch("its password", status, after)).await?;
    failpoint::reach("after_instance_password").await;

    let drawing = Instant::now();
    let client = client(drill, source, &instance, prepared, world).await?;
    make_folder(&client.archive.0)?;
    std::fs::write(&client.server.authorities, &prepared.authorities)
        .map_err(|error| not_staged(&client.server.authorities, &error))?;
    story.intend(Effect { kind: EffectKind::Container, name: client.name.clone() }).await?;
    let left = deadline.saturating_sub(begun.elapsed());
    let dumping = dump_when_let_in(world.engine().await?, &client, &password, story);
    let said = timeout(left, dumping).await.map_err(|_| late(deadline))??;
    for warning in said.lines().filter(|line| line.contains("warning:")).take(5) {
        story.warn(format!("drawing the snapshot: {}", redact("-----", warning.trim()))).await?;
    }
    let others = "the instance's other databases, its roles and its subscriptions: one database was drawn from the snapshot";
    story.not_verified(others).await?;
    // A state that does not allow it yet is the teardown's to wait for.
    account.delete(&name).await?;
    let held =
        Candidate { modified_at: prepared.snapshot.state_of.unwrap_or(chosen.modified_at), ..chosen.clone() };
    let candidate = archive(&drawn(&world.staging(run)), &held)?;
    let waited_for = format!(
        "a temporary instance {}, available after {} s; its database was drawn in {} s",
        instance.class,
        available_after.as_secs(),
        drawing.elapsed().as_secs()
    );
    Ok((candidate, waited_for))
}

fn tags(labels: &Labels) -> Vec<(String, String)> {
    [
        (STORE, labels.store.to_string()),
        (RUN, labels.run.to_string()),
        (profile::DRILL, labels.drill.to_string()),
        (EXPIRES, labels.expires.to_string()),
    ]
    .map(|(key, value)| (key.to_owned(), value))
    .to_vec()
}

/// 256 bits of the system's randomness. Known to this process and the instance alone, and gone with both.
fn new_password() -> Result<SecretString, Halt> {
    let mut halves = [[0_u8; 16]; 2];
    let read = std::fs::File::open("/dev/urandom").and_then(|mut source| {
        halves.iter_mut().try_for_each(|half| std::io::Read::read_exact(&mut source, half))
    });
    read.map_err(|error| Halt::new(Reason::Internal, format!("no randomness for a password: {error}")))?;
    let [first, second] = halves.map(u128::from_le_bytes);
    Ok(format!("{first:032x}{second:032x}").into())
}

async fn client(
    drill: &Drill,
    source: &RdsSource,
    instance: &Available,
    prepared: &Prepared,
    world: &World,
) -> Result<DumpClient, Halt> {
    let database = source.database.clone().or_else(|| instance.database.clone()).ok_or_else(|| {
        Halt::new(Reason::RdsFailed, "the snapshot does not tell the name of a database")
            .with_hint("name one in backup.databases")
    })?;
    let engine = world.engine().await?;
    let path = drawn(&world.staging(prepared.labels.run));
    let owner = owner_of(&world.staging(prepared.labels.run))?;
    Ok(DumpClient {
        name: format!("{}-dump", instance_name(prepared.labels.run)),
        image: prepared.image.facts.clone(),
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
    let made = super::teardown::remove_directory(folder)
        .and_then(|()| std::fs::DirBuilder::new().mode(0o700).create(folder));
    made.map_err(|error| not_staged(folder, &error))
}

fn not_staged(path: &Path, error: &std::io::Error) -> Halt {
    Halt::new(
        Reason::StoreFailed,
        format!("the staging directory {} could not be used: {error}", path.display()),
    )
}

fn late(deadline: Duration) -> Halt {
    Halt::new(Reason::Timeout, format!("the snapshot was not drawn within {} s", deadline.as_secs()))
        .with_hint("raise `restore.timeout`, or give `class` a larger one: a fresh instance reads its blocks from afar")
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

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;

    use super::*;

    #[test]
    fn a_run_has_one_name_for_its_instance_and_rds_takes_it() {
        let name = instance_name(RunId::new(ulid::Ulid::from_parts(1, 1)));
        assert!(name.len() <= 63 && !name.contains("--") && name.starts_with(NAMES), "{name}");
        assert!(name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-'), "{name}");
    }

    #[test]
    fn of_a_file_only_its_certificates_leave_this_process() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("some.pem");
        let one = "-----BEGIN CERTIFICATE-----\nMIIB+/=\n-----END CERTIFICATE-----\n";
        let key = "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n";
        std::fs::write(&file, format!("secret: x\n{one}{key}{one}")).unwrap();
        assert_eq!(certificates(&file).unwrap(), format!("{one}{one}"));
        std::fs::write(&file, "[default]\naws_secret_access_key = x\n-----BEGIN CERTIFICATE-----\nno: pem\n-----END CERTIFICATE-----").unwrap();
        let halt = certificates(&file).unwrap_err();
        assert_eq!(halt.0.reason, Reason::SourceUnreachable);
        assert!(!halt.0.detail.contains("aws_secret"));
        assert!(certificates(&folder.path().join("absent")).is_err());
    }

    #[test]
    fn no_two_passwords_are_the_same() {
        let (one, other) = (new_password().unwrap(), new_password().unwrap());
        assert_eq!(one.expose_secret().len(), 64);
        assert_ne!(one.expose_secret(), other.expose_secret());
    }
}
