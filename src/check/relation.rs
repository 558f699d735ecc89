//! What a check names, looked up before it is read.

use super::answer::Answer;
use super::session::Session;
use super::spelling;
use super::trouble::Trouble;
use crate::definition::TableName;

const LOOK_UP: &str = "\
SELECT relation.relkind, relation.relispopulated
FROM pg_catalog.pg_class AS relation
JOIN pg_catalog.pg_namespace AS schema ON schema.oid = relation.relnamespace
WHERE schema.nspname = $1::text AND relation.relname = $2::text";

/// Settles the check where the table is not there or can't be read: only tables, partitioned tables, views and
/// materialised views can.
pub(super) async fn require_readable(session: &Session<'_>, table: &TableName) -> Result<(), Trouble> {
    let found = session.rows(LOOK_UP, &[&table.schema, &table.table]).await?;
    let Some(row) = found.first() else {
        let hint = spelling::table_hint(session, &table.to_string()).await?;
        return Err(Trouble::Settled(Answer::missing(format!("{table} is not there")).with_hint(hint)));
    };
    let is = match (kind(row.get(0)), row.get(1)) {
        ('r' | 'p' | 'v', _) | ('m', true) => return Ok(()),
        ('m', false) => {
            let answer = Answer::failed(format!("{table} is a materialized view that holds no data"));
            return Err(Trouble::Settled(
                answer.with_hint("The restore did not refresh it, or it was dumped so."),
            ));
        }
        ('f', _) => "a foreign table: its rows are on another server, which a sandbox does not reach",
        ('S', _) => "a sequence",
        ('i' | 'I', _) => "an index",
        ('c', _) => "a composite type",
        _ => "not a table",
    };
    let answer = Answer::invalid(format!("{table} is {is}"), "Name a table or a view.");
    Err(Trouble::Settled(answer))
}

/// PostgreSQL's `"char"`: one byte.
pub(super) fn kind(byte: i8) -> char {
    char::from(byte.cast_unsigned())
}
