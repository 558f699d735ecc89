//! Containers: create, attach, start, inspect, remove.

use std::collections::{BTreeMap, HashMap};
use std::pin::Pin;
use std::time::Duration;

use bollard::models::{
    ContainerCreateBody, ContainerInspectResponse, HostConfig, HostConfigLogConfig, Mount, MountBindOptions,
    MountPoint, MountType, MountVolumeOptions, ResourcesUlimits, RestartPolicy, RestartPolicyNameEnum,
};
use bollard::query_parameters::{
    AttachContainerOptionsBuilder, CreateContainerOptionsBuilder, RemoveContainerOptionsBuilder,
};
use bytes::Bytes;
use futures_util::{Stream, StreamExt};
use tokio::io::AsyncWrite;

use super::{ASK, CHANGE, Engine, EngineError, within};

/// Whom a container can talk to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Network {
    /// Nobody.
    #[default]
    None,
    /// The container of this name, whose network and processes it shares; it ends with that one.
    Of(String),
    /// Whatever the engine's default network reaches. Never for restored data.
    Outward,
}

/// A container as we want it. What is not here is not configurable: no port, no capability, no restart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContainerSpec {
    /// Its name.
    pub name: String,
    /// The image's reference or digest.
    pub image: String,
    /// Its labels; the anonymous volume gets the same.
    pub labels: HashMap<String, String>,
    /// Program and arguments of process 1, in place of the image's entrypoint; empty for the image's own.
    pub command: Vec<String>,
    /// Environment, on top of the image's.
    pub environment: BTreeMap<String, String>,
    /// Whom it can talk to.
    pub network: Network,
    /// User inside.
    pub user: String,
    /// Memory limit in bytes, swap included.
    pub memory_bytes: u64,
    /// Processors in thousandths of a core.
    pub milli_cpus: u64,
    /// Limit on processes.
    pub pids: i64,
    /// Size of `/dev/shm` in bytes.
    pub shm_bytes: u64,
    /// Where the anonymous volume is mounted; `None` for none.
    pub volume_at: Option<String>,
    /// tmpfs mounts: path and options.
    pub tmpfs: HashMap<String, String>,
    /// Host paths mounted read-only: (host path, path inside).
    pub read_only_mounts: Vec<(String, String)>,
    /// Directories of the run's own on the host, mounted writable: (host path, path inside).
    pub writable_mounts: Vec<(String, String)>,
    /// Another container's volumes mounted read-only: (name, path inside). Such a container must be removed before the
    /// volume's owner, or the volume stays (measured).
    pub read_only_volumes: Vec<(String, String)>,
}

/// What the engine says that it made of a [`ContainerSpec`].
// Each flag is one of the engine's own properties, read back one by one.
#[allow(clippy::struct_excessive_bools)]
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inspected {
    /// The image's identity, `sha256:…`.
    pub image_id: String,
    /// Still running.
    pub running: bool,
    /// Network mode.
    pub network_mode: String,
    /// Networks that it is attached to other than `none`.
    pub networks: Vec<String>,
    /// Dropped capabilities.
    pub dropped_capabilities: Vec<String>,
    /// Added capabilities.
    pub added_capabilities: Vec<String>,
    /// Security options.
    pub security_options: Vec<String>,
    /// Privileged.
    pub privileged: bool,
    /// Root file system is read-only.
    pub read_only_root: bool,
    /// User inside.
    pub user: String,
    /// Removes itself when it ends.
    pub auto_remove: bool,
    /// Standard input ends with the first attachment.
    pub stdin_once: bool,
    /// Memory limit in bytes.
    pub memory_bytes: i64,
    /// Memory and swap limit in bytes.
    pub memory_swap_bytes: i64,
    /// Processor limit in billionths of a core.
    pub nano_cpus: i64,
    /// Limit on processes.
    pub pids: i64,
    /// Size of `/dev/shm` in bytes.
    pub shm_bytes: i64,
    /// Core dumps are limited to nothing.
    pub no_core_dumps: bool,
    /// Restart policy.
    pub restart: String,
    /// Log driver.
    pub log_driver: String,
    /// Published or exposed ports that the host can reach.
    pub published_ports: usize,
    /// PID, IPC and user namespaces that are the host's or another container's.
    pub shared_namespaces: Vec<String>,
    /// Mounts: (type, source or name, path inside, writable).
    pub mounts: Vec<(String, String, String, bool)>,
    /// Volumes: (name, path inside).
    pub volumes: Vec<(String, String)>,
}

