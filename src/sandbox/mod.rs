//! Throwaway places for restored production data: a container that nothing can reach and that reaches nothing.
//!
//! [`profile`] says what it must be and reads back what it is; [`lease`] ends it when nobody holds it; [`wire`] talks
//! to its server over exec; [`server_log`] and [`watch`] listen to what it prints and what befalls it.

pub mod dump_client;
pub mod instance_wire;
pub mod lease;
pub mod profile;
pub mod server_log;
pub mod starting;
pub mod watch;
pub mod wire;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Mutex;
use tokio::time::timeout;

use crate::database::postgres::settings::Sizing;
use crate::database::postgres::start;
use crate::definition::Storage;
use crate::engine::{Engine, EngineError, ImageFacts};
use crate::error::Explain;
use crate::model::{MajorVersion, Reason, SandboxFacts};
use lease::Lease;
use profile::{Labels, MissingProperty};
use server_log::ServerLog;
use starting::Starting;
use watch::Watch;
use wire::{Session, Wire, WireError};

/// After so long a word to process 1 is said again.
const SAY_AGAIN: Duration = Duration::from_secs(2);
/// Longest wait for a server to stop: it writes everything out first.
const PAUSED: Duration = Duration::from_mins(10);

/// A sandbox as it is asked for.
#[derive(Debug, Clone)]
pub struct Request {
    /// The container's name.
    pub name: String,
    /// The image's reference as it is told to people.
    pub image: String,
    /// What the engine knows of that image.
    pub image_facts: ImageFacts,
    /// Labels by which it is found again.
    pub labels: Labels,
    /// How large, how durable.
    pub sizing: Sizing,
    /// The drill's own server settings, already restricted to harmless ones.
    pub extra_settings: Vec<(String, String)>,
    /// Where the data directory lies.
    pub storage: Storage,
    /// The staged backup on the host, where it is mounted.
    pub backup: Option<PathBuf>,
    /// The volume whose data directory it begins with, of a server that is stopped; `None` for an empty one.
    pub origin: Option<String>,
    /// The database that we ourselves connect to: one that the restore neither drops nor copies.
    pub own_database: &'static str,
    /// When it ends by itself, whatever happens.
    pub time_to_live: Duration,
}

impl Request {
    /// The data directory inside.
    fn data(&self) -> &'static str {
        match self.storage {
            Storage::Volume => start::DATA,
            Storage::Tmpfs => start::DATA_IN_MEMORY,
        }
    }
}

/// A sandbox whose server answers.
pub struct Sandbox {
    /// What was asked for.
    pub request: Request,
    /// The container's name.
    pub name: String,
    /// The wire to its server.
    pub wire: Wire,
    /// The database that we ourselves connect to.
    pub own_database: &'static str,
    admin: Mutex<Arc<Session>>,
    /// What its server prints.
    pub log: ServerLog,
    /// What the engine tells of it.
    pub watch: Watch,
    /// What it was found to be.
    pub facts: SandboxFacts,
    /// The server's major version.
    pub major: MajorVersion,
    /// The volume that holds its data directory; `None` where that is in memory.
    pub volume: Option<String>,
    /// Its data directory.
    pub data: &'static str,
    /// The lease on its life.
    pub lease: Lease,
}

