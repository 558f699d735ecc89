//! A drill with a state directory of its own, the compiled program to run it with, and the engine to look at what is
//! left. Shared by the tests that kill, starve and deceive the program.

// Helpers of tests are tests: a failure is a panic. Not every target uses every helper.
#![allow(dead_code, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

pub mod engine;
pub mod proxy;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant, SystemTime};

use serde_json::Value;
use tempfile::TempDir;

/// What every drill of these tests restores: a real archive of `pg_dump`, small enough for a hundred runs.
const BACKUP: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/archives/corner-15.dump");

/// A drill that is as quick as a drill can be.
pub const QUICK: &str = "
drill: quick
backup: { source: { local: { path: backups/corner.dump } } }
sandbox: { memory: 256MiB, cpus: 1, durability: relaxed }
checks:
  - tables: { at_least: 1 }
";

/// A drill whose restore and whose checks take a second each, so that no phase is too short to be hit.
pub const WIDE: &str = "
drill: wide
backup: { source: { local: { path: backups/corner.dump } } }
sandbox: { memory: 256MiB, cpus: 1 }
restore: { after: { sql: [sleep.sql] } }
checks:
  - tables: { at_least: 1 }
  - sql: { name: slow, query: select 1 from pg_sleep(1), equals: 1 }
";

/// A drill that stays in its restore until somebody ends it.
pub const LONG: &str = "
drill: long
backup: { source: { local: { path: backups/corner.dump } } }
sandbox: { memory: 256MiB, cpus: 1, durability: relaxed }
restore: { after: { sql: [sleep-long.sql] } }
checks:
  - tables: { at_least: 1 }
";

/// A drill that rehearses a rollback: out by a tool in a container of its own, back by psql. The tool is the sandbox's
/// own image, because every machine that tests this has it.
pub const REHEARSING: &str = "
drill: rehearsing
backup: { source: { local: { path: backups/corner.dump } } }
sandbox: { memory: 256MiB, cpus: 1, durability: relaxed }
checks:
  - tables: { at_least: 1 }
