use drillyard::check::prepare_role_sql;
use drillyard::database::postgres::settings::{Sizing, tuned};
use drillyard::definition::{Bounds, CheckBody, NotValid};
use drillyard::model::{Durability, Outcome, Reason};

use crate::major::usual_major;
use crate::postgres::Server;
use crate::server::{Database, database, table};

const SCHEMA: &str = "
    CREATE EXTENSION citext; CREATE SCHEMA shop;
    CREATE TABLE shop.orders (); CREATE TABLE payments ();
    CREATE TABLE event (at date) PARTITION BY RANGE (at);
    CREATE TABLE event_26 PARTITION OF event FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
    CREATE VIEW seen AS SELECT 1; CREATE TABLE owned (); ALTER EXTENSION citext ADD TABLE owned;";

fn body(count: Option<(u64, u64)>, present: &[(&str, &str)]) -> CheckBody {
    CheckBody::Tables {
        count: count.map(|(least, most)| Bounds { at_least: Some(least), at_most: Some(most) }),
        present: present.iter().map(|(schema, name)| table(schema, name)).collect(),
    }
}

#[tokio::test]
async fn user_tables_are_counted_without_partitions_and_extensions() {
    let db = database(SCHEMA).await;
    let found = db.ask(body(Some((3, 3)), &[("shop", "orders"), ("public", "event_26")])).await;
    assert_eq!((found.outcome, found.observed.as_str()), (Outcome::Passed, "3 tables"), "{found:?}");
    assert_eq!(found.expected, "= 3 tables; present: shop.orders, public.event_26");
    let few = db.ask(body(Some((4, 9)), &[])).await;
    assert_eq!((few.outcome, few.reason), (Outcome::Failed, Some(Reason::CheckFailed)), "{few:?}");
}

#[tokio::test]
async fn a_named_table_that_is_missing_is_a_finding() {
    let db = database(SCHEMA).await;
    let found =
        db.ask(body(Some((3, 3)), &[("shop", "orders"), ("public", "orders"), ("public", "x")])).await;
    assert_eq!((found.outcome, found.reason), (Outcome::Failed, Some(Reason::ObjectMissing)), "{found:?}");
    assert_eq!(found.observed, "3 tables; not there: public.orders, public.x");
    assert!(found.hint.unwrap().contains("shop.orders"));
}

#[tokio::test]
async fn an_empty_database_has_no_tables() {
    let db = database("").await;
    let found = db.ask(body(Some((1, 9)), &[])).await;
    assert_eq!((found.outcome, found.observed.as_str()), (Outcome::Failed, "0 tables"));
}

/// A database of 1,500 tables with a key, an index and a sequence each, on a server of so many locks.
async fn of_many_tables(locks: &str) -> Database {
    let settings = format!("-c max_connections=60 -c max_locks_per_transaction={locks}");
    let server: &Server = Box::leak(Box::new(Server::start(usual_major(), &settings).await));
    server.superuser("postgres").await.batch_execute(prepare_role_sql()).await.unwrap();
    let database = Database::new(server, "").await;
    let superuser = server.superuser(&database.name).await;
    for hundred in 0..15 {
        let sql = format!(
            "DO $$ BEGIN FOR n IN {hundred}00..{hundred}99 LOOP EXECUTE pg_catalog.format(
                'CREATE TABLE many_%s (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, parent bigint REFERENCES many_%s);
                 CREATE INDEX ON many_%s (parent)', n, n, n); END LOOP; END $$"
        );
        superuser.batch_execute(&sql).await.unwrap();
    }
    database
}

#[tokio::test]
async fn a_database_of_many_tables_is_asked_with_the_locks_that_a_sandbox_has() {
    let sizing =
        Sizing { memory_bytes: 512 << 20, milli_cpus: 1000, jobs: 1, durability: Durability::Production };
    let many = of_many_tables(&tuned(&sizing)["max_locks_per_transaction"]).await;
    for body in [CheckBody::Sequences, CheckBody::ForeignKeys { not_valid: NotValid::Warn }] {
        let found = many.ask(body).await;
        assert_eq!(found.outcome, Outcome::Passed, "{found:?}");
    }
    let few = of_many_tables("10").await;
    let found = few.ask(CheckBody::Sequences).await;
    assert_eq!(found.reason, Some(Reason::SandboxOutOfMemory), "{found:?}");
    assert!(
        found.hint.as_deref().is_some_and(|hint| hint.contains("max_locks_per_transaction")),
        "{found:?}"
    );
}
