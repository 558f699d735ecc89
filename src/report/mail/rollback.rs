//! Can we roll back: the sentence of a rehearsal, fit for a mail.

use super::subject::cut;
use crate::model::{Outcome, Rehearsed};
use crate::record::{outward, rehearsal};

/// Characters of a sentence.
const LONGEST: usize = 500;
/// Characters of a sentence among those of many services.
const LONGEST_OF_MANY: usize = 240;

/// What one rehearsal found.
pub(super) fn sentence(rehearsed: &Rehearsed) -> String {
    cut(&rehearsal::sentence(&outward::rehearsed(rehearsed)), LONGEST)
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
