//! The durable record: what a run intended, what happened, how it ended; and that nobody else may say it again.
//!
//! [`Store`] is one method per transaction: [`claim`](Store::claim), [`append`](Store::append),
//! [`finish`](Store::finish), [`abort_lost`](Store::abort_lost). Either all of a transaction is there after a power
//! cut, or nothing of it. A run is append-only until its verdict, and never changes afterwards; what is learned later
//! (a clean-up by the sweeper) is a row of its own beside it.
//!
//! Two processes may have the store open at once, a daemon and a run by hand. Each has one thread that writes, under
//! `BEGIN IMMEDIATE`; readers have connections of their own and are never in its way. Which of the runs still live is
//! told by a file lock per run ([`RunLease`]), which the kernel takes back when a process is killed.
//!
//! There is one kind of store, SQLite in `sqlite/`. `Store` hides it behind values only, so that it can become an enum
//! of SQLite and PostgreSQL, where lease rows stand for the file locks (2026-11-21).

mod error;
mod lease;
mod outbox;
mod sqlite;
mod state;
mod values;

use std::path::{Path, PathBuf};

use jiff::Timestamp;

use crate::model::{CleanUp, DrillName, Event, RunId, StoreId, Watermark};
use crate::record::standing::Tally;
use crate::record::{Journal, JournalError, RunSummary};

pub use crate::model::Channel;
pub use error::{ClaimError, Fault, FindError, StoreError};
pub use lease::RunLease;
pub use values::{
    Claim, Crowd, CrowdedMail, HistoryFilter, KeptSandbox, LastOccurrence, LateCleanUp, Occurrence,
    OutboxClaim, OutboxDepth, OutboxEntry, OutboxItem, Scope,
};

use sqlite::Sqlite;
use sqlite::outbox as outbox_rows;
use sqlite::{aside, lost, queries, runs};

/// A handle on the record store of one state directory. Clones share the writing thread.
#[derive(Debug, Clone)]
pub struct Store {
    id: StoreId,
    state: PathBuf,
    sqlite: Sqlite,
}

impl Store {
    /// Opens the store of a state directory, and makes both where they are not there yet. Blocks for as long as another
    /// process is opening it; call it before anything else runs.
    pub fn open(state: &Path) -> Result<Self, StoreError> {
        let state = state::prepare(state)?;
        let (sqlite, id) = Sqlite::open(&state)?;
        Ok(Self { id, state, sqlite })
    }

    /// Whether a directory surely holds no store; nothing is made, and nothing opened.
    pub fn is_missing_in(state: &Path) -> bool {
        state.join(state::DATABASE).try_exists().is_ok_and(|exists| !exists)
    }

    /// The store's identity, drawn when it was made: the label of every object on an engine that is ours.
    pub fn id(&self) -> &StoreId {
        &self.id
    }

    /// The state directory, as an absolute path without symbolic links.
    pub fn state(&self) -> &Path {
        &self.state
    }

    /// Begins a run: its lock, then in one transaction its row, its occurrence with the drill's watermark, and its first
    /// event; messages about instants that were missed until then wait no longer. The run lives for as long as the lease is held.
    pub async fn claim(&self, claim: Claim) -> Result<RunLease, ClaimError> {
        let lease = RunLease::acquire(&self.state, claim.run)?;
        let wanted = claim.occurrence.clone();
        let claimed = self.sqlite.write(move |transaction| {
            let new = runs::claim(transaction, &claim)?;
            outbox_rows::end_gathering(transaction, &claim.drill, claim.started_at)?;
            Ok((new, lease))
        });
        match (claimed.await?, wanted) {
            ((false, _), Some(occurrence)) => Err(ClaimError::AlreadyClaimed(occurrence)),
            ((_, lease), _) => Ok(lease),
        }
    }

    /// Writes down in one transaction a due instant at which nothing was started: its run that never began, its
    /// occurrence with the drill's watermark, how it ended, and the messages about it.
    pub async fn conclude_unstarted(
        &self,
        claim: Claim,
        summary: RunSummary,
        events: &[Event],
        outbox: &[OutboxEntry],
    ) -> Result<(), ClaimError> {
        let (events, outbox) = (events.to_vec(), outbox.to_vec());
        let wanted = claim.occurrence.clone();
        let concluded = self.sqlite.write(move |transaction| {
            let new = runs::claim(transaction, &claim)?;
            if new {
                runs::finish(transaction, &summary, &events, &outbox)?;
            }
            Ok(new)
        });
        match (concluded.await?, wanted) {
            (false, Some(occurrence)) => Err(ClaimError::AlreadyClaimed(occurrence)),
            _ => Ok(()),
        }
    }

