//! How the daemon is: kept by its loop, read by whoever asks over HTTP.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use jiff::Timestamp;

use super::metrics::Metrics;
use crate::model::DrillName;
use crate::record::RunSummary;
use crate::store::Store;

/// The loop looks every half minute; one that has not for so long stands still.
const STANDSTILL: Duration = Duration::from_secs(90);

/// Everything that can be asked.
pub struct Health {
    store: Store,
    now: Mutex<Now>,
    metrics: Metrics,
}

/// The state as of the last look.
#[derive(Debug, Clone)]
pub struct Now {
    /// When the loop last turned.
    pub turned: Instant,
    /// Drills in force; `None` until the loop has turned once.
    pub drills: Option<BTreeSet<DrillName>>,
    /// Those of them that have a schedule.
    pub scheduled: BTreeSet<DrillName>,
    /// Errors in their files.
    pub errors: usize,
    /// Runs that go on.
    pub running: usize,
    /// Runs that wait for room.
    pub waiting: usize,
    /// Whether the engine answered when it was last asked; `None` where it has not been asked yet.
    pub engine: Option<bool>,
    /// What the store has lately not taken, in a sentence.
    pub refused: Option<String>,
    /// When each drill is due next.
    pub next_due: BTreeMap<DrillName, Timestamp>,
}

impl Health {
    /// Of a daemon that has just started.
    pub fn new(store: Store) -> Self {
        let now = Now {
            turned: Instant::now(),
            drills: None,
            scheduled: BTreeSet::new(),
            errors: 0,
            running: 0,
            waiting: 0,
            engine: None,
            refused: None,
            next_due: BTreeMap::new(),
        };
        Self { store, now: Mutex::new(now), metrics: Metrics::new() }
    }

    /// The loop has turned, and this is how things are.
    pub fn turned(&self, now: Now) {
        *self.now.lock().unwrap_or_else(PoisonError::into_inner) = now;
    }

    /// A run has ended, or one that never began was written down.
    pub fn ended(&self, run: &RunSummary) {
        self.metrics.ended(run);
    }

    /// What a drill's older run has proven, so that a restart forgets no proof.
    pub fn proven(&self, drill: &DrillName, run: &RunSummary) {
        self.metrics.proven(drill, run);
    }

    /// Whether the loop turns.
    pub fn is_alive(&self) -> bool {
        self.now().turned.elapsed() < STANDSTILL
    }

    /// What keeps the daemon from doing its work, a sentence each.
    pub async fn lacking(&self) -> Vec<String> {
        let now = self.now();
        let mut lacking = Vec::new();
        if let Err(error) = self.store.can_write().await {
            lacking.push(error.to_string());
        }
        lacking.extend(now.refused);
        match now.engine {
            Some(true) => {}
            Some(false) => lacking.push("the container engine does not answer".to_owned()),
            None => lacking.push("the container engine has not been asked yet".to_owned()),
        }
        if now.turned.elapsed() >= STANDSTILL {
            lacking.push("the loop stands still".to_owned());
        }
        if now.drills.as_ref().is_none_or(BTreeSet::is_empty) {
            lacking.push("there is no valid drill".to_owned());
        }
        lacking
    }

    /// Everything that is measured, in Prometheus' text format.
    pub async fn metrics(&self) -> String {
        let now = self.now();
        let waiting = self.store.outbox_depth().await.ok().map(|depth| depth.waiting);
        self.metrics.text(&now, waiting)
    }

    fn now(&self) -> Now {
        self.now.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
