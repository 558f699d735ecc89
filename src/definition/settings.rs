//! `drillyard.yaml` as a value: every key has a default that works on one machine.

use std::path::PathBuf;

/// Settings of one installation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// Files or directories that hold drills, absolute.
    pub drills: Vec<PathBuf>,
    /// Paths in drills stay below these, absolute; `None`: the folder of drillyard.yaml, else the parent of the drill's folder.
    pub roots: Option<Vec<PathBuf>>,
    /// Records, staging, locks; 0700. Absolute; `None`: `/var/lib/drillyard` for root, else `$XDG_STATE_HOME/drillyard`.
    pub state: Option<PathBuf>,
    /// Engine's address, `unix:///var/run/docker.sock`; `None`: DOCKER_HOST, then the usual sockets.
    pub engine_host: Option<String>,
    /// Memory in bytes that sandboxes may take together; `None`: what the engine says it has.
    pub runner_memory: Option<u64>,
    /// The runner's name.
    pub runner_name: Option<String>,
}
