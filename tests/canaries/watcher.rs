//! Looks at a running program from outside: argument lists, what the engine knows of its containers, files that come
//! and go.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{JoinHandle, sleep, spawn};
use std::time::Duration;

use serde_json::Value;

use crate::outputs::files;
use crate::support::docker;

/// Between two looks.
const PAUSE: Duration = Duration::from_millis(40);

/// Looks until it is stopped.
pub struct Watcher {
    stop: Arc<AtomicBool>,
    looking: JoinHandle<Watched>,
}

/// What was seen.
#[derive(Default)]
pub struct Watched {
    /// Argument lists of the program and its children.
    arguments: BTreeSet<Vec<u8>>,
    /// Argument lists of processes in any container, by container.
    inside: BTreeMap<String, BTreeSet<Vec<u8>>>,
    /// Runs by container.
    runs: BTreeMap<String, String>,
    /// What the engine says of a container, and what it keeps of its output.
    inspected: BTreeMap<String, BTreeSet<Vec<u8>>>,
    /// Files of the state directory as they were meanwhile.
    state: BTreeMap<String, Vec<u8>>,
}

impl Watcher {
    pub fn start(program: u32, state: &Path) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let (stopped, state) = (Arc::clone(&stop), state.to_owned());
        let looking = spawn(move || {
            let mut watched = Watched::default();
            while !stopped.load(Ordering::Relaxed) {
                watched.look_at_processes(program);
                watched.look_at_containers();
                watched.look_at_files(&state);
                sleep(PAUSE);
            }
            watched
        });
        Self { stop, looking }
    }

    pub fn stop(self) -> Watched {
        self.stop.store(true, Ordering::Relaxed);
        self.looking.join().unwrap()
    }
}

impl Watched {
    fn look_at_processes(&mut self, program: u32) {
        for process in fs::read_dir("/proc").unwrap().flatten() {
            let path = process.path();
            // The kernel's own threads have no arguments.
            let Some(arguments) = fs::read(path.join("cmdline")).ok().filter(|all| !all.is_empty()) else {
                continue;
            };
            if process.file_name().to_string_lossy() == program.to_string() || parent(&path) == Some(program)
            {
                self.arguments.insert(arguments);
            } else if let Some(container) = container(&path) {
                self.inside.entry(container).or_default().insert(arguments);
            }
        }
    }

    fn look_at_containers(&mut self) {
        let listed: Value = serde_json::from_slice(&engine(
            "/containers/json?filters=%7B%22label%22:%5B%22io.drillyard.run%22%5D%7D",
        ))
        .unwrap();
        for container in listed.as_array().unwrap() {
            let word = |pointer: &str| container.pointer(pointer).unwrap().as_str().unwrap().to_owned();
            let id = word("/Id");
            self.runs.insert(id.clone(), word("/Labels/io.drillyard.run"));
            let inspected = self.inspected.entry(id.clone()).or_default();
            inspected.insert(engine(&format!("/containers/{id}/json")));
            inspected.insert(engine(&format!("/containers/{id}/logs?stdout=1&stderr=1")));
        }
    }

    fn look_at_files(&mut self, state: &Path) {
        let mut now = Vec::new();
        files(state, &mut now);
        for (name, bytes) in now {
            // Each file at its longest: the write-ahead log is gone when its last reader is.
            if self.state.get(&name).is_none_or(|before| before.len() <= bytes.len()) {
                self.state.insert(name, bytes);
            }
        }
    }

    /// What was seen of one run, each with the name of its place.
    pub fn of_run(self, run: &str) -> Vec<(String, Vec<u8>)> {
        let ours = |container: &String| self.runs.get(container).is_some_and(|of| of == run);
        let inside = self.inside.iter().filter(|(container, _)| ours(container));
        let inspected = self.inspected.iter().filter(|(container, _)| ours(container));
        let program = self.arguments.iter().map(|arguments| ("arguments of the program", arguments));
        let inside = inside.flat_map(|(_, all)| all).map(|arguments| ("arguments in the sandbox", arguments));
        let inspected = inspected.flat_map(|(_, all)| all).map(|text| ("docker inspect and logs", text));
        let named = |(place, bytes): (&str, &Vec<u8>)| (place.to_owned(), bytes.clone());
        let seen = program.chain(inside).chain(inspected).map(named);
        seen.chain(self.state.iter().map(|(name, bytes)| (format!("meanwhile {name}"), bytes.clone())))
            .collect()
    }
}

fn parent(process: &Path) -> Option<u32> {
    let stat = fs::read_to_string(process.join("stat")).ok()?;
    // The name in parentheses may hold anything, blanks and parentheses too.
    stat.rsplit_once(") ")?.1.split(' ').nth(1)?.parse().ok()
}

/// The id of the container that a process is in, by its control group.
fn container(process: &Path) -> Option<String> {
    let groups = fs::read_to_string(process.join("cgroup")).ok()?;
    let hexadecimal = |word: &&str| word.len() == 64 && word.bytes().all(|byte| byte.is_ascii_hexdigit());
    groups.split(|c: char| !c.is_ascii_alphanumeric()).find(hexadecimal).map(str::to_owned)
}

/// What the engine answers. Its own program takes a tenth of a second for it, and a sandbox lives for two.
fn engine(path: &str) -> Vec<u8> {
    let host = std::env::var("DOCKER_HOST").unwrap_or_default();
    let mut socket =
        UnixStream::connect(host.strip_prefix("unix://").unwrap_or("/var/run/docker.sock")).unwrap();
    socket.write_all(format!("GET {path} HTTP/1.0\r\nHost: engine\r\n\r\n").as_bytes()).unwrap();
    let mut answer = Vec::new();
    socket.read_to_end(&mut answer).unwrap();
    let body = answer.windows(4).position(|window| window == b"\r\n\r\n").unwrap() + 4;
    answer.split_off(body)
}

#[test]
fn the_watcher_sees_arguments_of_the_program_and_of_a_container() {
    let mut child = Command::new("bash").args(["-c", "exec -a canary-program sleep 2"]).spawn().unwrap();
    let name = format!("drillyard-canary-{}", std::process::id());
    let run =
        ["run", "--detach", "--rm", "--name", &name, "--label", "io.drillyard.run=watched", "--entrypoint"];
    let inside = ["bash", "drillyard/postgres:15", "-c", "echo canary-log; exec -a canary-inside sleep 60"];
    docker(&[&run[..], &inside].concat());
    let watcher = Watcher::start(child.id(), Path::new("/nowhere"));
    child.wait().unwrap();
    let stopped = watcher.stop();
    docker(&["rm", "--force", &name]);
    let seen = stopped.of_run("watched");
    for (place, wanted) in [
        ("arguments of the program", "canary-program"),
        ("arguments in the sandbox", "canary-inside"),
        ("docker inspect and logs", "exec -a canary-inside"),
        ("docker inspect and logs", "canary-log\n"),
    ] {
        let found =
            seen.iter().any(|(name, text)| name == place && String::from_utf8_lossy(text).contains(wanted));
        assert!(found, "{wanted} was not seen in {place}");
    }
}
