//! The transaction that a check lives in.

use std::time::Duration;

use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, Row, Statement};

use super::answer::Answer;
use super::trouble::{OwnText, Trouble};
use crate::model::Reason;

/// Settings that a restored database, or its roles, may have changed. Those that a server's version lacks are skipped.
/// 100,000 notices are no answer either, so `client_min_messages` is at its quietest.
const PINS: &[(&str, &str)] = &[
    ("lock_timeout", "0"),
    ("idle_in_transaction_session_timeout", "0"),
    ("client_min_messages", "error"),
    ("default_transaction_read_only", "on"),
    ("row_security", "off"),
    ("jit", "off"),
    ("TimeZone", "UTC"),
    ("DateStyle", "ISO, YMD"),
    ("IntervalStyle", "postgres"),
    ("extra_float_digits", "1"),
    ("standard_conforming_strings", "on"),
    ("quote_all_identifiers", "off"),
    ("transform_null_equals", "off"),
];

/// An open READ ONLY transaction with its settings pinned.
///
/// Our own questions to the catalog are asked first, while `search_path` is `pg_catalog` alone; they may write
/// operators plainly. What touches the database's own tables qualifies every operator and function.
pub(super) struct Session<'a> {
    client: &'a Client,
}

impl<'a> Session<'a> {
    /// Begins. The last step reads, so that the transaction has its snapshot: from then on the server refuses to make
    /// it READ WRITE.
    pub(super) async fn open(client: &'a Client, timeout: Duration) -> Result<Self, Trouble> {
        client.batch_execute(&opening(timeout)).await?;
        let superuser: String =
            client.query_one("SELECT pg_catalog.current_setting('is_superuser')", &[]).await?.get(0);
        if superuser == "on" {
            let answer = Answer::errored(Reason::Internal, "the connection is a superuser's");
            return Err(Trouble::Settled(
                answer.with_hint("Prepare the role for checks and connect as that role."),
            ));
        }
        Ok(Self { client })
    }

    /// Begins again, after an error has ended the transaction.
    pub(super) async fn reopen(client: &'a Client, timeout: Duration) -> Result<Self, Trouble> {
        client.batch_execute("ROLLBACK").await?;
        Self::open(client, timeout).await
    }

    /// From here on unqualified names mean what they mean on a fresh connection of PostgreSQL, but for `"$user"`: that
    /// schema would be our own role's, and only a backup that plays tricks has one. The `search_path` that the
    /// database or its roles set is not followed, so that a query asks the same of every backup (2026-11-21).
    pub(super) async fn see_public(&self) -> Result<(), Trouble> {
        Ok(self.client.batch_execute("SET LOCAL search_path = pg_catalog, public, pg_temp").await?)
    }

    pub(super) async fn rows(
        &self,
        sql: &str,
        parameters: &[&(dyn ToSql + Sync)],
    ) -> Result<Vec<Row>, Trouble> {
        Ok(self.client.query(sql, parameters).await?)
    }

    pub(super) async fn row(&self, sql: &str, parameters: &[&(dyn ToSql + Sync)]) -> Result<Row, Trouble> {
        Ok(self.client.query_one(sql, parameters).await?)
    }

    /// Runs what was prepared.
    pub(super) async fn run(
        &self,
        asked: &Statement,
        parameters: &[&(dyn ToSql + Sync)],
    ) -> Result<Vec<Row>, Trouble> {
        Ok(self.client.query(asked, parameters).await?)
    }

    /// Prepares a statement of ours.
    pub(super) async fn prepare(&self, sql: &str) -> Result<Statement, Trouble> {
        Ok(self.client.prepare(sql).await?)
    }

    /// Prepares a statement that ends with text of the drill's own, so that an error can quote it.
    pub(super) async fn prepare_own(&self, before: &str, own: &str) -> Result<Statement, Trouble> {
        self.client.prepare(&format!("{before}{own}")).await.map_err(|error| {
            let own = OwnText { text: own.to_owned(), starts_at: before.chars().count() };
            Trouble::Server { error, own: Some(own) }
        })
    }
}

/// One round trip: begin, fix where names are looked up, pin everything else.
fn opening(timeout: Duration) -> String {
    let milliseconds = i32::try_from(timeout.as_millis()).unwrap_or(i32::MAX).max(1);
    let pins: Vec<String> = PINS.iter().map(|(name, value)| format!("('{name}', '{value}')")).collect();
    format!(
        "BEGIN TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY; \
         SET LOCAL ROLE NONE; \
         SET LOCAL search_path = pg_catalog, pg_temp; \
         SET LOCAL statement_timeout = {milliseconds}; \
         SELECT pg_catalog.set_config(known.name, pin.value, true) \
         FROM (VALUES {}) AS pin (name, value) JOIN pg_catalog.pg_settings AS known ON known.name = pin.name",
        pins.join(", ")
    )
}
