//! Files of drills, good and bad, and what their authors are told.

use std::path::Path;

use drillyard::definition::{self, Code, Settings, Severity};

#[test]
fn the_smallest_drill_needs_three_things() {
    let text = include_str!("definitions/good/minimal.yaml");
    let parsed =
        definition::parse(text, Path::new("tests/definitions/good/minimal.yaml"), &Settings::default());
    assert_eq!(parsed.faults, []);
    assert_eq!(parsed.drills.iter().map(|drill| drill.name.as_str()).collect::<Vec<_>>(), ["orders"]);
}

#[test]
fn a_syntax_error_ends_its_own_document_only() {
    let good = include_str!("definitions/good/minimal.yaml");
    let parsed =
        definition::parse(&format!("a: [1, 2\n---\n{good}"), Path::new("a.yaml"), &Settings::default());
    let errors: Vec<Code> =
        parsed.faults.iter().filter(|f| f.severity == Severity::Error).map(|f| f.code).collect();
    assert_eq!(errors, [Code::Syntax]);
    assert_eq!(parsed.drills.len(), 1);
}
