//! Fetch: the backup read once, staged where the engine can mount it, and the same file inside the sandbox.

use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use jiff::Timestamp;

use super::emit::{Done, Story};
use super::halt::Halt;
use super::world::World;
use crate::database::postgres::start::BACKUP;
use crate::definition::Drill;
use crate::listen::Progress;
use crate::model::{Effect, EffectKind, Fact, MajorVersion, Phase, Reason, RunId};
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
    make_private(&staging)?;
    let Fetched { artifact, read, warnings } =
        story.phase(Phase::Fetch, read_through(drill, &located, &staging, story)).await?;
    let started_at = read.started_at;
    story.tell(Fact::BackupRead(Box::new(read))).await?;
    for warning in warnings {
        story.warn(warning).await?;
    }
    Ok(Ready { artifact, chosen_by_hand: located.chosen.chosen_by_hand, started_at })
}

fn make_private(staging: &Path) -> Result<(), Halt> {
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(staging).map_err(|error| {
        let reason = match error.kind() {
            std::io::ErrorKind::StorageFull => Reason::DiskFull,
            _ => Reason::StoreFailed,
        };
        Halt::new(reason, format!("the staging directory {} could not be made: {error}", staging.display()))
    })
}

async fn read_through<J: Journal>(
    drill: &Drill,
    located: &Located,
    staging: &Path,
    story: &Story<'_, J>,
) -> Result<(Fetched, Done), Halt> {
    let reached = Arc::new(Mutex::new((0, 0)));
    let told = Arc::clone(&reached);
    let progress: source::Progress = Arc::new(move |bytes, total| {
        *told.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = (bytes, total);
    });
    let source = source::open(&drill.backup.source);
    let fetching =
        source::fetch(&source, located.candidate(), &drill.backup, staging, UNPACK_BUDGET, progress);
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
    let bytes = Some(located.candidate().size_bytes);
    Ok((fetched, Done { bytes, waited_for: None }))
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
