//! Runs that go on: a task each, caught at its edge. A run that panics becomes an errored run; a run that hangs is no
//! concern of the others.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use tokio::task::{Id, JoinError, JoinSet};

use crate::definition::Drill;
use crate::model::DrillName;
use crate::model::event::Due;
use crate::run::{self, Ended, Order, World, broken};
use crate::schedule::{Demand, Used};
use crate::store::ClaimError;

/// All runs of this daemon.
#[derive(Default)]
pub struct Runs {
    tasks: JoinSet<Result<Option<Ended>, ClaimError>>,
    live: HashMap<Id, Live>,
}

/// A run that goes on.
#[derive(Debug, Clone)]
struct Live {
    drill: Arc<Drill>,
    due: Due,
    demand: Demand,
    /// It has panicked, and its end is being written.
    mending: bool,
}

/// A run that does not go on.
#[derive(Debug)]
pub struct RunEnded {
    /// Its drill, as it was when the run began.
    pub drill: Arc<Drill>,
    /// The due instant that it answers.
    pub due: Due,
    /// What it took.
    pub demand: Demand,
    /// How.
    pub end: End,
}

/// How a run's task came to its end.
#[derive(Debug)]
pub enum End {
    /// With a verdict.
    Ended(Box<Ended>),
    /// It could not begin.
    NotBegun(ClaimError),
    /// By a panic; its verdict is still to be written.
    Panicked,
    /// By a panic before it had begun, or in the writing of its end: the next start of the daemon tells.
    Lost,
}

impl Runs {
    /// Starts a run.
    pub fn start(&mut self, drill: Arc<Drill>, due: Due, demand: Demand, world: World) {
        let order = Order { due: Some(due.clone()), ..Order::default() };
        let of = drill.clone();
        let task = self.tasks.spawn(async move { Box::pin(run::run(&of, &order, &world)).await.map(Some) });
        self.live.insert(task.id(), Live { drill, due, demand, mending: false });
    }

    /// Tears down and ends a run whose task has panicked.
    pub fn mend(&mut self, drill: Arc<Drill>, due: Due, demand: Demand, world: World) {
        let of = drill.clone();
        let mending = async move { Box::pin(broken::finish(&of, &world)).await.map_err(ClaimError::from) };
        let task = self.tasks.spawn(mending);
        self.live.insert(task.id(), Live { drill, due, demand, mending: true });
    }

    /// Waits for the next end; for ever where nothing runs.
    pub async fn next(&mut self) -> RunEnded {
        loop {
            let Some(ended) = self.tasks.join_next_with_id().await else {
                return std::future::pending().await;
            };
            let id = ended.as_ref().map_or_else(JoinError::id, |(id, _)| *id);
            let Some(Live { drill, due, demand, mending }) = self.live.remove(&id) else { continue };
            let end = match ended {
                Ok((_, Ok(Some(ended)))) => End::Ended(Box::new(ended)),
                Ok((_, Err(error))) => End::NotBegun(error),
                Err(_) if !mending => End::Panicked,
                Ok((_, Ok(None))) | Err(_) => End::Lost,
            };
            return RunEnded { drill, due, demand, end };
        }
    }

    /// The drills that have a run.
    pub fn busy(&self) -> BTreeSet<DrillName> {
        self.live.values().map(|live| live.drill.name.clone()).collect()
    }

    /// What they take.
    pub fn used(&self) -> Used {
        self.live.values().fold(Used::default(), |used, live| used.with(&live.demand))
    }

    /// How many go on.
    pub fn count(&self) -> usize {
        self.live.len()
    }
}
