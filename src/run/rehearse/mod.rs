//! Rehearse: can we get back from this release, how fast, and what is lost?
//!
//! The restored sandbox stays what it was before: every rehearsal works on a copy of its data directory in a sandbox of
//! its own, so that rehearsals share nothing, and is compared with it at the end. A rehearsal that finds a problem is a
//! finding; one that could not be made is errored, and the next one is tried all the same.

mod again;
mod canary;
mod command;
mod copy;
mod judge;
mod state;
mod step;
mod untouched;
mod writes;

use crate::check;
use crate::definition::{Check, Drill, Expectation, Rollback};
use crate::digest::State;
use crate::failpoint;
use crate::listen::Progress;
use crate::model::rehearsal::StepTaken;
use crate::model::{Fact, Finding, MajorVersion, Outcome, Phase, Reason, Rehearsed};
use crate::record::Journal;
use crate::sandbox::Sandbox;
use crate::sandbox::wire::Login;

use super::emit::{Done, Story};
use super::guard::guarded;
use super::halt::Halt;
use super::verify::show_out;
use super::world::World;
use copy::Copy;
use state::{Before, States};
use step::Taken;

/// Oldest server whose catalogs the digest knows; those before it are out of support (2026-11-21).
const OLDEST: MajorVersion = MajorVersion(14);
/// A sandbox has room for the locks of a digest; production may have less for a migration's.
const LOCKS: &str =
    "room for locks: a rehearsal has max_locks_per_transaction = 1024, PostgreSQL's default is 64";
/// Checks that are asked at a time.
const AT_A_TIME: usize = 2;

/// What all rehearsals of a run have in common.
pub(super) struct Scene<'a> {
    pub drill: &'a Drill,
    pub world: &'a World,
    /// The restored sandbox: the state before.
    pub origin: &'a Sandbox,
    /// What checks need to know; its first database is the one that is migrated.
    pub context: &'a check::Context,
    /// Whether the copy of a rehearsal that failed is kept beside the restored sandbox.
    pub keep_failed: bool,
}

impl Scene<'_> {
    fn database(&self) -> &str {
        self.context.first_database()
    }
}

/// Rehearses every rollback of the drill. Succeeds where each one was told, whatever the answers.
pub(super) async fn rehearse<J: Journal>(
    scene: &Scene<'_>,
    kept: &mut Option<(String, Sandbox)>,
    story: &Story<'_, J>,
) -> Result<((), Done), Halt> {
    story.not_verified("rollbacks under traffic: a rehearsal has none").await?;
    if !scene.drill.restore.settings.contains_key("max_locks_per_transaction") {
        story.not_verified(LOCKS).await?;
    }
    let mut states = States::default();
    let total = scene.drill.rollbacks.len();
    for (number, rollback) in (1..).zip(&scene.drill.rollbacks) {
        let note = format!("{number} of {total}: {}", rollback.name);
        story.progress(&Progress { phase: Phase::Rehearse, bytes: 0, total: None, note: Some(note) });
        let rehearsed = rehearse_one(scene, rollback, number, &mut states, kept, story).await?;
        story.tell(Fact::RehearsalFinished(Box::new(rehearsed))).await?;
    }
    Ok(((), Done::default()))
}

/// One rollback, judged. Fails only where the run can't go on.
async fn rehearse_one<J: Journal>(
    scene: &Scene<'_>,
    rollback: &Rollback,
    number: usize,
    states: &mut States,
    kept: &mut Option<(String, Sandbox)>,
    story: &Story<'_, J>,
) -> Result<Rehearsed, Halt> {
    let mut told =
        Rehearsed { migrator_is_default: rollback.migrator.is_none(), ..Rehearsed::begun(&rollback.name) };
    let mut copies = [None, None];
    let tried = Box::pin(attempt(scene, rollback, number, states, &mut copies, &mut told, story));
    match guarded(scene.origin, tried).await {
        Ok(expect) => judge::judge(&mut told, &expect),
        Err(Halt(stop)) if stop.reason == Reason::StoreFailed || scene.origin.trouble().is_some() => {
            return Err(Halt(stop));
        }
        Err(Halt(stop)) => {
            told.outcome = Outcome::Errored;
            told.reason = Some(stop.reason);
            told.detail = Some(stop.detail);
            told.hint = stop.hint;
        }
    }
    let keep = scene.keep_failed && told.outcome == Outcome::Failed;
    for copy in copies.into_iter().flatten() {
        // The first copy is the one that the sentence is about.
        if keep && copy.name == copy::name(scene, number, "") {
            // One is enough to look at: each takes the database's size.
            if let Some((_, replaced)) = kept.replace((rollback.name.clone(), copy.sandbox)) {
                let name = replaced.name.clone();
                drop(replaced);
                copy::remove(scene, &name, story).await?;
            }
        } else {
            let Copy { name, sandbox, .. } = copy;
            drop(sandbox);
            copy::remove(scene, &name, story).await?;
        }
    }
    Ok(told)
}

