//! A service in a row: the same words for `status` and for the digest.

use std::time::Duration;

use jiff::Timestamp;

use crate::model::Reason;
use crate::record::sentence::duration;
use crate::record::standing::{DrillStanding, Standing, State, Tally, Trend};
use crate::record::visible::visible;
use crate::report::mail::rollback_sentence;
use crate::report::view::{Tone, objective};

/// What is shown of a service: its worst drill, and the runs of all.
pub(in crate::report) struct Row {
    pub(in crate::report) state: State,
    pub(in crate::report) tone: Tone,
    /// The service, with its number of drills where there are several.
    pub(in crate::report) service: String,
    pub(in crate::report) owner: Option<String>,
    /// Why the worst drill stands as it does.
    pub(in crate::report) why: String,
    /// `1 d 2 h ago`, `never`.
    pub(in crate::report) proof: String,
    pub(in crate::report) recovery_time: Measured,
    pub(in crate::report) recovery_point: Measured,
    /// `steady`, `40 % slower`.
    pub(in crate::report) trend: String,
    pub(in crate::report) slower: bool,
    pub(in crate::report) rollback: String,
    pub(in crate::report) rollback_tone: Option<Tone>,
    /// What the last rehearsal found: its sentence, of several the worst.
    pub(in crate::report) rollback_said: Option<String>,
    /// `in 3 h 12 min`.
    pub(in crate::report) next_run: String,
    pub(in crate::report) scheduled: bool,
    pub(in crate::report) tally: Tally,
    pub(in crate::report) before: Tally,
    pub(in crate::report) not_verified: Vec<String>,
    /// Drills whose newest run has left something behind.
    pub(in crate::report) left_behind: Vec<String>,
}

/// A value of the newest proof against its objective.
pub(in crate::report) struct Measured {
    /// `41.2 s of 30 min`, `41.2 s`, `–`.
    pub(in crate::report) told: String,
    pub(in crate::report) tone: Option<Tone>,
}

impl Measured {
    fn of(value: Option<Duration>, limit: Option<Duration>) -> Self {
        let shown = value.map_or_else(|| "–".to_owned(), duration);
        let tone = value.zip(limit).map(|(value, limit)| if value <= limit { Tone::Good } else { Tone::Bad });
        let told = match limit {
            Some(limit) => format!("{shown} of {}", objective(limit)),
            None => shown,
        };
        Self { told, tone }
    }
}

pub(in crate::report) fn tone(state: State) -> Tone {
    match state {
        State::Broken | State::Failing => Tone::Bad,
        State::Never | State::Stale => Tone::Unsure,
        State::Proven => Tone::Good,
    }
}

impl Row {
    /// `None` for a service without a drill, which nobody makes. Where a daemon runs, its last good version of a broken
    /// drill may be in force, which nobody else can know (2026-11-22).
    pub(in crate::report) fn of(standing: &Standing, daemon: Option<bool>, now: Timestamp) -> Option<Self> {
        let worst = standing.drills.first()?;
        let objectives = &worst.watched.objectives;
        let proof = worst.proof.as_ref();
        let count = standing.drills.len();
        let drills = if count > 1 { format!(" ({count} drills)") } else { String::new() };
        let (rollback, rollback_tone) = rollback(standing, now);
        let next = standing.drills.iter().filter_map(|drill| drill.watched.next_due_at).min();
        let all = standing.drills.iter().flat_map(|drill| &drill.watched.not_verified);
        let mut not_verified: Vec<String> = all.map(|what| visible(what)).collect();
        not_verified.dedup();
        Some(Self {
            state: standing.state,
            tone: tone(standing.state),
            service: format!("{}{drills}", visible(&standing.service)),
            owner: standing.owner().map(visible),
            why: why(worst, daemon, now),
            proof: proof.map_or_else(|| "never".to_owned(), |proof| ago(proof.at, now)),
            recovery_time: Measured::of(proof.and_then(|proof| proof.recovery_time), objectives.rto),
            recovery_point: Measured::of(proof.and_then(|proof| proof.recovery_point_age), objectives.rpo),
            trend: trend(worst.trend),
            slower: matches!(worst.trend, Trend::Slower(_)),
            rollback,
            rollback_tone,
            rollback_said: rollback_said(standing),
            next_run: match next {
                Some(next) => until(next, now),
                None if standing.state == State::Broken && daemon == Some(true) => "not known".to_owned(),
                None if standing.state == State::Broken => "none".to_owned(),
                None => "by hand only".to_owned(),
            },
            scheduled: next.is_some(),
            tally: standing.tally(),
            before: standing.before(),
            not_verified,
            left_behind: standing.drills.iter().filter_map(|drill| left_behind(drill, now)).collect(),
        })
    }
}

