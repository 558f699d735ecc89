//! The shape of what programs read: every key of the contract is there in every run, with its type.

use serde_json::{Value, json};

use crate::place::{ABSENT, Place, Ran, lab};

/// Keys of `drillyard/run/1` with their types. `?`: may be null; `*`: is known in a run that passed, and may be null in
/// others.
const RUN: &[(&str, &str)] = &[
    ("/schema", "string"),
    ("/run", "string"),
    ("/drill", "string"),
    ("/service", "string"),
    ("/owner", "string?"),
    ("/contact", "string?"),
    ("/runbook", "string?"),
    ("/labels", "object"),
    ("/trigger", "string"),
    ("/started_at", "instant"),
    ("/finished_at", "instant"),
    ("/definition_sha256", "string"),
    ("/drillyard_version", "string"),
    ("/verdict", "string"),
    ("/reason", "string?"),
    ("/sentence", "string"),
    ("/integrity", "string"),
    ("/proof", "boolean"),
    ("/leaked", "boolean"),
    ("/stop", "object?"),
    ("/backup/id", "string*"),
    ("/backup/source", "string*"),
    ("/backup/size_bytes", "number*"),
    ("/backup/sha256", "string*"),
    ("/backup/format", "string*"),
    ("/backup/server_version", "string*"),
    ("/backup/modified_at", "instant*"),
    ("/backup/basis", "string?"),
    ("/backup/skipped", "array"),
    ("/sandbox/image", "string*"),
    ("/sandbox/image_digest", "string*"),
    ("/sandbox/durability", "string*"),
    ("/sandbox/memory_bytes", "number*"),
    ("/sandbox/basis", "string?"),
    ("/sandbox/not_comparable", "array"),
    ("/clocks/time_to_queryable/seconds", "number*"),
    ("/clocks/time_to_restored/seconds", "number*"),
    ("/clocks/time_to_verified/seconds", "number*"),
    ("/clocks/time_to_verified/objective_seconds", "number*"),
    ("/clocks/time_to_verified/met", "boolean*"),
    ("/clocks/backup_age/seconds", "number*"),
    ("/clocks/backup_age/basis", "string"),
    ("/clocks/recovery_point_age/seconds", "number?"),
    ("/clocks/recovery_point_age/basis", "string"),
    ("/clocks/recovery_point_age/objective_seconds", "number?"),
    ("/clocks/recovery_point_age/met", "boolean?"),
    ("/clocks/recovery_point_age/not_judged", "string?"),
    ("/clocks/data_age/seconds", "number?"),
    ("/clocks/data_age/basis", "string"),
    ("/clocks/worst_exposure/seconds", "number?"),
    ("/clocks/worst_exposure/basis", "string"),
    ("/phases", "array"),
    ("/checks", "array"),
    ("/checks_planned", "array"),
    ("/rehearsals", "array"),
    ("/roles_created", "array"),
    ("/restore_errors", "array"),
    ("/not_verified", "array"),
    ("/warnings", "array"),
    ("/cleanup/proven", "boolean"),
    ("/cleanup/leftovers", "array"),
    ("/evidence/sha256", "string?"),
    ("/evidence/previous", "string?"),
];

const PHASE: &[(&str, &str)] = &[
    ("/phase", "string"),
    ("/started_at", "instant"),
    ("/seconds", "number"),
    ("/bytes", "number?"),
    ("/succeeded", "boolean"),
];

const CHECK: &[(&str, &str)] = &[
    ("/name", "string"),
    ("/kind", "string"),
    ("/outcome", "string"),
    ("/expected", "string"),
    ("/observed", "string"),
    ("/hint", "string?"),
];

const SUMMARY: &[(&str, &str)] = &[
    ("/run", "string"),
    ("/drill", "string"),
    ("/service", "string"),
    ("/started_at", "instant"),
    ("/finished_at", "instant"),
    ("/verdict", "string"),
    ("/reason", "string?"),
    ("/sentence", "string"),
    ("/time_to_verified_seconds", "number?"),
    ("/recovery_point_age_seconds", "number?"),
    ("/leaked", "boolean"),
    ("/proof", "boolean"),
];

/// Panics unless the document has each key with its type.
#[track_caller]
fn has_shape(document: &Value, shape: &[(&str, &str)], passed: bool) {
    for (pointer, expected) in shape {
        let found = document.pointer(pointer);
        let found = found.unwrap_or_else(|| panic!("{pointer} is left out of {document:#}"));
        let kind = expected.trim_end_matches(['?', '*']);
        let may_be_null = expected.ends_with('?') || (expected.ends_with('*') && !passed);
        let fits = match (kind, found) {
            (_, Value::Null) => may_be_null,
            ("string", Value::String(text)) => !text.is_empty(),
            ("instant", Value::String(text)) => {
                text.ends_with('Z') && text.parse::<jiff::Timestamp>().is_ok()
            }
            ("number", Value::Number(number)) => number.as_f64().is_some_and(|number| number >= 0.0),
            ("boolean", Value::Bool(_)) | ("array", Value::Array(_)) | ("object", Value::Object(_)) => true,
            _ => false,
        };
        assert!(fits, "{pointer} is {found}, and {expected} was due");
    }
}

fn items(document: &Value, key: &str) -> Vec<Value> {
    document[key].as_array().unwrap().clone()
}

