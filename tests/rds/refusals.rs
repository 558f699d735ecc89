//! What the service refuses, or does not get done, is told as what it is, and leaves nothing.

use crate::front::Plan;
use crate::place::{Place, instance, instances};

/// A run that ends so, without anything left; what it said.
#[track_caller]
fn ends(place: &Place, ending: &str) -> String {
    let run = place.run();
    run.must_be(ending);
    let name = format!("drillyard-{}", run.id().to_lowercase());
    assert!(!instances().contains(&name), "{name} is left");
    run.json["stop"].to_string()
}

fn refused(action: &'static str, status: u16, code: &'static str) -> Plan {
    Plan { refuse: vec![(action, status, code, 100)], ..Plan::default() }
}

#[test]
fn c20_quotas_names_and_rights_have_reasons_of_their_own() {
    let restore = "RestoreDBInstanceFromDBSnapshot";
    for (plan, ending, words) in [
        (refused(restore, 400, "InstanceQuotaExceeded"), "errored(rds_quota)", "InstanceQuotaExceeded"),
        (refused(restore, 400, "DBInstanceAlreadyExists"), "errored(rds_failed)", "AlreadyExists"),
        (refused(restore, 403, "AccessDenied"), "errored(source_denied)", "docs/aws.md"),
        (refused(restore, 400, "KMSKeyNotAccessibleFault"), "errored(source_denied)", "KMSKeyNotAccessible"),
        (refused("DescribeDBSnapshots", 403, "AccessDenied"), "errored(source_denied)", "AccessDenied"),
        (refused("ModifyDBInstance", 400, "InvalidParameterValue"), "errored(rds_failed)", "password"),
    ] {
        let told = ends(&Place::new(plan), ending);
        assert!(told.contains(words), "{words}: {told}");
    }
}

/// Nothing was made, so nothing can be left: that nobody can be asked is no leak.
#[test]
fn c12_credentials_that_may_do_nothing_are_denied_and_leak_nothing() {
    let refuse =
        ["DescribeDBSnapshots", "DescribeDBInstances"].map(|action| (action, 403, "AccessDenied", 100));
    let told =
        ends(&Place::new(Plan { refuse: refuse.to_vec(), ..Plan::default() }), "errored(source_denied)");
    assert!(told.contains("the automated snapshots of shop-prod"), "{told}");
}

#[test]
fn c20_an_instance_that_comes_to_nothing_is_told_by_its_state() {
    let told = ends(
        &Place::new(Plan { states: vec!["creating", "incompatible-parameters"], ..Plan::default() }),
        "errored(rds_failed)",
    );
    assert!(told.contains("incompatible-parameters"), "{told}");
}

#[test]
fn c20_an_instance_that_takes_too_long_meets_the_deadline() {
    let place = Place::new(Plan { states: vec!["creating"; 100], ..Plan::default() });
    place.write(&format!("{}restore: {{ timeout: 3s }}\n", place.example()));
    let told = ends(&place, "errored(timeout)");
    assert!(told.contains("creating") && told.contains("restore.timeout"), "{told}");
}

/// A snapshot of another service would prove the wrong one.
#[test]
fn a_snapshot_of_another_instance_is_not_there() {
    let place = Place::new(Plan::default());
    crate::place::client(
        "rds.create_db_instance(DBInstanceIdentifier='billing-prod', Engine='postgres', EngineVersion='15.12', MasterUsername='x', \
         MasterUserPassword='xxxxxxxx', DBInstanceClass='db.t4g.medium', AllocatedStorage=20)\n\
         rds.create_db_snapshot(DBInstanceIdentifier='billing-prod', DBSnapshotIdentifier='of-billing')",
    );
    place.write(&place.example().replace("snapshot: newest_automated", "snapshot: of-billing"));
    let told = ends(&place, "failed(no_backup)");
    assert!(told.contains("of-billing"), "{told}");
}

#[test]
fn c20_a_snapshot_that_is_still_being_made_is_no_backup_yet() {
    let place = Place::new(Plan { snapshot: Some("creating"), ..Plan::default() });
    let told = ends(&place, "failed(no_backup)");
    assert!(told.contains("still being written"), "{told}");
}

#[test]
fn a_server_that_nobody_vouches_for_is_not_asked() {
    let place = Place::new(Plan::default());
    // A real authority, and not the one of this server.
    let other = place.scene.path("other.pem");
    let make = format!(
        "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=other -keyout /dev/null -out {}",
        other.display()
    );
    crate::support::done(std::process::Command::new("bash").args(["-c", &make]));
    let own = instance().authority().display().to_string();
    place.write(&place.example().replace(&own, &other.display().to_string()));
    let told = ends(&place, "errored(source_unreachable)");
    assert!(told.contains("certificate") && told.contains("database.ca"), "{told}");
    // A file without any is noticed before anything is made and paid for.
    std::fs::write(&other, "[default]\naws_secret_access_key = canary\n").unwrap();
    let told = ends(&place, "errored(source_unreachable)");
    assert!(told.contains("no certificate") && !told.contains("canary"), "{told}");
    assert_eq!(place.front.calls("RestoreDBInstanceFromDBSnapshot").len(), 1);
}

#[test]
fn what_the_master_may_not_read_is_a_refusal() {
    let place = Place::new(Plan::default());
    instance().psql("postgres", "create database secretive");
    instance().psql("secretive", "select lo_from_bytea(0, 'canary-row')");
    place.write(&place.example().replace("\nchecks:", "  databases: [secretive]\n\nchecks:"));
    let told = ends(&place, "errored(source_denied)");
    assert!(told.contains("permission denied") && told.contains("pg_read_all_data"), "{told}");
    assert!(!told.contains("canary"), "{told}");
}

#[test]
fn an_instance_that_can_not_be_deleted_is_told_as_a_leak() {
    let place = Place::new(refused("DeleteDBInstance", 403, "AccessDenied"));
    let ended = place
        .scene
        .program()
        .args(["--json", "run", "drills/rds.yaml"])
        .envs(crate::place::SECRETS)
        .output()
        .unwrap();
    let json: serde_json::Value = serde_json::from_slice(&ended.stdout).unwrap();
    // The archive was whole, and the proof is one.
    assert_eq!(json["verdict"], "passed", "{}", json["stop"]);
    assert!(json["warnings"].to_string().contains("was not deleted at once"), "{}", json["warnings"]);
    assert_eq!(json["leaked"], true, "{}", json["cleanup"]);
    let name = format!("drillyard-{}", json["run"].as_str().unwrap().to_lowercase());
    assert!(json["cleanup"]["leftovers"].to_string().contains(&name), "{}", json["cleanup"]);
    assert!(instances().contains(&name));
    place.front.be_kind();
    let swept = place
        .scene
        .program()
        .args(["--json", "sweep", "drills/rds.yaml"])
        .envs(crate::place::SECRETS)
        .output()
        .unwrap();
    assert_eq!(swept.status.code(), Some(0), "{}", String::from_utf8_lossy(&swept.stderr));
    assert!(String::from_utf8_lossy(&swept.stdout).contains(&name));
    assert!(!instances().contains(&name));
}
