//! One check on one connection.

use std::time::Instant;

use tokio_postgres::Client;

use super::answer::Answer;
use super::session::Session;
use super::trouble::Trouble;
use super::{Context, foreign_keys, fresh, rows, sequences, sql, tables};
use crate::definition::{Check, CheckBody};
use crate::model::Finding;

/// Asks one check and says what was found; never an error, because every ending is a finding. The connection is left
/// outside any transaction, as it was taken. The check's timeout is enforced by the server alone: [`super::ask_all`]
/// adds the deadline that does not depend on it.
pub async fn ask(check: &Check, client: &Client, context: &Context) -> Finding {
    let begun = Instant::now();
    let answer = match answer(check, client, context).await {
        Ok(answer) => answer,
        Err(trouble) => trouble.into_answer(check, client).await,
    };
    // The server rolls back by itself where the connection is gone.
    client.batch_execute("ROLLBACK").await.ok();
    finding(check, answer, begun.elapsed().as_secs_f64())
}

async fn answer(check: &Check, client: &Client, context: &Context) -> Result<Answer, Trouble> {
    let session = Session::open(client, check.timeout).await?;
    match &check.body {
        CheckBody::Rows { table, condition, bounds } => {
            rows::ask(&session, table, condition.as_deref(), *bounds).await
        }
        CheckBody::Fresh { table, column, within } => {
            fresh::ask(&session, table, column, *within, context).await
        }
        CheckBody::Sql { query, expectation } => {
            sql::ask(&session, query, expectation, check.show_values).await
        }
        CheckBody::Tables { count, present } => tables::ask(&session, *count, present).await,
        CheckBody::ForeignKeys { not_valid } => foreign_keys::ask(&session, *not_valid).await,
        CheckBody::Sequences => sequences::ask(&session).await,
    }
}

fn expected(body: &CheckBody) -> String {
    match body {
        CheckBody::Rows { bounds, .. } => bounds.to_string(),
        CheckBody::Fresh { within, .. } => fresh::expected(*within),
        CheckBody::Sql { expectation, .. } => sql::expected(expectation),
        CheckBody::Tables { count, present } => tables::expected(*count, present),
        CheckBody::ForeignKeys { .. } => "every foreign key holds".to_owned(),
        CheckBody::Sequences => "no sequence is behind the column it feeds".to_owned(),
    }
}

/// An answer as a finding of its check.
pub(super) fn finding(check: &Check, answer: Answer, seconds: f64) -> Finding {
    Finding {
        name: check.name.clone(),
        kind: check.kind(),
        outcome: answer.outcome,
        reason: answer.reason,
        expected: answer.expected.unwrap_or_else(|| expected(&check.body)),
        observed: answer.observed,
        hint: answer.hint,
        warnings: answer.warnings,
        newest_row_age_seconds: answer.newest_row_age_seconds,
        seconds,
    }
}
