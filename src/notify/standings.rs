//! Where the services stand, from the drills as they are defined and the runs as they are stored: for `status`, the
//! digest and whoever asks for either.

use std::time::Duration;

use jiff::Timestamp;

use crate::definition::{Drill, Schedule};
use crate::model::Verdict;
use crate::record::standing::{LastRehearsal, Standing, Watched, standings as stand};
use crate::record::{RunRecord, RunSummary};
use crate::store::{HistoryFilter, Store, StoreError};

/// Runs that are read of each drill; more only where there is no proof among them.
const RUNS: u32 = 200;
/// Runs that are looked through for the newest rehearsal.
const LOOKED_THROUGH: usize = 10;
/// How old a proof may be where neither the drill nor a schedule says so.
const PROOF_MAX_AGE: Duration = Duration::from_hours(35 * 24);

/// The services of these drills as they stand at `now`, the worst first; runs are counted from `since`.
pub async fn standings(
    drills: &[Drill],
    store: &Store,
    since: Timestamp,
    now: Timestamp,
) -> Result<Vec<Standing>, StoreError> {
    let mut watched = Vec::new();
    for drill in drills {
        watched.push(watch(drill, store, since, now).await?);
    }
    Ok(stand(watched, now))
}

async fn watch(
    drill: &Drill,
    store: &Store,
    since: Timestamp,
    now: Timestamp,
) -> Result<Watched, StoreError> {
    let earlier = since.checked_sub(now.duration_since(since)).unwrap_or(Timestamp::MIN);
    let runs = runs(drill, store).await?;
    let proof = runs.iter().find(|run| run.proof);
    let not_verified = match proof {
        Some(run) => record(run, store).await?.map(|record| record.not_verified),
        None => None,
    };
    let rehearsed = if drill.rollbacks.is_empty() { None } else { last_rehearsal(&runs, store).await? };
    Ok(Watched {
        drill: drill.name.clone(),
        service: drill.service.clone(),
        owner: drill.owner.clone(),
        contact: drill.contact.clone(),
        objectives: drill.objectives.clone(),
        proof_max_age: drill.proof_max_age.unwrap_or_else(|| proof_max_age(drill.schedule.as_ref(), now)),
        has_rollbacks: !drill.rollbacks.is_empty(),
        next_due_at: drill.schedule.as_ref().and_then(|schedule| schedule.calendar.next_after(now)),
        not_verified: not_verified.unwrap_or_default(),
        rehearsed,
        runs,
        tally: store.tally(&drill.name, drill.was.as_ref(), since, Timestamp::MAX).await?,
        before: store.tally(&drill.name, drill.was.as_ref(), earlier, since).await?,
    })
}

/// A drill that has failed for longer than the newest runs reach back has still its proof from before.
async fn runs(drill: &Drill, store: &Store) -> Result<Vec<RunSummary>, StoreError> {
    let named =
        HistoryFilter { drill: Some(drill.name.clone()), was: drill.was.clone(), ..HistoryFilter::default() };
    let of_drill = |limit| HistoryFilter { limit, ..named.clone() };
    let newest = store.history(of_drill(Some(RUNS))).await?;
    if newest.len() < RUNS as usize || newest.iter().any(|run| run.proof) {
        return Ok(newest);
    }
    store.history(of_drill(None)).await
}

async fn record(run: &RunSummary, store: &Store) -> Result<Option<RunRecord>, StoreError> {
    let events = store.events(run.run).await?;
    Ok(RunRecord::fold(&events).ok())
}

async fn last_rehearsal(runs: &[RunSummary], store: &Store) -> Result<Option<LastRehearsal>, StoreError> {
    let came_far = |run: &&RunSummary| matches!(run.verdict, Some(Verdict::Passed | Verdict::Failed));
    for run in runs.iter().filter(came_far).take(LOOKED_THROUGH) {
        let Some(record) = record(run, store).await? else { continue };
        let rehearsed: Vec<_> = record.rehearsals_in_order().into_iter().cloned().collect();
        if !rehearsed.is_empty() {
            return Ok(Some(LastRehearsal { at: run.started_at, rehearsed }));
        }
    }
    Ok(None)
}

/// Twice the longest distance between the next due instants, so that a weekend makes no drill of working days stale.
fn proof_max_age(schedule: Option<&Schedule>, now: Timestamp) -> Duration {
    let Some(schedule) = schedule else { return PROOF_MAX_AGE };
    let due =
        std::iter::successors(schedule.calendar.next_after(now), |last| schedule.calendar.next_after(*last));
    let due: Vec<Timestamp> = due.take(8).collect();
    let apart = due.windows(2).filter_map(|pair| Duration::try_from(pair[1].duration_since(pair[0])).ok());
    apart.max().map_or(PROOF_MAX_AGE, |longest| longest * 2)
}
