//! The vocabulary: values only. No I/O, no async, nothing of ours imported.
//!
//! | word | type |
//! |---|---|
//! | drill, run | [`DrillName`], [`RunId`] |
//! | instant on a run's own clock | [`Offset`] |
//! | backup, archive header | [`backup`] |
//! | phase | [`Phase`] |
//! | finding: the outcome of one check | [`Finding`] |
//! | verdict, reason | [`Verdict`], [`Reason`] |
//! | everything that happened | [`Event`], [`Fact`] |

pub mod backup;
pub mod broken_file;
pub mod channel;
pub mod database;
pub mod event;
pub mod finding;
pub mod id;
pub mod objectives;
pub mod phase;
pub mod rehearsal;
pub mod sandbox;
pub mod time;
pub mod verdict;
pub mod watermark;

pub use backup::{ArchiveHeader, BackupFormat, Candidate, Compression, SkipReason, SkippedCandidate};
pub use broken_file::{BrokenDrill, BrokenFile};
pub use channel::Channel;
pub use database::{MajorVersion, ServerVersion};
pub use event::{EVENT_VERSION, Event, Fact};
pub use finding::{CheckKind, Finding, Outcome};
pub use id::{DrillName, RunId, StoreId};
pub use objectives::{Objectives, RtoUntil};
pub use phase::{Milestone, Phase};
pub use rehearsal::{PlannedRehearsal, Rehearsed};
pub use sandbox::{CleanUp, Durability, Effect, EffectKind, InstanceFacts, NotComparable, SandboxFacts};
pub use time::Offset;
pub use verdict::{Integrity, Reason, Verdict};
pub use watermark::Watermark;
