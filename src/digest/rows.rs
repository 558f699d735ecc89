//! Two tables whose digests differ: which rows, and which of their columns. Only hashes leave the servers.

use futures_util::{Stream, TryStreamExt};
use tokio_postgres::types::ToSql;

use super::hash::{self, Value};
use super::merge::{self, Line, Tally, Values};
use super::session::Session;
use super::state::{Column, TableState};
use super::{DigestError, Options};
use crate::definition::TableName;
use crate::model::rehearsal::{ColumnDifference, TableDifference};

/// A table on both sides.
pub(super) struct Pair<'a> {
    pub(super) table: &'a TableName,
    pub(super) before: &'a TableState,
    pub(super) after: &'a TableState,
}

impl Pair<'_> {
    /// The columns whose values may be lost: one that was computed and stored, and is computed whenever it is read from
    /// now on, has lost nothing.
    fn held(&self) -> impl Iterator<Item = &Column> {
        let is_computed_still =
            |column: &&Column| column.is_generated && self.after.computed.contains(&column.name);
        self.before.columns.iter().filter(move |column| !is_computed_still(column))
    }
}

/// What is asked of both sides, so that the answers can be laid side by side.
struct Plan {
    /// Columns by which rows are paired. Without a key all that both sides have.
    identity: Vec<(Column, Column)>,
    /// Columns whose values are compared: one that is gone has no second.
    compared: Vec<(Column, Option<Column>)>,
    paired: bool,
}

/// What is different between two tables of one name; `None` where nothing is but the order or types of columns.
pub(super) async fn compare(
    pair: &Pair<'_>,
    before: &Session<'_>,
    after: &Session<'_>,
    options: &Options,
) -> Result<Option<TableDifference>, DigestError> {
    let plan = Plan::of(pair);
    let [old, new] = plan.questions(pair.table);
    let lines = (lines(before, pair.table, &old).await?, lines(after, pair.table, &new).await?);
    let tally = merge::merge(lines.0, lines.1, plan.compared.len()).await?;
    let mut columns = plan.columns(&tally);
    if !plan.paired {
        columns.extend(gone(pair, before).await?);
    }
    if columns.is_empty() && (tally.lost, tally.gained, tally.changed) == (0, 0, 0) {
        return Ok(None);
    }
    let keys = if options.show_keys && plan.paired {
        plan.keys(pair.table, &tally, before, after).await?
    } else {
        Vec::new()
    };
    Ok(Some(TableDifference {
        table: pair.table.to_string(),
        rows_before: pair.before.rows,
        rows_after: pair.after.rows,
        rows_lost: tally.lost,
        rows_gained: tally.gained,
        rows_changed: tally.changed,
        columns,
        paired: plan.paired,
        keys,
    }))
}

impl Plan {
    fn of(pair: &Pair<'_>) -> Self {
        let both: Vec<(Column, Column)> =
            pair.before.columns.iter().filter_map(|column| alike(column, pair.after)).collect();
        let found = |name: &String| both.iter().find(|(before, _)| before.name == *name).cloned();
        let key = pair
            .before
            .keys
            .iter()
            .filter(|key| pair.after.keys.iter().any(|other| same_set(key, other)))
            .find_map(|key| key.iter().map(found).collect::<Option<Vec<_>>>());
        let Some(identity) = key else {
            return Self { identity: both, compared: Vec::new(), paired: false };
        };
        let is_key = |name: &str| identity.iter().any(|(before, _)| before.name == name);
        let compared = pair
            .held()
            .filter(|column| !is_key(&column.name))
            .map(|column| alike(column, pair.after).map_or((column.clone(), None), |(b, a)| (b, Some(a))))
            .collect();
        Self { identity, compared, paired: true }
    }

    /// The questions for both sides: two numbers of the key's hash, then one for each value.
    fn questions(&self, table: &TableName) -> [String; 2] {
        let question = |columns: &[Column], values: &[Option<usize>]| {
            let identity = columns.get(..self.identity.len()).unwrap_or_default();
            let mut asked = key_hashes(identity);
            asked.extend(values.iter().map(|number| match number {
                Some(number) => {
                    columns.get(*number).map_or_else(String::new, |column| hash::value_hash(column, *number))
                }
                None => "NULL::pg_catalog.int8".to_owned(),
            }));
            format!(
                "SELECT {} FROM {} ORDER BY 1, 2",
                asked.join(", "),
                hash::operands(&table.quoted(), columns)
            )
        };
        let offset = self.identity.len();
        let mut old: Vec<Column> = self.identity.iter().map(|(before, _)| before.clone()).collect();
        let mut new: Vec<Column> = self.identity.iter().map(|(_, after)| after.clone()).collect();
        let mut present = Vec::new();
        for (before, after) in &self.compared {
            old.push(before.clone());
            present.push(after.as_ref().map(|column| {
                new.push(column.clone());
                new.len() - 1
            }));
        }
        let all: Vec<Option<usize>> = (offset..old.len()).map(Some).collect();
        [question(&old, &all), question(&new, &present)]
    }

