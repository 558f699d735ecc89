//! `status`, `digest` and the mail of a run.

use std::fs;

use serde_json::json;

use crate::place::{ABSENT, Place, SETTINGS, ids, lab};

#[test]
fn status_has_a_row_per_service_and_a_document_for_programs() {
    let place = &lab().place;
    let text = place.run(&["status"]).ends_with(0).out;
    assert!(text.contains("failing") && text.contains("shop (2 drills)"), "{text}");
    assert!(text.contains("absent has proven nothing yet") || text.contains("absent errored"), "{text}");
    let json = place.run(&["--json", "status"]).ends_with(0).json();
    assert_eq!(json["schema"], "drillyard/status/1");
    let states: Vec<_> = json["services"].as_array().unwrap().iter().map(|s| s["state"].clone()).collect();
    assert_eq!(states, ["failing", "never"]);
    let drills = json["services"][0]["drills"].as_array().unwrap();
    let drills: Vec<_> = drills.iter().map(|d| (d["drill"].clone(), d["state"].clone())).collect();
    assert_eq!(drills, [("short".into(), "failing".into()), ("orders".into(), "proven".into())]);
    let proof = &json["services"][0]["drills"][1]["proof"];
    assert_eq!(proof["run"], lab().passed.json()["run"]);
    assert!(proof["time_to_verified_seconds"].as_f64().unwrap() > 0.0);
}

#[test]
fn status_without_drills_says_so_and_with_faulty_ones_tells_the_faults() {
    let nothing = Place::new().run(&["status"]).ends_with(0).out;
    assert!(
        nothing.starts_with("No drills in /") && nothing.contains("/drills; `drills: [FOLDER]`"),
        "{nothing}"
    );
    let faulty = Place::with(&[("drillyard.yaml", SETTINGS), ("drills/a.yaml", "drill: Orders\n")]);
    let told = faulty.run(&["status"]).ends_with(0).out;
    assert!(told.starts_with("No drill could be read.") && told.contains("drills/a.yaml, line 1"), "{told}");
    let told = faulty.run(&["digest"]).ends_with(0).out;
    assert!(
        told.starts_with("Subject: Recovery: no service is drilled; 1 drill file has an error"),
        "{told}"
    );
    let next = faulty.run(&["next"]).ends_with(0);
    assert_eq!(next.out, "no drill file is without errors\n");
    assert!(
        next.err.contains("1 drill file can't be read: ") && next.err.contains("drills/a.yaml:1"),
        "{next:?}"
    );
    for command in ["status", "next"] {
        let json = faulty.run(&["--json", command]).ends_with(0).json();
        assert_eq!(json["schema"], format!("drillyard/{command}/1"));
        assert_eq!(json["broken_files"].as_array().unwrap().len(), 1, "{json}");
    }
}

#[test]
fn a_broken_file_hides_no_other_service() {
    let scheduled = "schedule: { cron: \"0 3 * * *\" }\n";
    let place = Place::with(&[
        ("drillyard.yaml", SETTINGS),
        ("drills/a.yaml", "drill: a\nchekcs: []\nbackpu: 1\n"),
        ("drills/absent.yaml", &format!("drill: absent\n{scheduled}{ABSENT}")),
        ("drills/z.yaml", "drill: [\n"),
    ]);
    for (arguments, shown) in [
        (&["status"][..], "\n  broken  a "),
        (&["digest"], "2 of 2 services NOT proven recoverable: a has a broken file"),
        (&["next"], "absent"),
    ] {
        let ran = place.run(arguments).ends_with(0);
        assert!(ran.out.contains("absent") && ran.out.contains(shown), "{}", ran.out);
        for part in ["drills/a.yaml", "drills/z.yaml", "`drillyard check`"] {
            assert!(ran.out.contains(part) || ran.err.contains(part), "{part} is not in {ran:?}");
        }
    }
    for command in ["status", "next"] {
        let broken = place.run(&["--json", command]).ends_with(0).json()["broken_files"].clone();
        assert_eq!((&broken[0]["drills"], &broken[0]["line"]), (&json!(["a"]), &json!(2)), "{broken}");
        assert!(broken[0]["file"].as_str().unwrap().ends_with("drills/a.yaml"), "{broken}");
        assert_eq!((&broken[1]["drills"], broken.as_array().unwrap().len()), (&json!([]), 2), "{broken}");
    }
    place.run(&["next", "a"]).ends_with(2).complains(&["drills/a.yaml"]);
    place.run(&["next", "absent"]).ends_with(0);
    fs::remove_file(place.folder.join("drills/absent.yaml")).unwrap();
    let alone = place.run(&["status"]).ends_with(0).out;
    assert!(alone.contains("\n  broken  a ") && alone.contains("nothing starts it"), "{alone}");
    let lock = drillyard::daemon::lock::DaemonLock::acquire(&place.folder.join("records")).unwrap();
    for command in ["status", "digest"] {
        let told = place.run(&[command]).ends_with(0).out;
        let told = told.split_whitespace().collect::<Vec<_>>().join(" ");
        let last_good = "the daemon may still use the last good version";
        assert!(told.contains(last_good) && !told.contains("nothing starts it"), "{told}");
    }
    drop(lock);
}

