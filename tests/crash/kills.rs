//! `kill -9` at any moment of a run.

use std::sync::Mutex;
use std::time::{Duration, Instant};

use crate::rig::engine::Decoys;
use crate::rig::{Rig, WIDE, at_a_time, within};

/// A killed process can't tell its sandbox to end: the lease does, and no later than this.
const GONE: Duration = Duration::from_secs(10);
/// Any number; printed with every failure because it is in the source.
const SEED: u64 = 20_261_121;

#[test]
fn a5_a6_killed_at_six_random_moments_nothing_runs_on_and_nothing_stays() {
    kill_at_random(6);
}

#[test]
#[ignore = "takes minutes: make kill-test"]
fn thirty_random_kills() {
    kill_at_random(30);
}

/// Moments spread over the whole run, one at random in each of `number` equal parts of it.
fn kill_at_random(number: u32) {
    let length = length_of_a_run();
    let endings = Mutex::new(Vec::new());
    let moments = (0..number).map(|part| (f64::from(part) + fraction(part)) / f64::from(number));
    at_a_time(2, moments.collect(), |moment: f64| {
        let ending = kill_at(length.mul_f64(moment));
        eprintln!("killed at {moment:.2} of {length:.1?}: {ending}");
        endings.lock().unwrap().push(ending);
    });
    let endings = endings.into_inner().unwrap();
    let aborted = endings.iter().filter(|ending| **ending == "aborted").count();
    // The first moment may come before the record, the last ones after the verdict.
    assert!(aborted * 3 >= endings.len() * 2, "{aborted} of {} were killed while they ran", endings.len());
}

/// A number below one: splitmix64 of the seed and the part.
fn fraction(part: u32) -> f64 {
    let mut z = SEED.wrapping_add(u64::from(part + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15));
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    f64::from(u32::try_from((z ^ (z >> 31)) >> 32).unwrap()) / f64::from(u32::MAX)
}

/// The length of two runs beside each other, as the kills are.
fn length_of_a_run() -> Duration {
    let longest = Mutex::new(Duration::ZERO);
    at_a_time(2, vec![(), ()], |()| {
        let rig = Rig::new(WIDE);
        let begun = Instant::now();
        let run = rig.run(&[]);
        assert_eq!((run.code, run.verdict()), (Some(0), ("passed", None)), "{}", run.stderr);
        let mut longest = longest.lock().unwrap();
        *longest = begun.elapsed().max(*longest);
    });
    longest.into_inner().unwrap()
}

/// Kills a run, and proves that nothing of it is left; says what the record says.
fn kill_at(moment: Duration) -> &'static str {
    let rig = Rig::new(WIDE);
    let decoys = Decoys::beside(&rig.store);
    let mut run = rig.start(&[]);
    std::thread::sleep(moment);
    let ended = run.kill();
    within(GONE, &format!("the sandbox to end, killed at {moment:?}"), || rig.running().is_empty());

    let swept = rig.sweep();
    assert_eq!(swept.code, Some(0), "{moment:?}: {} {}", swept.json, swept.stderr);
    rig.assert_nothing_remains(&format!("kill -9 at {moment:?} and a sweep: {}", swept.json));
    decoys.assert_untouched();

    match (ended, rig.history().as_slice()) {
        (None, []) => "before the record",
        (None, [(verdict, Some(reason))]) if verdict == "aborted" && reason == "process_lost" => "aborted",
        (_, [(verdict, None)]) if verdict == "passed" => "after the verdict",
        other => panic!("killed at {moment:?}, and the record says {other:?}"),
    }
}
