//! What the drill promises to hold.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// Objectives of a drill. What is not given is measured and not judged.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Objectives {
    /// Longest acceptable recovery time.
    pub rto: Option<Duration>,
    /// Longest acceptable loss, as age of the recovery point.
    pub rpo: Option<Duration>,
    /// Which clock is held against `rto`.
    pub rto_until: RtoUntil,
    /// How far back the listing is searched for the largest gap between backups.
    pub exposure_window: Duration,
    /// Whether the file's modification time may stand for the recovery point where nothing better is known.
    pub modified_time_allowed: bool,
}

/// Nothing that anybody has promised.
impl Default for Objectives {
    fn default() -> Self {
        Self {
            rto: None,
            rpo: None,
            rto_until: RtoUntil::default(),
            exposure_window: Duration::from_hours(7 * 24),
            modified_time_allowed: false,
        }
    }
}

/// The clock that is held against the recovery time objective.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RtoUntil {
    /// The last check passed.
    #[default]
    Verified,
    /// Restore, roles, ANALYZE and `restore.after` are done.
    Restored,
}
