//! Every fact comes back from the store as it went in.

use drillyard::model::backup::{ArchiveHeader, Candidate, SkippedCandidate};
use drillyard::model::event::{BackupChosen, BackupRead, RestoreErrorClass, RestoreErrors, Stop};
use drillyard::model::rehearsal::{Blocked, Difference, LockHeld, SequenceDifference, StepTaken};
use drillyard::model::sandbox::Kept;
use drillyard::model::{
    BackupFormat, CheckKind, CleanUp, Compression, Durability, Effect, EffectKind, Fact, Finding,
    InstanceFacts, Milestone, NotComparable, Outcome, Phase, Reason, Rehearsed, SandboxFacts, ServerVersion,
    SkipReason,
};
use drillyard::store::Fault;

use crate::scene::{Scene, by_hand, event, instant, new_run};

/// A new fact has no place here until somebody has added one to [`facts`] too.
fn place(fact: &Fact) -> usize {
    match fact {
        Fact::RunStarted(_) => 0,
        Fact::PhaseStarted { .. } => 1,
        Fact::PhaseEnded { .. } => 2,
        Fact::BackupChosen(_) => 3,
        Fact::BackupRead(_) => 4,
        Fact::EffectIntended { .. } => 5,
        Fact::EffectUndone { .. } => 6,
        Fact::SandboxInspected(_) => 7,
        Fact::Reached { .. } => 8,
        Fact::RolesCreated { .. } => 9,
        Fact::RestoreErrors(_) => 10,
        Fact::RestoreRepeated { .. } => 11,
        Fact::CheckFinished(_) => 12,
        Fact::NotVerified { .. } => 13,
        Fact::Warned { .. } => 14,
        Fact::NotComparable { .. } => 15,
        Fact::Stopped(_) => 16,
        Fact::CleanedUp(_) => 17,
        Fact::RehearsalFinished(_) => 18,
        Fact::InstanceInspected(_) => 19,
        Fact::EffectMade { .. } => 20,
    }
}

fn text(text: &str) -> String {
    text.to_owned()
}

/// One of each but the opening, which a claim brings.
fn facts() -> Vec<Fact> {
    let effect = Effect { kind: EffectKind::Container, name: text("drillyard-x") };
    vec![
        Fact::PhaseStarted { phase: Phase::ImagePull },
        Fact::PhaseEnded {
            phase: Phase::Fetch,
            succeeded: true,
            bytes: Some(u64::from(u32::MAX) * 99),
            waited_for: Some(text("a second look at a fresh file")),
        },
        Fact::BackupChosen(Box::new(backup_chosen())),
        Fact::BackupRead(Box::new(backup_read())),
        Fact::EffectIntended { effect: effect.clone() },
        Fact::EffectUndone { effect: effect.clone() },
        Fact::SandboxInspected(Box::new(sandbox())),
        Fact::Reached { milestone: Milestone::Queryable },
        Fact::RolesCreated { names: vec![text("app"), text("Ünïcode \"role\"\0")] },
        Fact::RestoreErrors(RestoreErrors {
            sqlstate: text("42710"),
            object: text("SCHEMA public"),
            message: text("schema \"public\" already exists"),
            count: 3,
            class: RestoreErrorClass::Harmless(text("every dump has it")),
        }),
        Fact::RestoreRepeated { detail: text("no progress at byte 7 for 60 s") },
        Fact::CheckFinished(Box::new(finding())),
        Fact::NotVerified { what: text("completeness: not written by pg_dump") },
        Fact::Warned { what: text("line one\nline two") },
        Fact::NotComparable { why: NotComparable::Tmpfs },
        Fact::Stopped(Stop {
            reason: Reason::SandboxOutOfMemory,
            phase: Some(Phase::Restore),
            detail: text("killed at 256 MiB"),
            hint: None,
        }),
        Fact::CleanedUp(CleanUp {
            proven: false,
            leftovers: vec![effect.to_string()],
            kept: vec![Kept { effect: effect.clone(), until: instant("2026-11-21T06:00:00.5Z") }],
            late: false,
        }),
        Fact::RehearsalFinished(Box::new(rehearsed())),
        Fact::InstanceInspected(Box::new(InstanceFacts {
            name: text("drillyard-01k9zzz"),
            resource_id: text("db-ABC"),
            class: text("db.t4g.medium"),
            server_version: text("15.12"),
            profile: vec![text("not public"), text("subnet group drills")],
            recovery_point: instant("2026-11-21T01:00:00.25Z"),
        })),
        Fact::EffectMade { effect },
    ]
}

