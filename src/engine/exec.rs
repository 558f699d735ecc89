//! Programs inside a container, and their standard streams.

use std::pin::Pin;
use std::time::Duration;

use bollard::container::LogOutput;
use bollard::exec::{CreateExecOptions, StartExecOptions, StartExecResults};
use bytes::Bytes;
use futures_util::{Stream, StreamExt};
use tokio::io::AsyncWrite;

use super::{ASK, Engine, EngineError, within};

/// A program to run inside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExecSpec {
    /// Program and arguments.
    pub command: Vec<String>,
    /// Environment on top of the container's, `NAME=value`.
    pub environment: Vec<String>,
    /// Whether standard input is wanted.
    pub input: bool,
    /// Whether a person sits at it: it gets a terminal of its own.
    pub terminal: bool,
}

/// A program that runs inside. Dropping it does not stop the program (measured).
pub struct Exec {
    /// The engine's name for it.
    pub id: String,
    /// Standard input; must be shut down, not only dropped, to end (measured).
    pub input: Pin<Box<dyn AsyncWrite + Send>>,
    /// What it prints.
    pub output: Pin<Box<dyn Stream<Item = Result<Output, EngineError>> + Send>>,
}

/// A piece of what a program prints.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Output {
    /// Standard output.
    Out(Bytes),
    /// Standard error.
    Error(Bytes),
}

/// What a program printed, once it has ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExecOutput {
    /// Standard output, the first 1 MiB.
    pub out: String,
    /// Standard error, the first 1 MiB.
    pub error: String,
    /// Exit code; `None` where the engine does not know.
    pub exit_code: Option<i64>,
}

/// The most that is kept of a program's output.
const OUTPUT_CAP: usize = 1 << 20;
/// Longest wait for the exit code of a program that has ended.
const TO_TELL: Duration = Duration::from_secs(30);

impl Engine {
    /// Starts a program inside a container.
    pub async fn exec(&self, container: &str, spec: ExecSpec) -> Result<Exec, EngineError> {
        let options = CreateExecOptions {
            attach_stdin: Some(spec.input),
            attach_stdout: Some(true),
            attach_stderr: Some(true),
            tty: Some(spec.terminal),
            cmd: Some(spec.command),
            env: Some(spec.environment),
            ..CreateExecOptions::default()
        };
        let created =
            within("preparing a program in the sandbox", ASK, self.docker.create_exec(container, options));
        let id = created.await?.id;
        let start = StartExecOptions { output_capacity: Some(256 * 1024), ..StartExecOptions::default() };
        let call = "starting a program in the sandbox";
        match within(call, ASK, self.docker.start_exec(&id, Some(start))).await? {
            StartExecResults::Attached { output, input } => {
                let output = output.filter_map(|item| async {
                    match item {
                        Ok(LogOutput::StdErr { message }) => Some(Ok(Output::Error(message))),
                        Ok(LogOutput::StdOut { message } | LogOutput::Console { message }) => {
                            Some(Ok(Output::Out(message)))
                        }
                        Ok(LogOutput::StdIn { .. }) => None,
                        Err(error) => {
                            Some(Err(EngineError::of("reading from a program in the sandbox", error)))
                        }
                    }
                });
                Ok(Exec { id, input, output: Box::pin(output) })
            }
            StartExecResults::Detached => Err(EngineError::Broken {
                call,
                message: "the engine detached instead of attaching".to_owned(),
            }),
        }
    }

    /// A program's exit code, once it has ended; `None` while it runs.
    pub async fn exec_exit_code(&self, exec: &str) -> Result<Option<i64>, EngineError> {
        let inspected =
            within("asking for a program's exit code", ASK, self.docker.inspect_exec(exec)).await?;
        Ok(inspected.exit_code.filter(|_| inspected.running != Some(true)))
    }

    /// The exit code of a program whose output has ended; the engine needs a moment to know it, and a busy one needs
    /// seconds. `None` where it does not tell at all.
    pub async fn exec_wait(&self, exec: &str) -> Result<Option<i64>, EngineError> {
        let begun = tokio::time::Instant::now();
        while begun.elapsed() < TO_TELL {
            if let Some(code) = self.exec_exit_code(exec).await? {
                return Ok(Some(code));
            }
            let pause = (begun.elapsed() / 4).clamp(Duration::from_millis(20), Duration::from_millis(500));
            tokio::time::sleep(pause).await;
        }
        Ok(None)
    }

    /// Runs a short program without input to its end, at most `deadline`.
    pub async fn run(
        &self,
        container: &str,
        command: &[&str],
        deadline: Duration,
    ) -> Result<ExecOutput, EngineError> {
        let call = "running a program in the sandbox";
        let command = command.iter().map(|part| (*part).to_owned()).collect();
        let running = async {
            let spec = ExecSpec { command, environment: Vec::new(), input: false, terminal: false };
            let mut exec = self.exec(container, spec).await?;
            let (mut out, mut error) = (Vec::new(), Vec::new());
            while let Some(piece) = exec.output.next().await {
                match piece? {
                    Output::Out(bytes) => keep(&mut out, &bytes),
                    Output::Error(bytes) => keep(&mut error, &bytes),
                }
            }
            let exit_code = self.exec_wait(&exec.id).await?;
            let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
            Ok(ExecOutput { out: text(out), error: text(error), exit_code })
        };
        tokio::time::timeout(deadline, running)
            .await
            .map_err(|_| EngineError::Timeout { call, after: deadline })?
    }
}

fn keep(buffer: &mut Vec<u8>, bytes: &Bytes) {
    let room = OUTPUT_CAP.saturating_sub(buffer.len()).min(bytes.len());
    buffer.extend_from_slice(&bytes[..room]);
}