/// Forward and back on one copy, and forward again; with `writes`, once more with them on another. Returns what is
/// expected, as the database has it.
async fn attempt<J: Journal>(
    scene: &Scene<'_>,
    rollback: &Rollback,
    number: usize,
    states: &mut States,
    copies: &mut [Option<Copy>; 2],
    told: &mut Rehearsed,
    story: &Story<'_, J>,
) -> Result<Expectation, Halt> {
    known(scene.origin.major)?;
    command::pull(scene, rollback, story).await?;
    let before = states.before(scene, rollback).await?;
    let expect = before.expectation(rollback);
    let [first, second] = copies;
    let Copy { sandbox, seconds, .. } =
        first.insert(copy::copy(scene, copy::name(scene, number, ""), story).await?);
    told.copy_seconds = *seconds;
    let forward = guarded(sandbox, Box::pin(there_and_back(scene, rollback, &before, sandbox, told))).await?;
    let compared = guarded(sandbox, Box::pin(before.compare(scene, rollback, sandbox))).await?;
    told.ignored = compared.ignored;
    told.warnings.extend(compared.warnings);
    let is_clean = judge::is_clean(&compared.difference);
    told.difference = Some(compared.difference);
    if let Some(forward) = forward.filter(|_| is_clean) {
        let again = again::forward(scene, rollback, &forward, sandbox);
        told.findings.push(guarded(sandbox, Box::pin(again)).await?);
    }
    if let Some(writing) = rollback.writes.as_ref().filter(|_| came_back(told)) {
        let Copy { sandbox, .. } =
            second.insert(copy::copy(scene, copy::name(scene, number, "-writes"), story).await?);
        let work = writes::rehearse(scene, rollback, (writing, &expect), &before, sandbox, told);
        guarded(sandbox, Box::pin(work)).await?;
    }
    Ok(expect)
}

/// Refuses a server that the digest does not know.
fn known(major: MajorVersion) -> Result<(), Halt> {
    if major >= OLDEST {
        return Ok(());
    }
    let detail = format!("PostgreSQL {major} is too old for a rehearsal: {OLDEST} is the oldest");
    Err(Halt::new(Reason::Version, detail)
        .with_hint("restore into a newer version with sandbox.image, as an upgrade would"))
}

/// Forward, its checks, back, its checks: as far as it goes. Returns the outline between both ways, if it came back.
async fn there_and_back(
    scene: &Scene<'_>,
    rollback: &Rollback,
    before: &Before,
    sandbox: &Sandbox,
    told: &mut Rehearsed,
) -> Result<Option<State>, Halt> {
    let migrator = step::migrator(scene, rollback, sandbox).await?;
    told.migrator.clone_from(&migrator.name);
    told.migrator_is_default = migrator.is_default;
    told.warnings.extend(migrator.warning.clone());
    let Taken { taken, failure } = step::take(scene, sandbox, &migrator, &rollback.forward).await?;
    failpoint::reach("after_forward").await;
    told.warnings.extend(unwatched(&taken, "out"));
    told.forward = Some(taken);
    told.detail = failure;
    if told.detail.is_some() {
        return Ok(None);
    }
    told.findings.extend(ask(scene, sandbox, "after forward", &rollback.after_forward).await?);
    let forward = before.changed(scene, rollback, sandbox).await?;
    let Taken { taken, failure } = step::take(scene, sandbox, &migrator, &rollback.back).await?;
    failpoint::reach("after_back").await;
    told.warnings.extend(unwatched(&taken, "back"));
    told.back = Some(taken);
    told.detail = failure;
    if told.detail.is_some() {
        return Ok(None);
    }
    told.findings.extend(ask(scene, sandbox, "after back", &rollback.after_back).await?);
    Ok(Some(forward))
}

fn unwatched(taken: &StepTaken, way: &str) -> Option<String> {
    taken.canary_lost.then(|| format!("for how long readers and writers wait on the way {way} is not known"))
}

/// Asks checks of a copy; their names say when.
async fn ask(
    scene: &Scene<'_>,
    sandbox: &Sandbox,
    when: &str,
    checks: &[Check],
) -> Result<Vec<Finding>, Halt> {
    if checks.is_empty() {
        return Ok(Vec::new());
    }
    show_out(sandbox).await?;
    let wire = &sandbox.wire;
    let connect = |database: String| async move { wire.connect(&database, Login::Checker).await };
    let findings = check::ask_all(checks, scene.context, AT_A_TIME, connect, |_| {}).await;
    let named = |finding: Finding| Finding { name: format!("{when}: {}", finding.name), ..finding };
    Ok(findings.into_iter().map(named).collect())
}

fn came_back(told: &Rehearsed) -> bool {
    told.back.as_ref().is_some_and(|step| step.succeeded)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_whose_catalogs_are_not_known_is_refused_in_plain_words() {
        let Halt(stop) = known(MajorVersion(13)).unwrap_err();
        assert_eq!(stop.reason, Reason::Version);
        assert_eq!(stop.detail, "PostgreSQL 13 is too old for a rehearsal: 14 is the oldest");
        assert!(known(OLDEST).is_ok() && known(MajorVersion(18)).is_ok());
    }
}
