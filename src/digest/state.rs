//! The state of a database as a value: its objects, what each table holds in count and sum, where sequences stand.

use std::collections::{BTreeMap, BTreeSet};

use super::heirs::Heirs;
use crate::definition::TableName;
use crate::definition::rollback::ColumnName;

/// The state of one database at one moment. It holds no value of a row.
///
/// Two states are worth comparing only if they were taken with the same options by servers of the same major version:
/// PostgreSQL promises its hash functions for no longer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct State {
    /// The server's major version.
    pub major: u32,
    /// Every object of the schema, grants and comments included.
    pub objects: BTreeMap<ObjectName, Object>,
    /// The content of every table that has any of its own, large objects under `pg_catalog.pg_largeobject`.
    pub tables: BTreeMap<TableName, TableState>,
    /// Where sequences stand, by their names as SQL writes them.
    pub sequences: BTreeMap<String, SequenceState>,
    /// Tables whose definition is compared but not their content, each with the reason in words.
    pub left_out: Vec<String>,
    /// Columns that the options leave out, and that were there: of a partitioned table those of its partitions.
    pub ignored: BTreeSet<ColumnName>,
    /// Which tables are parts of which.
    pub heirs: Heirs,
}

/// The name of an object.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ObjectName {
    /// The kind in words: `index`, `column`, `grant`.
    pub kind: String,
    /// The full name as SQL writes it, quoted only where it must be.
    pub name: String,
}

/// An object's definition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Object {
    /// The table that it is, or is a part of.
    pub table: Option<TableName>,
    /// What defines it, by labels in words; what is not set is left out.
    pub attributes: BTreeMap<String, String>,
}

/// What a table holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableState {
    /// Exact number of rows.
    pub rows: u64,
    /// The sum of the rows' hashes.
    pub sum: i128,
    /// The columns that the sum was taken of.
    pub columns: Vec<Column>,
    /// Columns that hold nothing, because they are computed whenever they are read (virtual ones, since 18).
    pub computed: Vec<String>,
    /// Sets of columns that identify a row, the primary key first.
    pub keys: Vec<Vec<String>>,
}

/// A column of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// The base type, qualified and quoted, where its own is a domain.
    pub base: Option<String>,
    /// The output function of its type, qualified and quoted; `None` where it is made for another type, as that of
    /// `refcursor` is, and SQL cannot call it.
    pub output: Option<String>,
    /// How its values are hashed.
    pub value: super::hash::Value,
    /// Whether its values are computed and stored.
    pub is_generated: bool,
}

/// Where a sequence stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SequenceState {
    /// The table that it belongs to.
    pub table: Option<TableName>,
    /// The number that was given last, or would have been before the one that comes next; `None` where it has given
    /// none and begins at its start.
    pub last: Option<i64>,
    /// Its step, negative where it descends.
    pub increment: i64,
}

/// The tables in which migration tools write down what they have done, wherever they are in this state.
const HISTORY: &[&str] = &[
    "schema_migrations",
    "schema_migrations_lock",
    "ar_internal_metadata",
    "flyway_schema_history",
    "databasechangelog",
    "databasechangeloglock",
    "alembic_version",
    "_sqlx_migrations",
    "goose_db_version",
    "django_migrations",
    "__diesel_schema_migrations",
    "refinery_schema_history",
    "_prisma_migrations",
    "knex_migrations",
    "knex_migrations_lock",
    "__EFMigrationsHistory",
];

/// Tables of this state that belong to a known migration tool.
pub fn known_history_tables(state: &State) -> Vec<TableName> {
    let is_history = |table: &&TableName| HISTORY.contains(&table.table.as_str());
    state.relations().into_iter().filter(is_history).cloned().collect()
}

impl State {
    /// Whether a column of a table is there, whoever looks at its values.
    pub fn has(&self, column: &ColumnName) -> bool {
        let holds = |table: &TableState| table.columns.iter().any(|held| held.name == column.column);
        let is_it = |name: &ObjectName| name.column().as_ref() == Some(column);
        self.tables.get(&column.owner()).is_some_and(holds) || self.objects.keys().any(is_it)
    }

    /// Tables and relations of other sorts.
    pub(super) fn relations(&self) -> BTreeSet<&TableName> {
        let relations = self.objects.iter().filter(|(name, _)| name.is_relation());
        relations.filter_map(|(_, object)| object.table.as_ref()).collect()
    }
}

impl ObjectName {
    /// The column that it is.
    pub(super) fn column(&self) -> Option<ColumnName> {
        (self.kind == "column").then(|| ColumnName::parse(&self.name)).flatten()
    }

    /// Whether it is a relation itself, and not a part of one.
    pub(super) fn is_relation(&self) -> bool {
        matches!(self.kind.as_str(), "table" | "view" | "materialised view" | "foreign table")
    }
}
