//! From a run and those who are told to messages, one for each recipient.
//!
//! Everything is decided here, before the verdict is committed: delivery needs neither the drill nor the record.

use std::fmt::Write;
use std::time::Duration;

use jiff::Timestamp;
use lettre::message::Mailbox;
use serde_json::json;
use sha2::{Digest, Sha256};

use super::eml::{self, EmlError, Head};
use super::letter;
use super::policy::{Ending, Told};
use super::webhook;
use crate::definition::{Drill, Notice, SecretReference, WebhookStyle};
use crate::model::Verdict;
use crate::record::{Conclusion, RunRecord, outward};
use crate::report::mail::Letter;
use crate::store::{Channel, OutboxEntry};

/// Instants that were missed while the daemon was down are written down one after the other: a message about one waits
/// so long for the next, which takes its place.
const GATHERING: Duration = Duration::from_secs(30);

/// A run that people are told of.
pub(super) struct Telling<'a> {
    /// Who sends mail.
    pub from: &'a Mailbox,
    /// The drill.
    pub drill: &'a Drill,
    /// The run.
    pub record: &'a RunRecord,
    /// What it means.
    pub conclusion: &'a Conclusion,
    /// What a person reads of it.
    pub letter: &'a Letter,
    /// For how many endings it stands.
    pub stands_for: u32,
}

/// The topic of endings that may come in masses; `None` for a run that began.
pub(super) fn topic(record: &RunRecord, conclusion: &Conclusion) -> Option<String> {
    let reason = conclusion.reason?;
    matches!(conclusion.verdict, Verdict::Missed | Verdict::Skipped)
        .then(|| format!("{reason} {}", record.opening.drill))
}

