//! With `writes`: what the new version has written must survive the way back, and leave everything else alone.

use super::super::halt::Halt;
use super::state::Before;
use super::step::{self, Taken};
use super::{Scene, ask, judge};
use crate::definition::{Rollback, Step};
use crate::model::rehearsal::Difference;
use crate::model::{Outcome, Reason, Rehearsed};
use crate::sandbox::Sandbox;
use crate::sandbox::wire::Login;

/// Rows that the sessions of a database have updated or deleted, as the server counts them: an upper bound of the rows
/// that the writes touched, because what was rolled back counts too.
const TOUCHED: &str = "select coalesce(sum(n_tup_upd + n_tup_del), 0)::bigint from pg_stat_user_tables";

/// Forward, writes, back on a copy of its own; adds what it found.
pub(super) async fn rehearse(
    scene: &Scene<'_>,
    rollback: &Rollback,
    writing: &Step,
    before: &Before,
    sandbox: &Sandbox,
    told: &mut Rehearsed,
) -> Result<(), Halt> {
    let migrator = step::migrator(scene, rollback, sandbox).await?;
    let mut touched = 0;
    for (what, way) in [("forward", &rollback.forward), ("writes", writing), ("back", &rollback.back)] {
        let counted = touched_rows(scene, sandbox).await?;
        let Taken { failure, .. } = step::take(scene, sandbox, &migrator, way).await?;
        if what == "writes" {
            touched = touched_rows(scene, sandbox).await?.saturating_sub(counted);
        }
        match failure {
            // What the drill itself writes must be right.
            Some(failure) if what == "writes" => {
                return Err(Halt::new(Reason::CheckInvalid, format!("the writes failed: {failure}")));
            }
            Some(failure) => {
                told.detail = Some(format!("after the new version's writes, {what} failed: {failure}"));
                told.back.iter_mut().for_each(|back| back.succeeded = false);
                return migrator.retire(sandbox).await;
            }
            None => {}
        }
    }
    migrator.retire(sandbox).await?;
    let survived = ask(scene, sandbox, "survives", &rollback.survives).await?;
    told.findings.extend(survived.into_iter().map(|finding| match finding.outcome {
        Outcome::Failed => crate::model::Finding { reason: Some(Reason::RollbackLosesData), ..finding },
        _ => finding,
    }));
    let difference = before.compare(scene, rollback, sandbox).await?.difference;
    let without = told.difference.as_ref().map_or(0, disturbed);
    told.findings.push(judge::untouched(disturbed(&difference).saturating_sub(without), touched));
    told.writes_difference = Some(difference);
    Ok(())
}

/// Rows that were there before and are lost or changed.
fn disturbed(difference: &Difference) -> u64 {
    difference.tables.iter().map(|table| table.rows_lost + table.rows_changed).sum()
}

async fn touched_rows(scene: &Scene<'_>, sandbox: &Sandbox) -> Result<u64, Halt> {
    // Counters of a session that has ended are there when it has gone.
    let session = sandbox.wire.connect(scene.database(), Login::Superuser).await?;
    let counted = session.text(TOUCHED).await?;
    Ok(counted.and_then(|number| number.parse().ok()).unwrap_or(0))
}
