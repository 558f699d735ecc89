//! Every call that a run makes of the engine, spoiled: by a status, by a connection that breaks before or after the
//! engine has done it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;

use crate::rig::proxy::{Call, Proxy, Spoil};
use crate::rig::{QUICK, Rig, at_a_time};

/// What may be said of a drill whose engine failed it. None of these is about the backup.
const ABOUT_THE_DRILL: &[&str] =
    &["engine_unreachable", "engine_timeout", "image_missing", "sandbox_lost", "profile_not_applied"];

#[test]
fn b4_the_first_the_middle_and_the_last_of_each_call_may_fail() {
    let mut of_name: BTreeMap<String, Vec<Call>> = BTreeMap::new();
    for call in calls_of_a_run() {
        of_name.entry(call.name.clone()).or_default().push(call);
    }
    assert!(of_name.len() >= 12, "a run makes more kinds of calls than {of_name:?}");
    let mut chosen = BTreeSet::new();
    for calls in of_name.into_values() {
        chosen.extend([&calls[0], &calls[calls.len() / 2], &calls[calls.len() - 1]].map(Call::clone));
    }
    let spoiled = |call: &Call| [Spoil::Status(500), Spoil::Close].map(|spoil| (call.clone(), spoil));
    spoil_all(chosen.iter().flat_map(spoiled).collect());
}

#[test]
#[ignore = "takes some five minutes: make engine-test"]
fn b4_every_call_may_fail_in_every_way() {
    let spoils =
        [Spoil::Status(500), Spoil::Status(409), Spoil::Status(404), Spoil::Close, Spoil::CloseAfter];
    let spoiled = |call: Call| spoils.map(|spoil| (call.clone(), spoil));
    spoil_all(calls_of_a_run().into_iter().flat_map(spoiled).collect());
}

/// Lists all faults before it fails: one at a time would take a run of the whole matrix each.
fn spoil_all(all: Vec<(Call, Spoil)>) {
    let faults = Mutex::new(Vec::new());
    at_a_time(3, all, |(call, spoil)| {
        if let Err(fault) = spoiled(&call, spoil) {
            faults.lock().unwrap().push(format!("{} no. {}, {spoil:?}: {fault}", call.name, call.number));
        }
    });
    let faults = faults.into_inner().unwrap();
    assert!(faults.is_empty(), "{} faults:\n{}", faults.len(), faults.join("\n"));
}

fn calls_of_a_run() -> Vec<Call> {
    let proxy = Proxy::recording();
    let rig = Rig::new(QUICK).through(&proxy.socket());
    let ran = rig.run(&[]);
    assert_eq!((ran.code, ran.verdict()), (Some(0), ("passed", None)), "{}", ran.stderr);
    ran.assert_cleaned_up();
    rig.assert_nothing_remains("a run through a proxy that spoils nothing");
    proxy.calls()
}

/// A run with one spoiled call, and a sweep when the engine is well again.
fn spoiled(call: &Call, spoil: Spoil) -> Result<(), String> {
    let proxy = Proxy::spoiling(call.clone(), spoil);
    let rig = Rig::new(QUICK).through(&proxy.socket());
    let ran = rig.run(&[]);
    let (verdict, reason) = ran.verdict();
    let told = format!("exit {:?}, {verdict} {reason:?}, {}", ran.code, ran.sentence());
    eprintln!("{} no. {}, {spoil:?}: {told}", call.name, call.number);
    match (ran.code, verdict, reason) {
        // The call could be done without, or was made again.
        (Some(0), "passed", None) => {
            if !rig.on_engine().is_empty() {
                return Err(format!("passed, and left {:?}", rig.on_engine()));
            }
        }
        (Some(3), "errored", Some(reason)) if ABOUT_THE_DRILL.contains(&reason) => {
            if ran.json["stop"]["detail"].as_str().unwrap_or_default().is_empty()
                && !ran.json["checks"].to_string().contains("errored")
            {
                return Err(format!("nobody is told why: {told}"));
            }
        }
        _ => return Err(told),
    }
    let swept = rig.sweep();
    if swept.code != Some(0) || !rig.on_engine().is_empty() {
        return Err(format!("{told}; left after a sweep: {:?} {}", rig.on_engine(), swept.stderr));
    }
    match rig.history().as_slice() {
        [(remembered, _)] if remembered == verdict => Ok(()),
        other => Err(format!("{told}; the record says {other:?}")),
    }
}
