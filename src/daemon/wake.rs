//! What wakes the daemon. One closed list: whatever is not here can't make the loop do anything.

use jiff::Timestamp;
use tokio::sync::mpsc;

use super::chores::Done;
use super::runs::RunEnded;

/// A reason to look.
#[derive(Debug)]
pub enum Wake {
    /// Nothing was heard for as long as the daemon sleeps at most: every other wake-up may be lost.
    Look,
    /// This instant has come, which the timer was set to.
    Timer(Timestamp),
    /// A run is over, whichever way.
    RunEnded(Box<RunEnded>),
    /// Files of drills or the settings were touched, and have been quiet since.
    FilesTouched,
    /// Somebody asks that everything is read again.
    Reload,
    /// A sweep or a round of the outbox is over.
    ChoreDone(Box<Done>),
    /// Stop: the first time when the runs are done, the second time at once.
    Stop,
}

/// The end on which everybody may wake the daemon.
pub type Waker = mpsc::UnboundedSender<Wake>;

/// The daemon's end.
pub type Inbox = mpsc::UnboundedReceiver<Wake>;

/// Both ends. Wake-ups are few: one a run, one a second at most of files.
pub fn channel() -> (Waker, Inbox) {
    mpsc::unbounded_channel()
}
