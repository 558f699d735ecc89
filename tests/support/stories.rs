//! The stories that reports are looked at with.

#![allow(dead_code)] // Each test file uses its own part.

use drillyard::model::event::RestoreErrorClass::{Allowed, Fatal, Follows, Harmless};
use drillyard::model::event::{Due, Stop, Trigger};
use drillyard::model::{
    CleanUp, Durability, Effect, EffectKind, Fact, InstanceFacts, Milestone, NotComparable, Outcome, Phase,
    PlannedRehearsal, Reason, Rehearsed,
};

use super::story::{self, Story, but, finding};

#[path = "rehearsals.rs"]
pub mod rehearsals;

/// Every story, by a name that is fit for a file.
pub fn all() -> Vec<(&'static str, Story)> {
    vec![
        ("passed", passed_with_everything()),
        ("failed_check", failed_check()),
        ("empty_backup", empty_backup()),
        ("truncated", truncated()),
        ("restore_errors", restore_errors()),
        ("engine_unreachable", engine_unreachable()),
        ("cancelled", cancelled()),
        ("aborted", aborted()),
        ("leaked", leaked()),
        ("kept", kept()),
        ("restore_repeated", restore_repeated()),
        ("rpo_not_provable", rpo_not_provable()),
        ("rto_missed", rto_missed()),
        ("waited", waited(passed_with_everything())),
        ("missed", missed()),
        ("skipped", skipped()),
        ("rds_instance", rds_instance()),
        ("rollback_loses", rollback_loses()),
    ]
}

pub fn passed_with_everything() -> Story {
    let harmless = Harmless("pg_dump of 15 restores the schema that every database has".into());
    Story::restored()
        .phase(Phase::ImagePull, 2130, 2900, Some(152_000_000))
        .fact(2900, Fact::NotComparable { why: NotComparable::ImagePulled })
        .fact(
            30_000,
            story::restore_errors("42P06", "SCHEMA public", "schema \"public\" already exists", 1, harmless),
        )
        .verified()
        .torn_down()
        .fact(41_150, Fact::NotVerified { what: "grants: roles were created without login".into() })
        .fact(41_150, Fact::NotVerified { what: "content: no baseline was sealed with this backup".into() })
}

pub fn failed_check() -> Story {
    let few = but(story::rows("12"), Outcome::Failed, Reason::CheckFailed, None);
    let gone = but(
        story::foreign_keys(),
        Outcome::Failed,
        Reason::ObjectMissing,
        Some("did you mean public.orders?"),
    );
    Story::restored()
        .failed_phase(Phase::Verify, 38_000, 41_200)
        .fact(38_300, finding(few))
        .fact(38_500, finding(story::fresh()))
        .fact(41_100, finding(gone))
        .torn_down()
}

pub fn empty_backup() -> Story {
    Story::begun()
        .failed_phase(Phase::Locate, 0, 2104)
        .fact(2104, Fact::BackupChosen(Box::new(story::chosen())))
        .choosing(|chosen| chosen.candidate.size_bytes = 0)
        .stopped(
            2104,
            Reason::EmptyBackup,
            Phase::Locate,
            "orders-2026-11-21.dump has 0 bytes",
            Some("look at the backup job of 02:30; the newest one before it has 191 MB"),
        )
        .without_effects(2200)
}

pub fn truncated() -> Story {
    Story::begun()
        .located()
        .provisioned()
        .failed_phase(Phase::Restore, 5240, 18_750)
        .stopped(
            18_750,
            Reason::Truncated,
            Phase::Restore,
            "pg_restore: could not read from input file: end of file, in TABLE DATA public.order_items",
            Some("compare the file's size with the job's log: the upload may have been cut"),
        )
        .torn_down()
}

