//! A run as lines of the daemon's log, each with its run and its drill, so that several runs at once can be told apart.

use std::borrow::Cow;

use super::telling::{Said, Teller, Tone};
use super::{Listener, Progress};
use crate::model::{Event, Fact};
use crate::record::outward;

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
        match self.teller.hear(&without_values(event)) {
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

/// A log is read by more people than a record.
fn without_values(event: &Event) -> Cow<'_, Event> {
    let fact = match &event.fact {
        Fact::CheckFinished(finding) => Fact::CheckFinished(Box::new(outward::finding(finding).into_owned())),
        Fact::RehearsalFinished(rehearsed) => {
            Fact::RehearsalFinished(Box::new(outward::rehearsed(rehearsed).into_owned()))
        }
        _ => return Cow::Borrowed(event),
    };
    Cow::Owned(Event { fact, ..event.clone() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{CheckKind, Finding, Offset, Outcome, Rehearsed};

    fn finding(kind: CheckKind) -> Finding {
        Finding {
            name: "newest customer".into(),
            kind,
            outcome: Outcome::Failed,
            reason: None,
            expected: "= \"ada@example.org\"".into(),
            observed: "\"ada@example.org\" instead".into(),
            hint: None,
            warnings: vec![],
            newest_row_age_seconds: None,
            seconds: 0.1,
        }
    }

    fn said(fact: Fact) -> String {
        let event = Event { sequence: 1, at: Offset::START, fact };
        format!("{:?}", Teller::default().hear(&without_values(&event)))
    }

    #[test]
    fn j8_no_answer_that_may_be_the_value_of_a_row_gets_into_the_log() {
        let check = said(Fact::CheckFinished(Box::new(finding(CheckKind::Sql))));
        let rehearsed = Rehearsed {
            outcome: Outcome::Failed,
            findings: vec![finding(CheckKind::Sql)],
            ..Rehearsed::begun("0042")
        };
        let rehearsal = said(Fact::RehearsalFinished(Box::new(rehearsed)));
        for said in [check, rehearsal] {
            assert!(said.contains("newest customer") && !said.contains("ada@"), "{said}");
        }
        assert!(said(Fact::CheckFinished(Box::new(finding(CheckKind::Rows)))).contains("ada@"));
    }
}
