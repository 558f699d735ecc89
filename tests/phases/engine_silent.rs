//! An engine that is not there, or does not answer.

use std::time::{Duration, Instant};

use crate::rig::proxy::{Call, Proxy, Spoil};
use crate::rig::{QUICK, Rig};

fn errored(reason: &str) -> [(String, Option<String>); 1] {
    [("errored".to_owned(), Some(reason.to_owned()))]
}

#[test]
fn b1_without_an_engine_the_run_is_errored_recorded_and_tells_what_to_do() {
    let rig = Rig::new(QUICK);
    let rig = {
        let nowhere = rig.path("nowhere.sock");
        rig.through(&nowhere)
    };
    let ran = rig.run(&[]);
    assert_eq!(
        (ran.code, ran.verdict()),
        (Some(3), ("errored", Some("engine_unreachable"))),
        "{}",
        ran.stderr
    );
    let stop = ran.json["stop"].to_string();
    assert!(stop.contains("nowhere.sock"), "the address is not told: {stop}");
    assert!(ran.json["stop"]["hint"].as_str().is_some_and(|hint| hint.contains("DOCKER_HOST")), "{stop}");
    assert_eq!(rig.history(), errored("engine_unreachable"));
    rig.assert_nothing_remains("a run without an engine");

    let text = rig.program(&["run", "drill.yaml"]).output().unwrap();
    let text = String::from_utf8_lossy(&text.stdout).into_owned();
    assert!(text.contains("DOCKER_HOST"), "no hint for a person: {text}");
    let swept = rig.ask(&["sweep"]);
    assert_eq!(swept.code, Some(3), "{}", swept.stderr);
    assert!(swept.stderr.contains("hint:"), "{}", swept.stderr);
}

/// The deadline of a call that asks is 20 s, of one that makes or unmakes 60 s; these run beside each other.
#[test]
fn b3_an_engine_that_never_answers_ends_the_run_at_its_deadline() {
    let stalled = ["GET /version", "GET /containers/*/json", "POST /containers/*/exec"];
    std::thread::scope(|scope| {
        for name in stalled {
            scope.spawn(move || stalls(name));
        }
    });
}

fn stalls(name: &str) {
    let call = Call { name: name.to_owned(), number: 1 };
    let proxy = Proxy::spoiling(call, Spoil::Stall);
    let rig = Rig::new(QUICK).through(&proxy.socket());
    let begun = Instant::now();
    let ran = rig.run(&[]);
    assert!(begun.elapsed() < Duration::from_secs(50), "{name} took {:?}", begun.elapsed());
    let (verdict, reason) = ran.verdict();
    assert_eq!((ran.code, verdict), (Some(3), "errored"), "{name}: {}", ran.stderr);
    assert!(matches!(reason, Some("engine_timeout" | "engine_unreachable")), "{name}: {reason:?}");
    assert!(ran.json["stop"]["detail"].to_string().contains("20 s"), "{name}: {}", ran.json["stop"]);
    assert_eq!(rig.sweep().code, Some(0));
    rig.assert_nothing_remains(name);
}
