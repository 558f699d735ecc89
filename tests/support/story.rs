//! Runs as they would be told: a short script of facts becomes events, and the fold makes a record of them.
//!
//! Times are milliseconds from the start of the run, which is always 2026-11-21 03:30:00 UTC.

#![allow(dead_code)] // Each test file uses its own part.

use std::collections::BTreeMap;
use std::time::Duration;

use drillyard::model::event::{
    BackupChosen, BackupRead, PlannedCheck, RestoreErrorClass, RestoreErrors, RunStarted, Stop, Trigger,
};
use drillyard::model::sandbox::Kept;
use drillyard::model::{
    ArchiveHeader, BackupFormat, Candidate, CheckKind, CleanUp, Compression, Durability, Effect, EffectKind,
    Event, Fact, Finding, Milestone, Objectives, Offset, Outcome, Phase, Reason, RtoUntil, SandboxFacts,
    ServerVersion, SkipReason, SkippedCandidate,
};
use drillyard::record::{Conclusion, RunRecord};
use jiff::Timestamp;

/// The start of every story.
pub fn start() -> Timestamp {
    at("2026-11-21T03:30:00Z")
}

pub fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// A run that is being told.
#[derive(Clone)]
pub struct Story {
    pub opening: RunStarted,
    facts: Vec<(u64, Fact)>,
}

impl Story {
    /// Only the opening: three checks, objectives of 30 minutes and 26 hours.
    pub fn begun() -> Self {
        let check = |name: &str, kind| PlannedCheck { name: name.into(), kind };
        let opening = RunStarted {
            run: "01KAJ2Q8G0000000000000DRVN".parse().unwrap(),
            drill: "orders-nightly".parse().unwrap(),
            service: "orders".into(),
            owner: Some("payments-team".into()),
            contact: Some("#payments-oncall".into()),
            runbook: Some("https://wiki.example/orders/restore".into()),
            labels: BTreeMap::from([("tier".to_owned(), "1".to_owned())]),
            trigger: Trigger::Manual,
            started_at: start(),
            definition_sha256: "4f".repeat(32),
            objectives: objectives(),
            phases: vec![
                Phase::Locate,
                Phase::Fetch,
                Phase::Provision,
                Phase::Restore,
                Phase::Analyze,
                Phase::Verify,
            ],
            checks: vec![
                check("rows public.orders", CheckKind::Rows),
                check("fresh public.orders.created_at", CheckKind::Fresh),
                check("foreign_keys", CheckKind::ForeignKeys),
            ],
            rehearsals: Vec::new(),
            due: None,
            next_due_at: None,
            chosen_by_hand: false,
            drillyard_version: "0.1.0".into(),
        };
        Self { opening, facts: Vec::new() }
    }

    /// Everything goes well, up to and without the teardown.
    pub fn restored() -> Self {
        Self::begun().located().provisioned().loaded().analysed()
    }

    /// A run that passes.
    pub fn passed() -> Self {
        Self::restored().verified().torn_down()
    }

    pub fn located(self) -> Self {
        self.phase(Phase::Locate, 0, 2120, None)
            .waiting("a second look at a fresh file")
            .fact(2120, Fact::BackupChosen(Box::new(chosen())))
            .phase(Phase::Fetch, 2120, 5240, Some(191_234_567))
            .fact(5240, Fact::BackupRead(Box::new(read())))
    }

    pub fn provisioned(self) -> Self {
        self.fact(2130, Fact::EffectIntended { effect: container() })
            .phase(Phase::Provision, 2130, 4900, None)
            .fact(4900, Fact::SandboxInspected(Box::new(sandbox())))
    }

    pub fn loaded(self) -> Self {
        self.phase(Phase::Restore, 5240, 35_300, Some(481_000_000))
            .fact(35_100, Fact::Reached { milestone: Milestone::Queryable })
            .fact(35_200, Fact::RolesCreated { names: vec!["app_reader".into(), "shop_owner".into()] })
    }

    pub fn analysed(self) -> Self {
        self.phase(Phase::Analyze, 35_300, 38_000, None)
            .fact(38_000, Fact::Reached { milestone: Milestone::Restored })
    }

