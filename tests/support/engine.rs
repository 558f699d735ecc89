//! What a run has made on the engine, by the engine's own events, and that nothing of it is left.
//!
//! The engine is shared: counting all volumes before and after would accuse a neighbour. Its events tell which
//! container carried the run's label and which volumes, anonymous ones too, were mounted into it.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use serde_json::Value;

use super::docker;

const RUN_LABEL: &str = "io.drillyard.run";

/// Containers and volumes since this process first looked.
#[derive(Default)]
struct Seen {
    /// Container ids by the run that made them.
    containers: BTreeMap<String, BTreeSet<String>>,
    /// Volume names by container.
    volumes: BTreeMap<String, BTreeSet<String>>,
    destroyed: BTreeSet<String>,
}

static SEEN: Mutex<Option<Seen>> = Mutex::new(None);

/// Begins to listen to the engine; every run of a [`Scene`](super::Scene) does it before it starts.
pub fn watch() {
    static LISTENING: OnceLock<()> = OnceLock::new();
    LISTENING.get_or_init(|| {
        docker(&["version"]);
        // The shell ends the listener when this process is gone.
        let script = "docker events --format '{{json .}}' --filter type=container --filter type=volume \
            --filter event=create --filter event=destroy --filter event=mount & cat >/dev/null; kill $!";
        let mut listener = Command::new("bash")
            .args(["-c", script])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("bash is needed");
        let lines = BufReader::new(listener.stdout.take().expect("it was piped")).lines();
        *seen() = Some(Seen::default());
        std::thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                note(&serde_json::from_str(&line).unwrap_or_default());
            }
            drop(listener);
        });
        when_heard();
    });
}

/// The subscription is made somewhat after the program was started: a volume of our own tells when.
fn when_heard() {
    let until = Instant::now() + Duration::from_secs(20);
    while Instant::now() < until {
        let volume = docker(&["volume", "create", "--label", "io.drillyard.test=heard"]);
        std::thread::sleep(Duration::from_millis(100));
        docker(&["volume", "rm", volume.trim()]);
        std::thread::sleep(Duration::from_millis(100));
        if with_seen(|seen| seen.destroyed.contains(volume.trim())) {
            return;
        }
    }
    panic!("the engine's events are not heard");
}

fn note(event: &Value) {
    let text = |pointer: &str| event.pointer(pointer).and_then(Value::as_str).map(str::to_owned);
    let (Some(kind), Some(action), Some(id)) = (text("/Type"), text("/Action"), text("/Actor/ID")) else {
        return;
    };
    let attribute = |name: &str| event["Actor"]["Attributes"][name].as_str().map(str::to_owned);
    with_seen(|seen| match (kind.as_str(), action.as_str()) {
        ("container", "create") => {
            if let Some(run) = attribute(RUN_LABEL) {
                seen.containers.entry(run).or_default().insert(id);
            }
        }
        ("volume", "mount") => {
            if let Some(container) = attribute("container") {
                seen.volumes.entry(container).or_default().insert(id);
            }
        }
        (_, "destroy") => {
            seen.destroyed.insert(id);
        }
        _ => {}
    });
}

fn seen() -> std::sync::MutexGuard<'static, Option<Seen>> {
    SEEN.lock().unwrap_or_else(PoisonError::into_inner)
}

fn with_seen<T>(look: impl FnOnce(&mut Seen) -> T) -> T {
    look(seen().get_or_insert_default())
}

/// How many containers the run has made.
pub fn containers_of(run: &str) -> usize {
    with_seen(|seen| seen.containers.get(run).map_or(0, BTreeSet::len))
}

/// Whatever of a run is still there: containers, volumes (anonymous ones too), networks.
pub fn left_of(run: &str) -> Vec<String> {
    let label = format!("label={RUN_LABEL}={run}");
    let mut left = BTreeSet::new();
    for (kind, list) in [
        ("container", ["ps", "--all", "--quiet"]),
        ("volume", ["volume", "ls", "--quiet"]),
        ("network", ["network", "ls", "--quiet"]),
    ] {
        let listed = docker(&[&list[..], &["--filter", &label]].concat());
        left.extend(listed.lines().map(|id| format!("{kind} {id}")));
    }
    let mounted: BTreeSet<String> = with_seen(|seen| {
        let made = seen.containers.get(run).into_iter().flatten();
        made.filter_map(|container| seen.volumes.get(container)).flatten().cloned().collect()
    });
    let there = docker(&["volume", "ls", "--quiet"]);
    left.extend(there.lines().filter(|name| mounted.contains(*name)).map(|name| format!("volume {name}")));
    left.into_iter().collect()
}

/// Panics where anything of the run is left. `made_any`: whether it must have made a container at all.
#[track_caller]
pub fn nothing_is_left_of(run: &str, made_any: bool) {
    // Events come by their own way, a moment later.
    let until = Instant::now() + Duration::from_secs(10);
    while made_any && Instant::now() < until && !all_destroyed(run) {
        std::thread::sleep(Duration::from_millis(20));
    }
    assert!(!made_any || containers_of(run) > 0, "no container of run {run} was heard of");
    let left = left_of(run);
    assert!(left.is_empty(), "run {run} left behind: {left:?}");
}

fn all_destroyed(run: &str) -> bool {
    with_seen(|seen| {
        seen.containers.get(run).is_some_and(|made| made.iter().all(|id| seen.destroyed.contains(id)))
    })
}
