//! The outbox is emptied: a message at a time, each claimed, tried, and then marked as sent, waiting or given up.
//!
//! A process that dies between a server's yes and the mark sends the message once more, with the same identity; there is
//! no order of the two that never does (2026-11-21).

use std::fmt;
use std::panic::AssertUnwindSafe;
use std::time::{Duration, Instant};

use futures_util::FutureExt;
use futures_util::future::join_all;
use jiff::Timestamp;

use super::Notifier;
use super::postman::Postman;
use super::trouble::{Trouble, wait_after};
use crate::failpoint;
use crate::model::RunId;
use crate::store::{Channel, OutboxClaim, OutboxItem, Scope, Store, StoreError};

/// How long a message is one deliverer's: longer than any attempt may take.
const LEASE: Duration = Duration::from_mins(4);
/// The longest attempt.
const ATTEMPT: Duration = Duration::from_mins(3);
/// One message whose delivery panicked must not be what the next pass begins with.
const PARKED: Duration = Duration::from_hours(1);
/// At most so many in one pass, so that whoever called gets back to its other work.
const MOST: usize = 500;

/// What one pass over the outbox did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Delivered {
    /// Messages that were taken.
    pub sent: u32,
    /// Messages that were not taken and wait for another attempt.
    pub waiting: u32,
    /// Messages that will not be tried again.
    pub given_up: u32,
    /// What the last refusal was, for a person.
    pub refusal: Option<String>,
    /// When the next message can be delivered, perhaps already; `None` where none waits.
    pub next_at: Option<Timestamp>,
}

/// `2 messages sent; 1 waits for another attempt (451 …)`.
impl fmt::Display for Delivered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.sent {
            0 => f.write_str("no message sent")?,
            1 => f.write_str("1 message sent")?,
            sent => write!(f, "{sent} messages sent")?,
        }
        if self.waiting > 0 {
            write!(f, "; {} not taken, to be tried again by the daemon", self.waiting)?;
        }
        if self.given_up > 0 {
            write!(f, "; {} refused and given up", self.given_up)?;
        }
        match &self.refusal {
            Some(why) => write!(f, " ({why})"),
            None => Ok(()),
        }
    }
}

/// Whose messages are delivered, and by whom.
struct Round<'a> {
    store: &'a Store,
    scope: Scope,
    holder: String,
    now: Timestamp,
    begun: Instant,
}

impl Delivered {
    /// Both together.
    fn and(self, other: Self) -> Self {
        Self {
            sent: self.sent + other.sent,
            waiting: self.waiting + other.waiting,
            given_up: self.given_up + other.given_up,
            refusal: other.refusal.or(self.refusal),
            next_at: self.next_at.or(other.next_at),
        }
    }
}

impl Notifier {
    /// Delivers what is due, as the daemon, of which there is one to a store. Never fails: what goes wrong is logged, and
    /// a message that was not taken waits.
    pub async fn deliver_due(&self, store: &Store, now: Timestamp) -> Delivered {
        const HOLDER: &str = "daemon";
        if !self.resumed.swap(true, std::sync::atomic::Ordering::Relaxed)
            && let Err(error) = store.outbox_release(HOLDER).await
        {
            tracing::warn!(%error, "what a killed daemon was sending waits for the end of its claim");
        }
        self.deliver(Round {
            store,
            scope: Scope::Everything,
            holder: HOLDER.to_owned(),
            now,
            begun: Instant::now(),
        })
        .await
    }

    /// Delivers the messages about one run at once, for a run by hand.
    pub async fn flush(&self, store: &Store, run: RunId, now: Timestamp) -> Delivered {
        let holder = format!("run {run}");
        self.deliver(Round { store, scope: Scope::Run(run), holder, now, begun: Instant::now() }).await
    }

    /// Delivers the digests at once.
    pub(super) async fn flush_digests(&self, store: &Store, now: Timestamp) -> Delivered {
        let holder = format!("digest of process {}", std::process::id());
        self.deliver(Round { store, scope: Scope::Digests, holder, now, begun: Instant::now() }).await
    }

    /// Every channel at the same time: a mail server that stalls holds up no dead man's switch.
    async fn deliver(&self, round: Round<'_>) -> Delivered {
        let outcomes = match self.calm_where_all_is_sent(&round).await {
            Ok(()) => join_all(Channel::ALL.map(|channel| self.go_round(channel, &round))).await,
            Err(error) => vec![(Delivered::default(), Err(error))],
        };
        let mut delivered = Delivered::default();
        let mut failed = None;
        for (one, outcome) in outcomes {
            delivered = delivered.and(one);
            failed = failed.or(outcome.err());
        }
        delivered.next_at = match failed {
            Some(error) => {
                tracing::error!(%error, "the outbox could not be read or written");
                Some(round.later(Duration::from_mins(1)))
            }
            None => round.store.outbox_next().await.ok().flatten(),
        };
        delivered
    }

