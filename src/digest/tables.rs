//! What tables hold: which of them are read, their columns and keys, their counts and sums.

use std::collections::{BTreeMap, BTreeSet};

use tokio_postgres::Row;

use super::hash::{self, Value};
use super::session::Session;
use super::state::{Column, TableState};
use super::{DigestError, Options};
use crate::definition::TableName;
use crate::definition::rollback::ColumnName;

/// Large objects are rows of this table, and are read like any other.
const LARGE_OBJECTS: u32 = 2613;

/// Every relation with rows of its own: also an extension's tables, which hold what users have set, and views of stored
/// rows. A partitioned table has none; a foreign table's are elsewhere. `relation, schema, table, is foreign`.
const TABLES: &str = "\
SELECT relation.oid, schema.nspname::text, relation.relname::text, relation.relkind = 'f'
FROM pg_class AS relation JOIN pg_namespace AS schema ON schema.oid = relation.relnamespace
WHERE relation.oid = 2613
   OR (relation.relkind IN ('r', 'f') OR relation.relkind = 'm' AND relation.relispopulated)
      AND relation.oid >= 16384 AND relation.relpersistence <> 't' AND schema.nspname <> 'information_schema'
ORDER BY 2, 3";

/// Columns of every table, in their order, with what hashing needs to know.
/// `relation, column, base type, base type's name, output function, has length, is domain, is virtual, is stored`.
const COLUMNS: &str = "\
WITH RECURSIVE base (type, base, modifier, kind) AS (
  SELECT oid, oid, -1, typtype FROM pg_type
  UNION ALL
  SELECT base.type, domain.typbasetype, domain.typtypmod, below.typtype
  FROM base JOIN pg_type AS domain ON domain.oid = base.base AND domain.typtype = 'd'
  JOIN pg_type AS below ON below.oid = domain.typbasetype
)
SELECT attribute.attrelid, attribute.attname::text, kind.oid,
       format('%I.%I', kind_schema.nspname, kind.typname),
       CASE WHEN output.proargtypes[0] = kind.oid OR argument.typtype = 'p'
            THEN format('%I.%I', output_schema.nspname, output.proname) END,
       CASE WHEN base.base = attribute.atttypid THEN attribute.atttypmod ELSE base.modifier END <> -1,
       base.base <> attribute.atttypid,
       attribute.attgenerated = 'v', attribute.attgenerated = 's'
FROM pg_attribute AS attribute
JOIN pg_class AS relation ON relation.oid = attribute.attrelid AND (relation.relkind IN ('r', 'm') OR relation.oid = 2613)
JOIN base ON base.type = attribute.atttypid AND base.kind <> 'd'
JOIN pg_type AS kind ON kind.oid = base.base JOIN pg_namespace AS kind_schema ON kind_schema.oid = kind.typnamespace
JOIN pg_proc AS output ON output.oid = kind.typoutput
JOIN pg_type AS argument ON argument.oid = output.proargtypes[0]
JOIN pg_namespace AS output_schema ON output_schema.oid = output.pronamespace
WHERE attribute.attnum > 0 AND NOT attribute.attisdropped
  AND (relation.oid >= 16384 OR relation.oid = 2613)
ORDER BY attribute.attrelid, attribute.attnum";

/// Sets of columns that identify a row: unique over all rows, without NULL. A column may hold NULL that is said to be not
/// NULL, where that was not validated (since 18). `relation, columns`.
const KEYS: &str = "\
SELECT index.indrelid,
       (SELECT array_agg(attribute.attname::text ORDER BY part.position)
        FROM unnest(index.indkey::int2[]) WITH ORDINALITY AS part (number, position)
        JOIN pg_attribute AS attribute ON attribute.attrelid = index.indrelid AND attribute.attnum = part.number
        WHERE part.position <= index.indnkeyatts)