/// Why the drill stands as it does. By reason, never by a run's sentence: one of those may hold a value of a row.
fn why(drill: &DrillStanding, daemon: Option<bool>, now: Timestamp) -> String {
    let name = drill.watched.drill.as_str();
    let newest = drill.newest_telling();
    let meaning = |reason: Option<Reason>| reason.map_or("the reason is not known", Reason::meaning);
    let failed = drill.newest_failed();
    match (drill.state, newest) {
        (State::Broken, _) if daemon == Some(true) => {
            format!("no valid drill file defines {name}; the daemon may still use the last good version")
        }
        (State::Broken, _) => {
            format!("no valid drill file defines {name}: nothing starts it")
        }
        (State::Failing, _) => {
            let since = failed.map_or_else(String::new, |run| format!(" {}", ago(run.started_at, now)));
            format!("{name} failed{since}: {}", meaning(failed.and_then(|run| run.reason)))
        }
        (State::Never, None) if drill.newest().is_none() => format!("{name} has never run"),
        (State::Never | State::Stale, Some(run)) if run.reason.is_some() => {
            let verdict = run.verdict.map_or("running", crate::model::Verdict::word);
            format!("{name} {verdict} {}: {}", ago(run.started_at, now), meaning(run.reason))
        }
        (State::Never, _) => format!("{name} has proven nothing yet"),
        (State::Stale, _) => {
            format!("the newest proof of {name} is older than {}", objective(drill.watched.proof_max_age))
        }
        (State::Proven, Some(run)) if run.reason.is_some() => {
            let verdict = run.verdict.map_or("running", crate::model::Verdict::word);
            format!("proven, but {name} {verdict} {}: {}", ago(run.started_at, now), meaning(run.reason))
        }
        (State::Proven, _) => "proven".to_owned(),
    }
}

fn rollback(standing: &Standing, now: Timestamp) -> (String, Option<Tone>) {
    if standing.rehearsing() == 0 {
        return ("none".to_owned(), Some(Tone::Unsure));
    }
    match standing.last_rehearsal() {
        None => ("never".to_owned(), Some(Tone::Unsure)),
        Some((_, last)) if last.passed() => (ago(last.at, now), Some(Tone::Good)),
        Some((_, last)) => (format!("failed {}", ago(last.at, now)), Some(Tone::Bad)),
    }
}

/// What the last rehearsal found; which drill's it was, where several drills of the service rehearse.
fn rollback_said(standing: &Standing) -> Option<String> {
    let (drill, last) = standing.last_rehearsal()?;
    let said = rollback_sentence(&last.rehearsed)?;
    Some(if standing.rehearsing() > 1 { format!("{drill}: {said}") } else { said })
}

/// What a drill's newest run has left on the engine or in an account, which no sweep has removed since.
fn left_behind(drill: &DrillStanding, now: Timestamp) -> Option<String> {
    let run = drill.newest().filter(|run| run.leaked)?;
    let ago = ago(run.started_at, now);
    Some(format!("{} {ago}, named by `drillyard show {}`", drill.watched.drill, run.run))
}

fn trend(trend: Trend) -> String {
    match trend {
        Trend::Unknown => "–".to_owned(),
        Trend::Steady => "steady".to_owned(),
        Trend::Slower(part) => format!("{:.0} % slower", part * 100.0),
        Trend::Faster(part) => format!("{:.0} % faster", part * 100.0),
    }
}

/// `3 h 12 min ago`.
pub(in crate::report) fn ago(at: Timestamp, now: Timestamp) -> String {
    match Duration::try_from(now.duration_since(at)) {
        Ok(age) => format!("{} ago", coarse(age)),
        Err(_) => "in the future".to_owned(),
    }
}

fn until(at: Timestamp, now: Timestamp) -> String {
    match Duration::try_from(at.duration_since(now)) {
        Ok(left) => format!("in {}", coarse(left)),
        Err(_) => "overdue".to_owned(),
    }
}

/// Ages of days need no hours, and ages of hours no minutes.
fn coarse(age: Duration) -> String {
    let seconds = age.as_secs();
    match seconds {
        0..120 => format!("{seconds} s"),
        120..7200 => format!("{} min", seconds / 60),
        7200..172_800 => format!("{} h", seconds / 3600),
        _ => format!("{} d", seconds / 86_400),
    }
}
