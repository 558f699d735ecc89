//! A run that is killed while its instance lives: the sweeper finds it by its tag, and touches nobody else's.

use std::process::{Command, Stdio};
use std::time::Duration;

use crate::front::Plan;
use crate::place::{Place, SECRETS, client, instances};

/// Kills a run at a point, and sweeps.
fn killed_at(point: &str, left: usize) {
    let place = Place::new(Plan::default());
    let killed = place
        .scene
        .program()
        .args(["--json", "run", "drills/rds.yaml"])
        .envs(SECRETS)
        .env("DRILLYARD_FAIL_AT", point)
        .output()
        .unwrap();
    assert_eq!(killed.status.code(), None, "it was to be killed at {point}");
    let of_this_run = || {
        let mine = place.front.calls("RestoreDBInstanceFromDBSnapshot");
        let names = mine.iter().map(|call| call.parameters["DBInstanceIdentifier"].clone());
        let there = instances();
        names.filter(|name| there.contains(name)).count()
    };
    assert_eq!(of_this_run(), left, "{point}");
    let sweep = |arguments: &[&str]| {
        let swept =
            place.scene.program().args(["--json", "sweep"]).args(arguments).envs(SECRETS).output().unwrap();
        assert_eq!(swept.status.code(), Some(0), "{point}: {}", String::from_utf8_lossy(&swept.stderr));
        String::from_utf8(swept.stdout).unwrap()
    };
    let would = sweep(&["--dry-run", "drills/rds.yaml"]);
    assert_eq!(would.matches("rds_instance").count(), left, "{would}");
    assert_eq!(of_this_run(), left, "a dry run deletes nothing");
    if left > 0 {
        told_as_left(&place);
    }
    // Without a name the settings' drills say which accounts are looked into.
    place.scene.write("drillyard.yaml", "drills: [drills]\n");
    sweep(&[]);
    assert_eq!(of_this_run(), 0, "{point}");
    assert!(instances().contains(&"shop-prod".to_owned()));
    assert!(instances().contains(&"drillyard-of-another-store".to_owned()));
}

#[test]
fn c21_killed_after_each_step_the_instance_is_found_by_its_tag() {
    decoy();
    for (point, left) in
        [("after_instance_intent", 0), ("after_instance_restore", 1), ("after_instance_password", 1)]
    {
        killed_at(point, left);
    }
}

/// An instance with our tags, of another store.
fn decoy() {
    drop(Place::new(Plan::default()));
    client(
        "rds.create_db_instance(DBInstanceIdentifier='drillyard-of-another-store', Engine='postgres', MasterUsername='x', \
         MasterUserPassword='xxxxxxxx', DBInstanceClass='db.t4g.medium', AllocatedStorage=20, \
         Tags=[{'Key': 'io.drillyard.store', 'Value': 'another'}, {'Key': 'io.drillyard.run', 'Value': '01K9ZZZZZZZZZZZZZZZZZZZZZZ'}])",
    );
}

/// A sweep that knows no account of RDS does not call the run clean.
fn told_as_left(place: &Place) {
    std::fs::rename(place.scene.path("drills"), place.scene.path("away")).unwrap();
    let swept = place.scene.program().arg("sweep").envs(SECRETS).output().unwrap();
    assert_eq!(swept.status.code(), Some(0), "{}", String::from_utf8_lossy(&swept.stderr));
    std::fs::rename(place.scene.path("away"), place.scene.path("drills")).unwrap();
    let shown = place.scene.program().args(["--json", "show", "last"]).output().unwrap();
    let shown: serde_json::Value = serde_json::from_slice(&shown.stdout).unwrap();
    assert_eq!(shown["cleanup"]["proven"], false, "{}", shown["cleanup"]);
    assert!(
        shown["cleanup"]["leftovers"].to_string().contains("was not looked into"),
        "{}",
        shown["cleanup"]
    );
}

/// Of a drill that has never run here nothing can be left, and its account need not even be there.
#[test]
fn a_drill_that_has_never_run_is_asked_for_nothing() {
    let place = Place::new(Plan {
        refuse: vec![("DescribeDBInstances", 403, "AccessDenied", 100)],
        ..Plan::default()
    });
    // Without a store there is nothing to sweep, and the directory is taken for a slip.
    drop(drillyard::store::Store::open(&place.scene.path("state")).unwrap());
    let swept = place.scene.program().arg("sweep").envs(SECRETS).output().unwrap();
    assert_eq!(swept.status.code(), Some(0), "{}", String::from_utf8_lossy(&swept.stderr));
    assert!(place.front.calls("DescribeDBInstances").is_empty());
}

/// Nobody needs to call `sweep`: the daemon looks into the accounts of its drills when it starts, and every now and then.
#[test]
fn c21_the_daemon_deletes_what_a_killed_run_left() {
    let place = Place::new(Plan::default());
    let killed = place
        .scene
        .program()
        .args(["run", "drills/rds.yaml"])
        .envs(SECRETS)
        .env("DRILLYARD_FAIL_AT", "after_instance_restore")
        .output()
        .unwrap();
    assert_eq!(killed.status.code(), None, "it was to be killed");
    let name =
        place.front.calls("RestoreDBInstanceFromDBSnapshot")[0].parameters["DBInstanceIdentifier"].clone();
    assert!(instances().contains(&name));
    place.scene.write("drillyard.yaml", "drills: [drills]\n");
    let log = std::fs::File::create(place.scene.path("daemon.log")).unwrap();
    let mut daemon =
        place.scene.program().arg("daemon").envs(SECRETS).stderr(log).stdin(Stdio::null()).spawn().unwrap();
    let gone = (0..600).any(|_| {
        std::thread::sleep(Duration::from_millis(100));
        place
            .front
            .calls("DeleteDBInstance")
            .iter()
            .any(|call| call.parameters["DBInstanceIdentifier"] == name)
            && !instances().contains(&name)
    });
    let asked_to_end = Command::new("kill").args(["-TERM", &daemon.id().to_string()]).status().unwrap();
    assert!(asked_to_end.success() && daemon.wait().unwrap().success());
    let log = std::fs::read_to_string(place.scene.path("daemon.log")).unwrap();
    assert!(gone, "{name} is left; the daemon said:\n{log}");
    assert!(instances().contains(&"shop-prod".to_owned()));
}
