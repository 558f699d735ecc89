//! A drill in a folder of its own, run by the program that was built, and what came out.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Condvar, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use serde_json::Value;
use tempfile::TempDir;

use super::engine;

/// A drill file in parts; each is the inside of a YAML flow mapping.
#[derive(Debug, Clone, Copy)]
pub struct Drill<'a> {
    /// Beside `source`: `min_size: 1MB`.
    pub backup: &'a str,
    /// Beside `memory: 512MiB`.
    pub sandbox: &'a str,
    pub restore: &'a str,
    pub objectives: &'a str,
    /// One check a line: `rows: { table: public.orders, equals: 3 }`.
    pub checks: &'a str,
}

/// What every healthy dump of the shop must pass.
pub const SHOP: Drill<'static> = Drill {
    backup: "",
    sandbox: "",
    restore: "",
    objectives: "",
    checks: "rows: { table: public.orders, equals: 20_000 }
        rows: { table: public.payments, at_least: 10_000 }
        tables: { equals: 18 }
        foreign_keys: {}
        sequences: {}",
};

impl Drill<'_> {
    fn yaml(&self) -> String {
        let mapping = |key: &str, inside: &str| match inside {
            "" => String::new(),
            inside => format!("{key}: {{ {inside} }}\n"),
        };
        let comma = |inside: &str| if inside.is_empty() { String::new() } else { format!(", {inside}") };
        let checks: Vec<String> = self.checks.lines().map(|line| format!("  - {}\n", line.trim())).collect();
        let checks = checks.concat();
        format!(
            "drill: test\nbackup: {{ source: {{ local: {{ path: backups, match: \"*\" }} }}{} }}\n\
             sandbox: {{ memory: 512MiB{} }}\n{}{}checks:\n{checks}",
            comma(self.backup),
            comma(self.sandbox),
            mapping("restore", self.restore),
            mapping("objectives", self.objectives),
        )
    }
}

/// A folder with backups, drill files and a state directory; gone when dropped.
pub struct Scene {
    folder: TempDir,
}

impl Scene {
    /// No backup yet.
    pub fn empty() -> Self {
        let folder = tempfile::Builder::new().prefix("drillyard-scene-").tempdir().expect("a folder");
        fs::create_dir(folder.path().join("backups")).expect("a folder for backups");
        Self { folder }
    }

    /// One backup, ten minutes old, so that nothing waits for it to be finished.
    pub fn with(backup: &Path) -> Self {
        let scene = Self::empty();
        scene.add(backup, "backup", Duration::from_mins(10));
        scene
    }

    /// One backup of these bytes.
    pub fn with_bytes(bytes: &[u8]) -> Self {
        let scene = Self::empty();
        scene.write("backups/backup", bytes);
        age(&scene.path("backups/backup"), Duration::from_mins(10));
        scene
    }

    /// One more backup under this name, last changed so long ago.
    pub fn add(&self, backup: &Path, name: &str, old: Duration) {
        let path = self.path("backups").join(name);
        fs::copy(backup, &path).unwrap_or_else(|error| panic!("{}: {error}", backup.display()));
        age(&path, old);
    }

    /// A file below the folder.
    pub fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().expect("it is below the folder")).expect("a folder");
        fs::write(path, content).expect("a file");
    }

    /// A path below the folder.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The program with this scene's state and none of the caller's settings.
    pub fn program(&self) -> Command {
        let mut program = Command::new(env!("CARGO_BIN_EXE_drillyard"));
        program.args(["--state", "state"]).current_dir(self.folder.path()).stdin(Stdio::null());
        for name in ["DRILLYARD_CONFIG", "DRILLYARD_STATE", "CLICOLOR_FORCE"] {
            program.env_remove(name);
        }
        program
    }

    /// Runs a drill to its end, in its turn among the others.
    pub fn run(&self, drill: &Drill<'_>) -> Run {
        let _turn = Turn::take();
        self.run_beside(drill, &[])
    }

    /// Runs a drill at once, with more arguments: for one that mostly waits.
    pub fn run_beside(&self, drill: &Drill<'_>, arguments: &[&str]) -> Run {
        self.write("drill.yaml", drill.yaml());
        self.run_file("drill.yaml", arguments)
    }

    /// Runs a drill file of this folder.
    pub fn run_file(&self, name: &str, arguments: &[&str]) -> Run {
        self.run_program(self.program().args(["--json", "run", name]).args(arguments))
    }

    /// Runs a drill file of this folder with secrets in the environment and the umask of `docs/drillyard.service`.
    pub fn run_file_with(&self, name: &str, environment: &[(&str, &str)]) -> Run {
        let mut shell = Command::new("bash");
        shell.args(["-c", "umask 077; exec \"$0\" \"$@\"", env!("CARGO_BIN_EXE_drillyard")]);
        shell.args(["--state", "state", "--json", "run", name]).current_dir(self.folder.path());
        shell.env_remove("DRILLYARD_CONFIG").env_remove("DRILLYARD_STATE").stdin(Stdio::null());
        self.run_program(shell.envs(environment.iter().copied()))
    }

    fn run_program(&self, program: &mut Command) -> Run {
        engine::watch();
        let ended = program.output().expect("the program starts");
        let standard_error = String::from_utf8_lossy(&ended.stderr).into_owned();
        let json = serde_json::from_slice(&ended.stdout)
            .unwrap_or_else(|error| panic!("no JSON ({error}); it said:\n{standard_error}"));
        let run = Run { exit_code: ended.status.code(), json, standard_error };
        run.has_cleaned_up(&self.path("state/staging"));
        run
    }
}

