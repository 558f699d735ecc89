//! SQL of the drill's own, run by psql inside a sandbox as psql would run the file, stopping at the first error: what
//! follows a restore, and the ways of a rehearsal.

use super::guard::trouble_of;
use super::halt::Halt;
use super::program::{feed_program, postgres_program};
use super::psql::{EndMark, arguments, hand_on};
use super::restore::read_log_to_here;
use crate::database::postgres::redact::redact;
use crate::database::postgres::restore_errors::{hint_of, reason_of};
use crate::database::postgres::transcript::{PsqlTranscript, Transcript};
use crate::model::Reason;
use crate::sandbox::Sandbox;
use crate::sandbox::server_log::ServerError;

/// What psql is given.
pub(super) struct Script {
    /// As people call it.
    pub name: String,
    pub bytes: Vec<u8>,
    /// Whether psql makes one transaction of it.
    pub is_wrapped: bool,
}

/// How a script failed, of itself or of the database.
pub(super) struct Failed {
    /// `0042.up.sql, line 12: column "…" does not exist (42703)`; no value of a row.
    pub told: String,
    /// From the closed list, as an error of a restore is judged.
    pub reason: Reason,
}

/// Runs a script, as a role other than the superuser where one is named; how it failed, if it did. Exit code 0 alone
/// says little: a file may quit, or leave its transaction open, which is then rolled back.
pub(super) async fn run(
    sandbox: &Sandbox,
    database: &str,
    role: Option<&str>,
    script: Script,
) -> Result<Option<Failed>, Halt> {
    sandbox.log.take_errors();
    let Script { name, mut bytes, is_wrapped } = script;
    let (mut end, mut committed) = (EndMark::new(), EndMark::new());
    bytes.extend(if is_wrapped { end.command() } else { closing(&end, &committed) }.into_bytes());
    let mut more = vec!["--set=ON_ERROR_STOP=1".to_owned()];
    more.extend(is_wrapped.then(|| "--single-transaction".to_owned()));
    more.extend(role.map(|role| format!("--username={role}")));
    let mut transcript = PsqlTranscript::default();
    let command = postgres_program("psql", &arguments(database, &more));
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
    match exit_code {
        Some(0) => whole(&name, end.found, is_wrapped || committed.found).map(|()| None),
        Some(1..128) => {
            failed(sandbox, &name, &transcript, exit_code == Some(CONNECTION_LOST)).await.map(Some)
        }
        other => Err(not_told(sandbox, &name, other).await),
    }
}

/// psql's exit code for a connection that broke.
const CONNECTION_LOST: i64 = 2;

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

/// An error of the script's or of the database's; a sandbox that has no room, no library or no life left proves nothing
/// against either (2026-11-22).
async fn failed(
    sandbox: &Sandbox,
    name: &str,
    transcript: &Transcript,
    is_lost: bool,
) -> Result<Failed, Halt> {
    if is_lost && let Some(halt) = trouble_of(sandbox).await {
        return Err(halt);
    }
    read_log_to_here(sandbox, &*sandbox.admin().await?).await?;
    let logged = sandbox.log.take_errors().pop();
    let told = format!("{name}{}", told(logged.as_ref(), transcript));
    // The log has told more meanwhile: a server that crashed ends its sessions without an error of theirs.
    if is_lost && let Some(halt) = trouble_of(sandbox).await {
        return Err(halt);
    }
    let Some(error) = logged else {
        return Ok(Failed { told, reason: Reason::RestoreFailed });
    };
    judge(&error, told)
}

/// What the server's last word makes of a script or a migration tool that failed, `told` so: a finding with its reason,
/// or an error of the sandbox's.
pub(super) fn judge(error: &ServerError, told: String) -> Result<Failed, Halt> {
    let ServerError { sqlstate, message, .. } = error;
    // What can't be parsed was written so; what is not there may be the backup's.
    let reason = match sqlstate.as_str() {
        "42601" => Reason::CheckInvalid,
        _ => reason_of(sqlstate, message),
    };
    let of_sandbox =
        [Reason::SandboxOutOfMemory, Reason::DiskFull, Reason::ExtensionMissing, Reason::LocaleMissing];
    if !of_sandbox.contains(&reason) {
        return Ok(Failed { told, reason });
    }
    let halt = Halt::new(reason, told);
    Err(match hint_of(reason, sqlstate, &redact(sqlstate, message)) {
        Some(hint) => halt.with_hint(hint),
        None => halt,
    })
}

/// psql did not end by itself, or nobody knows how.
async fn not_told(sandbox: &Sandbox, name: &str, exit_code: Option<i64>) -> Halt {
    if let Some(halt) = trouble_of(sandbox).await {
        return halt;
    }
    match exit_code {
        Some(code) => Halt::new(Reason::SandboxLost, format!("psql was killed in {name} (exit code {code})")),
        None => Halt::new(Reason::EngineTimeout, format!("the engine did not tell how psql ended in {name}")),
    }
}

/// `, line 12: column "…" does not exist (42703)`: the server's own word, redacted, at the line that psql names.
fn told(logged: Option<&ServerError>, transcript: &Transcript) -> String {
    let said = transcript.errors.last();
    let place = said.and_then(|error| error.line).map_or_else(String::new, |line| format!(", line {line}"));
    match (logged, said, &transcript.client_failure) {
        (Some(error), ..) => {
            format!("{place}: {} ({})", redact(&error.sqlstate, &error.message), error.sqlstate)
        }
        (None, Some(error), _) => format!("{place}: {}", redact("-----", &error.message)),
        (None, None, Some(failure)) => format!("{place}: {}", failure.detail()),
        (None, None, None) => place,
    }
}
