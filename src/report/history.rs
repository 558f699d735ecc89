//! Past runs as a list.

use comfy_table::{Cell, CellAlignment, Color, ContentArrangement, Table, presets};
use serde::Serialize;
use serde_json::Value;

use super::Style;
use super::json::to_value;
use super::view::{Tone, tone};
use crate::model::Verdict;
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

/// A table of runs in the order given, or a line that says there are none.
pub fn history_text(runs: &[RunSummary], style: Style) -> String {
    if runs.is_empty() {
        return "No runs.\n".to_owned();
    }
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Dynamic);
    table.set_width(u16::try_from(style.width).unwrap_or(u16::MAX));
    table.set_header(["started", "drill", "verdict", "recovery time", "recovery point", "run"]);
    for run in runs {
        table.add_row(row(run, style));
    }
    for column in [3, 4] {
        if let Some(column) = table.column_mut(column) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    if style.colour {
        table.enforce_styling()
    } else {
        table.force_no_tty()
    };
    format!("{}\n", table.trim_fmt())
}

fn row(run: &RunSummary, style: Style) -> Vec<Cell> {
    let seconds = |value: Option<f64>| {
        let known = value.and_then(|seconds| std::time::Duration::try_from_secs_f64(seconds).ok());
        known.map_or_else(|| "–".to_owned(), duration)
    };
    let mut verdict = Cell::new(verdict(run));
    if style.colour {
        verdict = verdict.fg(run.verdict.map_or(Color::Reset, colour));
    }
    vec![
        Cell::new(run.started_at.strftime("%Y-%m-%d %H:%M")),
        Cell::new(run.drill.as_str()),
        verdict,
        Cell::new(seconds(run.time_to_verified_seconds)),
        Cell::new(seconds(run.recovery_point_age_seconds)),
        Cell::new(run.run.to_string()),
    ]
}

fn verdict(run: &RunSummary) -> String {
    let word = run.verdict.map_or("running", Verdict::word);
    let reason = run.reason.map_or_else(String::new, |reason| format!(" ({reason})"));
    let leaked = if run.leaked { ", leaked" } else { "" };
    format!("{word}{reason}{leaked}")
}

fn colour(verdict: Verdict) -> Color {
    match tone(verdict) {
        Tone::Good => Color::Green,
        Tone::Bad => Color::Red,
        Tone::Unsure => Color::Yellow,
    }
}
