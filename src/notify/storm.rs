//! One mail for many: when the engine is down at midnight, five hundred drills must not be five hundred mails to one
//! person, who would read none of them.
//!
//! The many become one at delivery, when it is seen how many wait; nobody's verdict is left out of it, and what becomes
//! of the one becomes of each of them, its second channel included (2026-11-21).

use std::collections::BTreeMap;
use std::fmt::Write;

use jiff::Timestamp;
use lettre::message::Mailbox;

use super::compose::identifier;
use super::eml::{self, EmlError, Head};
use super::{Notifier, letter};
use crate::model::Verdict;
use crate::record::outward;
use crate::report::mail::Letter;
use crate::store::{Channel, Crowd, CrowdedMail, OutboxEntry, Store, StoreError};

/// So many mails about runs are sent to one recipient one by one.
const FEW: u32 = 20;
/// Bytes that the named runs of one mail come to; the rest is counted. A mail stays below 100 KB.
const ROOM: usize = 80_000;
/// Bytes that they come to in its short version.
const LITTLE_ROOM: usize = 6_000;

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
        let first = crowd.mails.first();
        let (run, row) = first.map(|mail| (mail.run.to_string(), mail.id)).unwrap_or_default();
        let id = identifier(&run, &["many", &crowd.recipient, &row.to_string()]);
        let message_id = format!("<{id}@{}>", self.from.email.domain());
        let to: Vec<Mailbox> = crowd.recipient.parse().into_iter().collect();
        let head = Head { from: &self.from, to: &to, date: now, message_id: &message_id, about: "several" };
        Ok(OutboxEntry {
            channel: Channel::Mail,
            recipient: crowd.recipient.clone(),
            body: eml::whole(&head, &letter_about(crowd, ROOM))?,
            short_body: Some(eml::short(&head, &letter_about(crowd, LITTLE_ROOM))?),
            message_id,
            // Each of the many keeps its own.
            fallback: Vec::new(),
            topic: None,
            stands_for: u32::try_from(crowd.mails.len()).unwrap_or(u32::MAX),
            not_before: now,
        })
    }
}

/// The worst first, as many as there is room for.
fn letter_about(crowd: &Crowd, room: usize) -> Letter {
    let mut counts: BTreeMap<u8, (Verdict, usize)> = BTreeMap::new();
    for mail in &crowd.mails {
        counts.entry(rank(mail.verdict)).or_insert((mail.verdict, 0)).1 += 1;
    }
    let counted: Vec<String> = counts.values().map(|(verdict, count)| format!("{count} {verdict}")).collect();
    let subject = format!("Drillyard: {} runs at once: {}", crowd.mails.len(), counted.join(", "));
    let mut mails: Vec<_> = crowd.mails.iter().collect();
    mails.sort_by_key(|mail| (rank(mail.verdict), mail.run));
    let mut text = format!("{subject}.\n\n");
    let mut left = room;
    let mut named = 0;
    for line in mails.iter().copied().map(line) {
        let Some(rest) = left.checked_sub(encoded(&line)) else { break };
        (left, named) = (rest, named + 1);
        text.push_str(&line);
    }
    if named < mails.len() {
        let _ = writeln!(text, "and {} more: drillyard history", mails.len() - named);
    }
    letter::of_text(subject, text)
}

fn line(mail: &CrowdedMail) -> String {
    let said = outward::sentence(&mail.service, mail.verdict, mail.reason, mail.leaked);
    format!("{said}\n  drillyard show {}\n", mail.run)
}

/// Bytes of a text in a mail, where everything beyond ASCII takes three for one.
fn encoded(text: &str) -> usize {
    text.bytes().map(|byte| if byte.is_ascii() { 1 } else { 3 }).sum()
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Reason, RunId};

    fn crowd(number: u64, service: &str) -> Crowd {
        let mails = (0..number).map(|n| CrowdedMail {
            id: 1,
            run: RunId::new(ulid::Ulid::from_parts(n, 0)),
            service: service.to_owned(),
            verdict: Verdict::Errored,
            reason: Some(Reason::ProfileNotApplied),
            leaked: true,
        });
        Crowd { recipient: "cto@example.com".to_owned(), mails: mails.collect() }
    }

    fn mail(letter: &Letter) -> String {
        let from: Mailbox = "drills@example.com".parse().unwrap();
        let head = Head {
            from: &from,
            to: std::slice::from_ref(&from),
            date: Timestamp::UNIX_EPOCH,
            message_id: "<many@example.com>",
            about: "several",
        };
        eml::whole(&head, letter).unwrap()
    }

    #[test]
    fn h11_a_mail_about_many_stays_below_100_kb_and_says_how_many_it_does_not_name() {
        for (number, service) in [(600, "reporting"), (5_000, "reporting"), (500, "数".repeat(300).as_str())]
        {
            let letter = letter_about(&crowd(number, service), ROOM);
            let (text, size) = (&letter.text, mail(&letter).len());
            assert!(size < 100_000, "{size} bytes about {number} runs");
            let named = u64::try_from(text.matches("drillyard show").count()).unwrap();
            let more = format!("and {} more: drillyard history", number - named);
            assert!(named > 20 && text.contains(&more), "{named} are named");
        }
        let all = letter_about(&crowd(450, "reporting"), ROOM);
        assert_eq!(all.text.matches("drillyard show").count(), 450);
        let short = letter_about(&crowd(500, "reporting"), LITTLE_ROOM);
        assert!(short.text.contains("500 runs at once: 500 errored") && short.text.len() < 8_000);
        assert!(short.text.matches("drillyard show").count() > 20);
    }
}
