//! Weeks of a daemon's life in milliseconds: the pure half of scheduling under a virtual clock, with kills, downtime,
//! clocks that jump, slow runs and changed schedules. What must hold is asked at every step; the seed is told on failure.

#![allow(clippy::unwrap_used, clippy::panic)] // Helpers of tests are tests; clippy sees only `#[test]`.

#[path = "support/random.rs"]
mod random;
#[path = "simulation/world.rs"]
mod world;

use drillyard::model::{DrillName, Reason};
use jiff::{SignedDuration, Timestamp};
use world::{End, World};

const SEEDS: u64 = 200;
const DAYS: i64 = 30;
/// Seeds are spread over so many threads.
const THREADS: u64 = 4;

/// Instants that ended, kills, jumps of the clock, writes that failed, drills that were changed while they waited, drills
/// that were gone and came back.
type Counts = [usize; 6];

#[test]
fn f5_f6_f8_f9_f16_whatever_happens_every_due_instant_ends_exactly_once() {
    let counts: Vec<Counts> = std::thread::scope(|scope| {
        let share = |thread| (1..=SEEDS).filter(move |seed| seed % THREADS == thread);
        let started = (0..THREADS).map(|thread| scope.spawn(move || share(thread).map(weeks).collect()));
        let threads: Vec<std::thread::ScopedJoinHandle<'_, Vec<Counts>>> = started.collect();
        threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
    });
    let [ended, kills, jumps, refusals, overtaken, comings] =
        counts.iter().fold([0; 6], |sums, counts| std::array::from_fn(|at| sums[at] + counts[at]));
    let told = format!(
        "{ended} instants, {kills} kills, {jumps} jumps, {refusals} refusals, {overtaken} changed while they waited, {comings} \
         came back"
    );
    assert!(
        ended > 500_000
            && kills > 3_000
            && jumps > 2_000
            && refusals > 1_500
            && overtaken > 20
            && comings > 300,
        "{told}"
    );
}

fn weeks(seed: u64) -> Counts {
    let mut world = World::new(seed, 5);
    let end = world.now + SignedDuration::from_hours(24 * DAYS);
    while world.now < end {
        world.trouble();
        world.look();
        world.sleep();
    }
    world.settle();
    [world.store.len(), world.kills, world.jumps, world.refusals, world.overtaken, world.comings]
}

#[test]
fn f16_a_restart_in_the_due_second_again_and_again_starts_it_once() {
    let mut world = World::daily(7);
    for _ in 0..1_000 {
        world.now +=
            SignedDuration::from_hours(24) - SignedDuration::from_secs(world.now.as_second() % 86_400 + 2);
        for _ in 0..4 {
            world.now += SignedDuration::from_secs(1);
            world.kill();
            world.start();
            world.look();
        }
        world.sleep_for(SignedDuration::from_hours(2));
        world.look();
    }
    world.settle();
    assert_eq!(world.starts.len(), 1_000);
    assert!(world.store.values().all(|end| *end == Some(End::Ran)), "an instant was not begun");
}

#[test]
fn f10_ten_thousand_drills_at_midnight_start_in_order_and_each_ends_with_its_row() {
    let mut world = World::new(11, 0);
    world.calm = true;
    world.add_daily(10_000);
    world.look();
    world.sleep_for(SignedDuration::from_hours(23));
    while world.now < midnight() + SignedDuration::from_hours(26) {
        world.look();
        world.sleep_for(SignedDuration::from_mins(30));
    }
    world.settle();
    let started: Vec<&DrillName> =
        world.starts.iter().filter(|(at, _)| *at == midnight()).map(|(_, drill)| drill).collect();
    let mut all: Vec<(&DrillName, Option<End>)> = world
        .store
        .iter()
        .filter(|((_, at), _)| *at == midnight())
        .map(|((drill, _), end)| (drill, *end))
        .collect();
    all.sort_unstable_by_key(|(drill, _)| *drill);
    assert_eq!(all.len(), 10_000);
    // The first so many in the order of their names, which is that of drills that are due in one second.
    assert!(started.len() > 10, "only {} began", started.len());
    for (place, (drill, end)) in all.into_iter().enumerate() {
        let began = started.get(place).is_some_and(|started| *started == drill);
        let due = if began { End::Ran } else { End::Unstarted(Reason::NoSlot) };
        assert_eq!(end, Some(due), "{drill}, at place {place} of {} that began", started.len());
    }
}

/// The first after the world's beginning.
fn midnight() -> Timestamp {
    "2026-03-11T00:00:00Z".parse().unwrap()
}
