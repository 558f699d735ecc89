//! Clocks against their objectives.

use std::time::Duration;

use super::Tone;
use crate::record::sentence::duration;
use crate::record::visible::visible;
use crate::record::words;
use crate::record::{Clocks, RecoveryClock, RecoveryPointClock};

/// What an objective says of a clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::report) enum Judged {
    Met,
    Missed,
    NotProvable,
    Open,
}

impl Judged {
    fn of(met: Option<bool>, known: bool) -> Self {
        match (met, known) {
            (None, _) => Self::Open,
            (Some(true), _) => Self::Met,
            (Some(false), true) => Self::Missed,
            (Some(false), false) => Self::NotProvable,
        }
    }

    pub(in crate::report) fn word(self) -> &'static str {
        match self {
            Self::Met => "met",
            Self::Missed => "missed",
            Self::NotProvable => "not proven",
            Self::Open => "",
        }
    }

    pub(in crate::report) fn class(self) -> &'static str {
        self.tone().map_or("", Tone::class)
    }

    pub(in crate::report) fn sign(self) -> &'static str {
        self.tone().map_or("", Tone::sign)
    }

    pub(in crate::report) fn tone(self) -> Option<Tone> {
        match self {
            Self::Met => Some(Tone::Good),
            Self::Missed => Some(Tone::Bad),
            Self::NotProvable => Some(Tone::Unsure),
            Self::Open => None,
        }
    }
}

/// One clock.
pub(in crate::report) struct ClockRow {
    pub(in crate::report) name: &'static str,
    /// `44.5 s`, or `unknown`.
    pub(in crate::report) value: String,
    pub(in crate::report) objective: Option<String>,
    pub(in crate::report) judged: Judged,
    /// How it is known, or why it is not; empty where there is nothing to say.
    pub(in crate::report) basis: String,
}

pub(super) fn recovery_time(clocks: &Clocks) -> Vec<ClockRow> {
    let row = |name, clock: RecoveryClock| ClockRow {
        name,
        value: clock.value.map_or_else(|| "not reached".to_owned(), duration),
        objective: clock.objective.map(objective),
        judged: Judged::of(clock.met(), clock.value.is_some()),
        basis: String::new(),
    };
    vec![
        row("until queryable", clocks.time_to_queryable),
        row("until restored", clocks.time_to_restored),
        row("until verified", clocks.time_to_verified),
    ]
}

pub(super) fn recovery_point(clocks: &Clocks) -> Vec<ClockRow> {
    let row = |name, clock: &RecoveryPointClock| ClockRow {
        name,
        value: clock.value.map_or_else(|| "unknown".to_owned(), duration),
        objective: clock.objective.map(objective),
        judged: Judged::of(clock.met(), clock.value.is_some()),
        basis: match clock.not_judged() {
            Some(why) => format!("{}; not judged, because {why}", visible(words::basis(&clock.basis))),
            None => visible(words::basis(&clock.basis)),
        },
    };
    vec![
        row("recovery point age", &clocks.recovery_point_age),
        row("worst exposure", &clocks.worst_exposure),
        row("backup age", &clocks.backup_age),
        row("newest row age", &clocks.data_age),
    ]
}

/// An objective is a round number that a person wrote, so it is shown without fractions: `30 min`, `26 h`, `1 d 6 h`.
pub(in crate::report) fn objective(objective: Duration) -> String {
    let seconds = objective.as_secs();
    match (seconds / 3600, seconds % 3600 / 60, seconds % 60) {
        (0, 0, _) => duration(objective),
        (0, minutes, 0) => format!("{minutes} min"),
        (hours, 0, 0) if hours < 48 || hours % 24 != 0 => format!("{hours} h"),
        (hours, 0, 0) => format!("{} d", hours / 24),
        _ => duration(objective),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn objectives_are_shown_as_people_write_them() {
        let shown = |seconds| objective(Duration::from_secs(seconds));
        assert_eq!(shown(1800), "30 min");
        assert_eq!(shown(93_600), "26 h");
        assert_eq!(shown(7 * 86_400), "7 d");
        assert_eq!(shown(5400), "1 h 30 min");
        assert_eq!(shown(30), "30.0 s");
    }
}
