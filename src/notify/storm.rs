//! One mail for many: when the engine is down at midnight, five hundred drills must not be five hundred mails to one
//! person, who would read none of them.
//!
//! The many become one at delivery, when it is seen how many wait; nobody's verdict is left out of it (2026-11-21).

use std::collections::BTreeMap;
use std::fmt::Write;

use jiff::Timestamp;
use lettre::message::Mailbox;

use super::compose::identifier;
use super::eml::{self, EmlError, Head};
use super::{Notifier, letter};
use crate::model::Verdict;
use crate::record::visible::visible;
use crate::report::mail::Letter;
use crate::store::{Channel, Crowd, OutboxEntry, Store, StoreError};

/// So many mails about runs are sent to one recipient one by one.
const FEW: u32 = 20;
/// So many runs are named in one mail.
const NAMED: usize = 500;

impl Notifier {
    /// Replaces the mails that wait for one recipient by one mail, where they are too many.
    pub(super) async fn calm(&self, store: &Store, now: Timestamp) -> Result<(), StoreError> {
        for crowd in store.outbox_crowds(now, FEW).await? {
            match self.one_for_many(&crowd, now) {
                Ok(entry) => store.outbox_gather(&crowd, &entry).await?,
                Err(error) => tracing::error!(%error, "many mails stay many"),
            }
        }
        Ok(())
    }

    fn one_for_many(&self, crowd: &Crowd, now: Timestamp) -> Result<OutboxEntry, EmlError> {
        let first = crowd.mails.first().map(|mail| mail.run.to_string()).unwrap_or_default();
        let number = crowd.mails.len();
        let id = identifier(&first, &["many", &crowd.recipient, &number.to_string()]);
        let message_id = format!("<{id}@{}>", self.from.email.domain());
        let to: Vec<Mailbox> = crowd.recipient.parse().into_iter().collect();
        let head = Head { from: &self.from, to: &to, date: now, message_id: &message_id, about: "several" };
        Ok(OutboxEntry {
            channel: Channel::Mail,
            recipient: crowd.recipient.clone(),
            body: eml::whole(&head, &letter_about(crowd))?,
            message_id,
            short_body: None,
            fallback: Vec::new(),
            topic: None,
            stands_for: u32::try_from(number).unwrap_or(u32::MAX),
            not_before: now,
        })
    }
}

fn letter_about(crowd: &Crowd) -> Letter {
    let mut counts: BTreeMap<u8, (Verdict, usize)> = BTreeMap::new();
    for mail in &crowd.mails {
        counts.entry(rank(mail.verdict)).or_insert((mail.verdict, 0)).1 += 1;
    }
    let counted: Vec<String> = counts.values().map(|(verdict, count)| format!("{count} {verdict}")).collect();
    let subject = format!("Drillyard: {} runs at once: {}", crowd.mails.len(), counted.join(", "));
    let mut mails: Vec<_> = crowd.mails.iter().collect();
    mails.sort_by_key(|mail| (rank(mail.verdict), mail.run));
    let mut text = format!("{subject}.\n\n");
    for mail in mails.iter().take(NAMED) {
        let _ = writeln!(
            text,
            "{:<9}  {}\n           drillyard show {}",
            mail.verdict,
            visible(&mail.sentence),
            mail.run
        );
    }
    if let Some(more) = mails.len().checked_sub(NAMED).filter(|more| *more > 0) {
        let _ = writeln!(text, "and {more} more: drillyard history");
    }
    letter::of_text(subject, text)
}

/// The worst first.
fn rank(verdict: Verdict) -> u8 {
    match verdict {
        Verdict::Failed => 0,
        Verdict::Errored => 1,
        Verdict::Missed => 2,
        Verdict::Aborted => 3,
        Verdict::Skipped => 4,
        Verdict::Cancelled => 5,
        Verdict::Passed => 6,
    }
}
