//! `drillyard check`: exit 0 or 2, everything on standard output, nothing contacted.

use std::fs;

use serde_json::json;

use crate::place::{ABSENT, Place, of_the_repository};

const GOOD: &str = "drill: orders\nbackup: { source: { local: { path: orders.dump } } }\n\
    objectives: { rto: 15m, rpo: 24h }\nchecks:\n  - rows: { table: public.orders, at_least: 1000 }\n";

fn place() -> Place {
    Place::with(&[
        ("drills/good.yaml", GOOD),
        ("bad.yaml", &GOOD.replace("rows", "rwos").replace("orders\n", "bad\n")),
        ("note.yaml", &format!("drill: other\n{ABSENT}")),
        ("two/a.yaml", GOOD),
        ("two/b.yaml", GOOD),
        ("empty.yaml", ""),
        ("nothing/here", ""),
        ("mixed/good.yaml", GOOD),
        ("mixed/bad.yaml", "drill: [\n"),
    ])
}

#[test]
fn the_exit_code_says_whether_there_is_an_error() {
    let place = place();
    place.write("binary.yaml", [0x64, 0xff, 0xfe, 0x00]);
    for (paths, code, told) in [
        (&["drills/good.yaml"][..], 0, "1 valid drill, 0 errors, 0 warnings"),
        (&["drills"], 0, "1 valid drill, 0 errors, 0 warnings"),
        (&[], 0, "1 valid drill, 0 errors, 0 warnings"),
        (&["note.yaml"], 0, "1 valid drill, 0 errors, 0 warnings"),
        (&["bad.yaml"], 2, "0 valid drills, 1 error, 0 warnings"),
        (&["two"], 2, "0 valid drills, 2 errors, 0 warnings"),
        (&["mixed"], 2, "1 valid drill, 1 error, 0 warnings"),
        (&["gone.yaml"], 2, "No such file or directory"),
        (&["gone.yaml", "drills"], 2, "1 valid drill, 1 error, 0 warnings"),
        (&["binary.yaml"], 2, "the file is not UTF-8"),
        (&["/dev/null"], 2, "not a regular file"),
        (&["empty.yaml"], 0, "0 valid drills, 0 errors, 1 warning"),
        (&["nothing"], 0, "0 valid drills, 0 errors, 0 warnings"),
    ] {
        let ran = place.run(&[&["check"], paths].concat()).ends_with(code);
        assert!(ran.out.contains(told), "{paths:?}: {told:?} is not in:\n{}", ran.out);
        assert_eq!(ran.err, "", "{paths:?}");
    }
}

#[test]
fn without_a_folder_of_drills_it_says_what_to_name() {
    let ran = Place::new().run(&["check"]).ends_with(2);
    ran.complains(&["neither a folder drills/", "name a file with its path"]);
}

#[test]
fn a_fault_is_told_with_its_place_and_its_remedy() {
    insta::assert_snapshot!("check-bad", place().run(&["check", "bad.yaml"]).ends_with(2).out);
}

#[test]
fn its_json_is_one_document_with_every_fault() {
    let place = place();
    let good = place.run(&["--json", "check", "drills"]).ends_with(0);
    assert_eq!(good.json(), json!({ "schema": "drillyard/check/1", "valid": true, "faults": [] }));
    let bad = place.run(&["check", "mixed", "bad.yaml", "note.yaml", "empty.yaml", "--json"]).ends_with(2);
    assert_eq!(bad.err, "");
    let bad = bad.json();
    assert_eq!(bad["valid"], false);
    let faults = bad["faults"].as_array().unwrap();
    let severities: Vec<_> = faults.iter().map(|fault| fault["severity"].as_str().unwrap()).collect();
    for (severity, count) in [("error", 2), ("warning", 1), ("note", 1)] {
        assert_eq!(severities.iter().filter(|found| **found == severity).count(), count, "{faults:#?}");
    }
    for fault in faults {
        for key in ["code", "file", "message"] {
            assert!(fault[key].as_str().is_some_and(|text| !text.is_empty()), "{key} of {fault}");
        }
        for key in ["line", "column", "offset", "length"] {
            assert!(fault[key].is_u64(), "{key} of {fault}");
        }
        assert!(fault["hint"].is_string() || fault["hint"].is_null(), "{fault}");
    }
    assert!(bad.to_string().contains("did you mean `rows`?"), "{bad:#}");
}

#[test]
fn the_repository_s_own_drills_are_valid() {
    let drills = of_the_repository("drills");
    let files = fs::read_dir(&drills).unwrap().map(|entry| entry.unwrap().path());
    let drill_files = files.filter(|path| path.extension().is_some_and(|ending| ending == "yaml")).count();
    let ran = Place::new().run(&["check", "--json", drills.to_str().unwrap()]).ends_with(0);
    assert_eq!(ran.json()["valid"], true);
    let told = Place::new().run(&["check", drills.to_str().unwrap()]).ends_with(0);
    assert!(told.out.contains(&format!("{drill_files} valid drills, 0 errors")), "{}", told.out);
}

#[test]
fn nothing_is_made_and_nothing_is_contacted() {
    let place = place();
    place.shell("DOCKER_HOST=tcp://192.0.2.1:1 drillyard check drills --state untouched").ends_with(0);
    assert!(!place.folder.join("untouched").exists());
}