impl Telling<'_> {
    /// The messages to those who are told. One that can't be written is logged and left out.
    pub(super) fn entries(&self, told: &[Told<'_>]) -> Vec<OutboxEntry> {
        let mut entries = Vec::new();
        for told in told {
            match told {
                Told::Mail(to) => {
                    let (letter, fallback) = (self.letter, self.fallback_for_mail());
                    entries.extend(self.mails(to, letter, &letter.subject, &fallback));
                }
                Told::Webhook(url, style) => entries.push(self.webhook(url, *style)),
                Told::Ping(url) => entries.push(self.ping(url)),
            }
        }
        entries
    }

    /// One for each recipient; `what` tells letters about the same run apart.
    fn mails(
        &self,
        to: &[&str],
        letter: &Letter,
        what: &str,
        fallback: &[(&SecretReference, WebhookStyle)],
    ) -> Vec<OutboxEntry> {
        let everybody: Vec<Mailbox> = to.iter().filter_map(|address| address.parse().ok()).collect();
        let mails = everybody.iter().map(|recipient| {
            let recipient = recipient.email.to_string();
            let entry = self.mail(&everybody, &recipient, letter, what)?;
            let fallback = fallback.iter().map(|(url, style)| self.undelivered(url, *style, &recipient));
            Ok(OutboxEntry { fallback: fallback.collect(), ..entry })
        });
        mails.filter_map(|mail| mail.inspect_err(|error: &EmlError| self.log(error)).ok()).collect()
    }

    fn mail(
        &self,
        everybody: &[Mailbox],
        recipient: &str,
        letter: &Letter,
        what: &str,
    ) -> Result<OutboxEntry, EmlError> {
        let id = self.id("mail", recipient, what);
        let message_id = format!("<{id}@{}>", self.from.email.domain());
        let run = self.record.opening.run.to_string();
        let head =
            Head { from: self.from, to: everybody, date: self.at(), message_id: &message_id, about: &run };
        let body = eml::whole(&head, letter)?;
        let short_body = Some(eml::short(&head, letter)?).filter(|short| short.len() < body.len());
        Ok(OutboxEntry { short_body, ..self.entry(Channel::Mail, recipient, message_id.clone(), body) })
    }

    fn webhook(&self, url: &SecretReference, style: WebhookStyle) -> OutboxEntry {
        let body = webhook::body(style, self.record, self.conclusion, self.letter).to_string();
        let recipient = url.to_string();
        let id = self.id(&format!("webhook {style:?}"), &recipient, "");
        let fallback = self.fallback_for_webhook(&recipient);
        OutboxEntry { fallback, ..self.entry(Channel::Webhook, &recipient, id, body) }
    }

    /// A dead man's switch takes anything but a pass that left nothing behind for a failure. Of several drills with one
    /// switch, each replaces its own.
    fn ping(&self, url: &SecretReference) -> OutboxEntry {
        let problem = Ending::of(self.record, self.conclusion).is_problem();
        let body = if problem { "fail" } else { "success" };
        let recipient = url.to_string();
        let id = self.id("ping", &recipient, "");
        let entry = self.entry(Channel::Ping, &recipient, id, body.to_owned());
        let topic = Some(format!("ping {}", self.record.opening.drill));
        OutboxEntry { topic, not_before: self.at(), ..entry }
    }

    fn entry(&self, channel: Channel, recipient: &str, message_id: String, body: String) -> OutboxEntry {
        let topic = topic(self.record, self.conclusion);
        let gathering = topic.as_ref().map_or(Duration::ZERO, |_| GATHERING);
        OutboxEntry {
            channel,
            recipient: recipient.to_owned(),
            message_id,
            body,
            short_body: None,
            fallback: Vec::new(),
            topic,
            stands_for: self.stands_for,
            not_before: self.at().checked_add(gathering).unwrap_or_else(|_| self.at()),
        }
    }

    /// What tells the second channel that a mail did not arrive: the first webhook, where the drill has one.
    fn fallback_for_mail(&self) -> Vec<(&SecretReference, WebhookStyle)> {
        let hooks = self.drill.notices.iter().filter_map(|notice| match notice {
            Notice::Webhook { url, style, .. } => Some((url, *style)),
            _ => None,
        });
        hooks.take(1).collect()
    }

    fn undelivered(&self, url: &SecretReference, style: WebhookStyle, recipient: &str) -> OutboxEntry {
        let letter = self.letter_about("mail", recipient);
        let opening = &self.record.opening;
        let body = match style {
            WebhookStyle::Slack => webhook::slack(&letter.subject, &letter.text),
            WebhookStyle::Json => json!({
                "schema": "drillyard/undelivered/1",
                "run": opening.run,
                "drill": opening.drill,
                "service": opening.service,
                "channel": Channel::Mail,
                "recipient": recipient,
                "sentence": outward::sentence_of(self.record, self.conclusion),
            }),
        };
        let id = self.id("undelivered webhook", &url.to_string(), recipient);
        self.fresh(self.entry(Channel::Webhook, &url.to_string(), id, body.to_string()))
    }

    /// What tells by mail that a webhook was not taken: everybody of the first `email`, where the drill has one.
    fn fallback_for_webhook(&self, reference: &str) -> Vec<OutboxEntry> {
        let first = self.drill.notices.iter().find_map(|notice| match notice {
            Notice::Email { to, .. } => Some(to.iter().map(String::as_str).collect::<Vec<_>>()),
            _ => None,
        });
        let letter = self.letter_about("webhook", reference);
        let what = format!("undelivered {reference}");
        let mails = self.mails(&first.unwrap_or_default(), &letter, &what, &[]);
        mails.into_iter().map(|mail| self.fresh(mail)).collect()
    }

    /// A message about a message stands for itself, and replaces none.
    fn fresh(&self, entry: OutboxEntry) -> OutboxEntry {
        OutboxEntry { topic: None, stands_for: 1, not_before: self.at(), ..entry }
    }

    fn letter_about(&self, channel: &str, recipient: &str) -> Letter {
        let opening = &self.record.opening;
        let text = format!(
            "Drillyard could not deliver its message about run {} of the drill {} by {channel} to {recipient}: it was \
             refused, or nobody took it for a day.\n\nThe message said:\n{}\n",
            opening.run, opening.drill, self.letter.subject
        );
        let subject = format!("{}: a message about a drill did not arrive", opening.service);
        letter::of_text(subject, text)
    }

    /// The same for the same message, however often it is written or sent.
    fn id(&self, channel: &str, recipient: &str, more: &str) -> String {
        identifier(&self.record.opening.run.to_string(), &[channel, recipient, more])
    }

    /// When the run ended, by its own clock.
    fn at(&self) -> Timestamp {
        self.record.wall_clock(self.record.last).unwrap_or(self.record.opening.started_at)
    }

    fn log(&self, error: &EmlError) {
        tracing::error!(run = %self.record.opening.run, %error, "a message is not sent");
    }
}

/// `ABOUT.` and sixteen hexadecimal digits of what makes the message this one.
pub(super) fn identifier(about: &str, parts: &[&str]) -> String {
    let digest = Sha256::digest([&[about], parts].concat().join("\n"));
    let digits = digest.iter().take(8).fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    });
    format!("{about}.{digits}")
}
