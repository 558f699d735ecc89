//! Where sequences stand.
//!
//! A sequence that was set and not called since (`setval(…, false)`) stands one step before its next number, so that
//! the same next number is the same state.

use std::collections::BTreeMap;

use tokio_postgres::Row;

use super::session::Session;
use super::state::SequenceState;
use super::{DigestError, Options};
use crate::database::postgres::identifier;
use crate::definition::TableName;

/// `schema, sequence, name for people, start, increment, owner's schema, owner`.
const SEQUENCES: &str = "\
SELECT schema.nspname::text, relation.relname::text, format('%I.%I', schema.nspname, relation.relname),
       parameters.seqstart, parameters.seqincrement, owner_schema.nspname::text, owner.relname::text
FROM pg_sequence AS parameters JOIN pg_class AS relation ON relation.oid = parameters.seqrelid
JOIN pg_namespace AS schema ON schema.oid = relation.relnamespace
LEFT JOIN pg_depend AS owned ON owned.classid = 1259 AND owned.objid = relation.oid AND owned.objsubid = 0
      AND owned.refclassid = 1259 AND owned.deptype IN ('a', 'i')
LEFT JOIN pg_class AS owner ON owner.oid = owned.refobjid
LEFT JOIN pg_namespace AS owner_schema ON owner_schema.oid = owner.relnamespace
WHERE relation.oid >= 16384 AND relation.relpersistence <> 't'
ORDER BY 1, 2";

/// Sequences that are asked at once.
const AT_ONCE: usize = 200;

pub(super) async fn read(
    session: &Session<'_>,
    options: &Options,
) -> Result<BTreeMap<String, SequenceState>, DigestError> {
    let mut sequences = session.rows("its sequences", SEQUENCES).await?;
    sequences.retain(|row| !owner(row).is_some_and(|table| options.ignored_tables.contains(&table)));
    let mut found = BTreeMap::new();
    for some in sequences.chunks(AT_ONCE) {
        let asked: Vec<String> = some.iter().enumerate().map(|(number, row)| question(number, row)).collect();
        for answer in session.rows("where sequences stand", &asked.join(" UNION ALL ")).await? {
            let number = usize::try_from(answer.get::<_, i32>(0)).unwrap_or(usize::MAX);
            let Some(row) = some.get(number) else { continue };
            let (start, increment): (i64, i64) = (row.get(3), row.get(4));
            let last = last(answer.get(1), answer.get(2), start, increment);
            found.insert(row.get(2), SequenceState { table: owner(row), last, increment });
        }
    }
    Ok(found)
}

fn question(number: usize, sequence: &Row) -> String {
    let relation = identifier::qualified(sequence.get(0), sequence.get(1));
    format!("SELECT {number}::int4, s.last_value, s.is_called FROM {relation} AS s")
}

fn owner(sequence: &Row) -> Option<TableName> {
    let (schema, table) = sequence.get::<_, Option<String>>(5).zip(sequence.get(6))?;
    Some(TableName { schema, table })
}

/// The number that was given last, from what the sequence's own row says.
fn last(value: i64, is_called: bool, start: i64, increment: i64) -> Option<i64> {
    match is_called {
        true => Some(value),
        false if value == start => None,
        false => Some(value.saturating_sub(increment)),
    }
}
