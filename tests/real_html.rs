//! The page of a run in a real browser: nothing overflows, nothing hostile comes alive, everything can be read.

#![allow(clippy::unwrap_used, clippy::panic)] // Helpers of tests are tests; clippy sees only `#[test]`.

#[path = "support/stories.rs"]
mod stories;
#[path = "support/story.rs"]
mod story;

use std::fs;
use std::io::ErrorKind;
use std::process::Command;

use drillyard::report;
use serde::Deserialize;

/// What `support/look.js` saw of one frame.
#[derive(Deserialize)]
struct Seen {
    frame: String,
    dark: bool,
    width: u32,
    needs: u32,
    active: u32,
    handlers: u32,
    links: Vec<String>,
    title: String,
    language: String,
    headings: u32,
    captionless: u32,
    faint: Vec<serde_json::Value>,
}

fn page(name: &str) -> String {
    let story = if name == "hostile" { Some(stories::hostile()) } else { None };
    let story = story
        .or_else(|| stories::all().into_iter().find(|(n, _)| *n == name).map(|(_, story)| story))
        .unwrap();
    let (record, conclusion) = story.concluded();
    report::html(&record, &conclusion)
}

const PAGES: [&str; 6] =
    ["passed", "failed_check", "engine_unreachable", "restore_errors", "leaked", "hostile"];

/// Opens the pages in frames of these widths and looks at each.
fn look(widths: &[u32], arguments: &[&str]) -> Vec<Seen> {
    let frame = |name: &str, width: u32| {
        let source = page(name).replace('&', "&amp;").replace('"', "&quot;");
        format!(
            "<iframe id=\"{name}-{width}\" style=\"width:{width}px;height:3000px\" srcdoc=\"{source}\"></iframe>"
        )
    };
    let frames: String =
        PAGES.iter().flat_map(|name| widths.iter().map(move |width| frame(name, *width))).collect();
    let looks = include_str!("support/look.js");
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("frames.html");
    fs::write(&file, format!("<!doctype html><meta charset=utf-8><script>{looks}</script><body>{frames}"))
        .unwrap();
    let profile = format!("--user-data-dir={}", folder.path().join("profile").display());
    let base = ["--headless", "--no-sandbox", "--disable-gpu", "--dump-dom", "--virtual-time-budget=10000"];
    let output = Command::new("chromium").args(base).arg(profile).args(arguments).arg(&file).output();
    let output = match output {
        Err(error) if error.kind() == ErrorKind::NotFound => {
            panic!("chromium is not installed; install it with: apt-get install chromium")
        }
        other => other.unwrap(),
    };
    let page = String::from_utf8(output.stdout).unwrap();
    let seen = page.split("<pre>").nth(1).and_then(|rest| rest.split("</pre>").next());
    let seen =
        seen.unwrap_or_else(|| panic!("no frame was looked at: {}", String::from_utf8_lossy(&output.stderr)));
    let unescaped =
        seen.replace("&lt;", "<").replace("&gt;", ">").replace("&nbsp;", "\u{a0}").replace("&amp;", "&");
    let seen: Vec<Seen> = serde_json::from_str(&unescaped).unwrap();
    assert_eq!(seen.len(), PAGES.len() * widths.len());
    seen
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
    for seen in look(&[320, 360, 700, 1000], &[]) {
        can_be_read(&seen);
        is_dead(&seen);
        assert!(!seen.dark);
        assert_eq!(seen.links.len(), usize::from(!seen.frame.starts_with("hostile")), "{}", seen.frame);
    }
}

#[test]
fn a_page_can_be_read_in_the_dark() {
    for seen in look(&[360, 1000], &["--blink-settings=preferredColorScheme=0"]) {
        assert!(seen.dark, "the browser was not in the dark");
        can_be_read(&seen);
    }
}
