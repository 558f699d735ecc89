//! Feels the pulse of a restore: tells progress, and notices when there is none.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::emit::Story;
use crate::database::postgres::pulse::statement;
use crate::listen::Progress;
use crate::model::Phase;
use crate::record::Journal;
use crate::sandbox::Sandbox;
use crate::sandbox::wire::Session;

/// How long nothing may move (measures.md).
pub(super) const NO_PROGRESS: Duration = Duration::from_mins(1);
/// How often the pulse is felt.
const BEAT: Duration = Duration::from_secs(1);

struct Beat {
    signature: String,
    bytes: u64,
    busy: bool,
    doing: Option<String>,
}

/// Tells progress until nothing has moved for [`NO_PROGRESS`]; then says what stood still. `sent` counts bytes that we
/// have handed to a program's standard input.
pub(super) async fn until_stalled<J: Journal>(
    sandbox: &Sandbox,
    phase: Phase,
    sent: &AtomicU64,
    story: &Story<'_, J>,
) -> String {
    let statement = statement(sandbox.major);
    let mut last = String::new();
    let mut moved = Instant::now();
    loop {
        sleep(BEAT).await;
        // Our own session, because an exec costs a restore a tenth of a second of both cores (measured). What the
        // backup's locks keep from answering moves nothing either.
        let beat = match sandbox.admin().await {
            Ok(session) => feel(&session, &statement).await,
            Err(_) => None,
        };
        let signature =
            beat.as_ref().map(|beat| format!("{}/{}", beat.signature, sent.load(Ordering::Relaxed)));
        let busy = beat.as_ref().is_some_and(|beat| beat.busy);
        if busy || signature.as_ref().is_some_and(|signature| *signature != last) {
            moved = Instant::now();
            last = signature.unwrap_or_default();
        }
        if let Some(beat) = beat {
            story.progress(&Progress { phase, bytes: beat.bytes, total: None, note: beat.doing });
        }
        if moved.elapsed() >= NO_PROGRESS {
            return format!(
                "neither the position in the backup, nor the write-ahead log, nor any progress view moved for {} s",
                NO_PROGRESS.as_secs()
            );
        }
    }
}

async fn feel(session: &Session, statement: &str) -> Option<Beat> {
    let row = tokio::time::timeout(BEAT * 10, session.query_one(statement, &[])).await.ok()?.ok()?;
    let bytes: i64 = row.try_get("bytes").ok()?;
    Some(Beat {
        signature: row.try_get("signature").ok()?,
        bytes: u64::try_from(bytes).unwrap_or_default(),
        busy: row.try_get("busy").ok()?,
        doing: row.try_get("doing").ok()?,
    })
}
