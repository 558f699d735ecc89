//! What is different after a rehearsal, in words, the weightiest first: losses of data by the number of their rows, those
//! that the drill accepts after the others, then other values, then what was left behind, then objects of the schema.
//! Nobody reads a hundred differences, and the worst of them must not be the one that is left out (2026-11-22).

use std::cmp::Reverse;

use super::words::count;
use crate::model::rehearsal::{Change, ColumnDifference, Difference, ObjectDifference, TableDifference};

/// A difference as a part of a sentence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// `it loses customers.display_name in 12,431 rows`.
    pub text: String,
    /// Whether values or rows are gone.
    pub is_loss: bool,
}

/// Every difference, the weightiest first. `accepted` are the losses that the drill accepts, as the record holds them.
pub fn differences(difference: &Difference, accepted: &[String]) -> Vec<Told> {
    let (mut lost, mut changed, mut gained) = (Weighed::default(), Weighed::default(), Weighed::default());
    for table in &difference.tables {
        let name = short(&table.table);
        // What is known by column is told by column: the rows are the same ones.
        lost.add(table.rows_lost, false, |rows| format!("it loses {rows} of {name}"));
        for column in &table.columns {
            let accepted = is_accepted(table, column, accepted);
            let of_column = |does: &str, rows: &str| {
                let accepted = if accepted { " (accepted)" } else { "" };
                format!("it {does} {name}.{} in {rows}{accepted}", column.column)
            };
            lost.add(column.values_lost, accepted, |rows| of_column("loses", rows));
            changed.add(column.values_changed, accepted, |rows| of_column("changes", rows));
            gained.add(column.values_gained, accepted, |rows| of_column("fills", rows));
        }
        if table.columns.is_empty() {
            changed.add(table.rows_changed, false, |rows| format!("it changes {rows} of {name}"));
        }
        gained.add(table.rows_gained, false, |rows| format!("it leaves {rows} more in {name}"));
    }
    let back = difference.sequences.iter().filter(|sequence| sequence.went_back);
    let back = back.map(|sequence| format!("it sets sequence {} back", short(&sequence.sequence)));
    let is_new = |object: &&ObjectDifference| {
        !is_told(object, difference) && !is_told_with_its_object(object, difference)
    };
    let objects = difference.objects.iter().filter(is_new).map(object);
    let others = changed.sorted().into_iter().chain(back).chain(gained.sorted()).chain(objects);
    let lost = lost.sorted().into_iter().map(|text| Told { text, is_loss: true });
    lost.chain(others.map(|text| Told { text, is_loss: false })).collect()
}

/// The first of them in words, and how many more there are; one more than `most` is named as well as counted.
pub fn named(differences: &[Told], most: usize) -> Vec<String> {
    let shown = if differences.len() > most + 1 { most } else { differences.len() };
    let (named, rest) = differences.split_at(shown);
    let losses = rest.iter().filter(|told| told.is_loss).count();
    let rest = match (losses, rest.len() - losses) {
        (0, 0) => None,
        (0, others) => Some(format!("{} more difference{}", count(others as u64), plural(others))),
        (losses, 0) => Some(format!("{} more loss{} of data", count(losses as u64), es(losses))),
        (losses, others) => Some(format!(
            "{} more loss{} of data and {} other difference{}",
            count(losses as u64),
            es(losses),
            count(others as u64),
            plural(others)
        )),
    };
    named.iter().map(|told| told.text.clone()).chain(rest).collect()
}

/// Texts, each with whether it is accepted and the number of rows that it is about.
#[derive(Default)]
struct Weighed(Vec<(bool, Reverse<u64>, String)>);

impl Weighed {
    fn add(&mut self, number: u64, accepted: bool, text: impl FnOnce(&str) -> String) {
        if number > 0 {
            let rows = format!("{} row{}", count(number), if number == 1 { "" } else { "s" });
            self.0.push((accepted, Reverse(number), text(&rows)));
        }
    }

    /// In the order of their names where they weigh the same.
    fn sorted(mut self) -> Vec<String> {
        self.0.sort_by_key(|(accepted, rows, _)| (*accepted, *rows));
        self.0.into_iter().map(|(_, _, text)| text).collect()
    }
}

/// Whether the drill accepts that a column's values differ.
fn is_accepted(table: &TableDifference, column: &ColumnDifference, accepted: &[String]) -> bool {
    let place = format!("{}.{}", table.table, column.column);
    accepted.iter().any(|said| said.strip_prefix(&place).is_some_and(|rest| rest.starts_with([' ', ':'])))
}

/// A column or table that is gone and whose values are already told as lost.
fn is_told(object: &ObjectDifference, difference: &Difference) -> bool {
    let is_it = |table: &TableDifference, column: &ColumnDifference| match &object.column {
        Some(place) => place.table == table.table && place.column == column.column,
        // As it was recorded before 2026-11-21.
        None => format!("{}.{}", table.table, column.column) == object.name,
    };
    let column = |table: &TableDifference| table.columns.iter().any(|c| c.values_lost > 0 && is_it(table, c));
    object.kind == "column" && object.change == Change::Lost && difference.tables.iter().any(column)
}

/// A grant on an object that is left behind, which is told with it.
fn is_told_with_its_object(object: &ObjectDifference, difference: &Difference) -> bool {
    let holds = |other: &ObjectDifference| {
        other.kind != "grant"
            && other.change == object.change
            && object.name.contains(&format!(" on {} {} to ", other.kind, other.name))
    };
    object.kind == "grant" && object.change != Change::Changed && difference.objects.iter().any(holds)
}

fn object(object: &ObjectDifference) -> String {
    let (kind, name) = (&object.kind, short(&object.name));
    let detail = object.detail.as_deref().map_or_else(String::new, |detail| format!(" ({detail})"));
    match object.change {
        Change::Lost => format!("it does not bring {kind} {name} back"),
        Change::Added => format!("it leaves {kind} {name} behind"),
        Change::Changed => format!("it leaves {kind} {name} changed{detail}"),
    }
}

/// `customers` of `public.customers`: the schema is told where it is another one.
pub fn short(name: &str) -> &str {
    name.strip_prefix("public.").unwrap_or(name)
}

fn plural(number: usize) -> &'static str {
    if number == 1 { "" } else { "s" }
}

fn es(number: usize) -> &'static str {
    if number == 1 { "" } else { "es" }
}