pub fn restore_errors() -> Story {
    let extension = "extension \"postgis\" does not exist";
    Story::begun()
        .located()
        .provisioned()
        .failed_phase(Phase::Restore, 5240, 31_000)
        .fact(
            30_000,
            story::restore_errors(
                "42P06",
                "SCHEMA public",
                "already exists",
                1,
                Harmless("every database has it".into()),
            ),
        )
        .fact(
            30_001,
            story::restore_errors(
                "42704",
                "FUNCTION old_report()",
                "type \"cube\" does not exist",
                2,
                Allowed("the report is retired".into()),
            ),
        )
        .fact(
            30_002,
            story::restore_errors(
                "23505",
                "CONSTRAINT orders_pkey",
                "could not create unique index \"orders_pkey\"",
                1,
                Fatal(Reason::RestoreFailed),
            ),
        )
        .fact(
            30_003,
            story::restore_errors(
                "42830",
                "FK CONSTRAINT order_items_order_id_fkey",
                "there is no unique constraint",
                12_345,
                Follows("needs CONSTRAINT orders_pkey".into()),
            ),
        )
        .fact(
            30_004,
            story::restore_errors(
                "42704",
                "COMMENT EXTENSION postgis",
                extension,
                1,
                Harmless("a comment carries no data".into()),
            ),
        )
        .stopped(
            31_000,
            Reason::RestoreFailed,
            Phase::Restore,
            "1 error is not harmless: 23505 at CONSTRAINT orders_pkey",
            Some(
                "orders.id holds a value twice: run REINDEX on production and look at its index with amcheck",
            ),
        )
        .torn_down()
}

pub fn engine_unreachable() -> Story {
    Story::begun()
        .located()
        .failed_phase(Phase::Provision, 2130, 32_130)
        .stopped(
            32_130,
            Reason::EngineUnreachable,
            Phase::Provision,
            "unix:///var/run/docker.sock: connection refused, 6 tries in 30 s",
            Some("start Docker, then run `drillyard doctor`"),
        )
        .without_effects(32_200)
}

pub fn cancelled() -> Story {
    Story::begun()
        .located()
        .provisioned()
        .failed_phase(Phase::Restore, 5240, 12_000)
        .stopped(12_000, Reason::ByPerson, Phase::Restore, "interrupted (SIGINT)", None)
        .torn_down()
}

/// Killed in the restore, and written down by whoever opened the store next.
pub fn aborted() -> Story {
    Story::begun().located().provisioned().fact(5240, Fact::PhaseStarted { phase: Phase::Restore }).stopped(
        5240,
        Reason::ProcessLost,
        Phase::Restore,
        "its process 4711 is gone",
        Some("run it again"),
    )
}

pub fn leaked() -> Story {
    let left =
        "container drillyard-orders-nightly-01kaj2q8: the engine did not answer the removal within 60 s";
    let cleanup = CleanUp { proven: false, leftovers: vec![left.into()], kept: vec![], late: false };
    Story::restored()
        .verified()
        .failed_phase(Phase::Teardown, 41_200, 101_200)
        .fact(101_200, Fact::CleanedUp(cleanup))
}

pub fn kept() -> Story {
    Story::restored()
        .verified()
        .phase(Phase::Teardown, 41_200, 41_500, None)
        .fact(41_500, Fact::CleanedUp(story::kept()))
}

pub fn restore_repeated() -> Story {
    Story::begun()
        .located()
        .provisioned()
        .failed_phase(Phase::Restore, 5240, 70_000)
        .fact(70_000, Fact::RestoreRepeated { detail: "no change in archive offset for 60 s".into() })
        .phase(Phase::Provision, 70_100, 72_000, None)
        .phase(Phase::Restore, 72_000, 102_000, Some(481_000_000))
        .fact(101_900, Fact::Reached { milestone: Milestone::Queryable })
        .phase(Phase::Analyze, 102_000, 104_000, None)
        .fact(104_000, Fact::Reached { milestone: Milestone::Restored })
        .phase(Phase::Verify, 104_000, 107_000, None)
        .fact(104_300, finding(story::rows("300000")))
        .fact(104_500, finding(story::fresh()))
        .fact(106_900, finding(story::foreign_keys()))
        .fact(107_000, Fact::Reached { milestone: Milestone::Verified })
        .phase(Phase::Teardown, 107_000, 108_000, None)
        .fact(108_000, Fact::EffectUndone { effect: story::container() })
        .fact(108_000, Fact::CleanedUp(story::clean()))
}

/// A plain dump that says nothing of its time, and no `fresh` check.
pub fn rpo_not_provable() -> Story {
    Story::passed()
        .reading(|read| {
            read.started_at = None;
            read.started_at_note = None;
        })
        .with(|opening| {
            opening.checks.remove(1);
        })
        .without(
            |fact| matches!(fact, Fact::CheckFinished(finding) if finding.newest_row_age_seconds.is_some()),
        )
}

