//! Looks at an instance on its way, rarer and rarer, up to a deadline.

use std::time::{Duration, Instant};

use super::error::InstanceError;

/// Between two looks at first; each is half as long again as the one before, up to [`SLOWEST`].
const FIRST: Duration = Duration::from_millis(500);
/// The longest between two looks.
const SLOWEST: Duration = Duration::from_secs(15);
/// So long a silence of the service is waited out.
const FORGIVEN: Duration = Duration::from_mins(5);
/// Looks that become rarer, up to a deadline.
pub(super) struct Looks {
    begun: Instant,
    /// Since when nobody has answered.
    silent_since: Option<Instant>,
    deadline: Duration,
    next: Duration,
}

impl Looks {
    /// From now on.
    pub fn until(deadline: Duration) -> Self {
        Self { begun: Instant::now(), silent_since: None, deadline, next: FIRST }
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

    /// Waits for the next, or says that it is too late.
    pub async fn wait_or<E>(&mut self, late: impl FnOnce(Duration) -> E) -> Result<(), E> {
        if self.elapsed() >= self.deadline {
            return Err(late(self.elapsed()));
        }
        tokio::time::sleep(self.next).await;
        self.next = (self.next * 3 / 2).min(SLOWEST);
        Ok(())
    }
}
