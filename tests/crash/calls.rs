//! `kill -9` around each call that makes or unmakes something on the engine: what a random moment hits once in a
//! thousand. A client can die while its call is under way, and the engine does it all the same.

use std::time::Duration;

use crate::rig::engine::Decoys;
use crate::rig::proxy::{Call, Proxy, Spoil};
use crate::rig::{QUICK, REHEARSING, Rig, at_a_time, within};

fn killed_around(drill: &str, name: &str, number: usize, spoil: Spoil) {
    let call = Call { name: name.to_owned(), number };
    let proxy = Proxy::spoiling(call, spoil);
    let rig = Rig::new(drill).through(&proxy.socket());
    let decoys = Decoys::beside(&rig.store);
    let mut run = rig.start(&[]);
    proxy.wait_for_call();
    assert_eq!(run.kill(), None, "{name}: the run had ended before its call was answered");
    proxy.let_go();
    let when = format!("{name} no. {number}, {spoil:?}");
    within(Duration::from_secs(30), &format!("the sandbox to end: {when}"), || rig.running().is_empty());
    assert_eq!(rig.sweep().code, Some(0), "{when}");
    rig.assert_nothing_remains(&when);
    decoys.assert_untouched();
    let aborted = ("aborted".to_owned(), Some("process_lost".to_owned()));
    assert_eq!(rig.history(), [aborted], "{when}");
}

#[test]
fn a3_a10_killed_around_a_call_that_makes_or_unmakes_nothing_stays() {
    let mut moments = Vec::new();
    for call in [
        "POST /containers/create",
        "POST /containers/*/attach",
        "POST /containers/*/start",
        "POST /containers/*/exec",
        "DELETE /containers/*",
    ] {
        moments.extend([(QUICK, call, 1, Spoil::HoldBefore), (QUICK, call, 1, Spoil::HoldAfter)]);
    }
    // The copy, and the tool beside it.
    for number in [2, 3] {
        moments.push((REHEARSING, "POST /containers/create", number, Spoil::HoldAfter));
    }
    at_a_time(2, moments, |(drill, call, number, spoil)| killed_around(drill, call, number, spoil));
}

/// The object appears after the sweeper's first look, because the engine is slow and its client dead.
#[test]
fn a3_what_appears_during_a_sweep_is_seen_by_its_second_look() {
    let proxy =
        Proxy::spoiling(Call { name: "POST /containers/create".to_owned(), number: 1 }, Spoil::HoldBefore);
    let rig = Rig::new(QUICK).through(&proxy.socket());
    let mut run = rig.start(&[]);
    proxy.wait_for_call();
    run.kill();
    std::thread::scope(|scope| {
        let sweeping = scope.spawn(|| rig.sweep());
        // Inside the sweeper's grace time of 1.5 s, after its first look.
        within(Duration::from_secs(10), "the sweeper to write the run down", || {
            rig.history().iter().any(|(verdict, _)| verdict == "aborted")
        });
        std::thread::sleep(Duration::from_millis(200));
        proxy.let_go();
        let swept = sweeping.join().unwrap();
        assert_eq!(swept.code, Some(0), "{}", swept.stderr);
        assert_ne!(swept.json["removed"], serde_json::json!([]), "the second look found nothing");
    });
    rig.assert_nothing_remains("a sweep during which a container appeared");
}
