//! Sentences of rehearsals, each from what was found.

use super::*;
use crate::model::rehearsal::{
    Change, ColumnDifference, ColumnPlace, Difference, ObjectDifference, SequenceDifference, TableDifference,
};

fn changes(difference: &Difference) -> Vec<String> {
    differences(difference, &[]).into_iter().map(|told| told.text).collect()
}

fn step(succeeded: bool, seconds: f64, blocked: f64) -> StepTaken {
    let blocked = Blocked { seconds: blocked, table: Some("public.customers".into()) };
    StepTaken {
        succeeded,
        seconds,
        canary_lost: false,
        readers_blocked: Blocked::default(),
        writers_blocked: blocked,
        locks: Vec::new(),
    }
}

fn rehearsed(outcome: Outcome, difference: Difference) -> Rehearsed {
    Rehearsed {
        outcome,
        migrator: "shop_owner".into(),
        forward: Some(step(true, 12.0, 3.2)),
        back: Some(step(true, 41.0, 0.4)),
        difference: Some(difference),
        ..Rehearsed::begun("0042")
    }
}

fn table(columns: Vec<ColumnDifference>) -> TableDifference {
    TableDifference {
        table: "public.customers".into(),
        rows_before: 20_000,
        rows_after: 20_000,
        rows_lost: 0,
        rows_gained: 0,
        rows_changed: 12_431,
        columns,
        paired: true,
        keys: Vec::new(),
    }
}

fn column(name: &str, values_lost: u64, values_changed: u64) -> ColumnDifference {
    ColumnDifference { column: name.into(), values_lost, values_gained: 0, values_changed }
}

#[test]
fn a_loss_is_told_by_column_and_number_and_a_wait_by_way() {
    let difference =
        Difference { tables: vec![table(vec![column("display_name", 12_431, 0)])], ..Difference::default() };
    assert_eq!(
        sentence(&rehearsed(Outcome::Failed, difference)),
        "Rolling back 0042 is possible in 41.0 s; it loses customers.display_name in 12,431 rows; writers are blocked \
         for 3.20 s on the way out and 0.40 s on the way back."
    );
}

#[test]
fn a_way_back_without_a_trace_says_so() {
    let mut good = rehearsed(Outcome::Passed, Difference::default());
    good.forward = Some(step(true, 0.2, 0.0));
    good.back = Some(step(true, 0.31, 0.0));
    assert_eq!(
        sentence(&good),
        "Rolling back 0042 is possible in 0.31 s; data and schema are what they were."
    );
}

#[test]
fn what_could_not_be_found_out_is_no_way_back() {
    let mut errored = rehearsed(Outcome::Errored, Difference::default());
    errored.detail = Some("the sandbox's process 1 ended.".into());
    assert_eq!(
        sentence(&errored),
        "Whether 0042 can be rolled back could not be found out: the sandbox's process 1 ended."
    );
}

#[test]
fn a_step_that_fails_is_told_with_what_it_leaves() {
    let object = ObjectDifference {
        kind: "index".into(),
        name: "public.customers_nick".into(),
        column: None,
        change: Change::Added,
        detail: None,
    };
    let left = Difference { objects: vec![object], ..Difference::default() };
    let mut failed = rehearsed(Outcome::Failed, left.clone());
    failed.forward = Some(step(true, 0.2, 0.0));
    failed.back = Some(step(false, 0.4, 0.0));
    failed.detail = Some("0042.down.sql, line 3: column does not exist (42703)".into());
    assert_eq!(
        sentence(&failed),
        "Rolling back 0042 fails after 0.40 s (0042.down.sql, line 3: column does not exist (42703)); it leaves index \
         customers_nick behind."
    );
    failed.forward = Some(step(false, 0.2, 0.0));
    failed.back = None;
    assert!(sentence(&failed).starts_with("Migrating 0042 fails after 0.20 s (0042.down.sql, line 3"));
}

