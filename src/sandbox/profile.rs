//! What every sandbox must be. It is asked for at creation, read back after the start, and a property that does not
//! hold ends the run: `errored(profile_not_applied)`, never a warning.

use std::collections::HashMap;

use jiff::Timestamp;

use super::Request;
use crate::database::postgres::start;
use crate::definition::Storage;
use crate::engine::{ContainerSpec, Inspected};
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
    fn to_map(&self) -> HashMap<String, String> {
        HashMap::from([
            (STORE.to_owned(), self.store.to_string()),
            (RUN.to_owned(), self.run.to_string()),
            (DRILL.to_owned(), self.drill.to_string()),
            (FENCE.to_owned(), self.fence.to_string()),
            (EXPIRES.to_owned(), self.expires.to_string()),
        ])
    }
}

const MIB: u64 = 1 << 20;
/// Enough for a server, parallel restore and helpers; a fork bomb ends here.
const PIDS: i64 = 512;

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
        user: start::USER.to_owned(),
        memory_bytes: request.sizing.memory_bytes,
        milli_cpus: request.sizing.milli_cpus,
        pids: PIDS,
        shm_bytes: request.sizing.shm_bytes(),
        volume_at: (request.storage == Storage::Volume).then(|| start::VOLUME.to_owned()),
        tmpfs,
        read_only_mounts: backup.collect(),
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
pub(super) fn verify(asked: &ContainerSpec, found: &Inspected) -> Result<Vec<String>, MissingProperty> {
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
    let isolated = found.network_mode == "none" && found.networks.is_empty() && found.published_ports == 0;
    let writable = writable_host_paths(found);
    vec![
        property("network none", isolated, format!("{} {:?}", found.network_mode, found.networks)),
        property(
            "no capabilities",
            found.dropped_capabilities.iter().any(|capability| capability.eq_ignore_ascii_case("ALL"))
                && found.added_capabilities.is_empty(),
            format!("dropped {:?}, added {:?}", found.dropped_capabilities, found.added_capabilities),
        ),
        property("no new privileges", escapes && !unconfined, format!("{:?}", found.security_options)),
        property("not privileged", !found.privileged, "privileged".to_owned()),
        property("read-only root file system", found.read_only_root, "writable".to_owned()),
        property("user postgres", found.user == asked.user, found.user.clone()),
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
        property(
            "no shared namespaces",
            found.shared_namespaces.is_empty(),
            found.shared_namespaces.join(", "),
        ),
        property("no writable host paths", writable.is_empty(), writable.join(", ")),
        property("still running", found.running, "ended".to_owned()),
    ]
}

fn writable_host_paths(found: &Inspected) -> Vec<String> {
    let bound = found.mounts.iter().filter(|(kind, _, _, writable)| kind == "bind" && *writable);
    bound.map(|(_, source, inside, _)| format!("{source} at {inside}")).collect()
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
            user: "postgres".into(),
            memory_bytes: 1 << 30,
            milli_cpus: 2000,
            pids: PIDS,
            shm_bytes: 1 << 28,
            volume_at: None,
            tmpfs: HashMap::new(),
            read_only_mounts: Vec::new(),
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
