use drillyard::definition::{CheckBody, NotValid};
use drillyard::model::{Finding, Outcome, Reason};

use crate::server::{Database, database};

async fn ask(db: &Database, not_valid: NotValid) -> Finding {
    db.ask(CheckBody::ForeignKeys { not_valid }).await
}

/// Every sort of foreign key; `session_replication_role` lets rows in that break them, as a restore may.
const EVERY_SORT: &str = "
    CREATE SCHEMA shop; CREATE SCHEMA other; CREATE EXTENSION citext;
    CREATE TABLE shop.customers (id int PRIMARY KEY, code varchar(9) UNIQUE, mail citext UNIQUE, parent bigint,
        UNIQUE (id, code));
    ALTER TABLE shop.customers ADD CONSTRAINT self FOREIGN KEY (parent) REFERENCES shop.customers (id);
    CREATE TABLE other.orders (id int PRIMARY KEY, customer bigint, code char(9), mail citext,
        a int, b varchar(9), c int, d varchar(9));
    ALTER TABLE other.orders
        ADD CONSTRAINT wider FOREIGN KEY (customer) REFERENCES shop.customers (id),
        ADD CONSTRAINT letters FOREIGN KEY (mail) REFERENCES shop.customers (mail),
        ADD CONSTRAINT simple FOREIGN KEY (a, b) REFERENCES shop.customers (id, code),
        ADD CONSTRAINT whole FOREIGN KEY (c, d) REFERENCES shop.customers (id, code) MATCH FULL
            DEFERRABLE INITIALLY DEFERRED;
    CREATE TABLE event (id int, at date, customer int REFERENCES shop.customers, PRIMARY KEY (id, at))
        PARTITION BY RANGE (at);
    CREATE TABLE event_26 PARTITION OF event FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
    CREATE TABLE note (event int, at date, FOREIGN KEY (event, at) REFERENCES event);
    CREATE TYPE colour AS ENUM ('red', 'blue'); CREATE DOMAIN number AS int;
    CREATE TABLE paint (c colour PRIMARY KEY, tags int[] UNIQUE);
    CREATE TABLE wall (c colour REFERENCES paint, tags int[] REFERENCES paint (tags), n number);
    ALTER TABLE wall ADD FOREIGN KEY (n) REFERENCES shop.customers (id);
    INSERT INTO shop.customers VALUES (1, 'one', 'A@x', NULL), (2, 'two', 'b@x', 1);
    INSERT INTO other.orders VALUES (1, 1, 'x', 'a@X', 1, 'one', 2, 'two'), (2, NULL, NULL, NULL, 7, NULL, NULL, NULL);
    INSERT INTO event VALUES (1, '2026-02-02', 1); INSERT INTO note VALUES (1, '2026-02-02'), (NULL, '2020-01-01');
    INSERT INTO paint VALUES ('red', '{1,2}'); INSERT INTO wall VALUES ('red', '{1,2}', 2);";

#[tokio::test]
async fn every_sort_of_foreign_key_can_hold() {
    let db = database(EVERY_SORT).await;
    let found = ask(&db, NotValid::Fail).await;
    assert_eq!((found.outcome, found.observed.as_str()), (Outcome::Passed, "10 hold"), "{found:?}");
    assert_eq!(found.expected, "every one of 10 foreign keys holds");
    assert!(found.warnings.is_empty(), "{found:?}");
}

#[tokio::test]
async fn every_sort_of_foreign_key_can_be_broken() {
    let breaks = [
        ("UPDATE shop.customers SET parent = 99 WHERE id = 1", "shop.customers self (1 rows)"),
        ("INSERT INTO other.orders (id, customer) VALUES (8, 77), (9, 78)", "other.orders wider (2 rows)"),
        ("INSERT INTO other.orders (id, mail) VALUES (9, 'nobody@x')", "other.orders letters (1 rows)"),
        ("INSERT INTO other.orders (id, a, b) VALUES (9, 1, 'two')", "other.orders simple (1 rows)"),
        ("INSERT INTO other.orders (id, c, d) VALUES (9, 1, NULL)", "other.orders whole (1 rows)"),
        ("INSERT INTO event VALUES (5, '2026-03-03', 55)", "public.event event_customer_fkey (1 rows)"),
        ("DELETE FROM event", "public.note note_event_at_fkey (1 rows)"),
        ("INSERT INTO wall (c) VALUES ('blue')", "public.wall wall_c_fkey (1 rows)"),
        ("INSERT INTO wall (n) VALUES (3)", "public.wall wall_n_fkey (1 rows)"),
        ("INSERT INTO wall (tags) VALUES ('{3}')", "public.wall wall_tags_fkey (1 rows)"),
    ];
    for (sql, broken) in breaks {
        let db = database(&format!("{EVERY_SORT} SET session_replication_role = replica; {sql};")).await;
        let found = ask(&db, NotValid::Warn).await;
        assert_eq!(
            (found.outcome, found.reason),
            (Outcome::Failed, Some(Reason::CheckFailed)),
            "{sql}: {found:?}"
        );
        assert_eq!(found.observed, format!("1 of 10 do not hold: {broken}"), "{sql}");
    }
}

#[tokio::test]
async fn a_constraint_that_is_not_valid_warns_or_fails() {
    let db = database(
        "CREATE TABLE a (id int PRIMARY KEY); CREATE TABLE b (a int); INSERT INTO b VALUES (1);
         ALTER TABLE b ADD CONSTRAINT later FOREIGN KEY (a) REFERENCES a NOT VALID;
         CREATE TABLE c (a int REFERENCES a);",
    )
    .await;
    let warned = ask(&db, NotValid::Warn).await;
    assert_eq!((warned.outcome, warned.observed.as_str()), (Outcome::Passed, "1 hold"), "{warned:?}");
    assert_eq!(warned.warnings, ["NOT VALID: public.b later"]);
    let failed = ask(&db, NotValid::Fail).await;
    assert_eq!((failed.outcome, failed.reason), (Outcome::Failed, Some(Reason::CheckFailed)));
    assert_eq!(failed.observed, "1 hold; NOT VALID: public.b later");

    db.server.superuser(&db.name).await.batch_execute("DROP TABLE c").await.unwrap();
    let alone = ask(&db, NotValid::Warn).await;
    assert_eq!(
        (alone.outcome, alone.observed.as_str()),
        (Outcome::Passed, "none could be asked"),
        "{alone:?}"
    );
    assert!(alone.warnings[1].ends_with("nothing was proven"), "{alone:?}");
}

#[tokio::test]
async fn inherited_rows_do_not_stand_in_for_a_row_of_the_table_itself() {
    let db = database(
        "CREATE TABLE parent (id int PRIMARY KEY); CREATE TABLE child () INHERITS (parent);
         CREATE TABLE referrer (id int REFERENCES parent); CREATE TABLE heir () INHERITS (referrer);
         SET session_replication_role = replica;
         INSERT INTO child VALUES (1); INSERT INTO referrer VALUES (1); INSERT INTO heir VALUES (5), (6);",
    )
    .await;
    let found = ask(&db, NotValid::Warn).await;
    assert_eq!(found.observed, "1 of 1 do not hold: public.referrer referrer_id_fkey (1 rows)", "{found:?}");
}

#[tokio::test]
async fn a_database_without_foreign_keys_passes_with_a_warning() {
    let found = ask(&database("CREATE TABLE t ();").await, NotValid::Fail).await;
    assert_eq!((found.outcome, found.observed.as_str()), (Outcome::Passed, "there is none"));
    assert!(found.warnings[0].contains("nothing was proven"), "{found:?}");
}
