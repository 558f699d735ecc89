use std::time::{Duration, Instant};

use drillyard::definition::check::NumberBounds;
use drillyard::definition::{CheckBody, SqlExpectation};
use drillyard::model::{Finding, Outcome, Reason};

use crate::server::{Database, check, database, told};

fn number(least: &str, most: &str) -> SqlExpectation {
    let bound = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    SqlExpectation::Number(NumberBounds { at_least: bound(least), at_most: bound(most) })
}

fn body(query: &str, expectation: SqlExpectation) -> CheckBody {
    CheckBody::Sql { query: query.into(), expectation }
}

async fn ask(db: &Database, query: &str, expectation: SqlExpectation) -> Finding {
    db.ask(body(query, expectation)).await
}

#[tokio::test]
async fn numbers_are_compared_exactly() {
    let db = database("").await;
    let cases = [
        ("select 0", "0", "0", true, "0"),
        ("select 7::smallint", "5", "9", true, "7"),
        ("select 10::bigint", "", "9", false, "10"),
        ("select 10::bigint", "11", "", false, "10"),
        ("select 0.1::float8", "0.1", "0.1", true, "0.1"),
        ("select 0.1::float4", "0.1", "0.1", true, "0.1"),
        ("select 0.1::float8 + 0.2::float8", "0.3", "0.3", false, "0.30000000000000004"),
        ("select 0.1 + 0.2", "0.3", "0.3", true, "0.3"),
        ("select 9007199254740993", "9007199254740993", "9007199254740993", true, "9007199254740993"),
        ("select 9007199254740993", "9007199254740992", "9007199254740992", false, "9007199254740993"),
        ("select 1.00", "1", "1", true, "1.00"),
        ("with t as (select 3 as n) select n from t;", "3", "3", true, "3"),
        ("values (4) -- four", "4", "4", true, "4"),
        ("select count(*) from pg_class where false ;; \n", "0", "0", true, "0"),
        ("(select 5)", "5", "5", true, "5"),
    ];
    for (query, least, most, holds, shown) in cases {
        let found = ask(&db, query, number(least, most)).await;
        let outcome = if holds { Outcome::Passed } else { Outcome::Failed };
        assert_eq!((found.outcome, found.observed.as_str()), (outcome, shown), "{query}: {found:?}");
    }
    assert_eq!(ask(&db, "select 1", number("0", "0")).await.expected, "= 0");
}

#[tokio::test]
async fn truth_and_texts_are_compared_and_texts_stay_inside() {
    let db = database(
        "CREATE TYPE mood AS ENUM ('glad', 'sad'); CREATE TABLE t (secret text); INSERT INTO t VALUES ('canary');",
    )
    .await;
    let truth = ask(&db, "select 1 < 2", SqlExpectation::Boolean(true)).await;
    assert_eq!(
        (truth.outcome, truth.expected.as_str(), truth.observed.as_str()),
        (Outcome::Passed, "= true", "true")
    );
    assert_eq!(ask(&db, "select 1 > 2", SqlExpectation::Boolean(true)).await.outcome, Outcome::Failed);

    for equal in [
        "select 'sad'",
        "select 'sad'::mood",
        "select 'sad'::varchar(9)",
        "select 'sad'::char(9)",
        "select 'sad'::name",
    ] {
        let found = ask(&db, equal, SqlExpectation::Text("sad".into())).await;
        assert_eq!(
            (found.outcome, found.observed.as_str()),
            (Outcome::Passed, "the expected text"),
            "{equal}: {found:?}"
        );
    }
    let differs = ask(&db, "select secret from t", SqlExpectation::Text("else".into())).await;
    assert_eq!((differs.outcome, differs.observed.as_str()), (Outcome::Failed, "a text that differs"));
    assert!(!told(&differs).contains("canary"));

    let mut shown = check(body("select secret from t", SqlExpectation::Text("else".into())));
    shown.show_values = true;
    assert_eq!(db.ask_check(shown).await.observed, "\"canary\"");
}

