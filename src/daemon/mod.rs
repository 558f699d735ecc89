//! The daemon: drills run when they are due, and nothing that happens to one of them stops the others.
//!
//! One loop ([`Daemon::run`]) over one closed list of wake-ups ([`wake`]). At every wake-up it looks at the calendar and
//! starts what is due and has room; it never sleeps longer than a look, so that a wake-up that is lost costs half a
//! minute and no run. Whatever may take long is a task beside the loop: [`runs`], and sweeps and mails ([`chores`]).
//!
//! What must survive the daemon is in the store alone. Which instants have been dealt with is the drill's watermark,
//! moved in the transaction that claims a run; a daemon that is killed anywhere finds at its next start what it has to
//! do.

mod begin;
pub mod chores;
pub mod definitions;
mod ending;
pub mod health;
pub mod holds;
pub mod http;
pub mod lock;
mod lost;
pub mod metrics;
pub mod queue;
pub mod retries;
pub mod runs;
pub mod service;
pub mod timer;
pub mod wake;
pub mod watch;

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use tokio_util::sync::CancellationToken;

use crate::definition::Settings;
use crate::error::Explain;
use crate::failpoint;
use crate::model::{DrillName, Reason};
use crate::notify::Notifier;
use crate::run::sweep::instances;
use crate::run::world::wall_clock;
use crate::schedule::Reading;
use crate::store::{Store, StoreError};

use chores::{Chores, Done, Round};
use definitions::Definitions;
use health::{Health, Now};
use holds::Holds;
use http::ListenError;
use lock::{DaemonLock, LockError};
use queue::Queue;
use retries::Retries;
use runs::Runs;
use timer::Timer;
use wake::{Inbox, Wake, Waker};
use watch::Watch;

/// Where the daemon answers where the settings are silent.
const LISTEN: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 8629);
/// How long a stopping daemon waits for its runs where the settings are silent.
const GRACE: Duration = Duration::from_mins(1);
/// How long a daemon that ends waits for its last messages.
const LAST_MAILS: Duration = Duration::from_secs(10);
/// How long a cancelled run may take to clean up.
const CLEANING: Duration = Duration::from_mins(1);

/// What a daemon is made of.
pub struct Setup {
    /// Its record store; one daemon for each.
    pub store: Store,
    /// Valid settings.
    pub settings: Settings,
    /// Addresses at which an engine may answer, in order.
    pub engine_hosts: Vec<String>,
    /// The longest sleep between two looks at the calendar.
    pub look: Duration,
    /// Whether there is a timer beside the looks.
    pub timer: bool,
}

/// The daemon can't start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The address for questions is not to be had.
    #[error(transparent)]
    Listen(#[from] ListenError),
    /// Another one is there.
    #[error(transparent)]
    Lock(#[from] LockError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Explain for StartError {
    fn reason(&self) -> Reason {
        Reason::StoreFailed
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Lock(error) => error.hint(),
            Self::Store(error) => error.hint(),
            Self::Listen(_) => {
                Some("Another program has it: write another one as http.listen in drillyard.yaml.".to_owned())
            }
        }
    }
}

/// The daemon at work.
pub struct Daemon {
    store: Store,
    engine_hosts: Vec<String>,
    look: Duration,
    notifier: Notifier,
    health: Arc<Health>,
    definitions: Definitions,
    /// The newest instant of each drill that has been dealt with, as in the store.
    watermarks: BTreeMap<DrillName, Timestamp>,
    queue: Queue,
    runs: Runs,
    retries: Retries,
    holds: Holds,
    chores: Chores,
    timer: Timer,
    waker: Waker,
    inbox: Inbox,
    up_since: Timestamp,
    cancel: CancellationToken,
    stopping: Option<Stopping>,
    /// Whether the engine answered when it was last asked.
    engine: Option<bool>,
    /// Memory of the engine's machine in bytes, once it has said so.
    engine_memory: Option<u64>,
    /// The clocks at the last look, and since when the monotonic one runs.
    clocks: (Instant, Reading),
    watch: Watch,
    files_looked_at: Instant,
    _lock: DaemonLock,
}

/// A daemon that has been asked to stop.
#[derive(Debug, Clone, Copy)]
enum Stopping {
    /// Its runs may come to their end until then.
    Waiting(Instant),
    /// They were cancelled, and may clean up until then.
    Cancelling(Instant),
}

impl Daemon {
    /// Takes the state directory for itself, writes down what was lost with the daemon before, and reads the drills.
    pub async fn start(setup: Setup, waker: Waker, inbox: Inbox) -> Result<Self, StartError> {
        let lock = DaemonLock::acquire(setup.store.state())?;
        let up_since = wall_clock();
        let health = Arc::new(Health::new(setup.store.clone()));
        for run in setup.store.abort_lost(up_since).await? {
            tracing::warn!(run = %run.run, drill = %run.drill, "was lost with its process: aborted");
            health.ended(&run);
        }
        failpoint::reach("after_abort").await;
        let address = setup.settings.http_listen.unwrap_or(LISTEN);
        let notifier = Notifier::new(&setup.settings, setup.store.state());
        // Before the reading, so that nothing is written unseen between the two.
        let watch = Watch::start(&setup.settings, waker.clone());
        let definitions = Definitions::load(setup.settings);
        lost::tell(&setup.store, &definitions, &notifier, up_since).await;
        failpoint::reach("after_lost").await;
        lost::remember_proofs(&setup.store, &definitions, &health).await;
        let address = http::listen(address, health.clone()).await?;
        tracing::info!(%address, "answers over HTTP");
        let timer =
            if setup.timer { Timer::start(waker.clone()).await } else { Timer::broken(waker.clone()) };
        let mut daemon = Self {
            notifier,
            health,
            watermarks: BTreeMap::new(),
            queue: Queue::default(),
            runs: Runs::default(),
            retries: Retries::default(),
            holds: Holds::default(),
            chores: Chores::default(),
            cancel: CancellationToken::new(),
            stopping: None,
            engine: None,
            engine_memory: None,
            clocks: (Instant::now(), Reading { monotonic: Duration::ZERO, wall: up_since }),
            watch,
            files_looked_at: Instant::now(),
            _lock: lock,
            store: setup.store,
            engine_hosts: setup.engine_hosts,
            look: setup.look.min(service::longest_sleep()),
            definitions,
            timer,
            waker,
            inbox,
            up_since,
        };
        daemon.read_watermarks().await?;
        daemon.resume_retries().await?;
        Ok(daemon)
    }