#[test]
fn an_accepted_loss_is_told_as_accepted_and_much_is_counted() {
    let columns = ["a", "b", "c", "d", "e"].map(|name| column(name, 1, 0)).to_vec();
    let mut failed =
        rehearsed(Outcome::Failed, Difference { tables: vec![table(columns)], ..Difference::default() });
    failed.accepted = vec!["public.customers.a in 1 row: moved to profile".into()];
    let said = sentence(&failed);
    assert!(
        said.contains(
            "it loses customers.b in 1 row; it loses customers.c in 1 row; it loses customers.d in"
        ),
        "what is accepted comes after what is not: {said}"
    );
    assert!(said.contains("; 2 more losses of data;"), "{said}");
}

#[test]
fn the_largest_loss_is_told_however_many_there_are_and_whatever_its_name() {
    let of = |(name, lost): (&str, u64)| TableDifference {
        table: format!("public.{name}"),
        ..table(vec![column("note", lost, 0)])
    };
    let tables = [("a", 10), ("b", 11), ("c", 12), ("d", 13), ("z", 90_000)].map(of).to_vec();
    let left = |number: u32| ObjectDifference {
        kind: "index".into(),
        name: format!("public.left_{number}"),
        column: None,
        change: Change::Added,
        detail: None,
    };
    let difference = Difference { tables, objects: (0..3).map(left).collect(), ..Difference::default() };
    let said = sentence(&rehearsed(Outcome::Failed, difference));
    assert!(
        said.contains("; it loses z.note in 90,000 rows; it loses d.note in 13 rows; it loses c."),
        "{said}"
    );
    assert!(said.contains("; 2 more losses of data and 3 other differences;"), "{said}");
}

#[test]
fn a_column_that_is_gone_is_told_once() {
    let gone = |name: &str, column: &str| ObjectDifference {
        kind: "column".into(),
        name: name.into(),
        column: Some(ColumnPlace { table: "public.customers".into(), column: column.into() }),
        change: Change::Lost,
        detail: None,
    };
    let difference = Difference {
        objects: vec![
            gone("public.customers.nick", "nick"),
            gone("public.customers.\"nickName\"", "nickName"),
        ],
        tables: vec![table(vec![column("nick", 7, 0), column("nickName", 8, 0)])],
        ..Difference::default()
    };
    assert_eq!(
        changes(&difference),
        ["it loses customers.nickName in 8 rows", "it loses customers.nick in 7 rows"]
    );
}

#[test]
fn values_where_there_were_none_are_told_as_filled() {
    let filled = ColumnDifference { values_gained: 3, ..column("nick", 0, 0) };
    let difference = Difference { tables: vec![table(vec![filled])], ..Difference::default() };
    assert_eq!(changes(&difference), ["it fills customers.nick in 3 rows"]);
}

#[test]
fn only_a_sequence_that_went_back_is_told() {
    let sequence = |went_back| SequenceDifference {
        sequence: "public.orders_id_seq".into(),
        before: Some(7),
        after: Some(9),
        went_back,
    };
    let ahead = Difference { sequences: vec![sequence(false)], ..Difference::default() };
    assert!(changes(&ahead).is_empty());
    let back = Difference { sequences: vec![sequence(true)], ..Difference::default() };
    assert_eq!(changes(&back), ["it sets sequence orders_id_seq back"]);
}

#[test]
fn a_failed_check_and_a_passed_limit_are_told_and_blocking_only_once() {
    let finding = |name: &str, kind, reason| Finding {
        name: name.into(),
        kind,
        outcome: Outcome::Failed,
        reason: Some(reason),
        expected: "3 rows".into(),
        observed: "0 rows".into(),
        hint: None,
        warnings: Vec::new(),
        newest_row_age_seconds: None,
        seconds: 0.1,
    };
    let mut failed = rehearsed(Outcome::Failed, Difference::default());
    failed.findings = vec![
        finding("survives", CheckKind::Rows, Reason::RollbackLosesData),
        finding("blocking", CheckKind::Expectation, Reason::RollbackBlocks),
    ];
    let said = sentence(&failed);
    assert!(said.contains("; survives: expected 3 rows, observed 0 rows; writers are blocked"), "{said}");
}
