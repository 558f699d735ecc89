//! Which tables are parts of others: a column of a partitioned table has its values in the partitions.

use std::collections::BTreeMap;

use super::DigestError;
use super::session::Session;
use crate::definition::TableName;
use crate::definition::rollback::ColumnName;

/// Partitions and inheritors, near and far. `schema, table, heir's schema, heir`.
const HEIRS: &str = "\
WITH RECURSIVE heir (ancestor, relation) AS (
  SELECT inhparent, inhrelid FROM pg_inherits
  UNION SELECT heir.ancestor, below.inhrelid FROM heir JOIN pg_inherits AS below ON below.inhparent = heir.relation
)
SELECT schema.nspname::text, parent.relname::text, heir_schema.nspname::text, relation.relname::text
FROM heir JOIN pg_class AS parent ON parent.oid = heir.ancestor AND parent.relkind IN ('r', 'p', 'f')
JOIN pg_namespace AS schema ON schema.oid = parent.relnamespace
JOIN pg_class AS relation ON relation.oid = heir.relation
JOIN pg_namespace AS heir_schema ON heir_schema.oid = relation.relnamespace
ORDER BY 1, 2, 3, 4";

/// The partitions and inheritors of each table that has any.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Heirs(BTreeMap<TableName, Vec<TableName>>);

impl Heirs {
    pub(super) async fn read(session: &Session<'_>) -> Result<Self, DigestError> {
        let mut heirs: BTreeMap<TableName, Vec<TableName>> = BTreeMap::new();
        for row in session.rows("which tables are parts of others", HEIRS).await? {
            let table = |schema, table| TableName { schema: row.get(schema), table: row.get(table) };
            heirs.entry(table(0, 1)).or_default().push(table(2, 3));
        }
        Ok(Self(heirs))
    }

    /// A column, and the same one of everything that inherits it.
    pub fn columns(&self, column: &ColumnName) -> Vec<ColumnName> {
        let heirs = self.0.get(&column.owner()).into_iter().flatten();
        let inherited = heirs.map(|heir| ColumnName::of(heir, &column.column));
        std::iter::once(column.clone()).chain(inherited).collect()
    }
}
