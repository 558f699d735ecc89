//! What every sandbox must be. It is asked for at creation, read back after the start, and a property that does not
//! hold ends the run: `errored(profile_not_applied)`, never a warning.

use std::collections::{BTreeMap, HashMap};
use std::path::PathBuf;

use jiff::Timestamp;

use super::Request;
use crate::database::postgres::start;
use crate::definition::Storage;
use crate::engine::{ContainerSpec, ImageFacts, Inspected, Network};
use crate::error::Explain;
use crate::model::{DrillName, Reason, RunId, StoreId};

/// Label that says whose it is. Nothing without this store's value is ever touched.
pub const STORE: &str = "io.drillyard.store";
/// Label that says which run's it is.
pub const RUN: &str = "io.drillyard.run";
/// Label that says which drill's it is.
pub const DRILL: &str = "io.drillyard.drill";
/// Label that carries the fencing token of the claim.
pub const FENCE: &str = "io.drillyard.fence";
/// Label that says when its time to live ends, RFC 3339.
pub const EXPIRES: &str = "io.drillyard.expires";

/// Labels of everything that a run makes on the engine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Labels {
    /// Whose.
    pub store: StoreId,
    /// Which run's.
    pub run: RunId,
    /// Which drill's.
    pub drill: DrillName,
    /// Fencing token of the claim; 1 where nobody else may claim.
    pub fence: u64,
    /// End of its time to live.
    pub expires: Timestamp,
}

impl Labels {
    pub(super) fn to_map(&self) -> HashMap<String, String> {
        HashMap::from([
            (STORE.to_owned(), self.store.to_string()),
            (RUN.to_owned(), self.run.to_string()),
            (DRILL.to_owned(), self.drill.to_string()),
            (FENCE.to_owned(), self.fence.to_string()),
            (EXPIRES.to_owned(), self.expires.to_string()),
        ])
    }
}

pub(super) const MIB: u64 = 1 << 20;
/// Enough for a server, parallel restore and helpers; a fork bomb ends here.
pub(super) const PIDS: i64 = 512;

/// The container of a request.
pub(super) fn container(request: &Request, command: Vec<String>) -> ContainerSpec {
    let small = |bytes: u64| format!("rw,noexec,nosuid,nodev,size={bytes}");
    let mut tmpfs = HashMap::from([
        ("/tmp".to_owned(), small(256 * MIB)),
        ("/run".to_owned(), format!("{},mode=1777", small(16 * MIB))),
    ]);
    // An image's own VOLUME would become an anonymous volume without our labels.
    for path in request.image_facts.volumes.iter().filter(|path| path.as_str() != start::VOLUME) {
        tmpfs.insert(path.clone(), small(MIB));
    }
    if request.storage == Storage::Tmpfs {
        let size = request.sizing.memory_bytes;
        tmpfs.insert(start::MEMORY.to_owned(), format!("{},mode=1777", small(size)));
    }
    let backup = request.backup.iter().map(|path| (path.display().to_string(), start::BACKUP.to_owned()));
    ContainerSpec {
        name: request.name.clone(),
        image: request.image_facts.id.clone(),
        labels: request.labels.to_map(),
        command,
        environment: BTreeMap::new(),
        network: Network::None,
        user: start::USER.to_owned(),
        memory_bytes: request.sizing.memory_bytes,
        milli_cpus: request.sizing.milli_cpus,
        pids: PIDS,
        shm_bytes: request.sizing.shm_bytes(),
        volume_at: (request.storage == Storage::Volume).then(|| start::VOLUME.to_owned()),
        tmpfs,
        read_only_mounts: backup.collect(),
        writable_mounts: Vec::new(),
        read_only_volumes: request
            .origin
            .iter()
            .map(|name| (name.clone(), start::ORIGIN.to_owned()))
            .collect(),
    }
}

/// A migration tool in a container beside a copy.
#[derive(Debug, Clone)]
pub struct Tool {
    /// The container's name.
    pub name: String,
    /// Its image.
    pub image: ImageFacts,
    /// The program with its arguments; empty for the image's own.
    pub command: Vec<String>,
    /// Its environment.
    pub environment: BTreeMap<String, String>,
    /// Files and folders of the host, each mounted read-only at `/drill/<its name>`.
    pub mounts: Vec<PathBuf>,
    /// The sandbox that it shares network and processes with.
    pub beside: String,
}

/// Another user than the server's: it shares the sandbox's processes, and must not read their memory or files.
const TOOL_USER: &str = "65534:65534";

