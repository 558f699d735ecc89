//! What a restored database, or a careless query, can't do.

use std::time::{Duration, Instant};

use drillyard::check::{CHECK_ROLE, ask, prepare_role_sql};
use drillyard::definition::check::NumberBounds;
use drillyard::definition::{Bounds, Check, CheckBody, NotValid, SqlExpectation};
use drillyard::model::{Finding, Outcome, Reason};

use crate::major::usual_major;
use crate::postgres::Server;
use crate::server::{Database, check, context, database, database_17, table};

fn query(sql: &str) -> Check {
    let expectation = SqlExpectation::Number(NumberBounds { at_least: Some("0".into()), at_most: None });
    check(CheckBody::Sql { query: sql.into(), expectation })
}

fn rows(name: &str, least: u64) -> Check {
    let bounds = Bounds { at_least: Some(least), at_most: None };
    check(CheckBody::Rows { table: table("public", name), condition: None, bounds })
}

fn within(milliseconds: u64, check: Check) -> Check {
    Check { timeout: Duration::from_millis(milliseconds), ..check }
}

async fn sessions_of_checks(db: &Database) -> String {
    let count = "SELECT count(*)::text FROM pg_stat_activity WHERE usename = 'drillyard_check' AND datname = current_database()";
    // A session that was told to end needs a moment.
    for _ in 0..20 {
        if db.look(count).await == "0" {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    db.look(count).await
}

fn assert_timed_out(found: &Finding) {
    assert_eq!((found.outcome, found.reason), (Outcome::Errored, Some(Reason::Timeout)), "{found:?}");
    assert!(found.warnings.is_empty(), "{found:?}");
}

#[tokio::test]
async fn overloads_of_a_backup_change_no_count() {
    let db = database(
        "CREATE TABLE orders (id int PRIMARY KEY); INSERT INTO orders VALUES (1), (2);
         CREATE TABLE payments (id serial, orders int REFERENCES orders); INSERT INTO payments (orders) VALUES (1);
         CREATE AGGREGATE public.count(*) (SFUNC = int8inc, STYPE = bigint, INITCOND = '1000000');
         CREATE AGGREGATE public.max(int) (SFUNC = int4larger, STYPE = int, INITCOND = '1000000');
         CREATE FUNCTION public.never(int, int) RETURNS boolean LANGUAGE sql AS 'SELECT false';
         CREATE OPERATOR public.= (LEFTARG = int, RIGHTARG = int, FUNCTION = public.never);
         CREATE FUNCTION public.never(text, text) RETURNS boolean LANGUAGE sql AS 'SELECT false';
         CREATE OPERATOR public.= (LEFTARG = text, RIGHTARG = text, FUNCTION = public.never);
         CREATE OPERATOR public.>= (LEFTARG = int, RIGHTARG = int, FUNCTION = public.never);
         DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET search_path = public, pg_catalog', current_database()); END $$;",
    )
    .await;
    let found = db
        .ask_all(&[
            rows("orders", 2),
            query("select count(*) from orders"),
            check(CheckBody::ForeignKeys { not_valid: NotValid::Fail }),
            check(CheckBody::Sequences),
            check(CheckBody::Tables { count: None, present: vec![table("public", "orders")] }),
        ])
        .await;
    let observed: Vec<_> = found.iter().map(|finding| (finding.outcome, finding.observed.as_str())).collect();
    assert_eq!(observed[0], (Outcome::Passed, "2"));
    assert_eq!(observed[1], (Outcome::Passed, "2"));
    assert_eq!(observed[2], (Outcome::Passed, "1 hold"));
    assert_eq!(observed[3], (Outcome::Passed, "1 compared, none is behind"));
    assert_eq!(observed[4], (Outcome::Passed, "2 tables"));
}

#[tokio::test]
async fn row_level_security_hides_no_row() {
    let db = database(
        "CREATE TABLE guarded (id int); INSERT INTO guarded VALUES (1), (2);
         ALTER TABLE guarded ENABLE ROW LEVEL SECURITY; ALTER TABLE guarded FORCE ROW LEVEL SECURITY;
         REVOKE ALL ON guarded FROM PUBLIC;",
    )
    .await;
    assert_eq!(db.ask_check(rows("guarded", 2)).await.observed, "2");
}

#[tokio::test]
async fn e1_two_checks_that_never_end_time_out_together() {
    let db = database("").await;
    let begun = Instant::now();
    let slow = || within(1000, query("select 1 from pg_sleep(60)"));
    let found = db.ask_all(&[slow(), rows("none", 0), slow()]).await;
    assert!(begun.elapsed() < Duration::from_secs(3), "{:?}", begun.elapsed());
    assert_timed_out(&found[0]);
    assert_eq!(found[1].reason, Some(Reason::ObjectMissing), "findings come in the order of the drill");
    assert_timed_out(&found[2]);
    assert_eq!(found[0].observed, "no answer within 1 s");
    assert_eq!(sessions_of_checks(&db).await, "0");
}

/// `statement_timeout` is no boundary: the deadline outside is.
#[tokio::test]
async fn e1_e2_a_function_that_lifts_its_timeout_is_ended_all_the_same() {
    let db = database(
        "CREATE FUNCTION stay() RETURNS int LANGUAGE plpgsql AS $$ BEGIN
             PERFORM set_config('statement_timeout', '0', false);
             LOOP BEGIN PERFORM pg_sleep(60); EXCEPTION WHEN query_canceled THEN NULL; END; END LOOP;
         END $$;",
    )
    .await;
    let begun = Instant::now();
    let found = db.ask_all(&[within(500, query("select stay()")), within(500, query("select stay()"))]).await;
    assert!(begun.elapsed() < Duration::from_secs(4), "{:?}", begun.elapsed());
    found.iter().for_each(assert_timed_out);
    assert_eq!(sessions_of_checks(&db).await, "0");
}

#[tokio::test]
async fn e2_e3_nothing_that_a_check_does_stays() {
    let db = database(
        "CREATE TABLE t (n int); INSERT INTO t VALUES (1); CREATE SEQUENCE s; GRANT ALL ON t, s TO PUBLIC;
         CREATE FUNCTION wipe() RETURNS int LANGUAGE sql AS 'DELETE FROM t RETURNING 0';
         CREATE FUNCTION unlock() RETURNS int LANGUAGE plpgsql AS $$ BEGIN
             SET TRANSACTION READ WRITE; DELETE FROM t; RETURN 0; END $$;
         CREATE FUNCTION owner_wipes() RETURNS int LANGUAGE plpgsql SECURITY DEFINER AS $$ BEGIN
             PERFORM set_config('transaction_read_only', 'off', false); DELETE FROM t; RETURN 0; END $$;
         CREATE PROCEDURE ends(INOUT n int) LANGUAGE plpgsql AS $$ BEGIN COMMIT; DELETE FROM t; END $$;
         CREATE FUNCTION ends_it() RETURNS int LANGUAGE plpgsql AS $$ DECLARE n int; BEGIN CALL ends(n); RETURN 0; END $$;",
    )
    .await;
    let tricks = [
        "select wipe()",
        "select unlock()",
        "select owner_wipes()",
        "select ends_it()",
        "call ends(1)",
        "begin; set transaction read write",
        "select nextval('s')",
        "select setval('s', 50)",
        "select set_config('transaction_read_only', 'off', false)::text::int",
        "select set_config('role', 'postgres', false)::text::int",
    ];
    for trick in tricks {
        let found = db.ask_check(query(trick)).await;
        assert_eq!(
            (found.outcome, found.reason),
            (Outcome::Errored, Some(Reason::CheckInvalid)),
            "{trick}: {found:?}"
        );
    }
    assert_eq!(
        db.look("SELECT (SELECT count(*) FROM t) || '/' || (SELECT is_called FROM s)").await,
        "1/false"
    );
}

/// A READ ONLY transaction of PostgreSQL 15 lets large objects be written; the rollback does not.
#[tokio::test]
async fn e3_a_large_object_made_by_a_check_does_not_stay() {
    let db = database("").await;
    let found = db.ask_check(query("select lo_create(4711)::int")).await;
    let due = if usual_major() < 16 { Outcome::Passed } else { Outcome::Errored };
    assert_eq!(found.outcome, due, "the trap is gone, or was never there: {found:?}");
    assert_eq!(db.look("SELECT count(*)::text FROM pg_largeobject_metadata").await, "0");
}

#[tokio::test]
async fn a_hundred_thousand_notices_disturb_nothing() {
    let db = database(
        "CREATE FUNCTION chatter() RETURNS int LANGUAGE plpgsql AS $$ BEGIN
             FOR n IN 1..100000 LOOP RAISE WARNING 'canary %', n; END LOOP; RETURN 7; END $$;",
    )
    .await;
    assert_eq!(db.ask_check(query("select chatter()")).await.observed, "7");
}

#[tokio::test]
async fn settings_of_the_backup_change_no_answer() {
    let db = database(
        "CREATE TABLE t (at timestamp, n float8); INSERT INTO t VALUES ('2026-11-21 11:00', 0.1);
         DO $$ DECLARE d text := current_database(); BEGIN
             EXECUTE format('ALTER DATABASE %I SET TimeZone = ''Asia/Tokyo''', d);
             EXECUTE format('ALTER DATABASE %I SET extra_float_digits = -15', d);
             EXECUTE format('ALTER DATABASE %I SET statement_timeout = 1', d);
             EXECUTE format('ALTER DATABASE %I SET default_transaction_read_only = off', d);
             EXECUTE format('ALTER DATABASE %I SET standard_conforming_strings = off', d);
             EXECUTE format('ALTER DATABASE %I SET session_preload_libraries = ''no_such_library''', d);
         END $$;",
    )
    .await;
    let number = |value: &str| {
        SqlExpectation::Number(NumberBounds { at_least: Some(value.into()), at_most: Some(value.into()) })
    };
    let found = db
        .ask_all(&[
            check(CheckBody::Sql { query: "select n from t".into(), expectation: number("0.1") }),
            check(CheckBody::Sql { query: "select length('a\\b')".into(), expectation: number("3") }),
            check(CheckBody::Sql {
                query: "select extract(hour from '2026-11-21 11:00Z'::timestamptz)".into(),
                expectation: number("11"),
            }),
            query("select 1 from pg_sleep(0.2)"),
        ])
        .await;
    for finding in found {
        assert_eq!(finding.outcome, Outcome::Passed, "{finding:?}");
    }
}

#[tokio::test]
async fn a_role_that_the_backup_brought_along_is_disarmed() {
    let server: &'static Server = Box::leak(Box::new(Server::start(usual_major(), "").await));
    let db = Database::new(
        server,
        "CREATE ROLE drillyard_check SUPERUSER CREATEROLE NOLOGIN; CREATE ROLE powerful CREATEROLE;
         GRANT powerful, pg_write_all_data TO drillyard_check; CREATE TABLE t (n int);
         ALTER ROLE drillyard_check SET statement_timeout = 1; ALTER ROLE drillyard_check SET search_path = powerful;
         ALTER ROLE drillyard_check PASSWORD 'x' VALID UNTIL '2001-01-01' CONNECTION LIMIT 0;
         DO $$ DECLARE d text := current_database(); BEGIN
             EXECUTE format('ALTER ROLE drillyard_check IN DATABASE %I SET default_transaction_read_only = off', d);
             EXECUTE format('ALTER DATABASE %I SET role = powerful', d);
             EXECUTE format('REVOKE CONNECT ON DATABASE %I FROM PUBLIC', d);
         END $$;",
    )
    .await;
    // Twice, because it is run again for every restore into the same sandbox.
    for _ in 0..2 {
        server.superuser("postgres").await.batch_execute(prepare_role_sql()).await.unwrap();
    }
    let attributes =
        "SELECT concat(rolsuper, rolcreaterole, rolcreatedb, rolreplication, rolbypassrls, rolcanlogin)
         FROM pg_roles WHERE rolname = 'drillyard_check'";
    assert_eq!(db.look(attributes).await, "fffftt");
    let memberships = "SELECT string_agg(roleid::regrole::text, ',') FROM pg_auth_members
         WHERE member = 'drillyard_check'::regrole";
    assert_eq!(db.look(memberships).await, "pg_read_all_data");
    assert_eq!(db.ask_check(rows("t", 0)).await.outcome, Outcome::Passed);
    let current = "select (current_user = 'drillyard_check')::int - 1";
    assert_eq!(db.ask_check(query(current)).await.observed, "0");
}

#[tokio::test]
async fn a_connection_of_a_superuser_asks_nothing() {
    let db = database("CREATE TABLE t ();").await;
    let client = db.server.superuser(&db.name).await;
    let found = ask(&rows("t", 0), &client, &context(&db.name)).await;
    assert_eq!((found.outcome, found.reason), (Outcome::Errored, Some(Reason::Internal)), "{found:?}");
}

#[tokio::test]
async fn one_connection_can_be_asked_again_whatever_happened() {
    let db = database("CREATE TABLE t ();").await;
    let client = db.server.connect(&db.name, CHECK_ROLE).await.unwrap();
    let context = context(&db.name);
    for sql in ["select 1 / 0", "select count(*) from nosuch", "select 1 from pg_sleep(9)", "selekt"] {
        assert_ne!(ask(&within(200, query(sql)), &client, &context).await.outcome, Outcome::Passed, "{sql}");
        assert_eq!(ask(&rows("t", 0), &client, &context).await.outcome, Outcome::Passed, "after {sql}");
    }
}

#[tokio::test]
async fn a_database_that_was_not_restored_is_a_finding() {
    let db = database("").await;
    let found = db.ask_check(Check { database: Some("billing".into()), ..query("select 1") }).await;
    assert_eq!((found.outcome, found.reason), (Outcome::Failed, Some(Reason::ObjectMissing)), "{found:?}");
    assert_eq!(found.observed, "database billing is not there");
}

#[tokio::test]
async fn a_session_that_ends_is_a_lost_sandbox() {
    let db = database(
        "CREATE FUNCTION die() RETURNS int LANGUAGE sql SECURITY DEFINER
         AS 'SELECT pg_terminate_backend(pg_backend_pid())::int';",
    )
    .await;
    let found = db.ask_check(query("select die()")).await;
    assert_eq!((found.outcome, found.reason), (Outcome::Errored, Some(Reason::SandboxLost)), "{found:?}");
}

#[tokio::test]
async fn damaged_pages_are_a_finding_about_the_backup() {
    let db = database(
        "CREATE FUNCTION damaged() RETURNS int LANGUAGE plpgsql AS $$ BEGIN
             RAISE 'invalid page' USING ERRCODE = 'XX001'; END $$;",
    )
    .await;
    let found = db.ask_check(query("select damaged()")).await;
    assert_eq!((found.outcome, found.reason), (Outcome::Failed, Some(Reason::CheckFailed)), "{found:?}");
}

#[tokio::test]
async fn k7_a_login_trigger_of_the_backup_does_not_run() {
    let db = database_17(
        "CREATE TABLE t (); CREATE FUNCTION greet() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN
             IF session_user = 'drillyard_check' THEN PERFORM pg_sleep(60); END IF; END $$;
         CREATE EVENT TRIGGER greet ON login EXECUTE FUNCTION greet(); ALTER EVENT TRIGGER greet ENABLE ALWAYS;",
    )
    .await;
    assert_eq!(db.ask_check(within(3000, rows("t", 0))).await.outcome, Outcome::Passed);
}

#[tokio::test]
async fn every_kind_can_be_asked_of_postgresql_17() {
    let db = database_17(
        "CREATE TABLE orders (id serial PRIMARY KEY, at timestamptz); INSERT INTO orders (at) VALUES ('2026-11-21 11:00Z');
         CREATE TABLE payments (orders int REFERENCES orders);
         DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET transaction_timeout = 1', current_database()); END $$;",
    )
    .await;
    let fresh = CheckBody::Fresh {
        table: table("public", "orders"),
        column: "at".into(),
        within: Duration::from_hours(2),
    };
    let checks = [
        rows("orders", 1),
        check(fresh),
        query("select count(*) from orders"),
        check(CheckBody::Tables { count: None, present: vec![table("public", "orders")] }),
        check(CheckBody::ForeignKeys { not_valid: NotValid::Fail }),
        check(CheckBody::Sequences),
    ];
    for finding in db.ask_all(&checks).await {
        assert_eq!(finding.outcome, Outcome::Passed, "{finding:?}");
    }
}
