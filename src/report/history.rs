//! Past runs as a list.

use std::iter::once;
use std::time::Duration;

use serde::Serialize;
use serde_json::Value;

use super::Style;
use super::json::to_value;
use super::page::{Cell, Page, Paint, painted, plain};
use super::view::tone;
use crate::model::{Reason, Verdict};
use crate::record::RunSummary;
use crate::record::sentence::duration;

/// The document `drillyard/history/1`: the runs in the order given, each as [`RunSummary`] serialises.
pub fn history_json(runs: &[RunSummary]) -> Value {
    #[derive(Serialize)]
    struct History<'a> {
        schema: &'static str,
        runs: &'a [RunSummary],
    }
    to_value(&History { schema: "drillyard/history/1", runs })
}

/// Columns that a run takes on one line beside its drill's name and its verdict.
const BESIDES: usize = 81;

/// A table of runs in the order given, or a line that says there are none. On a narrow terminal a run takes two lines,
/// so that its identity is never broken; for a program (a width without end) it is always one.
pub fn history_text(runs: &[RunSummary], style: Style) -> String {
    if runs.is_empty() {
        return "No runs.\n".to_owned();
    }
    let mut page = Page::wide(style);
    let drill = runs.iter().map(|run| run.drill.as_str().len()).max().unwrap_or(0);
    let verdict = runs.iter().map(|run| verdict_words(run).len()).max().unwrap_or(0);
    if style.width >= BESIDES + drill + verdict {
        let head = ["started", "drill", "verdict", "recovery time", "recovery point", "run"];
        page.columns(once(heading(&head)).chain(runs.iter().map(line)).collect());
    } else {
        let head = [
            heading(&["started", "drill", "verdict", "recovery time", "recovery point"]),
            below("run, reason"),
        ];
        page.columns(head.into_iter().chain(runs.iter().flat_map(two_lines)).collect());
    }
    page.finish()
}

fn heading(words: &[&str]) -> Vec<Cell> {
    words.iter().map(|word| painted(*word, Paint::Dim)).collect()
}

fn below(text: impl Into<String>) -> Vec<Cell> {
    vec![plain(""), painted(text, Paint::Dim)]
}

fn line(run: &RunSummary) -> Vec<Cell> {
    let [time, point] = clocks(run);
    let verdict = painted(verdict_words(run), tone_of(run));
    vec![started(run), plain(run.drill.as_str()), verdict, time, point, plain(run.run.to_string())]
}

fn two_lines(run: &RunSummary) -> [Vec<Cell>; 2] {
    let [time, point] = clocks(run);
    let verdict = painted(run.verdict.map_or("running", Verdict::word), tone_of(run));
    let first = vec![started(run), plain(run.drill.as_str()), verdict, time, point, plain("")];
    let second = once(run.run.to_string()).chain(because(run).into_iter().map(str::to_owned));
    [first, below(second.collect::<Vec<_>>().join(", "))]
}

/// What never began is told by the instant at which it was due, not by the one at which that was written down.
fn started(run: &RunSummary) -> Cell {
    let began = !matches!(run.verdict, Some(Verdict::Missed | Verdict::Skipped));
    let at = run.due_at.filter(|_| !began).unwrap_or(run.started_at);
    plain(at.strftime("%Y-%m-%d %H:%M").to_string())
}

fn verdict_words(run: &RunSummary) -> String {
    let word = run.verdict.map_or("running", Verdict::word);
    once(word).chain(because(run)).collect::<Vec<_>>().join(", ")
}

fn because(run: &RunSummary) -> Vec<&'static str> {
    run.reason.map(Reason::word).into_iter().chain(run.leaked.then_some("leaked")).collect()
}

fn tone_of(run: &RunSummary) -> Paint {
    run.verdict.map_or(Paint::Plain, |verdict| Paint::Tone(tone(verdict)))
}

fn clocks(run: &RunSummary) -> [Cell; 2] {
    let seconds = |value: Option<f64>| {
        let known = value.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
        known.map_or_else(|| "–".to_owned(), duration)
    };
    let time = seconds(run.time_to_verified_seconds);
    [plain(format!("{time:>13}")), plain(format!("{:>14}", seconds(run.recovery_point_age_seconds)))]
}
