//! From a snapshot to a verdict.

use std::time::Duration;

use crate::front::Plan;
use crate::place::{Place, instance, instances};

#[test]
fn the_drill_in_rds_yaml_passes_and_leaves_no_instance() {
    let place = Place::new(Plan {
        states: vec!["creating", "backing-up", "modifying"],
        lingers: 3,
        ..Plan::default()
    });
    let run = place.run();
    run.must_be("passed");
    assert_eq!(run.json["backup"]["source"], "rds");
    assert!(
        run.json["backup"]["id"].as_str().unwrap().starts_with("rds:shop-prod-"),
        "{}",
        run.json["backup"]
    );
    let marks = &run.json["sandbox"]["not_comparable"];
    assert!(marks.to_string().contains("lazy_loading"), "{marks}");
    assert_eq!(run.json["clocks"]["recovery_point_age"]["basis"], "snapshot", "{}", run.json["clocks"]);
    assert_eq!(run.json["clocks"]["backup_age"]["basis"], "snapshot", "{}", run.json["clocks"]);
    for what in ["one database was drawn", "security groups let out"] {
        assert!(run.lists("not_verified", what), "{}", run.json["not_verified"]);
    }
    let name = format!("drillyard-{}", run.id().to_lowercase());
    assert!(!instances().contains(&name));

    let restored = &place.front.calls("RestoreDBInstanceFromDBSnapshot")[0].parameters;
    for (parameter, value) in [
        ("DBInstanceIdentifier", name.as_str()),
        ("DBSubnetGroupName", "drills"),
        ("VpcSecurityGroupIds.VpcSecurityGroupId.1", "sg-0d1155a01a7ed0001"),
        ("DBParameterGroupName", "drills-postgres15"),
        ("BackupRetentionPeriod", "0"),
        ("DBInstanceClass", "db.t4g.medium"),
        ("PubliclyAccessible", "false"),
        ("DeletionProtection", "false"),
        ("Tags.Tag.2.Key", "io.drillyard.run"),
        ("Tags.Tag.2.Value", run.id()),
    ] {
        assert_eq!(restored.get(parameter).map(String::as_str), Some(value), "{restored:?}");
    }
    let deleted = &place.front.calls("DeleteDBInstance")[0].parameters;
    assert_eq!(deleted["SkipFinalSnapshot"], "true");
    assert_eq!(deleted["DeleteAutomatedBackups"], "true");
}

#[test]
fn the_newest_snapshot_of_its_sort_is_taken_and_all_of_that_sort_are_listed() {
    for (wanted, taken, listed) in [
        ("newest_manual", "before-the-release", 3),
        ("newest", "before-the-release", 4),
        ("newest_automated", "rds:shop-prod-", 1),
    ] {
        // What comes after the choice is not asked here: it ends before anything is made.
        let refuse = vec![("DescribeDBParameters", 403, "AccessDenied", 100)];
        let place = Place::new(Plan { refuse, ..Plan::default() });
        place.write(&place.example().replace("snapshot: newest_automated", &format!("snapshot: {wanted}")));
        let run = place.run();
        run.must_be("errored(source_denied)");
        let backup = &run.json["backup"];
        assert!(backup["id"].as_str().unwrap().starts_with(taken), "{wanted}: {backup}");
        assert_eq!(backup["candidates"], listed, "{wanted}: {backup}");
    }
}

#[test]
fn a_manual_snapshot_is_drawn_and_no_password_is_ever_shown() {
    let place = Place::new(Plan::default());
    place.write(&place.example().replace("snapshot: newest_automated", "snapshot: newest_manual"));
    // Told as they happen: the engine remembers few, and other tests make many.
    let told = place.scene.path("events");
    let mut telling = std::process::Command::new("docker")
        .args(["events", "--format", "{{json .}}"])
        .stdout(std::fs::File::create(&told).unwrap())
        .spawn()
        .unwrap();
    let run = place.run();
    telling.kill().unwrap();
    telling.wait().unwrap();
    run.must_be("passed");
    assert_eq!(run.json["backup"]["id"], "before-the-release");
    let given = &place.front.calls("ModifyDBInstance")[0].parameters["MasterUserPassword"];
    assert!(given.len() >= 40 && instance().passwords().contains(given));
    assert!(!run.json.to_string().contains(given) && !run.standard_error.contains(given));
    let events = std::fs::read_to_string(told).unwrap();
    assert!(events.contains(&format!("drillyard-{}-dump", run.id().to_lowercase())), "it was heard of");
    assert!(!events.contains(given));
}

#[test]
fn c20_a_password_that_comes_late_is_waited_for() {
    // The server learns of it only after the first tries have been refused.
    let place = Place::new(Plan { deaf: true, ..Plan::default() });
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for _ in 0..600 {
                if let Some(call) = place.front.calls("ModifyDBInstance").first() {
                    std::thread::sleep(Duration::from_secs(6));
                    instance().set_password(place.front.master(), &call.parameters["MasterUserPassword"]);
                    return;
                }
                std::thread::sleep(Duration::from_millis(100));
            }
        });
        place.run().must_be("passed");
    });
}

#[test]
fn an_answer_that_got_lost_makes_no_second_instance() {
    let place = Place::new(Plan { lose: vec!["RestoreDBInstanceFromDBSnapshot"], ..Plan::default() });
    place.run().must_be("passed");
    assert_eq!(place.front.calls("RestoreDBInstanceFromDBSnapshot").len(), 2);
}
