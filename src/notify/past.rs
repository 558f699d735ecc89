//! What the store remembers of a drill, as far as messages about it need it.

use super::policy::Ending;
use crate::definition::Drill;
use crate::model::RunId;
use crate::record::{Conclusion, RunRecord, RunSummary};
use crate::store::{HistoryFilter, Store, StoreError};

/// How many runs a letter looks back on.
const LOOKED_BACK: u32 = 20;

/// The drill before a run.
#[derive(Debug, Default)]
pub(super) struct Past {
    /// The newest ending of which people could hear.
    pub heard: Option<Ending>,
    /// The run before.
    pub previous: Option<(RunRecord, Conclusion)>,
    /// Finished runs, newest first.
    pub history: Vec<RunSummary>,
}

impl Past {
    /// Reads it. A store that can't be read costs the letter its memory, and nobody the letter.
    pub(super) async fn read(drill: &Drill, run: RunId, store: &Store) -> Self {
        read(drill, run, store).await.unwrap_or_else(|error| {
            tracing::warn!(%error, %run, "a message is written without the drill's past");
            Self::default()
        })
    }
}

async fn read(drill: &Drill, run: RunId, store: &Store) -> Result<Past, StoreError> {
    let history = finished_before(drill, run, store).await?;
    let mut heard = store.heard_before(&drill.name, run).await?;
    if let (None, Some(former)) = (&heard, &drill.was) {
        heard = store.heard_before(former, run).await?;
    }
    let heard =
        heard.and_then(|run| Some(Ending { verdict: run.verdict?, reason: run.reason, leaked: run.leaked }));
    let previous = match history.first() {
        Some(before) => RunRecord::fold(&store.events(before.run).await?).ok(),
        None => None,
    };
    let previous = previous.map(|record| {
        let conclusion = Conclusion::of(&record);
        (record, conclusion)
    });
    Ok(Past { heard, previous, history })
}

async fn finished_before(drill: &Drill, run: RunId, store: &Store) -> Result<Vec<RunSummary>, StoreError> {
    let filter = HistoryFilter {
        drill: Some(drill.name.clone()),
        was: drill.was.clone(),
        ended: true,
        limit: Some(LOOKED_BACK + 1),
        ..HistoryFilter::default()
    };
    let runs = store.history(filter).await?.into_iter();
    Ok(runs.filter(|summary| summary.run != run).take(LOOKED_BACK as usize).collect())
}
