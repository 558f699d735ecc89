//! One way, taken: SQL files by psql inside the copy, or a migration tool beside it; timed, with a canary watching.

use std::path::Path;
use std::time::Instant;

use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use super::super::halt::Halt;
use super::super::psql::read;
use super::super::script::{self, Script};
use super::{Scene, canary, command};
use crate::database::postgres::identifier::{literal, quoted};
use crate::definition::{Rollback, Step};
use crate::model::Reason;
use crate::model::rehearsal::StepTaken;
use crate::sandbox::Sandbox;

/// A way that was tried.
pub(super) struct Taken {
    pub taken: StepTaken,
    /// Where and with which error it failed; no value of a row.
    pub failure: Option<String>,
}

/// Who migrates.
pub(super) struct Migrator {
    pub name: String,
    /// The drill names no role, so it is the database's owner.
    pub is_default: bool,
    pub warning: Option<String>,
    /// Restored roles can't log in: this one may for as long as a step takes.
    was_locked: bool,
}

/// The role that migrates in production: a superuser would hide errors of permission.
pub(super) async fn migrator(
    scene: &Scene<'_>,
    rollback: &Rollback,
    sandbox: &Sandbox,
) -> Result<Migrator, Halt> {
    let session = sandbox.admin().await?;
    let name = if let Some(name) = &rollback.migrator {
        name.clone()
    } else {
        let owner = format!(
            "select pg_get_userbyid(datdba) from pg_database where datname = {}",
            literal(scene.database())
        );
        session.text(&owner).await?.unwrap_or_default()
    };
    let role = format!(
        "select (rolsuper::int + 2 * rolcanlogin::int)::text from pg_roles where rolname = {}",
        literal(&name)
    );
    let flags = session.text(&role).await?;
    let Some(flags) = flags.and_then(|flags| flags.parse::<u8>().ok()) else {
        let detail = format!("the role {name} that migrates is not among the restored ones");
        return Err(Halt::new(Reason::CheckInvalid, detail)
            .with_hint("give the rehearsal another `as`, or restore.roles a file that makes the role"));
    };
    let (superuser, was_locked) = (flags & 1 == 1, flags & 2 == 0);
    let warning =
        superuser.then(|| format!("migrated as {name}, a superuser, which hides errors of permission"));
    Ok(Migrator { name, is_default: rollback.migrator.is_none(), warning, was_locked })
}

impl Migrator {
    async fn admit(&self, sandbox: &Sandbox) -> Result<(), Halt> {
        if self.was_locked {
            sandbox.admin().await?.run(&format!("ALTER ROLE {} LOGIN", quoted(&self.name))).await?;
        }
        Ok(())
    }

    /// Takes the login away again, so that it is no difference. A migration may have dropped the role.
    async fn retire(&self, sandbox: &Sandbox) -> Result<(), Halt> {
        if self.was_locked {
            let _ = sandbox.admin().await?.run(&format!("ALTER ROLE {} NOLOGIN", quoted(&self.name))).await;
        }
        Ok(())
    }
}

/// Takes a step, at most for as long as a restore may take.
pub(super) async fn take(
    scene: &Scene<'_>,
    sandbox: &Sandbox,
    migrator: &Migrator,
    step: &Step,
) -> Result<Taken, Halt> {
    migrator.admit(sandbox).await?;
    let done = CancellationToken::new();
    let stepping = async {
        // Whatever becomes of the step, the canary is called back.
        let _called_back = done.clone().drop_guard();
        let begun = Instant::now();
        let failure = run(scene, sandbox, migrator, step).await?;
        Ok::<_, Halt>((failure, begun.elapsed().as_secs_f64()))
    };
    let canary = canary::Canary::seat(scene, sandbox).await?;
    let limit = scene.drill.restore.timeout;
    let both = async { tokio::join!(stepping, canary.watch(&done)) };
    let Ok((stepped, seen)) = timeout(limit, Box::pin(both)).await else {
        let detail = format!("a step was not done after {} s (restore.timeout)", limit.as_secs());
        return Err(Halt::new(Reason::Timeout, detail).with_hint("raise restore.timeout"));
    };
    let (failure, seconds) = stepped?;
    migrator.retire(sandbox).await?;
    let taken = StepTaken {
        succeeded: failure.is_none(),
        seconds,
        canary_lost: seen.lost,
        readers_blocked: seen.readers,
        writers_blocked: seen.writers,
        locks: seen.locks,
    };
    Ok(Taken { taken, failure })
}

/// How the step failed, if it did.
async fn run(
    scene: &Scene<'_>,
    sandbox: &Sandbox,
    migrator: &Migrator,
    step: &Step,
) -> Result<Option<String>, Halt> {
    let by_psql = |script| script::run(sandbox, scene.database(), Some(&migrator.name), script);
    match step {
        Step::Sql { files, single_transaction: false } => {
            for file in files {
                let script = Script { name: shown(file), bytes: read(file)?, is_wrapped: false };
                if let Some(failed) = by_psql(script).await? {
                    return Ok(Some(failed.told));
                }
            }
            Ok(None)
        }
        Step::Sql { files, single_transaction: true } => {
            let mut text = Vec::new();
            for file in files {
                text.extend(read(file)?);
                text.push(b'\n');
            }
            let names = files.iter().map(|file| shown(file)).collect::<Vec<_>>().join(" and ");
            let name = format!("{names} in one transaction");
            Ok(by_psql(Script { name, bytes: text, is_wrapped: true }).await?.map(|failed| failed.told))
        }
        Step::Command { .. } => command::run(scene, sandbox, migrator, step).await,
    }
}

fn shown(file: &Path) -> String {
    file.file_name().map_or_else(|| file.display().to_string(), |name| name.to_string_lossy().into_owned())
}
