//! Every call that a run makes of the engine, spoiled: by a status, by a connection that breaks before or after the
//! engine has done it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;

use crate::rig::proxy::{Call, Proxy, Spoil};
use crate::rig::{QUICK, REHEARSING, Rig, at_a_time};

/// What may be said of a drill whose engine failed it. None of these is about the backup.
const ABOUT_THE_DRILL: &[&str] =
    &["engine_unreachable", "engine_timeout", "image_missing", "sandbox_lost", "profile_not_applied"];

#[test]
fn b4_the_first_the_middle_and_the_last_of_each_call_may_fail() {
    let of_name = by_name(calls_of_a_run(QUICK));
    assert!(of_name.len() >= 12, "a run makes more kinds of calls than {of_name:?}");
    let mut chosen = BTreeSet::new();
    for calls in of_name.into_values() {
        chosen.extend([&calls[0], &calls[calls.len() / 2], &calls[calls.len() - 1]].map(Call::clone));
    }
    let spoiled = |call: &Call| [Spoil::Status(500), Spoil::Close].map(|spoil| (call.clone(), spoil));
    spoil_all(QUICK, chosen.iter().flat_map(spoiled).collect());
}

/// What a copy and a tool add to the calls of a run.
#[test]
fn b4_the_calls_that_make_end_and_ask_a_copy_and_a_tool_may_fail() {
    let mut of_name = by_name(calls_of_a_rehearsal());
    let last = [
        "POST /containers/create",
        "POST /containers/*/start",
        "GET /events",
        "POST /containers/*/exec",
        "GET /exec/*/json",
        "DELETE /containers/*",
    ];
    let last = last.map(|name| of_name.get_mut(name).and_then(Vec::pop).expect(name));
    spoil_all(REHEARSING, last.map(|call| (call, Spoil::Close)).to_vec());
}

#[test]
#[ignore = "takes some five minutes: make engine-test"]
fn b4_every_call_may_fail_in_every_way() {
    let spoiled = |call: Call| EVERY_WAY.map(|spoil| (call.clone(), spoil));
    spoil_all(QUICK, calls_of_a_run(QUICK).into_iter().flat_map(spoiled).collect());
}

#[test]
#[ignore = "takes some five minutes: make engine-test"]
fn b4_the_first_and_the_middle_of_each_call_of_a_rehearsal_may_fail_in_every_way() {
    let of_name = by_name(calls_of_a_rehearsal()).into_values();
    let chosen: BTreeSet<Call> =
        of_name.flat_map(|calls| [calls[0].clone(), calls[calls.len() / 2].clone()]).collect();
    let spoiled = |call: Call| EVERY_WAY.map(|spoil| (call.clone(), spoil));
    spoil_all(REHEARSING, chosen.into_iter().flat_map(spoiled).collect());
}

const EVERY_WAY: [Spoil; 5] =
    [Spoil::Status(500), Spoil::Status(409), Spoil::Status(404), Spoil::Close, Spoil::CloseAfter];

/// Lists all faults before it fails: one at a time would take a run of the whole matrix each.
fn spoil_all(drill: &str, all: Vec<(Call, Spoil)>) {
    let faults = Mutex::new(Vec::new());
    at_a_time(3, all, |(call, spoil)| {
        if let Err(fault) = spoiled(drill, &call, spoil) {
            faults.lock().unwrap().push(format!("{} no. {}, {spoil:?}: {fault}", call.name, call.number));
        }
    });
    let faults = faults.into_inner().unwrap();
    assert!(faults.is_empty(), "{} faults:\n{}", faults.len(), faults.join("\n"));
}

fn by_name(calls: Vec<Call>) -> BTreeMap<String, Vec<Call>> {
    let mut of_name: BTreeMap<String, Vec<Call>> = BTreeMap::new();
    for call in calls {
        of_name.entry(call.name.clone()).or_default().push(call);
    }
    of_name
}

/// From the copy on, to the teardown's listing.
fn calls_of_a_rehearsal() -> Vec<Call> {
    let calls = calls_of_a_run(REHEARSING);
    let place = |name: &str, number| calls.iter().position(|call| call.name == name && call.number == number);
    let (copy, listing) = (place("POST /containers/create", 2), place("GET /containers/json", 1));
    calls[copy.unwrap()..listing.unwrap()].to_vec()
}

fn calls_of_a_run(drill: &str) -> Vec<Call> {
    let proxy = Proxy::recording();
    let rig = Rig::new(drill).through(&proxy.socket());
    let ran = rig.run(&[]);
    assert_eq!((ran.code, ran.verdict()), (Some(0), ("passed", None)), "{}", ran.stderr);
    ran.assert_cleaned_up();
    rig.assert_nothing_remains("a run through a proxy that spoils nothing");
    proxy.calls()
}

/// A run with one spoiled call, and a sweep when the engine is well again.
fn spoiled(drill: &str, call: &Call, spoil: Spoil) -> Result<(), String> {
    let proxy = Proxy::spoiling(call.clone(), spoil);
    let rig = Rig::new(drill).through(&proxy.socket());
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
                && !ran.json["rehearsals"].to_string().contains("could not be found out: ")
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
