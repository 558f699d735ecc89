//! Feels the pulse of a restore: tells progress, and notices when there is none.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use tokio::time::{Instant, sleep, timeout};

use super::emit::Story;
use super::halt::Halt;
use crate::database::postgres::pulse::{SIZE, STATEMENT};
use crate::listen::Progress;
use crate::model::{Phase, Reason};
use crate::record::Journal;
use crate::sandbox::Sandbox;
use crate::sandbox::wire::Session;

/// How long nothing may move (measures.md).
const NO_PROGRESS: Duration = Duration::from_mins(1);
/// How often the pulse is felt.
const BEAT: Duration = Duration::from_secs(1);
/// How long one is waited for.
const LONGEST_BEAT: Duration = Duration::from_secs(10);
/// How often the size is asked for: it looks at every file. Where it takes long it is asked for less often, because the
/// pulse waits behind it.
const SIZING: Duration = Duration::from_secs(10);
const SIZING_SHARE: u32 = 20;

/// What is handed on to a program's standard input.
#[derive(Debug, Default)]
pub(super) struct Fed {
    /// Bytes so far.
    pub bytes: AtomicU64,
    /// Whether the program has taken everything, and the next bytes have not been read yet.
    pub waits_for_source: AtomicBool,
}

struct Beat {
    signature: String,
    busy: bool,
    doing: Option<String>,
}

/// What was last seen to move, and when.
struct Pulse {
    signature: String,
    fed: u64,
    moved: Instant,
    answered: Instant,
}

/// What a restore that does not move stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Standstill {
    /// The server answers, and nothing moves in it.
    Restore,
    /// The server answers nothing: it may be at work, or not.
    Server,
    /// The next bytes of the backup don't come.
    Source,
}

impl Pulse {
    fn begun(now: Instant) -> Self {
        Self { signature: String::new(), fed: 0, moved: now, answered: now }
    }

    /// Takes a beat; `None` where the server did not answer, which is no evidence of a standstill (2026-11-22).
    fn feel(&mut self, now: Instant, beat: Option<&Beat>, fed: u64, waits: bool) -> Option<Standstill> {
        if fed != self.fed {
            (self.fed, self.moved) = (fed, now);
        }
        if let Some(beat) = beat {
            self.answered = now;
            if beat.busy || beat.signature != self.signature {
                self.moved = now;
                self.signature.clone_from(&beat.signature);
            }
        }
        if now.duration_since(self.moved) < NO_PROGRESS {
            return None;
        }
        if waits {
            return Some(Standstill::Source);
        }
        // The server itself has to say for a minute that nothing moves.
        if self.answered.saturating_duration_since(self.moved) >= NO_PROGRESS {
            return Some(Standstill::Restore);
        }
        (now.duration_since(self.answered) >= NO_PROGRESS).then_some(Standstill::Server)
    }
}

/// Tells progress until nothing has moved for a minute; then says what stands still.
pub(super) async fn until_stalled<J: Journal>(
    sandbox: &Sandbox,
    phase: Phase,
    fed: &Fed,
    story: &Story<'_, J>,
) -> Halt {
    let mut pulse = Pulse::begun(Instant::now());
    let mut bytes = 0;
    let mut size_at = Instant::now();
    loop {
        sleep(BEAT).await;
        // Our own session, because an exec costs a restore a tenth of a second of both cores (measured).
        let session = sandbox.admin().await.ok();
        let beat = match &session {
            Some(session) => beat(session).await,
            None => None,
        };
        if let Some(session) = session.filter(|_| beat.is_some() && Instant::now() >= size_at) {
            let begun = Instant::now();
            bytes = size(&session).await.unwrap_or(bytes);
            size_at = Instant::now() + SIZING.max(begun.elapsed() * SIZING_SHARE);
        }
        let waits = fed.waits_for_source.load(Ordering::Relaxed);
        if let Some(stands) =
            pulse.feel(Instant::now(), beat.as_ref(), fed.bytes.load(Ordering::Relaxed), waits)
        {
            return halt(stands);
        }
        if let Some(beat) = beat {
            story.progress(&Progress { phase, bytes, total: None, note: beat.doing });
        }
    }
}

