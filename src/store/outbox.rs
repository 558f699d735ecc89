//! The outbox: messages that are decided with the verdict and delivered after it, each at least once.
//!
//! A message is claimed while it is delivered, so that a daemon and a run by hand don't send it both; a claim ends by
//! itself, so that a killed process keeps nothing back.

use jiff::Timestamp;

use super::Store;
use super::error::StoreError;
use super::sqlite::{crowd, digest, outbox};
use super::values::{Crowd, OutboxClaim, OutboxDepth, OutboxEntry, OutboxItem};
use crate::model::{DrillName, RunId};
use crate::record::{RunSummary, Undelivered};

impl Store {
    /// Puts messages into the outbox by themselves: those about a run that others concluded.
    pub async fn post(&self, run: Option<RunId>, entries: &[OutboxEntry]) -> Result<(), StoreError> {
        let entries = entries.to_vec();
        self.sqlite
            .write(move |transaction| {
                entries.iter().try_for_each(|entry| outbox::post(transaction, run, entry))
            })
            .await
    }

    /// The next message that is due and that nobody else is delivering, oldest first; `None` where there is none.
    pub async fn outbox_claim_due(&self, claim: OutboxClaim) -> Result<Option<OutboxItem>, StoreError> {
        self.sqlite.write(move |transaction| outbox::claim_due(transaction, &claim)).await
    }

    /// Gives back what a holder had claimed: for one that was killed and has come back.
    pub async fn outbox_release(&self, holder: &str) -> Result<(), StoreError> {
        let holder = holder.to_owned();
        self.sqlite.write(move |transaction| outbox::release(transaction, &holder)).await
    }

    /// The message was taken by its recipient's server.
    pub async fn outbox_sent(&self, id: i64, at: Timestamp) -> Result<(), StoreError> {
        self.sqlite.write(move |transaction| outbox::sent(transaction, id, at)).await
    }

    /// The message was not taken; it is due again at `not_before`.
    pub async fn outbox_failed(
        &self,
        id: i64,
        not_before: Timestamp,
        refusal: &str,
    ) -> Result<(), StoreError> {
        let refusal = refusal.to_owned();
        self.sqlite.write(move |transaction| outbox::failed(transaction, id, not_before, &refusal)).await
    }

    /// The message will not be tried again; what tells so by another way is posted with it.
    pub async fn outbox_given_up(&self, id: i64, at: Timestamp, refusal: &str) -> Result<(), StoreError> {
        let refusal = refusal.to_owned();
        self.sqlite.write(move |transaction| outbox::given_up(transaction, id, at, &refusal)).await
    }

    /// Recipients for whom more than `few` mails about runs are due that nobody has tried to send.
    pub async fn outbox_crowds(&self, now: Timestamp, few: u32) -> Result<Vec<Crowd>, StoreError> {
        self.sqlite.read(move |connection| crowd::crowds(connection, now, few)).await
    }

    /// Puts one message in the place of many, which share its fate from now on: they are sent, tried in vain or given up
    /// with it. Those that somebody is sending by now are left alone.
    pub async fn outbox_gather(&self, crowd: &Crowd, entry: &OutboxEntry) -> Result<(), StoreError> {
        let (crowd, entry) = (crowd.clone(), entry.clone());
        self.sqlite.write(move |transaction| crowd::gather(transaction, &crowd, &entry)).await
    }

    /// Messages that are due and not sent, oldest first.
    pub async fn outbox_due(&self, now: Timestamp, limit: u32) -> Result<Vec<OutboxItem>, StoreError> {
        self.sqlite.read(move |connection| outbox::due(connection, now, limit)).await
    }

    /// When the next message can be delivered; `None` where none waits.
    pub async fn outbox_next(&self) -> Result<Option<Timestamp>, StoreError> {
        self.sqlite.read(outbox::next).await
    }

    /// For how many the waiting message of a topic stands; 0 where none waits untried.
    pub async fn outbox_stands_for(&self, topic: &str) -> Result<u32, StoreError> {
        let topic = topic.to_owned();
        self.sqlite.read(move |connection| outbox::stands_for(connection, &topic)).await
    }

    /// How full the outbox is.
    pub async fn outbox_depth(&self) -> Result<OutboxDepth, StoreError> {
        self.sqlite.read(outbox::depth).await
    }

    /// Messages that were refused and wait, and those given up at `since` or later; of one run, where it is given.
    pub async fn undelivered(
        &self,
        run: Option<RunId>,
        since: Timestamp,
    ) -> Result<Vec<Undelivered>, StoreError> {
        self.sqlite.read(move |connection| outbox::undelivered(connection, run, since)).await
    }

    /// Puts the digest of a due instant into the outbox and remembers the instant, in one transaction; `false`, and nothing
    /// is posted, where it or a later one was dealt with.
    pub async fn post_digest(&self, at: Timestamp, entries: &[OutboxEntry]) -> Result<bool, StoreError> {
        let entries = entries.to_vec();
        self.sqlite.write(move |transaction| digest::post(transaction, at, &entries)).await
    }

    /// The newest instant of the digest that was dealt with.
    pub async fn digest_watermark(&self) -> Result<Option<Timestamp>, StoreError> {
        self.sqlite.read(digest::watermark).await
    }

    /// The newest finished run of a drill before `run` that people could hear of: one by schedule, or one by hand that
    /// told somebody.
    pub async fn heard_before(
        &self,
        drill: &DrillName,
        run: RunId,
    ) -> Result<Option<RunSummary>, StoreError> {
        let drill = drill.clone();
        self.sqlite.read(move |connection| outbox::heard_before(connection, &drill, run)).await
    }
}
