//! `fresh`: the age of the newest row that is not from the future.

use std::time::Duration;

use tokio_postgres::types::Type;

use super::answer::Answer;
use super::session::Session;
use super::trouble::Trouble;
use super::{Context, relation, spelling, words};
use crate::definition::TableName;
use crate::definition::check::quote_identifier;

const COLUMN: &str = "\
SELECT 1
FROM pg_catalog.pg_attribute AS attribute
JOIN pg_catalog.pg_class AS relation ON relation.oid = attribute.attrelid
JOIN pg_catalog.pg_namespace AS schema ON schema.oid = relation.relnamespace
WHERE schema.nspname = $1::text AND relation.relname = $2::text AND attribute.attname = $3::text
  AND attribute.attnum > 0 AND NOT attribute.attisdropped";

pub(super) fn expected(within: Duration) -> String {
    format!("newest row at most {} old", words::age(within.as_secs_f64()))
}

pub(super) async fn ask(
    session: &Session<'_>,
    table: &TableName,
    column: &str,
    within: Duration,
    context: &Context,
) -> Result<Answer, Trouble> {
    relation::require_readable(session, table).await?;
    let clock = ColumnClock::of(session, table, column).await?;
    let start = context.run_started_at;
    let row = session.row(&clock.question(table, column), &[&start]).await?;
    let (age, from_the_future, any): (Option<f64>, i64, bool) = (row.get(0), row.get(1), row.get(2));

    let mut warnings: Vec<String> = clock.warning(table, column).into_iter().collect();
    if from_the_future > 0 {
        warnings.push(format!("{from_the_future} rows are later than the run's start and were ignored"));
    }
    let Some(age) = age else {
        let observed = if any { "no row has a time before the run's start" } else { "no rows" };
        return Ok(Answer::failed(observed).with_warnings(warnings));
    };
    let moved = context.data_as_of.map_or(0.0, |as_of| start.duration_since(as_of).as_secs_f64());
    let judged = (age - moved).max(0.0);
    let than = if context.data_as_of.is_some() { "older than the backup's own time" } else { "old" };
    let mut answer = Answer::judged(
        judged <= within.as_secs_f64(),
        format!("newest row is {} {than}", words::age(judged)),
    );
    answer.newest_row_age_seconds = Some(age);
    Ok(answer.with_warnings(warnings))
}

/// How a column tells time.
#[derive(Clone, Copy)]
enum ColumnClock {
    Instant,
    /// Without a zone: read as UTC.
    Local,
    /// Without a time of day: read as its midnight in UTC, the safe side.
    Day,
}

impl ColumnClock {
    async fn of(session: &Session<'_>, table: &TableName, column: &str) -> Result<Self, Trouble> {
        if session.rows(COLUMN, &[&table.schema, &table.table, &column]).await?.is_empty() {
            let hint = spelling::column_hint(session, Some((&table.schema, &table.table)), column).await?;
            return Err(Trouble::Settled(
                Answer::missing(format!("{table}.{column} is not there")).with_hint(hint),
            ));
        }
        // Preparing resolves domains to the type below.
        let select = format!("SELECT {} FROM {}", quote_identifier(column), table.quoted());
        let statement = session.prepare(&select).await?;
        match statement.columns().first().map(tokio_postgres::Column::type_) {
            Some(&Type::TIMESTAMPTZ) => Ok(Self::Instant),
            Some(&Type::TIMESTAMP) => Ok(Self::Local),
            Some(&Type::DATE) => Ok(Self::Day),
            other => {
                let is = words::safe_name(other.map_or("unknown", Type::name));
                let answer = Answer::invalid(
                    format!("{table}.{column} is of type {is}"),
                    "Name a column of type timestamptz, timestamp or date.",
                );
                Err(Trouble::Settled(answer))
            }
        }
    }

    /// Age of the newest row in seconds, number of rows from the future, whether there is any row. Three subqueries,
    /// because each of them alone can use an index on the column.
    fn question(self, table: &TableName, column: &str) -> String {
        let (table, column) = (table.quoted(), quote_identifier(column));
        let start = "$1::pg_catalog.timestamptz";
        let (kind, limit, instant) = match self {
            Self::Instant => ("timestamptz", start.to_owned(), "newest.value".to_owned()),
            Self::Local => (
                "timestamp",
                format!("pg_catalog.timezone('UTC', {start})"),
                "pg_catalog.timezone('UTC', newest.value)".to_owned(),
            ),
            Self::Day => (
                "date",
                format!("pg_catalog.timezone('UTC', {start})::pg_catalog.date"),
                "pg_catalog.timezone('UTC', newest.value::pg_catalog.timestamp)".to_owned(),
            ),
        };
        format!(
            "SELECT pg_catalog.date_part('epoch', {start} OPERATOR(pg_catalog.-) {instant}), \
                    (SELECT pg_catalog.count(*) FROM {table} WHERE {column} OPERATOR(pg_catalog.>) {limit}), \
                    EXISTS (SELECT FROM {table}) \
             FROM (SELECT pg_catalog.max({column}) FROM {table} \
                   WHERE {column} OPERATOR(pg_catalog.<=) {limit} \
                     AND {column} OPERATOR(pg_catalog.>) '-infinity'::pg_catalog.{kind}) AS newest (value)"
        )
    }

    fn warning(self, table: &TableName, column: &str) -> Option<String> {
        match self {
            Self::Instant => None,
            Self::Local => Some(format!("{table}.{column} has no time zone and was read as UTC")),
            Self::Day => {
                Some(format!("{table}.{column} has no time of day: ages count from its midnight, UTC"))
            }
        }
    }
}
