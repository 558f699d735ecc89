//! What goes into the store and comes out of it.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::model::event::Trigger;
use crate::model::{Channel, CleanUp, DrillName, Event, Reason, RunId, Verdict};

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

/// The newest occurrence of a drill, and what came of its last attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LastOccurrence {
    /// The occurrence.
    pub occurrence: Occurrence,
    /// The verdict of its last attempt; `None` while that goes on.
    pub verdict: Option<Verdict>,
    /// Wall clock at the end of its last attempt.
    pub ended_at: Option<Timestamp>,
}

/// Which runs `history` lists.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct HistoryFilter {
    /// Only this drill's.
    pub drill: Option<DrillName>,
    /// And those that the drill had under its former name.
    pub was: Option<DrillName>,
    /// Only those that have ended.
    pub ended: bool,
    /// Only those that count as proof.
    pub proof: bool,
    /// Only those that began at this instant or later.
    pub since: Option<Timestamp>,
    /// At most so many; `None`: all.
    pub limit: Option<u32>,
}

/// A message to one recipient, as it is put into the outbox.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OutboxEntry {
    /// By which way.
    pub channel: Channel,
    /// To whom: a mail address, or the reference to an address that is a secret (`env NAME`).
    pub recipient: String,
    /// The same for the same message however often it is sent; of two that are alike, a store keeps the first.
    pub message_id: String,
    /// The whole message.
    pub body: String,
    /// A shorter one, for a server to which the message is too big.
    pub short_body: Option<String>,
    /// Posted when this one is given up: they tell by another way that it did not arrive.
    pub fallback: Vec<OutboxEntry>,
    /// An older message of the same topic to the same recipient that nobody has tried to send is replaced by this one;
    /// of pings, also one that was tried.
    pub topic: Option<String>,
    /// How many messages of the topic this one stands for, itself included.
    pub stands_for: u32,
    /// Not to be sent earlier.
    pub not_before: Timestamp,
}

/// A message that waits in the outbox.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutboxItem {
    /// Its number in the outbox.
    pub id: i64,
    /// The run that it is about; `None` for a digest.
    pub run: Option<RunId>,
    /// The message.
    pub entry: OutboxEntry,
    /// How often it was tried.
    pub attempts: u32,
}

/// Somebody who delivers asks for the next message, which is nobody else's until it is sent, refused, or the time is over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutboxClaim {
    /// By this way.
    pub channel: Channel,
    /// About this.
    pub scope: Scope,
    /// Who asks.
    pub holder: String,
    /// Due at this instant.
    pub now: Timestamp,
    /// Theirs until then.
    pub until: Timestamp,
}

/// What claimed messages are about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// Whatever it is.
    Everything,
    /// One run.
    Run(RunId),
    /// No run.
    Digests,
}

/// The outbox as a whole.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OutboxDepth {
    /// Messages that wait.
    pub waiting: u64,
    /// Of those, how many were tried in vain.
    pub refused: u64,
    /// When the one that waits longest was, or will be, due.
    pub oldest: Option<Timestamp>,
    /// Messages that were given up.
    pub given_up: u64,
}

/// Mails about runs that wait for one recipient, none of them tried yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Crowd {
    /// The address.
    pub recipient: String,
    /// The mails, oldest first.
    pub mails: Vec<CrowdedMail>,
}

/// One of many mails.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CrowdedMail {
    /// Its number in the outbox.
    pub id: i64,
    /// The run that it is about.
    pub run: RunId,
    /// The run's service.
    pub service: String,
    /// Its verdict.
    pub verdict: Verdict,
    /// Why it did not pass.
    pub reason: Option<Reason>,
    /// It left something behind.
    pub leaked: bool,
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
