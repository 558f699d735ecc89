//! The phases of a run, in order.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A stretch of a run. The order of the variants is the order in which reasons are preferred. Phases may overlap.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// List the source, choose the backup.
    Locate,
    /// Read its header, hash it, bring it to where the engine can mount it.
    Fetch,
    /// Decrypt it.
    Decrypt,
    /// Pull the sandbox's image; shown, and subtracted from the recovery clocks.
    ImagePull,
    /// Create and start the sandbox, until its server answers.
    Provision,
    /// Load the data.
    Restore,
    /// Replay write-ahead log (physical backups).
    Replay,
    /// ANALYZE.
    Analyze,
    /// Run the checks.
    Verify,
    /// Copy the data directory; shown and subtracted.
    Copy,
    /// Rehearse rollbacks; outside every recovery clock.
    Rehearse,
    /// Destroy everything; outside every recovery clock.
    Teardown,
}

impl Phase {
    /// The word that records use.
    pub fn word(self) -> &'static str {
        match self {
            Self::Locate => "locate",
            Self::Fetch => "fetch",
            Self::Decrypt => "decrypt",
            Self::ImagePull => "image_pull",
            Self::Provision => "provision",
            Self::Restore => "restore",
            Self::Replay => "replay",
            Self::Analyze => "analyze",
            Self::Verify => "verify",
            Self::Copy => "copy",
            Self::Rehearse => "rehearse",
            Self::Teardown => "teardown",
        }
    }

    /// Whether its instants are subtracted from the recovery clocks where no other phase covers them.
    pub fn is_subtracted(self) -> bool {
        matches!(self, Self::ImagePull | Self::Copy)
    }
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// An instant that ends a recovery clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Milestone {
    /// The first query after all data was loaded has been answered.
    Queryable,
    /// Restore, replay, roles, ANALYZE and `restore.after` are done.
    Restored,
    /// The last check passed.
    Verified,
}
