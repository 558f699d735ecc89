//! What a run may touch, as one value.

use std::path::PathBuf;
use std::sync::Mutex;
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::OnceCell;
use tokio_util::sync::CancellationToken;

use crate::engine::{Engine, EngineError};
use crate::listen::Listener;
use crate::store::Store;

/// Everything outside itself that a run reads, writes or asks.
pub struct World {
    /// The journal, and who else is at work.
    pub store: Store,
    /// Addresses at which an engine may answer, in order.
    pub engine_hosts: Vec<String>,
    /// The engine, once somebody has asked for it.
    engine: OnceCell<Engine>,
    /// Memory that sandboxes may take together, where the settings say so.
    pub runner_memory: Option<u64>,
    /// Whoever is shown the run.
    pub listener: Mutex<Box<dyn Listener>>,
    /// Cancelled when a person wants the run to stop.
    pub cancel: CancellationToken,
}

impl World {
    /// A world without an engine yet: a run whose engine does not answer is recorded like any other.
    pub fn new(
        store: Store,
        engine_hosts: Vec<String>,
        runner_memory: Option<u64>,
        listener: Box<dyn Listener>,
        cancel: CancellationToken,
    ) -> Self {
        let listener = Mutex::new(listener);
        Self { store, engine_hosts, engine: OnceCell::new(), runner_memory, listener, cancel }
    }

    /// The engine, connected at the first call.
    pub async fn engine(&self) -> Result<&Engine, EngineError> {
        self.engine.get_or_try_init(|| Engine::connect(&self.engine_hosts)).await
    }

    /// The engine where it was already connected: the teardown has nothing to remove where nobody ever asked.
    pub fn connected_engine(&self) -> Option<&Engine> {
        self.engine.get()
    }

    /// Where a run's files are staged.
    pub fn staging(&self, run: crate::model::RunId) -> PathBuf {
        self.store.state().join("staging").join(run.to_string())
    }
}

/// What a person asked for beside the drill.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Order {
    /// This backup and no other.
    pub backup: Option<String>,
    /// Keep the sandbox for so long, whatever the verdict.
    pub keep: Option<Duration>,
}

/// The wall clock, read in one place.
pub fn wall_clock() -> Timestamp {
    Timestamp::now()
}
