use drillyard::definition::{Bounds, CheckBody, TableName};
use drillyard::model::{Finding, Outcome, Reason};

use crate::server::{Database, database, table};

const ORDERS: &str = "
    CREATE TABLE orders (id int PRIMARY KEY, paid boolean, note text);
    INSERT INTO orders SELECT n, n % 4 = 0, 'note ' || n FROM generate_series(1, 1000) AS n;";

fn body(table: TableName, condition: Option<&str>, at_least: u64, at_most: u64) -> CheckBody {
    let bounds = Bounds { at_least: Some(at_least), at_most: Some(at_most) };
    CheckBody::Rows { table, condition: condition.map(str::to_owned), bounds }
}

async fn count(database: &Database, table: TableName, condition: Option<&str>) -> Finding {
    database.ask(body(table, condition, 0, u64::MAX)).await
}

#[tokio::test]
async fn rows_are_counted_exactly_and_held_against_their_bounds() {
    let db = database(ORDERS).await;
    let exact = db.ask(body(table("public", "orders"), None, 1000, 1000)).await;
    assert_eq!((exact.outcome, exact.reason), (Outcome::Passed, None));
    assert_eq!((exact.expected.as_str(), exact.observed.as_str()), ("= 1000", "1000"));
    assert!(exact.seconds > 0.0 && exact.seconds < 10.0);

    let short = db.ask(body(table("public", "orders"), None, 1001, 2000)).await;
    assert_eq!((short.outcome, short.reason), (Outcome::Failed, Some(Reason::CheckFailed)));
    assert_eq!((short.expected.as_str(), short.observed.as_str()), ("1001..2000", "1000"));
}

#[tokio::test]
async fn a_condition_selects_rows_and_may_hold_a_comment() {
    let db = database(ORDERS).await;
    for condition in
        ["paid", "paid -- the paid ones", "(paid) or (false)", "note like '%4' and id < 100 or id = 1"]
    {
        let found = count(&db, table("public", "orders"), Some(condition)).await;
        assert_eq!(found.outcome, Outcome::Passed, "{condition}: {found:?}");
        let truth = db.look(&format!("SELECT count(*)::text FROM orders WHERE ({condition}\n)")).await;
        assert_eq!(found.observed, truth, "{condition}");
    }
}

#[tokio::test]
async fn what_is_not_one_condition_is_an_invalid_check() {
    let db = database(ORDERS).await;
    let tricks = [
        "",
        "paid) or (true",
        "true) union all (select 1",
        "true group by paid",
        "true group by ()",
        "true limit 0",
        "true limit 5",
        "true offset 0",
        "true; select 1",
        "paid = $1",
        "count(*) > 1",
        "id",
        "true) --",
        "note = 'unclosed",
        "true /* unclosed",
        "paid ==== 1",
    ];
    for trick in tricks {
        let found = count(&db, table("public", "orders"), Some(trick)).await;
        assert_eq!(
            (found.outcome, found.reason),
            (Outcome::Errored, Some(Reason::CheckInvalid)),
            "{trick}: {found:?}"
        );
        assert!(found.hint.is_some(), "{trick}");
    }
}

#[tokio::test]
async fn e5_a_missing_table_is_a_finding_with_the_nearest_name() {
    let db = database(&format!("{ORDERS} CREATE SCHEMA archive; CREATE TABLE archive.payments ();")).await;
    let cases = [
        ("public", "ordres", Some("public.orders")),
        ("publik", "orders", Some("public.orders")),
        ("public", "payments", Some("archive.payments")),
        ("public", "something_else_entirely", None),
    ];
    for (schema, name, meant) in cases {
        let found = count(&db, table(schema, name), None).await;
        assert_eq!(
            (found.outcome, found.reason),
            (Outcome::Failed, Some(Reason::ObjectMissing)),
            "{found:?}"
        );
        assert_eq!(found.observed, format!("{schema}.{name} is not there"));
        let hint = found.hint.unwrap();
        assert!(
            meant.map_or(hint.contains("no table has a similar name"), |meant| hint.contains(meant)),
            "{hint}"
        );
    }
}

#[tokio::test]
async fn a_missing_column_of_a_condition_is_a_finding_with_the_nearest_name() {
    let db = database(ORDERS).await;
    let found = count(&db, table("public", "orders"), Some("id > 3 and payd")).await;
    assert_eq!((found.outcome, found.reason), (Outcome::Failed, Some(Reason::ObjectMissing)), "{found:?}");
    assert_eq!(found.observed, "payd is not there");
    assert!(found.hint.as_deref().unwrap().contains("paid"), "{found:?}");
}

#[tokio::test]
async fn partitioned_tables_and_views_count_as_they_are() {
    let db = database(
        "CREATE TABLE event (at date) PARTITION BY RANGE (at);
         CREATE TABLE event_25 PARTITION OF event FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
         CREATE TABLE event_26 PARTITION OF event FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
         INSERT INTO event VALUES ('2025-05-05'), ('2026-05-05'), ('2026-06-06');
         CREATE VIEW late AS SELECT * FROM event WHERE at > '2026-06-01';
         CREATE MATERIALIZED VIEW kept AS SELECT * FROM event;
         CREATE MATERIALIZED VIEW never AS SELECT * FROM event WITH NO DATA;",
    )
    .await;
    for (name, rows) in [("event", "3"), ("event_26", "2"), ("late", "1"), ("kept", "3")] {
        assert_eq!(count(&db, table("public", name), None).await.observed, rows, "{name}");
    }
    let never = count(&db, table("public", "never"), None).await;
    assert_eq!((never.outcome, never.reason), (Outcome::Failed, Some(Reason::CheckFailed)), "{never:?}");
}

#[tokio::test]
async fn what_holds_no_rows_of_its_own_is_an_invalid_check() {
    let db = database(
        "CREATE TABLE real (id serial PRIMARY KEY);
         CREATE FOREIGN DATA WRAPPER nowhere; CREATE SERVER other FOREIGN DATA WRAPPER nowhere;
         CREATE FOREIGN TABLE far (id int) SERVER other; CREATE TYPE pair AS (a int, b int);",
    )
    .await;
    for (name, said) in
        [("far", "foreign table"), ("real_id_seq", "sequence"), ("real_pkey", "index"), ("pair", "type")]
    {
        let found = count(&db, table("public", name), None).await;
        assert_eq!(
            (found.outcome, found.reason),
            (Outcome::Errored, Some(Reason::CheckInvalid)),
            "{found:?}"
        );
        assert!(found.observed.contains(said), "{found:?}");
    }
}

#[tokio::test]
async fn names_are_taken_exactly_as_written() {
    let db = database(
        r#"CREATE SCHEMA "Größe ""x"" .y"; CREATE TABLE "Größe ""x"" .y"."SELECT * ; --" (n int);
           INSERT INTO "Größe ""x"" .y"."SELECT * ; --" VALUES (1), (2);
           CREATE TABLE "Orders" (n int); INSERT INTO "Orders" VALUES (1); CREATE TABLE orders (n int);"#,
    )
    .await;
    let odd = table("Größe \"x\" .y", "SELECT * ; --");
    assert_eq!(count(&db, odd, None).await.observed, "2");
    assert_eq!(count(&db, table("public", "Orders"), None).await.observed, "1");
    assert_eq!(count(&db, table("public", "orders"), None).await.observed, "0");
    assert_eq!(count(&db, table("public", "ORDERS"), None).await.reason, Some(Reason::ObjectMissing));
}