pub fn rto_missed() -> Story {
    Story::passed()
        .with(|opening| opening.objectives.rto = Some(std::time::Duration::from_secs(30)))
        .relaxed()
}

/// A snapshot that became a temporary instance, which was asked itself: no container, and no archive that was read.
pub fn rds_instance() -> Story {
    let instance = InstanceFacts {
        name: "drillyard-01kaj2q8g0000000000000drvn".into(),
        resource_id: "db-ABCDEFGHIJKLMNOPQRSTUVWXYZ".into(),
        class: "db.t4g.medium".into(),
        server_version: "15.12".into(),
        profile: ["not public", "subnet group drills", "our tags"].map(Into::into).into(),
        recovery_point: story::at("2026-11-21T02:30:04Z"),
    };
    let effect = Effect { kind: EffectKind::RdsInstance, name: instance.name.clone() };
    let containment = "containment: checks were asked on a temporary instance, which only its subnets and security \
        groups keep from reaching others";
    Story::begun()
        .with(|opening| opening.phases = vec![Phase::Locate, Phase::Restore, Phase::Verify])
        .phase(Phase::Locate, 0, 2120, None)
        .fact(2120, Fact::BackupChosen(Box::new(story::chosen())))
        .choosing(|chosen| {
            chosen.source = "rds".into();
            chosen.location = "snapshots of shop-prod in eu-central-1".into();
            chosen.candidate.id = "rds:shop-prod-2026-11-21-02-33".into();
            chosen.candidate.size_bytes = 107_374_182_400;
            chosen.skipped = vec![];
        })
        .fact(2200, Fact::EffectIntended { effect: effect.clone() })
        .fact(2300, Fact::NotComparable { why: NotComparable::LazyLoading })
        .phase(Phase::Restore, 2120, 900_000, None)
        .waiting("a temporary instance db.t4g.medium, available after 871 s")
        .fact(880_000, Fact::InstanceInspected(Box::new(instance)))
        .fact(890_000, Fact::Reached { milestone: Milestone::Queryable })
        .fact(900_000, Fact::Reached { milestone: Milestone::Restored })
        .fact(900_000, Fact::NotVerified { what: containment.into() })
        .phase(Phase::Verify, 900_000, 903_200, None)
        .fact(900_300, finding(story::rows("300000")))
        .fact(900_500, finding(story::fresh()))
        .fact(903_100, finding(story::foreign_keys()))
        .fact(903_200, Fact::Reached { milestone: Milestone::Verified })
        .phase(Phase::Teardown, 903_200, 960_000, None)
        .fact(959_900, Fact::EffectUndone { effect })
        .fact(960_000, Fact::CleanedUp(story::clean()))
}

/// Whole and in time; of four rollbacks one is as it should be, one loses data, one fails half-way, one was not reached.
pub fn rollback_loses() -> Story {
    let planned = ["index-on-created-at", "split-notes", "new-notes", "never-reached"];
    let planned = planned.map(|name| PlannedRehearsal { name: name.into() });
    let done = [rehearsals::returns(), rehearsals::loses_much(), rehearsals::fails_midway()];
    let story = Story::restored().verified().with(|opening| opening.rehearsals = planned.into());
    let told = |story: Story, rehearsed| story.fact(41_300, Fact::RehearsalFinished(Box::new(rehearsed)));
    done.into_iter().fold(story, told).torn_down()
}

/// Whole and in time, but nobody could find out whether the rollback works.
pub fn rehearsal_errored() -> Story {
    let errored = Rehearsed {
        outcome: Outcome::Errored,
        reason: Some(Reason::Timeout),
        detail: Some("the copy was not made within 5 min".into()),
        ..Rehearsed::begun("add-note")
    };
    Story::restored()
        .verified()
        .with(|opening| opening.rehearsals = vec![PlannedRehearsal { name: "add-note".into() }])
        .fact(41_300, Fact::RehearsalFinished(Box::new(errored)))
        .torn_down()
}

fn due(attempt: u32, catch_up: bool, waited_seconds: f64) -> Due {
    Due { scheduled_at: story::at("2026-11-21T03:30:00Z"), attempt, catch_up, waited_seconds }
}

