//! A sandbox on its way: created, attached and started; perhaps copying a data directory; then answering.

use std::collections::BTreeMap;
use std::time::Duration;

use tokio::sync::Mutex;
use tokio::time::timeout;

use std::sync::Arc;

use super::lease::Lease;
use super::server_log::ServerLog;
use super::watch::Watch;
use super::wire::{Login, Wire};
use super::{Request, Sandbox, SandboxError, profile};
use crate::database::postgres::{settings, start};
use crate::engine::{ContainerSpec, Engine, Inspected};
use crate::failpoint;
use crate::model::SandboxFacts;

/// Longest wait for a new server to answer; initdb on a slow disk is inside.
pub(super) const READY: Duration = Duration::from_mins(2);

/// A container that runs, whose server may not answer yet.
pub struct Starting<'a> {
    engine: &'a Engine,
    request: &'a Request,
    spec: ContainerSpec,
    nonce: String,
    log: ServerLog,
    lease: Lease,
    watch: Watch,
}

impl<'a> Starting<'a> {
    /// Creates, attaches and starts.
    pub async fn begin(engine: &'a Engine, request: &'a Request, since: i64) -> Result<Self, SandboxError> {
        let nonce = ulid::Ulid::new().to_string();
        let settings = server_settings(request, &nonce);
        let origin = request.origin.as_ref().map(|_| request.data().replace(start::VOLUME, start::ORIGIN));
        let command = start::command(request.time_to_live, request.data(), origin.as_deref(), &settings);
        let spec = profile::container(request, command);
        engine.create(&spec).await?;
        failpoint::reach("after_create").await;
        let attachment = engine.attach(&request.name).await?;
        let log = ServerLog::listen(attachment.output);
        let lease = Lease::hold(attachment.input);
        let watch = Watch::begin(engine.events_of(&request.name, since), &log);
        if request.origin.is_some() {
            // It serves as soon as it has copied: what it is must be known before it sees the first row. That it runs is
            // asked later.
            let inspected = engine.inspect(&request.name).await?;
            profile::verify(&spec, &Inspected { running: true, ..inspected })?;
        }
        engine.start(&request.name).await?;
        failpoint::reach("after_start").await;
        Ok(Self { engine, request, spec, nonce, log, lease, watch })
    }

    /// Waits until the data directory is copied.
    pub async fn copied(&self, deadline: Duration) -> Result<(), SandboxError> {
        match timeout(deadline, self.log.copied()).await {
            Ok(true) => Ok(()),
            Ok(false) => Err(SandboxError::NotCopied { message: self.log.last_words() }),
            Err(_) => Err(SandboxError::NotReady { after: deadline }),
        }
    }

    /// Inspects, and waits until the server has shown the nonce.
    pub async fn ready(self) -> Result<Sandbox, SandboxError> {
        let Self { engine, request, spec, nonce, log, lease, watch } = self;
        let (inspected, ready) = tokio::join!(engine.inspect(&request.name), answered(&log));
        if let Err(error) = ready {
            return Err(not_ready(&log, &request.image, error));
        }
        let inspected = inspected?;
        let properties = profile::verify(&spec, &inspected)?;
        let volume = inspected.volumes.into_iter().find(|(_, inside)| inside == start::VOLUME);
        let wire = Wire::new(engine.clone(), request.name.clone(), nonce)
            .with_event_triggers(log.has_event_triggers());
        let admin = wire.connect_when_ready(request.own_database, Login::Superuser).await?;
        let version = admin.server_version().await?;
        let facts = facts(engine, request, version.number, properties, shown(request));
        Ok(Sandbox {
            request: request.clone(),
            name: request.name.clone(),
            own_database: request.own_database,
            admin: Mutex::new(Arc::new(admin)),
            wire,
            log,
            watch,
            facts,
            major: version.major,
            volume: volume.map(|(name, _)| name),
            data: request.data(),
            lease,
        })
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

/// Waits until the server accepts connections.
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
