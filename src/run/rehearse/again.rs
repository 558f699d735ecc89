//! Forward once more after a clean way back (E13): what leads back must also lead forward again, to the same schema.
//!
//! Data is not compared: a default like `now()` gives other values each time.

use super::super::halt::Halt;
use super::step::{self, Taken};
use super::{Scene, judge, state};
use crate::definition::Rollback;
use crate::digest::State;
use crate::model::rehearsal::{Difference, ObjectDifference};
use crate::model::{Finding, Reason};
use crate::sandbox::Sandbox;

/// Takes the way forward again, and compares the schema with what it was after the first time.
pub(super) async fn forward(
    scene: &Scene<'_>,
    rollback: &Rollback,
    first: &State,
    sandbox: &Sandbox,
) -> Result<Finding, Halt> {
    let migrator = step::migrator(scene, rollback, sandbox).await?;
    let Taken { failure, .. } = step::take(scene, sandbox, &migrator, &rollback.forward).await?;
    let observed = if let Some(failure) = failure {
        Some(format!("it fails: {failure}"))
    } else {
        let second = state::outline(scene, rollback, sandbox).await?;
        let Difference { mut objects, .. } = state::outlines_differ(rollback, first, &second);
        objects.retain(|object| !is_numbered(object));
        let difference = Difference { objects, ..Difference::default() };
        (!difference.is_empty()).then(|| judge::said(&difference, &[]))
    };
    let reason = observed.is_some().then_some(Reason::RollbackLeavesChange);
    let expected = "the same schema as the first time".to_owned();
    let observed = observed.unwrap_or_else(|| expected.clone());
    Ok(judge::finding("forward once more", expected, observed, reason))
}

/// A large object is called by a number that the server gives.
fn is_numbered(object: &ObjectDifference) -> bool {
    object.kind == "large object" || object.name.contains("large object ")
}