    fn columns(&self, tally: &Tally) -> Vec<ColumnDifference> {
        let counts = self.compared.iter().zip(&tally.columns);
        counts
            .filter(|(_, values)| **values != Values::default())
            .map(|((column, _), values)| ColumnDifference {
                column: column.name.clone(),
                values_lost: values.lost,
                values_gained: values.gained,
                values_changed: values.changed,
            })
            .collect()
    }

    /// Keys in clear of some rows concerned.
    async fn keys(
        &self,
        table: &TableName,
        tally: &Tally,
        before: &Session<'_>,
        after: &Session<'_>,
    ) -> Result<Vec<String>, DigestError> {
        let old: Vec<Column> = self.identity.iter().map(|(column, _)| column.clone()).collect();
        let new: Vec<Column> = self.identity.iter().map(|(_, column)| column.clone()).collect();
        let mut keys = keys_of(before, table, &old, &tally.concerned_before).await?;
        keys.extend(keys_of(after, table, &new, &tally.concerned_after).await?);
        keys.truncate(merge::KEYS);
        Ok(keys)
    }
}

/// A column on both sides, hashed in one way: where its type has changed, both by their texts, so that 5 is 5 as
/// `integer` and as `bigint`.
fn alike(column: &Column, after: &TableState) -> Option<(Column, Column)> {
    let other = after.columns.iter().find(|other| other.name == column.name)?;
    let by_text = |column: &Column| Column { value: Value::Output, ..column.clone() };
    Some(if column.value == other.value {
        (column.clone(), other.clone())
    } else {
        (by_text(column), by_text(other))
    })
}

fn same_set(one: &[String], other: &[String]) -> bool {
    one.len() == other.len() && one.iter().all(|name| other.contains(name))
}

fn key_hashes(identity: &[Column]) -> Vec<String> {
    (0..2).map(|lane| hash::row_hash(identity, lane)).collect()
}

/// A side as a stream of its rows' hashes, as fast as it is read.
async fn lines(
    session: &Session<'_>,
    table: &TableName,
    question: &str,
) -> Result<impl Stream<Item = Result<Line, DigestError>>, DigestError> {
    let what = format!("the rows of {table}");
    let none: [&(dyn ToSql + Sync); 0] = [];
    let rows =
        session.client.query_raw(question, none).await.map_err(|error| DigestError::of(&what, &error))?;
    Ok(rows.map_err(move |error| DigestError::of(&what, &error)).map_ok(|row| Line {
        key: (row.get(0), row.get(1)),
        values: (2..row.len()).map(|number| row.get(number)).collect(),
    }))
}

/// Values of columns that are gone, where rows cannot be paired.
async fn gone(pair: &Pair<'_>, before: &Session<'_>) -> Result<Vec<ColumnDifference>, DigestError> {
    let gone: Vec<&Column> = pair
        .held()
        .filter(|column| pair.after.columns.iter().all(|other| other.name != column.name))
        .collect();
    if gone.is_empty() {
        return Ok(Vec::new());
    }
    let counts: Vec<String> = gone
        .iter()
        .map(|column| {
            let name = crate::database::postgres::identifier::quoted(&column.name);
            // count(column) is a function's call; this asks whether the whole value is NULL, also of composites.
            format!("pg_catalog.count(t.{name})")
        })
        .collect();
    let question = format!("SELECT {} FROM ONLY {} AS t", counts.join(", "), pair.table.quoted());
    let rows = before.rows(&format!("the columns that {} has lost", pair.table), &question).await?;
    let counted = rows.first().map(|row| {
        let counts =
            (0..row.len()).map(|number| u64::try_from(row.get::<_, i64>(number)).unwrap_or_default());
        gone.iter().zip(counts).filter(|(_, lost)| *lost > 0).map(|(column, lost)| ColumnDifference {
            column: column.name.clone(),
            values_lost: lost,
            values_gained: 0,
            values_changed: 0,
        })
    });
    Ok(counted.into_iter().flatten().collect())
}

async fn keys_of(
    session: &Session<'_>,
    table: &TableName,
    identity: &[Column],
    hashes: &[(i64, i64)],
) -> Result<Vec<String>, DigestError> {
    if hashes.is_empty() {
        return Ok(Vec::new());
    }
    // Each column twice: for its hash, and as text.
    let by_text = identity.iter().map(|column| Column { value: Value::Output, ..column.clone() });
    let columns: Vec<Column> = identity.iter().cloned().chain(by_text).collect();
    let shown: Vec<String> = (identity.len()..columns.len()).map(|number| format!("o.c{number}")).collect();
    let wanted: Vec<String> = hashes.iter().map(|(one, other)| format!("({one}, {other})")).collect();
    let both = key_hashes(identity).join(", ");
    let question = format!(
        "SELECT {} FROM {} WHERE ({both}) IN ({})",
        shown.join(", "),
        hash::operands(&table.quoted(), &columns),
        wanted.join(", ")
    );
    let rows = session.rows(&format!("the keys of {table}"), &question).await?;
    Ok(rows
        .iter()
        .map(|row| {
            let parts = identity.iter().enumerate();
            let parts: Vec<String> = parts
                .map(|(number, column)| {
                    let value = row.get::<_, Option<&str>>(number).unwrap_or("NULL");
                    format!("{}={value}", column.name)
                })
                .collect();
            parts.join(", ")
        })
        .collect())
}