FROM pg_index AS index JOIN pg_class AS name ON name.oid = index.indexrelid
WHERE index.indisunique AND index.indisvalid AND index.indpred IS NULL AND index.indexprs IS NULL
  AND (index.indrelid >= 16384 OR index.indrelid = 2613)
  AND NOT EXISTS (SELECT FROM unnest(index.indkey::int2[]) WITH ORDINALITY AS part (number, position)
                  JOIN pg_attribute AS attribute ON attribute.attrelid = index.indrelid
                   AND attribute.attnum = part.number
                  WHERE part.position <= index.indnkeyatts AND NOT attribute.attnotnull)
  AND NOT EXISTS (SELECT FROM unnest(index.indkey::int2[]) WITH ORDINALITY AS part (number, position)
                  JOIN pg_constraint AS filled ON filled.conrelid = index.indrelid AND filled.contype = 'n'
                   AND filled.conkey = ARRAY[part.number]
                  WHERE part.position <= index.indnkeyatts AND NOT filled.convalidated)
ORDER BY index.indrelid, index.indisprimary DESC, index.indnkeyatts, name.relname";

/// What all tables hold.
#[derive(Default)]
pub(super) struct Content {
    pub(super) tables: BTreeMap<TableName, TableState>,
    /// Tables whose rows were not read, each with the reason.
    pub(super) left_out: Vec<String>,
    /// Columns that the options leave out, and that were there.
    pub(super) ignored: BTreeSet<ColumnName>,
}

/// Reads every table's state.
pub(super) async fn read(session: &Session<'_>, options: &Options) -> Result<Content, DigestError> {
    let mut found = columns(session).await?;
    let mut keys = keys(session).await?;
    let mut content = Content::default();
    for row in session.rows("its tables", TABLES).await? {
        let table = TableName { schema: row.get(1), table: row.get(2) };
        let relation: u32 = row.get(0);
        if options.ignored_tables.contains(&table) {
            continue;
        }
        if row.get(3) {
            content.left_out.push(format!("content of {table} (a foreign table)"));
            continue;
        }
        let Columns { held, computed } = found.remove(&relation).unwrap_or_default();
        let (ignored, columns): (Vec<Column>, _) =
            held.into_iter().partition(|column| options.ignores(&table, &column.name));
        let name = |column: Column| ColumnName::of(&table, column.name);
        content.ignored.extend(ignored.into_iter().map(name));
        let keys = keys.remove(&relation).unwrap_or_default();
        let state = TableState { computed, ..read_one(session, &table, columns, keys).await? };
        if relation != LARGE_OBJECTS || state.rows > 0 {
            content.tables.insert(table, state);
        }
    }
    Ok(content)
}

async fn read_one(
    session: &Session<'_>,
    table: &TableName,
    columns: Vec<Column>,
    mut keys: Vec<Vec<String>>,
) -> Result<TableState, DigestError> {
    keys.retain(|key| key.iter().all(|part| columns.iter().any(|column| column.name == *part)));
    let what = format!("the content of {table}");
    let rows = session.rows(&what, &hash::table_question(&table.quoted(), &columns)).await?;
    let unclear = || DigestError::Answer { what: what.clone() };
    let row = rows.first().ok_or_else(unclear)?;
    let sum = row.get::<_, &str>(1).parse::<i128>().map_err(|_| unclear())?;
    Ok(TableState {
        rows: u64::try_from(row.get::<_, i64>(0)).unwrap_or_default(),
        sum,
        columns,
        computed: Vec::new(),
        keys,
    })
}

/// A table's columns: those that hold values, and the names of those that are computed whenever they are read.
#[derive(Default)]
struct Columns {
    held: Vec<Column>,
    computed: Vec<String>,
}

async fn columns(session: &Session<'_>) -> Result<BTreeMap<u32, Columns>, DigestError> {
    let mut found: BTreeMap<u32, Columns> = BTreeMap::new();
    for row in session.rows("its columns", COLUMNS).await? {
        let columns = found.entry(row.get(0)).or_default();
        if row.get(7) {
            columns.computed.push(row.get(1));
        } else {
            columns.held.push(column(&row));
        }
    }
    Ok(found)
}

fn column(row: &Row) -> Column {
    Column {
        name: row.get(1),
        base: row.get::<_, bool>(6).then(|| row.get(3)),
        output: row.get(4),
        value: Value::of(row.get(2), row.get(5)),
        is_generated: row.get(8),
    }
}

async fn keys(session: &Session<'_>) -> Result<BTreeMap<u32, Vec<Vec<String>>>, DigestError> {
    let mut found: BTreeMap<u32, Vec<Vec<String>>> = BTreeMap::new();
    for row in session.rows("its keys", KEYS).await? {
        found.entry(row.get(0)).or_default().push(row.get(1));
    }
    Ok(found)
}
