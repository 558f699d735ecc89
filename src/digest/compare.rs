//! What two states differ in, in words and numbers.

use std::collections::{BTreeMap, BTreeSet};

use super::rows::{self, Pair};
use super::session::Session;
use super::state::{Object, ObjectName, SequenceState, State, TableState};
use super::{DigestError, Options};
use crate::definition::TableName;
use crate::model::rehearsal::{Change, ColumnPlace, ObjectDifference, SequenceDifference, TableDifference};

/// Longest value of an attribute that is told.
const TOLD: usize = 60;

/// Objects lost, added or changed. What belongs to a table that is lost or added as a whole is told with it.
pub(super) fn objects(before: &State, after: &State, options: &Options) -> Vec<ObjectDifference> {
    let (old_relations, new_relations) = (before.relations(), after.relations());
    let is_one_sided = |table: &TableName| old_relations.contains(table) != new_relations.contains(table);
    let compared = |name: &ObjectName, object: &Object| {
        let Some(table) = &object.table else { return true };
        !options.ignored_tables.contains(table) && (name.is_relation() || !is_one_sided(table))
    };
    let told = |name: &ObjectName, change, detail| ObjectDifference {
        kind: name.kind.clone(),
        name: name.name.clone(),
        column: name
            .column()
            .map(|column| ColumnPlace { table: column.owner().to_string(), column: column.column }),
        change,
        detail,
    };
    let mut found = Vec::new();
    for (name, object) in before.objects.iter().filter(|(name, object)| compared(name, object)) {
        match after.objects.get(name) {
            None => found.push(told(name, Change::Lost, None)),
            Some(other) if other.attributes != object.attributes => {
                found.push(told(name, Change::Changed, Some(detail(&object.attributes, &other.attributes))));
            }
            Some(_) => {}
        }
    }
    let added = after.objects.iter().filter(|(name, _)| !before.objects.contains_key(name));
    let added = added.filter(|(name, object)| compared(name, object));
    found.extend(added.map(|(name, _)| told(name, Change::Added, None)));
    found
}

/// `type text → integer, default`. A value is told if it is short and one line; labels that begin with `~` stand for
/// something that may be a secret.
fn detail(before: &BTreeMap<String, String>, after: &BTreeMap<String, String>) -> String {
    let mut labels: Vec<&String> = before.keys().chain(after.keys()).collect();
    labels.sort();
    labels.dedup();
    let changed = labels.into_iter().filter(|label| before.get(*label) != after.get(*label));
    let words: Vec<String> = changed
        .map(|label| {
            let is_told = |value: &String| value.chars().count() <= TOLD && !value.contains('\n');
            let values = (before.get(label), after.get(label));
            match values {
                _ if label.starts_with('~') => label.trim_start_matches('~').to_owned(),
                (Some(old), Some(new)) if is_told(old) && is_told(new) => format!("{label} {old} → {new}"),
                (Some(old), None) if is_told(old) => format!("{label} {old} → none"),
                (None, Some(new)) if is_told(new) => format!("{label} none → {new}"),
                _ => label.clone(),
            }
        })
        .collect();
    words.join(", ")
}

/// Sequences that are on both sides and stand elsewhere.
pub(super) fn sequences(before: &State, after: &State, options: &Options) -> Vec<SequenceDifference> {
    let both =
        before.sequences.iter().filter_map(|(name, old)| Some((name, old, after.sequences.get(name)?)));
    let is_ignored = |table: &Option<TableName>| {
        table.as_ref().is_some_and(|table| options.ignored_tables.contains(table))
    };
    both.filter(|(_, old, new)| old.last != new.last && !is_ignored(&old.table))
        .map(|(name, old, new)| SequenceDifference {
            sequence: name.clone(),
            before: old.last,
            after: new.last,
            went_back: went_back(old, new),
        })
        .collect()
}

fn went_back(old: &SequenceState, new: &SequenceState) -> bool {
    match (old.last, new.last) {
        (Some(old_last), Some(new_last)) if old.increment > 0 => new_last < old_last,
        (Some(old_last), Some(new_last)) => new_last > old_last,
        (Some(_), None) => true,
        (None, _) => false,
    }
}

/// Tables whose rows differ.
pub(super) async fn tables(
    before: (&Session<'_>, &State),
    after: (&Session<'_>, &State),
    options: &Options,
) -> Result<Vec<TableDifference>, DigestError> {
    let mut found = Vec::new();
    let is_compared = |table: &&TableName| !options.ignored_tables.contains(*table);
    for table in before.1.tables.keys().filter(is_compared) {
        let (Some(old), new) = (before.1.tables.get(table), after.1.tables.get(table)) else { continue };
        match new {
            Some(new) if same(old, new) => {}
            Some(new) => {
                let pair = Pair { table, before: old, after: new };
                found.extend(rows::compare(&pair, before.0, after.0, options).await?);
            }
            None if old.rows == 0 => {}
            None => found.push(whole(table, old.rows, 0)),
        }
    }
    for (table, new) in after.1.tables.iter().filter(|(table, _)| is_compared(table)) {
        if new.rows > 0 && !before.1.tables.contains_key(table) {
            found.push(whole(table, 0, new.rows));
        }
    }
    Ok(found)
}

/// Whether all tables hold the same, as far as states tell.
pub(super) fn same_content(before: &State, after: &State, options: &Options) -> bool {
    let compared = |state: &State| {
        let tables = state.tables.keys().filter(|table| !options.ignored_tables.contains(table));
        tables.cloned().collect::<BTreeSet<TableName>>()
    };
    let tables = compared(before);
    tables == compared(after)
        && tables.iter().all(|table| match (before.tables.get(table), after.tables.get(table)) {
            (Some(old), Some(new)) => same(old, new),
            _ => false,
        })
}

/// The sum over columns that are hashed in the same ways says it; their order does not matter.
fn same(old: &TableState, new: &TableState) -> bool {
    let is_known = |column| new.columns.contains(column);
    old.columns.len() == new.columns.len()
        && old.columns.iter().all(is_known)
        && (old.rows, old.sum) == (new.rows, new.sum)
}

fn whole(table: &TableName, rows_before: u64, rows_after: u64) -> TableDifference {
    TableDifference {
        table: table.to_string(),
        rows_before,
        rows_after,
        rows_lost: rows_before,
        rows_gained: rows_after,
        rows_changed: 0,
        columns: Vec::new(),
        paired: false,
        keys: Vec::new(),
    }
}
