//! What goes wrong: kills, clocks that are set, schedules that are changed, a store that takes nothing.

use std::time::Duration;

use drillyard::model::{DrillName, StoreId};
use drillyard::schedule::jitter;
use jiff::SignedDuration;

use super::{Drill, World};

impl World {
    /// Something goes wrong now and then.
    pub fn trouble(&mut self) {
        match self.random.between(1, 4_000) {
            1..=20 => {
                self.kill();
                let down = *self.random.of(&[0, 1, 60, 3_600, 100_000]);
                self.pass(SignedDuration::from_secs(self.random.clone().between(0, down)));
                self.random.next();
                self.start();
            }
            21 => {
                self.kill();
                let days = self.random.between(1, 60);
                self.pass(SignedDuration::from_hours(24 * days));
                self.start();
            }
            22..=30 => self.jump(*self.random.clone().of(&[6, 40, 4_000, 90_000])),
            31..=39 => self.jump(-*self.random.clone().of(&[6, 40, 4_000, 90_000])),
            40..=43 => self.reload(),
            44..=51 => self.come_or_go(),
            _ => {}
        }
    }

    fn jump(&mut self, seconds: i64) {
        self.random.next();
        self.now += SignedDuration::from_secs(seconds);
        self.highest = self.highest.max(self.now);
        self.jumps += 1;
    }

    /// A changed schedule begins at the present, or where the old one had got to, if that is later.
    fn reload(&mut self) {
        if self.drills.is_empty() {
            return;
        }
        let last = i64::try_from(self.drills.len()).unwrap() - 1;
        let at = usize::try_from(self.random.between(0, last)).unwrap();
        let name = self.drills[at].name.clone();
        // What waits starts with the definition that it came due by, and leaves the watermark where it is.
        if self.queue.iter().any(|waiting| waiting.drill == name) {
            self.changed.insert(name.clone());
        }
        let schedule = self.schedule(name.as_str());
        let jitter = jitter::offset(&name, &StoreId::new("01K0"), &schedule);
        let now = self.now;
        self.watermarks.entry(name.clone()).and_modify(|mark| *mark = (*mark).max(now));
        self.drills[at] = Drill { name, schedule, jitter };
    }

    /// A file is put back, or taken away: what waits of its drill starts, and nothing more is due.
    fn come_or_go(&mut self) {
        if self.random.once_in(2) {
            self.comings += self.gone.len();
            self.drills.append(&mut self.gone);
        } else if self.drills.len() > 1 {
            self.gone.push(self.drills.swap_remove(0));
        }
    }

    pub(super) fn holds(&self, drill: &DrillName) -> bool {
        self.held.get(drill).is_some_and(|until| *until > self.monotonic)
    }

    /// The store takes nothing, and the drill is left alone for a look.
    pub(super) fn refuses(&mut self, drill: &DrillName) -> bool {
        let refused = !self.calm && self.random.once_in(200);
        if refused {
            self.held.insert(drill.clone(), self.monotonic + Duration::from_secs(30));
            self.refusals += 1;
        }
        refused
    }

    pub(super) fn killed_here(&mut self) -> bool {
        let killed = !self.calm && self.random.once_in(500);
        if killed {
            self.kill();
            self.start();
        }
        killed
    }
}
