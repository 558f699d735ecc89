//! Plain letters: for where the real one can't be written, and about messages that did not arrive.

use crate::record::{Conclusion, RunRecord, outward};
use crate::report::mail::Letter;

/// The verdict and its reason: what people must hear even where nothing more can be said.
pub(super) fn plain(record: &RunRecord, conclusion: &Conclusion) -> Letter {
    let sentence = outward::sentence_of(record, conclusion);
    let text = format!("{sentence}\n\nThe record: drillyard show {}\n", record.opening.run);
    of_text(sentence, text)
}

/// Only text.
pub(super) fn of_text(subject: String, text: String) -> Letter {
    Letter { subject, text, html: String::new(), chart: None }
}
