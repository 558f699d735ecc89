//! The temporary instance itself is asked: `then: instance`.

use crate::front::Plan;
use crate::place::{Place, SECRETS, instance, instances};

/// `drills/rds.yaml` with the instance in the container's place.
fn on_the_instance(plan: Plan) -> Place {
    let place = Place::new(plan);
    let example = place.example();
    let class = "      class: db.t4g.medium\n";
    assert!(example.contains(class));
    // A table of the shop hides its rows, and whoever is no superuser on 15 can't hand on the right to look behind that.
    let sequences = "  - sequences: {}\n";
    assert!(example.contains(sequences));
    place.write(&example.replace(class, &format!("{class}      then: instance\n")).replace(sequences, ""));
    place
}

#[test]
fn the_instance_is_asked_by_the_same_checks_and_no_container_is_made() {
    let place = on_the_instance(Plan { states: vec!["creating", "backing-up"], ..Plan::default() });
    let run = place.run();
    run.must_be("passed");
    assert_eq!(run.phases(), ["locate", "restore", "verify", "teardown"]);
    assert_eq!(run.json["checks"].as_array().unwrap().len(), 3);
    let sandbox = &run.json["sandbox"];
    assert!(sandbox["container"].is_null() && sandbox["not_comparable"].to_string().contains("lazy_loading"));
    let facts = &sandbox["instance"];
    assert_eq!(facts["name"], format!("drillyard-{}", run.id().to_lowercase()));
    for property in ["not public", "subnet group drills", "security groups sg-0d1155a01a7ed0001", "our tags"]
    {
        assert!(facts["profile"].to_string().contains(property), "{property}: {facts}");
    }
    for clock in ["time_to_queryable", "time_to_restored", "time_to_verified"] {
        assert!(run.json["clocks"][clock]["seconds"].as_f64().unwrap() > 0.0, "{}", run.json["clocks"]);
    }
    assert_eq!(run.json["clocks"]["recovery_point_age"]["basis"], "snapshot");
    assert!(
        run.lists("not_verified", "only its subnets and security groups")
            && run.lists("not_verified", "security groups let out"),
        "{}",
        run.json["not_verified"]
    );
    assert!(!instances().contains(&facts["name"].as_str().unwrap().to_owned()));
    let of_the_run = format!("label=io.drillyard.run={}", run.id());
    let events = ["events", "--since", "10m", "--until", "0s", "--filter", &of_the_run];
    assert_eq!(crate::support::docker(&events), "", "no container was made");
}

/// The server's log holds every statement that makes a role; RDS shows it to whoever may read logs.
#[test]
fn h_no_password_reaches_the_server_s_log_or_the_record() {
    let place = on_the_instance(Plan::default());
    let run = place.run();
    run.must_be("passed");
    let log = instance().log();
    let role = format!("drillyard_check_{}", run.id().to_lowercase());
    let made = log.lines().find(|line| line.contains(&format!("CREATE ROLE {role} WITH LOGIN")));
    assert!(made.unwrap().contains("PASSWORD 'SCRAM-SHA-256$"), "{made:?}");
    let given = &place.front.calls("ModifyDBInstance")[0].parameters["MasterUserPassword"];
    assert!(!run.json.to_string().contains(given) && !run.standard_error.contains(given));
    assert!(!run.json.to_string().contains("SCRAM-SHA-256"));
}

#[test]
fn a_check_that_finds_something_else_fails_there_as_well() {
    let place = on_the_instance(Plan::default());
    let drill = std::fs::read_to_string(place.scene.path("drills/rds.yaml")).unwrap();
    place.write(&drill.replace("equals: 20_000", "equals: 20_001"));
    let run = place.run();
    run.must_be("failed(check_failed)");
    assert!(run.json["checks"].to_string().contains("20000"), "{}", run.json["checks"]);
}

/// The parameter group is a part of what contains the data: it is read before anything is made.
#[test]
fn a_parameter_group_that_lets_restored_data_act_is_refused_before_anything_is_made() {
    let place = on_the_instance(Plan::default());
    crate::place::client(
        "rds.create_db_parameter_group(DBParameterGroupName='loose', DBParameterGroupFamily='postgres15', Description='x')\n\
         rds.modify_db_parameter_group(DBParameterGroupName='loose', Parameters=[{'ParameterName': 'shared_preload_libraries', \
         'ParameterValue': 'pg_stat_statements,pg_cron', 'ApplyMethod': 'pending-reboot'}])",
    );
    let drill = std::fs::read_to_string(place.scene.path("drills/rds.yaml")).unwrap();
    place.write(&drill.replace("parameter_group: drills-postgres15", "parameter_group: loose"));
    let run = place.run();
    run.must_be("errored(profile_not_applied)");
    let stop = run.json["stop"].to_string();
    for words in ["loose", "max_logical_replication_workers is not set", "pg_cron"] {
        assert!(stop.contains(words), "{words}: {stop}");
    }
    assert!(place.front.calls("RestoreDBInstanceFromDBSnapshot").is_empty());
}

