//! What managers read: letters about runs as text, what must never get into one, and how large one may become.

#![allow(clippy::unwrap_used, clippy::panic)] // Helpers of tests are tests; clippy sees only `#[test]`.

#[path = "support/letters.rs"]
mod letters;
#[path = "support/stories.rs"]
mod stories;
#[path = "support/story.rs"]
mod story;

use drillyard::model::{Fact, Outcome, Reason};
use drillyard::report::mail::Letter;
use letters::{Told, all};

#[test]
fn each_story_has_its_letter() {
    for (name, told) in all() {
        let letter = told.letter();
        insta::assert_snapshot!(name, format!("Subject: {}\n\n{}", letter.subject, letter.text));
    }
}

#[test]
fn every_reason_has_a_subject_that_says_what_it_means_for_the_service() {
    for reason in Reason::ALL {
        let letter = letters::stopped_for(*reason).letter();
        let subject = &letter.subject;
        assert!(subject.starts_with("orders: ") && subject.ends_with(')'), "{subject}");
        assert!(subject.contains("NOT"), "{reason}: {subject} sounds well");
        assert!(subject.chars().count() <= 120, "{subject}");
    }
}

fn is_harmless(letter: &Letter) {
    assert!(letter.subject.chars().count() <= 120, "{}", letter.subject);
    let live = |c: &char| c.is_control() || ('\u{202a}'..='\u{202e}').contains(c) || *c == '\u{2028}';
    assert_eq!(letter.subject.chars().find(live), None, "{:?}", letter.subject);
    for part in [&letter.text, &letter.html] {
        assert_eq!(part.chars().find(|c| live(c) && *c != '\n'), None);
        assert!(!part.contains(&"x".repeat(500)), "a long name was not cut");
    }
    let html = letter.html.to_lowercase();
    for alive in ["<script", "onerror=document", "javascript:", "<iframe", "http://", "url("] {
        let quoted = html.replace("http://www.w3.org/1999/xhtml", "").replace("&#60;", "<");
        let seen = quoted.contains(alive) && html.contains(alive) && !only_as_text(&html, alive);
        assert!(!seen, "{alive} is alive");
    }
}

/// Whether a word stands only where a browser takes it for text: never inside a tag.
fn only_as_text(html: &str, word: &str) -> bool {
    let mut inside = false;
    let tags: String = html
        .chars()
        .filter(|c| {
            inside = match c {
                '<' => true,
                '>' => false,
                _ => inside,
            };
            inside
        })
        .collect();
    !tags.contains(word) && !html.contains(&format!("<{}", word.trim_start_matches('<')))
}

#[test]
fn h7_h9_no_name_and_no_error_injects_a_header_or_markup() {
    for corpus in letters::CORPUS {
        is_harmless(&letters::hostile(corpus).letter());
    }
    is_harmless(&Told::alone(stories::hostile()).letter());
}

#[test]
fn h10_a_letter_holds_nothing_remote() {
    for (name, told) in all() {
        let html = told.letter().html;
        let sources = html.matches("src=").count();
        assert_eq!(sources, html.matches("src=\"cid:chart\"").count(), "{name}");
        let links: Vec<&str> =
            html.split("href=\"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
        assert!(links.iter().all(|link| *link == "https://wiki.example/orders/restore"), "{name}: {links:?}");
        assert!(!html.contains("url(") && !html.contains("@import") && !html.contains("<link"), "{name}");
    }
}

#[test]
fn h11_a_difference_of_ten_megabytes_makes_a_letter_of_less_than_100_kb() {
    let told = letters::enormous();
    let bytes: usize =
        told.story.events().iter().map(|event| serde_json::to_string(event).unwrap().len()).sum();
    assert!(bytes > 10_000_000, "only {bytes} bytes of events");
    let letter = told.letter();
    let chart = letter.chart.as_ref().map_or(0, Vec::len) * 4 / 3;
    let whole = letter.text.len() + letter.html.len() + chart;
    assert!(whole < 100_000, "{whole} bytes");
    assert!(letter.text.contains("more, in the run's record"), "cut without a word:\n{}", letter.text);
}

#[test]
fn no_value_of_a_row_gets_into_a_letter() {
    let value = "ada@example.org";
    let found = drillyard::model::Finding {
        name: "newest customer".into(),
        kind: drillyard::model::CheckKind::Sql,
        expected: format!("= {value:?}"),
        observed: format!("{value:?} instead"),
        ..story::but(story::rows("1"), Outcome::Failed, Reason::CheckFailed, None)
    };
    let story = story::Story::restored()
        .with(|opening| {
            opening.checks[0].name = "newest customer".into();
            opening.checks[0].kind = drillyard::model::CheckKind::Sql;
        })
        .failed_phase(drillyard::model::Phase::Verify, 38_000, 41_200)
        .fact(38_300, story::finding(found))
        .torn_down();
    let rehearsed =
        drillyard::model::Rehearsed { difference: Some(letters::keys_shown(value)), ..letters::loses() };
    let told = Told::alone(story.fact(41_300, Fact::RehearsalFinished(Box::new(rehearsed))));
    let letter = told.letter();
    for part in [&letter.subject, &letter.text, &letter.html] {
        assert!(!part.contains("ada@"), "{part}");
    }
    assert!(letter.text.contains("newest customer"), "{}", letter.text);
}

#[test]
fn the_chart_shows_the_last_runs_and_only_where_there_are_some() {
    assert_eq!(Told::alone(stories::passed_with_everything()).letter().chart, None);
    let letter = letters::with_history(stories::passed_with_everything()).letter();
    let chart = letter.chart.unwrap();
    assert_eq!(&chart[..8], b"\x89PNG\r\n\x1a\n");
    assert!(chart.len() < 10_000, "{} bytes", chart.len());
    assert!(letter.html.contains("src=\"cid:chart\""));
    assert!(letter.text.contains("Recovery times of the last runs"), "{}", letter.text);
}
