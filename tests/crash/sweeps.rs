//! What a sweep tells of runs whose process was killed, and what it only looks at.

use std::time::Duration;

use serde_json::{Value, json};

use crate::rig::{LONG, Rig, within};

#[test]
fn a_dry_sweep_names_the_lost_run_and_writes_nothing_down() {
    let rig = Rig::new(LONG);
    let mut run = rig.start(&[]);
    run.has_said("restore    started");
    assert_eq!(run.kill(), None);
    within(Duration::from_secs(10), "the sandbox to end", || rig.running().is_empty());
    let lost = |arguments: &[&str]| {
        let swept = rig.ask(arguments);
        assert_eq!(swept.code, Some(0), "{}", swept.stderr);
        swept.json["aborted"].as_array().unwrap().len()
    };
    // It would be none the second time, had the first written it down.
    assert_eq!((lost(&["sweep", "--dry-run"]), lost(&["sweep", "--dry-run"])), (1, 1));
    assert_eq!((lost(&["sweep"]), lost(&["sweep"])), (1, 0));
    assert_eq!(rig.history(), [("aborted".to_owned(), Some("process_lost".to_owned()))]);
    let none: Value = json!([]);
    assert_eq!(rig.ask(&["sweep", "--dry-run"]).json["removed"], none);
    rig.assert_nothing_remains("a sweep");
}
