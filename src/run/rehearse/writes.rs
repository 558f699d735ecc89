//! With `writes`: what the new version has written must survive the way back, and leave everything else alone.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::super::halt::Halt;
use super::state::Before;
use super::step::{self, Taken};
use super::untouched::{self, Touched};
use super::{Scene, ask};
use crate::definition::{Expectation, Rollback, Step};
use crate::model::{Finding, MajorVersion, Outcome, Reason, Rehearsed};
use crate::sandbox::Sandbox;
use crate::sandbox::wire::{Login, WireError};

/// What the server has counted of each table, and the file that holds its rows: `TRUNCATE` counts nothing and gives it
/// another one. `relation, name, inserted, updated or deleted, file`.
const COUNTERS: &str = "select relid, schemaname || '.' || relname, coalesce(n_tup_ins, 0), \
     coalesce(n_tup_upd + n_tup_del, 0), pg_relation_filenode(relid) from pg_stat_user_tables";

/// Sessions whose rows may not be counted yet: they tell it when they end.
const STILL_THERE: &str = "select count(*)::text from pg_stat_activity where backend_type = 'client backend' \
     and datname = current_database() and application_name <> 'drillyard'";
/// Between two looks, and how often.
const TICK: (Duration, u32) = (Duration::from_millis(20), 250);
/// Before 15 another process collects what sessions tell, and answers with what is at most half a second old.
const COLLECTED: Duration = Duration::from_millis(600);

/// What was counted of a table since the server started.
struct Counted {
    name: String,
    inserted: u64,
    disturbed: u64,
    file: Option<u32>,
}

type Counters = BTreeMap<u32, Counted>;

/// Forward, writes, back on a copy of its own; adds what it found.
pub(super) async fn rehearse(
    scene: &Scene<'_>,
    rollback: &Rollback,
    (writing, expect): (&Step, &Expectation),
    before: &Before,
    sandbox: &Sandbox,
    told: &mut Rehearsed,
) -> Result<(), Halt> {
    let migrator = step::migrator(scene, rollback, sandbox).await?;
    let mut counters = Vec::new();
    for (what, way) in [("forward", &rollback.forward), ("writes", writing), ("back", &rollback.back)] {
        let Taken { failure, .. } = step::take(scene, sandbox, &migrator, way).await?;
        match failure {
            // What the drill itself writes must be right.
            Some(failure) if what == "writes" => {
                return Err(Halt::new(Reason::CheckInvalid, format!("the writes failed: {failure}")));
            }
            Some(failure) => {
                told.detail = Some(format!("after the new version's writes, {what} failed: {failure}"));
                told.back.iter_mut().for_each(|back| back.succeeded = false);
                return Ok(());
            }
            None => counters.push(counted(scene, sandbox).await?),
        }
    }
    let survived = ask(scene, sandbox, "survives", &rollback.survives).await?;
    told.findings.extend(survived.into_iter().map(|finding| match finding.outcome {
        Outcome::Failed => Finding { reason: Some(Reason::RollbackLosesData), ..finding },
        _ => finding,
    }));
    let difference = before.compare(scene, rollback, sandbox).await?.difference;
    if let [forward, written, back] = counters.as_slice() {
        let without = told.difference.clone().unwrap_or_default();
        let touched = touched([forward, written, back], |table| before.has_table(table));
        told.findings.extend(untouched::judge(&without, &difference, &touched, expect));
    }
    told.writes_difference = Some(difference);
    Ok(())
}

/// What was counted between the way forward and the end of the writes, by names after the way back.
fn touched([forward, written, back]: [&Counters; 3], is_old: impl Fn(&str) -> bool) -> Touched {
    let mut touched = Touched::default();
    for relation in forward.keys().chain(written.keys()).collect::<BTreeSet<_>>() {
        let (earlier, later) = (forward.get(relation), written.get(relation));
        let since =
            |number: fn(&Counted) -> u64| later.map_or(0, number).saturating_sub(earlier.map_or(0, number));
        // One that has another file, or is gone, has lost whatever it held.
        let emptied = earlier.is_some_and(|earlier| later.is_none_or(|later| later.file != earlier.file));
        let disturbed = if emptied { u64::MAX } else { since(|counted| counted.disturbed) };
        let Some(Counted { name, .. }) = back.get(relation).or(later).or(earlier) else { continue };
        if is_old(name) {
            let rows = touched.tables.entry(name.clone()).or_default();
            *rows = rows.saturating_add(disturbed);
        } else {
            let written = since(|counted| counted.inserted + counted.disturbed);
            touched.elsewhere = touched.elsewhere.saturating_add(written);
        }
    }
    touched
}

async fn counted(scene: &Scene<'_>, sandbox: &Sandbox) -> Result<Counters, Halt> {
    let session = sandbox.wire.connect(scene.database(), Login::Superuser).await?;
    for _ in 0..TICK.1 {
        if session.text(STILL_THERE).await?.as_deref() == Some("0") {
            break;
        }
        tokio::time::sleep(TICK.0).await;
    }
    if sandbox.major < MajorVersion(15) {
        tokio::time::sleep(COLLECTED).await;
    }
    let rows = session.query(COUNTERS, &[]).await;
    let rows = rows.map_err(|error| WireError::of("did not tell its counters", &error))?;
    let number = |number: i64| u64::try_from(number).unwrap_or_default();
    let counted = rows.iter().map(|row| {
        let (inserted, disturbed) = (number(row.get(2)), number(row.get(3)));
        (row.get(0), Counted { name: row.get(1), inserted, disturbed, file: row.get(4) })
    });
    Ok(counted.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counters(tables: &[(u32, &str, u64, u64, u32)]) -> Counters {
        let counted = |name: &str, inserted, disturbed, file| Counted {
            name: name.to_owned(),
            inserted,
            disturbed,
            file: Some(file),
        };
        tables.iter().map(|(relation, name, i, d, file)| (*relation, counted(name, *i, *d, *file))).collect()
    }

    #[test]
    fn what_was_touched_is_told_by_the_names_after_the_way_back() {
        let forward = counters(&[
            (1, "public.clients", 500, 40, 1),
            (2, "public.sessions", 9, 0, 2),
            (3, "public.names", 7, 0, 3),
        ]);
        let written = counters(&[
            (1, "public.clients", 510, 45, 1),
            (2, "public.sessions", 9, 0, 22),
            (3, "public.names", 9, 1, 3),
        ]);
        let back = counters(&[(1, "public.customers", 510, 90, 1), (2, "public.sessions", 9, 0, 22)]);
        let touched = touched([&forward, &written, &back], |table| table != "public.names");
        let customers = ("public.customers".to_owned(), 5);
        let emptied = ("public.sessions".to_owned(), u64::MAX);
        assert_eq!(touched.tables, BTreeMap::from([customers, emptied]));
        assert_eq!(touched.elsewhere, 3, "two inserted and one updated in a table of the new version alone");
    }
}
