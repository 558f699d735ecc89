//! A migration tool in a container of its own, beside the copy: it shares the copy's empty network and its processes, so
//! that it reaches that server and nothing else, and ends with it.
//!
//! Secrets of its environment are resolved here and are visible to whoever may ask the engine, as with any container;
//! what it prints is not kept, but for the last line, redacted, of one that failed.

use std::collections::BTreeMap;
use std::time::Duration;

use secrecy::ExposeSecret;

use super::super::emit::{Done, Story};
use super::super::guard::trouble_of;
use super::super::halt::Halt;
use super::super::one_shot::run_to_end;
use super::super::provision::made_for;
use super::super::restore::read_log_to_here;
use super::super::script;
use super::Scene;
use super::step::Migrator;
use crate::database::postgres::redact::redact;
use crate::definition::rollback::EnvironmentValue;
use crate::definition::{Rollback, Step};
use crate::engine::Engine;
use crate::model::{Phase, Reason};
use crate::record::Journal;
use crate::sandbox::Sandbox;
use crate::sandbox::profile::{self, Tool};

/// Longest wait for a registry.
const PULL: Duration = Duration::from_mins(20);

/// The container of a copy's tools, one after the other.
pub(super) fn name(copy: &str) -> String {
    format!("{copy}-tool")
}

/// Runs a tool to its end; how it failed, if it did. The caller has written down the intent, and a deadline.
pub(super) async fn run(
    scene: &Scene<'_>,
    sandbox: &Sandbox,
    migrator: &Migrator,
    step: &Step,
) -> Result<Option<String>, Halt> {
    let Step::Command { image, run, environment, mounts } = step else { return Ok(None) };
    let engine = scene.world.engine().await?;
    let facts = engine.image(image).await?.ok_or_else(|| missing(image, "it was removed meanwhile"))?;
    sandbox.log.take_errors();
    let tool = Tool {
        name: name(&sandbox.name),
        image: made_for(engine, image, facts)?,
        command: run.clone(),
        environment: variables(scene.database(), &migrator.name, environment)?,
        mounts: mounts.clone(),
        beside: sandbox.name.clone(),
    };
    let (exit_code, said) = run_to_end(engine, &profile::tool(&tool, &sandbox.request), None).await?;
    match exit_code {
        0 => Ok(None),
        code => failure(sandbox, image, code, &said).await.map(Some),
    }
}

/// Pulls the images of a rehearsal that are not there, so that no step's time holds a registry's.
pub(super) async fn pull<J: Journal>(
    scene: &Scene<'_>,
    rollback: &Rollback,
    story: &Story<'_, J>,
) -> Result<(), Halt> {
    let engine = scene.world.engine().await?;
    for step in [Some(&rollback.forward), Some(&rollback.back), rollback.writes.as_ref()] {
        let Some(Step::Command { image, .. }) = step else { continue };
        if engine.image(image).await?.is_none() {
            story.phase(Phase::ImagePull, pulled(engine, image)).await?;
        }
    }
    Ok(())
}

async fn pulled(engine: &Engine, image: &str) -> Result<((), Done), Halt> {
    engine.pull(image, PULL).await.map_err(|error| missing(image, &error.to_string()))?;
    Ok(((), Done::default()))
}

fn missing(image: &str, why: &str) -> Halt {
    Halt::new(Reason::ImageMissing, format!("no image {image} on the engine, and {why}"))
        .with_hint("pull or build the migration tool's image where the engine runs")
}

/// Where the copy is, in the words of every tool; the drill's own variables on top.
fn variables(
    database: &str,
    role: &str,
    own: &BTreeMap<String, EnvironmentValue>,
) -> Result<BTreeMap<String, String>, Halt> {
    let url = format!("postgres://{}@127.0.0.1:5432/{}?sslmode=disable", encoded(role), encoded(database));
    let mut variables = BTreeMap::from(
        [
            ("PGHOST", "127.0.0.1"),
            ("PGPORT", "5432"),
            ("PGUSER", role),
            ("PGDATABASE", database),
            ("PGSSLMODE", "disable"),
            ("DATABASE_URL", &url),
            ("HOME", "/tmp"),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned())),
    );
    for (name, value) in own {
        let value = match value {
            EnvironmentValue::Text(text) => text.clone(),
            EnvironmentValue::Secret(reference) => {
                let secret = reference.resolve().map_err(|error| {
                    Halt::new(Reason::CheckInvalid, format!("env.{name} of the rehearsal: {error}"))
                })?;
                secret.expose_secret().to_owned()
            }
        };
        variables.insert(name.clone(), value);
    }
    Ok(variables)
}

/// A name inside of an address.
fn encoded(name: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte);
    name.bytes().map(|b| if plain(b) { char::from(b).to_string() } else { format!("%{b:02X}") }).collect()
}

/// `dbmate ended with exit code 1: column "…" does not exist (42703)`. What the sandbox lacks is no fault of the
/// migration's (2026-11-22).
async fn failure(sandbox: &Sandbox, image: &str, exit_code: i64, said: &[u8]) -> Result<String, Halt> {
    if let Some(halt) = trouble_of(sandbox).await {
        return Err(halt);
    }
    read_log_to_here(sandbox, &*sandbox.admin().await?).await?;
    let told = |why: String| format!("{image} ended with exit code {exit_code}: {why}");
    let errors = sandbox.log.take_errors();
    // A tool may go on after an error of the server's: only one that it has printed is why it ended (2026-11-22).
    let text = String::from_utf8_lossy(said);
    if let Some(error) = errors.last().filter(|error| text.contains(error.message.as_str())) {
        let told = told(format!("{} ({})", redact(&error.sqlstate, &error.message), error.sqlstate));
        return Ok(script::judge(error, told)?.told);
    }
    let text = String::from_utf8_lossy(said);
    let last = text.lines().rfind(|line| !line.trim().is_empty());
    Ok(told(last.map_or_else(|| "it said nothing".to_owned(), |line| redact("-----", line))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_tool_finds_the_copy_and_a_hostile_name_stays_a_name() {
        let own = BTreeMap::from([("PGUSER".to_owned(), EnvironmentValue::Text("other".to_owned()))]);
        let variables = variables("sh op?x=1", "own@er", &own).unwrap();
        assert_eq!(
            variables["DATABASE_URL"],
            "postgres://own%40er@127.0.0.1:5432/sh%20op%3Fx%3D1?sslmode=disable"
        );
        assert_eq!(variables["PGUSER"], "other");
    }
}
