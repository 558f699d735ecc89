//! Who is told of a run's end, by which way, and when.
//!
//! The messages are decided and written before the verdict is committed, and committed with it: a verdict that people
//! are to hear of can't be lost on the way to the outbox. They are delivered afterwards, at least once, by whoever looks
//! into the outbox: the daemon, or a run by hand that was asked to tell.
//!
//! [`policy`] decides who is told; `compose` writes a message for each of them (`letter`, `eml`, `webhook`); `delivery`
//! empties the outbox with a `postman` for each channel. An address that is a secret stays a reference until the moment
//! of its use.

mod compose;
mod delivery;
mod digest;
mod directory;
pub mod eml;
mod http;
mod letter;
mod past;
pub mod policy;
mod postman;
mod smtp;
pub mod standings;
mod storm;
pub mod trouble;
mod webhook;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use futures_util::FutureExt;
use lettre::Address;
use lettre::message::Mailbox;

use crate::definition::settings::{Mail, MailWay};
use crate::definition::{Drill, Notice, Settings};
use crate::failpoint;
use crate::record::{Conclusion, RunRecord};
use crate::report::mail::{self, Letter};
use crate::store::{OutboxEntry, Store};

use compose::{Telling, topic};
pub use delivery::Delivered;
use past::Past;
use policy::{Ending, Told, whom};

/// Messages that take longer to write than this are written without the drill's past.
const WRITING: Duration = Duration::from_secs(20);

/// Writes the messages about runs, and delivers them.
#[derive(Debug, Clone)]
pub struct Notifier {
    mail: Arc<Mail>,
    from: Mailbox,
    resumed: Arc<AtomicBool>,
}

impl Notifier {
    /// Of an installation: its mail server, or a folder `mail` in its state directory.
    pub fn new(settings: &Settings, state: &Path) -> Self {
        let local = || Mail { way: MailWay::Directory(state.join("mail")), from: sender().to_string() };
        let mail = settings.mail.clone().unwrap_or_else(local);
        // The settings were read with the same parser.
        let from = mail.from.parse().unwrap_or_else(|_| sender());
        Self { mail: Arc::new(mail), from, resumed: Arc::default() }
    }

    /// Of the same installation after its settings were changed: what it was sending is still its own.
    #[must_use]
    pub fn renewed(&self, settings: &Settings, state: &Path) -> Self {
        Self { resumed: self.resumed.clone(), ..Self::new(settings, state) }
    }

    /// The messages about a run that has ended, for the transaction that ends it. Never fails and never panics: where the
    /// letter can't be written, everybody is told the verdict in one sentence.
    pub async fn messages(
        &self,
        drill: &Drill,
        record: &RunRecord,
        conclusion: &Conclusion,
        store: &Store,
    ) -> Vec<OutboxEntry> {
        if drill.notices.is_empty() {
            return Vec::new();
        }
        let writing = AssertUnwindSafe(self.write(drill, record, conclusion, store)).catch_unwind();
        if let Ok(Ok(entries)) = tokio::time::timeout(WRITING, writing).await {
            return entries;
        }
        tracing::error!(run = %record.opening.run, "the messages about a run could not be written as usual");
        let told = whom(&drill.notices, Ending::of(record, conclusion), None);
        let plainly =
            || self.entries(drill, record, conclusion, &letter::plain(record, conclusion), 1, &told);
        catch_unwind(AssertUnwindSafe(plainly)).unwrap_or_default()
    }

    /// Tells the drill's dead man's switches that a run begins. Takes some seconds at most; one that does not answer is
    /// logged, and the run begins all the same.
    pub async fn begun(&self, drill: &Drill) {
        let switches = drill.notices.iter().filter_map(|notice| match notice {
            Notice::Ping { url } => Some(url),
            _ => None,
        });
        let Ok(client) = http::client() else { return };
        let client = &client;
        let asked = switches.map(|reference| async move {
            if let Err(why) = http::begun(client, reference).await {
                tracing::warn!(drill = %drill.name, to = %reference, %why, "a start was not told");
            }
        });
        futures_util::future::join_all(asked).await;
    }

    /// A run's letter as the file of a mail, from the sender to the sender: to be looked at, not to be sent.
    pub fn as_file(&self, record: &RunRecord, letter: &Letter) -> Result<String, eml::EmlError> {
        let run = record.opening.run.to_string();
        let date = record.finished_at().unwrap_or(record.opening.started_at);
        let message_id = format!("<{run}@{}>", self.from.email.domain());
        let to = std::slice::from_ref(&self.from);
        eml::whole(&eml::Head { from: &self.from, to, date, message_id: &message_id, about: &run }, letter)
    }

    async fn write(
        &self,
        drill: &Drill,
        record: &RunRecord,
        conclusion: &Conclusion,
        store: &Store,
    ) -> Vec<OutboxEntry> {
        failpoint::reach("while_writing_messages").await;
        let past = Past::read(drill, record.opening.run, store).await;
        let told = whom(&drill.notices, Ending::of(record, conclusion), past.heard);
        if told.is_empty() {
            return Vec::new();
        }
        let (record, stands_for) = gathered(record, conclusion, store).await;
        let previous = past.previous.as_ref().map(|(record, conclusion)| (record, conclusion));
        let letter = mail::letter(&record, conclusion, previous, &past.history);
        self.entries(drill, &record, conclusion, &letter, stands_for, &told)
    }

    fn entries(
        &self,
        drill: &Drill,
        record: &RunRecord,
        conclusion: &Conclusion,
        letter: &Letter,
        stands_for: u32,
        told: &[Told<'_>],
    ) -> Vec<OutboxEntry> {
        Telling { from: &self.from, drill, record, conclusion, letter, stands_for }.entries(told)
    }
}

/// A missed instant takes the place of those whose messages still wait, and says for how many it stands.
async fn gathered(record: &RunRecord, conclusion: &Conclusion, store: &Store) -> (RunRecord, u32) {
    let mut record = record.clone();
    let Some(topic) = topic(&record, conclusion) else { return (record, 1) };
    let others = store.outbox_stands_for(&topic).await.unwrap_or_default();
    if others > 0 {
        record.warnings.push(format!(
            "this message stands for {} due instants of this drill at which nothing was started; `drillyard history` \
             lists them",
            others.saturating_add(1)
        ));
    }
    (record, others.saturating_add(1))
}

/// The sender where the settings name none: mail without settings stays on this machine.
fn sender() -> Mailbox {
    Mailbox::new(Some("Drillyard".to_owned()), Address::new_dangerous("drillyard", "localhost"))
}
