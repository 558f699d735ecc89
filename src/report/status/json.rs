//! The JSON of all services, `drillyard/status/1`: a contract with programs. Every key is always there.

use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Value, json};

use crate::model::{BrokenFile, Channel, DrillName, Reason, RunId, Verdict};
use crate::record::standing::{DrillStanding, LastRehearsal, Standing, Tally, Trend};
use crate::record::{Beside, RunSummary, Undelivered};
use crate::report::json::to_value;

/// The document of all services as they stand at `now`, and of what is told beside them; runs are counted from `since`.
pub fn status_json(services: &[Standing], beside: &Beside, since: Timestamp, now: Timestamp) -> Value {
    to_value(&Status {
        schema: "drillyard/status/1",
        at: now,
        since,
        daemon: beside.daemon,
        services: services.iter().map(Service::of).collect(),
        broken_files: broken_files_json(&beside.broken),
        strays: beside.strays.iter().map(Stray::of).collect(),
        undelivered: beside.undelivered.iter().map(Message::of).collect(),
    })
}

/// Files of drills with errors, each by its first one.
pub fn broken_files_json(broken: &[BrokenFile]) -> Vec<Value> {
    let one = |file: &BrokenFile| {
        let drills: Vec<&DrillName> = file.drills.iter().map(|drill| &drill.name).collect();
        json!({ "file": file.file, "line": file.line, "message": file.message, "drills": drills })
    };
    broken.iter().map(one).collect()
}

#[derive(Serialize)]
struct Status<'a> {
    schema: &'static str,
    at: Timestamp,
    since: Timestamp,
    /// Whether one is running on this state directory; `null` where nobody has looked.
    daemon: Option<bool>,
    services: Vec<Service<'a>>,
    broken_files: Vec<Value>,
    strays: Vec<Stray<'a>>,
    undelivered: Vec<Message<'a>>,
}

/// A drill that has run of late and that no file defines.
#[derive(Serialize)]
struct Stray<'a> {
    drill: &'a str,
    service: &'a str,
    newest: Newest,
}

impl<'a> Stray<'a> {
    fn of(run: &'a RunSummary) -> Self {
        Self { drill: run.drill.as_str(), service: &run.service, newest: Newest::of(run) }
    }
}

/// A message that did not arrive.
#[derive(Serialize)]
struct Message<'a> {
    channel: Channel,
    recipient: &'a str,
    /// `null` where it was about several, as a digest is.
    drill: Option<&'a str>,
    run: Option<RunId>,
    /// `null` while it waits for another attempt.
    given_up_at: Option<Timestamp>,
    last_error: &'a str,
}

impl<'a> Message<'a> {
    fn of(message: &'a Undelivered) -> Self {
        Self {
            channel: message.channel,
            recipient: &message.recipient,
            drill: message.drill.as_ref().map(DrillName::as_str),
            run: message.run,
            given_up_at: message.given_up_at,
            last_error: &message.refusal,
        }
    }
}

#[expect(clippy::struct_field_names, reason = "the names are the contract's")]
#[derive(Serialize)]
struct Service<'a> {
    service: &'a str,
    state: &'static str,
    owner: Option<&'a str>,
    drills: Vec<Drill<'a>>,
}

impl<'a> Service<'a> {
    fn of(standing: &'a Standing) -> Self {
        Self {
            service: &standing.service,
            state: standing.state.word(),
            owner: standing.owner(),
            drills: standing.drills.iter().map(Drill::of).collect(),
        }
    }
}

#[expect(clippy::struct_field_names, reason = "the names are the contract's")]
#[derive(Serialize)]
struct Drill<'a> {
    drill: &'a str,
    state: &'static str,
    owner: Option<&'a str>,
    contact: Option<&'a str>,
    proof: Option<Proof>,
    proof_max_age_seconds: f64,
    rto_seconds: Option<f64>,
    rpo_seconds: Option<f64>,
    newest: Option<Newest>,
    trend: &'static str,
    /// By which part of the median before, `0.4` for 40 %.
    trend_part: Option<f64>,
    runs: Runs,
    runs_before: Runs,
    rollbacks: bool,
    rehearsed_at: Option<Timestamp>,
    rehearsed_well: Option<bool>,
    next_due_at: Option<Timestamp>,
    not_verified: &'a [String],
}

#[derive(Serialize)]
struct Proof {
    run: RunId,
    at: Timestamp,
    time_to_verified_seconds: Option<f64>,
    recovery_point_age_seconds: Option<f64>,
}

/// The newest run, whichever way it has ended.
#[derive(Serialize)]
struct Newest {
    run: RunId,
    started_at: Timestamp,
    verdict: Option<Verdict>,
    reason: Option<Reason>,
    leaked: bool,
}

impl Newest {
    fn of(run: &RunSummary) -> Self {
        Self {
            run: run.run,
            started_at: run.started_at,
            verdict: run.verdict,
            reason: run.reason,
            leaked: run.leaked,
        }
    }
}

#[derive(Serialize)]
struct Runs {
    passed: usize,
    failed: usize,
    errored: usize,
    missed: usize,
}

impl Runs {
    fn of(tally: Tally) -> Self {
        Self { passed: tally.passed, failed: tally.failed, errored: tally.errored, missed: tally.missed }
    }
}

impl<'a> Drill<'a> {
    fn of(drill: &'a DrillStanding) -> Self {
        let watched = &drill.watched;
        let seconds = |value: Option<std::time::Duration>| value.map(|value| value.as_secs_f64());
        let (trend, trend_part) = match drill.trend {
            Trend::Unknown => ("unknown", None),
            Trend::Steady => ("steady", None),
            Trend::Slower(part) => ("slower", Some(part)),
            Trend::Faster(part) => ("faster", Some(part)),
        };
        Self {
            drill: watched.drill.as_str(),
            state: drill.state.word(),
            owner: watched.owner.as_deref(),
            contact: watched.contact.as_deref(),
            proof: drill.proof.as_ref().map(|proof| Proof {
                run: proof.run,
                at: proof.at,
                time_to_verified_seconds: seconds(proof.recovery_time),
                recovery_point_age_seconds: seconds(proof.recovery_point_age),
            }),
            proof_max_age_seconds: watched.proof_max_age.as_secs_f64(),
            rto_seconds: seconds(watched.objectives.rto),
            rpo_seconds: seconds(watched.objectives.rpo),
            newest: drill.newest().map(Newest::of),
            trend,
            trend_part,
            runs: Runs::of(drill.watched.tally),
            runs_before: Runs::of(drill.watched.before),
            rollbacks: watched.has_rollbacks,
            rehearsed_at: watched.rehearsed.as_ref().map(|last| last.at),
            rehearsed_well: watched.rehearsed.as_ref().map(LastRehearsal::passed),
            next_due_at: watched.next_due_at,
            not_verified: &watched.not_verified,
        }
    }
}
