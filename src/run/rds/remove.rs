//! Remove: the temporary instance goes, and a listing by its tag proves it. The only place where a run decides that one is
//! gone.

use std::time::Duration;

use super::super::emit::Story;
use super::super::world::World;
use crate::definition::{Drill, RdsSource, Source};
use crate::listen::Progress;
use crate::model::{Effect, EffectKind, Phase, Reason, RunId};
use crate::record::Journal;
use crate::sandbox::profile::RUN;
use crate::source::rds::InstanceError;
use crate::source::rds::account::Account;
use crate::source::rds::instance::Listed;

/// Longest wait for a temporary instance to be gone: one that is being created can't be deleted before it is there.
const INSTANCE: Duration = Duration::from_hours(1);
/// An instance whose restore was not answered must not be there after so long either.
const UNANSWERED: Duration = Duration::from_secs(30);
/// Longest that a daemon that ends waits until a deletion was accepted.
const HURRY: Duration = Duration::from_secs(15);
/// How often a listing of instances is tried.
const LISTINGS: u32 = 5;
/// Between two of them.
const BETWEEN_LISTINGS: Duration = Duration::from_secs(3);

/// Deletes a temporary instance and waits until it is gone, which takes RDS some minutes.
pub(in crate::run) async fn remove_instance<J: Journal>(
    source: &RdsSource,
    run: RunId,
    effect: &Effect,
    world: &World,
    story: &Story<'_, J>,
) -> Result<(), String> {
    let (name, run) = (&effect.name, run.to_string());
    let mark = (RUN, run.as_str());
    let removing = async {
        let account = Account::open(source).await?;
        account.remove(name, mark, INSTANCE, |status, after| note(story, status, after)).await?;
        // Nobody has answered for it: the instance can appear after the call was given up.
        if !story.record().await.made.contains(effect) {
            tokio::time::sleep(UNANSWERED).await;
            account.remove(name, mark, INSTANCE, |status, after| note(story, status, after)).await?;
        }
        Ok(())
    };
    tokio::select! {
        removed = removing => removed.map_err(|error: InstanceError| error.to_string()),
        () = shut_down(world) => Err(let_go(source, name, mark).await),
    }
}

fn note<J: Journal>(story: &Story<'_, J>, status: &str, after: Duration) {
    let note = format!("temporary instance: {status} for {} s", after.as_secs());
    story.progress(&Progress { phase: Phase::Teardown, bytes: 0, total: None, note: Some(note) });
}

/// The daemon is told to end. It waits for no instance then, because its manager would kill it before the run's end is
/// written; its next sweep proves the rest. A person who stops a run waits, and has nobody who sweeps (2026-11-22).
async fn shut_down(world: &World) {
    if world.cancel_reason == Reason::Shutdown {
        world.cancel.cancelled().await;
    } else {
        std::future::pending::<()>().await;
    }
}

/// As [`shut_down`], once RDS has had its time to answer one listing.
async fn ending(world: &World) {
    shut_down(world).await;
    tokio::time::sleep(HURRY).await;
}

/// Tells it to go, and does not wait; what is left, in words.
async fn let_go(source: &RdsSource, name: &str, mark: (&str, &str)) -> String {
    let telling = async { Account::open(source).await?.tell_to_go(name, mark, HURRY, |_, _| {}).await };
    match tokio::time::timeout(HURRY, telling).await {
        Ok(Ok(())) => "told to go, not awaited: the daemon was told to end".to_owned(),
        Ok(Err(error)) => format!("{error}; the daemon was told to end"),
        Err(_) => "not told to go: RDS did not answer, and the daemon was told to end".to_owned(),
    }
}

/// Removes what carries the run's tag, and lists again; false where RDS could not be asked.
pub(in crate::run) async fn no_instance_is_left<J: Journal>(
    drill: &Drill,
    run: RunId,
    leftovers: &mut Vec<String>,
    world: &World,
    story: &Story<'_, J>,
) -> bool {
    let Source::Rds(source) = &drill.backup.source else { return true };
    let new = |listed: Vec<Listed>, leftovers: &[String]| -> Vec<Effect> {
        let effect = |one: Listed| Effect { kind: EffectKind::RdsInstance, name: one.name };
        let told = |effect: &Effect| leftovers.iter().any(|told| told.starts_with(&effect.to_string()));
        listed.into_iter().map(effect).filter(|effect| !told(effect)).collect()
    };
    let listed = tokio::select! {
        listed = tagged(source, run) => listed.map_err(|error| error.to_string()),
        () = ending(world) => Err("the daemon was told to end".to_owned()),
    };
    let left = match listed {
        Ok(listed) => new(listed, leftovers),
        Err(why) => {
            leftovers.push(format!("RDS could not be asked what is left: {why}"));
            return false;
        }
    };
    for effect in left {
        if let Err(error) = remove_instance(source, run, &effect, world, story).await {
            leftovers.push(format!("{effect}: {error}"));
        }
    }
    true
}

/// Lists the instances that carry the run's tag, patiently.
async fn tagged(source: &RdsSource, run: RunId) -> Result<Vec<Listed>, InstanceError> {
    let run = run.to_string();
    let once = async || Account::open(source).await?.tagged((RUN, &run)).await;
    let mut listed = once().await;
    for _ in 1..LISTINGS {
        if listed.is_ok() {
            break;
        }
        tokio::time::sleep(BETWEEN_LISTINGS).await;
        listed = once().await;
    }
    listed
}
