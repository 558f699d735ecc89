//! What two looks at the clocks mean: time that passed, a clock that was set, a time in which nobody looked.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

/// A wall clock that strays less is being slewed, or the machine is busy.
const JUMP: SignedDuration = SignedDuration::from_secs(5);
/// Looks are at most half a minute apart: after so long, the daemon was down in all but name.
const DOWNTIME: SignedDuration = SignedDuration::from_hours(1);

/// A look at both clocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reading {
    /// The monotonic clock: time since the process began.
    pub monotonic: Duration,
    /// The wall clock.
    pub wall: Timestamp,
}

/// What happened between two looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Passed {
    /// How far the wall clock was set, forwards or (negative) backwards; `None` for five seconds and less. A machine
    /// that slept is one whose clock was set forwards.
    pub jump: Option<SignedDuration>,
    /// Whether more than an hour went by on the wall clock, be it by a jump, by sleep or because the process stood
    /// still: what came due in it came due while the daemon was down.
    pub downtime: bool,
}

impl Reading {
    /// What happened since an earlier look.
    pub fn since(self, earlier: Self) -> Passed {
        let wall = earlier.wall.duration_until(self.wall);
        let monotonic = self.monotonic.saturating_sub(earlier.monotonic);
        let jump = wall.saturating_sub(SignedDuration::try_from(monotonic).unwrap_or(SignedDuration::MAX));
        Passed { jump: Some(jump).filter(|jump| jump.abs() > JUMP), downtime: wall > DOWNTIME }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn passed(monotonic: u64, wall: i64) -> (Option<i64>, bool) {
        let at = |monotonic, wall| Reading {
            monotonic: Duration::from_secs(monotonic),
            wall: Timestamp::from_second(1_800_000_000 + wall).unwrap(),
        };
        let passed = at(100 + monotonic, wall).since(at(100, 0));
        (passed.jump.map(|jump| jump.as_secs()), passed.downtime)
    }

    #[test]
    fn f5_f6_a_clock_that_was_set_is_told_from_time_that_passed() {
        assert_eq!(passed(30, 30), (None, false));
        assert_eq!(passed(30, 34), (None, false));
        assert_eq!(passed(30, 36), (Some(6), false));
        assert_eq!(passed(30, 24), (Some(-6), false));
        assert_eq!(passed(30, -7_200), (Some(-7_230), false));
        assert_eq!(passed(30, 30 * 365 * 86_400), (Some(30 * 365 * 86_400 - 30), true));
        assert_eq!(passed(30, 3_600), (Some(3_570), false));
        assert_eq!(passed(30, 3_601), (Some(3_571), true));
    }

    #[test]
    fn f7_a_process_that_stood_still_was_down() {
        assert_eq!(passed(600, 600), (None, false));
        assert_eq!(passed(7_200, 7_200), (None, true));
        // Asleep, the monotonic clock stands.
        assert_eq!(passed(31, 36_000), (Some(35_969), true));
    }
}
