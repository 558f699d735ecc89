//! The transaction that a state is read in.

use tokio_postgres::{Client, Row};

use super::DigestError;

/// Settings that change how a value looks or a question is planned. Those that a server's version lacks are skipped.
const PINS: &[(&str, &str)] = &[
    ("lock_timeout", "0"),
    ("statement_timeout", "0"),
    ("idle_in_transaction_session_timeout", "0"),
    ("client_min_messages", "error"),
    ("row_security", "off"),
    ("jit", "off"),
    ("TimeZone", "UTC"),
    ("DateStyle", "ISO, YMD"),
    ("IntervalStyle", "postgres"),
    ("extra_float_digits", "1"),
    ("bytea_output", "hex"),
    ("lc_monetary", "C"),
    ("xmlbinary", "base64"),
    ("standard_conforming_strings", "on"),
    ("quote_all_identifiers", "off"),
    ("transform_null_equals", "off"),
];

/// Functions of PostgreSQL that a database has put its own beside, in `pg_catalog`: a call of ours might be taken for
/// a call of theirs. Extensions may; they came with the image.
const SHADOWS: &str = "\
SELECT DISTINCT own.proname::text
FROM pg_proc AS own
WHERE own.oid >= 16384 AND own.pronamespace = 11
  AND EXISTS (SELECT FROM pg_proc AS native WHERE native.pronamespace = 11 AND native.proname = own.proname
              AND native.oid < 16384)
  AND NOT EXISTS (SELECT FROM pg_depend AS member WHERE member.classid = 1255 AND member.objid = own.oid
                  AND member.deptype = 'e')
ORDER BY 1 LIMIT 5";

/// An open REPEATABLE READ, READ ONLY transaction of a superuser, with its settings pinned.
pub(super) struct Session<'a> {
    pub(super) client: &'a Client,
    pub(super) major: u32,
}

impl<'a> Session<'a> {
    pub(super) async fn open(client: &'a Client) -> Result<Self, DigestError> {
        let opened = client.batch_execute(&opening()).await;
        opened.map_err(|error| DigestError::of("beginning its transaction", &error))?;
        let mut session = Self { client, major: 0 };
        let facts = session
            .rows(
                "its version",
                "SELECT pg_catalog.current_setting('server_version_num')::int / 10000, \
                 pg_catalog.current_setting('is_superuser')",
            )
            .await?;
        let facts = facts.first().ok_or_else(|| DigestError::Answer { what: "its version".to_owned() })?;
        session.major = u32::try_from(facts.get::<_, i32>(0)).unwrap_or_default();
        if facts.get::<_, &str>(1) != "on" {
            return Err(DigestError::NotSuperuser);
        }
        let shadows = session.rows("its own functions", SHADOWS).await?;
        if shadows.is_empty() {
            return Ok(session);
        }
        Err(DigestError::Shadowed { names: shadows.iter().map(|row| row.get(0)).collect() })
    }

    /// Rows of a question of ours; `what` names it in an error.
    pub(super) async fn rows(&self, what: &str, sql: &str) -> Result<Vec<Row>, DigestError> {
        self.client.query(sql, &[]).await.map_err(|error| DigestError::of(what, &error))
    }
}

/// Leaves the transaction, whatever became of it.
pub(super) async fn close(client: &Client) -> Result<(), DigestError> {
    let closed = client.batch_execute("ROLLBACK").await;
    closed.map_err(|error| DigestError::of("ending its transaction", &error))
}

fn opening() -> String {
    let pins: Vec<String> = PINS.iter().map(|(name, value)| format!("('{name}', '{value}')")).collect();
    format!(
        "BEGIN TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY; \
         SET LOCAL ROLE NONE; \
         SET LOCAL search_path = pg_catalog; \
         SELECT pg_catalog.set_config(known.name, pin.value, true) \
         FROM (VALUES {}) AS pin (name, value) JOIN pg_catalog.pg_settings AS known ON known.name = pin.name",
        pins.join(", ")
    )
}
