//! One way, taken: SQL files by psql inside the copy, or a migration tool beside it; timed, with a canary watching.

use std::path::Path;
use std::time::Instant;

use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use super::super::halt::Halt;
use super::super::program::{feed_program, postgres_program};
use super::super::psql::{EndMark, hand_on, read};
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
    match step {
        Step::Sql { files, single_transaction: false } => {
            for file in files {
                let text = Text { name: shown(file), bytes: read(file)?, is_wrapped: false };
                let failure = psql(scene, sandbox, migrator, text).await?;
                if failure.is_some() {
                    return Ok(failure);
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
            psql(scene, sandbox, migrator, Text { name, bytes: text, is_wrapped: true }).await
        }
        Step::Command { .. } => command::run(scene, sandbox, migrator, step).await,
    }
}

fn shown(file: &Path) -> String {
    file.file_name().map_or_else(|| file.display().to_string(), |name| name.to_string_lossy().into_owned())
}

/// What psql is given.
struct Text {
    /// As people call it.
    name: String,
    bytes: Vec<u8>,
    /// Whether psql makes one transaction of it.
    is_wrapped: bool,
}

/// Asks psql at the end of a text whether it came there, and whether what it did is done: `now()` stands still inside of
/// a transaction.
fn closing(end: &EndMark, committed: &EndMark) -> String {
    let question = "select pg_catalog.now() operator(pg_catalog.=) pg_catalog.statement_timestamp() as drillyard_committed";
    format!(
        "\n\\set AUTOCOMMIT on\n;\n{question} \\gset\n\\if :drillyard_committed{}\\endif{}",
        committed.command(),
        end.command()
    )
}

/// Runs a text as psql would run the file, stopping at the first error; how it failed, if it did. Exit code 0 alone says
/// little: a file may quit, or leave its transaction open, which is then rolled back.
async fn psql(
    scene: &Scene<'_>,
    sandbox: &Sandbox,
    migrator: &Migrator,
    text: Text,
) -> Result<Option<String>, Halt> {
    sandbox.log.take_errors();
    let Text { name, mut bytes, is_wrapped } = text;
    let (mut end, mut committed) = (EndMark::new(), EndMark::new());
    bytes.extend(if is_wrapped { end.command() } else { closing(&end, &committed) }.into_bytes());
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
    arguments.extend(is_wrapped.then(|| "--single-transaction".to_owned()));
    arguments.push(format!("--username={}", migrator.name));
    arguments.push(format!("--dbname={}", scene.database()));
    let mut transcript = PsqlTranscript::default();
    let command = postgres_program("psql", &arguments);
    let (_, exit_code) = feed_program(
        &sandbox.wire,
        command,
        |input| hand_on(bytes, input),
        |said| {
            end.look(said);
            committed.look(said);
            transcript.feed(said);
        },
    )
    .await?;
    let transcript = transcript.finish(exit_code);
    if exit_code == Some(0) {
        return whole(&name, end.found, is_wrapped || committed.found).map(|()| None);
    }
    read_log_to_here(sandbox, &*sandbox.admin().await?).await?;
    Ok(Some(format!("{name}{}", failure(sandbox, &transcript))))
}

/// Whether a text without an error was also taken to its end.
fn whole(name: &str, has_ended: bool, is_committed: bool) -> Result<(), Halt> {
    match (has_ended, is_committed) {
        (true, true) => Ok(()),
        (true, false) => {
            let detail = format!("{name} ends inside of a transaction, which psql rolls back");
            Err(Halt::new(Reason::CheckInvalid, detail).with_hint("end it with COMMIT"))
        }
        (false, _) => {
            let detail = format!("psql did not come to the end of {name}");
            Err(Halt::new(Reason::CheckInvalid, detail)
                .with_hint("look for \\q, and for data without its \\."))
        }
    }
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
