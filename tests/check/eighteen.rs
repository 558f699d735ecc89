//! Foreign keys as PostgreSQL 18 made them new. `make test` has no 18; `make versions-test` runs these.

use drillyard::definition::{CheckBody, NotValid};
use drillyard::model::{Finding, Outcome};

use crate::server::{Database, database_18};

async fn ask(db: &Database, not_valid: NotValid) -> Finding {
    db.ask(CheckBody::ForeignKeys { not_valid }).await
}

/// Ranges and multiranges; a stay may be covered by several rooms' times together.
const PERIODS: &str = "
    CREATE EXTENSION btree_gist; CREATE SCHEMA shop;
    CREATE TABLE shop.rooms (id int, \"open\" daterange, PRIMARY KEY (id, \"open\" WITHOUT OVERLAPS));
    CREATE TABLE stays (room int, during daterange,
        CONSTRAINT stays_in FOREIGN KEY (room, PERIOD during) REFERENCES shop.rooms (id, PERIOD \"open\"));
    CREATE TABLE halls (id int, at datemultirange, PRIMARY KEY (id, at WITHOUT OVERLAPS));
    CREATE TABLE talks (hall int, at datemultirange,
        CONSTRAINT talks_in FOREIGN KEY (hall, PERIOD at) REFERENCES halls (id, PERIOD at));
    INSERT INTO shop.rooms VALUES (1, '[2026-01-01,2026-02-01)'), (1, '[2026-02-01,2026-03-01)'), (2, '[2026-01-01,)');
    INSERT INTO stays VALUES (1, '[2026-01-20,2026-02-10)'), (2, '[2027-01-01,2027-01-02)'), (NULL, '[1999-01-01,)'), (7, NULL);
    INSERT INTO halls VALUES (1, '{[2026-01-01,2026-01-05),[2026-02-01,2026-02-05)}');
    INSERT INTO talks VALUES (1, '{[2026-01-02,2026-01-03),[2026-02-02,2026-02-03)}');";

#[tokio::test]
#[ignore = "make versions-test: PostgreSQL 18"]
async fn foreign_keys_with_a_period_are_asked() {
    let db = database_18(PERIODS).await;
    let found = ask(&db, NotValid::Fail).await;
    assert_eq!((found.outcome, found.observed.as_str()), (Outcome::Passed, "2 hold"), "{found:?}");
    assert!(found.warnings.is_empty(), "{found:?}");
    for (sql, broken) in [
        (
            "DELETE FROM shop.rooms WHERE \"open\" @> '2026-02-05'::date AND id = 1",
            "public.stays stays_in (1 rows)",
        ),
        (
            "INSERT INTO stays VALUES (1, '[2026-02-20,2026-03-02)'), (3, '[2026-01-01,2026-01-02)')",
            "public.stays stays_in (2 rows)",
        ),
        ("UPDATE halls SET at = '{[2026-01-01,2026-01-05)}'", "public.talks talks_in (1 rows)"),
    ] {
        let db = database_18(&format!("{PERIODS} SET session_replication_role = replica; {sql};")).await;
        let found = ask(&db, NotValid::Warn).await;
        assert_eq!(found.outcome, Outcome::Failed, "{sql}: {found:?}");
        assert_eq!(found.observed, format!("1 of 2 do not hold: {broken}"), "{sql}");
    }
}

#[tokio::test]
#[ignore = "make versions-test: PostgreSQL 18"]
async fn a_foreign_key_that_nobody_enforces_is_no_promise() {
    let one = "CREATE TABLE a (id int PRIMARY KEY);
         CREATE TABLE b (a int CONSTRAINT wished REFERENCES a NOT ENFORCED); INSERT INTO b VALUES (1);";
    let found = ask(&database_18(one).await, NotValid::Fail).await;
    assert_eq!(
        (found.outcome, found.observed.as_str()),
        (Outcome::Passed, "none could be asked"),
        "{found:?}"
    );
    assert_eq!(
        found.warnings,
        [
            "not enforced, so not asked: public.b wished",
            "the database has no foreign key that could be asked: nothing was proven"
        ]
    );
    let two = format!("{one} ALTER TABLE b ADD COLUMN c int REFERENCES a;");
    let found = ask(&database_18(&two).await, NotValid::Fail).await;
    assert_eq!((found.outcome, found.observed.as_str()), (Outcome::Passed, "1 hold"), "{found:?}");
    assert_eq!(found.warnings, ["not enforced, so not asked: public.b wished"]);
}
