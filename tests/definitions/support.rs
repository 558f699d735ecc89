//! What these tests share: reading a text as if it were a file beside the examples.

use std::path::Path;

use drillyard::definition::{self, Code, Fault, Parsed, Settings};

pub const FULL: &str = include_str!("good/full.yaml");
pub const LATER: &str = include_str!("good/later.yaml");
pub const SNAPSHOT: &str = include_str!("good/snapshot.yaml");
pub const REHEARSED: &str = include_str!("good/rehearsed.yaml");
pub const MINIMAL: &str = include_str!("good/minimal.yaml");

/// A file that need not exist: only what a drill names must.
pub const FILE: &str = "tests/definitions/good/drill.yaml";

pub fn parse(text: &str) -> Parsed {
    definition::parse(text, Path::new(FILE), &Settings::default())
}

pub fn codes(faults: &[Fault]) -> Vec<Code> {
    faults.iter().map(|fault| fault.code).collect()
}

pub fn render(faults: &[Fault], text: &str) -> String {
    definition::render(faults, |_| Some(text.to_owned()), false, 100)
}
