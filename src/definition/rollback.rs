//! Rehearsals of a rollback as values: the way forward, the way back, and what must hold of it.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use super::check::{Check, TableName};
use super::secret_reference::SecretReference;

/// One rehearsal.
#[derive(Debug, Clone, PartialEq)]
pub struct Rollback {
    /// Unique in its drill: its own name, or one made from its steps.
    pub name: String,
    /// The migration.
    pub forward: Step,
    /// The way back.
    pub back: Step,
    /// What the new version would have written.
    pub writes: Option<Step>,
    /// What must hold of those writes after the way back.
    pub survives: Vec<Check>,
    /// The role that migrates in production; the database's owner by default.
    pub migrator: Option<String>,
    /// Whether identifying keys of changed rows may leave the sandbox.
    pub show_keys: bool,
    /// What must hold.
    pub expect: Expectation,
    /// Asked between forward and back.
    pub after_forward: Vec<Check>,
    /// Asked after the way back.
    pub after_back: Vec<Check>,
}

/// One way from a state of the database to another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// SQL files in this order, each as psql would run it with `ON_ERROR_STOP`. Absolute paths; at least one.
    Sql {
        /// The files.
        files: Vec<PathBuf>,
        /// Whether all of them are one transaction.
        single_transaction: bool,
    },
    /// A migration tool in a container of its own, which shares the sandbox's empty network.
    Command {
        /// The image.
        image: String,
        /// The command with its arguments; the image's own where there is none.
        run: Vec<String>,
        /// Environment variables beside `PGHOST` and its kin.
        environment: BTreeMap<String, EnvironmentValue>,
        /// Files and folders that the tool needs to read, absolute; each is mounted read-only at `/drill/<its name>`.
        mounts: Vec<PathBuf>,
    },
}

/// The value of an environment variable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EnvironmentValue {
    /// Text, as it is written.
    Text(String),
    /// A secret, resolved when the container is made.
    Secret(SecretReference),
}

/// What must hold of a rollback.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Expectation {
    /// Of the data.
    pub data: ExpectedData,
    /// Of the schema.
    pub schema: ExpectedSchema,
    /// The longest that the way back may take; not judged by default.
    pub within: Option<Duration>,
    /// The longest that readers or writers may be blocked, on either way; not judged by default.
    pub blocking_max: Option<Duration>,
    /// Columns that are left out of the comparison.
    pub ignore: Vec<ColumnName>,
    /// Losses that are acceptable, each with its reason.
    pub accept_loss: Vec<AcceptedLoss>,
}

/// What must hold of the data after the way back.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum ExpectedData {
    /// The same as before.
    #[default]
    Identical,
    /// Nothing that was there is missing; additions are allowed.
    Lossless,
}

/// What must hold of the schema after the way back.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum ExpectedSchema {
    /// The same as before.
    #[default]
    Identical,
    /// Whatever it is.
    Any,
}

/// A column by its full name, `schema.table.column`, each part without quotes.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ColumnName {
    /// The schema; `public` where the drill leaves it out.
    pub schema: String,
    /// The table.
    pub table: String,
    /// The column.
    pub column: String,
}

impl ColumnName {
    /// A column of this table.
    pub fn of(table: &TableName, column: impl Into<String>) -> Self {
        Self { schema: table.schema.clone(), table: table.table.clone(), column: column.into() }
    }

    /// The table that it is of.
    pub fn owner(&self) -> TableName {
        TableName { schema: self.schema.clone(), table: self.table.clone() }
    }

    /// Reads `table.column` or `schema.table.column`; parts may be quoted as in SQL.
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = super::check::name_parts(text)?;
        let (column, table) = (parts.pop()?, parts.pop()?);
        let schema = parts.pop().unwrap_or_else(|| "public".to_owned());
        parts.is_empty().then_some(Self { schema, table, column })
    }
}

impl fmt::Display for ColumnName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.schema, self.table, self.column)
    }
}

/// A loss that the drill accepts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AcceptedLoss {
    /// The column.
    pub column: ColumnName,
    /// Why its loss is acceptable.
    pub reason: String,
}
