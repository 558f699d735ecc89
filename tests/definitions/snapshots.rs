//! What the author of a bad file sees, word by word.

use std::fs;
use std::path::{Path, PathBuf};

use drillyard::definition::{self, Settings};

fn files(folder: &str) -> Vec<PathBuf> {
    let mut files: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

/// Compares what was told with what is told; paths in it are of every machine.
fn compare(name: &str, told: &str) {
    let here = std::env::current_dir().unwrap();
    let told = told.replace(here.to_str().unwrap(), "/repository");
    insta::with_settings!({ snapshot_path => "snapshots", prepend_module_to_snapshot => false }, {
        insta::assert_snapshot!(name, told);
    });
}

/// Every file of `bad`, as `drillyard check` tells it; a file of objectives alone has notes and no error.
#[test]
fn bad_files_are_told_with_place_and_remedy() {
    let files = files("tests/definitions/bad");
    assert!(files.len() >= 25, "only {} bad files", files.len());
    for file in files {
        let text = fs::read_to_string(&file).unwrap();
        let parsed = definition::parse(&text, &file, &Settings::default());
        assert!(!parsed.faults.is_empty(), "{} is good", file.display());
        let told = definition::render(&parsed.faults, |_| Some(text.clone()), false, 100);
        let drills: Vec<&str> = parsed.drills.iter().map(|drill| drill.name.as_str()).collect();
        let name = file.file_stem().unwrap().to_str().unwrap();
        compare(name, &format!("{told}\ndrills that may run: {drills:?}\n"));
    }
}

/// Every file of `bad_settings`; each is refused.
#[test]
fn bad_settings_are_told_with_place_and_remedy() {
    let files = files("tests/definitions/bad_settings");
    assert!(files.len() >= 7, "only {} bad settings", files.len());
    for file in files {
        let text = fs::read_to_string(&file).unwrap();
        let (_, faults) = definition::settings::parse(&text, &file);
        assert!(faults.iter().any(definition::Fault::is_error), "{} is good", file.display());
        let name = file.file_stem().unwrap().to_str().unwrap();
        compare(
            &format!("settings-{name}"),
            &definition::render(&faults, |_| Some(text.clone()), false, 100),
        );
    }
}

#[test]
fn colour_is_used_only_when_asked_for() {
    let text = fs::read_to_string("tests/definitions/bad/spelling.yaml").unwrap();
    let parsed = definition::parse(&text, Path::new("spelling.yaml"), &Settings::default());
    let drawn = |colour| definition::render(&parsed.faults, |_| Some(text.clone()), colour, 80);
    assert!(drawn(true).contains('\u{1b}'));
    assert!(!drawn(false).contains('\u{1b}'));
}

/// As an editor counts them, and as the JSON does: an umlaut has two bytes, what covers a secret three.
#[test]
fn columns_count_characters() {
    let text = "drill: shöp\nlabels: { ü: x, password: hunter2, ö: [] }\n";
    let parsed = definition::parse(text, Path::new("shop.yaml"), &Settings::default());
    let told = definition::render(&parsed.faults, |_| Some(text.to_owned()), false, 100);
    for fault in parsed.faults.iter().filter(|fault| !fault.is_of_file()) {
        assert!(told.contains(&format!("shop.yaml:{}:{}]", fault.line, fault.column)), "{told}");
    }
    assert!(told.contains("shop.yaml:2:39]"), "{told}");
}

#[test]
fn programs_get_the_same_faults_as_json() {
    let text = fs::read_to_string("tests/definitions/bad/objectives.yaml").unwrap();
    let parsed = definition::parse(&text, Path::new("objectives.yaml"), &Settings::default());
    insta::with_settings!({ snapshot_path => "snapshots", prepend_module_to_snapshot => false }, {
        insta::assert_json_snapshot!("json", definition::to_json(&parsed.faults));
    });
}
