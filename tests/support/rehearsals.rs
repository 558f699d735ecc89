//! Rehearsals that stories and letters are made of.

#![allow(dead_code)] // Each test file uses its own part.

use drillyard::model::rehearsal::{
    Blocked, Change, ColumnDifference, Difference, LockHeld, ObjectDifference, Rehearsed, StepTaken,
    TableDifference,
};
use drillyard::model::{Outcome, Reason};

pub fn way(seconds: f64) -> StepTaken {
    let blocked = |seconds| Blocked { seconds, table: Some("public.orders".into()) };
    let (readers_blocked, writers_blocked) = (blocked(0.2), blocked(1.4));
    StepTaken {
        succeeded: true,
        seconds,
        canary_lost: false,
        readers_blocked,
        writers_blocked,
        locks: vec![],
    }
}

pub fn table(name: &str, lost: u64) -> TableDifference {
    TableDifference {
        table: name.into(),
        rows_before: 300_000,
        rows_after: 300_000,
        rows_lost: 0,
        rows_gained: 0,
        rows_changed: lost,
        columns: vec![ColumnDifference {
            column: "note".into(),
            values_lost: lost,
            values_gained: 0,
            values_changed: 0,
        }],
        paired: true,
        keys: vec![],
    }
}

/// A rollback that loses a column.
pub fn loses() -> Rehearsed {
    Rehearsed {
        name: "add-note".into(),
        outcome: Outcome::Failed,
        reason: Some(Reason::RollbackLosesData),
        detail: None,
        hint: Some("keep orders.note in the way back, or accept its loss in the drill with a reason".into()),
        migrator: "shop_owner".into(),
        migrator_is_default: true,
        forward: Some(way(3.2)),
        back: Some(way(0.4)),
        copy_seconds: 2.0,
        difference: Some(Difference {
            tables: vec![table("public.orders", 12_431)],
            ..Difference::default()
        }),
        writes_difference: None,
        findings: vec![],
        ignored: vec![],
        accepted: vec![],
        warnings: vec![],
    }
}

/// A rollback that is as it should be.
pub fn returns() -> Rehearsed {
    let difference = Some(Difference::default());
    Rehearsed {
        name: "index-on-created-at".into(),
        outcome: Outcome::Passed,
        reason: None,
        hint: None,
        difference,
        ..loses()
    }
}

/// A difference that names the keys of rows, as `show_keys` asks for.
pub fn keys_shown(key: &str) -> Difference {
    let keys = vec![key.to_owned()];
    Difference {
        tables: vec![TableDifference { keys, ..table("public.orders", 3) }],
        ..Difference::default()
    }
}

/// A rollback that loses more than a sentence names, holds locks, accepts one loss and shows keys.
pub fn loses_much() -> Rehearsed {
    let of = |(name, lost): (&str, u64)| table(&format!("public.{name}"), lost);
    let mut tables =
        [("addresses", 17), ("customers", 12_431), ("invoices", 3), ("orders", 90_210), ("refunds", 2)]
            .map(of)
            .to_vec();
    tables[2].keys = vec!["id=3".into(), "id=5".into(), "id=8".into()];
    let left = ObjectDifference {
        kind: "index".into(),
        name: "public.orders_note".into(),
        column: None,
        change: Change::Added,
        detail: None,
    };
    let lock = LockHeld { table: "public.orders".into(), mode: "AccessExclusiveLock".into(), seconds: 1.41 };
    let brief = LockHeld { table: "public.refunds".into(), mode: "ShareLock".into(), seconds: 0.01 };
    Rehearsed {
        name: "split-notes".into(),
        forward: Some(StepTaken { locks: vec![lock, brief], ..way(3.2) }),
        difference: Some(Difference { tables, objects: vec![left], ..Difference::default() }),
        accepted: vec!["public.orders.note in 90,210 rows: moved to the archive".into()],
        ignored: vec!["public.schema_migrations (the migration tool's own)".into()],
        warnings: vec!["migrated as shop_owner, a superuser, which hides errors of permission".into()],
        ..loses()
    }
}

/// A way back that fails half-way.
pub fn fails_midway() -> Rehearsed {
    let left = ObjectDifference {
        kind: "table".into(),
        name: "public.notes".into(),
        column: None,
        change: Change::Added,
        detail: None,
    };
    Rehearsed {
        name: "new-notes".into(),
        reason: Some(Reason::RollbackFailed),
        detail: Some(
            "0043.down.sql, line 7: cannot drop table … because other objects depend on it (2BP01)".into(),
        ),
        hint: None,
        back: Some(StepTaken { succeeded: false, ..way(0.4) }),
        difference: Some(Difference { objects: vec![left], ..Difference::default() }),
        ..loses()
    }
}
