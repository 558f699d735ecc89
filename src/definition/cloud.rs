//! Backups in the cloud as values: where they are, by which endpoint, with whose credentials.

use std::net::SocketAddr;
use std::path::PathBuf;

use super::secret_reference::SecretReference;

/// Objects of a bucket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct S3Source {
    /// The bucket.
    pub bucket: String,
    /// What keys begin with; empty for every key.
    pub prefix: String,
    /// Glob on the rest of the key; `None` for every key below the prefix.
    pub pattern: Option<String>,
    /// Whether the bucket stands in the address's path instead of its host.
    pub path_style: bool,
    /// How the service is reached.
    pub access: CloudAccess,
}

/// Snapshots of an RDS instance, and the temporary instance that one of them becomes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RdsSource {
    /// The instance whose snapshots they are.
    pub instance: String,
    /// Which of them.
    pub snapshot: SnapshotWanted,
    /// Subnet group of the temporary instance.
    pub subnet_group: String,
    /// Security groups of the temporary instance, at least one.
    pub security_groups: Vec<String>,
    /// Parameter group of the temporary instance: one without subscriptions' workers and `pg_cron`.
    pub parameter_group: String,
    /// Class of the temporary instance; the snapshot's by default.
    pub class: Option<String>,
    /// Where the data is asked.
    pub then: Then,
    /// Address in place of the temporary instance's own, for a tunnel. The certificate is still held against the name.
    pub address: Option<SocketAddr>,
    /// The authorities of its server's certificate, a PEM file.
    pub authority: PathBuf,
    /// The one database that is drilled; the snapshot's own by default.
    pub database: Option<String>,
    /// How the service is reached.
    pub access: CloudAccess,
}

/// Where the data of a snapshot is asked.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Then {
    /// In a container that it is drawn into, where nothing reaches it and rollbacks can be rehearsed.
    #[default]
    Container,
    /// On the temporary instance itself, which is what a recovery would go on with.
    Instance,
}

/// Which snapshots of an instance are looked at.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum SnapshotWanted {
    /// Those that RDS makes by itself every night.
    #[default]
    Automated,
    /// Those that somebody has made.
    Manual,
    /// All of them.
    Any,
    /// The one of this name.
    Named(String),
}

/// How a service of AWS, or one that is compatible, is reached.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CloudAccess {
    /// The region; the AWS chain's by default.
    pub region: Option<String>,
    /// Address of a compatible service, `https://…`.
    pub endpoint: Option<String>,
    /// The authority of the endpoint's certificate, a PEM file; the system's by default.
    pub authority: Option<PathBuf>,
    /// Credentials; the AWS chain's by default.
    pub credentials: Option<CloudCredentials>,
}

/// Where credentials are found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CloudCredentials {
    /// The key's id.
    pub access_key_id: SecretReference,
    /// The key.
    pub secret_access_key: SecretReference,
    /// The token of a session.
    pub session_token: Option<SecretReference>,
}
