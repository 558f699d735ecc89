//! Plain letters: for where the real one can't be written, and about messages that did not arrive.

use crate::record::visible::visible;
use crate::record::{Conclusion, RunRecord};
use crate::report::mail::Letter;

/// The verdict and its reason: what people must hear even where nothing more can be said. The verdict's own sentence may
/// quote what a check observed, and that may be a value of a row.
pub(super) fn plain(record: &RunRecord, conclusion: &Conclusion) -> Letter {
    let sentence = bare(record, conclusion);
    let text = format!("{sentence}\n\nThe record: drillyard show {}\n", record.opening.run);
    of_text(sentence, text)
}

/// `orders: failed: a check failed`.
pub(super) fn bare(record: &RunRecord, conclusion: &Conclusion) -> String {
    let why = conclusion.reason.map(|reason| format!(": {}", reason.meaning())).unwrap_or_default();
    format!("{}: {}{why}", visible(&record.opening.service), conclusion.verdict)
}

/// Only text.
pub(super) fn of_text(subject: String, text: String) -> Letter {
    Letter { subject, text, html: String::new(), chart: None }
}
