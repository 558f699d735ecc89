//! `sequences`: none is behind the column that it feeds. Else the first insert after the restore meets a value that is
//! there already, and every count matches all the same.

use tokio_postgres::Row;

use super::answer::Answer;
use super::session::Session;
use super::trouble::Trouble;
use super::words;
use crate::definition::check::quote_identifier;

/// Sequences that a column owns (serial, identity) or whose `nextval` is a column's default, with the reason why one
/// is not compared. A partition's copied default is asked at its parent.
const FEEDS: &str = "\
WITH by_default AS (
    SELECT dependency.refobjid AS sequence, def.adrelid AS relation, def.adnum AS number
    FROM pg_catalog.pg_depend AS dependency
    JOIN pg_catalog.pg_attrdef AS def ON def.oid = dependency.objid
    WHERE dependency.classid = 'pg_catalog.pg_attrdef'::regclass
      AND dependency.refclassid = 'pg_catalog.pg_class'::regclass
), owned AS (
    SELECT objid AS sequence, refobjid AS relation, refobjsubid::int2 AS number
    FROM pg_catalog.pg_depend
    WHERE classid = 'pg_catalog.pg_class'::regclass AND refclassid = 'pg_catalog.pg_class'::regclass
      AND deptype IN ('a', 'i') AND refobjsubid > 0
), feed AS (
    SELECT * FROM owned
    UNION
    SELECT by_default.* FROM by_default JOIN pg_catalog.pg_class ON pg_class.oid = relation WHERE NOT relispartition
)
SELECT sequence_schema.nspname AS sequence_schema, sequence.relname AS sequence,
       relation_schema.nspname AS schema, relation.relname AS table, attribute.attname AS column,
       parameters.seqincrement AS increment,
       CASE
           WHEN parameters.seqcycle THEN 'it cycles'
           WHEN CASE WHEN type.typbasetype = 0 THEN type.oid ELSE type.typbasetype END
               NOT IN ('int2'::regtype, 'int4'::regtype, 'int8'::regtype, 'numeric'::regtype)
               THEN 'its column is not a whole number'
           WHEN def.oid IS NOT NULL AND (
               (feed.sequence, feed.relation, feed.number) NOT IN (SELECT * FROM by_default)
               OR pg_get_expr(def.adbin, def.adrelid)
                   !~ '^\\(?nextval\\(''([^'']|'''')*''::regclass\\)\\)?(::[a-z ]+)?$')
               THEN 'its column''s default is computed in another way'
       END AS not_compared
FROM feed
JOIN pg_catalog.pg_sequence AS parameters ON parameters.seqrelid = feed.sequence
JOIN pg_catalog.pg_class AS sequence ON sequence.oid = feed.sequence AND sequence.relpersistence <> 't'
JOIN pg_catalog.pg_namespace AS sequence_schema ON sequence_schema.oid = sequence.relnamespace
JOIN pg_catalog.pg_class AS relation ON relation.oid = feed.relation AND relation.relkind IN ('r', 'p')
JOIN pg_catalog.pg_namespace AS relation_schema ON relation_schema.oid = relation.relnamespace
JOIN pg_catalog.pg_attribute AS attribute
    ON attribute.attrelid = feed.relation AND attribute.attnum = feed.number AND NOT attribute.attisdropped
JOIN pg_catalog.pg_type AS type ON type.oid = attribute.atttypid
LEFT JOIN pg_catalog.pg_attrdef AS def
    ON def.adrelid = feed.relation AND def.adnum = feed.number AND attribute.attgenerated = ''
ORDER BY 1, 2, 3, 4, 5";

pub(super) async fn ask(session: &Session<'_>) -> Result<Answer, Trouble> {
    let feeds: Vec<Feed> = session.rows(FEEDS, &[]).await?.iter().map(Feed::from).collect();
    let (skipped, compared): (Vec<_>, Vec<_>) = feeds.iter().partition(|feed| feed.not_compared.is_some());

    let mut behind = vec![];
    for feed in &compared {
        if let Some(distance) = feed.distance_behind(session).await? {
            behind.push(format!("{feed} by {distance}"));
        }
    }
    let warnings = skipped
        .iter()
        .filter_map(|feed| Some(format!("{feed} was not compared: {}", feed.not_compared.as_deref()?)))
        .collect();
    let answer = match (behind.len(), compared.len()) {
        (0, 0) => Answer::passed("no sequence feeds a column"),
        (0, number) => Answer::passed(format!("{number} compared, none is behind")),
        (some, number) => Answer::failed(format!("{some} of {number} are behind: {}", words::list(&behind)))
            .with_hint("The next insert would use a value that is there already."),
    };
    Ok(answer.with_warnings(warnings))
}

/// A sequence and a column that it feeds.
struct Feed {
    sequence: (String, String),
    table: (String, String),
    column: String,
    increment: i64,
    not_compared: Option<String>,
}

impl From<&Row> for Feed {
    fn from(row: &Row) -> Self {
        Self {
            sequence: (row.get("sequence_schema"), row.get("sequence")),
            table: (row.get("schema"), row.get("table")),
            column: row.get("column"),
            increment: row.get("increment"),
            not_compared: row.get("not_compared"),
        }
    }
}

impl std::fmt::Display for Feed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let sequence = words::safe_pair(&self.sequence.0, &self.sequence.1);
        let table = words::safe_pair(&self.table.0, &self.table.1);
        write!(f, "{sequence} behind {table}.{}", words::safe_name(&self.column))
    }
}

impl Feed {
    /// How far it is behind, where its next values will meet one that is there. Only the distance leaves the server:
    /// the largest id would be a value of a row.
    async fn distance_behind(&self, session: &Session<'_>) -> Result<Option<String>, Trouble> {
        let row = session.row(&self.compare(), &[]).await?;
        if row.get::<_, Option<bool>>(0) != Some(true) {
            return Ok(None);
        }
        // Two servers that share a column count in strides: the other one's larger values are never met.
        if self.increment.unsigned_abs() != 1 && !session.row(&self.collide(), &[]).await?.get::<_, bool>(0) {
            return Ok(None);
        }
        Ok(Some(row.get(1)))
    }

    fn next(&self) -> String {
        format!(
            "(SELECT CASE WHEN is_called THEN pg_catalog.numeric_add(last_value::pg_catalog.numeric, {}) \
             ELSE last_value::pg_catalog.numeric END FROM {})",
            self.increment,
            quoted(&self.sequence)
        )
    }

    fn compare(&self) -> String {
        let (extreme, reached) =
            if self.increment > 0 { ("max", "numeric_ge") } else { ("min", "numeric_le") };
        format!(
            "SELECT pg_catalog.{reached}(far.value, upcoming.value), \
                    pg_catalog.abs(pg_catalog.numeric_add(pg_catalog.numeric_sub(far.value, upcoming.value), \
                        {increment}))::pg_catalog.text \
             FROM (SELECT (SELECT pg_catalog.{extreme}({column}) FROM {table})::pg_catalog.numeric) AS far (value), \
                  (SELECT {next}) AS upcoming (value)",
            increment = self.increment,
            column = quote_identifier(&self.column),
            table = quoted(&self.table),
            next = self.next(),
        )
    }

    fn collide(&self) -> String {
        let reached = if self.increment > 0 { "numeric_ge" } else { "numeric_le" };
        let column = format!("{}::pg_catalog.numeric", quote_identifier(&self.column));
        format!(
            "SELECT EXISTS (SELECT FROM {table}, (SELECT {next}) AS upcoming (drillyard_next) \
             WHERE pg_catalog.{reached}({column}, drillyard_next) \
               AND pg_catalog.numeric_eq(pg_catalog.mod(pg_catalog.numeric_sub({column}, drillyard_next), \
                   {increment}), 0))",
            table = quoted(&self.table),
            next = self.next(),
            increment = self.increment,
        )
    }
}

fn quoted((schema, name): &(String, String)) -> String {
    format!("{}.{}", quote_identifier(schema), quote_identifier(name))
}
