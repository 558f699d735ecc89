//! A run as lines of the daemon's log, each with its run and its drill, so that several runs at once can be told apart.

use super::telling::{Said, Teller, Tone};
use super::{Listener, Progress};
use crate::model::{Event, Fact};

/// Writes what a run tells into the log. Progress stays out of it: a daemon's log is read afterwards.
#[derive(Debug, Default)]
pub struct LogListener {
    teller: Teller,
    run: String,
    drill: String,
}

impl Listener for LogListener {
    fn on_event(&mut self, event: &Event) {
        if let Fact::RunStarted(opening) = &event.fact {
            (self.run, self.drill) = (opening.run.to_string(), opening.drill.to_string());
        }
        let (run, drill) = (&self.run, &self.drill);
        match self.teller.hear(event) {
            Some(Said::Began(phase)) => tracing::debug!(run, drill, phase = phase.word(), "started"),
            Some(Said::Ended(phase, Tone::Good, text)) => {
                tracing::info!(run, drill, phase = phase.word(), "{text}");
            }
            Some(Said::Ended(phase, Tone::Bad, text)) => {
                tracing::warn!(run, drill, phase = phase.word(), "{text}");
            }
            Some(Said::Told(word, Tone::Good, text)) => tracing::info!(run, drill, "{word}: {text}"),
            Some(Said::Told(word, Tone::Bad, text)) => tracing::warn!(run, drill, "{word}: {text}"),
            None => {}
        }
    }

    fn on_progress(&mut self, _progress: &Progress) {}
}
