//! Where the services stand, from the drills as they are defined and the runs as they are stored: for `status`, the
//! digest and whoever asks for either.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use crate::definition::{Defined, Drill, Schedule};
use crate::model::{DrillName, Verdict};
use crate::record::standing::{LastRehearsal, Standing, Watched, standings as stand};
use crate::record::{Beside, RunRecord, RunSummary};
use crate::store::{HistoryFilter, Store, StoreError};

/// Runs that are read of each drill; more only where there is no proof among them.
const RUNS: u32 = 200;
/// Runs that are looked through for the newest rehearsal.
const LOOKED_THROUGH: usize = 10;
/// How old a proof may be where neither the drill nor a schedule says so.
const PROOF_MAX_AGE: Duration = Duration::from_hours(35 * 24);
/// A drill that is defined nowhere and has not run for so long is history.
const OF_LATE: SignedDuration = SignedDuration::from_hours(35 * 24);

/// The services as they stand at `now`, the worst first, and what is to be told beside them; runs are counted from
/// `since`. A drill that has run of late and that no file defines any more is a service that is not proven where a file
/// that could not be read to its end may be the reason; where none can be, somebody has taken it away, and it is told of
/// beside (2026-11-22).
pub async fn standings(
    defined: &Defined,
    store: &Store,
    since: Timestamp,
    now: Timestamp,
) -> Result<(Vec<Standing>, Beside), StoreError> {
    let Defined { drills, broken } = defined;
    let mut watched = Vec::new();
    for drill in drills {
        watched.push(watch(drill, store, since, now).await?);
    }
    let known: BTreeSet<&DrillName> =
        drills.iter().flat_map(|drill| [&drill.name].into_iter().chain(&drill.was)).collect();
    let named: BTreeSet<&DrillName> =
        broken.iter().flat_map(|file| &file.drills).map(|drill| &drill.name).collect();
    let mut lost: BTreeMap<DrillName, Option<DrillName>> = BTreeMap::new();
    for drill in broken.iter().flat_map(|file| &file.drills).filter(|drill| !known.contains(&drill.name)) {
        // A former name that is another drill's says nothing of this one.
        let is_another = |was: &DrillName| known.contains(was) || named.contains(was);
        let was = drill.was.clone().filter(|was| !is_another(was));
        lost.insert(drill.name.clone(), was);
    }
    let is_told = |name: &DrillName| {
        known.contains(name) || lost.iter().any(|(lost, was)| lost == name || was.as_ref() == Some(name))
    };
    let mut strays = store.newest_of_each(now.checked_sub(OF_LATE).unwrap_or(Timestamp::MIN)).await?;
    strays.retain(|run| !is_told(&run.drill));
    if broken.iter().any(|file| file.unread) {
        lost.extend(strays.drain(..).map(|run| (run.drill, None)));
    }
    for (name, was) in lost {
        watched.push(watch_broken(name, was.as_ref(), store, since, now).await?);
    }
    let beside = Beside { broken: broken.clone(), strays, ..Beside::default() };
    Ok((stand(watched, now), beside))
}

/// A drill as its newest run knew it.
async fn watch_broken(
    drill: DrillName,
    was: Option<&DrillName>,
    store: &Store,
    since: Timestamp,
    now: Timestamp,
) -> Result<Watched, StoreError> {
    let runs = runs(&drill, was, store).await?;
    let newest = match runs.first() {
        Some(run) => record(run, store).await?.map(|record| record.opening),
        None => None,
    };
    let rehearsed = last_rehearsal(&runs, store).await?;
    let earlier = before(since, now);
    Ok(Watched {
        service: newest.as_ref().map_or_else(|| drill.to_string(), |run| run.service.clone()),
        owner: newest.as_ref().and_then(|run| run.owner.clone()),
        contact: newest.as_ref().and_then(|run| run.contact.clone()),
        objectives: newest.map(|run| run.objectives).unwrap_or_default(),
        proof_max_age: PROOF_MAX_AGE,
        has_rollbacks: rehearsed.is_some(),
        next_due_at: None,
        not_verified: Vec::new(),
        rehearsed,
        runs,
        tally: store.tally(&drill, was, since, Timestamp::MAX).await?,
        before: store.tally(&drill, was, earlier, since).await?,
        drill,
        broken: true,
    })
}

/// The beginning of the period of the same length before.
fn before(since: Timestamp, now: Timestamp) -> Timestamp {
    since.checked_sub(now.duration_since(since)).unwrap_or(Timestamp::MIN)
}

async fn watch(
    drill: &Drill,
    store: &Store,
    since: Timestamp,
    now: Timestamp,
) -> Result<Watched, StoreError> {
    let earlier = before(since, now);
    let runs = runs(&drill.name, drill.was.as_ref(), store).await?;
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
        broken: false,
    })
}

/// A drill that has failed for longer than the newest runs reach back has still its proof from before.
async fn runs(
    drill: &DrillName,
    was: Option<&DrillName>,
    store: &Store,
) -> Result<Vec<RunSummary>, StoreError> {
    let named = HistoryFilter { drill: Some(drill.clone()), was: was.cloned(), ..HistoryFilter::default() };
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
