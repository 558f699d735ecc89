use drillyard::definition::{Bounds, CheckBody};
use drillyard::model::{Outcome, Reason};

use crate::server::{database, table};

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