/// The container of a tool, as closed as the sandbox that it works on.
pub fn tool(tool: &Tool, beside: &Request) -> ContainerSpec {
    let mut tmpfs =
        HashMap::from([("/tmp".to_owned(), format!("rw,nosuid,nodev,mode=1777,size={}", 256 * MIB))]);
    for path in &tool.image.volumes {
        tmpfs.insert(path.clone(), format!("rw,noexec,nosuid,nodev,size={MIB}"));
    }
    let inside = |path: &PathBuf| {
        let name = path.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
        (path.display().to_string(), format!("/drill/{name}"))
    };
    ContainerSpec {
        name: tool.name.clone(),
        image: tool.image.id.clone(),
        labels: beside.labels.to_map(),
        command: tool.command.clone(),
        environment: tool.environment.clone(),
        network: Network::Of(tool.beside.clone()),
        user: TOOL_USER.to_owned(),
        memory_bytes: beside.sizing.memory_bytes,
        milli_cpus: beside.sizing.milli_cpus,
        pids: PIDS,
        shm_bytes: 64 * MIB,
        volume_at: None,
        tmpfs,
        read_only_mounts: tool.mounts.iter().map(inside).collect(),
        writable_mounts: Vec::new(),
        read_only_volumes: Vec::new(),
    }
}

/// A property of the profile that the engine did not apply.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the engine started the sandbox without properties that it was asked for: {}", missing.join(", "))]
pub struct MissingProperty {
    /// Each with what was found instead.
    pub missing: Vec<String>,
}

impl Explain for MissingProperty {
    fn reason(&self) -> Reason {
        Reason::ProfileNotApplied
    }

    fn hint(&self) -> Option<String> {
        Some("the engine must support these limits: look at its warnings (`docker info`) and its cgroup set-up".into())
    }
}

/// Reads back what a container became; returns the properties that hold, in words.
pub fn verify(asked: &ContainerSpec, found: &Inspected) -> Result<Vec<String>, MissingProperty> {
    let properties = properties(asked, found);
    let (held, missing): (Vec<_>, Vec<_>) = properties.into_iter().partition(|property| property.holds);
    if missing.is_empty() {
        Ok(held.into_iter().map(|property| property.words).collect())
    } else {
        let missing =
            missing.into_iter().map(|property| format!("{} (found {})", property.words, property.found));
        Err(MissingProperty { missing: missing.collect() })
    }
}

struct Property {
    words: String,
    holds: bool,
    found: String,
}

fn properties(asked: &ContainerSpec, found: &Inspected) -> Vec<Property> {
    let property =
        |words: &str, holds: bool, found: String| Property { words: words.to_owned(), holds, found };
    let same = |limit: i64, wanted: u64| u64::try_from(limit).is_ok_and(|limit| limit == wanted);
    let unconfined = found.security_options.iter().any(|option| option.contains("unconfined"));
    let escapes = found.security_options.iter().any(|option| option.starts_with("no-new-privileges"));
    let (network, of_its_own, networks): (_, _, &[&str]) = match asked.network {
        Network::None => ("network none", found.network_mode == "none", &[]),
        Network::Of(_) => ("network of the sandbox", found.network_mode.starts_with("container:"), &[]),
        Network::Outward => ("network outward", found.network_mode == "bridge", &["bridge"]),
    };
    let joined = matches!(asked.network, Network::Of(_));
    let shared = |kind: &String| !joined || !kind.starts_with("pid: container:");
    let foreign: Vec<String> = found.shared_namespaces.iter().filter(|kind| shared(kind)).cloned().collect();
    let isolated = of_its_own && found.networks == networks && found.published_ports == 0;
    let writable = writable_mounts(asked, found);
    vec![
        property(network, isolated, format!("{} {:?}", found.network_mode, found.networks)),
        property(
            "no capabilities",
            found.dropped_capabilities.iter().any(|capability| capability.eq_ignore_ascii_case("ALL"))
                && found.added_capabilities.is_empty(),
            format!("dropped {:?}, added {:?}", found.dropped_capabilities, found.added_capabilities),
        ),
        property("no new privileges", escapes && !unconfined, format!("{:?}", found.security_options)),
        property("not privileged", !found.privileged, "privileged".to_owned()),
        property("read-only root file system", found.read_only_root, "writable".to_owned()),
        property(&format!("user {}", asked.user), found.user == asked.user, found.user.clone()),
        property("removes itself", found.auto_remove, "stays".to_owned()),
        property("ends with its lease", found.stdin_once, "standard input stays open".to_owned()),
        property(
            "memory limited",
            same(found.memory_bytes, asked.memory_bytes),
            found.memory_bytes.to_string(),
        ),
        property(
            "no swap",
            same(found.memory_swap_bytes, asked.memory_bytes),
            found.memory_swap_bytes.to_string(),
        ),
        property(
            "processors limited",
            same(found.nano_cpus, asked.milli_cpus * 1_000_000),
            found.nano_cpus.to_string(),
        ),
        property("processes limited", found.pids == asked.pids, found.pids.to_string()),
        property("shared memory sized", same(found.shm_bytes, asked.shm_bytes), found.shm_bytes.to_string()),
        property("no core dumps", found.no_core_dumps, "core dumps".to_owned()),
        property("no restart", matches!(found.restart.as_str(), "" | "no"), found.restart.clone()),
        property("nothing logged on the host", found.log_driver == "none", found.log_driver.clone()),
        property("no shared namespaces", foreign.is_empty(), foreign.join(", ")),
        property("nothing writable mounted but its own volume", writable.is_empty(), writable.join(", ")),
        // A tool is inspected before it is started: it can be over before anybody has looked.
        property("still running", found.running || asked.network != Network::None, "ended".to_owned()),
    ]
}