rollbacks:
  - name: there and back
    forward:
      command: { image: \"drillyard/postgres:15\", run: [/usr/lib/postgresql/15/bin/psql, --file, /drill/up.sql], mount: [up.sql] }
    back: { sql: [down.sql] }
";

/// A drill whose check finds something.
pub const FAILING: &str = "
drill: failing
backup: { source: { local: { path: backups/corner.dump } } }
sandbox: { memory: 256MiB, cpus: 1, durability: relaxed, keep_on_failure: 60s }
checks:
  - tables: { at_least: 1000 }
";

/// One store, its drills, and the program.
pub struct Rig {
    folder: TempDir,
    /// The value of the label of everything that this store makes.
    pub store: String,
    socket: Option<PathBuf>,
}

/// A run that has ended.
#[derive(Debug)]
pub struct Ran {
    pub code: Option<i32>,
    pub json: Value,
    pub stderr: String,
}

impl Rig {
    pub fn new(drill: &str) -> Self {
        Self::with_state(drill, None)
    }

    /// With a state directory that the caller has prepared.
    pub fn with_state(drill: &str, state: Option<&Path>) -> Self {
        let folder = TempDir::with_prefix("drillyard-rig-").unwrap();
        let within = |name: &str| folder.path().join(name);
        fs::create_dir(within("backups")).unwrap();
        fs::copy(BACKUP, within("backups/corner.dump")).unwrap();
        // Old enough that nobody waits to see whether it is still being written.
        let an_hour_ago = SystemTime::now() - Duration::from_hours(1);
        fs::File::options()
            .write(true)
            .open(within("backups/corner.dump"))
            .unwrap()
            .set_modified(an_hour_ago)
            .unwrap();
        fs::write(within("sleep.sql"), "select pg_sleep(1);\n").unwrap();
        fs::write(within("sleep-long.sql"), "select pg_sleep(90);\n").unwrap();
        fs::write(within("up.sql"), "create table released (id integer);\n").unwrap();
        fs::write(within("down.sql"), "drop table released;\n").unwrap();
        fs::write(within("drill.yaml"), drill).unwrap();
        fs::write(within("drillyard.yaml"), "roots: [.]\n").unwrap();
        let state = state.map_or_else(|| within("state"), Path::to_owned);
        let store = drillyard::store::Store::open(&state).map(|store| store.id().to_string());
        if state != within("state") {
            std::os::unix::fs::symlink(&state, within("state")).unwrap();
        }
        Self { folder, store: store.unwrap_or_default(), socket: None }
    }

    /// The engine answers at another socket.
    pub fn through(mut self, socket: &Path) -> Self {
        self.socket = Some(socket.to_owned());
        self
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn state(&self) -> PathBuf {
        self.path("state")
    }

    /// The compiled program on this store; the engine is the real one unless the rig goes through another socket.
    pub fn program(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(program());
        command.current_dir(self.folder.path()).env("DRILLYARD_STATE", self.state()).args(arguments);
        command.env_remove("DRILLYARD_CONFIG").stdin(Stdio::null());
        if let Some(socket) = &self.socket {
            command.env("DOCKER_HOST", format!("unix://{}", socket.display()));
        }
        command
    }

    /// Runs the drill to its end.
    pub fn run(&self, arguments: &[&str]) -> Ran {
        Ran::of(&self.program(&["--json", "run", "drill.yaml"]).args(arguments).output().unwrap())
    }

    /// Starts the drill.
    pub fn start(&self, arguments: &[&str]) -> Running {
        let log = fs::File::create(self.path("stderr")).unwrap();
        let mut command = self.program(&["--json", "run", "drill.yaml"]);
        let child = command.args(arguments).stdout(Stdio::piped()).stderr(log).spawn().unwrap();
        Running { child: Some(child), log: self.path("stderr") }
    }

    /// The same, as `nohup` would start it.
    pub fn start_ignoring_hangup(&self) -> Running {
        let log = fs::File::create(self.path("stderr")).unwrap();
        let program = self.program(&["--json", "run", "drill.yaml"]);
        let mut shell = Command::new("sh");
        shell
            .args(["-c", "trap '' HUP; exec \"$0\" \"$@\""])
            .arg(program.get_program())
            .args(program.get_args());
        shell.envs(program.get_envs().filter_map(|(name, value)| Some((name, value?))));
        shell.current_dir(self.folder.path()).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(log);
        Running { child: Some(shell.spawn().unwrap()), log: self.path("stderr") }
    }

    /// A command that answers in JSON.
    pub fn ask(&self, arguments: &[&str]) -> Ran {
        Ran::of(&self.program(&["--json"]).args(arguments).output().unwrap())
    }

    /// Sweeps at the real engine, whatever stands in front of it for the runs.
    pub fn sweep(&self) -> Ran {
        Ran::of(&self.program(&["--json", "sweep"]).env_remove("DOCKER_HOST").output().unwrap())
    }

    /// Past runs as (verdict, reason), the newest first.
    pub fn history(&self) -> Vec<(String, Option<String>)> {
        let history = self.ask(&["history"]);
        let text = |value: &Value| value.as_str().map(str::to_owned);
        let runs = history.json["runs"].as_array().cloned().unwrap_or_default();
        runs.iter().map(|run| (text(&run["verdict"]).unwrap_or_default(), text(&run["reason"]))).collect()
    }

    /// Everything of this store on the engine, whatever its state.
    pub fn on_engine(&self) -> Vec<String> {
        engine::labelled(&format!("{}={}", drillyard::sandbox::profile::STORE, self.store))
    }

    /// The store's sandboxes that run.
    pub fn running(&self) -> Vec<String> {
        engine::running(&format!("{}={}", drillyard::sandbox::profile::STORE, self.store))
    }

    /// Waits until a sandbox runs; returns its name.
    pub fn sandbox(&self) -> String {
        let mut found = Vec::new();
        within(Duration::from_secs(30), "a sandbox to run", || {
            found = self.running();
            !found.is_empty()
        });
        found.remove(0)
    }

    /// Nothing of this store is left: no container in any state, no volume, no network, no staged file, no lock.
    pub fn assert_nothing_remains(&self, after: &str) {
        assert_eq!(self.on_engine(), Vec::<String>::new(), "left on the engine after {after}");
        for folder in ["staging", "runs"] {
            let Ok(entries) = fs::read_dir(self.state().join(folder)) else { continue };
            let left: Vec<_> = entries.map(|entry| entry.unwrap().file_name()).collect();
            assert!(left.is_empty(), "left in {folder} after {after}: {left:?}");
        }
    }
}

impl Drop for Rig {
    fn drop(&mut self) {
        if !self.store.is_empty() {
            engine::remove_labelled(&format!("{}={}", drillyard::sandbox::profile::STORE, self.store));
        }
    }
}

impl Ran {
    pub fn of(output: &Output) -> Self {
        Self {
            code: output.status.code(),
            json: serde_json::from_slice(&output.stdout).unwrap_or_default(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    pub fn verdict(&self) -> (&str, Option<&str>) {
        (self.json["verdict"].as_str().unwrap_or_default(), self.json["reason"].as_str())
    }

    pub fn sentence(&self) -> &str {
        self.json["sentence"].as_str().unwrap_or_default()
    }

    /// The run's own clean-up was proven, and nothing was left.
    pub fn assert_cleaned_up(&self) {
        assert_eq!(self.json["cleanup"]["proven"], true, "{}", self.json["cleanup"]);
        assert_eq!(self.json["cleanup"]["leftovers"], serde_json::json!([]));
    }
}

/// A run that goes on. Dropping it kills it.
pub struct Running {
    child: Option<Child>,
    log: PathBuf,
}

impl Running {
    /// Waits until the run has said something on standard error.
    pub fn has_said(&self, words: &str) {
        within(Duration::from_secs(40), words, || {
            fs::read_to_string(&self.log).unwrap_or_default().contains(words)
        });
    }

    pub fn signal(&self, signal: &str) {
        let id = self.child.as_ref().unwrap().id().to_string();
        let sent = Command::new("kill").args(["-s", signal, &id]).status().unwrap();
        assert!(sent.success(), "kill -s {signal} {id}");
    }

    /// Kills it as a power cut would, and buries it; its exit code, where it had ended by itself.
    pub fn kill(&mut self) -> Option<i32> {
        let mut child = self.child.take()?;
        let _ = child.kill();
        child.wait().unwrap().code()
    }

    pub fn wait(mut self) -> Ran {
        let output = self.child.take().unwrap().wait_with_output().unwrap();
        let stderr = fs::read_to_string(&self.log).unwrap_or_default();
        Ran { stderr, ..Ran::of(&output) }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.kill();
    }
}

/// The program under test: the compiled one, or the one that `DRILLYARD_PROGRAM` names (a release, a package).
fn program() -> PathBuf {
    std::env::var_os("DRILLYARD_PROGRAM")
        .map_or_else(|| env!("CARGO_BIN_EXE_drillyard").into(), PathBuf::from)
}

/// Waits until something holds; panics where it does not in time.
pub fn within(limit: Duration, what: &str, mut holds: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !holds() {
        assert!(begun.elapsed() < limit, "waited {limit:?} for: {what}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// Does a job for every item, so many at a time.
pub fn at_a_time<T: Send>(number: usize, items: Vec<T>, job: impl Fn(T) + Sync) {
    let items = std::sync::Mutex::new(items.into_iter());
    std::thread::scope(|scope| {
        for _ in 0..number {
            scope.spawn(|| {
                loop {
                    let item = items.lock().unwrap().next();
                    let Some(item) = item else { break };
                    job(item);
                }
            });
        }
    });
}
