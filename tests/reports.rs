//! What people and programs see of runs, as snapshots: each story as text and as JSON.

#![allow(clippy::unwrap_used, clippy::panic)] // Helpers of tests are tests; clippy sees only `#[test]`.

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

#[test]
fn j9_control_characters_reach_no_terminal_and_no_page() {
    let (record, conclusion) = stories::hostile().concluded();
    let style = Style { colour: false, width: 80 };
    let told = [report::text(&record, &conclusion, style), report::html(&record, &conclusion)];
    for told in &told {
        let live = |c: &char| (c.is_control() && *c != '\n') || ('\u{202a}'..='\u{202e}').contains(c);
        assert_eq!(told.chars().find(live), None);
        assert!(["⟨U+001B⟩", "⟨U+0007⟩", "⟨U+202E⟩"].iter().all(|mark| told.contains(mark)));
        assert!(!told.contains(&"x".repeat(1001)));
    }
    assert!(told[0].contains("<script>"), "a terminal has no markup to fear");
    assert!(!told[1].contains("<script") && !told[1].contains("<img"), "a page has");
}

#[test]
fn h11_a_page_stays_small_however_much_a_run_found() {
    use drillyard::model::event::{PlannedCheck, RestoreErrorClass::Harmless};
    use drillyard::model::{CheckKind, Fact, Finding};
    let name = |n: usize| format!("rows reporting.monthly_statement_of_customer_accounts_{n}");
    let mut story = stories::passed_with_everything().with(|opening| {
        opening.checks.extend((0..500).map(|n| PlannedCheck { name: name(n), kind: CheckKind::Rows }));
    });
    for n in 0..500 {
        story = story
            .fact(39_000, story::finding(Finding { name: name(n), ..story::rows("300000") }))
            .fact(
                39_000,
                story::restore_errors("42P06", &name(n), "already exists", 1, Harmless("known".into())),
            )
            .fact(39_000, Fact::Warned { what: name(n) });
    }
    let (record, conclusion) = story.concluded();
    let page = report::html(&record, &conclusion);
    assert!(page.len() < 100_000, "{} bytes", page.len());
    assert!(page.contains("and 443 more, in the JSON of this run"), "cut without a word");
}

#[test]
fn a_runbook_is_a_link_only_where_a_browser_may_follow_it() {
    for (runbook, linked) in [
        ("https://wiki.example/a", true),
        ("http://wiki.example/a", true),
        ("javascript:alert(1)", false),
        ("data:text/html,x", false),
        ("file:///etc/passwd", false),
        ("https://wiki.example/a b", false),
        ("Ask Ada", false),
    ] {
        let (record, conclusion) =
            stories::kept().with(|opening| opening.runbook = Some(runbook.into())).concluded();
        assert_eq!(report::html(&record, &conclusion).contains("<a href="), linked, "{runbook}");
    }
}
