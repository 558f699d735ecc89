//! What managers read: letters about runs as text, what must never get into one, and how large one may become.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // Helpers of tests are tests; clippy sees only `#[test]`.

#[path = "support/letters.rs"]
mod letters;
#[path = "support/smtp.rs"]
mod smtp;
#[path = "support/stories.rs"]
mod stories;
#[path = "support/story.rs"]
mod story;
#[path = "support/venv.rs"]
mod venv;

use drillyard::model::{Fact, Outcome, Reason, Verdict};
use drillyard::notify::eml::{self, Head};
use drillyard::report::mail::Letter;
use drillyard::report::{self, Style};
use letters::{Told, all};
use lettre::message::Mailbox;
use serde_json::{Value, json};

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
    assert!(letter.chart.is_some(), "the largest letter has a picture");
    let whole = as_sent(&letter).len();
    assert!(whole < 100_000, "{whole} bytes");
    assert!(letter.text.contains("more, in the run's record"), "cut without a word:\n{}", letter.text);
}

/// Every part as it is encoded, and all headers.
fn as_sent(letter: &Letter) -> String {
    let from: Mailbox = "Drillyard <drills@example.com>".parse().unwrap();
    let to = ["cto@example.com".parse().unwrap()];
    let date = "2026-11-21T04:00:00Z".parse().unwrap();
    eml::whole(&Head { from: &from, to: &to, date, message_id: "<01K.ab@example.com>", about: "01K" }, letter)
        .unwrap()
}

