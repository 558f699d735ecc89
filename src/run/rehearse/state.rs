//! The state before, taken once for all rehearsals that compare alike, and what is different after.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::super::halt::Halt;
use super::super::verify::show_out;
use super::Scene;
use crate::definition::rollback::{AcceptedLoss, ColumnName};
use crate::definition::{Expectation, Rollback, TableName};
use crate::digest::{self, Options, State};
use crate::model::Reason;
use crate::model::rehearsal::{Change, Difference, ObjectDifference};
use crate::sandbox::Sandbox;
use crate::sandbox::wire::Login;

/// States before that were taken, by the columns that they leave out.
#[derive(Default)]
pub(super) struct States(Vec<(Vec<ColumnName>, Before)>);

/// The restored database before any rehearsal.
#[derive(Clone)]
pub(super) struct Before(Arc<State>);

/// What a comparison found.
pub(super) struct Compared {
    pub difference: Difference,
    /// What was left out, each with its reason.
    pub ignored: Vec<String>,
    /// Tables whose columns are the same in another order.
    pub warnings: Vec<String>,
}

impl States {
    /// The state before, as this rollback looks at it.
    pub async fn before(&mut self, scene: &Scene<'_>, rollback: &Rollback) -> Result<Before, Halt> {
        let ignore = &rollback.expect.ignore;
        if let Some((_, taken)) = self.0.iter().find(|(columns, _)| columns == ignore) {
            return Ok(taken.clone());
        }
        let session = scene.origin.wire.connect(scene.database(), Login::Superuser).await?;
        let state = digest::take(&session, &options(rollback, Vec::new())).await?;
        let before = Before(Arc::new(state));
        self.0.push((ignore.clone(), before.clone()));
        Ok(before)
    }
}

impl Before {
    /// What is expected of a rollback, with columns of partitioned tables as those of their partitions too.
    pub fn expectation(&self, rollback: &Rollback) -> Expectation {
        let expect = rollback.expect.clone();
        let of_all = |loss: &AcceptedLoss| {
            let columns = self.0.heirs.columns(&loss.column).into_iter();
            let reason = loss.reason.clone();
            columns.map(move |column| AcceptedLoss { column, reason: reason.clone() })
        };
        let accept_loss = expect.accept_loss.iter().flat_map(of_all).collect();
        Expectation { accept_loss, ..expect }
    }

    /// The tables that it holds, as differences name them.
    pub fn has_table(&self, table: &str) -> bool {
        self.0.tables.keys().any(|known| known.to_string() == table)
    }

    /// The outline of a copy after the way forward, which must have changed something: a file that holds both ways
    /// leaves everything as it was, and so does the way back of a migration that was never done. What tables hold is
    /// looked at only where nothing else differs.
    pub async fn changed(
        &self,
        scene: &Scene<'_>,
        rollback: &Rollback,
        copy: &Sandbox,
    ) -> Result<State, Halt> {
        let outline = outline(scene, rollback, copy).await?;
        let options = options(rollback, histories(&self.0, &outline));
        if !digest::compare_outlines(&self.0, &outline, &options).is_empty() {
            return Ok(outline);
        }
        let session = copy.wire.connect(scene.database(), Login::Superuser).await?;
        let state = digest::take(&session, &options).await?;
        if digest::same_content(&self.0, &state, &options) {
            return Err(Halt::new(Reason::CheckInvalid, "the way forward changed nothing that is compared")
                .with_hint("a file with both ways in it takes both: give each way a file of its own"));
        }
        Ok(outline)
    }

    /// Names in the drill that nothing in the database bears.
    fn unknown_names(&self, rollback: &Rollback, after: &State) -> Vec<String> {
        let states = [&*self.0, after];
        let is_ignored = |name: &ColumnName| {
            states.iter().any(|state| {
                state.has(name)
                    || state.heirs.columns(name).iter().any(|column| state.ignored.contains(column))
            })
        };
        let expect = &rollback.expect;
        let ignored = expect.ignore.iter().filter(|name| !is_ignored(name)).map(|name| ("ignore", name));
        let accepted = expect.accept_loss.iter().map(|loss| ("accept_loss", &loss.column));
        let accepted = accepted.filter(|(_, name)| !states.iter().any(|state| state.has(name)));
        let told = |(key, name)| format!("expect.{key} names {name}, and there is no such column");
        ignored.chain(accepted).map(told).collect()
    }