    pub fn verified(self) -> Self {
        self.phase(Phase::Verify, 38_000, 41_200, None)
            .fact(38_300, finding(rows("300000")))
            .fact(38_500, finding(fresh()))
            .fact(41_100, finding(foreign_keys()))
            .fact(41_200, Fact::Reached { milestone: Milestone::Verified })
    }

    pub fn torn_down(self) -> Self {
        self.phase(Phase::Teardown, 41_200, 42_600, None)
            .fact(42_500, Fact::EffectUndone { effect: container() })
            .fact(42_600, Fact::CleanedUp(clean()))
    }

    /// A phase with a good end.
    pub fn phase(self, phase: Phase, from: u64, to: u64, bytes: Option<u64>) -> Self {
        self.phase_ended(phase, from, to, bytes, true)
    }

    pub fn failed_phase(self, phase: Phase, from: u64, to: u64) -> Self {
        self.phase_ended(phase, from, to, None, false)
    }

    fn phase_ended(self, phase: Phase, from: u64, to: u64, bytes: Option<u64>, succeeded: bool) -> Self {
        self.fact(from, Fact::PhaseStarted { phase })
            .fact(to, Fact::PhaseEnded { phase, succeeded, bytes, waited_for: None })
    }

    /// The phase that was told last waited for this.
    pub fn waiting(mut self, what: &str) -> Self {
        if let Some((_, Fact::PhaseEnded { waited_for, .. })) = self.facts.last_mut() {
            *waited_for = Some(what.into());
        }
        self
    }

    pub fn fact(mut self, at: u64, fact: Fact) -> Self {
        self.facts.push((at, fact));
        self
    }

    pub fn stopped(self, at: u64, reason: Reason, phase: Phase, detail: &str, hint: Option<&str>) -> Self {
        let stop = Stop { reason, phase: Some(phase), detail: detail.into(), hint: hint.map(Into::into) };
        self.fact(at, Fact::Stopped(stop))
    }

    /// Without facts that fulfil the condition.
    pub fn without(mut self, unwanted: impl Fn(&Fact) -> bool) -> Self {
        self.facts.retain(|(_, fact)| !unwanted(fact));
        self
    }

    /// With the opening changed.
    pub fn with(mut self, change: impl FnOnce(&mut RunStarted)) -> Self {
        change(&mut self.opening);
        self
    }

    /// With the choice of the backup changed.
    pub fn choosing(mut self, change: impl Fn(&mut BackupChosen)) -> Self {
        for (_, fact) in &mut self.facts {
            if let Fact::BackupChosen(chosen) = fact {
                change(chosen);
            }
        }
        self
    }

    /// With the reading of the backup changed.
    pub fn reading(mut self, change: impl Fn(&mut BackupRead)) -> Self {
        for (_, fact) in &mut self.facts {
            if let Fact::BackupRead(read) = fact {
                change(read);
            }
        }
        self
    }

    /// With every finding changed.
    pub fn finding(mut self, change: impl Fn(&mut Finding)) -> Self {
        for (_, fact) in &mut self.facts {
            if let Fact::CheckFinished(finding) = fact {
                change(finding);
            }
        }
        self
    }

    /// The events in the order of their time.
    pub fn events(&self) -> Vec<Event> {
        let mut facts = self.facts.clone();
        facts.sort_by_key(|(at, _)| *at);
        let opening = (0, Fact::RunStarted(Box::new(self.opening.clone())));
        let numbered = std::iter::once(opening).chain(facts).zip(0..);
        numbered.map(|((at, fact), sequence)| Event { sequence, at: Offset::from_millis(at), fact }).collect()
    }

    pub fn record(&self) -> RunRecord {
        RunRecord::fold(&self.events()).unwrap()
    }

    pub fn concluded(&self) -> (RunRecord, Conclusion) {
        let record = self.record();
        let conclusion = Conclusion::of(&record);
        (record, conclusion)
    }
}

pub fn objectives() -> Objectives {
    Objectives {
        rto: Some(Duration::from_mins(30)),
        rpo: Some(Duration::from_hours(26)),
        rto_until: RtoUntil::Verified,
        exposure_window: Duration::from_hours(7 * 24),
        modified_time_allowed: false,
    }
}

