//! A store with runs that have ended, a drill that names whom to tell, and a notifier.

use std::path::PathBuf;

use drillyard::definition::{self, Drill, Settings};
use drillyard::model::event::{Due, PlannedCheck, RunStarted, Stop, Trigger};
use drillyard::model::{
    CheckKind, CleanUp, Event, Fact, Finding, Objectives, Offset, Outcome, PlannedRehearsal, Reason,
    Rehearsed, RtoUntil, RunId,
};
use drillyard::notify::{Delivered, Notifier};
use drillyard::record::{Conclusion, RunRecord, RunSummary};
use drillyard::store::{Claim, Occurrence, OutboxEntry, Store};
use jiff::Timestamp;
use rusqlite::Connection;
use tempfile::TempDir;

pub struct Scene {
    pub directory: TempDir,
    pub store: Store,
    pub settings: Settings,
}

impl Scene {
    /// With `text` as the settings.
    pub fn new(text: &str) -> Self {
        let directory = TempDir::new().unwrap();
        let store = Store::open(&directory.path().join("state")).unwrap();
        let file = directory.path().join("drillyard.yaml");
        std::fs::write(&file, text).unwrap();
        let (settings, faults) = definition::settings::parse(text, &file);
        assert_eq!(faults, [], "{text}");
        Self { directory, store, settings }
    }

    pub fn notifier(&self) -> Notifier {
        Notifier::new(&self.settings, self.store.state())
    }

    /// A drill that tells these.
    pub fn drill(&self, notify: &str) -> Drill {
        let text = format!(
            "drill: orders\nservice: shop\nbackup: {{ source: {{ local: {{ path: orders.dump }} }} }}\n\
             checks: [ {{ rows: {{ table: public.orders, at_least: 1 }} }} ]\nnotify:\n{notify}\n"
        );
        let file = self.directory.path().join("orders.yaml");
        std::fs::write(&file, text).unwrap();
        std::fs::write(self.directory.path().join("orders.dump"), "").unwrap();
        let parsed = definition::load(&[file], &self.settings);
        assert!(!parsed.faults.iter().any(definition::Fault::is_error), "{:#?}", parsed.faults);
        parsed.drills.into_iter().next().unwrap()
    }

    /// A run by schedule that stopped for this reason, or was missed; its messages are in the outbox.
    pub async fn run(
        &self,
        drill: &Drill,
        notifier: &Notifier,
        reason: Reason,
        minute: i64,
    ) -> (RunId, Vec<OutboxEntry>) {
        self.run_that_rehearsed(&[], drill, notifier, reason, minute).await
    }

    /// The same, after these rehearsals.
    pub async fn run_that_rehearsed(
        &self,
        rehearsals: &[Rehearsed],
        drill: &Drill,
        notifier: &Notifier,
        reason: Reason,
        minute: i64,
    ) -> (RunId, Vec<OutboxEntry>) {
        let plan = |rehearsed: &Rehearsed| PlannedRehearsal { name: rehearsed.name.clone() };
        let opening =
            RunStarted { rehearsals: rehearsals.iter().map(plan).collect(), ..opening(drill, minute) };
        let rehearsed = |one: &Rehearsed| Fact::RehearsalFinished(Box::new(one.clone()));
        let mut facts: Vec<Fact> = rehearsals.iter().map(rehearsed).collect();
        facts.push(Fact::Stopped(Stop { reason, phase: None, detail: "as told".to_owned(), hint: None }));
        self.run_that(&opening, facts, drill, notifier).await
    }

    /// A run whose check found this.
    pub async fn run_that_found(
        &self,
        finding: &Finding,
        drill: &Drill,
        notifier: &Notifier,
        minute: i64,
    ) -> (RunId, Vec<OutboxEntry>) {
        let check = PlannedCheck { name: finding.name.clone(), kind: finding.kind };
        let opening = RunStarted { checks: vec![check], ..opening(drill, minute) };
        let facts = vec![Fact::CheckFinished(Box::new(finding.clone()))];
        self.run_that(&opening, facts, drill, notifier).await
    }

