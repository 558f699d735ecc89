//! Which drill a person means: a name, a file, a folder; and what they are told where there is none.

use crate::place::{ABSENT, Place};

fn place() -> Place {
    let drill = |name: &str| format!("drill: {name}\n{ABSENT}");
    Place::with(&[
        ("drillyard.yaml", "drills: [drills, more/invoices.yaml]\nroots: [.]\nstate: state\n"),
        ("drills/orders.yaml", &drill("orders")),
        ("drills/team/payments.yml", &drill("payments")),
        ("more/invoices.yaml", &drill("invoices")),
        ("more/other-orders.yaml", &drill("orders")),
        ("more/none.yaml", "# nothing yet\n"),
        ("more/bad.yaml", &drill("bad").replace("checks", "chekcs")),
    ])
}

/// The drills that were run, in order; each has ended as errored, because no backup is there.
fn ran(place: &Place, words: &[&str]) -> Vec<String> {
    let json = place.run(&[&["--json", "run"], words].concat()).ends_with(3).json();
    let runs = json.as_array().cloned().unwrap_or_else(|| vec![json]);
    runs.iter().map(|run| run["drill"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_drill_is_named_by_its_name_its_file_or_its_folder() {
    let place = place();
    assert_eq!(ran(&place, &["orders"]), ["orders"]);
    assert_eq!(ran(&place, &["invoices", "payments"]), ["invoices", "payments"]);
    assert_eq!(ran(&place, &["drills/team/payments.yml"]), ["payments"]);
    assert_eq!(ran(&place, &["drills"]), ["orders", "payments"]);
    assert_eq!(ran(&place, &["./drills/"]), ["orders", "payments"]);
}

#[test]
fn what_is_named_twice_is_run_once() {
    assert_eq!(
        ran(&place(), &["orders", "drills/orders.yaml", "./drills", "orders"]),
        ["orders", "payments"]
    );
}

#[test]
fn two_drills_of_one_name_are_never_taken_for_one() {
    let two = place().run(&["run", "orders", "more/other-orders.yaml"]).ends_with(2);
    two.complains(&[
        "two drills are called `orders`",
        "drills/orders.yaml",
        "more/other-orders.yaml",
        "hint:",
    ]);
}

#[test]
fn an_unknown_name_is_told_with_what_was_perhaps_meant() {
    let place = place();
    place
        .run(&["run", "paymnets"])
        .ends_with(2)
        .complains(&["no drill is called `paymnets`", "hint: did you mean `payments`?"]);
    let far = place.run(&["run", "zzz"]).ends_with(2);
    far.complains(&["no drill is called `zzz`", "hint: there are", "orders", "payments", "invoices"]);
    assert!(!place.folder.join("state").exists(), "a run that never was has left something");
}

#[test]
fn without_any_drill_the_hint_says_where_one_was_looked_for() {
    let empty = Place::new();
    empty.run(&["run", "orders"]).ends_with(2).complains(&[
        "no drill is called `orders`",
        "/drills",
        "hint:",
    ]);
}

#[test]
fn a_bad_file_runs_nothing_and_is_told_with_its_fault() {
    let place = place();
    place
        .run(&["run", "orders", "more/bad.yaml"])
        .ends_with(2)
        .complains(&["chekcs", "did you mean `checks`"]);
    place.run(&["run", "gone.yaml"]).ends_with(2).complains(&["gone.yaml", "No such file"]);
    place.run(&["run", "more/none.yaml"]).ends_with(2).complains(&["more/none.yaml holds no drill"]);
    assert!(!place.folder.join("state").exists(), "a run that never was has left something");
    // Another drill's fault keeps no good one from being run.
    place.write("drills/bad.yaml", "drill: [\n");
    assert_eq!(ran(&place, &["orders"]), ["orders"]);
    place.run(&["run", "ordres"]).ends_with(2).complains(&["bad.yaml", "no valid drill is called `ordres`"]);
}
