//! One page about one run, to be kept, printed and passed on: no script, nothing remote, nothing to be taken apart.
//!
//! The template escapes everything; `view` has made it harmless before. What is long is cut and says so, because a page
//! that nobody can open or mail helps nobody; the JSON holds everything.

use askama::Template;

use super::view::{ClockRow, Fact, Tone, View};
use crate::record::{Conclusion, RunRecord};

/// Rows of checks, or of rehearsals, on a page; what did not pass comes first where there are more.
const MOST_CHECKS: usize = 60;
/// Rows of restore errors on a page, fatal ones first.
const MOST_ERRORS: usize = 20;
/// Items of any list on a page.
const MOST_ITEMS: usize = 30;

#[derive(Template)]
#[template(path = "run.html", config = "src/report/askama.toml")]
struct RunPage {
    view: View,
    more_checks: usize,
    more_errors: usize,
    more_rehearsals: usize,
    lists: Vec<List>,
}

/// A heading and its sentences.
struct List {
    heading: &'static str,
    items: Vec<String>,
}

/// The page. Never fails: a template without filters of ours has nothing to fail on, and a failure would be said.
pub fn html(record: &RunRecord, conclusion: &Conclusion) -> String {
    let mut view = View::of(record, conclusion);
    let more_checks = view.checks.len().saturating_sub(MOST_CHECKS);
    if more_checks > 0 {
        view.checks.sort_by_key(|row| row.tone == Tone::Good);
        view.checks.truncate(MOST_CHECKS);
    }
    let more_errors = view.restore_errors.len().saturating_sub(MOST_ERRORS);
    view.restore_errors.truncate(MOST_ERRORS);
    let more_rehearsals = view.rehearsals.len().saturating_sub(MOST_CHECKS);
    if more_rehearsals > 0 {
        view.rehearsals.sort_by_key(|row| row.tone == Tone::Good);
        view.rehearsals.truncate(MOST_CHECKS);
    }
    view.cleanup.items = shortened(std::mem::take(&mut view.cleanup.items));
    let lists = [
        ("Not verified", std::mem::take(&mut view.not_verified)),
        ("Warnings", std::mem::take(&mut view.warnings)),
        ("Not comparable with production", std::mem::take(&mut view.not_comparable)),
        ("Roles created without login", std::mem::take(&mut view.roles_created)),
    ];
    let lists = lists.into_iter().filter(|(_, items)| !items.is_empty());
    let lists = lists.map(|(heading, items)| List { heading, items: shortened(items) }).collect();
    let page = RunPage { view, more_checks, more_errors, more_rehearsals, lists };
    page.render().unwrap_or_else(|error| format!("<!doctype html><title>Drillyard</title><p>{error}"))
}

fn shortened(mut items: Vec<String>) -> Vec<String> {
    let more = items.len().saturating_sub(MOST_ITEMS);
    items.truncate(MOST_ITEMS);
    items.extend((more > 0).then(|| format!("and {more} more, in the JSON of this run")));
    items
}

impl RunPage {
    /// The clocks that a manager asks for: the judged recovery time, what would be lost now, what could be lost.
    fn cards(&self) -> Vec<(&'static str, &ClockRow)> {
        let times = &self.view.recovery_time;
        let judged = times.iter().find(|row| row.objective.is_some()).or(times.last());
        let mut cards: Vec<_> = judged.map(|row| ("Recovery time", row)).into_iter().collect();
        cards.extend(["Recovery point age", "Worst exposure"].into_iter().zip(&self.view.recovery_point));
        cards
    }

    fn clock_groups(&self) -> [(&'static str, &[ClockRow]); 2] {
        [("Recovery time", &self.view.recovery_time), ("Recovery point", &self.view.recovery_point)]
    }

    fn fact_groups(&self) -> [(&'static str, &[Fact]); 3] {
        [("Run", &self.view.about), ("Backup", &self.view.backup), ("Sandbox", &self.view.sandbox)]
    }
}
