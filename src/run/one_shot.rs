//! A program in a container of its own, from its start to its end: a migration tool, `pg_dump`.

use std::time::Duration;

use futures_util::StreamExt;
use secrecy::{ExposeSecret, SecretString};
use tokio::io::AsyncWriteExt;
use tokio::time::timeout;

use super::halt::Halt;
use crate::engine::{ContainerSpec, Engine, EngineEvent};
use crate::failpoint;
use crate::model::Reason;
use crate::sandbox::profile;

/// Longest wait for the engine to tell how a container ended, and for its removal.
const ENDING: Duration = Duration::from_secs(30);
/// Since when the engine tells what became of a program: it remembers its latest events only.
const EVER: i64 = 1;
/// The most that is kept of what a program prints, its end.
const OUTPUT: usize = 64 * 1024;

/// Runs it; its exit code, and the end of what it printed. `input` is given to it first. The caller has written down the
/// intent, and a deadline. One that failed for want of memory, or of whose end the engine tells nothing, has proved
/// nothing by it (2026-11-22).
pub(super) async fn run_to_end(
    engine: &Engine,
    spec: &ContainerSpec,
    input: Option<&SecretString>,
) -> Result<(i64, Vec<u8>), Halt> {
    let (identity, _) = engine.create(spec).await?;
    // Before the start: it can be over, and gone, before anybody has looked.
    profile::verify(spec, &engine.inspect(&spec.name).await?)?;
    let mut attachment = engine.attach(&spec.name).await?;
    // Not by its name: the one before it had the same, and its end can be seconds ago. Nor since an instant: the engine's
    // clock may be behind ours, and the end would never be told (2026-11-22).
    let mut events = engine.events_of(&identity, EVER);
    engine.start(&spec.name).await?;
    failpoint::reach("after_tool_start").await;
    if let Some(input) = input {
        let given = async {
            attachment.input.write_all(input.expose_secret().as_bytes()).await?;
            attachment.input.flush().await
        };
        // One that has ended already says why itself.
        let _ = given.await;
    }
    let mut said = Vec::new();
    while let Some(bytes) = attachment.output.next().await {
        said.extend_from_slice(&bytes);
        let surplus = said.len().saturating_sub(OUTPUT);
        said.drain(..surplus);
    }
    let mut ending = Ending::default();
    let told = async {
        while let Some(event) = events.next().await {
            if ending.take(event) {
                break;
            }
        }
    };
    let _ = timeout(ENDING, told).await;
    // The next one may have the same name.
    engine.remove(&spec.name, ENDING).await?;
    Ok((ending.judge(&spec.name, spec.memory_bytes)?, said))
}

/// What the engine tells of a program's end.
#[derive(Debug, Default)]
struct Ending {
    ran_out_of_memory: bool,
    exit_code: Option<i64>,
}

impl Ending {
    /// Whether this was the last event.
    fn take(&mut self, event: EngineEvent) -> bool {
        match event {
            EngineEvent::OutOfMemory => self.ran_out_of_memory = true,
            EngineEvent::Ended { exit_code } => self.exit_code = exit_code,
        }
        matches!(event, EngineEvent::Ended { .. })
    }

    fn judge(&self, name: &str, limit: u64) -> Result<i64, Halt> {
        match self.exit_code {
            Some(0) => Ok(0),
            _ if self.ran_out_of_memory => {
                let detail = format!("{name} was killed for memory (limit {limit} bytes)");
                Err(Halt::new(Reason::SandboxOutOfMemory, detail).with_hint("raise sandbox.memory"))
            }
            Some(code) => Ok(code),
            None => {
                let detail = format!("the engine did not tell how {name} ended");
                Err(Halt::new(Reason::EngineTimeout, detail))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(events: &[EngineEvent]) -> Result<i64, Reason> {
        let mut ending = Ending::default();
        for event in events {
            ending.take(*event);
        }
        ending.judge("tool", 64 << 20).map_err(|Halt(stop)| stop.reason)
    }

    #[test]
    fn a_program_that_had_no_memory_or_whose_end_is_not_told_has_proved_nothing() {
        let ended = |code| EngineEvent::Ended { exit_code: Some(code) };
        assert_eq!(judged(&[EngineEvent::OutOfMemory, ended(137)]), Err(Reason::SandboxOutOfMemory));
        assert_eq!(judged(&[EngineEvent::OutOfMemory]), Err(Reason::SandboxOutOfMemory));
        assert_eq!(judged(&[]), Err(Reason::EngineTimeout));
        assert_eq!(judged(&[EngineEvent::Ended { exit_code: None }]), Err(Reason::EngineTimeout));
        assert_eq!((judged(&[ended(0)]), judged(&[ended(1)])), (Ok(0), Ok(1)));
        // Its worker was killed, and it came to its end all the same.
        assert_eq!(judged(&[EngineEvent::OutOfMemory, ended(0)]), Ok(0));
    }
}