fn halt(stands: Standstill) -> Halt {
    let long = NO_PROGRESS.as_secs();
    match stands {
        Standstill::Restore => {
            let still =
                "neither the position in the backup, nor the write-ahead log, nor any progress view moved";
            Halt::new(Reason::RestoreHang, format!("{still} for {long} s"))
        }
        Standstill::Server => {
            let detail = format!("for {long} s the server did not tell whether the restore moves");
            Halt::new(Reason::Timeout, detail)
                .with_hint("look at the load and the disk of the engine's machine, and for locks on catalogs in the dump")
        }
        Standstill::Source => {
            let detail = format!("for {long} s nothing more of the backup could be read");
            Halt::new(Reason::SourceSlow, detail)
                .with_hint("look at the disk or the share that the backup lies on")
        }
    }
}

async fn beat(session: &Session) -> Option<Beat> {
    let row = timeout(LONGEST_BEAT, session.query_one(STATEMENT, &[])).await.ok()?.ok()?;
    Some(Beat {
        signature: row.try_get("signature").ok()?,
        busy: row.try_get("busy").ok()?,
        doing: row.try_get("doing").ok()?,
    })
}

async fn size(session: &Session) -> Option<u64> {
    let row = timeout(LONGEST_BEAT, session.query_one(SIZE, &[])).await.ok()?.ok()?;
    u64::try_from(row.try_get::<_, i64>(0).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Feels a beat each second: the server's signature (`None` unanswered), what was fed, whether the source is waited
    /// for. How it ended, and after how many seconds.
    fn felt(beats: impl Fn(u64) -> (Option<&'static str>, u64, bool)) -> Option<(Standstill, u64)> {
        let begun = Instant::now();
        let mut pulse = Pulse::begun(begun);
        (1..300).find_map(|second| {
            let (signature, fed, waits) = beats(second);
            let beat =
                signature.map(|text| Beat { signature: text.to_owned(), busy: text == "busy", doing: None });
            let stands = pulse.feel(begun + Duration::from_secs(second), beat.as_ref(), fed, waits)?;
            Some((stands, second))
        })
    }

    #[test]
    fn d3_a_server_that_answers_and_moves_nothing_for_a_minute_hangs() {
        assert_eq!(felt(|_| (Some("1"), 0, false)), Some((Standstill::Restore, 61)));
        assert_eq!(
            felt(|second| (Some(["1", "2"][usize::from(second > 40)]), 0, false)),
            Some((Standstill::Restore, 101))
        );
        // One answer in a while is enough to know that it stands.
        assert_eq!(
            felt(|second| ((second % 30 == 1).then_some("1"), 0, false)),
            Some((Standstill::Restore, 61))
        );
    }

    #[test]
    fn what_is_fed_or_computed_moves_whatever_the_server_says() {
        assert_eq!(felt(|second| (None, second, false)), None);
        assert_eq!(felt(|second| (Some("1"), second / 50, false)), None);
        assert_eq!(felt(|_| (Some("busy"), 0, false)), None);
    }

    #[test]
    fn a_server_that_answers_nothing_proves_no_hang() {
        assert_eq!(felt(|_| (None, 0, false)), Some((Standstill::Server, 60)));
        assert_eq!(felt(|second| (None, second.min(100), false)), Some((Standstill::Server, 160)));
    }

    #[test]
    fn a_server_that_falls_silent_while_nothing_moves_proves_no_hang() {
        assert_eq!(felt(|second| ((second < 3).then_some("1"), 0, false)), Some((Standstill::Server, 62)));
        assert_eq!(felt(|second| ((second < 50).then_some("1"), 0, false)), Some((Standstill::Server, 109)));
    }

    #[test]
    fn a_source_that_gives_nothing_is_slow_and_no_hang() {
        assert_eq!(felt(|_| (Some("1"), 7, true)), Some((Standstill::Source, 61)));
    }
}
