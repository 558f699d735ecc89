//! The page of a run in a real browser: nothing overflows, nothing hostile comes alive, everything can be read.

#![allow(clippy::unwrap_used, clippy::panic)] // Helpers of tests are tests; clippy sees only `#[test]`.

#[path = "support/browser.rs"]
mod browser;
#[path = "support/stories.rs"]
mod stories;
#[path = "support/story.rs"]
mod story;

use browser::{DARK, Seen, look};
use drillyard::report;

fn page(name: &str) -> String {
    let story = if name == "hostile" { Some(stories::hostile()) } else { None };
    let story = story
        .or_else(|| stories::all().into_iter().find(|(n, _)| *n == name).map(|(_, story)| story))
        .unwrap();
    let (record, conclusion) = story.concluded();
    report::html(&record, &conclusion)
}

fn pages() -> Vec<(&'static str, String)> {
    ["passed", "failed_check", "engine_unreachable", "restore_errors", "leaked", "rollback_loses", "hostile"]
        .map(|name| (name, page(name)))
        .into()
}

fn can_be_read(seen: &Seen) {
    assert!(seen.needs <= seen.width, "{}: {} px wide, needs {}", seen.frame, seen.width, seen.needs);
    assert_eq!((seen.headings, seen.captionless, seen.language.as_str()), (1, 0, "en"), "{}", seen.frame);
    assert!(seen.faint.is_empty(), "{}: contrast below 4.5: {:?}", seen.frame, seen.faint);
}

fn is_dead(seen: &Seen) {
    assert_eq!((seen.active, seen.handlers), (0, 0), "{}", seen.frame);
    assert!(!seen.title.starts_with("owned"), "{}", seen.frame);
    assert!(seen.links.iter().all(|link| link == "https://wiki.example/orders/restore"), "{:?}", seen.links);
}

#[test]
fn h9_a_page_can_be_read_on_a_telephone_and_a_desk_and_nothing_hostile_comes_alive() {
    for seen in look(&pages(), &[320, 360, 700, 1000], &[]) {
        can_be_read(&seen);
        is_dead(&seen);
        assert!(!seen.dark);
        assert_eq!(seen.links.len(), usize::from(!seen.frame.starts_with("hostile")), "{}", seen.frame);
    }
}

#[test]
fn a_page_can_be_read_in_the_dark() {
    for seen in look(&pages(), &[360, 1000], &[DARK]) {
        assert!(seen.dark, "the browser was not in the dark");
        can_be_read(&seen);
    }
}
