//! What is said while a run goes on: one wording for the terminal and for plain lines.

use jiff::Timestamp;

use super::Progress;
use crate::model::{Event, Fact, Finding, Offset, Outcome, Phase, Rehearsed};
use crate::record::rehearsal::sentence;
use crate::record::sentence::duration;
use crate::record::visible::{clipped, visible};
use crate::record::words;

/// A rehearsal's sentence names what somebody will act on: it is cut later than other foreign text.
const LONGEST_SENTENCE: usize = 900;

/// What a listener may have to show of an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Said {
    /// A phase goes on from here.
    Began(Phase),
    /// A phase is over; how it went: `done in 30.1 s   481.0 MB, 16.0 MB/s`.
    Ended(Phase, Tone, String),
    /// Something that belongs to a phase or to the whole run, said under this word.
    Told(&'static str, Tone, String),
}

/// Whether it is as hoped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tone {
    /// It is.
    Good,
    /// Somebody should look.
    Bad,
}

/// Remembers of a run what the next event is told with.
#[derive(Debug, Default)]
pub(super) struct Teller {
    started_at: Option<Timestamp>,
    running: Vec<(Phase, Offset)>,
}

impl Teller {
    /// What to say of an event, if anything.
    pub(super) fn hear(&mut self, event: &Event) -> Option<Said> {
        match &event.fact {
            Fact::RunStarted(opening) => {
                self.started_at = Some(opening.started_at);
                let of = format!("{} of drill {}", opening.run, visible(opening.drill.as_str()));
                Some(told("run", Tone::Good, format!("{of}, started {}", words::instant(opening.started_at))))
            }
            Fact::PhaseStarted { phase } => {
                self.running.push((*phase, event.at));
                Some(Said::Began(*phase))
            }
            Fact::PhaseEnded { phase, succeeded, bytes, waited_for } => {
                Some(self.ended(*phase, event.at, *succeeded, *bytes, waited_for.as_deref()))
            }
            Fact::BackupChosen(chosen) => {
                let candidate = &chosen.candidate;
                Some(told(
                    "backup",
                    Tone::Good,
                    format!("{}, {}", visible(&candidate.id), words::bytes(candidate.size_bytes)),
                ))
            }
            Fact::RestoreRepeated { detail } => {
                Some(told("repeated", Tone::Bad, format!("restore begins again: {}", visible(detail))))
            }
            Fact::CheckFinished(finding) => unwell(finding),
            Fact::RehearsalFinished(rehearsed) => Some(rehearsal(rehearsed)),
            Fact::Stopped(stop) => Some(told(
                "stopped",
                Tone::Bad,
                match stop.detail.as_str() {
                    "" => stop.reason.meaning().to_owned(),
                    detail => format!("{}: {}", stop.reason.meaning(), visible(detail)),
                },
            )),
            Fact::CleanedUp(cleanup) if !cleanup.proven || !cleanup.leftovers.is_empty() => {
                Some(told("leaked", Tone::Bad, visible(&cleanup.leftovers.join("; "))))
            }
            _ => None,
        }
    }

    fn ended(
        &mut self,
        phase: Phase,
        at: Offset,
        succeeded: bool,
        bytes: Option<u64>,
        waited: Option<&str>,
    ) -> Said {
        let began = self.running.iter().position(|(running, _)| *running == phase);
        let began = began.map_or(at, |place| self.running.remove(place).1);
        let took = at.since(began);
        let (tone, word) = if succeeded { (Tone::Good, "done in") } else { (Tone::Bad, "FAILED after") };
        let rate = bytes.and_then(|bytes| words::rate(bytes, took.as_secs_f64()));
        let waited = waited.map(|what| format!("waited for {}", visible(what)));
        let more =
            [bytes.map(words::bytes), rate, waited].into_iter().flatten().collect::<Vec<_>>().join(", ");
        let more = if more.is_empty() { more } else { format!("   {more}") };
        Said::Ended(phase, tone, format!("{word} {}{more}", duration(took)))
    }

    /// Time of day, UTC, at an offset; spaces before the run has begun.
    pub(super) fn time_of_day(&self, at: Offset) -> String {
        let instant = self.started_at.and_then(|started_at| started_at.checked_add(at.elapsed()).ok());
        instant.map_or_else(|| " ".repeat(8), |instant| instant.strftime("%H:%M:%S").to_string())
    }
}

fn told(word: &'static str, tone: Tone, text: String) -> Said {
    Said::Told(word, tone, text)
}

/// Checks that pass are counted at the end; one that does not is worth a line at once.
fn unwell(finding: &Finding) -> Option<Said> {
    let outcome = match finding.outcome {
        Outcome::Passed => return None,
        Outcome::Failed => "FAILED",
        Outcome::Errored => "ERRORED",
    };
    let (expected, observed) = (visible(&finding.expected), visible(&finding.observed));
    let expected = (words::grouped(&expected), words::grouped(&observed));
    let text =
        format!("{outcome} {}: expected {}, observed {}", visible(&finding.name), expected.0, expected.1);
    Some(told("check", Tone::Bad, text))
}

/// Its sentence, whichever way it ended: there are few, and they are what the run was started for.
fn rehearsal(rehearsed: &Rehearsed) -> Said {
    let tone = if rehearsed.outcome == Outcome::Passed { Tone::Good } else { Tone::Bad };
    told("rehearsed", tone, clipped(&sentence(rehearsed), LONGEST_SENTENCE))
}

/// `86.0 MB of 191.2 MB (45 %), 61.3 MB/s, COPY public.orders`.
pub(super) fn progress(progress: &Progress, seconds: f64) -> String {
    let known = progress.total.filter(|total| *total > 0);
    let part = known.map(|total| {
        let percent = u128::from(progress.bytes) * 100 / u128::from(total);
        format!("{} of {} ({} %)", words::bytes(progress.bytes), words::bytes(total), percent.min(100))
    });
    let bytes = part.or_else(|| (progress.bytes > 0).then(|| words::bytes(progress.bytes)));
    let rate = bytes.is_some().then(|| words::rate(progress.bytes, seconds)).flatten();
    let note = progress.note.as_deref().map(visible);
    [bytes, rate, note].into_iter().flatten().collect::<Vec<_>>().join(", ")
}