    async fn calm_where_all_is_sent(&self, round: &Round<'_>) -> Result<(), StoreError> {
        match round.scope {
            Scope::Everything => self.calm(round.store, round.now).await,
            Scope::Run(_) | Scope::Digests => Ok(()),
        }
    }

    /// The messages of one channel, with what became of them until the store failed, if it did.
    async fn go_round(&self, channel: Channel, round: &Round<'_>) -> (Delivered, Result<(), StoreError>) {
        let mut delivered = Delivered::default();
        let mut postman = self.postman(channel);
        let outcome = round.empty(channel, &mut postman, &mut delivered).await;
        postman.leave().await;
        (delivered, outcome)
    }
}

/// One attempt: it ends in time, and no fault of ours takes the other messages with it.
async fn attempt(postman: &mut Postman<'_>, item: &OutboxItem) -> Result<(), Refused> {
    let delivering = async {
        failpoint::reach("before_smtp").await;
        postman.deliver(&item.entry).await
    };
    let attempt = AssertUnwindSafe(tokio::time::timeout(ATTEMPT, delivering));
    let outcome = match attempt.catch_unwind().await {
        Ok(Ok(outcome)) => outcome.map_err(Refused::by),
        Ok(Err(_)) => Err(Refused::by(Trouble::Transient("it took longer than 3 minutes".to_owned()))),
        Err(_) => {
            Err(Refused { park: true, why: Trouble::Transient("a fault of Drillyard itself".to_owned()) })
        }
    };
    if outcome.is_ok() {
        failpoint::reach("after_smtp_250").await;
    } else {
        // Whatever state the connection is in, the next message begins a new one.
        postman.hang_up();
    }
    outcome
}

struct Refused {
    why: Trouble,
    park: bool,
}

impl Refused {
    fn by(why: Trouble) -> Self {
        Self { why, park: false }
    }
}

impl Round<'_> {
    fn now(&self) -> Timestamp {
        self.later(Duration::ZERO)
    }

    fn later(&self, after: Duration) -> Timestamp {
        self.now.checked_add(self.begun.elapsed() + after).unwrap_or(Timestamp::MAX)
    }

    async fn empty(
        &self,
        channel: Channel,
        postman: &mut Postman<'_>,
        delivered: &mut Delivered,
    ) -> Result<(), StoreError> {
        for _ in 0..MOST {
            let Some(item) = self.claim(channel).await? else { break };
            let outcome = attempt(postman, &item).await;
            self.settle(&item, outcome, delivered).await?;
        }
        Ok(())
    }

    async fn claim(&self, channel: Channel) -> Result<Option<OutboxItem>, StoreError> {
        // By the caller's instant: what becomes due during a pass is the next one's.
        let claim = OutboxClaim {
            channel,
            scope: self.scope,
            holder: self.holder.clone(),
            now: self.now,
            until: self.later(LEASE),
        };
        self.store.outbox_claim_due(claim).await
    }

    async fn settle(
        &self,
        item: &OutboxItem,
        outcome: Result<(), Refused>,
        delivered: &mut Delivered,
    ) -> Result<(), StoreError> {
        let Err(Refused { why, park }) = outcome else {
            self.store.outbox_sent(item.id, self.now()).await?;
            failpoint::reach("after_outbox_mark").await;
            delivered.sent += 1;
            return Ok(());
        };
        let (channel, told) = (item.entry.channel.word(), why.to_string());
        let run = item.run.map(tracing::field::display);
        let wait = if park { Some(PARKED) } else { wait_after(item.attempts + 1) };
        if let Some(wait) = wait.filter(|_| why.may_pass()) {
            tracing::warn!(run, channel, to = item.entry.recipient, why = told, ?wait, "a message waits");
            self.store.outbox_failed(item.id, self.later(wait), &told).await?;
            delivered.waiting += 1;
        } else {
            tracing::error!(run, channel, to = item.entry.recipient, why = told, "a message is given up");
            self.store.outbox_given_up(item.id, self.now(), &told).await?;
            delivered.given_up += 1;
        }
        delivered.refusal = Some(told);
        Ok(())
    }
}
