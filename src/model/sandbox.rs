//! What a sandbox was made of, and what is left of it.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// Whether the measured recovery time means something for production.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Durability {
    /// `fsync`, `full_page_writes`, `synchronous_commit` at their defaults.
    #[default]
    Production,
    /// All three off: faster, not comparable.
    Relaxed,
}

/// What the run found when it inspected its sandbox after the start.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SandboxFacts {
    /// The container's name on the engine.
    pub container: String,
    /// The image as it was asked for.
    pub image: String,
    /// The image's identity on the engine, `sha256:…`.
    pub image_digest: String,
    /// The server inside.
    pub server_version: String,
    /// Durability that the drill asked for.
    pub durability: Durability,
    /// Memory limit in bytes.
    pub memory_bytes: u64,
    /// Processor limit in thousandths of a core.
    pub milli_cpus: u64,
    /// Properties of the profile that were read back and hold: `network: none`, `capabilities: none`, …
    pub profile: Vec<String>,
    /// Server settings that the times depend on, ours and the drill's, `name=value`.
    pub settings: Vec<String>,
    /// The engine's name and version.
    pub engine: String,
}

/// What the run found when it inspected the temporary instance that a snapshot became.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InstanceFacts {
    /// Its name.
    pub name: String,
    /// RDS's own identity of it, `db-…`.
    pub resource_id: String,
    /// Its class.
    pub class: String,
    /// The server's version, by RDS.
    pub server_version: String,
    /// Properties that were read back and hold: `not public`, `subnet group drills`, …
    pub profile: Vec<String>,
    /// The newest transaction that the snapshot holds, where RDS tells, else its creation.
    pub recovery_point: Timestamp,
}

/// What makes a measured time not comparable with production, or with another run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NotComparable {
    /// `durability: relaxed`.
    RelaxedDurability,
    /// The image was pulled inside the run.
    ImagePulled,
    /// The data directory is on tmpfs.
    Tmpfs,
    /// The restore was repeated because the first one made no progress.
    RestoreRepeated,
    /// The data was loaded from the snapshot only as it was read.
    LazyLoading,
}

impl NotComparable {
    /// The word that records use.
    pub fn word(self) -> &'static str {
        match self {
            Self::RelaxedDurability => "relaxed_durability",
            Self::ImagePulled => "image_pulled",
            Self::Tmpfs => "tmpfs",
            Self::RestoreRepeated => "restore_repeated",
            Self::LazyLoading => "lazy_loading",
        }
    }
}

/// A thing that a run makes outside itself and must unmake.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Effect {
    /// What it is.
    pub kind: EffectKind,
    /// Its name where it lives: a container's name, a path.
    pub name: String,
}

/// Kinds of things that a run makes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EffectKind {
    /// A container with its anonymous volumes.
    Container,
    /// A volume.
    Volume,
    /// A network.
    Network,
    /// A directory with staged files.
    Staging,
    /// A temporary RDS instance.
    RdsInstance,
}

impl fmt::Display for Effect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match self.kind {
            EffectKind::Container => "container",
            EffectKind::Volume => "volume",
            EffectKind::Network => "network",
            EffectKind::Staging => "staging",
            EffectKind::RdsInstance => "rds instance",
        };
        write!(f, "{kind} {}", self.name)
    }
}

/// What an independent listing found after the teardown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CleanUp {
    /// The listing was made and was empty, but for what is kept on purpose.
    pub proven: bool,
    /// What is still there, or could not be asked for.
    pub leftovers: Vec<String>,
    /// What `--keep` keeps, and until when.
    pub kept: Vec<Kept>,
    /// A later sweep, not the run itself, did it.
    pub late: bool,
}

/// A thing kept on purpose.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kept {
    /// What is kept.
    pub effect: Effect,
    /// When it ends by itself.
    pub until: Timestamp,
}
