//! Letters and digests in a real browser: on a telephone and a desk, in the light and in the dark. `LETTERS=folder`
//! leaves the pages there, to be looked at.

#![allow(clippy::unwrap_used, clippy::panic)] // Helpers of tests are tests; clippy sees only `#[test]`.

#[path = "support/browser.rs"]
mod browser;
#[path = "support/letters.rs"]
mod letters;
#[path = "support/services.rs"]
mod services;
#[path = "support/stories.rs"]
mod stories;
#[path = "support/story.rs"]
mod story;

use browser::{DARK, Seen, look};
use drillyard::report::mail::Letter;

/// A picture of one pixel stands for the chart: what `cid:` names is a part of the mail, which a browser has not got.
const PIXEL: &str = "data:image/gif;base64,R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7";

fn shown(letter: &Letter) -> String {
    letter.html.replace("cid:chart", PIXEL)
}

fn pages() -> Vec<(&'static str, String)> {
    let letters = letters::all().into_iter().map(|(name, told)| (name, told.letter()));
    let digests = services::digests();
    let all: Vec<(&str, Letter)> = letters.chain(digests).collect();
    if let Some(folder) = std::env::var_os("LETTERS") {
        for (name, letter) in &all {
            let file = std::path::Path::new(&folder).join(format!("{name}.html"));
            std::fs::write(file, letter.html.replace("cid:chart", &format!("{name}.png"))).unwrap();
            if let Some(chart) = &letter.chart {
                std::fs::write(std::path::Path::new(&folder).join(format!("{name}.png")), chart).unwrap();
            }
        }
    }
    let hostile = letters::CORPUS[4..9].iter().map(|text| letters::hostile(text).letter());
    let hostile = hostile.map(|letter| ("hostile", shown(&letter)));
    all.iter().map(|(name, letter)| (*name, shown(letter))).chain(hostile).collect()
}

fn can_be_read(seen: &Seen) {
    assert!(seen.needs <= seen.width, "{}: {} px wide, needs {}", seen.frame, seen.width, seen.needs);
    assert_eq!((seen.headings, seen.language.as_str()), (1, "en"), "{}", seen.frame);
    assert!(seen.faint.is_empty(), "{}: contrast below 4.5: {:?}", seen.frame, seen.faint);
}

/// No more than the chart and the runbook.
fn is_dead(seen: &Seen) {
    assert!(seen.active <= 1, "{}: {} active elements", seen.frame, seen.active);
    assert_eq!(seen.handlers, 0, "{}", seen.frame);
    assert!(!seen.title.starts_with("owned"), "{}", seen.frame);
    let known = |link: &String| link == "https://wiki.example/orders/restore" || link == PIXEL;
    assert!(seen.links.iter().all(known), "{}: {:?}", seen.frame, seen.links);
}

#[test]
fn h9_a_letter_can_be_read_on_a_telephone_and_a_desk_and_nothing_hostile_comes_alive() {
    for seen in look(&pages(), &[360, 1000], &[]) {
        can_be_read(&seen);
        is_dead(&seen);
        assert!(!seen.dark);
    }
}

#[test]
fn a_letter_can_be_read_in_the_dark() {
    for seen in look(&pages(), &[360, 1000], &[DARK]) {
        assert!(seen.dark, "the browser was not in the dark");
        can_be_read(&seen);
    }
}