/// An attachment to process 1: its standard input, whose end is its end, and what it prints.
pub struct Attachment {
    /// Standard input.
    pub input: Pin<Box<dyn AsyncWrite + Send>>,
    /// Standard output and error, as they come.
    pub output: Pin<Box<dyn Stream<Item = Bytes> + Send>>,
}

impl Engine {
    /// Creates a container; returns its identity and the engine's warnings.
    pub async fn create(&self, spec: &ContainerSpec) -> Result<(String, Vec<String>), EngineError> {
        let options = CreateContainerOptionsBuilder::default().name(&spec.name).build();
        let created =
            within("creating the sandbox", CHANGE, self.docker.create_container(Some(options), body(spec)));
        created.await.map(|created| (created.id, created.warnings))
    }

    /// Attaches to process 1. Must come before [`Engine::start`]: a container that was started and never attached
    /// outlives us (measured).
    pub async fn attach(&self, container: &str) -> Result<Attachment, EngineError> {
        let options = AttachContainerOptionsBuilder::default()
            .stream(true)
            .stdin(true)
            .stdout(true)
            .stderr(true)
            .build();
        let attached = self.docker.attach_container(container, Some(options));
        let attached = within("attaching to the sandbox", ASK, attached).await?;
        let output = attached
            .output
            .filter_map(|item| async { item.ok().map(bollard::container::LogOutput::into_bytes) });
        Ok(Attachment { input: attached.input, output: Box::pin(output) })
    }

    /// Starts a container.
    pub async fn start(&self, container: &str) -> Result<(), EngineError> {
        within("starting the sandbox", CHANGE, self.docker.start_container(container, None)).await
    }

    /// Asks what a container really is.
    pub async fn inspect(&self, container: &str) -> Result<Inspected, EngineError> {
        within("inspecting the sandbox", ASK, self.docker.inspect_container(container, None))
            .await
            .map(inspected)
    }

    /// Kills and removes a container with its anonymous volumes; gone already is done. A removal that goes on is
    /// waited for.
    pub async fn remove(&self, container: &str, deadline: Duration) -> Result<(), EngineError> {
        let options = RemoveContainerOptionsBuilder::default().force(true).v(true).build();
        let removal = async {
            loop {
                match self.docker.remove_container(container, Some(options.clone())).await {
                    Err(bollard::errors::Error::DockerResponseServerError { status_code: 409, .. }) => {
                        tokio::time::sleep(Duration::from_millis(100)).await;
                    }
                    other => return other,
                }
            }
        };
        match within("removing the sandbox", deadline, removal).await {
            Err(error) if error.is_not_found() => Ok(()),
            other => other,
        }
    }
}

fn body(spec: &ContainerSpec) -> ContainerCreateBody {
    ContainerCreateBody {
        image: Some(spec.image.clone()),
        entrypoint: (!spec.command.is_empty()).then(|| spec.command.clone()),
        cmd: (!spec.command.is_empty()).then(Vec::new),
        env: Some(spec.environment.iter().map(|(name, value)| format!("{name}={value}")).collect()),
        user: Some(spec.user.clone()),
        labels: Some(spec.labels.clone()),
        open_stdin: Some(true),
        stdin_once: Some(true),
        attach_stdin: Some(true),
        attach_stdout: Some(true),
        attach_stderr: Some(true),
        tty: Some(false),
        network_disabled: Some(spec.network == Network::None),
        working_dir: Some("/".to_owned()),
        host_config: Some(host_config(spec)),
        ..ContainerCreateBody::default()
    }
}

fn host_config(spec: &ContainerSpec) -> HostConfig {
    let signed = |value: u64| i64::try_from(value).unwrap_or(i64::MAX);
    let (network_mode, pid_mode) = match &spec.network {
        Network::None => ("none".to_owned(), None),
        Network::Of(container) => (format!("container:{container}"), Some(format!("container:{container}"))),
        Network::Outward => ("bridge".to_owned(), None),
    };
    HostConfig {
        network_mode: Some(network_mode),
        pid_mode,
        cap_drop: Some(vec!["ALL".to_owned()]),
        security_opt: Some(vec!["no-new-privileges".to_owned()]),
        readonly_rootfs: Some(true),
        auto_remove: Some(true),
        memory: Some(signed(spec.memory_bytes)),
        memory_swap: Some(signed(spec.memory_bytes)),
        nano_cpus: Some(signed(spec.milli_cpus.saturating_mul(1_000_000))),
        pids_limit: Some(spec.pids),
        shm_size: Some(signed(spec.shm_bytes)),
        ulimits: Some(vec![ResourcesUlimits { name: Some("core".to_owned()), soft: Some(0), hard: Some(0) }]),
        restart_policy: Some(RestartPolicy {
            name: Some(RestartPolicyNameEnum::NO),
            maximum_retry_count: None,
        }),
        // Nothing that the server prints is kept on the host: error messages can hold rows.
        log_config: Some(HostConfigLogConfig { typ: Some("none".to_owned()), config: None }),
        tmpfs: Some(spec.tmpfs.clone()),
        mounts: Some(mounts(spec)),
        ..HostConfig::default()
    }
}

