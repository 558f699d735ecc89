//! What managers read: one letter about one run, and the digest of all services.
//!
//! A letter, read alone, answers six questions: can we recover, how fast, how much is lost, can we roll back, what got
//! worse, who acts. The subject answers the first. Text and HTML say the same; neither holds a value of a row, a secret
//! or anything remote, and what came from outside can inject neither a header nor markup: it passes
//! [`crate::record::visible`] on its way into the values that the renderers arrange.

mod answers;
mod body;
mod changes;
mod chart;
mod digest;
mod html;
mod png;
mod rollback;
mod subject;
mod text;
mod times;

use serde_json::{Value, json};

use crate::record::{Conclusion, RunRecord, RunSummary};

pub use digest::digest;
pub(super) use rollback::worst_sentence as rollback_sentence;

/// A mail without its envelope.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Letter {
    /// One line, at most 120 characters, no control character among them.
    pub subject: String,
    /// The plain part.
    pub text: String,
    /// The HTML part; refers to the chart as `cid:chart` where there is one.
    pub html: String,
    /// Recovery times of the last runs, a PNG.
    pub chart: Option<Vec<u8>>,
}

/// The letter about a run that has ended. `previous` is the run of this drill that ended before; `history` its finished
/// runs before this one, newest first, at most 20.
pub fn letter(
    record: &RunRecord,
    conclusion: &Conclusion,
    previous: Option<(&RunRecord, &Conclusion)>,
    history: &[RunSummary],
) -> Letter {
    let body = body::Body::of(record, conclusion, previous, history);
    let chart = body.times.as_ref().and_then(chart::chart);
    Letter { text: text::text(&body), html: html::html(&body, chart.is_some()), subject: body.subject, chart }
}

/// The document `drillyard/letter/1`: a letter as programs pass it on, without its picture.
pub fn letter_json(letter: &Letter) -> Value {
    json!({ "schema": "drillyard/letter/1", "subject": letter.subject, "text": letter.text, "html": letter.html })
}
