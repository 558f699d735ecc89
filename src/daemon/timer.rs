//! Wake-ups at an instant, by tokio-cron-scheduler.
//!
//! It holds the timers and nothing else: what is due when is our own calendar, because the scheduler's expressions know
//! no zone that changes its offset (issue 107), its repeated jobs can stop for good (113), and it forgets everything at
//! a restart (2026-11-21). A wake-up that is late, early or lost is harmless: the loop looks by itself.

use std::collections::BTreeSet;
use std::time::Duration;

use jiff::Timestamp;
use tokio_cron_scheduler::{Job, JobScheduler, JobSchedulerError};

use super::wake::{Wake, Waker};

/// Later instants are left to the looks in between: no job waits for a year.
const REACH: Duration = Duration::from_hours(24);

/// The timers that are set. What matters is the earliest; an instant that is not needed any more wakes the daemon for
/// nothing.
pub struct Timer {
    scheduler: Option<JobScheduler>,
    /// Each has one job: a second one for the same instant would never get less.
    set: BTreeSet<Timestamp>,
    waker: Waker,
}

impl Timer {
    /// Starts the scheduler; where that fails, the daemon's own looks are all there is.
    pub async fn start(waker: Waker) -> Self {
        let scheduler = match started().await {
            Ok(scheduler) => Some(scheduler),
            Err(error) => {
                tracing::warn!(%error, "there is no timer: runs begin up to one look late");
                None
            }
        };
        Self { scheduler, set: BTreeSet::new(), waker }
    }

    /// A timer that never wakes anybody, to see that nothing depends on it.
    pub fn broken(waker: Waker) -> Self {
        Self { scheduler: None, set: BTreeSet::new(), waker }
    }

    /// The timer of an instant has rung.
    pub fn rang(&mut self, at: Timestamp) {
        self.set.remove(&at);
    }

    /// Wakes the daemon at an instant, unless it is to be woken earlier. Jobs are never removed, because a removal can
    /// hang in the scheduler.
    pub async fn set(&mut self, at: Timestamp, now: Timestamp) {
        // What has passed has rung, or was lost.
        self.set = self.set.split_off(&now);
        let earlier = self.set.first().is_some_and(|first| *first <= at);
        let wait = Duration::try_from(now.duration_until(at)).unwrap_or_default();
        let Some(scheduler) = self.scheduler.as_ref().filter(|_| !earlier && wait <= REACH) else { return };
        let waker = self.waker.clone();
        let job = Job::new_one_shot_async(wait, move |_, _| {
            let waker = waker.clone();
            // Nobody is left to be woken after the daemon's end.
            Box::pin(async move { drop(waker.send(Wake::Timer(at))) })
        });
        let added = match job {
            Ok(job) => scheduler.add(job).await.map(drop),
            Err(error) => Err(error),
        };
        match added {
            Ok(()) => {
                self.set.insert(at);
            }
            Err(error) => tracing::warn!(%error, %at, "the timer could not be set"),
        }
    }
}

async fn started() -> Result<JobScheduler, JobSchedulerError> {
    let scheduler = JobScheduler::new().await?;
    scheduler.start().await?;
    Ok(scheduler)
}

#[cfg(test)]
mod tests {
    use super::super::wake::channel;
    use super::*;

    #[tokio::test]
    async fn the_timer_rings_at_its_instant_and_not_much_later() {
        let (waker, mut inbox) = channel();
        let mut timer = Timer::start(waker).await;
        let now = Timestamp::now();
        timer.set(now + Duration::from_secs(2), now).await;
        let rung = tokio::time::timeout(Duration::from_secs(20), inbox.recv()).await.unwrap();
        assert!(matches!(rung, Some(Wake::Timer(at)) if at == now + Duration::from_secs(2)));
        assert!(now.duration_until(Timestamp::now()) > jiff::SignedDuration::from_millis(900));
    }

    #[tokio::test]
    async fn a_later_instant_does_not_replace_an_earlier_one() {
        let (waker, _inbox) = channel();
        let mut timer = Timer::start(waker).await;
        let now = Timestamp::now();
        let at = |seconds| now + Duration::from_secs(seconds);
        timer.set(at(100), now).await;
        timer.set(at(200), now).await;
        assert_eq!(timer.set, BTreeSet::from([at(100)]));
        timer.set(at(50), now).await;
        assert_eq!(timer.set, BTreeSet::from([at(50), at(100)]));
        timer.rang(at(50));
        timer.rang(at(100));
        timer.set(at(200), now).await;
        assert_eq!(timer.set, BTreeSet::from([at(200)]));
    }

    #[tokio::test]
    async fn an_instant_that_is_displaced_again_and_again_rings_once() {
        let (waker, mut inbox) = channel();
        let mut timer = Timer::start(waker).await;
        let now = Timestamp::now();
        let late = now + Duration::from_secs(4);
        for sooner in 1..=3 {
            timer.set(late, now).await;
            timer.set(now + Duration::from_secs(sooner), now).await;
            timer.rang(now + Duration::from_secs(sooner));
        }
        timer.set(late, now).await;
        let mut rung = Vec::new();
        while rung.len() < 4 {
            let wake = tokio::time::timeout(Duration::from_secs(20), inbox.recv()).await.unwrap();
            if let Some(Wake::Timer(at)) = wake {
                rung.push(at);
            }
        }
        // Whatever else was set to it has rung within the scheduler's next looks.
        let more = tokio::time::timeout(Duration::from_secs(2), inbox.recv()).await;
        assert!(more.is_err(), "{more:?} after {rung:?}");
        assert_eq!(rung.iter().filter(|at| **at == late).count(), 1, "{rung:?}");
    }
}
