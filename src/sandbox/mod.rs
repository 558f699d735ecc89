//! Throwaway places for restored production data: a container that nothing can reach and that reaches nothing.
//!
//! [`profile`] says what it must be and reads back what it is; [`lease`] ends it when nobody holds it; [`wire`] talks
//! to its server over exec; [`server_log`] and [`watch`] listen to what it prints and what befalls it.

pub mod lease;
pub mod profile;
pub mod server_log;
pub mod watch;
pub mod wire;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Mutex;
use tokio::time::timeout;

use crate::database::postgres::settings::{self, Sizing};
use crate::database::postgres::start;
use crate::definition::Storage;
use crate::engine::{Engine, EngineError, ImageFacts};
use crate::error::Explain;
use crate::model::{MajorVersion, Reason, SandboxFacts};
use lease::Lease;
use profile::{Labels, MissingProperty};
use server_log::ServerLog;
use watch::Watch;
use wire::{Session, Wire, WireError};

/// Longest wait for a new server to answer; initdb on a slow disk is inside.
const READY: Duration = Duration::from_mins(2);

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
            Self::Ended { .. } => Reason::SandboxLost,
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
            Self::NotReady { .. } => Some("look at the load and the disk of the engine's machine".into()),
        }
    }
}

impl Sandbox {
    /// Creates, attaches, starts, inspects, and waits until the server has shown the nonce. The caller has recorded
    /// the intent, and removes the container whatever this returns.
    pub async fn start(engine: &Engine, request: &Request, since: i64) -> Result<Self, SandboxError> {
        let nonce = ulid::Ulid::new().to_string();
        let settings = server_settings(request, &nonce);
        let spec =
            profile::container(request, start::command(request.time_to_live, request.data(), &settings));
        engine.create(&spec).await?;
        let attachment = engine.attach(&request.name).await?;
        let log = ServerLog::listen(attachment.output);
        let lease = Lease::hold(attachment.input);
        let watch = Watch::begin(engine.events_of(&request.name, since), &log);
        engine.start(&request.name).await?;
        let (inspected, ready) = tokio::join!(engine.inspect(&request.name), answered(&log));
        if let Err(error) = ready {
            return Err(not_ready(&log, &request.image, error));
        }
        let properties = profile::verify(&spec, &inspected?)?;
        let wire = Wire::new(engine.clone(), request.name.clone(), nonce);
        let admin = wire.connect_when_ready(request.own_database, wire::Login::Superuser).await?;
        let version = admin.server_version().await?;
        let facts = facts(engine, request, version.number, properties, shown(request));
        Ok(Self {
            name: request.name.clone(),
            own_database: request.own_database,
            admin: Mutex::new(Arc::new(admin)),
            wire,
            log,
            watch,
            facts,
            major: version.major,
            data: request.data(),
            lease,
        })
    }

    /// A superuser's session in our own database, the same one for as long as it lives: what a backup runs may end it.
    pub async fn admin(&self) -> Result<Arc<Session>, WireError> {
        let mut held = self.admin.lock().await;
        if held.is_closed() {
            *held = Arc::new(self.wire.connect(self.own_database, wire::Login::Superuser).await?);
        }
        Ok(Arc::clone(&held))
    }

    /// Whether the sandbox was lost, and how; `None` while it lives.
    pub fn trouble(&self) -> Option<Reason> {
        self.watch.trouble()
    }
}

/// The tuned settings, the drill's own on top of them.
fn tuned_settings(request: &Request) -> BTreeMap<String, String> {
    let mut settings = settings::tuned(&request.sizing);
    settings.extend(request.extra_settings.iter().cloned());
    settings
}

/// The containing ones over everything, and the nonce.
fn server_settings(request: &Request, nonce: &str) -> BTreeMap<String, String> {
    let mut settings = tuned_settings(request);
    settings.extend(settings::containing());
    settings.insert(start::NONCE.to_owned(), nonce.to_owned());
    settings
}

/// What a measured time depends on, for the record; the containing settings are the same in every run.
fn shown(request: &Request) -> Vec<String> {
    tuned_settings(request).iter().map(|(name, value)| format!("{name}={value}")).collect()
}

async fn answered(log: &ServerLog) -> Result<(), SandboxError> {
    match timeout(READY, log.ready()).await {
        Ok(true) => Ok(()),
        Ok(false) => Err(SandboxError::Ended { message: log.last_words() }),
        Err(_) => Err(SandboxError::NotReady { after: READY }),
    }
}

fn not_ready(log: &ServerLog, image: &str, error: SandboxError) -> SandboxError {
    match log.image_trouble() {
        Some(message) => SandboxError::Image { image: image.to_owned(), message },
        None => error,
    }
}

fn facts(
    engine: &Engine,
    request: &Request,
    server_version: String,
    profile: Vec<String>,
    settings: Vec<String>,
) -> SandboxFacts {
    let about = engine.about();
    SandboxFacts {
        container: request.name.clone(),
        image: request.image.clone(),
        image_digest: request.image_facts.id.clone(),
        server_version,
        durability: request.sizing.durability,
        memory_bytes: request.sizing.memory_bytes,
        milli_cpus: request.sizing.milli_cpus,
        profile,
        settings,
        engine: format!("{} (API {})", about.version, about.api_version),
    }
}
