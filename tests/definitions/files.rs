//! Files and folders of drills: all are found, each name is one drill, one bad file keeps no other from being read.

use std::fs;
use std::path::{Path, PathBuf};

use drillyard::definition::{self, Code, Settings};

use crate::support::{FULL, MINIMAL, codes, parse};

fn names(parsed: &definition::Parsed) -> Vec<&str> {
    parsed.drills.iter().map(|drill| drill.name.as_str()).collect()
}

#[test]
fn every_drill_of_the_repository_can_run() {
    let files: Vec<PathBuf> = fs::read_dir("drills").unwrap().map(|entry| entry.unwrap().path()).collect();
    let yaml = files.into_iter().filter(|file| file.extension().is_some_and(|extension| extension == "yaml"));
    for file in yaml {
        let loaded = definition::load(std::slice::from_ref(&file), &Settings::default());
        let errors: Vec<_> = loaded.faults.iter().filter(|fault| fault.is_error()).collect();
        assert!(errors.is_empty(), "{errors:#?}");
        assert!(!loaded.drills.is_empty(), "{} has no drill", file.display());
    }
}

#[test]
fn folders_are_read_at_any_depth_without_what_is_hidden() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, drill: &str| {
        let file = folder.path().join(name);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, MINIMAL.replace("drill: orders", &format!("drill: {drill}"))).unwrap();
    };
    write("one.yaml", "one");
    write("two.yml", "two");
    write("team/three.yaml", "three");
    write(".git/four.yaml", "four");
    write(".five.yaml", "five");
    write("six.yaml.orig", "six");
    write("drillyard.yaml", "seven");
    let settings = Settings { file: Some(folder.path().join("drillyard.yaml")), ..Settings::default() };
    let loaded = definition::load(&[folder.path().to_owned()], &settings);
    assert_eq!(loaded.faults, []);
    assert_eq!(names(&loaded), ["one", "three", "two"]);
    // What is named is read, whatever it is called, and once.
    let named = folder.path().join("six.yaml.orig");
    assert_eq!(names(&definition::load(&[named.clone(), named], &settings)), ["six"]);
}

#[test]
fn i5_two_drills_of_one_name_are_both_refused_and_both_files_named() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("a.yaml"), MINIMAL).unwrap();
    fs::write(folder.path().join("b.yaml"), MINIMAL).unwrap();
    fs::write(folder.path().join("c.yaml"), MINIMAL.replace("drill: orders", "drill: other")).unwrap();
    let loaded = definition::load(&[folder.path().to_owned()], &Settings::default());
    assert_eq!(names(&loaded), ["other"]);
    assert_eq!(codes(&loaded.faults), [Code::DuplicateDrill, Code::DuplicateDrill]);
    for (fault, file) in loaded.faults.iter().zip(["a.yaml", "b.yaml"]) {
        assert!(fault.file.ends_with(file));
        assert!(fault.message.contains("a.yaml") && fault.message.contains("b.yaml"), "{}", fault.message);
    }
}

#[test]
fn two_drills_of_one_name_in_one_file_are_both_refused() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("a.yaml");
    fs::write(&file, format!("{MINIMAL}---\n{MINIMAL}")).unwrap();
    let loaded = definition::load(&[file], &Settings::default());
    assert!(loaded.drills.is_empty());
    assert_eq!(codes(&loaded.faults), [Code::DuplicateDrill, Code::DuplicateDrill]);
    let lines: Vec<usize> = loaded.faults.iter().map(|fault| fault.line).collect();
    assert_eq!(lines, [1, 7]);
}

#[test]
fn a_faulty_drill_keeps_its_name_from_another() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("a.yaml");
    fs::write(&file, format!("{MINIMAL}---\n{}", MINIMAL.replace("checks", "chekcs"))).unwrap();
    let loaded = definition::load(&[file], &Settings::default());
    assert!(loaded.drills.is_empty());
    assert_eq!(codes(&loaded.faults), [Code::UnknownKey, Code::DuplicateDrill, Code::DuplicateDrill]);
}

#[test]
fn a_path_that_is_not_there_is_a_fault() {
    let loaded = definition::load(&[PathBuf::from("/nowhere/at-all.yaml")], &Settings::default());
    assert_eq!(codes(&loaded.faults), [Code::Unreadable]);
}

#[test]
fn a_faulty_document_keeps_no_other_from_being_read() {
    let second = MINIMAL.replace("checks", "chekcs").replace("drill: orders", "drill: second");
    let text = format!("{MINIMAL}---\n{second}---\n{}", MINIMAL.replace("drill: orders", "drill: third"));
    let parsed = parse(&text);
    assert_eq!(codes(&parsed.faults), [Code::UnknownKey]);
    assert_eq!(names(&parsed), ["orders", "third"]);
    assert_eq!(parsed.faults[0].line, 10);
}

#[test]
fn a_drill_s_digest_is_of_its_own_document() {
    let digest = |text: &str| parse(text).drills[0].text_sha256.clone();
    let alone = digest(MINIMAL);
    assert_eq!(alone.len(), 64);
    assert_eq!(digest(&format!("{MINIMAL}---\n{FULL}")), alone, "another document is not this drill");
    assert_eq!(digest(&format!("# A comment before it.\n{MINIMAL}")), alone);
    assert_ne!(digest(&MINIMAL.replace("1000", "1001")), alone);
}

#[test]
fn a_drill_remembers_the_file_that_it_was_named_by() {
    assert_eq!(parse(MINIMAL).drills[0].file, Path::new(crate::support::FILE));
}

#[test]
fn a_former_name_that_another_drill_has_now_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let renamed = MINIMAL.replace("drill: orders", "drill: shop\nwas: orders");
    fs::write(folder.path().join("shop.yaml"), &renamed).unwrap();
    let load = || definition::load(&[folder.path().to_owned()], &Settings::default());
    assert_eq!((load().faults, load().drills.len()), (vec![], 1));
    fs::write(folder.path().join("orders.yaml"), MINIMAL).unwrap();
    let loaded = load();
    assert_eq!(codes(&loaded.faults), [Code::Impossible]);
    assert_eq!(names(&loaded), ["orders"], "its runs would be those of both");
}

#[test]
fn i1_a_broken_file_names_its_drills_and_says_whether_others_may_be_in_it() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
    let drill = |name: &str| MINIMAL.replace("drill: orders", &format!("drill: {name}"));
    write("behind.yaml", &format!("{}---\ndrill: [\n---\n{}", drill("one"), drill("two")));
    write("compose.yaml", "services: { db: { image: postgres } }\n");
    write("deep.yaml", &format!("drill: deep\nchecks: {}\n", "[".repeat(200)));
    write("key.yaml", "drill: key\nwas: lock\nchekcs: []\n");
    write("name.yaml", &drill("Orders"));
    let paths = [folder.path().to_owned(), folder.path().join("nowhere")];
    let broken = definition::load(&paths, &Settings::default()).broken();
    let told = broken.iter().map(|broken| {
        let file = broken.file.file_name().unwrap().to_str().unwrap();
        let drills: Vec<&str> = broken.drills.iter().map(|drill| drill.name.as_str()).collect();
        (file, drills, broken.unread)
    });
    assert_eq!(
        told.collect::<Vec<_>>(),
        [
            ("behind.yaml", vec![], true),
            ("compose.yaml", vec![], false),
            ("deep.yaml", vec![], true),
            ("key.yaml", vec!["key"], false),
            ("name.yaml", vec![], true),
            ("nowhere", vec![], false),
        ]
    );
    assert_eq!(broken[3].drills[0].was, Some("lock".parse().unwrap()));
}
