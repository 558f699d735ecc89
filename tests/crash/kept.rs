//! Sandboxes that stay after their run, because a person asked for it or the drill does.

use std::time::Duration;

use crate::rig::engine::{docker, shell};
use crate::rig::proxy::{Call, Proxy, Spoil};
use crate::rig::{FAILING, QUICK, REHEARSING, Ran, Rig, within};

fn answers(sandbox: &str) {
    let (done, text) =
        shell(sandbox, "/usr/lib/postgresql/*/bin/psql -h 127.0.0.1 -U postgres -XAt -c 'select 6 * 7'");
    assert_eq!((done, text.as_str()), (true, "42"));
}

/// It stays, is listed as kept, and is no leak.
fn assert_kept(rig: &Rig, ran: &Ran) -> String {
    ran.assert_cleaned_up();
    let kept = ran.json["cleanup"]["kept"].as_array().cloned().unwrap_or_default();
    assert_eq!(kept.len(), 1, "{}", ran.json["cleanup"]);
    let sandbox = rig.sandbox();
    answers(&sandbox);
    let swept = rig.sweep();
    assert_eq!(swept.code, Some(0), "{}", swept.stderr);
    assert_eq!(swept.json["removed"], serde_json::json!([]));
    let listed = swept.json["kept"].to_string();
    assert!(listed.contains(&sandbox), "{listed}");
    answers(&sandbox);
    sandbox
}

#[test]
fn a_kept_sandbox_answers_is_no_leak_and_ends_by_itself_with_its_volume() {
    let rig = Rig::new(QUICK);
    let ran = rig.run(&["--keep", "12s"]);
    assert_eq!((ran.code, ran.verdict()), (Some(0), ("passed", None)), "{}", ran.stderr);
    assert_kept(&rig, &ran);
    within(Duration::from_secs(25), "the kept sandbox to end by itself", || rig.on_engine().is_empty());
    let swept = rig.sweep();
    assert_eq!((swept.code, &swept.json["kept"]), (Some(0), &serde_json::json!([])));
    rig.assert_nothing_remains("the end of a kept sandbox");
}

#[test]
fn a_failed_drill_keeps_its_sandbox_where_it_says_so_and_release_destroys_it() {
    let rig = Rig::new(FAILING);
    let ran = rig.run(&[]);
    assert_eq!((ran.code, ran.verdict()), (Some(1), ("failed", Some("check_failed"))), "{}", ran.stderr);
    assert_kept(&rig, &ran);
    let released = rig.ask(&["release", "last"]);
    assert_eq!(released.code, Some(0), "{}", released.stderr);
    rig.assert_nothing_remains("release");
}

#[test]
fn a_passed_drill_keeps_nothing_that_only_a_failure_keeps() {
    let rig = Rig::new(&FAILING.replace("1000", "1"));
    let ran = rig.run(&[]);
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    rig.assert_nothing_remains("a passed drill with keep_on_failure");
}

/// The figures of a rehearsal that failed can be counted again: before in the sandbox, after in the copy.
#[test]
fn psql_finds_the_figures_of_a_failed_rehearsal_in_the_kept_sandbox_and_its_copy() {
    let rig = Rig::new(
        &REHEARSING.replace("  - name: there and back", "  - name: there and back\n    as: postgres"),
    );
    std::fs::write(rig.path("down.sql"), "drop table released;\ndelete from side.fruits where id <= 7;\n")
        .unwrap();
    let ran = rig.run(&["--keep", "600s"]);
    assert_eq!(ran.verdict(), ("failed", Some("rollback_loses_data")), "{}", ran.stderr);
    let told = &ran.json["rehearsals"][0]["lost"][0];
    assert_eq!((&told["object"], &told["kind"]), (&"side.fruits".into(), &"rows".into()));

    let asked = "select count(*) from side.fruits";
    let psql = |arguments: &[&str], typed: &str| {
        let mut psql = rig.program(&[&["psql"], arguments, &["--", "-XAt"]].concat());
        std::fs::write(rig.path("typed"), typed).unwrap();
        let ended = psql.stdin(std::fs::File::open(rig.path("typed")).unwrap()).output().unwrap();
        let said = String::from_utf8_lossy(&ended.stdout).trim().to_owned();
        (ended.status.code(), said, String::from_utf8_lossy(&ended.stderr).into_owned())
    };
    let copy = ["last", "--rehearsal", "there and back"];
    let says = |count: u64| (Some(0), count.to_string(), String::new());
    assert_eq!(psql(&[], asked), says(400));
    assert_eq!(psql(&copy, asked), says(400 - told["values"].as_u64().unwrap()), "{told}");

    // What a person does in the copy is done, psql's own exit code is the command's, and no file of this machine is near.
    assert_eq!(psql(&copy, "delete from side.fruits where id <= 9").1, "DELETE 2");
    assert_eq!(psql(&[], asked), says(400));
    let (code, _, complaint) = psql(&copy, "\\set ON_ERROR_STOP on\nselect 1 / 0;");
    assert!(code == Some(3) && complaint.contains("division by zero"), "{code:?} {complaint}");
    let (_, _, complaint) = psql(&[], &format!("\\i {}", rig.path("up.sql").display()));
    assert!(complaint.contains("No such file or directory"), "{complaint}");
    let (code, _, complaint) = psql(&["last", "--rehearsal", "another"], asked);
    assert!(code == Some(2) && complaint.contains("keeps no copy of `another`"), "{code:?} {complaint}");

    assert_eq!(rig.ask(&["release", "last"]).code, Some(0));
    rig.assert_nothing_remains("release of a sandbox and a copy");
}

/// A kept sandbox whose end the record does not know, because the process died after handing it over.
#[test]
fn killed_after_the_handover_the_sandbox_is_kept_to_its_time_and_release_destroys_it() {
    // The listing after the handover is the first call that the teardown makes.
    let listing = Call { name: "GET /containers/json".to_owned(), number: 1 };
    let proxy = Proxy::spoiling(listing, Spoil::HoldAfter);
    let rig = Rig::new(QUICK).through(&proxy.socket());
    let mut run = rig.start(&["--keep", "600s"]);
    proxy.wait_for_call();
    assert_eq!(run.kill(), None);
    proxy.let_go();
    std::thread::sleep(Duration::from_secs(3));
    answers(&rig.sandbox());
    let swept = rig.sweep();
    assert_eq!(
        (swept.code, swept.json["kept"].as_array().map(Vec::len)),
        (Some(0), Some(2)),
        "{}",
        swept.json
    );
    assert_eq!(rig.history(), [("aborted".to_owned(), Some("process_lost".to_owned()))]);
    let released = rig.program(&["release", "last"]).env_remove("DOCKER_HOST").output().unwrap();
    assert_eq!(released.status.code(), Some(0));
    rig.assert_nothing_remains("release of a sandbox whose run was killed");
}

/// `docker stop` by a person is no fault: the next sweep forgets it.
#[test]
fn a_kept_sandbox_that_somebody_else_removed_is_gone() {
    let rig = Rig::new(QUICK);
    let ran = rig.run(&["--keep", "600s"]);
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    assert!(docker(&["rm", "--force", "--volumes", &rig.sandbox()]).status.success());
    let swept = rig.sweep();
    assert_eq!((swept.code, &swept.json["kept"]), (Some(0), &serde_json::json!([])), "{}", swept.stderr);
    rig.assert_nothing_remains("a removal by hand");
}
