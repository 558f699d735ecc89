//! What people and programs see of runs, as snapshots: each story as text and as JSON.

#[path = "support/stories.rs"]
mod stories;
#[path = "support/story.rs"]
mod story;

use drillyard::record::RunSummary;
use drillyard::report::{self, Style};

const NARROW: Style = Style { colour: false, width: 80 };
const WIDE: Style = Style { colour: false, width: 120 };

#[test]
fn each_story_is_told_in_80_columns() {
    for (name, story) in stories::all() {
        let (record, conclusion) = story.concluded();
        insta::assert_snapshot!(format!("{name}_80"), report::text(&record, &conclusion, NARROW));
    }
}

#[test]
fn wide_terminals_are_used() {
    for (name, story) in
        stories::all().into_iter().filter(|(name, _)| ["passed", "restore_errors"].contains(name))
    {
        let (record, conclusion) = story.concluded();
        insta::assert_snapshot!(format!("{name}_120"), report::text(&record, &conclusion, WIDE));
    }
}

#[test]
fn each_story_is_told_to_programs() {
    for (name, story) in stories::all() {
        let (record, conclusion) = story.concluded();
        insta::assert_json_snapshot!(format!("{name}_json"), report::json(&record, &conclusion));
    }
}

#[test]
fn history_lists_every_story() {
    let runs: Vec<RunSummary> = stories::all()
        .iter()
        .map(|(_, story)| {
            let (record, conclusion) = story.concluded();
            RunSummary::of(&record, &conclusion)
        })
        .collect();
    insta::assert_snapshot!("history_80", report::history_text(&runs, NARROW));
    insta::assert_snapshot!("history_140", report::history_text(&runs, Style { width: 140, ..WIDE }));
    insta::assert_json_snapshot!("history_json", report::history_json(&runs[..2]));
    assert_eq!(report::history_text(&[], NARROW), "No runs.\n");
}
