//! A store in a directory of its own, and runs to put into it.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use drillyard::model::event::{RunStarted, Trigger};
use drillyard::model::{DrillName, Event, Fact, Objectives, Offset, Phase, Reason, RtoUntil, RunId, Verdict};
use drillyard::record::RunSummary;
use drillyard::store::{Claim, Occurrence, Store};
use jiff::Timestamp;
use rusqlite::Connection;
use tempfile::TempDir;

pub struct Scene {
    pub directory: TempDir,
    pub store: Store,
}

impl Scene {
    pub fn new() -> Self {
        let directory = TempDir::new().unwrap();
        let store = Store::open(&directory.path().join("state")).unwrap();
        Self { directory, store }
    }

    pub fn state(&self) -> PathBuf {
        self.directory.path().join("state")
    }

    /// A connection of the test's own, to look past the store or to get in its way.
    pub fn sql(&self) -> Connection {
        Connection::open(self.state().join("drillyard.sqlite")).unwrap()
    }

    pub fn count(&self, table: &str) -> i64 {
        self.sql().query_row(&format!("SELECT count(*) FROM {table}"), [], |row| row.get(0)).unwrap()
    }

    /// Makes every insert into a table fail.
    pub fn refuse_inserts_into(&self, table: &str) {
        let sql = format!(
            "CREATE TRIGGER broken BEFORE INSERT ON {table} BEGIN SELECT RAISE(ABORT, 'broken'); END"
        );
        self.sql().execute_batch(&sql).unwrap();
    }

    pub fn locks(&self) -> usize {
        std::fs::read_dir(self.state().join("runs")).unwrap().count()
    }
}

pub fn new_run() -> RunId {
    RunId::new(ulid::Ulid::new())
}

pub fn drill(name: &str) -> DrillName {
    name.parse().unwrap()
}

pub fn instant(text: &str) -> Timestamp {
    text.parse().unwrap()
}

pub fn by_hand(run: RunId) -> Claim {
    claim(run, "orders", Trigger::Manual, instant("2026-11-21T03:00:00.123456789Z"))
}

pub fn scheduled(run: RunId, attempt: u32) -> Claim {
    let at = instant("2026-11-21T03:00:00Z");
    let occurrence = Occurrence { drill: drill("orders"), scheduled_at: at, attempt };
    Claim { occurrence: Some(occurrence), ..claim(run, "orders", Trigger::Scheduled, at) }
}

pub fn claim(run: RunId, name: &str, trigger: Trigger, started_at: Timestamp) -> Claim {
    let (drill, service) = (drill(name), format!("{name}-service"));
    let opening = Fact::RunStarted(Box::new(RunStarted {
        run,
        drill: drill.clone(),
        service: service.clone(),
        owner: None,
        contact: None,
        runbook: None,
        labels: BTreeMap::from([("tier".to_owned(), "1".to_owned())]),
        trigger,
        started_at,
        definition_sha256: "ab".repeat(32),
        objectives: Objectives {
            rto: Some(Duration::from_mins(30)),
            rpo: None,
            rto_until: RtoUntil::Verified,
            exposure_window: Duration::from_hours(7 * 24),
            modified_time_allowed: false,
        },
        phases: vec![Phase::Locate, Phase::Restore],
        checks: Vec::new(),
        rehearsals: Vec::new(),
        due: None,
        next_due_at: None,
        chosen_by_hand: false,
        drillyard_version: "0.1.0".to_owned(),
    }));
    Claim { run, drill, service, trigger, started_at, occurrence: None, opening: event(0, opening) }
}

pub fn event(sequence: u64, fact: Fact) -> Event {
    Event { sequence, at: Offset::from_millis(sequence * 1500), fact }
}

pub fn warning(sequence: u64) -> Event {
    event(sequence, Fact::Warned { what: format!("warning {sequence}") })
}

pub fn failed(claim: &Claim) -> RunSummary {
    RunSummary {
        run: claim.run,
        drill: claim.drill.clone(),
        service: claim.service.clone(),
        due_at: claim.occurrence.as_ref().map(|due| due.scheduled_at),
        started_at: claim.started_at,
        finished_at: Some(claim.started_at + Duration::from_millis(41_250)),
        verdict: Some(Verdict::Failed),
        reason: Some(Reason::CheckFailed),
        sentence: Some("orders: restored, but 1 of 3 checks failed.".to_owned()),
        time_to_verified_seconds: Some(41.25),
        recovery_point_age_seconds: None,
        leaked: true,
        proof: false,
        chosen_by_hand: false,
    }
}
