//! Looks at an instance on its way, rarer and rarer, up to a deadline.

use std::time::{Duration, Instant};

use super::error::InstanceError;

/// Between two looks at first; each is half as long again as the one before, up to [`SLOWEST`].
const FIRST: Duration = Duration::from_millis(500);
/// The longest between two looks.
const SLOWEST: Duration = Duration::from_secs(15);
/// So long a silence of the service is waited out.
const FORGIVEN: Duration = Duration::from_mins(5);
/// Absence is believed once it was seen for so long: an instance that was just made is not visible everywhere at once,
/// and one look can go to a part of the service that does not know it yet (2026-11-22).
const BELIEVED: Duration = Duration::from_secs(4);

/// Looks that become rarer, up to a deadline.
pub(super) struct Looks {
    begun: Instant,
    /// Since when nobody has answered.
    silent_since: Option<Instant>,
    /// Since when every answer was that there is none.
    absent_since: Option<Instant>,
    deadline: Duration,
    next: Duration,
}

impl Looks {
    /// From now on.
    pub fn until(deadline: Duration) -> Self {
        Self { begun: Instant::now(), silent_since: None, absent_since: None, deadline, next: FIRST }
    }

    /// Time since the first.
    pub fn elapsed(&self) -> Duration {
        self.begun.elapsed()
    }

    /// What was answered; `None` where a moment's silence is forgiven, because an instance takes longer than a network
    /// is always there.
    pub fn answered<T>(&mut self, answer: Result<T, InstanceError>) -> Result<Option<T>, InstanceError> {
        match answer {
            Err(error) if !error.is_an_answer() => {
                let silent = self.silent_since.get_or_insert_with(Instant::now).elapsed();
                if silent < FORGIVEN { Ok(None) } else { Err(error) }
            }
            Err(error) => Err(error),
            Ok(answer) => {
                self.silent_since = None;
                Ok(Some(answer))
            }
        }
    }

    /// Whether one that was looked for at least twice, some seconds apart, was never there.
    pub fn is_gone(&mut self, seen: bool) -> bool {
        self.absent_for(seen, BELIEVED)
    }

    /// The same for `long`, where it was made only now.
    pub fn absent_for(&mut self, seen: bool, long: Duration) -> bool {
        if seen {
            self.absent_since = None;
            return false;
        }
        self.next = self.next.min(BELIEVED);
        self.absent_since.get_or_insert_with(Instant::now).elapsed() >= long
    }

    /// Waits for the next, or says that it is too late.
    pub async fn wait_or<E>(&mut self, late: impl FnOnce(Duration) -> E) -> Result<(), E> {
        if self.elapsed() >= self.deadline {
            return Err(late(self.elapsed()));
        }
        tokio::time::sleep(self.next.min(self.deadline.saturating_sub(self.elapsed()))).await;
        self.next = (self.next * 3 / 2).min(SLOWEST);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_look_that_finds_nothing_proves_nothing() {
        let mut looks = Looks::until(FORGIVEN);
        assert!(!looks.is_gone(false));
        looks.absent_since = looks.absent_since.and_then(|since| since.checked_sub(BELIEVED));
        assert!(looks.is_gone(false));
        assert!(!looks.is_gone(true) && !looks.is_gone(false), "once seen, the looks begin anew");
    }
}