pub fn chosen() -> BackupChosen {
    BackupChosen {
        source: "local".into(),
        location: "/srv/backups/orders, *.dump".into(),
        candidate: Candidate {
            id: "orders-2026-11-21.dump".into(),
            size_bytes: 191_234_567,
            modified_at: at("2026-11-21T02:33:10Z"),
            multipart: false,
        },
        skipped: vec![SkippedCandidate {
            id: "orders-2026-11-22.dump.partial".into(),
            why: SkipReason::UnfinishedName,
        }],
        listing: vec![at("2026-11-21T02:33:10Z"), at("2026-11-20T02:32:00Z"), at("2026-11-19T02:31:00Z")],
        unusable: vec![],
        chosen_by_hand: false,
    }
}

pub fn read() -> BackupRead {
    BackupRead {
        format: BackupFormat::PgDumpCustom,
        compression: Compression::None,
        sha256: Some("a1b2c3d4".repeat(8)),
        size_bytes: 191_234_567,
        header: ArchiveHeader {
            archive_version: Some("1.14.0".into()),
            server_version: ServerVersion::parse("15.18 (Debian 15.18-0+deb12u1)"),
            pg_dump_version: ServerVersion::parse("15.18"),
            database: Some("orders".into()),
            started_local: Some("2026-11-21T02:30:00".parse().unwrap()),
            started_zone: None,
        },
        started_at: Some(at("2026-11-21T02:30:00Z")),
        started_at_note: Some("the header has no zone; UTC is assumed".into()),
    }
}

pub fn sandbox() -> SandboxFacts {
    SandboxFacts {
        container: "drillyard-orders-nightly-01kaj2q8".into(),
        image: "drillyard/postgres:15".into(),
        image_digest: format!("sha256:{}", "9c".repeat(32)),
        server_version: "15.18".into(),
        durability: Durability::Production,
        memory_bytes: 2_147_483_648,
        milli_cpus: 1500,
        profile: ["network: none", "capabilities: none", "root file system: read-only"]
            .map(Into::into)
            .into(),
        settings: vec!["max_wal_size=4GB".into(), "shared_buffers=512MB".into()],
        engine: "Docker 20.10.24".into(),
    }
}

pub fn container() -> Effect {
    Effect { kind: EffectKind::Container, name: "drillyard-orders-nightly-01kaj2q8".into() }
}

pub fn clean() -> CleanUp {
    CleanUp { proven: true, leftovers: vec![], kept: vec![], late: false }
}

pub fn kept() -> CleanUp {
    CleanUp { kept: vec![Kept { effect: container(), until: at("2026-11-21T05:30:00Z") }], ..clean() }
}

pub fn finding(finding: Finding) -> Fact {
    Fact::CheckFinished(Box::new(finding))
}

fn answer(name: &str, kind: CheckKind, expected: &str, observed: &str) -> Finding {
    Finding {
        name: name.into(),
        kind,
        outcome: Outcome::Passed,
        reason: None,
        expected: expected.into(),
        observed: observed.into(),
        hint: None,
        warnings: vec![],
        newest_row_age_seconds: None,
        seconds: 0.021,
    }
}

pub fn rows(observed: &str) -> Finding {
    answer("rows public.orders", CheckKind::Rows, ">= 100000", observed)
}

pub fn fresh() -> Finding {
    let finding =
        answer("fresh public.orders.created_at", CheckKind::Fresh, "newest row within 26 h", "1 h 1 min old");
    Finding { newest_row_age_seconds: Some(3_684.25), ..finding }
}

pub fn foreign_keys() -> Finding {
    let finding = answer(
        "foreign_keys",
        CheckKind::ForeignKeys,
        "every row refers to a row that is there",
        "12 of 12 hold",
    );
    Finding { warnings: vec!["orders_customer_fkey is NOT VALID".into()], seconds: 2.6, ..finding }
}

/// The finding with another outcome.
pub fn but(finding: Finding, outcome: Outcome, reason: Reason, hint: Option<&str>) -> Finding {
    Finding { outcome, reason: Some(reason), hint: hint.map(Into::into), ..finding }
}

pub fn restore_errors(
    sqlstate: &str,
    object: &str,
    message: &str,
    count: u64,
    class: RestoreErrorClass,
) -> Fact {
    Fact::RestoreErrors(RestoreErrors {
        sqlstate: sqlstate.into(),
        object: object.into(),
        message: message.into(),
        count,
        class,
    })
}
