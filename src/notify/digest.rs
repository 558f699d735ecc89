//! The digest of all services: once for each instant of its schedule, however often somebody looks.

use jiff::Timestamp;
use lettre::message::Mailbox;

use super::compose::identifier;
use super::delivery::Delivered;
use super::eml::{self, EmlError, Head};
use super::{Notifier, standings};
use crate::definition::Defined;
use crate::definition::settings::Digest;
use crate::report::mail::{self, Letter};
use crate::store::{Channel, OutboxEntry, Store, StoreError};

/// A digest of a daemon that was down for long is one, and its instants are not counted one by one further than this.
const MOST_INSTANTS: usize = 100_000;

impl Notifier {
    /// Puts the digest into the outbox where one is due, and says when the next is due; `None` where its schedule has no
    /// next. After a time in which nobody looked there is one digest, not one for each instant; the first look makes none
    /// and remembers from when on they are due.
    pub async fn digest_due(
        &self,
        digest: &Digest,
        defined: &Defined,
        store: &Store,
        now: Timestamp,
    ) -> Result<Option<Timestamp>, StoreError> {
        let next = digest.calendar.next_after(now);
        let Some(since) = store.digest_watermark().await? else {
            store.post_digest(now, &[]).await?;
            return Ok(next);
        };
        let Some(due) = newest_due(digest, since, now) else { return Ok(next) };
        let (services, beside) = standings::standings(defined, store, since, now).await?;
        let letter = mail::digest(&services, &beside, since, now);
        store.post_digest(due, &self.digest_entries(&digest.to, &letter, due)).await?;
        Ok(next)
    }

    /// Sends a digest at once, beside those that are due by schedule.
    pub async fn send_digest(
        &self,
        to: &[String],
        letter: &Letter,
        store: &Store,
        now: Timestamp,
    ) -> Result<Delivered, StoreError> {
        store.post(None, &self.digest_entries(to, letter, now)).await?;
        Ok(self.flush_digests(store, now).await)
    }

    /// One message for each recipient; the same for the same instant.
    fn digest_entries(&self, to: &[String], letter: &Letter, at: Timestamp) -> Vec<OutboxEntry> {
        let everybody: Vec<Mailbox> = to.iter().filter_map(|address| address.parse().ok()).collect();
        let entries = everybody.iter().map(|recipient| self.digest_entry(&everybody, recipient, letter, at));
        entries
            .filter_map(|entry| {
                entry.inspect_err(|error| tracing::error!(%error, "a digest is not sent")).ok()
            })
            .collect()
    }

    fn digest_entry(
        &self,
        everybody: &[Mailbox],
        recipient: &Mailbox,
        letter: &Letter,
        at: Timestamp,
    ) -> Result<OutboxEntry, EmlError> {
        let recipient = recipient.email.to_string();
        let id = identifier(&format!("digest-{}", at.as_second()), &["mail", &recipient]);
        let message_id = format!("<{id}@{}>", self.from.email.domain());
        let head =
            Head { from: &self.from, to: everybody, date: at, message_id: &message_id, about: "digest" };
        let (body, short_body) = (eml::whole(&head, letter)?, Some(eml::short(&head, letter)?));
        Ok(OutboxEntry {
            channel: Channel::Mail,
            recipient,
            message_id,
            body,
            short_body,
            fallback: Vec::new(),
            topic: None,
            stands_for: 1,
            not_before: at,
        })
    }
}

/// The newest instant after `since` that has come.
fn newest_due(digest: &Digest, since: Timestamp, now: Timestamp) -> Option<Timestamp> {
    let next = |after: &Timestamp| digest.calendar.next_after(*after).filter(|next| *next <= now);
    std::iter::successors(next(&since), next).take(MOST_INSTANTS).last()
}
