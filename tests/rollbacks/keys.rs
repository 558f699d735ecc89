//! What a drill may say of a rehearsal, each key obeyed: who migrates, in which transaction, what is asked afterwards, and
//! what is expected.

use super::told;
use super::traps::{BACK, FORWARD, Trap, of, rehearsed};

#[test]
fn the_role_that_migrates_may_what_it_may_in_production() {
    let trap = Trap { forward: FORWARD, back: BACK, ..Trap::default() };
    let run = rehearsed(&[
        Trap {
            name: "owner-of-the-table",
            forward: "alter table parcels add column weight int;",
            back: "alter table parcels drop column weight;",
            more: "as: migrator",
            ends: "passed",
            says: "data and schema are what they were",
            ..trap
        },
        Trap {
            name: "not-the-owner",
            more: "as: migrator",
            ends: "failed(rollback_failed)",
            says: "must be owner of table",
            ..trap
        },
        Trap {
            name: "nobody",
            more: "as: somebody_else",
            ends: "errored(check_invalid)",
            says: "the role somebody_else that migrates is not among the restored ones",
            ..trap
        },
    ]);
    let owner = of(&run, "owner-of-the-table");
    assert_eq!((&owner["migrator"], &owner["migrator_is_default"]), (&"migrator".into(), &false.into()));
    assert_eq!(owner["warnings"], serde_json::json!([]));
    let sentence = of(&run, "not-the-owner")["sentence"].to_string();
    assert!(sentence.contains("(42501)"), "{sentence}");
}

#[test]
fn a_way_forward_that_is_one_transaction_leaves_nothing_of_itself_where_it_fails() {
    let trap = Trap {
        forward: "alter table customers add column points int;\nselect 1 / 0;",
        back: BACK,
        ends: "failed(rollback_failed)",
        says: "division by zero (22012)",
        ..Trap::default()
    };
    let run = rehearsed(&[Trap { name: "wrapped", wrapped: true, ..trap }, Trap { name: "bare", ..trap }]);
    assert_eq!(told(&of(&run, "wrapped")["added"]), Vec::<String>::new());
    assert_eq!(told(&of(&run, "bare")["added"]), ["column public.customers.points"]);
    let sentence = of(&run, "wrapped")["sentence"].to_string();
    assert!(sentence.contains("wrapped.forward.sql in one transaction, line 2"), "{sentence}");
}

#[test]
fn checks_after_each_way_see_the_database_as_it_is_then() {
    let trap = Trap { forward: FORWARD, back: BACK, ..Trap::default() };
    rehearsed(&[
        Trap {
            name: "asked-while-it-is-there",
            more: "checks: { after_forward: [{ sql: { name: points, query: select count(points) from customers, equals: 0 } }] }",
            ends: "passed",
            says: "data and schema are what they were",
            ..trap
        },
        Trap {
            name: "asked-when-it-is-gone",
            more: "checks: { after_back: [{ sql: { name: points, query: select count(points) from customers, equals: 0 } }] }",
            ends: "failed(object_missing)",
            says: "after back: points",
            ..trap
        },
    ]);
}

#[test]
fn what_is_expected_excuses_that_and_no_more() {
    let trap = Trap { forward: FORWARD, back: BACK, ..Trap::default() };
    let adds = "alter table customers drop column points; insert into visits values (1000, 0);";
    let run = rehearsed(&[
        Trap {
            name: "any-schema",
            back: "create index left_behind on customers (email); alter table customers drop column points;",
            expect: "{ schema: any }",
            ends: "passed",
            says: "left_behind",
            ..trap
        },
        Trap {
            name: "any-schema-and-lost-rows",
            back: "delete from visits where id <= 7; alter table customers drop column points;",
            expect: "{ schema: any }",
            ends: "failed(rollback_loses_data)",
            says: "it loses 7 rows of visits",
            ..trap
        },
        Trap { name: "lossless", back: adds, expect: "{ data: lossless }", ends: "passed", ..trap },
        Trap { name: "identical", back: adds, ends: "failed(rollback_leaves_change)", ..trap },
        Trap {
            name: "lossless-and-lost-rows",
            back: "alter table customers drop column points; delete from visits where id <= 7;",
            expect: "{ data: lossless }",
            ends: "failed(rollback_loses_data)",
            says: "it loses 7 rows of visits",
            ..trap
        },
        Trap {
            name: "accepted-of-another-column",
            forward: "alter table customers drop column nick, drop column email;",
            back: "alter table customers add column nick text, add column email text;",
            expect: "{ accept_loss: [{ column: customers.nick, reason: moved }] }",
            ends: "failed(rollback_loses_data)",
            says: "it loses customers.email in 100 rows",
            ..trap
        },
    ]);
    assert_eq!(told(&of(&run, "lossless")["added"]), ["1 rows of public.visits"]);
}
