//! One way, taken: SQL files by psql inside the copy, or a migration tool beside it; timed, with a canary watching.

use std::path::Path;
use std::time::Instant;

use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use super::super::halt::Halt;
use super::super::program::{feed_program, postgres_program};
use super::super::psql::{hand_on, read};
use super::super::restore::read_log_to_here;
use super::{Scene, canary, command};
use crate::database::postgres::identifier::{literal, quoted};
use crate::database::postgres::redact::redact;
use crate::database::postgres::transcript::{PsqlTranscript, Transcript};
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
    /// Restored roles can't log in: this one was allowed to, and is put back afterwards.
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
    if was_locked {
        session.run(&format!("ALTER ROLE {} LOGIN", quoted(&name))).await?;
    }
    let warning =
        superuser.then(|| format!("migrated as {name}, a superuser, which hides errors of permission"));
    Ok(Migrator { name, is_default: rollback.migrator.is_none(), warning, was_locked })
}

impl Migrator {
    /// Takes the login away again, so that it is no difference. A migration may have dropped the role.
    pub async fn retire(&self, sandbox: &Sandbox) -> Result<(), Halt> {
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
    let taken = StepTaken {
        succeeded: failure.is_none(),
        seconds,
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
    match step {
        Step::Sql { files, single_transaction: false } => {
            for file in files {
                let failure = psql(scene, sandbox, migrator, read(file)?, &[]).await?;
                if failure.is_some() {
                    return Ok(failure.map(|failure| format!("{}{failure}", shown(file))));
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
            let failure = psql(scene, sandbox, migrator, text, &["--single-transaction"]).await?;
            let names = files.iter().map(|file| shown(file)).collect::<Vec<_>>().join(" and ");
            Ok(failure.map(|failure| format!("{names} in one transaction{failure}")))
        }
        Step::Command { .. } => command::run(scene, sandbox, migrator, step).await,
    }
}

fn shown(file: &Path) -> String {
    file.file_name().map_or_else(|| file.display().to_string(), |name| name.to_string_lossy().into_owned())
}

/// Runs a text as psql would run the file, stopping at the first error; how it failed, if it did.
async fn psql(
    scene: &Scene<'_>,
    sandbox: &Sandbox,
    migrator: &Migrator,
    text: Vec<u8>,
    more: &[&str],
) -> Result<Option<String>, Halt> {
    sandbox.log.take_errors();
    let mut arguments: Vec<String> = [
        "--no-psqlrc",
        "--quiet",
        "--echo-errors",
        "--file=-",
        "--set=ON_ERROR_STOP=1",
        "--set=VERBOSITY=verbose",
        "--set=SHOW_CONTEXT=never",
        "--output=/dev/null",
    ]
    .map(str::to_owned)
    .to_vec();
    arguments.extend(more.iter().map(|argument| (*argument).to_owned()));
    arguments.push(format!("--username={}", migrator.name));
    arguments.push(format!("--dbname={}", scene.database()));
    let mut transcript = PsqlTranscript::default();
    let command = postgres_program("psql", &arguments);
    let (_, exit_code) =
        feed_program(&sandbox.wire, command, |input| hand_on(text, input), |bytes| transcript.feed(bytes))
            .await?;
    let transcript = transcript.finish(exit_code);
    if exit_code == Some(0) {
        return Ok(None);
    }
    read_log_to_here(sandbox, &*sandbox.admin().await?).await?;
    let failure = failure(sandbox, &transcript);
    Ok(Some(failure))
}

/// `, line 12: column "…" does not exist (42703)`: the server's own word, redacted, at the line that psql names.
fn failure(sandbox: &Sandbox, transcript: &Transcript) -> String {
    let told = transcript.errors.last();
    let place = told.and_then(|error| error.line).map_or_else(String::new, |line| format!(", line {line}"));
    let logged = sandbox.log.take_errors();
    match (logged.last(), told, &transcript.client_failure) {
        (Some(error), ..) => {
            format!("{place}: {} ({})", redact(&error.sqlstate, &error.message), error.sqlstate)
        }
        (None, Some(error), _) => format!("{place}: {}", redact("-----", &error.message)),
        (None, None, Some(failure)) => format!("{place}: {}", failure.detail()),
        (None, None, None) => place,
    }
}
