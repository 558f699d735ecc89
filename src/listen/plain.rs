//! A run as lines, for logs, pipes and continuous integration: nothing moves, nothing is coloured.

use std::collections::HashMap;
use std::io::Write;
use std::time::{Duration, Instant};

use super::telling::{Said, Teller, progress};
use super::{Listener, Progress};
use crate::model::{Event, Offset, Phase};

/// Longest silence of a phase that makes progress.
const SILENCE: Duration = Duration::from_secs(10);

/// Writes a line when a phase begins, so that one that hangs can be seen, and when it ends; when a check does not pass;
/// and for a long phase its progress, every ten seconds at most.
#[derive(Debug)]
pub struct PlainListener<W> {
    writer: W,
    teller: Teller,
    /// The process's own clock at the run's start: progress carries no offset, because it may be dropped.
    began: Instant,
    phases: HashMap<Phase, Clock>,
    silence: Duration,
}

/// When a phase began and when something was last said of it.
#[derive(Debug)]
struct Clock {
    began: Instant,
    said: Instant,
}

impl<W: Write + Send> PlainListener<W> {
    /// Writes to `writer`; what it refuses is lost, because showing a run must not change it.
    pub fn new(writer: W) -> Self {
        Self::with_silence(writer, SILENCE)
    }

    /// With another limit between two lines of progress.
    fn with_silence(writer: W, silence: Duration) -> Self {
        Self { writer, teller: Teller::default(), began: Instant::now(), phases: HashMap::new(), silence }
    }

    fn line(&mut self, at: Offset, word: &str, text: &str) {
        let time = self.teller.time_of_day(at);
        let written = writeln!(self.writer, "{time}  {word:<10} {text}").and_then(|()| self.writer.flush());
        // A closed pipe is the reader's choice; the run and its record go on.
        written.unwrap_or_default();
    }
}

impl<W: Write + Send> Listener for PlainListener<W> {
    fn on_event(&mut self, event: &Event) {
        match self.teller.hear(event) {
            Some(Said::Began(phase)) => {
                let now = Instant::now();
                self.phases.insert(phase, Clock { began: now, said: now });
                self.line(event.at, phase.word(), "started");
            }
            Some(Said::Ended(phase, _, text)) => {
                self.phases.remove(&phase);
                self.line(event.at, phase.word(), &text);
            }
            Some(Said::Told(word, _, text)) => self.line(event.at, word, &text),
            None => {}
        }
    }

    fn on_progress(&mut self, news: &Progress) {
        let Some(clock) = self.phases.get_mut(&news.phase) else { return };
        if clock.said.elapsed() < self.silence {
            return;
        }
        clock.said = Instant::now();
        let text = progress(news, clock.began.elapsed().as_secs_f64());
        let at = Offset::from_elapsed(self.began.elapsed());
        self.line(at, news.phase.word(), &text);
    }
}

#[cfg(test)]
#[path = "plain_tests.rs"]
mod tests;
