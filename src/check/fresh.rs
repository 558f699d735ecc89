//! `fresh`: the age of the newest row that is not from the future.

use std::time::Duration;

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
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
    let zone = context.time_zone.as_ref();
    let start = context.run_started_at;
    let row = session.row(&clock.question(table, column), &[&clock.limit(start)]).await?;
    let (newest, from_the_future, any): (Option<f64>, i64, bool) = (row.get(0), row.get(1), row.get(2));

    let mut warnings: Vec<String> = clock.warning(table, column, zone).into_iter().collect();
    if from_the_future > 0 {
        warnings.push(format!("{from_the_future} rows are later than the run's start and were ignored"));
    }
    let Some(newest) = newest.and_then(instant) else {
        let observed = if any { "no row has a time before the run's start" } else { "no rows" };
        return Ok(Answer::failed(observed).with_warnings(warnings));
    };
    let age = start.duration_since(newest).as_secs_f64().max(0.0);
    let moved = context.data_as_of.map_or(0.0, |as_of| start.duration_since(as_of).as_secs_f64());
    let judged = (age - moved).max(0.0);
    let than = if context.data_as_of.is_some() { "older than the backup's own time" } else { "old" };
    let mut answer = Answer::judged(
        judged <= within.as_secs_f64(),
        format!("newest row is {} {than}", words::age(judged)),
    );
    answer.newest_row_age_seconds = clock.proven_age(newest, start, zone);
    Ok(answer.with_warnings(warnings))
}

/// How a column tells time.
///
/// One without a zone is read as UTC and held against `within`, with a warning. Whether the application wrote UTC or the
/// time of where it runs, the column does not say: east of UTC a row can look up to 14 h younger than it is. So it is
/// evidence of a recovery point only where the drill gives `backup.dump_time_zone`, and then by the older of both readings
/// (2026-11-22).
#[derive(Clone, Copy)]
enum ColumnClock {
    Instant,
    /// Without a zone.
    Local,
    /// Without a time of day: read as its midnight, the earliest that it can mean in its zone.
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

    /// The newest row in seconds since 1970 by the column's own clock, number of rows from the future, whether there is
    /// any row. Three subqueries, because each of them alone can use an index on the column.
    fn question(self, table: &TableName, column: &str) -> String {
        let (table, column) = (table.quoted(), quote_identifier(column));
        let kind = match self {
            Self::Instant => "timestamptz",
            Self::Local => "timestamp",
            Self::Day => "date",
        };
        let limit = format!("$1::pg_catalog.text::pg_catalog.{kind}");
        format!(
            "SELECT pg_catalog.date_part('epoch', newest.value)::pg_catalog.float8, \
                    (SELECT pg_catalog.count(*) FROM {table} WHERE {column} OPERATOR(pg_catalog.>) {limit}), \
                    EXISTS (SELECT FROM {table}) \
             FROM (SELECT pg_catalog.max({column}) FROM {table} \
                   WHERE {column} OPERATOR(pg_catalog.<=) {limit} \
                     AND {column} OPERATOR(pg_catalog.>) '-infinity'::pg_catalog.{kind}) AS newest (value)"
        )
    }

    /// The run's start by the column's own clock.
    fn limit(self, start: Timestamp) -> String {
        let local = TimeZone::UTC.to_datetime(start);
        match self {
            Self::Instant => start.to_string(),
            Self::Local => local.to_string(),
            Self::Day => local.date().to_string(),
        }
    }

    /// Seconds that the newest row is old at least; `None` where nobody knows. A row that only one of the readings takes
    /// for the past may have newer ones beside it, which makes the age larger, never smaller.
    fn proven_age(self, read_as_utc: Timestamp, start: Timestamp, zone: Option<&TimeZone>) -> Option<f64> {
        let oldest = match self {
            Self::Instant => read_as_utc,
            Self::Local | Self::Day => {
                let shown = TimeZone::UTC.to_datetime(read_as_utc);
                zone?.to_ambiguous_timestamp(shown).earlier().ok()?.min(read_as_utc)
            }
        };
        Some(start.duration_since(oldest).as_secs_f64().max(0.0))
    }

    fn warning(self, table: &TableName, column: &str, zone: Option<&TimeZone>) -> Option<String> {
        let (lacks, read) = match self {
            Self::Instant => return None,
            Self::Local => ("no time zone", "it was read in"),
            Self::Day => ("no time of day", "ages count from its midnight in"),
        };
        let proof = match zone {
            Some(_) => "the recovery point counts the older of this and the drill's zone",
            None => "which proves no recovery point; give backup.dump_time_zone",
        };
        Some(format!("{table}.{column} has {lacks}: {read} UTC, {proof}"))
    }
}

/// What the server's clock shows in seconds since 1970.
fn instant(seconds: f64) -> Option<Timestamp> {
    Timestamp::UNIX_EPOCH.checked_add(SignedDuration::try_from_secs_f64(seconds).ok()?).ok()
}
