//! Several processes with one store.

use std::process::Stdio;

use crate::rig::proxy::{Call, Proxy, Spoil};
use crate::rig::{LONG, QUICK, Rig, WIDE};

#[test]
fn two_runs_of_one_store_at_once_are_both_fine() {
    let rig = Rig::new(WIDE);
    std::thread::scope(|scope| {
        let both = [scope.spawn(|| rig.run(&[])), scope.spawn(|| rig.run(&[]))];
        for ran in both.map(|run| run.join().unwrap()) {
            assert_eq!((ran.code, ran.verdict()), (Some(0), ("passed", None)), "{}", ran.stderr);
            ran.assert_cleaned_up();
        }
    });
    assert_eq!(rig.history(), [("passed".to_owned(), None), ("passed".to_owned(), None)]);
    rig.assert_nothing_remains("two runs at once");
}

#[test]
fn a_sweep_leaves_a_live_run_and_another_store_alone() {
    let (rig, other) = (Rig::new(WIDE), Rig::new(QUICK));
    let run = rig.start(&[]);
    run.has_said("provision  done");
    let sandbox = rig.sandbox();

    let dry = rig.ask(&["sweep", "--dry-run"]);
    assert_eq!((dry.code, &dry.json["removed"]), (Some(0), &serde_json::json!([])), "{}", dry.json);
    let swept = rig.sweep();
    assert_eq!((swept.code, &swept.json["removed"]), (Some(0), &serde_json::json!([])), "{}", swept.json);
    assert!(swept.json["live"].to_string().contains(&sandbox), "{}", swept.json);
    let of_the_other = other.sweep();
    assert!(!of_the_other.json.to_string().contains(&sandbox), "{}", of_the_other.json);

    let ran = run.wait();
    assert_eq!((ran.code, ran.verdict()), (Some(0), ("passed", None)), "{}", ran.stderr);
    ran.assert_cleaned_up();
}

#[test]
fn a_dry_sweep_names_what_a_killed_run_left_and_touches_nothing() {
    let rig = Rig::new(LONG);
    let mut run = rig.start(&[]);
    run.has_said("restore    started");
    rig.sandbox();
    run.kill();
    let staged = || std::fs::read_dir(rig.state().join("staging")).unwrap().count();
    let before = staged();
    assert_eq!(before, 1, "the killed run had staged nothing");
    let dry = rig.ask(&["sweep", "--dry-run"]);
    assert_eq!(dry.code, Some(0), "{}", dry.stderr);
    assert!(dry.json["removed"].to_string().contains("staging"), "{}", dry.json);
    assert_eq!(staged(), before);
    assert_eq!(rig.sweep().code, Some(0));
    rig.assert_nothing_remains("a dry and a real sweep");
}

/// The sweep has begun when the run still lived, and looks at its sandbox when it has ended and is kept.
#[test]
fn a_sweep_leaves_alone_what_a_run_decides_to_keep_in_the_meantime() {
    let rig = Rig::new(QUICK);
    let run = rig.start(&["--keep", "600s"]);
    run.has_said("verify     started");
    let listing = Call { name: "GET /volumes".to_owned(), number: 1 };
    let proxy = Proxy::spoiling(listing, Spoil::Delay);
    let mut sweep = rig.program(&["--json", "sweep"]);
    let sweep = sweep.env("DOCKER_HOST", proxy.address()).stdout(Stdio::piped()).spawn().unwrap();
    proxy.wait_for_call();
    let ran = run.wait();
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    proxy.let_go();
    let swept = sweep.wait_with_output().unwrap();
    assert!(swept.status.success(), "{}", String::from_utf8_lossy(&swept.stdout));
    assert_eq!(rig.running().len(), 1, "the kept sandbox was swept away");
}