    async fn run_that(
        &self,
        opening: &RunStarted,
        facts: Vec<Fact>,
        drill: &Drill,
        notifier: &Notifier,
    ) -> (RunId, Vec<OutboxEntry>) {
        let clean = CleanUp { proven: true, leftovers: vec![], kept: vec![], late: false };
        let begun = Fact::RunStarted(Box::new(opening.clone()));
        let facts = std::iter::once(begun).chain(facts).chain([Fact::CleanedUp(clean)]);
        let events: Vec<Event> = (0..)
            .zip(facts)
            .map(|(sequence, fact)| Event { sequence, at: Offset::from_millis(1), fact })
            .collect();
        let record = RunRecord::fold(&events).unwrap();
        let conclusion = Conclusion::of(&record);
        let entries = notifier.messages(drill, &record, &conclusion, &self.store).await;
        let claim = Claim {
            run: opening.run,
            drill: drill.name.clone(),
            service: drill.service.clone(),
            trigger: Trigger::Scheduled,
            started_at: opening.started_at,
            occurrence: Some(Occurrence {
                drill: drill.name.clone(),
                scheduled_at: opening.started_at,
                attempt: 1,
            }),
            opening: events[0].clone(),
        };
        let summary = RunSummary::of(&record, &conclusion);
        self.store.conclude_unstarted(claim, summary, &events[1..], &entries).await.unwrap();
        (opening.run, entries)
    }

    /// What a pass over the outbox does, so many minutes after the first run.
    pub async fn deliver(&self, notifier: &Notifier, minute: i64) -> Delivered {
        notifier.deliver_due(&self.store, at(minute)).await
    }

    /// The newest run.
    pub async fn newest(&self) -> RunId {
        self.store.find("last", None, None).await.unwrap()
    }

    /// The store's file itself.
    pub fn sql(&self) -> Connection {
        Connection::open(self.store.state().join("drillyard.sqlite")).unwrap()
    }

    /// One column of the outbox, in the order of the messages.
    pub fn outbox(&self, column: &str) -> Vec<Option<String>> {
        let connection = self.sql();
        let sql = format!("SELECT CAST({column} AS TEXT) FROM outbox ORDER BY id");
        let mut statement = connection.prepare(&sql).unwrap();
        let rows = statement.query_map([], |row| row.get(0)).unwrap();
        rows.map(Result::unwrap).collect()
    }

    pub fn mail_folder(&self) -> PathBuf {
        self.store.state().join("mail")
    }
}

/// A query whose answer is the value of a row, and may be shown in the record.
pub fn answered(value: &str) -> Finding {
    Finding {
        name: "newest customer".to_owned(),
        kind: CheckKind::Sql,
        outcome: Outcome::Failed,
        reason: Some(Reason::CheckFailed),
        expected: format!("= {value:?}"),
        observed: format!("{value:?} instead"),
        hint: None,
        warnings: vec![],
        newest_row_age_seconds: None,
        seconds: 0.1,
    }
}

/// So many minutes after the first run.
pub fn at(minute: i64) -> Timestamp {
    Timestamp::from_second(1_795_233_600 + minute * 60).unwrap()
}

fn opening(drill: &Drill, minute: i64) -> RunStarted {
    RunStarted {
        run: RunId::new(ulid::Ulid::new()),
        drill: drill.name.clone(),
        service: drill.service.clone(),
        owner: None,
        contact: None,
        runbook: None,
        labels: std::collections::BTreeMap::new(),
        trigger: Trigger::Scheduled,
        started_at: at(minute),
        definition_sha256: "ab".repeat(32),
        objectives: Objectives {
            rto: None,
            rpo: None,
            rto_until: RtoUntil::Verified,
            exposure_window: std::time::Duration::from_hours(1),
            modified_time_allowed: false,
        },
        phases: Vec::new(),
        checks: Vec::new(),
        rehearsals: Vec::new(),
        due: Some(Due { scheduled_at: at(minute), attempt: 1, catch_up: false, waited_seconds: 0.0 }),
        next_due_at: None,
        chosen_by_hand: false,
        drillyard_version: "0.1.0".to_owned(),
    }
}
