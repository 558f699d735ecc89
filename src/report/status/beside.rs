//! What is told beside the rows: files with errors, drills that no file defines, a daemon that is not there.

use jiff::Timestamp;

use super::row::{Row, ago};
use crate::model::{BrokenFile, Verdict};
use crate::record::visible::visible;
use crate::record::{Beside, RunSummary};

/// Above the files with errors.
pub(in crate::report) const BROKEN: &str = "Drill files with errors (`drillyard check` tells all)";
/// Above the drills that no file defines.
pub(in crate::report) const STRAYS: &str = "Ran lately, but no drill file here defines it";

/// `drills/shop.yaml, line 3`.
pub(in crate::report) fn place(file: &BrokenFile) -> String {
    format!("{}, line {}", visible(&file.file.display().to_string()), file.line)
}

/// `orders: passed 2 min ago`, `orders: started 5 s ago`.
pub(in crate::report) fn stray(run: &RunSummary, now: Timestamp) -> String {
    let verdict = run.verdict.map_or("started", Verdict::word);
    format!("{}: {verdict} {}", run.drill, ago(run.started_at, now))
}

/// That there are none, and where they were looked for; where files have errors, they are the reason.
pub(super) fn no_drills(beside: &Beside) -> String {
    if !beside.broken.is_empty() {
        return "No drill could be read.".to_owned();
    }
    let places: Vec<String> =
        beside.places.iter().map(|place| visible(&place.display().to_string())).collect();
    match places.as_slice() {
        [] => "No drills.".to_owned(),
        places => {
            format!(
                "No drills in {}; `drills: [FOLDER]` in drillyard.yaml says where they are.",
                places.join(", ")
            )
        }
    }
}

/// That what is due will not begin; `None` where there is a daemon, or nothing is ever due.
pub(super) fn nobody_starts(daemon: Option<bool>, rows: &[Row]) -> Option<String> {
    let missing = daemon == Some(false) && rows.iter().any(|row| row.scheduled);
    missing.then(|| "No daemon is running on this state directory: nothing will run by itself.".to_owned())
}
