//! How far a drill's schedule has been worked off.

use jiff::Timestamp;

/// What is remembered of a drill's schedule from one daemon to the next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Watermark {
    /// The newest scheduled instant that has been dealt with.
    pub scheduled_at: Timestamp,
    /// The calendar by which the instants after it are due, in words: `30 3 * * Mon-Fri Europe/Berlin`. `None` where an
    /// older version wrote the watermark, which kept no calendar.
    pub calendar: Option<String>,
}
