//! What a run may touch, as one value.

use std::path::PathBuf;
use std::sync::Mutex;
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::OnceCell;
use tokio_util::sync::CancellationToken;

use crate::engine::{Engine, EngineError};
use crate::listen::Listener;
use crate::model::Reason;
use crate::model::event::Due;
use crate::notify::Notifier;
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
    /// Cancelled when somebody wants the run to stop; why is in [`World::cancel_reason`].
    pub cancel: CancellationToken,
    /// Why a cancelled run is stopped: by a person, or because the daemon shuts down.
    pub cancel_reason: Reason,
    /// Whoever writes the messages about a run that has ended; `None` where nobody is told.
    pub notifier: Option<Notifier>,
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
        Self {
            store,
            engine_hosts,
            engine: OnceCell::new(),
            runner_memory,
            listener,
            cancel,
            cancel_reason: Reason::ByPerson,
            notifier: None,
        }
    }

    /// The world of a run of the daemon's: a cancellation is a shutdown, and people are told of the end.
    #[must_use]
    pub fn of_the_daemon(self, notifier: Notifier) -> Self {
        Self { cancel_reason: Reason::Shutdown, notifier: Some(notifier), ..self }
    }

    /// People are told of the end.
    #[must_use]
    pub fn with_notifier(self, notifier: Notifier) -> Self {
        Self { notifier: Some(notifier), ..self }
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

/// What was asked for beside the drill.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Order {
    /// This backup and no other.
    pub backup: Option<String>,
    /// Keep the sandbox for so long, whatever the verdict.
    pub keep: Option<Duration>,
    /// The due instant that the run answers; `None` for a run by hand.
    pub due: Option<Due>,
}

/// The wall clock, read in one place.
pub fn wall_clock() -> Timestamp {
    let now = Timestamp::now();
    #[cfg(debug_assertions)]
    let now = SHIFT.get().and_then(|shift| now.checked_add(*shift).ok()).unwrap_or(now);
    now
}

#[cfg(debug_assertions)]
static SHIFT: std::sync::OnceLock<jiff::SignedDuration> = std::sync::OnceLock::new();

/// Sets the wall clock ahead or back, once per process, so that a test need not wait for a minute to come. Nothing in a
/// release.
pub fn shift_clock(by: jiff::SignedDuration) {
    #[cfg(debug_assertions)]
    let _ = SHIFT.set(by);
    #[cfg(not(debug_assertions))]
    let _ = by;
}