/// A sandbox that did not come to be.
#[derive(Debug, thiserror::Error)]
pub enum SandboxError {
    /// The engine did not do its part.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// A property of the profile is missing.
    #[error(transparent)]
    Profile(#[from] MissingProperty),
    /// The server did not answer, or was not ours.
    #[error(transparent)]
    Wire(#[from] WireError),
    /// The image cannot run PostgreSQL.
    #[error("the image {image} cannot run PostgreSQL: {message}")]
    Image {
        /// The image.
        image: String,
        /// What process 1 said.
        message: String,
    },
    /// Process 1 ended before the server answered.
    #[error("the sandbox's server ended before it answered: {message}")]
    Ended {
        /// What the server said last.
        message: String,
    },
    /// The data directory was not copied: the other server was not stopped cleanly, or the disk is full.
    #[error("the data directory was not copied: {message}")]
    NotCopied {
        /// What was said last.
        message: String,
    },
    /// The server did not answer in time.
    #[error("the sandbox's server did not answer within {} s", after.as_secs())]
    NotReady {
        /// How long was waited.
        after: Duration,
    },
}

impl Explain for SandboxError {
    fn reason(&self) -> Reason {
        match self {
            Self::Engine(error) => error.reason(),
            Self::Profile(error) => error.reason(),
            Self::Wire(error) => error.reason(),
            Self::Image { .. } => Reason::ImageWrong,
            Self::Ended { message } if message.contains("memory") => Reason::SandboxOutOfMemory,
            Self::NotCopied { message } if message.contains("No space left") => Reason::DiskFull,
            Self::Ended { .. } | Self::NotCopied { .. } => Reason::SandboxLost,
            Self::NotReady { .. } => Reason::Timeout,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Engine(error) => error.hint(),
            Self::Profile(error) => error.hint(),
            Self::Wire(error) => error.hint(),
            Self::Image { .. } => {
                Some("run docker/prepare, or give sandbox.image an image made for PostgreSQL".into())
            }
            Self::Ended { .. } => Some("raise sandbox.memory, or look at restore.settings".into()),
            Self::NotCopied { .. } => {
                Some("free space on the engine's disk: a rehearsal needs the database's size again".into())
            }
            Self::NotReady { .. } => Some("look at the load and the disk of the engine's machine".into()),
        }
    }
}

impl Sandbox {
    /// Creates, attaches, starts, inspects, and waits until the server has shown the nonce. The caller has recorded
    /// the intent, and removes the container whatever this returns.
    pub async fn start(engine: &Engine, request: &Request, since: i64) -> Result<Self, SandboxError> {
        Starting::begin(engine, request, since).await?.ready().await
    }

    /// A superuser's session in our own database, the same one for as long as it lives: what a backup runs may end it.
    pub async fn admin(&self) -> Result<Arc<Session>, WireError> {
        let mut held = self.admin.lock().await;
        if held.is_closed() {
            *held = Arc::new(self.wire.connect(self.own_database, wire::Login::Superuser).await?);
        }
        Ok(Arc::clone(&held))
    }

    /// Stops the server cleanly, so that its data directory may be copied. Every session ends; the sandbox stays.
    pub async fn pause(&self) -> Result<(), SandboxError> {
        match timeout(PAUSED, self.say_until_heard("pause", self.log.paused())).await {
            Ok(true) => Ok(()),
            Ok(false) => Err(SandboxError::Ended { message: self.log.last_words() }),
            Err(_) => Err(SandboxError::NotReady { after: PAUSED }),
        }
    }

    /// Starts the server again.
    pub async fn resume(&self) -> Result<(), SandboxError> {
        match timeout(starting::READY, self.say_until_heard("resume", self.log.ready())).await {
            Ok(true) => Ok(()),
            Ok(false) => Err(SandboxError::Ended { message: self.log.last_words() }),
            Err(_) => Err(SandboxError::NotReady { after: starting::READY }),
        }
    }

    /// Hands over a time to live: from now on the sandbox ends by itself, and not with us. False where it has ended.
    pub async fn keep(&self, time_to_live: Duration) -> bool {
        self.say_until_heard(&format!("keep {}", time_to_live.as_secs()), self.log.kept()).await
    }

    /// Says a word to process 1 until it has answered; false where it has ended. The shell reads for a second at a time,
    /// and on a busy machine a line can fall into two at the end of one (measured: a lost `resume`).
    async fn say_until_heard(&self, word: &str, heard: impl Future<Output = bool>) -> bool {
        tokio::pin!(heard);
        loop {
            if self.lease.say(word).await.is_err() {
                return false;
            }
            if let Ok(heard) = timeout(SAY_AGAIN, &mut heard).await {
                return heard;
            }
        }
    }

    /// Whether the sandbox was lost, and how; `None` while it lives.
    pub fn trouble(&self) -> Option<Reason> {
        self.watch.trouble()
    }
}