    /// Adds events to an unfinished run, the next numbers in order; one that is there already is no error. Returns after
    /// they are on disk.
    pub async fn append(&self, run: RunId, events: &[Event]) -> Result<(), StoreError> {
        let events = events.to_vec();
        self.sqlite.write(move |transaction| runs::append(transaction, run, &events)).await
    }

    /// Ends a run: its last events, its line of history and the messages about it, all or nothing.
    pub async fn finish(
        &self,
        summary: RunSummary,
        events: &[Event],
        outbox: &[OutboxEntry],
    ) -> Result<(), StoreError> {
        let (events, outbox) = (events.to_vec(), outbox.to_vec());
        self.sqlite.write(move |transaction| runs::finish(transaction, &summary, &events, &outbox)).await
    }

    /// Writes down every run whose process has died as aborted, and returns them as they now stand. A run that lives in
    /// this or another process is left alone. Two processes may do this at once: each run is told by one of them.
    pub async fn abort_lost(&self, now: Timestamp) -> Result<Vec<RunSummary>, StoreError> {
        let mut lost = Vec::new();
        for run in self.unfinished().await? {
            // The lease outlives the commit, so that nobody else can come to the same conclusion in between.
            let Some(lease) = RunLease::of_the_dead(&self.state, run.run)? else { continue };
            let aborted = self.sqlite.write(move |transaction| lost::abort(transaction, run.run, now));
            lost.extend(aborted.await?);
            drop(lease);
        }
        self.remove_locks_of_the_ended().await?;
        Ok(lost)
    }

    /// Runs whose process has died and that nobody has written down yet, as they stand.
    pub async fn lost(&self) -> Result<Vec<RunSummary>, StoreError> {
        let mut lost = Vec::new();
        for run in self.unfinished().await? {
            if !self.is_live(run.run)? {
                lost.push(run);
            }
        }
        Ok(lost)
    }

    /// A process that is killed between a run's verdict and its end leaves a lock that nobody holds. Only those of runs
    /// that have ended go: a lock without a row may be one that is just being taken.
    async fn remove_locks_of_the_ended(&self) -> Result<(), StoreError> {
        for run in RunLease::files(&self.state) {
            let ended = self.summary(run).await?.is_some_and(|run| run.finished_at.is_some());
            if ended {
                drop(RunLease::of_the_dead(&self.state, run)?);
            }
        }
        Ok(())
    }

    /// Adds what a later sweep found of a run that has ended.
    pub async fn note_late_cleanup(
        &self,
        run: RunId,
        at: Timestamp,
        found: &CleanUp,
    ) -> Result<(), StoreError> {
        let found = found.clone();
        self.sqlite.write(move |transaction| aside::note_late_cleanup(transaction, run, at, &found)).await
    }

    /// What later sweeps found of a run, oldest first.
    pub async fn cleanups(&self, run: RunId) -> Result<Vec<LateCleanUp>, StoreError> {
        self.sqlite.read(move |connection| aside::cleanups(connection, run)).await
    }

    /// Remembers a container that is kept on purpose; a second time moves its end.
    pub async fn keep(&self, kept: KeptSandbox) -> Result<(), StoreError> {
        self.sqlite.write(move |transaction| aside::keep(transaction, &kept)).await
    }

    /// The containers that are kept on purpose, the one that ends first before the others.
    pub async fn kept(&self) -> Result<Vec<KeptSandbox>, StoreError> {
        self.sqlite.read(aside::kept).await
    }

    /// Forgets what was kept of a run, because it is gone.
    pub async fn forget_kept(&self, run: RunId) -> Result<(), StoreError> {
        self.sqlite.write(move |transaction| aside::forget_kept(transaction, run)).await
    }

    /// Past and present runs, newest first.
    pub async fn history(&self, filter: HistoryFilter) -> Result<Vec<RunSummary>, StoreError> {
        self.sqlite.read(move |connection| queries::history(connection, &filter)).await
    }

    /// The newest run of each drill that ran since an instant, whoever defines it, the newest first.
    pub async fn newest_of_each(&self, since: Timestamp) -> Result<Vec<RunSummary>, StoreError> {
        self.sqlite.read(move |connection| queries::newest_of_each(connection, since)).await
    }

