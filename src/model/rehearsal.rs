//! What a rehearsal of a rollback found: both ways, what they blocked, and what is different afterwards.
//!
//! Names, numbers and durations only: no value of a row, but for the keys that a drill asks for with `show_keys`.

use serde::{Deserialize, Serialize};

use super::finding::{Finding, Outcome};
use super::verdict::Reason;

/// A rehearsal that a run owes an answer to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlannedRehearsal {
    /// Its name, the same as its outcome's.
    pub name: String,
}

/// The outcome of one rehearsal.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Rehearsed {
    /// Its name.
    pub name: String,
    /// How it ended.
    pub outcome: Outcome,
    /// Why, from the closed list, where it did not pass.
    pub reason: Option<Reason>,
    /// What was tried and found where it did not come to its end. Redacted.
    pub detail: Option<String>,
    /// What to do next.
    pub hint: Option<String>,
    /// The role that migrated.
    pub migrator: String,
    /// The drill names no role, so the database's owner migrated.
    pub migrator_is_default: bool,
    /// The way forward, if it was begun.
    pub forward: Option<StepTaken>,
    /// The way back, if it was begun.
    pub back: Option<StepTaken>,
    /// Seconds that the copy of the data directory took.
    pub copy_seconds: f64,
    /// What is different after both ways; `None` where it could not be told.
    pub difference: Option<Difference>,
    /// What the writes of the new version did not survive, or changed beside themselves; only with `writes`.
    pub writes_difference: Option<Difference>,
    /// Expectations and checks, each with expected and observed.
    pub findings: Vec<Finding>,
    /// What was left out of the comparison: the drill's columns, the tools' own tables.
    pub ignored: Vec<String>,
    /// Losses that the drill accepts and that happened, each with the drill's reason.
    pub accepted: Vec<String>,
    /// What a person should know.
    pub warnings: Vec<String>,
}

impl Rehearsed {
    /// A rehearsal of which nothing is known yet: until something is, it could not be found out.
    pub fn begun(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            outcome: Outcome::Errored,
            reason: None,
            detail: None,
            hint: None,
            migrator: String::new(),
            migrator_is_default: true,
            forward: None,
            back: None,
            copy_seconds: 0.0,
            difference: None,
            writes_difference: None,
            findings: Vec::new(),
            ignored: Vec::new(),
            accepted: Vec::new(),
            warnings: Vec::new(),
        }
    }
}

/// One way, taken.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StepTaken {
    /// Whether it came to its end.
    pub succeeded: bool,
    /// How long it took.
    pub seconds: f64,
    /// Whether those who asked for locks were lost on the way, so that waits and locks are not known.
    #[serde(default)]
    pub canary_lost: bool,
    /// The longest that a reader of some table would have waited.
    pub readers_blocked: Blocked,
    /// The longest that a writer of some table would have waited.
    pub writers_blocked: Blocked,
    /// The strongest lock that it held on each table that it locked, the longest held first.
    pub locks: Vec<LockHeld>,
}

/// The longest wait that a canary met.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Blocked {
    /// Seconds; 0 where nobody waited.
    pub seconds: f64,
    /// The table at which it was met.
    pub table: Option<String>,
}

/// A lock on a table.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LockHeld {
    /// The table.
    pub table: String,
    /// Its mode, as PostgreSQL writes it: `AccessExclusiveLock`.
    pub mode: String,
    /// Seconds for which it was seen.
    pub seconds: f64,
}

/// What is different between two states of a database.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Difference {
    /// Objects of the schema, grants included.
    pub objects: Vec<ObjectDifference>,
    /// Tables whose rows differ.
    pub tables: Vec<TableDifference>,
    /// Sequences whose position differs.
    pub sequences: Vec<SequenceDifference>,
}

/// An object of the schema that differs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ObjectDifference {
    /// Its kind in words: `index`, `column`, `grant`.
    pub kind: String,
    /// Its full name.
    pub name: String,
    /// The column that it is, without quotes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub column: Option<ColumnPlace>,
    /// In which way.
    pub change: Change,
    /// What of it changed, without a value of a row: `nullable`, `default`, `type text → character varying(20)`.
    pub detail: Option<String>,
}

/// A column, as a [`TableDifference`] names it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ColumnPlace {
    /// `schema.table`.
    pub table: String,
    /// The column.
    pub column: String,
}

/// In which way something differs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Change {
    /// It was there and is not any more.
    Lost,
    /// It was not there and is now.
    Added,
    /// It is another one.
    Changed,
}

/// A table whose rows differ.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TableDifference {
    /// `schema.table`.
    pub table: String,
    /// Rows before.
    pub rows_before: u64,
    /// Rows after.
    pub rows_after: u64,
    /// Rows that were there and are not any more.
    pub rows_lost: u64,
    /// Rows that were not there and are now.
    pub rows_gained: u64,
    /// Rows that are there on both sides, by their key, with other content.
    pub rows_changed: u64,
    /// The columns concerned, where rows could be paired by a key.
    pub columns: Vec<ColumnDifference>,
    /// Whether rows could be paired by a key; without one a changed row counts as lost and gained.
    pub paired: bool,
    /// Keys of some rows concerned; only with `show_keys`.
    pub keys: Vec<String>,
}

/// A column whose values differ.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ColumnDifference {
    /// The column.
    pub column: String,
    /// Rows where a value was there and is NULL now, or whose column is gone.
    pub values_lost: u64,
    /// Rows where NULL was and a value is there now.
    #[serde(default)]
    pub values_gained: u64,
    /// Rows where another value is there now.
    pub values_changed: u64,
}

/// A sequence whose position differs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SequenceDifference {
    /// `schema.sequence`.
    pub sequence: String,
    /// Last value before; `None` where it had given none.
    pub before: Option<i64>,
    /// Last value after.
    pub after: Option<i64>,
    /// Whether it went back, so that a number may be given twice.
    pub went_back: bool,
}

impl Difference {
    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.objects.is_empty() && self.tables.is_empty() && self.sequences.is_empty()
    }
}
