//! Why a recovery point is not held against its objective: one answer for text, page, JSON and mail.
//!
//! Only what came back whole says how much would be lost. Of a backup that ends too early even its header may be right,
//! and still all of its data is lost (2026-11-22).

use super::RunRecord;
use super::conclusion::{recovered, trouble};
use crate::model::{Reason, Verdict};

/// What keeps a recovery point from being judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unjudged {
    /// It was proven that the backup is not whole.
    NotWhole,
    /// The run came to no proof, for a reason that is not the backup's.
    NotProven,
    /// It says nothing of the newest backup (measures.md, 2026-11-21).
    ChosenByAPerson,
}

impl Unjudged {
    /// `None` where the recovery was whole: restored, and every check passed.
    pub(super) fn of(record: &RunRecord) -> Option<Self> {
        if recovered(record) {
            return record.chosen_by_hand().then_some(Self::ChosenByAPerson);
        }
        match trouble(record) {
            // A restore that was too slow was not seen to its end.
            Some(reason) if reason.verdict() == Verdict::Failed && reason != Reason::RtoMissed => {
                Some(Self::NotWhole)
            }
            _ => Some(Self::NotProven),
        }
    }

    /// What follows `not judged, because`.
    pub fn why(self) -> &'static str {
        match self {
            Self::NotWhole => "the backup is not whole",
            Self::NotProven => "the backup was not proven",
            Self::ChosenByAPerson => "a person chose this backup",
        }
    }
}