    /// How a drill's runs ended, under its name and its former one, that began in `[since, until)`, however many they are.
    pub async fn tally(
        &self,
        drill: &DrillName,
        was: Option<&DrillName>,
        since: Timestamp,
        until: Timestamp,
    ) -> Result<Tally, StoreError> {
        let (drill, was) = (drill.clone(), was.cloned());
        self.sqlite
            .read(move |connection| queries::tally(connection, &drill, was.as_ref(), since, until))
            .await
    }

    /// One run as history lists it; `None` where there is no such run.
    pub async fn summary(&self, run: RunId) -> Result<Option<RunSummary>, StoreError> {
        self.sqlite.read(move |connection| queries::summary(connection, run)).await
    }

    /// The run that a person means: `last`, which is the newest that has ended, an id, or the beginning of one; of
    /// `drill`, where it is given, under this name or its former one.
    pub async fn find(
        &self,
        text: &str,
        drill: Option<&DrillName>,
        was: Option<&DrillName>,
    ) -> Result<RunId, FindError> {
        let (wanted, drill, was) = (text.to_owned(), drill.cloned(), was.cloned());
        let find = move |connection: &_| queries::find(connection, &wanted, drill.as_ref(), was.as_ref());
        FindError::unless_one(text, self.sqlite.read(find).await?)
    }

    /// Everything that happened in a run, in order; empty where there is no such run.
    pub async fn events(&self, run: RunId) -> Result<Vec<Event>, StoreError> {
        self.sqlite.read(move |connection| queries::events(connection, run)).await
    }

    /// Runs without an ending, oldest first: those that live, and those whose process has died.
    pub async fn unfinished(&self) -> Result<Vec<RunSummary>, StoreError> {
        self.sqlite.read(queries::unfinished).await
    }

    /// Runs that some process is at work on, oldest first.
    pub async fn live_runs(&self) -> Result<Vec<RunId>, StoreError> {
        let mut live = Vec::new();
        for run in self.unfinished().await? {
            if self.is_live(run.run)? {
                live.push(run.run);
            }
        }
        Ok(live)
    }

    /// The lease of an unfinished run that nobody is at work on, for whoever ends it; `None` where somebody is.
    pub fn take_over(&self, run: RunId) -> Result<Option<RunLease>, StoreError> {
        RunLease::of_the_dead(&self.state, run)
    }

    /// Scheduled runs lost since an instant of which nobody was told, oldest first: a command by hand may have written
    /// them down before a daemon was there to tell.
    pub async fn lost_untold(&self, since: Timestamp) -> Result<Vec<RunId>, StoreError> {
        self.sqlite.read(move |connection| queries::lost_untold(connection, since)).await
    }

    /// The newest occurrence of a drill that has been dealt with.
    pub async fn last_occurrence(&self, drill: &DrillName) -> Result<Option<LastOccurrence>, StoreError> {
        let drill = drill.clone();
        self.sqlite.read(move |connection| queries::last_occurrence(connection, &drill)).await
    }

    /// Whether something can be written, by writing something: an empty transaction touches no disk.
    pub async fn can_write(&self) -> Result<(), StoreError> {
        self.sqlite.write(aside::write_something).await
    }

    /// Whether a process, this or another, is at work on the run.
    pub fn is_live(&self, run: RunId) -> Result<bool, StoreError> {
        RunLease::is_held(&self.state, run)
    }

    /// How far a drill's schedule has been worked off; `None` for a drill that was never scheduled.
    pub async fn watermark(&self, drill: &DrillName) -> Result<Option<Watermark>, StoreError> {
        let drill = drill.clone();
        self.sqlite.read(move |connection| queries::watermark(connection, &drill)).await
    }

    /// Moves a drill's watermark up, never back: what was due until then is nobody's any more. A drill that is seen for
    /// the first time, or whose calendar has changed, begins there.
    pub async fn advance_watermark(&self, drill: &DrillName, to: Watermark) -> Result<(), StoreError> {
        let drill = drill.clone();
        self.sqlite
            .write(move |transaction| {
                let Watermark { scheduled_at, calendar } = &to;
                runs::advance_watermark(transaction, &drill, *scheduled_at, calendar.as_deref())
            })
            .await
    }
}

impl Journal for Store {
    async fn append(&self, run: RunId, events: &[Event]) -> Result<(), JournalError> {
        Self::append(self, run, events).await.map_err(|error| JournalError { message: error.to_string() })
    }
}
