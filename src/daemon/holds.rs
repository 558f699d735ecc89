//! Drills whose instants the store did not take. Each is left alone for a look, and twice as long each further time: a
//! store that takes nothing is asked seldom, and nothing of a drill passes what could not be written down of it. The
//! others go on.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use crate::model::DrillName;

/// The longest hold, in looks.
const MOST: u32 = 16;

/// The drills that are held, or were until lately.
#[derive(Debug, Default)]
pub struct Holds(BTreeMap<DrillName, Hold>);

#[derive(Debug)]
struct Hold {
    until: Instant,
    pause: Duration,
    why: String,
}

impl Holds {
    /// The store did not take something of the drill.
    pub fn refused(&mut self, drill: &DrillName, why: String, look: Duration, now: Instant) {
        let before = self.0.get(drill).map(|hold| hold.pause);
        let pause = before.map_or(look, |pause| (pause * 2).min(look * MOST));
        self.0.insert(drill.clone(), Hold { until: now + pause, pause, why });
    }

    /// The store took something of the drill.
    pub fn taken(&mut self, drill: &DrillName) {
        self.0.remove(drill);
    }

    /// Whether the drill is to be left alone.
    pub fn holds(&self, drill: &DrillName, now: Instant) -> bool {
        self.0.get(drill).is_some_and(|hold| hold.until > now)
    }

    /// Why drills are held, in a sentence; `None` where none is.
    pub fn why(&self, now: Instant) -> Option<String> {
        let mut all = self.0.iter().filter(|(_, hold)| hold.until > now);
        let (drill, hold) = all.next()?;
        let others = match all.count() {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        Some(format!("the store did not take what became of {drill}{others}: {}", hold.why))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn g2_a_store_that_takes_nothing_is_asked_seldom_and_one_that_takes_something_at_once() {
        let (mut holds, look, begun) = (Holds::default(), Duration::from_secs(30), Instant::now());
        let (orders, users): (DrillName, DrillName) = ("orders".parse().unwrap(), "users".parse().unwrap());
        let (mut now, mut asked) = (begun, 0);
        while now < begun + Duration::from_hours(1) {
            if !holds.holds(&orders, now) {
                holds.refused(&orders, "its disk is full".to_owned(), look, now);
                asked += 1;
            }
            assert!(!holds.holds(&users, now));
            now += Duration::from_secs(1);
        }
        assert_eq!(asked, 11);
        let why = holds.why(now).unwrap();
        assert_eq!(why, "the store did not take what became of orders: its disk is full");
        holds.taken(&orders);
        assert!(!holds.holds(&orders, now) && holds.why(now).is_none());
        holds.refused(&orders, String::new(), look, now);
        assert!(!holds.holds(&orders, now + look));
    }
}
