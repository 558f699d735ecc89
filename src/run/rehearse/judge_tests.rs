//! Judgements, each of a rehearsal that differs from a good one in one thing.

use super::*;
use crate::definition::rollback::ColumnName;
use crate::model::rehearsal::{Blocked, ColumnPlace, SequenceDifference};

fn step(seconds: f64, blocked: f64) -> StepTaken {
    StepTaken {
        succeeded: true,
        seconds,
        canary_lost: false,
        readers_blocked: Blocked::default(),
        writers_blocked: Blocked { seconds: blocked, table: Some("public.orders".into()) },
        locks: Vec::new(),
    }
}

fn rehearsed(difference: Difference) -> Rehearsed {
    Rehearsed {
        migrator: "shop_owner".into(),
        forward: Some(step(1.0, 0.2)),
        back: Some(step(2.0, 0.1)),
        difference: Some(difference),
        ..Rehearsed::begun("0042")
    }
}

fn table() -> TableDifference {
    TableDifference {
        table: "public.customers".into(),
        rows_before: 10,
        rows_after: 10,
        rows_lost: 0,
        rows_gained: 0,
        rows_changed: 0,
        columns: Vec::new(),
        paired: true,
        keys: Vec::new(),
    }
}

fn of(table: TableDifference) -> Difference {
    Difference { tables: vec![table], ..Difference::default() }
}

fn losing(column: &str) -> Difference {
    let columns =
        vec![ColumnDifference { column: column.into(), values_lost: 3, values_gained: 0, values_changed: 0 }];
    of(TableDifference { rows_changed: 3, columns, ..table() })
}

fn judged(difference: Difference, expect: &Expectation) -> (Outcome, Option<Reason>) {
    let mut told = rehearsed(difference);
    judge(&mut told, expect);
    (told.outcome, told.reason)
}

#[test]
fn a_way_back_without_a_difference_passes_and_each_difference_fails() {
    let strict = Expectation::default();
    assert_eq!(judged(Difference::default(), &strict), (Outcome::Passed, None));
    let object = ObjectDifference {
        kind: "index".into(),
        name: "public.x".into(),
        column: None,
        change: Change::Added,
        detail: None,
    };
    let sequence = |went_back| SequenceDifference {
        sequence: "public.s".into(),
        before: Some(1),
        after: Some(2),
        went_back,
    };
    let loses = Some(Reason::RollbackLosesData);
    let leaves = Some(Reason::RollbackLeavesChange);
    for (difference, reason) in [
        (of(TableDifference { rows_lost: 1, ..table() }), loses),
        (of(TableDifference { rows_changed: 1, ..table() }), loses),
        (losing("nick"), loses),
        (of(TableDifference { rows_gained: 1, ..table() }), leaves),
        (Difference { objects: vec![object], ..Difference::default() }, leaves),
        (Difference { sequences: vec![sequence(true)], ..Difference::default() }, leaves),
    ] {
        assert_eq!(judged(difference.clone(), &strict), (Outcome::Failed, reason), "{difference:?}");
    }
    let ahead = Difference { sequences: vec![sequence(false)], ..Difference::default() };
    assert_eq!(judged(ahead, &strict), (Outcome::Passed, None), "numbers may be left out");
}

#[test]
fn lossless_allows_additions_and_nothing_else() {
    let expect = Expectation { data: ExpectedData::Lossless, ..Expectation::default() };
    assert_eq!(judged(of(TableDifference { rows_gained: 5, ..table() }), &expect).0, Outcome::Passed);
    assert_eq!(judged(losing("nick"), &expect), (Outcome::Failed, Some(Reason::RollbackLosesData)));
    let column =
        ColumnDifference { column: "nick".into(), values_lost: 0, values_gained: 3, values_changed: 0 };
    let filled = || of(TableDifference { rows_changed: 3, columns: vec![column.clone()], ..table() });
    assert_eq!(judged(filled(), &expect).0, Outcome::Passed);
    let leaves = Some(Reason::RollbackLeavesChange);
    assert_eq!(judged(filled(), &Expectation::default()), (Outcome::Failed, leaves));
}

#[test]
fn an_accepted_loss_is_recorded_and_covers_its_own_column_only() {
    for (name, in_sql) in [("nick", "public.customers.nick"), ("nickName", "public.customers.\"nickName\"")] {
        let column = ColumnName { schema: "public".into(), table: "customers".into(), column: name.into() };
        let accept_loss = vec![AcceptedLoss { column, reason: "moved to profile".into() }];
        let expect = Expectation { accept_loss, ..Expectation::default() };
        let gone = ObjectDifference {
            kind: "column".into(),
            name: in_sql.into(),
            column: Some(ColumnPlace { table: "public.customers".into(), column: name.into() }),
            change: Change::Lost,
            detail: None,
        };
        let mut told = rehearsed(Difference { objects: vec![gone], ..losing(name) });
        judge(&mut told, &expect);
        assert_eq!((told.outcome, told.reason), (Outcome::Passed, None));
        assert_eq!(told.accepted, [format!("public.customers.{name} in 3 rows: moved to profile")]);
        assert_eq!(judged(losing("email"), &expect).1, Some(Reason::RollbackLosesData));
    }
}

#[test]
fn limits_are_judged_and_data_weighs_more_than_time() {
    let expect = Expectation {
        within: Some(Duration::from_secs(1)),
        blocking_max: Some(Duration::from_millis(100)),
        ..Expectation::default()
    };
    assert_eq!(judged(Difference::default(), &expect).1, Some(Reason::RollbackTooSlow));
    assert_eq!(judged(losing("nick"), &expect).1, Some(Reason::RollbackLosesData));
    let patient = Expectation { within: Some(Duration::from_secs(10)), ..expect };
    let mut told = rehearsed(Difference::default());
    judge(&mut told, &patient);
    assert_eq!(told.reason, Some(Reason::RollbackBlocks));
    let blocking = told.findings.iter().find(|finding| finding.name == "blocking").unwrap();
    assert_eq!(blocking.observed, "a writer of public.orders blocked for 0.20 s on the way out");
}

#[test]
fn without_a_comparison_or_a_way_back_nothing_passes() {
    let mut told = rehearsed(Difference::default());
    told.difference = None;
    judge(&mut told, &Expectation::default());
    assert_eq!(told.outcome, Outcome::Errored);
    let mut told = rehearsed(Difference::default());
    told.back = Some(StepTaken { succeeded: false, ..step(1.0, 0.0) });
    judge(&mut told, &Expectation::default());
    assert_eq!((told.outcome, told.reason), (Outcome::Failed, Some(Reason::RollbackFailed)));
}

#[test]
fn blocking_that_nobody_could_watch_is_not_found_out() {
    let expect = Expectation { blocking_max: Some(Duration::from_secs(9)), ..Expectation::default() };
    let mut told = rehearsed(Difference::default());
    told.back = Some(StepTaken { canary_lost: true, ..step(2.0, 0.0) });
    judge(&mut told, &expect);
    assert_eq!((told.outcome, told.reason), (Outcome::Errored, Some(Reason::CheckInvalid)));
    let blocking = told.findings.iter().find(|finding| finding.name == "blocking").unwrap();
    assert_eq!(blocking.observed, "not known: the sessions that ask for locks were ended on the way back");
}
