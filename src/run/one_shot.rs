//! A program in a container of its own, from its start to its end: a migration tool, `pg_dump`.

use std::time::Duration;

use futures_util::StreamExt;
use secrecy::{ExposeSecret, SecretString};
use tokio::io::AsyncWriteExt;
use tokio::time::timeout;

use super::halt::Halt;
use super::world::wall_clock;
use crate::engine::{ContainerSpec, Engine, EngineEvent};
use crate::sandbox::profile;

/// Longest wait for the engine to tell how a container ended, and for its removal.
const ENDING: Duration = Duration::from_secs(30);
/// The most that is kept of what a program prints, its end.
const OUTPUT: usize = 64 * 1024;

/// Runs it; its exit code where the engine tells one, and the end of what it printed. `input` is given to it first. The
/// caller has written down the intent, and a deadline.
pub(super) async fn run_to_end(
    engine: &Engine,
    spec: &ContainerSpec,
    input: Option<&SecretString>,
) -> Result<(Option<i64>, Vec<u8>), Halt> {
    engine.create(spec).await?;
    // Before the start: it can be over, and gone, before anybody has looked.
    profile::verify(spec, &engine.inspect(&spec.name).await?)?;
    let mut attachment = engine.attach(&spec.name).await?;
    let mut events = engine.events_of(&spec.name, wall_clock().as_second() - 1);
    engine.start(&spec.name).await?;
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
    let ending = async {
        while let Some(event) = events.next().await {
            if let EngineEvent::Ended { exit_code } = event {
                return exit_code;
            }
        }
        None
    };
    let exit_code = timeout(ENDING, ending).await.ok().flatten();
    // The next one may have the same name.
    engine.remove(&spec.name, ENDING).await?;
    Ok((exit_code, said))
}
