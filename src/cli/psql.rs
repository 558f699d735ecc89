//! `drillyard psql`: a superuser's psql in a kept sandbox, or in the kept copy of a rehearsal that failed.
//!
//! psql runs inside, where `\!` and `\copy` reach nothing of this machine; only its terminal is here. What it shows is
//! production data, as it is.

use std::io::{IsTerminal, Read, Write};
use std::process::{Command, Stdio};

use futures_util::StreamExt;
use tokio::io::AsyncWriteExt;
use tokio::sync::mpsc;

use super::context::{Context, engine_hosts, explain, fail};
use super::{Exit, kept, show};
use crate::engine::exec::Output;
use crate::engine::{Engine, EngineError, ExecSpec};

/// Finds the server's programs; arguments are psql's. Without a database it opens the first that was restored. The kept
/// copy of a rehearsal has event triggers on, and one that runs at login could keep the person out; a server that can't
/// switch them off for a session refuses the option (2026-11-22).
const OPEN: &str = r#"
for bin in /usr/lib/postgresql/*/bin /usr/local/bin /usr/local/pgsql/bin /usr/bin; do
  [ -x "$bin/psql" ] && PATH=$bin:$PATH && break
done
export PGHOST=127.0.0.1 PGUSER=postgres HOME=/nonexistent PSQL_HISTORY=/dev/null PSQLRC=/dev/null
first="select datname from pg_database where not datistemplate
       order by datname = 'postgres', oid limit 1"
for PGOPTIONS in '-c event_triggers=off' ''; do
  export PGOPTIONS
  for own in postgres template1; do
    PGDATABASE=$(psql -XAtd "$own" -c "$first" 2>/dev/null) && break 2
  done
done
export PGDATABASE
exec psql "$@"
"#;

pub(super) async fn psql(
    context: &Context,
    run: &str,
    rehearsal: Option<&str>,
    arguments: Vec<String>,
) -> u8 {
    let container = match kept_container(context, run, rehearsal).await {
        Ok(container) => container,
        Err(code) => return code,
    };
    let engine = match Engine::connect(&engine_hosts(&context.settings)).await {
        Ok(engine) => engine,
        Err(error) => return explain(&error, Exit::Errored),
    };
    let terminal = Terminal::take();
    let ended = converse(&engine, &container, arguments, terminal.as_ref()).await;
    drop(terminal);
    match ended {
        Ok(code) => code,
        Err(error) => explain(&error, Exit::Errored),
    }
}

/// The sandbox that a run keeps, or the copy of a rehearsal beside it.
async fn kept_container(context: &Context, run: &str, rehearsal: Option<&str>) -> Result<String, u8> {
    let kept = kept::find(context, run).await?;
    let (Some(wanted), run) = (rehearsal, kept.run) else { return Ok(kept.container) };
    let record = show::record_of(context, run).await?;
    let number = record.opening.rehearsals.iter().position(|planned| planned.name == wanted);
    let name = number.map(|number| format!("{}-rehearsal-{}", kept.container, number + 1));
    let of_run = record.cleanup.map_or_else(Vec::new, |cleanup| cleanup.kept);
    name.filter(|name| of_run.iter().any(|kept| kept.effect.name == *name)).ok_or_else(|| {
        let hint = "the copy of the last rehearsal that failed is kept, with `run --keep`";
        fail(&format!("run {run} keeps no copy of `{wanted}`"), Some(hint), Exit::Invalid)
    })
}

/// Hands psql what is typed and shows what it says, to its end; returns its exit code.
async fn converse(
    engine: &Engine,
    container: &str,
    arguments: Vec<String>,
    terminal: Option<&Terminal>,
) -> Result<u8, EngineError> {
    let mut command: Vec<String> = ["bash", "--norc", "-c", OPEN, "psql"].map(str::to_owned).to_vec();
    command.extend(arguments);
    let environment = terminal.map_or_else(Vec::new, Terminal::environment);
    let spec = ExecSpec { command, environment, input: true, terminal: terminal.is_some() };
    let mut exec = engine.exec(container, spec).await?;
    let mut typed = typed();
    let mut open = true;
    loop {
        tokio::select! {
            piece = exec.output.next() => match piece {
                Some(Ok(Output::Out(bytes))) => show_bytes(&mut std::io::stdout(), &bytes),
                Some(Ok(Output::Error(bytes))) => show_bytes(&mut std::io::stderr(), &bytes),
                Some(Err(error)) => return Err(error),
                None => break,
            },
            keys = typed.recv(), if open => {
                open = if let Some(keys) = &keys {
                    exec.input.write_all(keys).await.is_ok()
                } else {
                    // The end of what is piped in must reach psql as one.
                    let _ = exec.input.shutdown().await;
                    false
                };
            }
        }
    }
    let code = engine.exec_wait(&exec.id).await?;
    Ok(code.and_then(|code| u8::try_from(code).ok()).unwrap_or(Exit::Errored.code()))
}

/// A reader that has gone away is no fault of ours.
fn show_bytes(stream: &mut impl Write, bytes: &[u8]) {
    let _ = stream.write_all(bytes).and_then(|()| stream.flush());
}

/// Standard input, read by a thread of its own: it may wait for ever for a person.
fn typed() -> mpsc::Receiver<Vec<u8>> {
    let (send, receive) = mpsc::channel(16);
    std::thread::spawn(move || {
        let mut buffer = [0; 4096];
        while let Ok(length @ 1..) = std::io::stdin().lock().read(&mut buffer) {
            if send.blocking_send(buffer[..length].to_vec()).is_err() {
                break;
            }
        }
    });
    receive
}

/// The person's terminal, handing every key on; as it was again when dropped.
struct Terminal {
    saved: String,
    size: Option<(u16, u16)>,
}

impl Terminal {
    fn take() -> Option<Self> {
        if !std::io::stdin().is_terminal() || !std::io::stdout().is_terminal() {
            return None;
        }
        let saved = stty(&["-g"])?;
        let size = stty(&["size"]).and_then(|size| {
            let (rows, columns) = size.split_once(' ')?;
            Some((rows.parse().ok()?, columns.parse().ok()?))
        });
        stty(&["raw", "-echo"])?;
        Some(Self { saved, size })
    }

    fn environment(&self) -> Vec<String> {
        let size = self.size.map(|(rows, columns)| [format!("LINES={rows}"), format!("COLUMNS={columns}")]);
        size.into_iter().flatten().chain(["TERM=xterm-256color".to_owned()]).collect()
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = stty(&[&self.saved]);
    }
}

/// Asks or changes the terminal that standard input is.
fn stty(arguments: &[&str]) -> Option<String> {
    let asked = Command::new("stty").args(arguments).stdin(Stdio::inherit()).stderr(Stdio::null()).output();
    let answer = asked.ok().filter(|answer| answer.status.success())?;
    Some(String::from_utf8_lossy(&answer.stdout).trim().to_owned())
}
