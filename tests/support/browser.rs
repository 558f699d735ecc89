//! Pages in a real browser: what a reader's eyes and a browser's parser make of them.

#![allow(dead_code)] // Each test file uses its own part.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;
use std::process::{Command, Output};

use serde::Deserialize;

/// What `look.js` saw of one frame.
#[derive(Deserialize)]
pub struct Seen {
    pub frame: String,
    pub dark: bool,
    pub width: u32,
    pub needs: u32,
    pub active: u32,
    pub handlers: u32,
    pub links: Vec<String>,
    pub title: String,
    pub language: String,
    pub headings: u32,
    pub captionless: u32,
    pub faint: Vec<serde_json::Value>,
}

pub const DARK: &str = "--blink-settings=preferredColorScheme=0";

/// Opens the pages, each with its name, in frames of these widths and looks at each.
pub fn look(pages: &[(&str, String)], widths: &[u32], arguments: &[&str]) -> Vec<Seen> {
    let frame = |name: &str, page: &str, width: u32| {
        let source = page.replace('&', "&amp;").replace('"', "&quot;");
        format!(
            "<iframe id=\"{name}-{width}\" style=\"width:{width}px;height:3000px\" srcdoc=\"{source}\"></iframe>"
        )
    };
    let frames: String = pages
        .iter()
        .flat_map(|(name, page)| widths.iter().map(move |width| frame(name, page, *width)))
        .collect();
    let looks = include_str!("look.js");
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("frames.html");
    fs::write(&file, format!("<!doctype html><meta charset=utf-8><script>{looks}</script><body>{frames}"))
        .unwrap();
    let base = ["--dump-dom", "--virtual-time-budget=10000"];
    let output = chromium(folder.path(), &[&base[..], arguments].concat(), &file);
    let page = String::from_utf8(output.stdout).unwrap();
    let seen = page.split("<pre>").nth(1).and_then(|rest| rest.split("</pre>").next());
    let seen =
        seen.unwrap_or_else(|| panic!("no frame was looked at: {}", String::from_utf8_lossy(&output.stderr)));
    let unescaped =
        seen.replace("&lt;", "<").replace("&gt;", ">").replace("&nbsp;", "\u{a0}").replace("&amp;", "&");
    let seen: Vec<Seen> = serde_json::from_str(&unescaped).unwrap();
    assert_eq!(seen.len(), pages.len() * widths.len());
    seen
}

/// Chromium without a window, with a profile of its own.
fn chromium(folder: &Path, arguments: &[&str], page: &Path) -> Output {
    let profile = format!("--user-data-dir={}", folder.join("profile").display());
    let base = ["--headless", "--no-sandbox", "--disable-gpu", &profile];
    match Command::new("chromium").args(base).args(arguments).arg(page).output() {
        Err(error) if error.kind() == ErrorKind::NotFound => {
            panic!("chromium is not installed; install it with: apt-get install chromium")
        }
        other => other.unwrap(),
    }
}
