//! `rows`: the exact number of rows of a table, or of those that fulfil a condition.

use tokio_postgres::Statement;

use super::answer::Answer;
use super::relation;
use super::session::Session;
use super::trouble::Trouble;
use crate::definition::{Bounds, TableName};

pub(super) async fn ask(
    session: &Session<'_>,
    table: &TableName,
    condition: Option<&str>,
    bounds: Bounds,
) -> Result<Answer, Trouble> {
    relation::require_readable(session, table).await?;
    let statement = match condition {
        None => session.prepare(&format!("SELECT pg_catalog.count(*) FROM {}", table.quoted())).await?,
        Some(condition) => {
            session.see_public().await?;
            prepare_condition(session, &table.quoted(), condition).await?
        }
    };
    let answers = session.run(&statement, &[]).await?;
    let [row] = answers.as_slice() else { return Err(not_one_condition()) };
    let count = u64::try_from(row.get::<_, i64>(0)).unwrap_or(0);
    Ok(Answer::judged(bounds.hold(count), count.to_string()))
}

/// The condition is prepared bare first, then in parentheses: text that is valid both ways is one condition, and not
/// one that closes the parenthesis and goes on.
async fn prepare_condition(
    session: &Session<'_>,
    table: &str,
    condition: &str,
) -> Result<Statement, Trouble> {
    let bare = session.prepare_own(&format!("SELECT 1 FROM {table} WHERE "), condition).await?;
    if !bare.params().is_empty() {
        return Err(Trouble::Settled(Answer::invalid(
            "the condition has a parameter",
            "Write its value instead.",
        )));
    }
    let counted = format!("SELECT pg_catalog.count(*) FROM {table} WHERE (\n{condition}\n)");
    session
        .prepare(&counted)
        .await
        .map_err(|trouble| if trouble.is_syntax() { not_one_condition() } else { trouble })
}

fn not_one_condition() -> Trouble {
    let hint = "Write what may stand after WHERE, without GROUP BY, LIMIT or a semicolon; a check of kind `sql` takes a whole query.";
    Trouble::Settled(Answer::invalid("the condition is not one SQL condition", hint))
}
