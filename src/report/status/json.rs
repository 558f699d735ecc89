//! The JSON of all services, `drillyard/status/1`: a contract with programs. Every key is always there.

use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;

use crate::model::{Channel, DrillName, Reason, RunId, Verdict};
use crate::record::Undelivered;
use crate::record::standing::{DrillStanding, LastRehearsal, Standing, Tally, Trend};
use crate::report::json::to_value;

/// The document of all services as they stand at `now`, and of the messages that did not arrive, the oldest first; runs
/// are counted from `since`.
pub fn status_json(
    services: &[Standing],
    undelivered: &[Undelivered],
    since: Timestamp,
    now: Timestamp,
) -> Value {
    let services = services.iter().map(Service::of).collect();
    let undelivered = undelivered.iter().map(Message::of).collect();
    to_value(&Status { schema: "drillyard/status/1", at: now, since, services, undelivered })
}

#[derive(Serialize)]
struct Status<'a> {
    schema: &'static str,
    at: Timestamp,
    since: Timestamp,
    services: Vec<Service<'a>>,
    undelivered: Vec<Message<'a>>,
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

/// The newest run that has ended, whichever way.
#[derive(Serialize)]
struct Newest {
    run: RunId,
    started_at: Timestamp,
    verdict: Option<Verdict>,
    reason: Option<Reason>,
    leaked: bool,
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
            newest: drill.newest().map(|run| Newest {
                run: run.run,
                started_at: run.started_at,
                verdict: run.verdict,
                reason: run.reason,
                leaked: run.leaked,
            }),
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