#[tokio::test]
async fn status_warns_of_messages_that_did_not_arrive() {
    // A file lies where the folder of mails should be.
    let settings = format!("{SETTINGS}mail: {{ directory: mail, from: drills@example.org }}\n");
    let absent = format!("drill: absent\nnotify: [{{ email: {{ to: [ops@example.org] }} }}]\n{ABSENT}");
    let place =
        Place::with(&[("drillyard.yaml", &settings), ("drills/absent.yaml", &absent), ("mail", "no folder")]);
    place.run(&["run", "absent", "--notify"]).ends_with(3);
    let told = place.run(&["status"]).ends_with(0).out;
    // Where the lines break depends on the length of the folder's name.
    let told = told.split_whitespace().collect::<Vec<_>>().join(" ");
    let waits =
        "1 message could not be delivered: to ops@example.org about absent, to be tried again by the daemon";
    assert!(told.contains(waits) && told.contains("could not write to"), "{told}");
    let message = &place.run(&["--json", "status"]).ends_with(0).json()["undelivered"][0];
    assert_eq!(message["recipient"], "ops@example.org");
    assert_eq!(message["drill"], "absent");
    assert_eq!(message["run"], ids(&place)[0]);
    assert!(message["given_up_at"].is_null(), "{message}");

    let store = drillyard::store::Store::open(&place.folder.join("records")).unwrap();
    store.outbox_given_up(1, jiff::Timestamp::now(), "550 no such user").await.unwrap();
    let json = place.run(&["--json", "status"]).ends_with(0).json();
    assert!(json["undelivered"][0]["given_up_at"].is_string(), "{json}");
    assert_eq!(json["undelivered"][0]["last_error"], "550 no such user");
}

#[test]
fn the_digest_is_printed_as_it_would_be_sent() {
    let told = lab().place.run(&["digest"]).ends_with(0).out;
    assert!(
        told.starts_with("Subject: Recovery: 2 of 2 services NOT proven recoverable: shop failing"),
        "{told}"
    );
    assert!(told.contains("absent never proven") && told.contains("Without a schedule"), "{told}");
}

#[test]
fn a_run_is_written_as_the_mail_about_it() {
    let place = &lab().place;
    let run = &ids(place)[1];
    let told = place.run(&["show", run, "--mail", "short.eml"]).ends_with(0).out;
    assert_eq!(told, "short.eml\n");
    let mail = fs::read_to_string(place.folder.join("short.eml")).unwrap();
    assert!(mail.contains("Subject: shop: restored, but NOT whole: 1 of 2 checks failed"), "{mail}");
    assert!(mail.contains("platform-team acts."), "{mail}");
    assert!(mail.contains("multipart/alternative") && mail.contains("text/html"), "{mail}");
}

#[test]
fn a_digest_is_sent_to_those_whom_the_settings_name_and_to_nobody_else() {
    let absent = format!("drill: absent\n{ABSENT}");
    let nobody = Place::with(&[("drillyard.yaml", SETTINGS), ("drills/absent.yaml", &absent)]);
    nobody.run(&["digest", "--send"]).ends_with(2).complains(&["name nobody", "digest: {"]);

    let named = format!("{SETTINGS}digest: {{ cron: \"0 8 * * 1\", to: [managers@example.org] }}\n");
    let place = Place::with(&[("drillyard.yaml", &named), ("drills/absent.yaml", &absent)]);
    let told = place.run(&["digest", "--send"]).ends_with(0).out;
    assert!(told.contains('1'), "{told}");
    let mails: Vec<_> =
        fs::read_dir(place.folder.join("records/mail")).unwrap().map(Result::unwrap).collect();
    let mails: Vec<_> = mails.iter().map(|mail| fs::read_to_string(mail.path()).unwrap()).collect();
    assert_eq!(mails.len(), 1);
    assert!(mails[0].contains("To: managers@example.org"), "{}", mails[0]);
    // Long headers are folded.
    let unfolded = mails[0].replace("\r\n ", " ");
    assert!(
        unfolded
            .contains("Subject: Recovery: the one service is NOT proven recoverable: absent never proven"),
        "{}",
        mails[0]
    );
}

#[test]
fn a_drill_that_is_defined_nowhere_here_is_told_of_and_so_is_a_daemon_that_is_not_there() {
    let place = Place::with(&[("orders.yaml", &format!("drill: orders\n{ABSENT}"))]);
    place.run(&["run", "orders.yaml"]).ends_with(3);
    for command in ["status", "digest"] {
        let told = place.run(&[command]).ends_with(0).out;
        assert!(told.contains("no drill file here defines it\n  - orders: errored "), "{told}");
        assert!(!told.contains("daemon"), "nothing is ever due: {told}");
    }
    let json = place.run(&["--json", "status"]).ends_with(0).json();
    assert_eq!((&json["strays"][0]["drill"], &json["daemon"]), (&json!("orders"), &json!(false)), "{json}");
    let scheduled = format!("drill: orders\nschedule: {{ cron: \"0 3 * * *\" }}\n{ABSENT}");
    place.write("drills/orders.yaml", scheduled);
    let told = place.run(&["status"]).ends_with(0).out;
    assert!(
        told.contains("No daemon is running on this state directory: nothing will run by itself."),
        "{told}"
    );
    let lock = drillyard::daemon::lock::DaemonLock::acquire(&place.folder.join("state")).unwrap();
    let told = place.run(&["status"]).ends_with(0).out;
    assert!(!told.contains("No daemon") && !told.contains("no drill file here"), "{told}");
    assert_eq!(place.run(&["--json", "status"]).ends_with(0).json()["daemon"], true);
    drop(lock);
}
