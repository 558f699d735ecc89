//! Services as they might stand on a Saturday morning: one of each state, and some that nobody covers.

#![allow(dead_code)] // Each test file uses its own part.

use std::time::Duration;

use drillyard::model::{Reason, Verdict};
use drillyard::record::standing::{LastRehearsal, Standing, Tally, Watched, standings};
use drillyard::record::{Beside, RunSummary};
use drillyard::report::mail::{Letter, digest};
use jiff::{SignedDuration, Timestamp};

use super::letters;
use super::story::{at, objectives};

pub fn now() -> Timestamp {
    at("2026-11-21T08:00:00Z")
}

pub fn since() -> Timestamp {
    at("2026-11-14T08:00:00Z")
}

/// A drill that passes every night.
pub fn watched(service: &str) -> Watched {
    Watched {
        drill: format!("{service}-nightly").parse().unwrap(),
        service: service.into(),
        owner: Some("payments-team".into()),
        contact: Some("#payments-oncall".into()),
        objectives: objectives(),
        proof_max_age: Duration::from_hours(48),
        has_rollbacks: true,
        next_due_at: Some(at("2026-11-22T03:30:00Z")),
        runs: nights(&[41.0, 40.2, 39.8, 42.0, 41.1, 40.5, 39.9, 40.0]),
        rehearsed: Some(LastRehearsal {
            at: at("2026-11-21T03:30:00Z"),
            rehearsed: vec![letters::returns()],
        }),
        not_verified: vec![],
        broken: false,
        tally: Tally::default(),
        before: Tally::default(),
    }
}

/// A passed run per night, the newest first.
pub fn nights(seconds: &[f64]) -> Vec<RunSummary> {
    (0..).zip(seconds).map(|(days, seconds)| night(days, *seconds)).collect()
}

fn night(days: i64, seconds: f64) -> RunSummary {
    let started_at = at("2026-11-21T03:30:00Z") - SignedDuration::from_hours(24 * days);
    let passed = letters::run(1, seconds);
    RunSummary { started_at, ..passed }
}

/// The run of so many nights ago ended in this way.
pub fn ended(mut watched: Watched, nights: &[usize], reason: Reason) -> Watched {
    for night in nights {
        let run = &mut watched.runs[*night];
        run.verdict = Some(reason.verdict());
        run.reason = Some(reason);
        run.proof = false;
        if reason.verdict() != Verdict::Failed {
            run.time_to_verified_seconds = None;
        }
    }
    watched
}

/// One of each.
pub fn several() -> Vec<Watched> {
    let slow = Watched { runs: nights(&[66.0, 41.0, 40.2, 39.8, 42.0]), ..watched("accounts") };
    let never = Watched {
        runs: vec![],
        owner: None,
        contact: None,
        has_rollbacks: false,
        rehearsed: None,
        next_due_at: None,
        ..watched("billing")
    };
    let stale = ended(watched("catalogue"), &[0, 1, 2, 3], Reason::Down);
    let failing = ended(watched("orders"), &[0], Reason::CheckFailed);
    let errored = ended(watched("ledger"), &[0], Reason::EngineUnreachable);
    let weekly = Watched { drill: "orders-weekly".parse().unwrap(), ..watched("orders") };
    let unrehearsed = Watched {
        rehearsed: None,
        not_verified: vec!["grants: roles were created without login".into()],
        ..watched("search")
    };
    let lossy = Watched {
        rehearsed: Some(LastRehearsal {
            at: at("2026-11-19T03:30:00Z"),
            rehearsed: vec![letters::returns(), letters::loses()],
        }),
        ..watched("reviews")
    };
    vec![slow, never, stale, failing, errored, weekly, unrehearsed, lossy]
}

/// With the runs of this week and of the one before counted.
pub fn standing(drills: Vec<Watched>) -> Vec<Standing> {
    let week_before = since() - SignedDuration::from_hours(7 * 24);
    let counted = |runs: &[RunSummary], from: Timestamp, to: Timestamp| {
        let inside = runs.iter().filter(|run| run.started_at >= from && run.started_at < to);
        inside.filter_map(|run| Some(Tally::of(run.verdict?, 1))).fold(Tally::default(), Tally::and)
    };
    let drills = drills.into_iter().map(|drill| Watched {
        tally: counted(&drill.runs, since(), Timestamp::MAX),
        before: counted(&drill.runs, week_before, since()),
        ..drill
    });
    standings(drills.collect(), now())
}

/// More services than anybody reads, all of a name.
pub fn crowd(count: usize, name: &str) -> Vec<Watched> {
    (0..count).map(|n| Watched { service: format!("{name}-{n}"), ..watched("orders") }).collect()
}

/// The digests that are looked at.
pub fn digests() -> Vec<(&'static str, Letter)> {
    let of = |drills| digest(&standing(drills), &Beside::default(), since(), now());
    vec![
        ("digest", of(several())),
        ("digest_all_proven", of(vec![watched("orders"), watched("accounts")])),
        ("digest_crowd", of(crowd(100, "reporting-of-customer-accounts"))),
        ("digest_empty", of(vec![])),
    ]
}
