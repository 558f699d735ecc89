//! Answers that get lost, late or untrue: what nobody knows is never told as done, and never as nothing.

use crate::front::Plan;
use crate::place::{Place, client, instances};

const RESTORE: &str = "RestoreDBInstanceFromDBSnapshot";
const DESCRIBE: &str = "DescribeDBInstances";

/// The name of the instance of a run that has ended.
fn of(run: &crate::support::Run) -> String {
    format!("drillyard-{}", run.id().to_lowercase())
}

/// The restore's answer is lost, its second try finds the name taken, and the instance can't be seen yet.
#[test]
fn an_instance_that_is_there_and_not_seen_yet_is_ours_all_the_same() {
    let refuse = vec![(DESCRIBE, 404, "DBInstanceNotFound", 1)];
    let place = Place::new(Plan { lose: vec![RESTORE], refuse, ..Plan::default() });
    let run = place.run();
    run.must_be("passed");
    assert!(!instances().contains(&of(&run)));
}

/// Nobody may look: whether something was made is not known, and it is deleted as soon as somebody may.
#[test]
fn an_instance_that_nobody_may_look_at_is_not_told_as_never_made() {
    let refuse = vec![(DESCRIBE, 403, "AccessDenied", 1)];
    let place = Place::new(Plan { lose: vec![RESTORE], refuse, ..Plan::default() });
    let run = place.run();
    run.must_be("errored(rds_failed)");
    let stop = run.json["stop"].to_string();
    assert!(stop.contains("AlreadyExists") && stop.contains("is not known"), "{stop}");
    assert!(!instances().contains(&of(&run)), "{} is left, and the record says that nothing is", of(&run));
    assert_eq!(place.front.calls("DeleteDBInstance").len(), 1);
}

/// A service that has lost its head has not said that nothing was done.
#[test]
fn a_refusal_with_a_server_s_status_is_no_answer() {
    let refuse = vec![(RESTORE, 500, "InstanceQuotaExceeded", 100)];
    let run = Place::new(Plan { refuse, ..Plan::default() }).run();
    run.must_be("errored(source_unreachable)");
}

/// One look that finds nothing proves nothing: neither before the instance is seen first, nor when it is to be gone.
#[test]
fn one_look_that_finds_nothing_is_not_believed() {
    let refuse = vec![(DESCRIBE, 404, "DBInstanceNotFound", 3)];
    let place = Place::new(Plan { refuse, ..Plan::default() });
    place.run().must_be("passed");

    // The teardown's first look.
    let refuse = vec![(DESCRIBE, 404, "DBInstanceNotFound", 1)];
    let then = Some(("ModifyDBInstance", Box::new(Plan { refuse, ..Plan::default() })));
    let refuse = vec![("ModifyDBInstance", 400, "InvalidParameterValue", 1)];
    let run = Place::new(Plan { refuse, then, ..Plan::default() }).run();
    run.must_be("errored(rds_failed)");
    assert!(!instances().contains(&of(&run)), "{} is left", of(&run));
}

/// A 404 of something else than RDS, a proxy's, is silence.
#[test]
fn only_the_service_s_own_word_says_that_there_is_none() {
    let refuse = vec![(DESCRIBE, 404, "", 3)];
    Place::new(Plan { refuse, ..Plan::default() }).run().must_be("passed");
}

#[test]
fn an_answer_that_begins_and_never_ends_is_asked_for_again() {
    let place = Place::new(Plan { stall: vec![DESCRIBE], ..Plan::default() });
    let begun = std::time::Instant::now();
    place.run().must_be("passed");
    assert!(begun.elapsed() < std::time::Duration::from_mins(3));
}

/// A rule of the account, or a person, protects whatever is made.
#[test]
fn an_instance_that_somebody_protects_is_deleted() {
    let place = Place::new(Plan { states: vec!["creating"; 8], ..Plan::default() });
    let run = std::thread::scope(|scope| {
        scope.spawn(|| {
            for _ in 0..600 {
                std::thread::sleep(std::time::Duration::from_millis(50));
                if let Some(call) = place.front.calls(RESTORE).first() {
                    let name = &call.parameters["DBInstanceIdentifier"];
                    while !instances().contains(name) {}
                    client(&format!(
                        "rds.modify_db_instance(DBInstanceIdentifier='{name}', DeletionProtection=True)"
                    ));
                    return;
                }
            }
        });
        place.run()
    });
    run.must_be("errored(profile_not_applied)");
    assert!(
        run.json["stop"].to_string().contains("no deletion protection (found yes)"),
        "{}",
        run.json["stop"]
    );
    assert!(!instances().contains(&of(&run)), "{} is left", of(&run));
}

/// RDS finds its own snapshots by name only among the automated ones, and keeps names in lower case.
#[test]
fn a_snapshot_is_looked_for_again_among_those_of_its_sort() {
    let place = Place::new(Plan::default());
    let drill = place.example().replace("instance: shop-prod", "instance: SHOP-PROD");
    place.write(&drill.replace("snapshot: newest_automated", "snapshot: before-the-release"));
    place.run().must_be("passed");
    let place = Place::new(Plan::default());
    place.run().must_be("passed");
    let by_name = |call: &&crate::front::Call| call.parameters.contains_key("DBSnapshotIdentifier");
    let asked = place.front.calls("DescribeDBSnapshots");
    let sorts: Vec<_> =
        asked.iter().filter(by_name).map(|call| call.parameters.get("SnapshotType")).collect();
    assert!(
        !sorts.is_empty() && sorts.iter().all(|sort| sort.is_some_and(|sort| sort == "automated")),
        "{sorts:?}"
    );
}