/// Warming up forgives what is locked or not permitted, and nothing that speaks of damage.
#[test]
fn a_table_whose_file_is_gone_is_no_proof_of_recovery_whatever_the_checks_ask() {
    let place = on_the_instance(Plan::default());
    instance().with_a_hole("holed");
    let drill = std::fs::read_to_string(place.scene.path("drills/rds.yaml")).unwrap();
    let (before, _) = drill.split_once("\nchecks:").unwrap();
    place.write(&format!(
        "{before}  databases: [holed]\nchecks:\n  - rows: {{ table: public.whole, equals: 1 }}\n"
    ));
    let run = place.run();
    run.must_be("errored(rds_failed)");
    let detail = run.json["stop"]["detail"].as_str().unwrap();
    assert!(detail.contains("a table's first row (58P01)"), "{detail}");
}

/// Contain first: nobody has connected, and no password was set.
#[test]
fn an_instance_that_is_not_as_it_was_asked_for_is_not_asked() {
    for (is, told, words) in [
        (
            "<PubliclyAccessible>false</PubliclyAccessible>",
            "<PubliclyAccessible>true</PubliclyAccessible>",
            "not public (found yes)",
        ),
        ("sg-0d1155a01a7ed0001", "sg-of-somebody", "(found sg-of-somebody)"),
        (">in-sync<", ">pending-reboot<", "parameters in force (found pending-reboot)"),
    ] {
        let place = on_the_instance(Plan { untrue: vec![(is, told)], ..Plan::default() });
        let run = place.run();
        run.must_be("errored(profile_not_applied)");
        assert!(run.json["stop"]["detail"].as_str().unwrap().contains(words), "{}", run.json["stop"]);
        assert!(place.front.calls("ModifyDBInstance").is_empty());
        assert_eq!(place.front.calls("DeleteDBInstance").len(), 1);
    }
}

#[test]
fn a_server_that_nobody_vouches_for_is_told_nothing() {
    let place = on_the_instance(Plan::default());
    let other = place.scene.path("other");
    std::fs::create_dir(&other).unwrap();
    crate::place::certificates(&other);
    let drill = std::fs::read_to_string(place.scene.path("drills/rds.yaml")).unwrap();
    let authority = instance().authority().display().to_string();
    place.write(&drill.replace(&authority, other.join("ca.crt").to_str().unwrap()));
    let run = place.run();
    run.must_be("errored(source_unreachable)");
    let stop = run.json["stop"].to_string();
    assert!(stop.contains("could not be trusted") && stop.contains("database.ca"), "{stop}");
}

#[test]
fn a_server_that_is_not_reached_is_told_with_its_address() {
    let place = on_the_instance(Plan::default());
    let drill = std::fs::read_to_string(place.scene.path("drills/rds.yaml")).unwrap();
    place.write(&drill.replace(&instance().address, "127.0.0.1:1"));
    let run = place.run();
    run.must_be("errored(source_unreachable)");
    let stop = run.json["stop"].to_string();
    assert!(stop.contains("127.0.0.1:1") && stop.contains("security group"), "{stop}");
}

#[test]
fn a_master_user_who_may_make_no_role_is_told_what_to_grant() {
    let place = on_the_instance(Plan::default());
    instance().psql("postgres", &format!("alter role {} nocreaterole", place.front.master()));
    let run = place.run();
    run.must_be("errored(source_denied)");
    let stop = run.json["stop"].to_string();
    assert!(stop.contains("42501") && stop.contains("CREATEROLE"), "{stop}");
}

/// A table with row-level security that the role can't look behind is an error, never an empty table.
#[test]
fn rows_that_hide_make_a_check_end_as_an_error() {
    let place = on_the_instance(Plan::default());
    let drill = std::fs::read_to_string(place.scene.path("drills/rds.yaml")).unwrap();
    place.write(&format!("{drill}  - rows: {{ table: public.customer_notes, equals: 0 }}\n"));
    let run = place.run();
    run.must_be("errored(check_invalid)");
    assert!(run.json["checks"].to_string().contains("BYPASSRLS"), "{}", run.json["checks"]);
    assert!(run.lists("not_verified", "row-level security"), "{}", run.json["not_verified"]);
}

#[test]
fn c21_killed_while_the_instance_is_asked_it_is_found_by_its_tag() {
    let place = on_the_instance(Plan::default());
    let killed = place
        .scene
        .program()
        .args(["--json", "run", "drills/rds.yaml"])
        .envs(SECRETS)
        .env("DRILLYARD_FAIL_AT", "after_verify")
        .output()
        .unwrap();
    assert_eq!(killed.status.code(), None);
    let name =
        place.front.calls("RestoreDBInstanceFromDBSnapshot")[0].parameters["DBInstanceIdentifier"].clone();
    assert!(instances().contains(&name));
    let swept = place.scene.program().args(["sweep", "drills/rds.yaml"]).envs(SECRETS).output().unwrap();
    assert_eq!(swept.status.code(), Some(0), "{}", String::from_utf8_lossy(&swept.stderr));
    assert!(!instances().contains(&name));
}

#[test]
fn a_sandbox_is_not_kept_where_there_is_none() {
    let place = on_the_instance(Plan::default());
    let asked = ["run", "--keep", "1h", "drills/rds.yaml"];
    let refused = place.scene.program().args(asked).envs(SECRETS).output().unwrap();
    let said = String::from_utf8_lossy(&refused.stderr);
    assert_eq!(refused.status.code(), Some(2), "{said}");
    assert!(said.contains("--keep keeps a container"), "{said}");
    assert!(place.front.calls("RestoreDBInstanceFromDBSnapshot").is_empty());
}
