//! Runs that still go on, sandboxes that are still kept, and drills that had another name: what `last` means.

use drillyard::model::event::Trigger;
use drillyard::model::{Fact, Phase, RunId};
use drillyard::store::{KeptSandbox, RunLease, Store};
use jiff::{SignedDuration, Timestamp};

use crate::place::{ABSENT, Place, SETTINGS, ids};
use crate::records::{claim, event};

fn place() -> Place {
    let drill = |name: &str| format!("drill: {name}\n{ABSENT}");
    Place::with(&[("drillyard.yaml", SETTINGS), ("drills/absent.yaml", &drill("absent"))])
}

fn store(place: &Place) -> Store {
    Store::open(&place.folder.join("records")).unwrap()
}

/// A run of the drill `orders` that this process is at work on.
async fn running(place: &Place) -> (RunId, RunLease) {
    let run = RunId::new(ulid::Ulid::new());
    let lease = store(place).claim(claim(run, "orders", Trigger::Manual, Timestamp::now())).await.unwrap();
    store(place).append(run, &[event(1, Fact::PhaseStarted { phase: Phase::Restore })]).await.unwrap();
    (run, lease)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_still_goes_on_is_no_fault_of_ours_and_not_the_last_one() {
    let place = place();
    let (run, _lease) = running(&place).await;
    let none = place.run(&["show"]).ends_with(2);
    none.complains(&["no run has ended yet", &run.to_string(), "still running"]);
    place.run(&["show", "last", "--drill", "absent"]).ends_with(2).complains(&["no runs of `absent` yet"]);

    let id = run.to_string();
    let told = place.run(&["show", &id]).ends_with(0).out;
    assert!(told.starts_with(&format!("run {id} of orders is still running, since 20")), "{told}");
    assert!(told.ends_with("UTC, in phase restore\n"), "{told}");
    for arguments in [&["--json"][..], &["--html", "page.html"], &["--mail", "mail.eml"]] {
        let refused = place.run(&[&["show", &id], arguments].concat()).ends_with(2);
        refused.complains(&["is still running", "drillyard history"]);
    }
    assert!(!place.folder.join("page.html").exists() && !place.folder.join("mail.eml").exists());

    place.run(&["run", "absent"]).ends_with(3);
    let (_newer, _lease) = running(&place).await;
    let last = place.run(&["--json", "show"]).ends_with(0).json();
    assert_eq!(last["drill"], "absent");
}

#[tokio::test(flavor = "multi_thread")]
async fn release_takes_the_newest_sandbox_that_is_kept_and_not_the_newest_run() {
    let place = place();
    place.run(&["release"]).ends_with(2).complains(&["no sandbox is kept", "--keep"]);
    for _ in 0..4 {
        place.run(&["run", "absent"]).ends_with(3);
    }
    let runs = ids(&place);
    let keep = async |run: &str, until: Timestamp| {
        let kept =
            KeptSandbox { run: run.parse().unwrap(), container: format!("drillyard-none-{run}"), until };
        store(&place).keep(kept).await.unwrap();
    };
    let later = Timestamp::now() + SignedDuration::from_hours(1);
    keep(&runs[1], Timestamp::now() - SignedDuration::from_hours(1)).await;
    keep(&runs[2], later).await;
    keep(&runs[3], later).await;
    let nothing = place.run(&["release", &runs[0]]).ends_with(2);
    nothing.complains(&[&format!("run {} keeps no sandbox", runs[0]), "still kept: run", &runs[2]]);
    place.run(&["psql", &runs[0]]).ends_with(2).complains(&["keeps no sandbox"]);

    let released = place.run(&["release"]).ends_with(0).out;
    assert!(released.starts_with(&format!("released: nothing of run {} is kept", runs[2])), "{released}");
    assert!(released.contains(&format!("still kept: run {} until", runs[3])), "{released}");
    let released = place.run(&["--json", "release"]).ends_with(0).json();
    assert_eq!((&released["run"], &released["kept"]), (&runs[3].as_str().into(), &serde_json::json!([])));
    place.run(&["release"]).ends_with(2).complains(&["no sandbox is kept"]);
}

#[test]
fn i8_a_drill_keeps_its_past_under_another_name() {
    let place = place();
    place.run(&["run", "absent"]).ends_with(3);
    std::fs::remove_file(place.folder.join("drills/absent.yaml")).unwrap();
    place.write("drills/renamed.yaml", format!("drill: renamed\nwas: absent\n{ABSENT}"));
    assert!(!place.run(&["check"]).ends_with(0).out.contains("`was`"), "no word about a key that is obeyed");
    let run = ids(&place).remove(0);

    let history = place.run(&["--json", "history", "--drill", "renamed"]).ends_with(0).json();
    assert_eq!(history["runs"][0]["run"], run.as_str());
    let shown = place.run(&["--json", "show", "last", "--drill", "renamed"]).ends_with(0).json();
    assert_eq!(shown["run"], run.as_str());
    let status = place.run(&["--json", "status"]).ends_with(0).json();
    let drill = &status["services"][0]["drills"][0];
    assert_eq!((&drill["newest"]["run"], &drill["runs"]["errored"]), (&run.as_str().into(), &1.into()));

    place.run(&["run", "renamed"]).ends_with(3);
    let newer = ids(&place).remove(0);
    place.run(&["show", &newer, "--mail", "mail.eml"]).ends_with(0);
    let mail = std::fs::read_to_string(place.folder.join("mail.eml")).unwrap();
    assert!(!mail.contains("There is no earlier run"), "{mail}");
}