/// Host paths and other sandboxes' volumes that can be written to.
fn writable_mounts(asked: &ContainerSpec, found: &Inspected) -> Vec<String> {
    let own = |kind: &str, inside: &String| {
        let of_the_run = asked.writable_mounts.iter().any(|mount| mount.1 == *inside);
        kind == "tmpfs"
            || (kind == "volume" && asked.volume_at.as_ref() == Some(inside))
            || (kind == "bind" && of_the_run)
    };
    let foreign = found.mounts.iter().filter(|(kind, _, inside, writable)| *writable && !own(kind, inside));
    foreign.map(|(_, source, inside, _)| format!("{source} at {inside}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked() -> ContainerSpec {
        ContainerSpec {
            name: "x".into(),
            image: "sha256:1".into(),
            labels: HashMap::new(),
            command: Vec::new(),
            environment: BTreeMap::new(),
            network: Network::None,
            user: "postgres".into(),
            memory_bytes: 1 << 30,
            milli_cpus: 2000,
            pids: PIDS,
            shm_bytes: 1 << 28,
            volume_at: None,
            tmpfs: HashMap::new(),
            read_only_mounts: Vec::new(),
            writable_mounts: Vec::new(),
            read_only_volumes: Vec::new(),
        }
    }

    fn applied() -> Inspected {
        Inspected {
            image_id: "sha256:1".into(),
            running: true,
            network_mode: "none".into(),
            networks: Vec::new(),
            dropped_capabilities: vec!["ALL".into()],
            added_capabilities: Vec::new(),
            security_options: vec!["no-new-privileges".into()],
            privileged: false,
            read_only_root: true,
            user: "postgres".into(),
            auto_remove: true,
            stdin_once: true,
            memory_bytes: 1 << 30,
            memory_swap_bytes: 1 << 30,
            nano_cpus: 2_000_000_000,
            pids: PIDS,
            shm_bytes: 1 << 28,
            no_core_dumps: true,
            restart: "no".into(),
            log_driver: "none".into(),
            published_ports: 0,
            shared_namespaces: Vec::new(),
            mounts: vec![("bind".into(), "/b".into(), "/run/drillyard/backup".into(), false)],
            volumes: Vec::new(),
        }
    }

    #[test]
    fn each_property_that_the_engine_drops_is_noticed() {
        assert!(verify(&asked(), &applied()).is_ok());
        let breaks: Vec<fn(&mut Inspected)> = vec![
            |i| i.network_mode = "bridge".into(),
            |i| i.networks = vec!["bridge".into()],
            |i| i.published_ports = 1,
            |i| i.dropped_capabilities = Vec::new(),
            |i| i.added_capabilities = vec!["NET_ADMIN".into()],
            |i| i.security_options = Vec::new(),
            |i| i.security_options.push("seccomp=unconfined".into()),
            |i| i.privileged = true,
            |i| i.read_only_root = false,
            |i| i.user = "root".into(),
            |i| i.auto_remove = false,
            |i| i.stdin_once = false,
            |i| i.memory_bytes = 0,
            |i| i.memory_swap_bytes = -1,
            |i| i.nano_cpus = 0,
            |i| i.pids = 0,
            |i| i.shm_bytes = 1,
            |i| i.no_core_dumps = false,
            |i| i.restart = "always".into(),
            |i| i.log_driver = "json-file".into(),
            |i| i.shared_namespaces = vec!["pid: host".into()],
            |i| i.mounts.push(("bind".into(), "/".into(), "/host".into(), true)),
            |i| i.mounts.push(("volume".into(), "of another".into(), start::ORIGIN.into(), true)),
            |i| i.running = false,
        ];
        for (number, change) in breaks.into_iter().enumerate() {
            let mut found = applied();
            change(&mut found);
            let missing = verify(&asked(), &found).expect_err(&format!("change {number} went unnoticed"));
            assert_eq!(missing.missing.len(), 1, "{missing}");
        }
    }
}
