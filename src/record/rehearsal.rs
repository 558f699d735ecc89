//! A rehearsal in one sentence: whether there is a way back, how long it takes, what is lost on it, who waits.

use std::time::Duration;

use super::differences::{differences, named};
use super::sentence::duration;
use crate::model::rehearsal::{Blocked, Rehearsed, StepTaken};
use crate::model::{CheckKind, Finding, Outcome, Reason};

/// Differences that a sentence names, the weightiest; the rest is counted.
pub const NAMED: usize = 3;
/// A wait that a person would not notice is not told.
pub const NOTICEABLE: f64 = 0.05;

/// `Rolling back 0042 is possible in 41.0 s; it loses customers.display_name in 12,431 rows; writers are blocked for
/// 3.20 s on the way out and 0.40 s on the way back.`
pub fn sentence(rehearsed: &Rehearsed) -> String {
    let name = &rehearsed.name;
    if rehearsed.outcome == Outcome::Errored {
        let why = rehearsed.detail.as_deref().or(rehearsed.reason.map(Reason::meaning)).unwrap_or("unknown");
        return format!("Whether {name} can be rolled back could not be found out: {}.", bare(why));
    }
    let mut parts = vec![possible(rehearsed)];
    let difference = rehearsed.difference.as_ref();
    let differences =
        difference.map_or_else(Vec::new, |difference| differences(difference, &rehearsed.accepted));
    let came_back = succeeded(rehearsed.forward.as_ref()) && succeeded(rehearsed.back.as_ref());
    if differences.is_empty() && came_back && difference.is_some() {
        parts.push("data and schema are what they were".to_owned());
    } else {
        parts.extend(named(&differences, NAMED));
    }
    parts.extend(rehearsed.findings.iter().filter(|one| is_of_its_own(one)).map(told));
    parts.extend(blocked(rehearsed));
    format!("{}.", parts.join("; "))
}

/// Whether the way back exists, in words.
fn possible(rehearsed: &Rehearsed) -> String {
    let name = &rehearsed.name;
    let detail = rehearsed.detail.as_deref().map_or_else(String::new, |why| format!(" ({})", bare(why)));
    match (&rehearsed.forward, &rehearsed.back) {
        (Some(forward), _) if !forward.succeeded => {
            format!("Migrating {name} fails after {}{detail}", took(forward))
        }
        (_, Some(back)) if back.succeeded => {
            format!("Rolling back {name} is possible in {}", took(back))
        }
        (_, Some(back)) => format!("Rolling back {name} fails after {}{detail}", took(back)),
        (_, None) => format!("Rolling back {name} was not tried{detail}"),
    }
}

fn succeeded(step: Option<&StepTaken>) -> bool {
    step.is_some_and(|step| step.succeeded)
}

fn took(step: &StepTaken) -> String {
    seconds(step.seconds)
}

fn seconds(seconds: f64) -> String {
    duration(Duration::try_from_secs_f64(seconds).unwrap_or_default())
}

fn bare(sentence: &str) -> &str {
    sentence.trim_end_matches('.')
}

/// Checks that failed, limits that were passed; data and schema are told by what is different.
fn is_of_its_own(finding: &Finding) -> bool {
    let told_already = ["data", "schema", "blocking"].contains(&finding.name.as_str());
    finding.outcome != Outcome::Passed && !(finding.kind == CheckKind::Expectation && told_already)
}

fn told(finding: &Finding) -> String {
    format!("{}: expected {}, observed {}", finding.name, finding.expected, bare(&finding.observed))
}

/// `writers are blocked for 3.20 s on the way out and 0.40 s on the way back`.
fn blocked(rehearsed: &Rehearsed) -> Vec<String> {
    let of = |choose: fn(&StepTaken) -> &Blocked| {
        let seconds = |step: &Option<StepTaken>| step.as_ref().map_or(0.0, |step| choose(step).seconds);
        (seconds(&rehearsed.forward), seconds(&rehearsed.back))
    };
    let (readers, writers) = (of(|step| &step.readers_blocked), of(|step| &step.writers_blocked));
    let waits = |(out, back): (f64, f64)| {
        let ways = [(out, "on the way out"), (back, "on the way back")];
        let noticed = ways.into_iter().filter(|(waited, _)| *waited >= NOTICEABLE);
        noticed.map(|(waited, way)| format!("{} {way}", seconds(waited))).collect::<Vec<_>>().join(" and ")
    };
    [("writers", waits(writers)), ("readers", waits(readers))]
        .into_iter()
        .filter(|(_, waits)| !waits.is_empty())
        .map(|(who, waits)| format!("{who} are blocked for {waits}"))
        .collect()
}

#[cfg(test)]
#[path = "rehearsal_tests.rs"]
mod tests;