/// Whatever is not exactly one value of the expected type proves nothing.
#[tokio::test]
async fn e4_twenty_shapes_that_are_no_answer() {
    let db = database("CREATE TABLE t (a int, b text);").await;
    let (count, text, truth) =
        (|| number("0", ""), || SqlExpectation::Text("x".into()), || SqlExpectation::Boolean(true));
    let shapes = [
        ("select null::int", count()),
        ("select null::text", text()),
        ("select null::boolean", truth()),
        ("select max(a) from t", count()),
        ("select 1 where false", count()),
        ("select 1 union all select 2", count()),
        ("select generate_series(1, 3)", count()),
        ("select 1, 2", count()),
        ("select * from t", count()),
        ("select", count()),
        ("select from t", count()),
        ("select 'NaN'::float8", count()),
        ("select 'NaN'::numeric", count()),
        ("select 'infinity'::float8", count()),
        ("select '12'", count()),
        ("select true", count()),
        ("select 1", text()),
        ("select 1", truth()),
        ("select now()", count()),
        ("select array[1]", count()),
        ("select '{\"a\":1}'::jsonb", text()),
        ("select row(1)", count()),
        ("select $1::int", count()),
        ("select 1; select 2", count()),
        ("select 1) as a (b), (select 2", count()),
        ("select 1; -- and no more", count()),
        ("", count()),
        ("-- nothing", count()),
        ("selekt 1", count()),
        ("insert into t values (1)", count()),
        ("insert into t values (1) returning a", count()),
        ("with w as (insert into t values (1) returning a) select a from w", count()),
        ("delete from t", count()),
        ("truncate t", count()),
        ("create table u ()", count()),
        ("select 1 into u", count()),
        ("copy t to stdout", count()),
        ("show server_version_num", text()),
        ("set transaction read write", count()),
        ("commit", count()),
        ("begin", count()),
        ("do $$ begin end $$", count()),
        ("lock t", count()),
        ("select 1 / 0", count()),
        ("select 'x'::int", count()),
        ("select (select 1 union select 2)", count()),
        ("select nosuch(1)", count()),
        ("select u.a from t", count()),
        ("select pg_read_file('/etc/passwd')", text()),
    ];
    for (query, expectation) in shapes {
        let found = ask(&db, query, expectation).await;
        assert_eq!(
            (found.outcome, found.reason),
            (Outcome::Errored, Some(Reason::CheckInvalid)),
            "{query}: {found:?}"
        );
        assert!(found.hint.is_some() && !found.observed.is_empty(), "{query}: {found:?}");
    }
    assert_eq!(db.look("SELECT count(*)::text FROM t").await, "0");
}

#[tokio::test]
async fn e5_a_missing_object_is_a_finding_with_the_nearest_name() {
    let db =
        database("CREATE TABLE orders (created_at date); CREATE SCHEMA shop; CREATE TABLE shop.payments ();")
            .await;
    let cases = [
        ("select count(*) from ordrs", "ordrs", "public.orders"),
        ("select count(*) from public.ordrs", "public.ordrs", "public.orders"),
        ("select count(*) from payments", "payments", "shop.payments"),
        ("select count(*) from \"Orders\" o", "Orders", "public.orders"),
        ("select count(*) from nowhere.orders", "nowhere.orders", "public.orders"),
        ("select count(o.creatd_at) from orders o", "o.creatd_at", "created_at"),
        ("select count(*)\nfrom orders -- größer\nwhere creatd_at is null", "creatd_at", "created_at"),
    ];
    for (query, missing, meant) in cases {
        let found = ask(&db, query, number("0", "")).await;
        assert_eq!(
            (found.outcome, found.reason),
            (Outcome::Failed, Some(Reason::ObjectMissing)),
            "{query}: {found:?}"
        );
        assert_eq!(found.observed, format!("{missing} is not there"), "{query}");
        assert!(found.hint.as_deref().unwrap().contains(meant), "{query}: {found:?}");
    }
}

#[tokio::test]
async fn a_syntax_error_is_shown_where_the_drill_wrote_it() {
    let db = database("CREATE TABLE orders ();").await;
    let found = ask(&db, "select count(*) frmo orders", number("0", "")).await;
    assert_eq!(
        found.observed,
        "not valid SQL, or more than one statement (SQLSTATE 42601) at character 22, near `orders`"
    );
}

#[tokio::test]
async fn an_error_of_the_server_brings_no_value_along() {
    let db = database(
        "CREATE TABLE t (secret text); INSERT INTO t VALUES ('canary');
         CREATE FUNCTION raise_it(text) RETURNS int LANGUAGE plpgsql AS $$ BEGIN RAISE 'look: %', $1; END $$;",
    )
    .await;
    for query in ["select secret::int from t", "select raise_it(secret) from t"] {
        let found = ask(&db, query, number("0", "")).await;
        assert_eq!(found.reason, Some(Reason::CheckInvalid), "{found:?}");
        assert!(!told(&found).contains("canary"), "{found:?}");
    }
}

#[tokio::test]
async fn e7_ten_million_rows_are_not_fetched() {
    let db = database("CREATE TABLE wide (n int); INSERT INTO wide SELECT generate_series(1, 10000);").await;
    let begun = Instant::now();
    let query = "select a.n from wide a, wide b where b.n <= 1000";
    let found = ask(&db, query, number("0", "")).await;
    assert_eq!(found.observed, "the query yields more than one row", "{found:?}");
    assert!(begun.elapsed() < Duration::from_secs(2), "the server was not stopped after two rows");
}

#[tokio::test]
async fn a_costly_query_is_computed_once() {
    let db = database(
        "CREATE FUNCTION slow() RETURNS int STABLE LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(0.3); RETURN 1; END $$;",
    )
    .await;
    let found = ask(&db, "select slow()", number("1", "1")).await;
    assert_eq!(found.outcome, Outcome::Passed, "{found:?}");
    assert!((0.3..0.6).contains(&found.seconds), "{}", found.seconds);
}
