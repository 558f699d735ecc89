//! What the service manager is told (`sd_notify(3)`). Without one, nobody is told and nothing is amiss.

use std::time::Duration;

use sd_notify::NotifyState;

/// The daemon works.
pub fn ready(status: &str) {
    tell(&[NotifyState::Ready, NotifyState::Status(status)]);
}

/// The daemon is about to stop.
pub fn stopping(status: &str) {
    tell(&[NotifyState::Stopping, NotifyState::Status(status)]);
}

/// A line for `systemctl status`; the loop turns, which is all that the watchdog wants to know.
pub fn alive(status: &str) {
    tell(&[NotifyState::Watchdog, NotifyState::Status(status)]);
}

/// How long the loop may sleep, so that the watchdog does not take it for dead: a third of what it waits.
pub fn longest_sleep() -> Duration {
    sd_notify::watchdog_enabled().map_or(Duration::MAX, |patience| patience / 3)
}

fn tell(states: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(states) {
        tracing::debug!(%error, "the service manager was not told");
    }
}
