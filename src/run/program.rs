//! PostgreSQL's own programs, run inside the sandbox and never on the host: a dump can make them run commands.

use std::future::Future;
use std::pin::Pin;

use futures_util::StreamExt;
use tokio::io::AsyncWrite;

use super::halt::Halt;
use crate::engine::ExecSpec;
use crate::engine::exec::Output;
use crate::sandbox::wire::Wire;

/// Standard input of a program.
pub(super) type Input = Pin<Box<dyn AsyncWrite + Send>>;

/// Runs a program without input to its end; `on_error` gets what it prints to standard error.
pub(super) async fn run_program(
    wire: &Wire,
    command: Vec<String>,
    on_error: impl FnMut(&[u8]),
) -> Result<Option<i64>, Halt> {
    let spec = ExecSpec { command, environment: environment(), input: false, terminal: false };
    let mut exec = wire.engine().exec(wire.container(), spec).await?;
    read(&mut exec.output, on_error).await?;
    Ok(wire.engine().exec_wait(&exec.id).await?)
}

/// Runs a program and feeds its standard input; `None` where the program ended before it had read everything.
pub(super) async fn feed_program<T, F>(
    wire: &Wire,
    command: Vec<String>,
    feed: impl FnOnce(Input) -> F,
    on_error: impl FnMut(&[u8]),
) -> Result<(Option<T>, Option<i64>), Halt>
where
    F: Future<Output = Result<T, Halt>>,
{
    let spec = ExecSpec { command, environment: environment(), input: true, terminal: false };
    let mut exec = wire.engine().exec(wire.container(), spec).await?;
    let mut reading = Box::pin(read(&mut exec.output, on_error));
    let mut feeding = Box::pin(feed(exec.input));
    // Never joined: a program that ends early leaves the writer blocked for ever (measured).
    let product = tokio::select! {
        ended = &mut reading => { ended?; None }
        handed_on = &mut feeding => { let product = handed_on?; reading.as_mut().await?; Some(product) }
    };
    drop((reading, feeding));
    Ok((product, wire.engine().exec_wait(&exec.id).await?))
}

async fn read(
    output: &mut Pin<Box<dyn futures_util::Stream<Item = Result<Output, crate::engine::EngineError>> + Send>>,
    mut on_error: impl FnMut(&[u8]),
) -> Result<(), Halt> {
    while let Some(piece) = output.next().await {
        if let Output::Error(bytes) = piece? {
            on_error(&bytes);
        }
    }
    Ok(())
}

/// Programs print what we can read, whatever the image's language; and find the server that process 1 found.
fn environment() -> Vec<String> {
    // No file that the backup has written is read for a password or a start-up script (measured: lo_export plants them).
    [
        "HOME=/nonexistent",
        "PGPASSFILE=/dev/null",
        "LC_ALL=C.UTF-8",
        "PGHOST=127.0.0.1",
        "PGPORT=5432",
        "PGUSER=postgres",
        "PGCONNECT_TIMEOUT=30",
        "PGTZ=UTC",
    ]
    .map(str::to_owned)
    .to_vec()
}

/// A program of PostgreSQL's with its arguments, wherever the image keeps it.
pub(super) fn postgres_program(program: &str, arguments: &[String]) -> Vec<String> {
    let find = "for bin in /usr/lib/postgresql/*/bin /usr/local/bin /usr/local/pgsql/bin /usr/bin; do \
                [ -x \"$bin/postgres\" ] && PATH=$bin:$PATH && break; done; exec \"$0\" \"$@\"";
    let mut command: Vec<String> = ["bash", "--norc", "-c", find, program].map(str::to_owned).to_vec();
    command.extend(arguments.iter().cloned());
    command
}
