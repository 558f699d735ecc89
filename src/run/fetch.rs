//! Fetch: the backup read once, staged where the engine can mount it, and the same file inside the sandbox.

use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use jiff::Timestamp;

use super::emit::{Done, Story};
use super::halt::Halt;
use super::teardown::remove_directory;
use super::world::World;
use super::{provision, rds};
use crate::database::postgres::start::BACKUP;
use crate::definition::{Drill, RdsSource, Source};
use crate::listen::Progress;
use crate::model::{Candidate, Effect, EffectKind, Fact, MajorVersion, Phase, Reason, RunId};
use crate::record::Journal;
use crate::sandbox::Sandbox;
use crate::source::{self, Artifact, Fetched, Located};

/// The most that unpacking may yield, in bytes: more than any dump that one machine restores in a working day.
const UNPACK_BUDGET: u64 = 16 << 40;
/// Between two lines of progress.
const BEAT: Duration = Duration::from_millis(250);
/// Longest wait for a look at a file inside the sandbox.
const LOOK: Duration = Duration::from_secs(20);

/// A backup that is ready to be restored, and what the run must know of its choice.
pub(super) struct Ready {
    pub artifact: Artifact,
    chosen_by_hand: bool,
    started_at: Option<Timestamp>,
}

impl Ready {
    /// Major version of the server that was dumped.
    pub(super) fn major(&self) -> Option<MajorVersion> {
        self.artifact.header().server_version.as_ref().map(|version| version.major)
    }

    /// Major version of the sandbox that it is restored in: the dumped server's, or a newer one where only that one's
    /// `pg_restore` reads the archive. A backup host may have a newer `pg_dump` than its servers (2026-11-22).
    pub(super) fn sandbox_major(&self) -> Option<MajorVersion> {
        let header = self.artifact.header();
        let reader = header.archive_version.as_deref().and_then(oldest_reader);
        self.major().map(|major| reader.map_or(major, |reader| major.max(reader)))
    }

    /// What the sandbox mounts.
    pub(super) fn mount(&self) -> Option<PathBuf> {
        match &self.artifact {
            Artifact::Archive(archive) => Some(archive.path.clone()),
            Artifact::Plain(_) => None,
        }
    }

    /// The database that we ourselves connect to: `postgres`, unless the archive brings one of that name. Never a
    /// template where it can be helped: `CREATE DATABASE` of a hand-written dump copies `template1`, and that needs
    /// everybody out.
    pub(super) fn own_database(&self) -> &'static str {
        let brings = |archive: &source::ArchiveFile| {
            archive.toc.contents.database.as_ref().is_some_and(|database| database.name == "postgres")
        };
        match &self.artifact {
            Artifact::Archive(archive) if brings(archive) => "template1",
            _ => "postgres",
        }
    }

    /// Of a backup that is older on purpose, `fresh` counts from its recovery point.
    pub(super) fn recovery_point_of_an_older_choice(&self) -> Option<Timestamp> {
        self.started_at.filter(|_| self.chosen_by_hand)
    }
}

/// The oldest `pg_restore` that reads archives of this version, where the oldest sandbox does not.
fn oldest_reader(archive_version: &str) -> Option<MajorVersion> {
    match archive_version.split('.').nth(1)?.parse::<u8>().ok()? {
        ..=14 => None,
        15 => Some(MajorVersion(16)),
        16.. => Some(MajorVersion(17)),
    }
}

/// Reads the chosen backup; its staging directory is intended before it is made.
pub(super) async fn fetch<J: Journal>(
    drill: &Drill,
    located: Located,
    run: RunId,
    world: &World,
    story: &Story<'_, J>,
) -> Result<Ready, Halt> {
    let staging = world.staging(run);
    let effect = Effect { kind: EffectKind::Staging, name: staging.display().to_string() };
    story.intend(effect).await?;
    make_empty(&staging)?;
    let reading = Reading { drill, located: &located, staging: &staging, world };
    let Fetched { artifact, read, warnings } = match &drill.backup.source {
        Source::Rds(snapshots) => {
            let id = &located.candidate().id;
            let prepared = rds::prepare(drill, snapshots, id, run, world).await?;
            // Before the fetch, which would cover a pull.
            let image = provision::own_image(prepared.snapshot.major, world, story).await?;
            story.phase(Phase::Fetch, reading.of_snapshot(snapshots, (&prepared, &image), story)).await?
        }
        Source::Local(_) | Source::S3(_) => {
            story.phase(Phase::Fetch, reading.of(located.candidate(), None, story)).await?
        }
    };
    let started_at = read.started_at;
    story.tell(Fact::BackupRead(Box::new(read))).await?;
    for warning in warnings {
        story.warn(warning).await?;
    }
    Ok(Ready { artifact, chosen_by_hand: located.chosen.chosen_by_hand, started_at })
}

