//! The state before, taken once for all rehearsals that compare alike, and what is different after.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::super::halt::Halt;
use super::super::verify::show_out;
use super::Scene;
use crate::definition::rollback::ColumnName;
use crate::definition::{Rollback, TableName};
use crate::digest::{self, Options, State};
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
        let mut histories = digest::known_history_tables(&self.0);
        histories.extend(digest::known_history_tables(&state));
        histories.sort();
        histories.dedup();
        let options = options(rollback, histories.clone());
        let mut difference = digest::compare(&before, &self.0, &after, &state, &options).await?;
        let warnings = without_order(&mut difference);
        Ok(Compared { difference, ignored: ignored(rollback, &histories), warnings })
    }
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

fn ignored(rollback: &Rollback, histories: &[TableName]) -> Vec<String> {
    let columns =
        rollback.expect.ignore.iter().map(|name| format!("{}.{}.{}", name.schema, name.table, name.column));
    let tables = histories.iter().map(|table| format!("{table} (the migration tool's own)"));
    columns.chain(tables).collect()
}
