//! The sweeper's part in the accounts of RDS drills: temporary instances that carry this store's tag and belong to no
//! live run are deleted, and their end is waited for. Others are never touched; one whose time is over is told.

use std::str::FromStr;
use std::time::Duration;

use jiff::Timestamp;
use tokio::time::timeout;

use super::super::halt::Halt;
use super::swept::Notes;
use crate::definition::{Drill, RdsSource, Source};
use crate::model::{DrillName, Effect, EffectKind, RunId};
use crate::sandbox::profile::{self, EXPIRES, RUN, STORE};
use crate::source::rds::InstanceError;
use crate::source::rds::account::Account;
use crate::source::rds::instance::Listed;
use crate::store::{HistoryFilter, Store};

/// Longest wait for an instance to be gone; a later sweep goes on with one that takes longer.
const REMOVAL: Duration = Duration::from_mins(20);

/// Longest wait for an account's list.
const FIND: Duration = Duration::from_mins(2);

/// A drill whose runs make temporary instances.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RdsDrill {
    /// Its name.
    pub name: DrillName,
    /// Its former name: its runs of then are its own.
    pub was: Option<DrillName>,
    /// The account that they are made in.
    pub source: RdsSource,
    /// Digest of its definition.
    pub definition_sha256: String,
}

/// Those of these drills.
pub fn rds_drills<'a>(drills: impl IntoIterator<Item = &'a Drill>) -> Vec<RdsDrill> {
    let of = |drill: &Drill| match &drill.backup.source {
        Source::Rds(source) => Some(RdsDrill {
            name: drill.name.clone(),
            was: drill.was.clone(),
            source: source.clone(),
            definition_sha256: drill.text_sha256.clone(),
        }),
        _ => None,
    };
    drills.into_iter().filter_map(of).collect()
}

/// An account with the drills whose instances are made in it, by all their names.
struct Place {
    source: RdsSource,
    /// With the digests of their definitions.
    drills: Vec<(DrillName, String)>,
}

/// The accounts, each once, of drills that have run here: of any other no instance can carry this store's tag, and whoever
/// has only read the example need not have an account.
async fn places(store: &Store, drills: &[RdsDrill]) -> Result<Vec<Place>, Halt> {
    let mut places: Vec<Place> = Vec::new();
    for drill in drills {
        let mut names = vec![drill.name.clone()];
        names.extend(drill.was.clone());
        if !has_run(store, &names).await? {
            continue;
        }
        let names = names.into_iter().map(|name| (name, drill.definition_sha256.clone())).collect::<Vec<_>>();
        match places.iter_mut().find(|place| place.source.access == drill.source.access) {
            Some(place) => place.drills.extend(names),
            None => places.push(Place { source: drill.source.clone(), drills: names }),
        }
    }
    Ok(places)
}

async fn has_run(store: &Store, names: &[DrillName]) -> Result<bool, Halt> {
    for name in names {
        let one = HistoryFilter { drill: Some(name.clone()), limit: Some(1), ..HistoryFilter::default() };
        if !store.history(one).await?.is_empty() {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Looks into each account once.
pub(super) async fn sweep_instances(
    store: &Store,
    drills: &[RdsDrill],
    now: Timestamp,
    dry_run: bool,
    notes: &mut Notes<'_>,
) -> Result<(), Halt> {
    for Place { source, drills } in places(store, drills).await? {
        let found = timeout(FIND, find(&source)).await;
        let (account, found) = match found {
            Ok(Ok(found)) => found,
            Ok(Err(error)) => {
                notes.failed(format!("temporary instances of {}: {error}", source.instance));
                continue;
            }
            Err(_) => {
                let told = format!("no answer within {} s", FIND.as_secs());
                notes.failed(format!("temporary instances of {}: {told}", source.instance));
                continue;
            }
        };
        notes.looked_into(drills);
        for listed in found {
            let run = listed.tag(RUN).and_then(|run| RunId::from_str(run).ok());
            let effect = Effect { kind: EffectKind::RdsInstance, name: listed.name.clone() };
            match standing(store, &listed, run, now).await? {
                Standing::Others => {}
                Standing::Overdue(told) => notes.swept.overdue.push(format!("{effect}: {told}")),
                Standing::Live => notes.swept.live.push(effect),
                Standing::Left if dry_run => notes.removed(effect),
                Standing::Left => {
                    let mark = (STORE, store.id().as_str());
                    let removed = account.remove(&effect.name, mark, REMOVAL, |_, _| {}).await;
                    notes.note(effect, run, removed);
                }
            }
        }
    }
    Ok(())
}

enum Standing {
    /// Somebody else's, and in its time.
    Others,
    /// Somebody else's, and its time is over; in words.
    Overdue(String),
    Live,
    Left,
}

/// A run that this store does not know may have begun elsewhere, on a copy of it: its instance is left until its time is
/// over.
async fn standing(
    store: &Store,
    listed: &Listed,
    run: Option<RunId>,
    now: Timestamp,
) -> Result<Standing, Halt> {
    let expires = listed.tag(EXPIRES).and_then(|expires| expires.parse::<Timestamp>().ok());
    let Some(of) = listed.tag(STORE) else { return Ok(Standing::Others) };
    if of != store.id().as_str() {
        let Some(since) = expires.filter(|expires| *expires <= now) else { return Ok(Standing::Others) };
        let drill = listed.tag(profile::DRILL).and_then(|drill| drill.parse::<DrillName>().ok());
        let drill = drill.map_or_else(|| "an unknown drill".to_owned(), |drill| format!("the drill {drill}"));
        return Ok(Standing::Overdue(format!("not of this store, overdue since {since}, of {drill}")));
    }
    let Some(run) = run else { return Ok(Standing::Left) };
    let elsewhere = expires.is_some_and(|expires| expires > now) && store.summary(run).await?.is_none();
    Ok(if elsewhere || store.is_live(run)? { Standing::Live } else { Standing::Left })
}

async fn find(source: &RdsSource) -> Result<(Account, Vec<Listed>), InstanceError> {
    let account = Account::open(source).await?;
    let listed = account.named_like_ours().await?;
    Ok((account, listed))
}
