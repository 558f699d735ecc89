//! What a sweep may say of an instance: gone where its own account was looked into, and otherwise not known.

use std::process::{Command, Stdio};
use std::time::Duration;

use serde_json::Value;

use crate::front::Plan;
use crate::place::{Place, SECRETS, client, instances};

const RESTORE: &str = "RestoreDBInstanceFromDBSnapshot";

/// A run that was killed while its instance was there; the instance's name.
fn killed(place: &Place) -> String {
    let killed = place
        .scene
        .program()
        .args(["--json", "run", "drills/rds.yaml"])
        .envs(SECRETS)
        .env("DRILLYARD_FAIL_AT", "after_instance_restore")
        .output()
        .unwrap();
    assert_eq!(killed.status.code(), None, "it was to be killed");
    let name = tag(place, "DBInstanceIdentifier");
    assert!(instances().contains(&name));
    name
}

/// A parameter of the first restore.
fn tag(place: &Place, parameter: &str) -> String {
    place.front.calls(RESTORE)[0].parameters[parameter].clone()
}

fn sweep(place: &Place, arguments: &[&str], host: Option<&str>) -> (Option<i32>, Value) {
    let mut program = place.scene.program();
    program.args(["--json", "sweep"]).args(arguments).envs(SECRETS);
    if let Some(host) = host {
        program.env("DOCKER_HOST", host);
    }
    let swept = program.output().unwrap();
    (swept.status.code(), serde_json::from_slice(&swept.stdout).unwrap_or_default())
}

fn shown(place: &Place, run: &str) -> Value {
    let shown = place.scene.program().args(["--json", "show", run]).output().unwrap();
    serde_json::from_slice(&shown.stdout).unwrap()
}

fn drill(place: &Place) -> String {
    std::fs::read_to_string(place.scene.path("drills/rds.yaml")).unwrap()
}

/// An account in which nothing is left says nothing of another.
#[test]
fn a_sweep_of_one_account_calls_no_run_of_another_clean() {
    let place = Place::new(Plan::default());
    // Another drill in another region, which has run here: no snapshot of its instance is there.
    let other =
        drill(&place).replace("drill: shop-rds", "drill: elsewhere").replace("eu-central-1", "us-east-1");
    place.scene.write("drills/other.yaml", other);
    place.scene.run_file_with("drills/other.yaml", &SECRETS).must_be("failed(no_backup)");
    let name = killed(&place);
    let run = tag(&place, "Tags.Tag.2.Value");

    assert_eq!(sweep(&place, &["drills/other.yaml"], None).0, Some(0));
    let cleanup = &shown(&place, &run)["cleanup"];
    assert_eq!(cleanup["proven"], false, "{cleanup}");
    assert!(cleanup["leftovers"].to_string().contains("was not looked into"), "{cleanup}");
    assert!(instances().contains(&name));

    // Its own account, by the drill's former name.
    let renamed = drill(&place).replace("drill: shop-rds", "drill: shop-anew\nwas: shop-rds");
    place.write(&renamed);
    assert_eq!(sweep(&place, &["drills/rds.yaml"], None).0, Some(0));
    assert!(!instances().contains(&name));
    let cleanup = &shown(&place, &run)["cleanup"];
    assert_eq!((&cleanup["proven"], &cleanup["late"]), (&Value::Bool(true), &Value::Bool(true)), "{cleanup}");
}

/// Somebody else has deleted it meanwhile: a look into its account is enough, though nothing is found there.
#[test]
fn a_run_whose_instance_is_gone_is_not_marked_for_ever() {
    let place = Place::new(Plan::default());
    let name = killed(&place);
    let run = tag(&place, "Tags.Tag.2.Value");
    place.scene.write("none.yaml", drill(&place).replace("drill: shop-rds", "drill: never-ran"));
    assert_eq!(sweep(&place, &["none.yaml"], None).0, Some(0));
    assert_eq!(shown(&place, &run)["leaked"], true);
    client(&format!("rds.delete_db_instance(DBInstanceIdentifier='{name}', SkipFinalSnapshot=True)"));
    assert_eq!(sweep(&place, &["drills/rds.yaml"], None).0, Some(0));
    assert_eq!(shown(&place, &run)["leaked"], false, "{}", shown(&place, &run)["cleanup"]);
}

/// An instance costs money whether an engine answers or not.
#[test]
fn without_an_engine_the_accounts_are_swept_all_the_same() {
    let place = Place::new(Plan::default());
    let name = killed(&place);
    let (code, swept) = sweep(&place, &["drills/rds.yaml"], Some("unix:///nowhere/engine.sock"));
    assert_eq!(code, Some(3), "{swept}");
    assert!(swept["removed"].to_string().contains(&name), "{swept}");
    assert!(!instances().contains(&name));
    let shown = shown(&place, &tag(&place, "Tags.Tag.2.Value"));
    assert_eq!(shown["cleanup"]["late"], true, "{}", shown["cleanup"]);
}

