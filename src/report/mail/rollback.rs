//! Can we roll back: the sentence of a rehearsal, fit for a mail.

use std::borrow::Cow;

use super::subject::cut;
use crate::model::{CheckKind, Outcome, Rehearsed};
use crate::record::rehearsal;

/// Characters of a sentence.
const LONGEST: usize = 500;
/// Characters of a sentence among those of many services.
const LONGEST_OF_MANY: usize = 240;

/// What one rehearsal found. A `sql` check may show a value of a row (`show_values`), and a mail may not.
pub(super) fn sentence(rehearsed: &Rehearsed) -> String {
    let may_show_values = rehearsed.findings.iter().any(|finding| finding.kind == CheckKind::Sql);
    let mut told = Cow::Borrowed(rehearsed);
    if may_show_values {
        let withheld = "an answer that stands in the run's record";
        let findings = told.to_mut().findings.iter_mut().filter(|finding| finding.kind == CheckKind::Sql);
        for finding in findings {
            finding.expected = String::from("another answer");
            finding.observed = String::from(withheld);
        }
    }
    cut(&rehearsal::sentence(&told), LONGEST)
}

/// What the rehearsals of one run found, among many services: the worst in its sentence, the others by their number.
/// `None` where there were none.
pub(in crate::report) fn worst_sentence(rehearsed: &[Rehearsed]) -> Option<String> {
    let worst = rehearsed.iter().min_by_key(|rehearsed| match rehearsed.outcome {
        Outcome::Failed => 0,
        Outcome::Errored => 1,
        Outcome::Passed => 2,
    })?;
    let said = cut(&sentence(worst), LONGEST_OF_MANY);
    Some(match rehearsed.len() - 1 {
        0 => said,
        1 => format!("{said} And 1 more rehearsal."),
        more => format!("{said} And {more} more rehearsals."),
    })
}