    /// Takes the state of a copy and compares. What the steps have left running is ended first.
    pub async fn compare(
        &self,
        scene: &Scene<'_>,
        rollback: &Rollback,
        copy: &Sandbox,
    ) -> Result<Compared, Halt> {
        show_out(copy).await?;
        let before = scene.origin.wire.connect(scene.database(), Login::Superuser).await?;
        let after = copy.wire.connect(scene.database(), Login::Superuser).await?;
        let state = digest::take(&after, &options(rollback, Vec::new())).await?;
        let histories = histories(&self.0, &state);
        let options = options(rollback, histories.clone());
        let mut difference = digest::compare(&before, &self.0, &after, &state, &options).await?;
        let mut warnings = without_order(&mut difference);
        warnings.extend(self.unknown_names(rollback, &state));
        Ok(Compared { difference, ignored: ignored(rollback, &histories, [&self.0, &state]), warnings })
    }
}

/// Objects and sequences of a copy. What the steps have left running is ended first.
pub(super) async fn outline(scene: &Scene<'_>, rollback: &Rollback, copy: &Sandbox) -> Result<State, Halt> {
    show_out(copy).await?;
    let session = copy.wire.connect(scene.database(), Login::Superuser).await?;
    Ok(digest::outline(&session, &options(rollback, Vec::new())).await?)
}

/// Tables of migration tools in either state.
fn histories(before: &State, after: &State) -> Vec<TableName> {
    let mut histories = digest::known_history_tables(before);
    histories.extend(digest::known_history_tables(after));
    histories.sort();
    histories.dedup();
    histories
}

/// What differs between two outlines of copies, but for the order of columns.
pub(super) fn outlines_differ(rollback: &Rollback, before: &State, after: &State) -> Difference {
    let options = options(rollback, histories(before, after));
    let mut difference = digest::compare_outlines(before, after, &options);
    without_order(&mut difference);
    difference
}

/// Takes the order of columns out of the difference, and tells it as a warning: PostgreSQL adds a column at the end, so
/// no way back can bring a dropped one to its place, and whoever names columns does not notice (2026-11-21).
fn without_order(difference: &mut Difference) -> Vec<String> {
    let mut tables = BTreeSet::new();
    for object in difference.objects.iter_mut().filter(|object| is_column_changed(object)) {
        let Some(detail) = &mut object.detail else { continue };
        let (order, others): (Vec<&str>, Vec<&str>) =
            detail.split(", ").partition(|word| word.starts_with("position "));
        if order.is_empty() {
            continue;
        }
        tables.extend(object.name.rsplit_once('.').map(|(table, _)| table.to_owned()));
        *detail = others.join(", ");
    }
    difference.objects.retain(|object| !is_column_changed(object) || object.detail.as_deref() != Some(""));
    tables.into_iter().map(|table| format!("{table} has its columns in another order")).collect()
}

fn is_column_changed(object: &ObjectDifference) -> bool {
    object.kind == "column" && object.change == Change::Changed
}

fn options(rollback: &Rollback, ignored_tables: Vec<TableName>) -> Options {
    Options { ignored_columns: rollback.expect.ignore.clone(), ignored_tables, show_keys: rollback.show_keys }
}

fn ignored(rollback: &Rollback, histories: &[TableName], states: [&State; 2]) -> Vec<String> {
    let columns = rollback.expect.ignore.iter().map(ToString::to_string);
    let tables = histories.iter().map(|table| format!("{table} (the migration tool's own)"));
    let left_out: BTreeSet<&String> = states.into_iter().flat_map(|state| &state.left_out).collect();
    columns.chain(tables).chain(left_out.into_iter().cloned()).collect()
}