pub fn scheduled(story: Story) -> Story {
    story.with(|opening| {
        opening.trigger = Trigger::Scheduled;
        opening.due = Some(due(1, false, 0.0));
        opening.next_due_at = Some(story::at("2026-11-22T03:30:00Z"));
    })
}

/// The second attempt, after the daemon was down and then busy.
pub fn waited(story: Story) -> Story {
    scheduled(story).with(|opening| opening.due = Some(due(2, true, 754.0)))
}

/// A due instant at which nothing was started.
pub fn unstarted(reason: Reason) -> Story {
    let detail = match reason {
        Reason::Down => "the daemon was down from 20 Nov 22:10 to 21 Nov 06:02 UTC",
        _ => "run 01KAJ2Q8G0000000000000DRVM began at 01:10 and was still going on",
    };
    let stop = Stop { reason, phase: None, detail: detail.into(), hint: None };
    scheduled(Story::begun()).fact(0, Fact::Stopped(stop)).fact(0, Fact::CleanedUp(story::clean()))
}

pub fn missed() -> Story {
    unstarted(Reason::Down)
}

pub fn skipped() -> Story {
    unstarted(Reason::Overlap)
}

impl Story {
    /// A teardown that finds nothing to do.
    fn without_effects(self, at: u64) -> Self {
        self.phase(Phase::Teardown, at, at + 40, None).fact(at + 40, Fact::CleanedUp(story::clean()))
    }

    /// On a sandbox without fsync.
    fn relaxed(self) -> Self {
        let sandbox = drillyard::model::SandboxFacts { durability: Durability::Relaxed, ..story::sandbox() };
        self.fact(4901, Fact::SandboxInspected(Box::new(sandbox)))
            .fact(4902, Fact::NotComparable { why: NotComparable::RelaxedDurability })
    }
}

/// Text that wants to be more than text.
pub const HOSTILE: &str = "<script>document.title='owned'</script>\"><img src=x onerror=document.title='owned'>'\u{1b}[31m\u{202e}gpj\u{7}\r\n&lt;b&gt;";

/// Hostile names wherever a name comes from outside.
pub fn hostile() -> Story {
    let long = "x".repeat(5000);
    let name = format!("rows public.{HOSTILE}");
    let found = drillyard::model::Finding {
        name: name.clone(),
        expected: HOSTILE.into(),
        observed: format!("{HOSTILE}{long}"),
        warnings: vec![HOSTILE.into()],
        ..but(story::rows("1"), Outcome::Failed, Reason::ObjectMissing, Some(HOSTILE))
    };
    let left =
        CleanUp { proven: false, leftovers: vec![HOSTILE.into(), long.clone()], kept: vec![], late: false };
    restore_errors()
        .with(|opening| {
            opening.service = HOSTILE.into();
            opening.owner = Some(HOSTILE.into());
            opening.contact = Some(long.clone());
            opening.runbook = Some("javascript:document.title='owned'".into());
            opening.labels = [(HOSTILE.to_owned(), HOSTILE.to_owned())].into();
            opening.checks[0].name = name;
            opening.checks[1].name.clone_from(&long);
            opening.drillyard_version = HOSTILE.into();
        })
        .choosing(|chosen| {
            chosen.candidate.id = format!("{HOSTILE}.dump");
            chosen.location.clone_from(&long);
            chosen.skipped[0].id = HOSTILE.into();
        })
        .reading(|read| {
            read.sha256 = Some(HOSTILE.into());
            read.started_at_note = Some(HOSTILE.into());
        })
        .waiting(HOSTILE)
        .fact(30_010, finding(found))
        .fact(30_011, story::restore_errors(HOSTILE, HOSTILE, &long, 7, Fatal(Reason::RestoreFailed)))
        .fact(30_012, story::restore_errors("42P06", &long, HOSTILE, 7, Harmless(HOSTILE.into())))
        .fact(30_013, Fact::Warned { what: HOSTILE.into() })
        .fact(30_014, Fact::NotVerified { what: long.clone() })
        .fact(30_015, Fact::RolesCreated { names: vec![HOSTILE.into(), long] })
        .fact(43_000, Fact::CleanedUp(left))
}
