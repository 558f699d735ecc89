//! SIGINT and SIGTERM.

use std::time::Duration;

use crate::rig::proxy::{Call, Proxy, Spoil};
use crate::rig::{LONG, QUICK, Ran, Rig, within};

fn cancelled_by(signal: &str) {
    let rig = Rig::new(LONG);
    let run = rig.start(&[]);
    run.has_said("restore    started");
    rig.sandbox();
    run.signal(signal);
    if signal == "HUP" {
        // From the shell, and from the kernel when the session's leader is gone.
        run.signal(signal);
    }
    let ran = run.wait();
    assert_eq!(ran.code, Some(130), "{signal}: {}", ran.stderr);
    assert_eq!(ran.verdict(), ("cancelled", Some("by_person")), "{signal}");
    ran.assert_cleaned_up();
    rig.assert_nothing_remains(signal);
    assert_eq!(rig.history(), [("cancelled".to_owned(), Some("by_person".to_owned()))]);
}

#[test]
fn a11_an_interrupted_run_is_cancelled_and_cleans_up() {
    cancelled_by("INT");
}

#[test]
fn a11_a_terminated_run_is_cancelled_and_cleans_up() {
    cancelled_by("TERM");
}

#[test]
fn a11_a_run_whose_terminal_goes_away_is_cancelled_and_cleans_up() {
    cancelled_by("HUP");
}

/// As `nohup` starts a program: it goes on.
#[test]
fn a11_a_run_that_was_told_to_ignore_its_terminals_end_goes_on() {
    let rig = Rig::new(LONG);
    let run = rig.start_ignoring_hangup();
    run.has_said("restore    started");
    rig.sandbox();
    run.signal("HUP");
    run.signal("TERM");
    let ran = run.wait();
    assert_eq!(ran.code, Some(130), "the first signal that it heard was TERM: {}", ran.stderr);
    assert!(!ran.stderr.contains("stopped at once"), "{}", ran.stderr);
    ran.assert_cleaned_up();
}

/// The engine does not answer the removal, so the clean end does not come; the person asks again.
#[test]
fn a11_a_second_signal_ends_at_once_and_the_sweeper_does_the_rest() {
    let removal = Call { name: "DELETE /containers/*".to_owned(), number: 1 };
    let proxy = Proxy::spoiling(removal, Spoil::HoldBefore);
    let rig = Rig::new(LONG).through(&proxy.socket());
    let run = rig.start(&[]);
    run.has_said("restore    started");
    run.signal("TERM");
    proxy.wait_for_call();
    let asked = std::time::Instant::now();
    run.signal("TERM");
    let ran = run.wait();
    assert!(asked.elapsed() < Duration::from_secs(2), "the second signal took {:?}", asked.elapsed());
    assert_eq!(ran.code, Some(130), "{}", ran.stderr);
    assert!(ran.stderr.contains("may be left behind") && ran.stderr.contains("sweep"), "{}", ran.stderr);
    within(Duration::from_secs(10), "the sandbox to end", || rig.running().is_empty());
    assert_eq!(rig.sweep().code, Some(0));
    rig.assert_nothing_remains("a second signal and a sweep");
    assert_eq!(rig.history(), [("aborted".to_owned(), Some("process_lost".to_owned()))]);
}

/// The engine makes the container seconds after nobody waits for it any more.
#[test]
fn a11_a_container_that_appears_after_the_interrupt_is_removed_by_the_same_run() {
    let create = Call { name: "POST /containers/create".to_owned(), number: 1 };
    let proxy = Proxy::spoiling(create, Spoil::HoldBefore);
    let rig = Rig::new(QUICK).through(&proxy.socket());
    let run = rig.start(&[]);
    proxy.wait_for_call();
    run.signal("INT");
    std::thread::sleep(Duration::from_millis(1200));
    proxy.let_go();
    let ran = run.wait();
    assert_eq!((ran.code, ran.verdict()), (Some(130), ("cancelled", Some("by_person"))), "{}", ran.stderr);
    ran.assert_cleaned_up();
    rig.assert_nothing_remains("a container that appeared after the interrupt");
}

/// Before the engine was ever asked there is nothing to clean.
#[test]
fn a_run_that_is_interrupted_while_the_engine_is_silent_is_cancelled() {
    let first = Call { name: "GET /version".to_owned(), number: 1 };
    let proxy = Proxy::spoiling(first, Spoil::HoldBefore);
    let rig = Rig::new(QUICK).through(&proxy.socket());
    let run = rig.start(&[]);
    proxy.wait_for_call();
    run.signal("INT");
    let ran = run.wait();
    assert_eq!((ran.code, ran.verdict()), (Some(130), ("cancelled", Some("by_person"))), "{}", ran.stderr);
    rig.assert_nothing_remains("an interrupt before the engine answered");
}

/// Nobody catches a fault of ours but the command itself: it tears down, and the run has its verdict.
#[test]
fn a12_a_panic_during_a_run_by_hand_leaves_nothing_and_has_a_verdict() {
    let rig = Rig::new(QUICK);
    let mut program = rig.program(&["run", "--json", "drill.yaml"]);
    let ran = Ran::of(&program.env("DRILLYARD_FAIL_AT", "after_restore=panic").output().unwrap());
    assert_eq!((ran.code, ran.verdict()), (Some(3), ("errored", Some("internal"))), "{}", ran.stderr);
    assert!(
        ran.stderr.contains("a fault of Drillyard") && !ran.stderr.contains("failpoint after"),
        "{}",
        ran.stderr
    );
    ran.assert_cleaned_up();
    rig.assert_nothing_remains("a panic");
}

/// A person who cancels wants it gone, whatever the drill keeps of a failure.
#[test]
fn a_cancelled_drill_keeps_nothing_that_a_failure_keeps() {
    let rig = Rig::new(&LONG.replace("relaxed }", "relaxed, keep_on_failure: 1h }"));
    let run = rig.start(&[]);
    run.has_said("restore    started");
    run.signal("INT");
    let ran = run.wait();
    assert_eq!(ran.verdict(), ("cancelled", Some("by_person")), "{}", ran.stderr);
    ran.assert_cleaned_up();
    rig.assert_nothing_remains("a cancelled drill that keeps failures");
}