/// Standard output is the document and a line end, nothing else.
#[track_caller]
fn document(ran: &Ran) -> Value {
    assert!(ran.out.starts_with('{') && ran.out.ends_with("}\n"), "{}", ran.out);
    ran.json()
}

#[test]
fn a_run_that_passed_knows_everything() {
    let run = document(&lab().passed);
    has_shape(&run, RUN, true);
    let word = |pointer: &str| run.pointer(pointer).unwrap().as_str().unwrap().to_owned();
    assert_eq!(word("/schema"), "drillyard/run/1");
    assert_eq!(
        (word("/drill"), word("/service"), word("/trigger")),
        ("orders".into(), "shop".into(), "manual".into())
    );
    assert_eq!((word("/verdict"), run["reason"].clone()), ("passed".into(), Value::Null));
    assert_eq!((word("/backup/format"), word("/integrity")), ("plain_sql".into(), "plausible".into()));
    assert_eq!(run["cleanup"]["proven"], true);
    assert_eq!(run["clocks"]["time_to_verified"]["met"], true);
    let phases: Vec<Value> = items(&run, "phases").iter().map(|phase| phase["phase"].clone()).collect();
    for phase in ["locate", "fetch", "provision", "restore", "analyze", "verify", "teardown"] {
        assert!(phases.contains(&phase.into()), "{phase} is not among {phases:?}");
    }
    for phase in items(&run, "phases") {
        has_shape(&phase, PHASE, true);
    }
    let checks = items(&run, "checks");
    for check in &checks {
        has_shape(check, CHECK, true);
    }
    let outcomes: Vec<&Value> = checks.iter().map(|check| &check["outcome"]).collect();
    assert_eq!(outcomes, ["passed", "passed"]);
    assert_eq!((&checks[0]["name"], &checks[0]["observed"]), (&json!("rows public.orders"), &json!("3")));
}

#[test]
fn a_run_that_could_not_find_out_leaves_no_key_out() {
    let run = document(&lab().errored);
    has_shape(&run, RUN, false);
    assert_eq!((&run["verdict"], &run["reason"]), (&json!("errored"), &json!("source_unreachable")));
    assert!(run["backup"]["basis"].is_string() && run["sandbox"]["basis"].is_string(), "{run:#}");
}

#[test]
fn show_prints_what_run_printed() {
    let shown = |word: &str| document(&lab().place.run(&["show", "--json", word]).ends_with(0));
    for ran in [&lab().passed, &lab().errored] {
        let run = ran.json();
        assert_eq!(shown(run["run"].as_str().unwrap()), run);
    }
    let failed = lab().place.run(&["--json", "show", "last", "--drill", "short"]).ends_with(0).json();
    has_shape(&failed, RUN, false);
    assert_eq!((&failed["verdict"], &failed["reason"]), (&json!("failed"), &json!("check_failed")));
    let check = &failed["checks"][0];
    assert_eq!((&check["outcome"], &check["observed"]), (&json!("failed"), &json!("3")));
}

#[test]
fn several_runs_are_an_array_in_the_order_asked_for() {
    let place = Place::with(&[
        ("a.yaml", &format!("drill: one\n{ABSENT}---\ndrill: two\n{ABSENT}")),
        ("b.yaml", &format!("drill: three\n{ABSENT}")),
    ]);
    let several = place.run(&["run", "--json", "b.yaml", "a.yaml"]).ends_with(3).json();
    let several = several.as_array().unwrap();
    let drills: Vec<&Value> = several.iter().map(|run| &run["drill"]).collect();
    assert_eq!(drills, ["three", "one", "two"]);
    for run in several {
        has_shape(run, RUN, false);
    }
    assert!(place.run(&["run", "--json", "b.yaml"]).ends_with(3).json().is_object());
}

#[test]
fn history_is_a_list_of_lines_the_newest_first() {
    let history = document(&lab().place.run(&["history", "--json"]).ends_with(0));
    assert_eq!(history["schema"], "drillyard/history/1");
    let runs = items(&history, "runs");
    for run in &runs {
        has_shape(run, SUMMARY, true);
    }
    let drills: Vec<&Value> = runs.iter().map(|run| &run["drill"]).collect();
    assert_eq!(drills, ["absent", "short", "orders"]);
    let empty = document(&Place::new().run(&["history", "--json"]).ends_with(0));
    assert_eq!(empty, json!({ "schema": "drillyard/history/1", "runs": [] }));
}

#[test]
fn a_sweep_names_what_it_did_by_kind() {
    for arguments in [&["sweep", "--json"][..], &["--json", "sweep", "--dry-run"]] {
        let sweep = document(&lab().place.run(arguments).ends_with(0));
        assert_eq!(sweep["schema"], "drillyard/sweep/1");
        assert_eq!(sweep["dry_run"], arguments.contains(&"--dry-run"));
        for key in ["removed", "kept", "live", "failed", "overdue", "aborted"] {
            assert_eq!(sweep[key], json!([]), "{key}");
        }
    }
}

#[test]
fn an_error_leaves_standard_output_empty_for_programs() {
    let place = Place::new();
    place.run(&["--json", "show"]).ends_with(2).complains(&["no runs yet"]);
    place.run(&["--json", "run", "nothing"]).ends_with(2).complains(&["no drill is called"]);
    place.run(&["--json", "--state", "/dev/null", "next"]).ends_with(3).complains(&["/dev/null"]);
}
