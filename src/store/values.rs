//! What goes into the store and comes out of it.

use jiff::Timestamp;

use crate::model::event::Trigger;
use crate::model::{CleanUp, DrillName, Event, RunId};

/// The beginning of a run.
#[derive(Debug, Clone, PartialEq)]
pub struct Claim {
    /// The run, freshly drawn.
    pub run: RunId,
    /// Its drill.
    pub drill: DrillName,
    /// Its service.
    pub service: String,
    /// What started it.
    pub trigger: Trigger,
    /// Wall clock at its start.
    pub started_at: Timestamp,
    /// The due instant that it answers; `None` for a run by hand, which moves no watermark.
    pub occurrence: Option<Occurrence>,
    /// Event number 0.
    pub opening: Event,
}

/// A due instant of a drill, and which attempt at it this is. The drill's watermark moves up to it with its claim.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Occurrence {
    /// The drill.
    pub drill: DrillName,
    /// The scheduled instant, without jitter.
    pub scheduled_at: Timestamp,
    /// 1, or one more than the last attempt at the same instant.
    pub attempt: u32,
}

/// Which runs `history` lists.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct HistoryFilter {
    /// Only this drill's.
    pub drill: Option<DrillName>,
    /// Only those that began at this instant or later.
    pub since: Option<Timestamp>,
    /// At most so many; `None`: all.
    pub limit: Option<u32>,
}

/// A message about a run, as it is put into the outbox with the run's verdict.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutboxEntry {
    /// By which way: `mail`, `webhook`, `ping`.
    pub channel: String,
    /// To whom.
    pub recipient: String,
    /// The same for the same message however often it is sent; no two in a store are alike.
    pub message_id: String,
    /// The whole message.
    pub body: String,
    /// Not to be sent earlier.
    pub not_before: Timestamp,
}

/// A message that waits in the outbox.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutboxItem {
    /// Its number in the outbox.
    pub id: i64,
    /// The run that it is about.
    pub run: RunId,
    /// The message.
    pub entry: OutboxEntry,
    /// How often it was tried.
    pub attempts: u32,
}

/// A container that is kept on purpose.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptSandbox {
    /// The run that made it.
    pub run: RunId,
    /// The container's name on the engine.
    pub container: String,
    /// When it ends.
    pub until: Timestamp,
}

/// What a later sweep found of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LateCleanUp {
    /// Wall clock of the sweep.
    pub at: Timestamp,
    /// What it found.
    pub found: CleanUp,
}