/// What Python's parser makes of them.
#[test]
fn every_letter_as_it_is_sent_holds_its_text_beside_its_page_and_its_page_beside_its_picture() {
    let mut letters: Vec<Letter> = all().into_iter().map(|(_, told)| told.letter()).collect();
    letters.push(letters::enormous().letter());
    let folder = tempfile::TempDir::new().unwrap();
    let files: Vec<_> =
        (0..letters.len()).map(|number| folder.path().join(format!("{number}.eml"))).collect();
    for (file, letter) in files.iter().zip(&letters) {
        std::fs::write(file, as_sent(letter)).unwrap();
    }
    let (mut with, mut without) = (0, 0);
    for (letter, seen) in letters.iter().zip(smtp::look_at(&files)) {
        let said = &letter.subject;
        assert_eq!((&seen["defects"], &seen["bare"]), (&json!([]), &json!(0)), "{said}");
        let text = |part: &Value| part["text"].as_str().unwrap().replace("\r\n", "\n");
        let (plain, page) = (&seen["parts"][0], &seen["parts"][1]);
        assert!(text(plain) == letter.text && text(page) == letter.html, "{said}: another text");
        let Some(chart) = &letter.chart else {
            without += 1;
            assert_eq!(seen["shape"], json!(["multipart/alternative", "text/plain", "text/html"]), "{said}");
            continue;
        };
        with += 1;
        let shape = ["multipart/alternative", "text/plain", "multipart/related", "text/html", "image/png"];
        assert_eq!(seen["shape"], json!(shape), "{said}");
        let picture = &seen["parts"][2];
        assert_eq!((&picture["id"], &picture["bytes"]), (&json!("<chart>"), &json!(chart.len())), "{said}");
        assert!(text(page).contains("src=\"cid:chart\""), "{said}");
    }
    assert!(with > 2 && without > 2, "{with} letters with a picture, {without} without");
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

#[test]
fn a_recovery_point_is_judged_only_where_the_recovery_was_whole() {
    let bad = "the backup is not whole";
    let open = "the backup was not proven";
    for (story, why) in [
        (stories::truncated(), bad),
        (stories::failed_check(), bad),
        (stories::restore_errors(), bad),
        (stories::empty_backup(), bad),
        (stories::engine_unreachable(), open),
        (stories::cancelled(), open),
        (stories::aborted(), open),
        (stories::missed(), open),
        (too_slow_to_restore(), open),
        (
            stories::passed_with_everything().choosing(|c| c.chosen_by_hand = true),
            "a person chose this backup",
        ),
    ] {
        let (record, conclusion) = story.concluded();
        let letter = Told::alone(story).letter();
        for clock in ["recovery_point_age", "worst_exposure"] {
            let clock = &report::json(&record, &conclusion)["clocks"][clock];
            assert!(clock["met"].is_null(), "{why}: {clock}");
            assert!(clock["objective_seconds"].is_null() || clock["not_judged"] == why, "{why}: {clock}");
        }
        let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
        let text = words(&report::text(&record, &conclusion, Style { colour: false, width: 120 }));
        let page = words(&report::html(&record, &conclusion));
        for told in [&text, &page] {
            assert!(told.contains(&format!("not judged, because {why}")), "{why}: {told}");
        }
        for told in [&letter.text, &letter.html] {
            assert!(!told.contains("meets the objective"), "{why}: {told}");
            assert!(!told.contains("has no objective for it"), "{why}: {told}");
        }
        // Of what was proven bad a mail says more: that more is lost.
        let said = if why == bad { "more is lost.|No backup was read." } else { why };
        let mail = words(&letter.text);
        assert!(said.split('|').any(|said| mail.contains(said)), "{why}: {mail}");
    }
}

/// Stopped in the restore, after its objective had passed.
fn too_slow_to_restore() -> story::Story {
    use drillyard::model::Phase;
    story::Story::begun()
        .located()
        .provisioned()
        .failed_phase(Phase::Restore, 5240, 1_900_000)
        .stopped(1_900_000, Reason::RtoMissed, Phase::Restore, "still restoring after 30 min", None)
        .torn_down()
}

#[test]
fn a_rehearsal_that_could_not_find_out_takes_nothing_back_from_the_recovery() {
    let told = Told::alone(stories::rehearsal_errored());
    let (_, conclusion) = told.story.concluded();
    assert_eq!(conclusion.verdict, Verdict::Errored);
    assert_eq!(conclusion.clocks.recovery_point_age.met(), Some(true));
    let text = told.letter().text;
    assert!(text.contains("It meets the") && !text.contains("not proven"), "{text}");
}

#[test]
fn the_same_backup_again_is_worse_only_where_a_newer_one_should_have_come() {
    let again = "The same backup as last time";
    let changes = |told: Told| {
        let text = told.letter().text.split_whitespace().collect::<Vec<_>>().join(" ");
        let worse = text.contains(&format!("worse {again}"));
        (text.contains(again), worse)
    };
    let before = stories::passed_with_everything;
    let twice = |story| Told::alone(story).after(before()).same_backup();
    assert_eq!(changes(twice(before())), (true, false), "an hour old, of one a day");
    assert_eq!(changes(twice(letters::overdue())), (true, true), "25 h old, of one a day");
    let strict = |opening: &mut drillyard::model::event::RunStarted| {
        opening.objectives.rpo = Some(std::time::Duration::from_mins(30));
    };
    assert_eq!(changes(twice(before().with(strict))), (true, true), "older than may be lost");

    let first = stories::scheduled(stories::engine_unreachable());
    let retried = Told { previous: Some(first), ..Told::alone(stories::waited(before())) };
    assert_eq!(changes(retried), (false, false), "another attempt at the same instant");
}

#[test]
fn one_check_is_no_checks() {
    let told = Told::alone(stories::failed_check().with(|opening| opening.checks.truncate(1)).without(
        |fact| matches!(fact, Fact::CheckFinished(finding) if finding.name != "rows public.orders"),
    ));
    let letter = told.letter();
    assert!(letter.subject.contains("1 of 1 check failed"), "{}", letter.subject);
    assert!(told.story.concluded().1.sentence.contains("1 of 1 check failed: rows"));
    let text = letter.text.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(text.contains("0 of 1 check passed"), "{text}");
}