/// Changes a file's modification time.
pub fn age(path: &Path, old: Duration) {
    let file = File::options().write(true).open(path).expect("the file");
    file.set_modified(SystemTime::now() - old).expect("a new time");
}

/// A drill that has ended.
#[derive(Debug)]
pub struct Run {
    pub exit_code: Option<i32>,
    /// The JSON of a run, version 1.
    pub json: Value,
    pub standard_error: String,
}

impl Run {
    /// `passed`, or verdict and reason: `failed(truncated)`.
    pub fn ending(&self) -> String {
        let verdict = self.json["verdict"].as_str().unwrap_or("?");
        match self.json["reason"].as_str() {
            None => verdict.to_owned(),
            Some(reason) => format!("{verdict}({reason})"),
        }
    }

    /// Panics unless the run ended so, with the exit code that belongs to it.
    #[track_caller]
    pub fn must_be(&self, ending: &str) -> &Self {
        assert_eq!(self.ending(), ending, "{}", self.told());
        let code = match self.json["verdict"].as_str() {
            Some("passed") => 0,
            Some("failed") => 1,
            _ => 3,
        };
        assert_eq!(self.exit_code, Some(code), "exit code of {}", self.told());
        self
    }

    /// What a person needs to understand a test's failure.
    pub fn told(&self) -> String {
        let part = |name: &str| format!("{name}: {}\n", self.json[name]);
        ["sentence", "stop", "checks", "restore_errors", "warnings"].map(part).concat()
    }

    /// Panics unless the backup was judged before any container was made for it.
    #[track_caller]
    pub fn without_a_container(&self) -> &Self {
        assert!(!self.phases().contains(&"provision"), "{:?}", self.phases());
        assert_eq!(engine::containers_of(self.id()), 0, "a container was made");
        self
    }

    pub fn id(&self) -> &str {
        self.json["run"].as_str().expect("a run has an id")
    }

    /// Phases, in the order of their start.
    pub fn phases(&self) -> Vec<&str> {
        let phases = self.json["phases"].as_array().expect("a run has phases");
        phases.iter().filter_map(|phase| phase["phase"].as_str()).collect()
    }

    /// One check of the run, by its name.
    #[track_caller]
    pub fn check(&self, name: &str) -> &Value {
        let checks = self.json["checks"].as_array().expect("a run has checks");
        let found = checks.iter().find(|check| check["name"] == name);
        found.unwrap_or_else(|| panic!("no check {name:?} in {}", self.json["checks"]))
    }

    /// Whether a list of the record holds a text with this in it.
    pub fn lists(&self, list: &str, part: &str) -> bool {
        let items = self.json[list].as_array();
        items.is_some_and(|items| items.iter().any(|item| item.to_string().contains(part)))
    }

    fn has_cleaned_up(&self, staging: &Path) {
        let provisioned = self.phases().contains(&"provision");
        engine::nothing_is_left_of(self.id(), provisioned && self.ending() != "errored(image_missing)");
        let staged: Vec<_> = fs::read_dir(staging).into_iter().flatten().flatten().collect();
        assert!(staged.is_empty(), "left in staging: {staged:?}");
        assert_eq!(self.json["cleanup"]["proven"], true, "{}", self.json["cleanup"]);
        assert_eq!(self.json["leaked"], false, "{}", self.json["cleanup"]);
    }
}

/// One of three places: more drills at a time are not faster on two cores.
struct Turn;

static FREE: Mutex<u8> = Mutex::new(3);
static FREED: Condvar = Condvar::new();

impl Turn {
    fn take() -> Self {
        let free = FREE.lock().unwrap_or_else(PoisonError::into_inner);
        let mut free = FREED.wait_while(free, |free| *free == 0).unwrap_or_else(PoisonError::into_inner);
        *free -= 1;
        Self
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        *FREE.lock().unwrap_or_else(PoisonError::into_inner) += 1;
        FREED.notify_one();
    }
}
