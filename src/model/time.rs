//! Instants on a run's own clock.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// Monotonic distance from the start of the run, in microseconds. Durations are differences of offsets, never of
/// wall clocks, because a wall clock may jump in the middle of a run.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Offset(u64);

impl Offset {
    /// The start of the run.
    pub const START: Self = Self(0);

    /// From a monotonic distance; saturates after half a million years.
    pub fn from_elapsed(elapsed: Duration) -> Self {
        Self(u64::try_from(elapsed.as_micros()).unwrap_or(u64::MAX))
    }

    /// From whole milliseconds.
    pub fn from_millis(milliseconds: u64) -> Self {
        Self(milliseconds.saturating_mul(1000))
    }

    /// Distance from the start of the run.
    pub fn elapsed(self) -> Duration {
        Duration::from_micros(self.0)
    }

    /// Distance from an earlier offset; zero if `earlier` is later.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_micros(self.0.saturating_sub(earlier.0))
    }

    /// Microseconds from the start of the run.
    pub fn as_micros(self) -> u64 {
        self.0
    }
}

impl fmt::Display for Offset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.3}s", self.elapsed().as_secs_f64())
    }
}