fn mounts(spec: &ContainerSpec) -> Vec<Mount> {
    let volume = spec.volume_at.iter().map(|at| Mount {
        target: Some(at.clone()),
        typ: Some(MountType::VOLUME),
        volume_options: Some(MountVolumeOptions {
            labels: Some(spec.labels.clone()),
            ..MountVolumeOptions::default()
        }),
        ..Mount::default()
    });
    let read_only = spec.read_only_mounts.iter().map(|mount| (mount, true));
    let writable = spec.writable_mounts.iter().map(|mount| (mount, false));
    let files = read_only.chain(writable).map(|((host, inside), read_only)| Mount {
        source: Some(host.clone()),
        target: Some(inside.clone()),
        typ: Some(MountType::BIND),
        read_only: Some(read_only),
        bind_options: Some(MountBindOptions::default()),
        ..Mount::default()
    });
    let volumes = spec.read_only_volumes.iter().map(|(name, inside)| Mount {
        source: Some(name.clone()),
        target: Some(inside.clone()),
        typ: Some(MountType::VOLUME),
        read_only: Some(true),
        ..Mount::default()
    });
    volume.chain(files).chain(volumes).collect()
}

fn inspected(response: ContainerInspectResponse) -> Inspected {
    let host = response.host_config.unwrap_or_default();
    let config = response.config.unwrap_or_default();
    let network = response.network_settings.unwrap_or_default();
    let shared =
        [("pid", host.pid_mode), ("ipc", host.ipc_mode), ("user", host.userns_mode), ("uts", host.uts_mode)]
            .into_iter()
            .filter_map(|(kind, mode)| Some((kind, mode?)))
            .filter(|(_, mode)| mode == "host" || mode.starts_with("container:"))
            .map(|(kind, mode)| format!("{kind}: {mode}"))
            .collect();
    let core = |limit: &ResourcesUlimits| limit.name.as_deref() == Some("core") && limit.hard == Some(0);
    let mounts = response.mounts.unwrap_or_default();
    let volume = |mount: &MountPoint| Some((mount.name.clone()?, mount.destination.clone()?));
    Inspected {
        volumes: mounts.iter().filter_map(volume).collect(),
        image_id: response.image.unwrap_or_default(),
        running: response.state.and_then(|state| state.running).unwrap_or_default(),
        network_mode: host.network_mode.unwrap_or_default(),
        networks: network.networks.unwrap_or_default().into_keys().filter(|name| name != "none").collect(),
        dropped_capabilities: host.cap_drop.unwrap_or_default(),
        added_capabilities: host.cap_add.unwrap_or_default(),
        security_options: host.security_opt.unwrap_or_default(),
        privileged: host.privileged.unwrap_or_default(),
        read_only_root: host.readonly_rootfs.unwrap_or_default(),
        user: config.user.unwrap_or_default(),
        auto_remove: host.auto_remove.unwrap_or_default(),
        stdin_once: config.stdin_once.unwrap_or_default(),
        memory_bytes: host.memory.unwrap_or_default(),
        memory_swap_bytes: host.memory_swap.unwrap_or_default(),
        nano_cpus: host.nano_cpus.unwrap_or_default(),
        pids: host.pids_limit.unwrap_or_default(),
        shm_bytes: host.shm_size.unwrap_or_default(),
        no_core_dumps: host.ulimits.unwrap_or_default().iter().any(core),
        restart: host
            .restart_policy
            .and_then(|policy| policy.name)
            .map(|name| name.to_string())
            .unwrap_or_default(),
        log_driver: host.log_config.and_then(|config| config.typ).unwrap_or_default(),
        published_ports: network.ports.unwrap_or_default().values().flatten().map(Vec::len).sum(),
        shared_namespaces: shared,
        mounts: mounts
            .into_iter()
            .map(|mount| {
                let source = mount.source.or(mount.name).unwrap_or_default();
                let kind = mount.typ.unwrap_or_default();
                (kind, source, mount.destination.unwrap_or_default(), mount.rw.unwrap_or(true))
            })
            .collect(),
    }
}
