//! Ways back after writes, each with what they do without.

use super::*;
use crate::definition::rollback::{AcceptedLoss, ColumnName};
use crate::model::Outcome;
use crate::model::rehearsal::{Change, SequenceDifference};

fn table(name: &str, lost: u64, changed: u64, columns: &[(&str, u64)]) -> TableDifference {
    let columns = columns.iter().map(|(name, values_lost)| ColumnDifference {
        column: (*name).to_owned(),
        values_lost: *values_lost,
        values_gained: 0,
        values_changed: 0,
    });
    TableDifference {
        table: format!("public.{name}"),
        rows_before: 20_000,
        rows_after: 20_000 - lost,
        rows_lost: lost,
        rows_gained: 0,
        rows_changed: changed,
        columns: columns.collect(),
        paired: true,
        keys: Vec::new(),
    }
}

fn of(tables: &[TableDifference]) -> Difference {
    Difference { tables: tables.to_vec(), ..Difference::default() }
}

fn touched(tables: &[(&str, u64)]) -> Touched {
    let tables = tables.iter().map(|(name, rows)| (format!("public.{name}"), *rows)).collect();
    Touched { tables, elsewhere: 0 }
}

fn accepts_nick() -> Expectation {
    let column = ColumnName { schema: "public".into(), table: "customers".into(), column: "nick".into() };
    let accept_loss = vec![AcceptedLoss { column, reason: "moved".into() }];
    Expectation { accept_loss, ..Expectation::default() }
}

fn reason(without: &[TableDifference], with: &[TableDifference], touched: &Touched) -> Option<Reason> {
    judge(&of(without), &of(with), touched, &accepts_nick())[0].reason
}

const LOSES: Option<Reason> = Some(Reason::RollbackLosesData);

#[test]
fn as_many_rows_as_the_writes_touched_may_differ_and_no_more() {
    let with = [table("customers", 1, 2, &[("email", 2)])];
    assert_eq!(reason(&[], &with, &touched(&[("customers", 3)])), None);
    assert_eq!(reason(&[], &with, &touched(&[("customers", 2)])), LOSES);
}

#[test]
fn what_the_way_back_always_changes_excuses_no_row_that_it_loses_after_writes() {
    let without = [table("customers", 0, 12_431, &[("nick", 12_431)])];
    let with = [table("customers", 300, 12_131, &[("nick", 12_131)])];
    let [rows, _] = judge(&of(&without), &of(&with), &Touched::default(), &accepts_nick());
    assert_eq!((rows.outcome, rows.reason), (Outcome::Failed, LOSES));
    assert_eq!(rows.observed, "public.customers: 300 rows lost, 0 changed, and the writes touched 0");
}

#[test]
fn rows_that_were_touched_in_another_table_excuse_none() {
    let with = [table("customers", 2_000, 0, &[])];
    assert_eq!(reason(&[], &with, &touched(&[("sessions", 3_000)])), LOSES);
}

#[test]
fn a_column_that_always_differs_excuses_no_other() {
    let without = [table("customers", 0, 100, &[("nick", 100)])];
    let with = [table("customers", 0, 100, &[("nick", 50), ("email", 50)])];
    assert_eq!(reason(&without, &with, &Touched::default()), LOSES);
    let more = [table("customers", 0, 150, &[("nick", 150)])];
    assert_eq!(reason(&without, &more, &Touched::default()), None, "its loss is accepted");
}

#[test]
fn what_was_written_to_new_tables_may_change_rows_and_loses_none() {
    let new = Touched { elsewhere: 5, ..Touched::default() };
    assert_eq!(reason(&[], &[table("customers", 0, 5, &[("email", 5)])], &new), None);
    assert_eq!(reason(&[], &[table("customers", 0, 6, &[("email", 6)])], &new), LOSES);
    assert_eq!(reason(&[], &[table("customers", 1, 0, &[])], &new), LOSES);
}

#[test]
fn a_table_that_the_writes_emptied_may_be_empty() {
    let with = [table("sessions", 4_000, 0, &[])];
    assert_eq!(reason(&[], &with, &touched(&[("sessions", u64::MAX)])), None);
}

#[test]
fn an_object_or_a_sequence_that_differs_only_after_writes_is_left_behind() {
    let object = ObjectDifference {
        kind: "index".into(),
        name: "public.customers_email".into(),
        column: None,
        change: Change::Lost,
        detail: None,
    };
    let sequence = |went_back| SequenceDifference {
        sequence: "public.orders_id_seq".into(),
        before: Some(7),
        after: Some(6),
        went_back,
    };
    let usual = Difference::default();
    let index = Difference { objects: vec![object], ..Difference::default() };
    let back = Difference { sequences: vec![sequence(true)], ..Difference::default() };
    let ahead = Difference { sequences: vec![sequence(false)], ..Difference::default() };
    let reason = |without: &Difference, with: &Difference| {
        judge(without, with, &Touched::default(), &Expectation::default())[1].reason
    };
    let leaves = Some(Reason::RollbackLeavesChange);
    assert_eq!((reason(&usual, &index), reason(&usual, &back)), (leaves, leaves));
    assert_eq!((reason(&index, &index), reason(&usual, &ahead)), (None, None));
    let any = Expectation { schema: ExpectedSchema::Any, ..Expectation::default() };
    assert_eq!(judge(&usual, &index, &Touched::default(), &any)[1].reason, None);
}
