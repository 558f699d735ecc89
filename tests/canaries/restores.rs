//! Restores that go wrong on a row.

use serde_json::Value;

use crate::dumps::{ROTTEN, cases, plain};
use crate::outputs::{self, Outputs};
use crate::support::{Scene, root, usual_production, with_each};

const ORDERS: &str = "\n  - rows: { table: public.orders, equals: 3 }\n";

fn restored(dump: &[u8]) -> Outputs {
    outputs::of(&Scene::with_bytes(dump), "", ORDERS)
}

/// The restore failed, the record says how, and nobody says on what.
#[track_caller]
fn failed_silently(outputs: &Outputs, sqlstate: &str) {
    assert_eq!(outputs.ending(), "failed(restore_failed)", "{}", outputs.told());
    let errors = outputs.json["restore_errors"].as_array().unwrap();
    assert!(errors.iter().any(|error| error["sqlstate"] == sqlstate), "no {sqlstate}: {}", outputs.told());
    outputs.hold_no_canary();
}

#[test]
fn j8_a_plain_dump_that_fails_on_a_row_does_not_say_it() {
    let cases = cases();
    for pair in cases.chunks(2) {
        with_each(
            pair,
            |case| case.0.to_owned(),
            |(_, sqlstate, statements)| {
                failed_silently(&restored(plain(statements).as_bytes()), sqlstate);
            },
        );
    }
}

#[test]
fn j8_k8_the_hostile_dumps_of_the_repository_do_not_say_their_rows() {
    for name in ["rows-in-errors", "output-redirected", "foreign-server"] {
        let dump = std::fs::read(root().join(format!("fixtures/hostile/{name}.sql"))).unwrap();
        assert!(String::from_utf8_lossy(&dump).contains("canary-"));
        restored(&dump).hold_no_canary();
    }
}

#[test]
fn j8_an_archive_that_fails_on_a_row_does_not_say_it() {
    let production = usual_production();
    production.psql("postgres", "create database rotten");
    production.psql("rotten", ROTTEN);
    let outputs = restored(&production.exec(&["pg_dump", "--format=custom", "rotten"]));
    failed_silently(&outputs, "23514");
    failed_silently(&outputs, "P0001");
}

#[test]
fn an_allowed_error_is_as_silent_as_a_fatal_one() {
    let rule = cases().into_iter().find(|case| case.1 == "23514").unwrap().2;
    let allowed = "restore: { allow_errors: [{ sqlstate: 23514, reason: the rule is new }] }\n";
    let outputs = outputs::of(&Scene::with_bytes(plain(&rule).as_bytes()), allowed, ORDERS);
    let errors = outputs.json["restore_errors"].as_array().unwrap();
    assert!(errors.iter().any(|error: &Value| error["class"] == "allowed"), "{}", outputs.told());
    outputs.hold_no_canary();
}

#[test]
fn j8_a_file_of_roles_keeps_its_passwords() {
    let scene = Scene::with_bytes(plain("ALTER TABLE public.orders OWNER TO shop_app;").as_bytes());
    scene.write(
        "globals.sql",
        "CREATE ROLE shop_app LOGIN PASSWORD 'canary-role-password';\nCREATE ROLE shop_app PASSWORD 'canary-role-twice';\n\
         ALTER ROLE shop_app PASSWORD 'canary-role-slip' WALID UNTIL 'canary-until';\n",
    );
    let outputs = outputs::of(&scene, "restore: { roles: { file: globals.sql } }\n", ORDERS);
    assert!(
        outputs.json["restore_errors"].as_array().is_some_and(|errors| !errors.is_empty())
            || outputs.json["stop"].is_object(),
        "{}",
        outputs.told()
    );
    outputs.hold_no_canary();
}

#[test]
fn j8_sql_that_runs_after_the_restore_is_as_silent() {
    let scene = Scene::with_bytes(plain("").as_bytes());
    scene.write(
        "after.sql",
        "DO $$BEGIN RAISE WARNING 'canary-warning'; RAISE EXCEPTION 'canary-after'; END$$;\n",
    );
    let outputs = outputs::of(&scene, "restore: { after: { sql: [after.sql] } }\n", ORDERS);
    assert_ne!(outputs.ending(), "passed", "{}", outputs.told());
    outputs.hold_no_canary();
}
