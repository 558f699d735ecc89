//! Starts are spread by a hash, not by chance: the same after every restart and reload.

use std::time::Duration;

use sha2::{Digest, Sha256};

use crate::definition::Schedule;
use crate::model::{DrillName, StoreId};

/// By how much the starts of a drill are moved: from nothing to its jitter, or to a quarter of the shortest time
/// between its runs where that is less. Whole seconds.
pub fn offset(drill: &DrillName, store: &StoreId, schedule: &Schedule) -> Duration {
    if schedule.jitter.is_zero() {
        return Duration::ZERO;
    }
    let quarter = schedule.calendar.shortest_gap().map_or(Duration::ZERO, |gap| gap / 4);
    let choices = u128::from(schedule.jitter.min(quarter).as_secs()) + 1;
    let digest = Sha256::new().chain_update(drill.as_str()).chain_update([0]).chain_update(store.as_str());
    let digest = digest.finalize();
    let drawn = digest.iter().take(8).fold(0, |number: u128, byte| number << 8 | u128::from(*byte));
    // The share of 2^64 that was drawn, of the choices: always less than the choices.
    Duration::from_secs(u64::try_from((choices * drawn) >> 64).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use jiff::tz::TimeZone;

    use super::*;
    use crate::definition::{Calendar, IfMissed};

    fn schedule(cron: &str, jitter: Duration) -> Schedule {
        let calendar = Calendar::parse(cron, TimeZone::UTC, "orders").unwrap();
        Schedule { calendar, jitter, start_within: None, if_missed: IfMissed::RunOnce }
    }

    fn offsets(cron: &str, jitter: Duration) -> Vec<u64> {
        let (schedule, store) = (schedule(cron, jitter), StoreId::new("01K0"));
        let names = (0..2_000).map(|number| format!("drill-{number}").parse::<DrillName>().unwrap());
        names.map(|name| offset(&name, &store, &schedule).as_secs()).collect()
    }

    #[test]
    fn f17_jitter_is_the_same_after_restarts_and_reloads() {
        let drill = "orders".parse().unwrap();
        let of = |store: &str| {
            offset(&drill, &StoreId::new(store), &schedule("0 3 * * *", Duration::from_hours(1)))
        };
        let first = of("01K0");
        assert!((0..1_000).all(|_| of("01K0") == first));
        assert_ne!(of("01K1"), first);
        // Written down: another release that draws otherwise would move every drill.
        assert_eq!(first.as_secs(), 1_033);
    }

    #[test]
    fn starts_are_spread_evenly_and_within_the_jitter() {
        let offsets = offsets("0 3 * * *", Duration::from_mins(10));
        assert!(offsets.iter().all(|offset| *offset <= 600));
        for minute in 0..10 {
            let there = offsets.iter().filter(|offset| **offset / 60 == minute).count();
            assert!((120..280).contains(&there), "{there} of 2,000 in minute {minute}");
        }
    }

    #[test]
    fn jitter_is_cut_at_a_quarter_of_the_shortest_gap() {
        let longest = |cron| offsets(cron, Duration::from_hours(9)).into_iter().max().unwrap();
        assert!((850..=900).contains(&longest("0 * * * *")));
        assert!((140..=150).contains(&longest("0,10 3 * * *")));
        assert_eq!(offsets("0 * * * *", Duration::ZERO), vec![0; 2_000]);
    }
}
