//! Watches a sandbox for what its own connections can't tell: that a process was killed for memory, that it ended.

use std::sync::{Arc, Mutex, PoisonError};

use futures_util::StreamExt;
use tokio::sync::watch;

use super::server_log::ServerLog;
use crate::database::postgres::start;
use crate::engine::{EngineEvent, EngineEvents};
use crate::model::Reason;

/// The engine's events of one sandbox, folded into what they mean for the run.
#[derive(Clone)]
pub struct Watch {
    trouble: Arc<Mutex<Option<Reason>>>,
    changed: watch::Receiver<()>,
    log: ServerLog,
}

impl Watch {
    /// Watches until the sandbox's events end.
    pub(super) fn begin(mut events: EngineEvents, log: &ServerLog) -> Self {
        let trouble = Arc::new(Mutex::new(None));
        let (notify, changed) = watch::channel(());
        let shared = Arc::clone(&trouble);
        let attached = log.clone();
        tokio::spawn(async move {
            loop {
                let event = tokio::select! {
                    event = events.next() => event,
                    // The attachment ends with process 1 even where the engine's events do not arrive.
                    () = attached.ended() => Some(EngineEvent::Ended { exit_code: None }),
                };
                let Some(event) = event else { break };
                note(&shared, event);
                notify.send_replace(());
                if matches!(event, EngineEvent::Ended { .. }) {
                    break;
                }
            }
        });
        Self { trouble, changed, log: log.clone() }
    }

    /// What happened to the sandbox, as a reason; `None` while all is well.
    pub fn trouble(&self) -> Option<Reason> {
        let told = *self.trouble.lock().unwrap_or_else(PoisonError::into_inner);
        let killed = self.log.killed_backend().then_some(Reason::SandboxOutOfMemory);
        let full = self.log.no_space().then_some(Reason::DiskFull);
        match told {
            Some(Reason::SandboxOutOfMemory) => told,
            _ => killed.or(full).or(self.log.is_over().then_some(Reason::Timeout)).or(told),
        }
    }

    /// Waits until something happened to the sandbox.
    pub async fn until_trouble(&self) -> Reason {
        let mut changed = self.changed.clone();
        loop {
            changed.mark_unchanged();
            if let Some(reason) = self.trouble() {
                return reason;
            }
            if changed.changed().await.is_err() {
                // Without events only the log is left, and it is asked at every end of a step.
                std::future::pending::<()>().await;
            }
        }
    }
}

/// Memory wins over the end that follows from it.
fn note(trouble: &Mutex<Option<Reason>>, event: EngineEvent) {
    let mut trouble = trouble.lock().unwrap_or_else(PoisonError::into_inner);
    match event {
        EngineEvent::OutOfMemory => *trouble = Some(Reason::SandboxOutOfMemory),
        EngineEvent::Ended { exit_code } => {
            let over = exit_code == Some(start::TIME_OVER);
            trouble.get_or_insert(if over { Reason::Timeout } else { Reason::SandboxLost });
        }
    }
}
