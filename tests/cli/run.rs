//! Exit codes of `run`: of one drill, and of several. 4 and 130 need a leak and a signal, and stand in other tests.

use crate::place::{ABSENT, Place, SETTINGS, lab};

#[test]
fn passed_is_0_failed_is_1_and_could_not_find_out_is_3() {
    // The laboratory itself holds the codes; here is what a person sees beside them.
    assert!(lab().failed.out.starts_with("FAILED  shop: "), "{}", lab().failed.out);
    assert!(lab().failed.out.contains("observed 3"), "{}", lab().failed.out);
    assert_eq!((lab().passed.code, lab().failed.code, lab().errored.code), (0, 1, 3));
    // A verdict of "failed" is no complaint of the program's own.
    assert!(!lab().failed.err.contains("drillyard: "), "{}", lab().failed.err);
}

#[test]
fn an_invalid_drill_is_2_and_leaves_no_record() {
    let place = Place::with(&[("bad.yaml", "drill: x\n"), ("good.yaml", &format!("drill: good\n{ABSENT}"))]);
    let ran = place.run(&["--state", "untouched", "run", "good.yaml", "bad.yaml"]).ends_with(2);
    ran.complains(&["bad.yaml", "checks"]);
    assert!(!place.folder.join("untouched").exists());
}

#[test]
fn of_several_the_worst_counts() {
    let orders = lab().place.folder.join("drills/orders.yaml");
    let orders = orders.to_str().unwrap();
    let place = Place::with(&[
        ("drillyard.yaml", &format!("roots: [/]\nstate: state\ndrills: [{orders}]\n")),
        ("absent.yaml", &format!("drill: absent\n{ABSENT}")),
    ]);
    place.write("short.yaml", std::fs::read(lab().place.folder.join("drills/short.yaml")).unwrap());
    let backups = lab().place.folder.join("backups").display().to_string();
    let short = std::fs::read_to_string(place.folder.join("short.yaml")).unwrap();
    place.write("short.yaml", short.replace("../backups", &backups));
    place.run(&["-q", "run", "short.yaml", "absent.yaml"]).ends_with(1);
    place.run(&["-q", "run", "absent.yaml", "orders"]).ends_with(3);
}

#[test]
fn a_mistyped_backup_is_an_error_of_its_run_and_no_bad_backup() {
    let drill = "drill: orders\nbackup: { source: { local: { path: ../backups, match: \"*.sql\" } } }\n\
        checks: [{ rows: { table: public.orders, equals: 3 } }]\n";
    let place = Place::with(&[
        ("drillyard.yaml", SETTINGS),
        ("drills/orders.yaml", drill),
        ("backups/orders.sql", "select 1;\n"),
    ]);
    let run = place.run(&["run", "orders", "--backup", "order.sql"]).ends_with(3);
    assert!(run.out.contains("Did you mean `orders.sql`?"), "{}", run.out);
    let history = place.run(&["--json", "history"]).ends_with(0).json();
    assert_eq!(history["runs"][0]["reason"], "backup_not_there");
    assert_eq!(history["runs"][0]["chosen_by_hand"], true);
    let status = place.run(&["--json", "status"]).ends_with(0).json();
    assert_eq!(status["services"][0]["state"], "never");
}

#[test]
fn a_chosen_backup_goes_with_one_drill_and_must_be_there() {
    let place = Place::with(&[("two.yaml", &format!("drill: one\n{ABSENT}---\ndrill: two\n{ABSENT}"))]);
    place
        .run(&["run", "two.yaml", "--backup", "x"])
        .ends_with(2)
        .complains(&["--backup goes with one drill"]);
    let lab = &lab().place;
    let dry = Place::with(&[("drillyard.yaml", "roots: [/]\nstate: state\n")]);
    let orders = lab.folder.join("drills/orders.yaml");
    let gone = dry.run(&["--json", "run", orders.to_str().unwrap(), "--backup", "gone.sql"]);
    assert_ne!(gone.code, 0, "a backup that is not there was restored");
    assert!(gone.json().to_string().contains("gone.sql"), "{}", gone.out);
}
