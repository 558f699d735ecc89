//! The state of a database as a value: its objects, what each table holds in count and sum, where sequences stand.

use std::collections::{BTreeMap, BTreeSet};

use crate::definition::TableName;

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
    /// Two sums of the rows' hashes.
    pub sums: [i128; 2],
    /// The columns that the sums were taken of.
    pub columns: Vec<Column>,
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
    state.tables.keys().filter(|table| HISTORY.contains(&table.table.as_str())).cloned().collect()
}

impl State {
    /// Tables and relations of other sorts.
    pub(super) fn relations(&self) -> BTreeSet<&TableName> {
        let relations = self.objects.iter().filter(|(name, _)| name.is_relation());
        relations.filter_map(|(_, object)| object.table.as_ref()).collect()
    }
}

impl ObjectName {
    /// Whether it is a relation itself, and not a part of one.
    pub(super) fn is_relation(&self) -> bool {
        matches!(self.kind.as_str(), "table" | "view" | "materialised view" | "foreign table")
    }
}