/// A directory of the run's own; what a first attempt left in it goes.
fn make_empty(staging: &Path) -> Result<(), Halt> {
    let made = remove_directory(staging)
        .and_then(|()| std::fs::DirBuilder::new().recursive(true).mode(0o700).create(staging));
    made.map_err(|error| {
        let reason = match error.kind() {
            std::io::ErrorKind::StorageFull => Reason::DiskFull,
            _ => Reason::StoreFailed,
        };
        Halt::new(reason, format!("the staging directory {} could not be made: {error}", staging.display()))
    })
}

/// What a reading of the backup needs.
struct Reading<'a> {
    drill: &'a Drill,
    located: &'a Located,
    staging: &'a Path,
    world: &'a World,
}

impl Reading<'_> {
    /// Of a snapshot: it becomes an archive first.
    async fn of_snapshot<J: Journal>(
        &self,
        snapshots: &RdsSource,
        prepared: (&rds::Prepared, &provision::Image),
        story: &Story<'_, J>,
    ) -> Result<(Fetched, Done), Halt> {
        let chosen = self.located.candidate();
        let drawing = Box::pin(rds::draw(self.drill, snapshots, chosen, prepared, self.world, story));
        let (candidate, waited_for) = drawing.await?;
        self.of(&candidate, Some(waited_for), story).await
    }

    /// Of a file or an object, from its first byte to its last.
    async fn of<J: Journal>(
        &self,
        candidate: &Candidate,
        waited_for: Option<String>,
        story: &Story<'_, J>,
    ) -> Result<(Fetched, Done), Halt> {
        let reached = Arc::new(Mutex::new((0, 0)));
        let told = Arc::clone(&reached);
        let progress: source::Progress = Arc::new(move |bytes, total| {
            *told.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = (bytes, total);
        });
        let backup = &self.drill.backup;
        let source = source::open(&backup.source);
        let deadline = self.drill.restore.timeout;
        let fetching =
            source::fetch(&source, candidate, backup, self.staging, UNPACK_BUDGET, deadline, progress);
        let telling = async {
            loop {
                tokio::time::sleep(BEAT).await;
                let (bytes, total) = *reached.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
                story.progress(&Progress { phase: Phase::Fetch, bytes, total: Some(total), note: None });
            }
        };
        let fetched = tokio::select! {
            fetched = fetching => fetched?,
            () = telling => return Err(Halt::new(Reason::Internal, "telling progress ended")),
        };
        Ok((fetched, Done { bytes: Some(candidate.size_bytes), waited_for }))
    }
}

/// The file behind the mount is the file that was read: a name can be given to another file in between.
pub(super) async fn same_inside(ready: &Ready, sandbox: &Sandbox) -> Result<(), Halt> {
    let Artifact::Archive(archive) = &ready.artifact else { return Ok(()) };
    let look = ["stat", "-L", "-c", "%i %s %Y", BACKUP];
    let seen = sandbox.wire.engine().run(&sandbox.name, &look, LOOK).await?;
    let identity = &archive.identity;
    let read = format!("{} {} {}", identity.inode, identity.size_bytes, identity.modified_at.as_second());
    if seen.out.trim() == read {
        return Ok(());
    }
    let detail = format!(
        "the sandbox sees another file than the one that was read: inode, size, time are `{}` there, were `{read}` here {}",
        seen.out.trim(),
        seen.error.trim()
    );
    Err(Halt::new(Reason::SourceChanged, detail).with_hint(
        "a backup job replaced the file in the meantime, or the engine does not see this machine's files",
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn d6_an_archive_needs_the_oldest_pg_restore_that_reads_it() {
        let readers = ["1.12.0", "1.14.0", "1.15.0", "1.16.0"].map(oldest_reader);
        assert_eq!(readers, [None, None, Some(MajorVersion(16)), Some(MajorVersion(17))]);
    }
}
