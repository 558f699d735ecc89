//! drillyard.yaml, `--config`, `--state` and the variables: what each says is what holds.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use serde_json::json;

use crate::place::{ABSENT, Place, lab};

#[test]
fn state_memory_and_defaults_are_the_settings() {
    let run = lab().passed.json();
    // Half of the runner's, as the drill says nothing.
    assert_eq!(run["sandbox"]["memory_bytes"], json!(512 << 20));
    assert_eq!(run["owner"], "platform-team");
    assert_eq!(run["clocks"]["time_to_verified"]["objective_seconds"], json!(600.0));
    let state = lab().place.folder.join("records");
    assert!(state.join("drillyard.sqlite").is_file());
    assert_eq!(fs::metadata(state).unwrap().permissions().mode() & 0o777, 0o700);
}

#[test]
fn the_state_is_the_option_s_then_the_variable_s_then_the_settings() {
    let drill = format!("drill: x\n{ABSENT}");
    let place = Place::with(&[("drillyard.yaml", "state: of-settings\n"), ("drills/x.yaml", &drill)]);
    place.run(&["next"]).ends_with(0);
    assert!(place.folder.join("of-settings/drillyard.sqlite").is_file());
    place.shell("DRILLYARD_STATE=of-variable drillyard next").ends_with(0);
    assert!(place.folder.join("of-variable/drillyard.sqlite").is_file());
    place.shell("DRILLYARD_STATE=of-variable-2 drillyard next --state of-option").ends_with(0);
    assert!(place.folder.join("of-option/drillyard.sqlite").is_file());
    assert!(!place.folder.join("of-variable-2").exists());
}

#[test]
fn a_state_that_can_not_be_is_an_error_with_a_way_out() {
    let place = Place::with(&[("file", "")]);
    for state in ["file", "file/below", "/proc/nowhere"] {
        let ran = place.run(&["--state", state, "next"]).ends_with(3);
        ran.complains(&[
            "drillyard: the record store ",
            state,
            "hint: Choose another directory with --state",
        ]);
    }
    let drill = format!("drill: x\n{ABSENT}");
    place.write("x.yaml", drill);
    place.run(&["--state", "file", "run", "x.yaml"]).ends_with(3).complains(&["hint:"]);
}

#[test]
fn a_command_that_only_reads_makes_no_store_where_a_person_mistypes_its_place() {
    let place = Place::with(&[("drillyard.yaml", "state: of-settings\n")]);
    for command in ["history", "show", "status", "digest", "psql", "release"] {
        let ran = place.run(&["--state", "typo", command]).ends_with(2);
        ran.complains(&["there is no record store in typo", "hint: name the directory of the runs"]);
        place
            .shell(&format!("DRILLYARD_STATE=typo drillyard {command}"))
            .ends_with(2)
            .complains(&["in typo"]);
    }
    assert!(!place.folder.join("typo").exists());
    // Where nobody has run anything yet, there is nothing wrong.
    assert_eq!(place.run(&["history"]).ends_with(0).out, "no runs yet\n");
}

#[test]
fn named_settings_must_be_there() {
    let place = Place::new();
    for command in [&["check"][..], &["history"], &["run", "x"]] {
        let ran = place.run(&[&["--config", "gone.yaml"], command].concat()).ends_with(2);
        ran.complains(&["gone.yaml", "No such file", "hint: name another file with --config"]);
    }
    place.write("other.yaml", "drills: [elsewhere]\n");
    place.write("elsewhere/x.yaml", format!("drill: x\n{ABSENT}"));
    let check = place.run(&["check", "--config", "other.yaml"]).ends_with(0);
    assert!(check.out.contains("1 valid drill"), "{}", check.out);
    let check = place.shell("DRILLYARD_CONFIG=other.yaml drillyard check").ends_with(0);
    assert!(check.out.contains("1 valid drill"), "{}", check.out);
}

#[test]
fn bad_settings_stop_every_command_that_needs_them() {
    let place =
        Place::with(&[("drillyard.yaml", "drlls: [x]\n"), ("x.yaml", &format!("drill: x\n{ABSENT}"))]);
    for command in [&["history"][..], &["run", "x.yaml"], &["show"], &["sweep"]] {
        place.run(command).ends_with(2).complains(&["drlls", "did you mean `drills`"]);
    }
    let check = place.run(&["check", "x.yaml"]).ends_with(2);
    assert!(check.out.contains("drlls"), "{}", check.out);
}

#[test]
fn paths_stay_below_the_roots() {
    let drill = "drill: x\nbackup: { source: { local: { path: ../backups/x.dump } } }\n\
        checks: [{ rows: { table: public.orders, equals: 3 } }]\n";
    let place = Place::with(&[("drills/x.yaml", drill), ("drillyard.yaml", "roots: [drills]\n")]);
    let refused = place.run(&["check"]).ends_with(2);
    assert!(refused.out.contains("path_outside_roots") && refused.out.contains("roots"), "{}", refused.out);
    place.write("drillyard.yaml", "roots: [backups]\n");
    place.run(&["check"]).ends_with(0);
}

#[test]
fn the_engine_is_the_settings_and_else_docker_host_s() {
    let place = Place::with(&[("x.yaml", &format!("drill: x\n{ABSENT}"))]);
    let sweep = place.shell("DOCKER_HOST=unix:///nowhere/of-variable.sock drillyard sweep").ends_with(3);
    sweep.complains(&["/nowhere/of-variable.sock", "hint:"]);
    place.write("drillyard.yaml", "state: state\nengine: { host: \"unix:///nowhere/of-settings.sock\" }\n");
    let sweep = place.shell("DOCKER_HOST=unix:///nowhere/of-variable.sock drillyard sweep").ends_with(3);
    assert!(!sweep.complains(&["/nowhere/of-settings.sock"]).err.contains("of-variable"));
    // A run is recorded all the same: that it could not find out is a fact.
    let orders = fs::read_to_string(lab().place.folder.join("drills/orders.yaml")).unwrap();
    place.write("backups/orders.sql", fs::read(lab().place.folder.join("backups/orders.sql")).unwrap());
    place.write("drills/orders.yaml", orders);
    let run = place.run(&["--json", "run", "drills/orders.yaml"]).ends_with(3).json();
    assert_eq!(run["reason"], "engine_unreachable", "{run:#}");
    let shown = place.run(&["--json", "show"]).ends_with(0).json();
    assert_eq!(shown["run"], run["run"]);
}