    /// Works until it is told to stop; returns how many runs it had to leave.
    pub async fn run(mut self) -> usize {
        tracing::info!(status = self.status(), "ready");
        service::ready(&self.status());
        loop {
            self.look().await;
            if self.has_stopped() {
                break;
            }
            let wake = self.next_wake().await;
            if matches!(wake, Wake::Stop) && self.stopping.is_some() {
                return self.runs.count();
            }
            self.take(wake).await;
        }
        self.deliver(wall_clock());
        self.chores.finish_delivery(LAST_MAILS).await;
        self.runs.count()
    }

    /// Does what is due now.
    async fn look(&mut self) {
        service::alive(&self.status());
        self.tell_health();
        self.deliver(wall_clock());
        if self.stopping.is_some() {
            return;
        }
        let drills = || instances::rds_drills(self.definitions.drills().values().map(AsRef::as_ref));
        self.chores.sweep_if_due(&self.store, &self.engine_hosts, drills, &self.waker);
        // Other wake-ups may come so often that the daemon never sleeps for a whole look.
        if self.files_looked_at.elapsed() >= self.look {
            self.look_at_files(false).await;
        }
        let now = self.read_the_clocks();
        let due_at = self.begin_what_is_due(now).await;
        self.deliver(now);
        let next = due_at.into_iter().chain(self.chores.next_mail_at()).filter(|at| *at > now).min();
        if let Some(at) = next {
            self.timer.set(at, now).await;
        }
    }

    fn deliver(&mut self, now: Timestamp) {
        let digest = &self.definitions.settings().digest;
        let round = || Round {
            notifier: self.notifier.clone(),
            store: self.store.clone(),
            digest: digest.clone().map(|digest| (digest, self.definitions.defined())),
            waker: self.waker.clone(),
        };
        self.chores.deliver_if_due(round, now);
    }

    pub(super) fn tell_health(&self) {
        let drills = self.definitions.drills();
        let scheduled = drills.iter().filter(|(_, drill)| drill.schedule.is_some());
        self.health.turned(Now {
            turned: Instant::now(),
            drills: Some(drills.keys().cloned().collect()),
            scheduled: scheduled.map(|(name, _)| name.clone()).collect(),
            errors: self.definitions.errors(),
            running: self.runs.count(),
            waiting: self.queue.len(),
            engine: self.engine,
            refused: self.holds.why(Instant::now()),
            next_due: self.next_due(wall_clock()),
        });
    }

    /// What came due in an hour in which nobody looked came due while the daemon was down.
    fn read_the_clocks(&mut self) -> Timestamp {
        let (began, before) = self.clocks;
        let reading = Reading { monotonic: began.elapsed(), wall: wall_clock() };
        let passed = reading.since(before);
        if let Some(jump) = passed.jump {
            tracing::warn!(seconds = jump.as_secs(), "the wall clock was set");
        }
        if passed.downtime {
            self.up_since = reading.wall;
        }
        self.clocks = (began, reading);
        reading.wall
    }

    async fn next_wake(&mut self) -> Wake {
        let sleep = match self.stopping {
            None => self.look,
            Some(Stopping::Waiting(until) | Stopping::Cancelling(until)) => {
                until.saturating_duration_since(Instant::now()).min(self.look)
            }
        };
        tokio::select! {
            Some(wake) = self.inbox.recv() => wake,
            ended = self.runs.next() => Wake::RunEnded(Box::new(ended)),
            () = tokio::time::sleep(sleep) => Wake::Look,
        }
    }

    async fn take(&mut self, wake: Wake) {
        match wake {
            Wake::Look => {}
            Wake::FilesTouched => self.look_at_files(false).await,
            Wake::Timer(at) => self.timer.rang(at),
            Wake::RunEnded(ended) => self.run_ended(*ended).await,
            Wake::Reload => self.look_at_files(true).await,
            Wake::ChoreDone(done) => match *done {
                Done::Asked(engine_memory) => {
                    self.engine = Some(engine_memory.is_some());
                    self.engine_memory = engine_memory.or(self.engine_memory);
                }
                Done::Swept { swept, ended } => {
                    chores::tell(&swept, &ended);
                    self.lost(&swept.aborted).await;
                }
                Done::Delivered(next_at) => self.chores.delivered(next_at),
            },
            Wake::Stop => self.stop(),
        }
    }

    fn status(&self) -> String {
        let (drills, runs, waiting) = (self.definitions.drills().len(), self.runs.count(), self.queue.len());
        let stopping = if self.stopping.is_some() { "stopping; " } else { "" };
        format!("{stopping}{drills} drills, {runs} running, {waiting} waiting")
    }
}
