//! What the daemon does beside runs, a task each so that neither a silent engine nor a slow mail server holds the loop.

use std::time::{Duration, Instant};

use jiff::Timestamp;
use tokio::task::AbortHandle;

use super::wake::{Wake, Waker};
use crate::definition::Defined;
use crate::definition::settings::Digest;
use crate::engine::Engine;
use crate::failpoint;
use crate::notify::Notifier;
use crate::run::halt::Halt;
use crate::run::sweep::instances::RdsDrill;
use crate::run::sweep::{self, Swept};
use crate::run::world::wall_clock;
use crate::store::Store;

/// Between two sweeps.
const SWEEP_EVERY: Duration = Duration::from_mins(1);

/// The result of a chore.
#[derive(Debug)]
pub enum Done {
    /// The engine was asked: memory of its machine in bytes, where it answered.
    Asked(Option<u64>),
    /// A sweep.
    Swept {
        /// What it did.
        swept: Swept,
        /// Why it did not come to its end.
        ended: Result<(), Halt>,
    },
    /// A round over the outbox; when the next message can be delivered, or the next digest is due, perhaps already.
    Delivered(Option<Timestamp>),
}

/// Which chores go on, and when they were last begun. A chore whose task died is over as well.
#[derive(Default)]
pub struct Chores {
    sweep: Option<(AbortHandle, Instant)>,
    delivery: Option<AbortHandle>,
    /// When a message can be delivered: at once after the daemon's start, because one before it may have left some.
    next_mail: NextMail,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum NextMail {
    #[default]
    Now,
    At(Timestamp),
    None,
}

impl Chores {
    /// Sweeps, unless a sweep goes on or is not due.
    pub fn sweep_if_due(
        &mut self,
        store: &Store,
        engine_hosts: &[String],
        drills: impl FnOnce() -> Vec<RdsDrill>,
        waker: &Waker,
    ) {
        let waits = self
            .sweep
            .as_ref()
            .is_some_and(|(task, begun)| !task.is_finished() || begun.elapsed() < SWEEP_EVERY);
        if waits {
            return;
        }
        let (store, hosts, drills) = (store.clone(), engine_hosts.to_vec(), drills());
        let waker = waker.clone();
        let task = tokio::spawn(async move {
            Box::pin(sweep_once(&store, &hosts, &drills, &waker)).await;
        });
        self.sweep = Some((task.abort_handle(), Instant::now()));
    }

    /// A message was put into the outbox.
    pub fn mail_is_due(&mut self) {
        self.next_mail = NextMail::Now;
    }

    /// Delivers what is due, unless a round goes on; `round` says of what and by whom.
    pub fn deliver_if_due(&mut self, round: impl FnOnce() -> Round, now: Timestamp) {
        let due = match self.next_mail {
            NextMail::Now => true,
            NextMail::At(at) => at <= now,
            NextMail::None => false,
        };
        if !due || self.delivery.as_ref().is_some_and(|task| !task.is_finished()) {
            return;
        }
        // Whatever is posted from now on makes it due again.
        self.next_mail = NextMail::None;
        self.delivery = Some(tokio::spawn(deliver(round(), now)).abort_handle());
    }

    /// A round is over.
    pub fn delivered(&mut self, next_at: Option<Timestamp>) {
        if self.next_mail != NextMail::Now {
            self.next_mail = next_at.map_or(NextMail::None, NextMail::At);
        }
    }

    /// When the next message can be delivered.
    pub fn next_mail_at(&self) -> Option<Timestamp> {
        match self.next_mail {
            NextMail::At(at) => Some(at),
            NextMail::Now | NextMail::None => None,
        }
    }

    /// Waits for a round that goes on, so that what has just been decided is told before the daemon ends.
    pub async fn finish_delivery(&mut self, patience: Duration) {
        let begun = Instant::now();
        while self.delivery.as_ref().is_some_and(|task| !task.is_finished()) && begun.elapsed() < patience {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}

/// What a round over the outbox needs.
pub struct Round {
    /// Who delivers.
    pub notifier: Notifier,
    /// The outbox.
    pub store: Store,
    /// The digest of all services, where people want one, and what it is about.
    pub digest: Option<(Digest, Defined)>,
    /// Whom to wake when it is over.
    pub waker: Waker,
}

async fn deliver(round: Round, now: Timestamp) {
    failpoint::reach("before_delivery").await;
    let next_digest = match &round.digest {
        Some((digest, defined)) => round.notifier.digest_due(digest, defined, &round.store, now).await,
        None => Ok(None),
    };
    let next_digest = next_digest.unwrap_or_else(|error| {
        tracing::error!(%error, "no digest");
        now.checked_add(SWEEP_EVERY).ok()
    });
    let delivered = Box::pin(round.notifier.deliver_due(&round.store, now)).await;
    failpoint::reach("after_delivery").await;
    let next_at = delivered.next_at.into_iter().chain(next_digest).min();
    drop(round.waker.send(Wake::ChoreDone(Box::new(Done::Delivered(next_at)))));
}

async fn sweep_once(store: &Store, hosts: &[String], drills: &[RdsDrill], waker: &Waker) {
    // Nobody waits for it when the daemon has ended.
    let tell = |done| drop(waker.send(Wake::ChoreDone(Box::new(done))));
    let engine = Engine::connect(hosts).await;
    // A sweep may take minutes, and runs wait for the answer.
    tell(Done::Asked(engine.as_ref().ok().map(|engine| engine.about().memory_bytes)));
    failpoint::reach("before_sweep").await;
    let mut swept = Swept::default();
    let sweeping = sweep::sweep(store, engine.as_ref().ok(), drills, wall_clock(), false, &mut swept);
    let ended = Box::pin(sweeping).await.and(engine.map(drop).map_err(Halt::from));
    failpoint::reach("after_sweep").await;
    tell(Done::Swept { swept, ended });
}

/// Tells what a sweep has done, where it has done anything.
pub fn tell(swept: &Swept, ended: &Result<(), Halt>) {
    for run in &swept.aborted {
        tracing::warn!(run = %run.run, drill = %run.drill, "its process had died: aborted");
    }
    for effect in &swept.removed {
        tracing::info!(%effect, "removed what an interrupted run had left");
    }
    for failure in &swept.failed {
        tracing::error!(%failure, "could not be removed");
    }
    for overdue in &swept.overdue {
        tracing::info!(%overdue, "somebody else's, and left alone");
    }
    if let Err(halt) = ended {
        tracing::warn!(reason = halt.0.reason.word(), detail = %halt.0.detail, "no sweep");
    }
}
