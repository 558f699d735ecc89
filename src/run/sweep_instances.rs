//! The sweeper's part in the accounts of RDS drills: temporary instances that carry this store's tag and belong to no
//! live run are deleted, and their end is waited for.

use std::collections::BTreeMap;
use std::str::FromStr;
use std::time::Duration;

use super::halt::Halt;
use super::sweep::Swept;
use crate::definition::{Drill, RdsSource, Source};
use crate::model::{DrillName, Effect, EffectKind, RunId};
use crate::sandbox::profile::{RUN, STORE};
use crate::source::rds::instance::{Account, InstanceError, Listed};
use crate::store::{HistoryFilter, Store};

/// Longest wait for an instance to be gone; a later sweep goes on with one that takes longer.
const REMOVAL: Duration = Duration::from_mins(20);

/// A drill whose runs make temporary instances.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RdsDrill {
    /// Its name.
    pub name: DrillName,
    /// The account that they are made in.
    pub source: RdsSource,
}

/// Those of these drills.
pub fn rds_drills<'a>(drills: impl IntoIterator<Item = &'a Drill>) -> Vec<RdsDrill> {
    let of = |drill: &Drill| match &drill.backup.source {
        Source::Rds(rds) => Some(RdsDrill { name: drill.name.clone(), source: rds.clone() }),
        _ => None,
    };
    drills.into_iter().filter_map(of).collect()
}

/// Looks into the accounts alone, where the engine does not answer: an instance costs money meanwhile.
pub async fn sweep_accounts(store: &Store, drills: &[RdsDrill]) -> Result<(), Halt> {
    let (mut swept, mut of_runs) = (Swept::default(), BTreeMap::new());
    sweep_instances(store, drills, false, &mut swept, &mut of_runs).await
}

/// The accounts, each once, of drills that have run here: of any other no instance can carry this store's tag, and whoever
/// has only read the example need not have an account.
async fn accounts(store: &Store, drills: &[RdsDrill]) -> Result<Vec<RdsSource>, Halt> {
    let mut accounts: Vec<RdsSource> = Vec::new();
    for drill in drills {
        let one =
            HistoryFilter { drill: Some(drill.name.clone()), limit: Some(1), ..HistoryFilter::default() };
        let new = !accounts.iter().any(|known| known.access == drill.source.access);
        if new && !store.history(one).await?.is_empty() {
            accounts.push(drill.source.clone());
        }
    }
    Ok(accounts)
}

/// Looks into each account once.
pub(super) async fn sweep_instances(
    store: &Store,
    drills: &[RdsDrill],
    dry_run: bool,
    swept: &mut Swept,
    of_runs: &mut BTreeMap<RunId, Vec<String>>,
) -> Result<(), Halt> {
    let accounts = accounts(store, drills).await?;
    swept.instances_known = !accounts.is_empty();
    for source in accounts {
        let (account, found) = match find(store, &source).await {
            Ok(found) => found,
            Err(error) => {
                swept.instances_known = false;
                swept.failed.push(format!("temporary instances of {}: {error}", source.instance));
                continue;
            }
        };
        for listed in found {
            let run = listed.tag(RUN).and_then(|run| RunId::from_str(run).ok());
            let effect = Effect { kind: EffectKind::RdsInstance, name: listed.name.clone() };
            match run {
                Some(run) if store.is_live(run)? => swept.live.push(effect),
                _ if dry_run => swept.removed.push(effect),
                _ => remove(&account, effect, run, swept, of_runs).await,
            }
        }
    }
    Ok(())
}

async fn find(store: &Store, source: &RdsSource) -> Result<(Account, Vec<Listed>), InstanceError> {
    let account = Account::open(source).await?;
    let listed = account.tagged(STORE, store.id().as_str()).await?;
    Ok((account, listed))
}

async fn remove(
    account: &Account,
    effect: Effect,
    run: Option<RunId>,
    swept: &mut Swept,
    of_runs: &mut BTreeMap<RunId, Vec<String>>,
) {
    let told = run.map(|run| of_runs.entry(run).or_default());
    match account.remove(&effect.name, REMOVAL, |_, _| {}).await {
        Ok(()) => swept.removed.push(effect),
        Err(error) => {
            let failure = format!("{effect}: {error}");
            if let Some(told) = told {
                told.push(failure.clone());
            }
            swept.failed.push(failure);
        }
    }
}
