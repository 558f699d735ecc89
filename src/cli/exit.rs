//! Exit codes: what a script may rely on (measures.md).

use crate::model::Verdict;
use crate::run::Ended;

/// What a command ends with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// Everything passed.
    Passed,
    /// A drill proved a problem.
    Failed,
    /// Nothing was run: the definition or the command line is invalid.
    Invalid,
    /// Drillyard could not find out.
    Errored,
    /// Passed, and something is left behind.
    Leaked,
    /// A person stopped it.
    Cancelled,
}

impl Exit {
    /// The number.
    pub fn code(self) -> u8 {
        match self {
            Self::Passed => 0,
            Self::Failed => 1,
            Self::Invalid => 2,
            Self::Errored => 3,
            Self::Leaked => 4,
            Self::Cancelled => 130,
        }
    }

    /// Of one run.
    pub fn of(ended: &Ended) -> Self {
        match ended.conclusion.verdict {
            Verdict::Cancelled => Self::Cancelled,
            Verdict::Failed => Self::Failed,
            Verdict::Passed if ended.unrecorded.is_none() && ended.record.leaked() => Self::Leaked,
            Verdict::Passed if ended.unrecorded.is_none() => Self::Passed,
            _ => Self::Errored,
        }
    }

    /// Of several drills in one command: the worst of 1, then 3, then 4; a person's stop over everything.
    pub fn worst(exits: impl IntoIterator<Item = Self>) -> Self {
        let rank = |exit: &Self| match exit {
            Self::Passed => 0,
            Self::Leaked => 1,
            Self::Errored => 2,
            Self::Failed => 3,
            Self::Invalid => 4,
            Self::Cancelled => 5,
        };
        exits.into_iter().max_by_key(rank).unwrap_or(Self::Passed)
    }
}

#[cfg(test)]
mod tests {
    use super::Exit::{Cancelled, Errored, Failed, Leaked, Passed};
    use super::*;

    #[test]
    fn the_worst_of_several_drills_is_the_commands() {
        assert_eq!(Exit::worst([Passed, Leaked, Errored]), Errored);
        assert_eq!(Exit::worst([Errored, Failed, Leaked]), Failed);
        assert_eq!(Exit::worst([Passed, Leaked]), Leaked);
        assert_eq!(Exit::worst([Failed, Cancelled]), Cancelled);
        assert_eq!(Exit::worst([]), Passed);
    }
}
