//! Sandboxes that run out of memory or disk, or are killed from outside: errored, never failed.

use crate::rig::engine::{docker, shell};
use crate::rig::{LONG, QUICK, Ran, Rig};

/// More memory than any sandbox here has, in one value of a backend.
const GREEDY: &str =
    "select length(string_agg(repeat(md5(i::text), 1000), '')) from generate_series(1, 20000) as i";

fn assert_errored(ran: &Ran, reasons: &[&str]) {
    let (verdict, reason) = ran.verdict();
    let told = format!("{verdict} {reason:?}: {}\n{}", ran.sentence(), ran.stderr);
    assert_eq!((ran.code, verdict), (Some(3), "errored"), "{told}");
    assert!(reason.is_some_and(|reason| reasons.contains(&reason)), "{told}");
    ran.assert_cleaned_up();
}

#[test]
fn b10_a_check_that_takes_more_memory_than_there_is_is_errored_and_the_limit_is_told() {
    let check = format!("  - sql: {{ name: greedy, query: \"{GREEDY}\", at_least: 1 }}\n");
    let rig = Rig::new(&(QUICK.replace("256MiB", "128MiB") + &check));
    let ran = rig.run(&[]);
    assert_errored(&ran, &["sandbox_out_of_memory"]);
    assert!(ran.json.to_string().contains("134217728"), "the limit is not told: {}", ran.sentence());
    rig.assert_nothing_remains("a check that ran out of memory");
}

#[test]
fn b10_a_restore_that_takes_more_memory_than_there_is_is_errored_and_the_limit_is_told() {
    let rig = Rig::new(&LONG.replace("256MiB", "128MiB"));
    std::fs::write(rig.path("sleep-long.sql"), format!("{GREEDY};\n")).unwrap();
    let ran = rig.run(&[]);
    assert_errored(&ran, &["sandbox_out_of_memory"]);
    assert!(
        ran.json["stop"].to_string().contains("134217728"),
        "the limit is not told: {}",
        ran.json["stop"]
    );
    assert!(ran.json["stop"]["hint"].to_string().contains("sandbox.memory"), "{}", ran.json["stop"]);
    rig.assert_nothing_remains("a restore that ran out of memory");
}

#[test]
fn b9_a_data_directory_without_room_is_errored() {
    let rig = Rig::new(&LONG.replace("256MiB", "192MiB, storage: tmpfs"));
    let fill = "create table filler as select repeat('x', 1000) as x from generate_series(1, 400000);\n";
    std::fs::write(rig.path("sleep-long.sql"), fill).unwrap();
    let ran = rig.run(&[]);
    assert_errored(&ran, &["disk_full", "sandbox_out_of_memory"]);
    rig.assert_nothing_remains("a full tmpfs");
}

/// Ends the sandbox in the middle of its restore.
fn lost_by(end: impl Fn(&str)) {
    let rig = Rig::new(LONG);
    let run = rig.start(&[]);
    run.has_said("restore    started");
    let sandbox = rig.sandbox();
    std::thread::sleep(std::time::Duration::from_millis(700));
    end(&sandbox);
    let ran = run.wait();
    assert_errored(&ran, &["sandbox_lost"]);
    rig.assert_nothing_remains("a sandbox that was lost");
}

#[test]
fn b11_a_sandbox_that_is_killed_from_outside_is_lost_not_failed() {
    lost_by(|sandbox| assert!(docker(&["kill", sandbox]).status.success()));
}

#[test]
fn b11_a_sandbox_that_is_removed_from_outside_is_lost_not_failed() {
    lost_by(|sandbox| assert!(docker(&["rm", "--force", "--volumes", sandbox]).status.success()));
}

#[test]
fn b11_a_sandbox_whose_server_is_killed_is_lost_not_failed() {
    let pid = format!("{}/postmaster.pid", drillyard::database::postgres::start::DATA);
    lost_by(|sandbox| assert!(shell(sandbox, &format!("kill -9 $(head -1 {pid})")).0));
}
