//! `tables`: how many user tables there are, and that named ones are among them.

use super::answer::Answer;
use super::session::Session;
use super::spelling;
use super::trouble::Trouble;
use super::words;
use crate::definition::{Bounds, TableName};

/// Tables that users made: not of the system, not an extension's, not temporary; a partitioned table counts once.
const COUNT: &str = "\
SELECT count(*)
FROM pg_catalog.pg_class AS relation
JOIN pg_catalog.pg_namespace AS schema ON schema.oid = relation.relnamespace
WHERE relation.relkind IN ('r', 'p') AND NOT relation.relispartition AND relation.relpersistence <> 't'
  AND schema.nspname NOT LIKE 'pg\\_%' AND schema.nspname <> 'information_schema'
  AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend AS part
                  WHERE part.classid = 'pg_catalog.pg_class'::regclass AND part.objid = relation.oid
                    AND part.deptype = 'e')";

const ABSENT: &str = "\
SELECT wanted.place
FROM unnest($1::text[], $2::text[]) WITH ORDINALITY AS wanted (schema, name, place)
WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_class AS relation
                  JOIN pg_catalog.pg_namespace AS schema ON schema.oid = relation.relnamespace
                  WHERE schema.nspname = wanted.schema AND relation.relname = wanted.name
                    AND relation.relkind IN ('r', 'p', 'v', 'm', 'f'))
ORDER BY wanted.place";

pub(super) fn expected(count: Option<Bounds>, present: &[TableName]) -> String {
    let count = count.map(|bounds| format!("{bounds} tables"));
    let present = (!present.is_empty()).then(|| format!("present: {}", words::list(present)));
    [count, present].into_iter().flatten().collect::<Vec<_>>().join("; ")
}

pub(super) async fn ask(
    session: &Session<'_>,
    count: Option<Bounds>,
    present: &[TableName],
) -> Result<Answer, Trouble> {
    let found = u64::try_from(session.row(COUNT, &[]).await?.get::<_, i64>(0)).unwrap_or(0);
    let absent = absent(session, present).await?;
    let observed = format!("{found} tables");
    if let Some(first) = absent.first() {
        let hint = spelling::table_hint(session, &first.to_string()).await?;
        let observed = format!("{observed}; not there: {}", words::list(&absent));
        return Ok(Answer::missing(observed).with_hint(format!("{first}: {hint}")));
    }
    Ok(Answer::judged(count.is_none_or(|bounds| bounds.hold(found)), observed))
}

async fn absent<'a>(session: &Session<'_>, present: &'a [TableName]) -> Result<Vec<&'a TableName>, Trouble> {
    let (schemas, names): (Vec<&str>, Vec<&str>) =
        present.iter().map(|table| (table.schema.as_str(), table.table.as_str())).unzip();
    let rows = session.rows(ABSENT, &[&schemas, &names]).await?;
    let places = rows.iter().filter_map(|row| usize::try_from(row.get::<_, i64>(0) - 1).ok());
    Ok(places.filter_map(|place| present.get(place)).collect())
}
