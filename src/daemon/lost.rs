//! What a daemon owes to those before it: people are told of the runs that were lost with them, and what they proved is
//! not forgotten.

use std::time::Duration;

use jiff::Timestamp;

use super::definitions::Definitions;
use super::health::Health;
use crate::failpoint;
use crate::model::RunId;
use crate::notify::Notifier;
use crate::record::{Conclusion, RunRecord};
use crate::store::{HistoryFilter, Store, StoreError};

/// Older ones are history, and nobody is woken for them.
const WORTH_TELLING: Duration = Duration::from_hours(24 * 7);

/// Puts the messages about lost runs into the outbox. Whoever wrote them down, this daemon or a command by hand before
/// it, had nobody to tell; a message that is there already is not written twice. True where there may be one to deliver.
pub(super) async fn tell(
    store: &Store,
    definitions: &Definitions,
    notifier: &Notifier,
    now: Timestamp,
) -> bool {
    let since = now.checked_sub(WORTH_TELLING).unwrap_or(Timestamp::MIN);
    let lost = match store.lost_untold(since).await {
        Ok(lost) => lost,
        Err(error) => {
            tracing::error!(%error, "nobody is told of lost runs");
            return false;
        }
    };
    let found = !lost.is_empty();
    for run in lost {
        if let Err(error) = tell_of(run, store, definitions, notifier).await {
            tracing::error!(%run, %error, "nobody is told of a lost run");
        }
    }
    found
}

async fn tell_of(
    run: RunId,
    store: &Store,
    definitions: &Definitions,
    notifier: &Notifier,
) -> Result<(), StoreError> {
    // Without its opening, or without its drill, it is not known who wants to hear of it.
    let Ok(record) = RunRecord::fold(&store.events(run).await?) else { return Ok(()) };
    let Some(drill) = definitions.drills().get(&record.opening.drill) else { return Ok(()) };
    let messages = notifier.messages(drill, &record, &Conclusion::of(&record), store).await;
    failpoint::reach("before_lost").await;
    store.post(Some(run), &messages).await
}

/// A restart is no reason to take a proof off the metrics.
pub(super) async fn remember_proofs(store: &Store, definitions: &Definitions, health: &Health) {
    for drill in definitions.drills().values() {
        let newest = HistoryFilter {
            drill: Some(drill.name.clone()),
            was: drill.was.clone(),
            proof: true,
            limit: Some(1),
            ..HistoryFilter::default()
        };
        if let Some(proof) = store.history(newest).await.unwrap_or_default().first() {
            health.proven(&drill.name, proof);
        }
    }
}