/// The end that a run writes on its instance is for whoever else finds it.
#[test]
fn of_others_only_what_is_overdue_is_told_and_nothing_is_deleted() {
    let place = Place::new(Plan::default());
    killed(&place);
    let store = tag(&place, "Tags.Tag.1.Value");
    let make = |name: &str, store: &str, expires: &str| {
        client(&format!(
            "rds.create_db_instance(DBInstanceIdentifier='{name}', Engine='postgres', MasterUsername='x', \
             MasterUserPassword='xxxxxxxx', DBInstanceClass='db.t4g.medium', AllocatedStorage=20, \
             Tags=[{{'Key': 'io.drillyard.store', 'Value': '{store}'}}, {{'Key': 'io.drillyard.run', \
             'Value': '01K9ZZZZZZZZZZZZZZZZZZZZZZ'}}, {{'Key': 'io.drillyard.drill', 'Value': 'orders'}}, \
             {{'Key': 'io.drillyard.expires', 'Value': '{expires}'}}])"
        ));
    };
    make("drillyard-overdue", "another", "2026-01-01T00:00:00Z");
    make("drillyard-in-time", "another", "2999-01-01T00:00:00Z");
    // Of a copy of this store, whose run is not known here.
    make("drillyard-elsewhere", &store, "2999-01-01T00:00:00Z");
    make("drillyard-forgotten", &store, "2026-01-01T00:00:00Z");
    let (code, swept) = sweep(&place, &["drills/rds.yaml"], None);
    assert_eq!(code, Some(0), "{swept}");
    let overdue = swept["overdue"].to_string();
    assert!(overdue.contains("drillyard-overdue") && overdue.contains("overdue since 2026-01-01"), "{swept}");
    assert!(overdue.contains("the drill orders") && !overdue.contains("drillyard-in-time"), "{swept}");
    assert!(swept["live"].to_string().contains("drillyard-elsewhere"), "{swept}");
    let there = instances();
    for left in ["drillyard-overdue", "drillyard-in-time", "drillyard-elsewhere"] {
        assert!(there.contains(&left.to_owned()), "{left} was deleted");
    }
    assert!(!there.contains(&"drillyard-forgotten".to_owned()));
}

/// RDS takes minutes to delete an instance, and a daemon that ends has one.
#[test]
fn a_daemon_that_ends_leaves_an_instance_to_its_next_sweep_and_writes_its_run_down() {
    let place = Place::new(Plan { states: vec!["creating"; 1000], lingers: 1000, ..Plan::default() });
    place
        .write(&place.example().replace("service: shop", "service: shop\nschedule: { cron: \"* * * * *\" }"));
    let settings = "drills: [drills]\nshutdown_grace: 1s\nhttp: { listen: \"127.0.0.1:0\" }\n";
    place.scene.write("drillyard.yaml", settings);
    let log = std::fs::File::create(place.scene.path("daemon.log")).unwrap();
    let mut daemon =
        place.scene.program().arg("daemon").envs(SECRETS).stderr(log).stdin(Stdio::null()).spawn().unwrap();
    let begun = (0..900).any(|_| {
        std::thread::sleep(Duration::from_millis(100));
        place.front.calls("DescribeDBInstances").len() > 2 && !place.front.calls(RESTORE).is_empty()
    });
    let asked = Command::new("kill").args(["-TERM", &daemon.id().to_string()]).status().unwrap();
    let ended = daemon.wait().unwrap();
    let log = std::fs::read_to_string(place.scene.path("daemon.log")).unwrap();
    assert!(begun && asked.success() && ended.success(), "{ended}: {log}");
    let run = tag(&place, "Tags.Tag.2.Value");
    let told = shown(&place, &run);
    assert_eq!(
        (told["verdict"].as_str(), told["reason"].as_str()),
        (Some("cancelled"), Some("shutdown")),
        "{log}"
    );
    assert!(
        told["cleanup"]["leftovers"].to_string().contains("told to go, not awaited"),
        "{}",
        told["cleanup"]
    );
    assert_eq!(told["leaked"], true);
    place.front.plan(Plan { lingers: 1, ..Plan::default() });
    let (code, swept) = sweep(&place, &["drills/rds.yaml"], None);
    assert_eq!(code, Some(0), "{swept}");
    assert!(!instances().contains(&tag(&place, "DBInstanceIdentifier")));
    assert_eq!(shown(&place, &run)["leaked"], false);
}
