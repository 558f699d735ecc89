//! The container engine: everything of ours that speaks to Docker goes through here, and only here is bollard seen.
//!
//! Every call has a deadline of its own: bollard's is per client and does not cover streams. Every error says which
//! call met it. Nothing here decides what a sandbox is; `sandbox::profile` does.

pub mod container;
pub mod error;
pub mod events;
pub mod exec;
pub mod image;
pub mod inventory;

use std::future::Future;
use std::time::{Duration, Instant};

use bollard::Docker;

pub use container::{Attachment, ContainerSpec, Inspected, Network};
pub use error::EngineError;
pub use events::{EngineEvent, EngineEvents};
pub use exec::{Exec, ExecOutput, ExecSpec};
pub use image::ImageFacts;
pub use inventory::{Inventory, Listed};

/// Longest wait for a call that only asks.
const ASK: Duration = Duration::from_secs(20);
/// Longest wait for a call that makes or unmakes; the engine serialises these under load.
const CHANGE: Duration = Duration::from_mins(1);

/// A connection to a container engine.
#[derive(Debug, Clone)]
pub struct Engine {
    docker: Docker,
    about: About,
}

/// What the engine says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct About {
    /// Where it was reached: `unix:///var/run/docker.sock`.
    pub host: String,
    /// Its version: `20.10.24`.
    pub version: String,
    /// Newest API that it speaks: `1.41`.
    pub api_version: String,
    /// What its images must be made for: `amd64`.
    pub architecture: String,
    /// Memory of its machine in bytes.
    pub memory_bytes: u64,
    /// Processors of its machine.
    pub cpus: u64,
}

impl Engine {
    /// Connects to the first of `hosts` that answers; each is an address such as `unix:///var/run/docker.sock`.
    pub async fn connect(hosts: &[String]) -> Result<Self, EngineError> {
        let mut tried = Vec::new();
        for host in hosts {
            match Self::connect_to(host).await {
                Ok(engine) => return Ok(engine),
                Err(error) => tried.push(format!("{host}: {error}")),
            }
        }
        Err(EngineError::Unreachable { tried })
    }

    async fn connect_to(host: &str) -> Result<Self, EngineError> {
        let call = "connecting to the engine";
        let docker = Docker::connect_with_host(host).map_err(|error| EngineError::of(call, error))?;
        // Negotiating keeps us right on the day that the client begins to send its version (2026-11-21).
        let docker = within(call, ASK, docker.negotiate_version()).await?;
        let version = within("asking the engine's version", ASK, docker.version()).await?;
        let info = within("asking the engine about its machine", ASK, docker.info()).await?;
        let about = About {
            host: host.to_owned(),
            version: version.version.unwrap_or_default(),
            api_version: version.api_version.unwrap_or_default(),
            architecture: version.arch.unwrap_or_default(),
            memory_bytes: info.mem_total.and_then(|bytes| u64::try_from(bytes).ok()).unwrap_or_default(),
            cpus: info.ncpu.and_then(|count| u64::try_from(count).ok()).unwrap_or(1).max(1),
        };
        if !about.speaks_at_least(1, 41) {
            return Err(EngineError::TooOld { api_version: about.api_version });
        }
        Ok(Self { docker, about })
    }

    /// What the engine says of itself.
    pub fn about(&self) -> &About {
        &self.about
    }
}

impl About {
    fn speaks_at_least(&self, major: u32, minor: u32) -> bool {
        let mut parts = self.api_version.split('.').map(|part| part.parse::<u32>().unwrap_or_default());
        (parts.next().unwrap_or_default(), parts.next().unwrap_or_default()) >= (major, minor)
    }
}

/// Waits for one call of the engine, at most `deadline`.
async fn within<T>(
    call: &'static str,
    deadline: Duration,
    future: impl Future<Output = Result<T, bollard::errors::Error>>,
) -> Result<T, EngineError> {
    let begun = Instant::now();
    let answer = tokio::time::timeout(deadline, future).await;
    tracing::debug!(call, milliseconds = begun.elapsed().as_secs_f64() * 1000.0, "engine");
    match answer {
        Ok(result) => result.map_err(|error| EngineError::of(call, error)),
        Err(_) => Err(EngineError::Timeout { call, after: deadline }),
    }
}
