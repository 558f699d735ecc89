//! Findings: what was expected, what was observed.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::verdict::Reason;

/// The kinds of checks, each with the word that drill files use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CheckKind {
    /// Number of rows of a table.
    Rows,
    /// Age of a table's newest row.
    Fresh,
    /// A query of the drill's own with a typed expectation.
    Sql,
    /// Number of tables, and named ones present.
    Tables,
    /// Every validated foreign key holds on the data.
    ForeignKeys,
    /// No sequence is behind the column that it feeds.
    Sequences,
    /// What a rollback must leave behind, and how fast it must be.
    Expectation,
}

impl CheckKind {
    /// The word that drill files and records use.
    pub fn word(self) -> &'static str {
        match self {
            Self::Rows => "rows",
            Self::Fresh => "fresh",
            Self::Sql => "sql",
            Self::Tables => "tables",
            Self::ForeignKeys => "foreign_keys",
            Self::Sequences => "sequences",
            Self::Expectation => "expectation",
        }
    }
}

impl fmt::Display for CheckKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// How a check ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Observed as expected.
    Passed,
    /// Asked and answered, and the answer is not the expected one.
    Failed,
    /// It could not be found out.
    Errored,
}

/// The outcome of one check. Carries counts, ages, names and SQLSTATEs; never a value of a row, unless the check
/// says `show_values: true`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Finding {
    /// The check's name, its own or made from its values: `rows public.orders`.
    pub name: String,
    /// Its kind.
    pub kind: CheckKind,
    /// How it ended.
    pub outcome: Outcome,
    /// Why, from the closed list, where it did not pass.
    pub reason: Option<Reason>,
    /// The expectation in words: `at least 1000 rows`.
    pub expected: String,
    /// The observation in words: `300000 rows`.
    pub observed: String,
    /// What a person may do or should know: a spelling hint, an example of objects concerned. One or two sentences.
    pub hint: Option<String>,
    /// Warnings beside the outcome, such as a constraint that is NOT VALID.
    pub warnings: Vec<String>,
    /// Age in seconds of the newest row before the run's start, of a `fresh` check.
    pub newest_row_age_seconds: Option<f64>,
    /// Seconds that the check's own SQL took.
    pub seconds: f64,
}