fn rehearsed() -> Rehearsed {
    Rehearsed {
        name: text("0042"),
        outcome: Outcome::Failed,
        reason: Some(Reason::RollbackLosesData),
        detail: None,
        hint: None,
        migrator: text("shop_owner"),
        migrator_is_default: true,
        forward: Some(StepTaken {
            succeeded: true,
            seconds: 1.5,
            canary_lost: false,
            readers_blocked: Blocked::default(),
            writers_blocked: Blocked { seconds: 0.25, table: Some(text("public.orders")) },
            locks: vec![LockHeld { table: text("public.orders"), mode: text("ShareLock"), seconds: 0.3 }],
        }),
        back: None,
        copy_seconds: 0.7,
        difference: Some(Difference {
            objects: Vec::new(),
            tables: Vec::new(),
            sequences: vec![SequenceDifference {
                sequence: text("public.s"),
                before: Some(7),
                after: None,
                went_back: true,
            }],
        }),
        writes_difference: None,
        findings: vec![finding()],
        ignored: vec![text("public.orders.updated_at")],
        accepted: Vec::new(),
        warnings: Vec::new(),
    }
}

fn backup_chosen() -> BackupChosen {
    BackupChosen {
        source: text("local"),
        location: text("/backups/*.dump"),
        candidate: Candidate {
            id: text("orders 1.dump"),
            size_bytes: 191_000_000,
            modified_at: instant("2026-11-21T02:00:00Z"),
            multipart: true,
        },
        skipped: vec![SkippedCandidate { id: text("orders 2.dump"), why: SkipReason::StillBeingWritten }],
        listing: vec![instant("2026-11-21T02:00:00.000000001Z")],
        unusable: vec![instant("2026-11-21T02:00:00.000000001Z")],
        chosen_by_hand: true,
    }
}

fn backup_read() -> BackupRead {
    BackupRead {
        format: BackupFormat::PgDumpCustom,
        compression: Compression::Zstd,
        sha256: Some("0f".repeat(32)),
        size_bytes: 191_000_000,
        header: ArchiveHeader {
            archive_version: Some(text("1.14.0")),
            server_version: ServerVersion::parse("15.18 (Debian)"),
            pg_dump_version: None,
            database: Some(text("orders")),
            started_local: Some("2026-11-21T02:59:59".parse().unwrap()),
            started_zone: None,
        },
        started_at: Some(instant("2026-11-21T02:59:59Z")),
        started_at_note: Some(text("assumed to be UTC")),
    }
}

fn sandbox() -> SandboxFacts {
    SandboxFacts {
        container: text("drillyard-x"),
        image: text("postgres:15"),
        image_digest: text("sha256:00"),
        server_version: text("15.18"),
        durability: Durability::Relaxed,
        memory_bytes: 1 << 40,
        milli_cpus: 1500,
        profile: vec![text("network: none")],
        settings: vec![text("fsync=off")],
        engine: text("Docker 20.10"),
    }
}

fn finding() -> Finding {
    Finding {
        name: text("rows public.orders"),
        kind: CheckKind::Rows,
        outcome: Outcome::Failed,
        reason: Some(Reason::CheckFailed),
        expected: text("at least 1000 rows"),
        observed: text("0 rows"),
        hint: None,
        warnings: vec![text("NOT VALID")],
        newest_row_age_seconds: Some(3600.25),
        seconds: 0.125,
    }
}

#[tokio::test]
async fn every_fact_survives_the_store() {
    let scene = Scene::new();
    let claim = by_hand(new_run());
    let _lease = scene.store.claim(claim.clone()).await.unwrap();
    let told: Vec<_> = (1..).zip(facts()).map(|(sequence, fact)| event(sequence, fact)).collect();
    scene.store.append(claim.run, &told).await.unwrap();

    let read = scene.store.events(claim.run).await.unwrap();
    assert_eq!(read[0], claim.opening);
    assert_eq!(read[1..], told);
    assert!(
        (0..).zip(&read).all(|(at, event)| place(&event.fact) == at),
        "one of each, in the order of the enum"
    );
}

#[tokio::test]
async fn a_fact_that_could_not_be_read_back_is_not_written() {
    let scene = Scene::new();
    let run = new_run();
    let _lease = scene.store.claim(by_hand(run)).await.unwrap();
    let endless = Finding { seconds: f64::NAN, ..finding() };
    let refused =
        scene.store.append(run, &[event(1, Fact::CheckFinished(Box::new(endless)))]).await.unwrap_err();
    assert!(matches!(refused.fault, Fault::Unreadable { .. }), "{refused}");
    assert_eq!(scene.store.events(run).await.unwrap().len(), 1);
}
