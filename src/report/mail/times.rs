//! Recovery times of the last runs: the numbers behind the chart, and the same in words.

use std::time::Duration;

use jiff::Timestamp;

use crate::model::{RtoUntil, Verdict};
use crate::record::sentence::duration;
use crate::record::{Conclusion, RunRecord, RunSummary, median};
use crate::report::view::{Tone, objective, tone};

/// Runs that are drawn, this one among them.
const DRAWN: usize = 20;
/// Runs that are told in words.
const TOLD: usize = 6;
/// An objective that is further away than so many times the longest bar would flatten the bars, and is only told.
const FAR: f64 = 2.5;

/// Runs on one scale.
pub(super) struct Times {
    /// The oldest first, this run last.
    pub(super) bars: Vec<Bar>,
    /// The objective in seconds, where it fits on the scale.
    pub(super) line: Option<f64>,
    /// What is drawn, in a sentence or two; it also stands for the picture where there is none.
    pub(super) caption: String,
    /// What the picture's colours and shapes mean, of those that are in it.
    pub(super) legend: String,
    /// The newest first: when, how it ended, how long it took.
    pub(super) rows: Vec<TimeRow>,
}

/// One run.
pub(super) struct Bar {
    /// Recovery time; `None` where it was not reached.
    pub(super) seconds: Option<f64>,
    pub(super) tone: Tone,
}

/// One run in words.
pub(super) struct TimeRow {
    pub(super) when: String,
    pub(super) verdict: &'static str,
    pub(super) tone: Tone,
    pub(super) took: String,
}

impl Times {
    /// `None` where this is the first run.
    pub(super) fn of(record: &RunRecord, conclusion: &Conclusion, history: &[RunSummary]) -> Option<Self> {
        if history.is_empty() {
            return None;
        }
        let this = One {
            at: record.opening.started_at,
            verdict: conclusion.verdict,
            seconds: conclusion.clocks.time_to_verified.value.map(|value| value.as_secs_f64()),
        };
        let earlier = history.iter().filter_map(One::of);
        let runs: Vec<One> = std::iter::once(this).chain(earlier).take(DRAWN).collect();
        let longest = runs.iter().filter_map(|run| run.seconds).fold(0.0, f64::max);
        let objectives = &record.opening.objectives;
        let limit = objectives.rto.filter(|_| objectives.rto_until == RtoUntil::Verified);
        let line = limit.map(|limit| limit.as_secs_f64()).filter(|limit| *limit <= longest * FAR);
        Some(Self {
            caption: caption(&runs, limit, line.is_some()),
            legend: legend(&runs),
            bars: runs
                .iter()
                .rev()
                .map(|run| Bar { seconds: run.seconds, tone: tone(run.verdict) })
                .collect(),
            rows: runs.iter().take(TOLD).map(One::row).collect(),
            line,
        })
    }

    /// Whether there is something to see: two bars at least.
    pub(super) fn can_be_drawn(&self) -> bool {
        self.bars.iter().filter(|bar| bar.seconds.is_some()).count() >= 2
    }
}

struct One {
    at: Timestamp,
    verdict: Verdict,
    seconds: Option<f64>,
}

impl One {
    fn of(run: &RunSummary) -> Option<Self> {
        Some(Self { at: run.started_at, verdict: run.verdict?, seconds: run.time_to_verified_seconds })
    }

    fn row(&self) -> TimeRow {
        TimeRow {
            when: self.at.strftime("%-d %b, %H:%M").to_string(),
            verdict: self.verdict.word(),
            tone: tone(self.verdict),
            took: self.seconds.and_then(told).unwrap_or_else(|| "–".to_owned()),
        }
    }
}

fn legend(runs: &[One]) -> String {
    let any = |wanted: Tone| runs.iter().any(|run| tone(run.verdict) == wanted);
    let meant = [
        (any(Tone::Good), "blue passed"),
        (any(Tone::Bad), "red failed"),
        (any(Tone::Unsure), "amber was not tested to the end"),
        (runs.iter().any(|run| run.seconds.is_none()), "hollow came to no recovery time"),
    ];
    let meant: Vec<&str> = meant.into_iter().filter(|(there, _)| *there).map(|(_, said)| said).collect();
    format!("The oldest is on the left, this run on the right; {}.", meant.join(", "))
}

fn told(seconds: f64) -> Option<String> {
    Duration::try_from_secs_f64(seconds).ok().map(duration)
}

fn caption(runs: &[One], limit: Option<Duration>, drawn: bool) -> String {
    let mut times: Vec<f64> = runs.iter().filter_map(|run| run.seconds).collect();
    times.sort_by(f64::total_cmp);
    let without = runs.len() - times.len();
    let ends = times.first().zip(times.last()).and_then(|(least, most)| Some((told(*least)?, told(*most)?)));
    let measured = match (ends, times.len()) {
        (Some((only, _)), 1) => format!("Of the last {} runs one was verified, in {only}.", runs.len()),
        (Some((least, most)), n) => {
            let median = median(&times).and_then(told).unwrap_or_default();
            format!(
                "Of the last {} runs {n} were verified, in {least} to {most}, median {median}.",
                runs.len()
            )
        }
        (None, _) => format!("None of the last {} runs was verified.", runs.len()),
    };
    let without = (without > 0 && !times.is_empty()).then(|| format!("{without} came to no recovery time."));
    let limit = limit.map(objective).map(|limit| {
        if drawn {
            format!("The dashed line is the objective, {limit}.")
        } else {
            format!("The objective is {limit}.")
        }
    });
    [Some(measured), without, limit].into_iter().flatten().collect::<Vec<_>>().join(" ")
}
