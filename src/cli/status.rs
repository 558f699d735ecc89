//! `drillyard status` and `drillyard digest`: where all services stand, now and in a letter.

use jiff::{SignedDuration, Timestamp};

use super::context::{Context, explain, fail, style};
use super::{Exit, Global, help, print, select};
use crate::daemon::lock::DaemonLock;
use crate::notify::Notifier;
use crate::notify::standings::standings;
use crate::record::Beside;
use crate::record::standing::Standing;
use crate::report;
use crate::report::mail::Letter;
use crate::run::world::wall_clock;

/// Runs are counted over a week, and over the week before it.
const PERIOD: SignedDuration = SignedDuration::from_hours(7 * 24);

/// Where all services stand, for a person or a program.
pub(super) async fn status(global: &Global, context: &Context) -> u8 {
    tell(global, context, async |stand| {
        let Stand { services, mut beside, since, now } = stand;
        // What was given up before the period is nobody's news any more.
        beside.undelivered = match context.store.undelivered(None, since).await {
            Ok(undelivered) => undelivered,
            Err(error) => return explain(&error, Exit::Errored),
        };
        beside.places.clone_from(&context.settings.drills);
        if context.json {
            return print(&help::pretty(&report::status_json(&services, &beside, since, now)));
        }
        print(&report::status_text(&services, &beside, now, style()))
    })
    .await
}

/// Prints the digest as it would be sent.
pub(super) async fn digest(global: &Global, context: &Context, send: bool) -> u8 {
    tell(global, context, async |stand| {
        let letter = report::mail::digest(&stand.services, &stand.beside, stand.since, stand.now);
        if send {
            return send_digest(context, &letter, stand.now).await;
        }
        if context.json {
            return print(&help::pretty(&report::mail::letter_json(&letter)));
        }
        print(&format!("Subject: {}\n\n{}", letter.subject, letter.text))
    })
    .await
}

/// To those whom the settings name; a person who asks is told whether it got there.
async fn send_digest(context: &Context, letter: &Letter, now: Timestamp) -> u8 {
    let Some(digest) = &context.settings.digest else {
        let hint = "write digest: { cron: \"0 8 * * 1\", to: [team@example.org] } into drillyard.yaml";
        return fail("the settings name nobody whom a digest is sent to", Some(hint), Exit::Invalid);
    };
    let notifier = Notifier::new(&context.settings, context.store.state());
    match notifier.send_digest(&digest.to, letter, &context.store, now).await {
        Err(error) => explain(&error, Exit::Errored),
        Ok(delivered) if delivered.waiting + delivered.given_up == 0 => print(&delivered.to_string()),
        Ok(delivered) => fail(&delivered.to_string(), None, Exit::Errored),
    }
}

/// Where the services stand, and the time that it is told of.
struct Stand {
    services: Vec<Standing>,
    beside: Beside,
    since: Timestamp,
    now: Timestamp,
}

async fn tell(global: &Global, context: &Context, say: impl AsyncFnOnce(Stand) -> u8) -> u8 {
    let told = match select::wanted_or_readable(global, &context.settings, &[]) {
        Ok(told) => told,
        Err(code) => return code,
    };
    let now = wall_clock();
    let since = now.checked_sub(PERIOD).unwrap_or(Timestamp::MIN);
    match standings(&told.defined, &context.store, since, now).await {
        Ok((services, mut beside)) => {
            beside.daemon = DaemonLock::is_held(context.store.state());
            say(Stand { services, beside, since, now }).await
        }
        Err(error) => explain(&error, Exit::Errored),
    }
}
