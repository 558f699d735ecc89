//! A folder to call the program in, and one where three drills have really been run.

use std::fs;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::OnceLock;
use std::time::Duration;

use drillyard::store::Store;
use serde_json::Value;

use crate::support::{Lease, engine, root, scene};

/// Variables that would change what the program says.
const VARIABLES: [&str; 10] = [
    "DRILLYARD_CONFIG",
    "DRILLYARD_STATE",
    "DOCKER_HOST",
    "NO_COLOR",
    "CLICOLOR",
    "CLICOLOR_FORCE",
    "COLUMNS",
    "RUST_LOG",
    "TERM",
    "XDG_STATE_HOME",
];

/// The rest of a drill whose folder of backups is not there: it ends as errored at once, without a container.
pub const ABSENT: &str = "backup: { source: { local: { path: nowhere, match: \"*.dump\" } } }\n\
    checks: [{ rows: { table: public.orders, equals: 3 } }]\n";

/// A folder of its own, gone with this process.
pub struct Place {
    pub folder: PathBuf,
    _lease: Lease,
}

impl Place {
    pub fn new() -> Self {
        let folder = tempfile::Builder::new().prefix("drillyard-cli-").tempdir().unwrap().keep();
        let lease = Lease::new("rm -rf -- \"$1\"", &[&folder]);
        Self { folder, _lease: lease }
    }

    /// With these files.
    pub fn with(files: &[(&str, &str)]) -> Self {
        let place = Self::new();
        for (name, text) in files {
            place.write(name, text);
        }
        place
    }

    pub fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        let path = self.folder.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }

    /// The program, with nothing of the caller's own settings; its state is in `state` unless the settings say so.
    pub fn program(&self) -> Command {
        self.prepare(Command::new(env!("CARGO_BIN_EXE_drillyard")))
    }

    /// A line of bash in which `drillyard` is the program.
    pub fn shell(&self, line: &str) -> Ran {
        let mut bash = self.prepare(Command::new("bash"));
        let program = env!("CARGO_BIN_EXE_drillyard");
        bash.args(["-c", &format!("drillyard() {{ {program} \"$@\"; }}\nexport -f drillyard\n{line}")]);
        Ran::of(bash.output().unwrap())
    }

    /// A line of bash on a terminal of 100 columns.
    pub fn terminal(&self, line: &str) -> String {
        let ran = self.shell(&format!(
            "export SHELL=/bin/bash; script --quiet --return --command {} /dev/null",
            quoted(&format!("stty rows 40 cols 100; {line}"))
        ));
        assert_eq!(ran.err, "", "script failed; it comes with: apt-get install bsdutils");
        ran.out
    }

    fn prepare(&self, mut command: Command) -> Command {
        for name in VARIABLES {
            command.env_remove(name);
        }
        if !self.folder.join("drillyard.yaml").exists() {
            // Commands that only read make none where a person says it is.
            drop(Store::open(&self.folder.join("state")).unwrap());
            command.env("DRILLYARD_STATE", "state");
        }
        command.env("TERM", "xterm").current_dir(&self.folder).stdin(Stdio::null());
        command
    }

    pub fn run(&self, arguments: &[&str]) -> Ran {
        Ran::of(self.program().args(arguments).output().unwrap())
    }
}

fn quoted(line: &str) -> String {
    format!("'{}'", line.replace('\'', "'\\''"))
}

/// What a command ended with.
#[derive(Debug)]
pub struct Ran {
    /// Above 128 where a signal ended it, as shells say it.
    pub code: i32,
    pub out: String,
    pub err: String,
}

impl Ran {
    fn of(output: Output) -> Self {
        let code = output.status.code().or_else(|| output.status.signal().map(|signal| 128 + signal));
        Self {
            code: code.unwrap(),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// Panics unless it ended with this code; with what it said.
    #[track_caller]
    pub fn ends_with(self, code: i32) -> Self {
        assert_eq!(self.code, code, "{}\n{}", self.out, self.err);
        self
    }

    /// Panics unless standard error holds each of these and standard output nothing.
    #[track_caller]
    pub fn complains(self, parts: &[&str]) -> Self {
        assert_eq!(self.out, "");
        for part in parts {
            assert!(self.err.contains(part), "{part:?} is not in:\n{}", self.err);
        }
        self
    }

    /// Standard output as the one JSON document that it must be.
    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {}\n{}", self.out, self.err))
    }
}

/// Drills that have been run, and what was said meanwhile.
pub struct Lab {
    pub place: Place,
    /// `--json run orders`: passed.
    pub passed: Ran,
    /// `run short`: a check failed.
    pub failed: Ran,
    /// `--json run absent`: its source is not there.
    pub errored: Ran,
}

pub const SETTINGS: &str = "drills: [drills]\nroots: [backups, drills]\nstate: records\n\
    runner: { memory: 1GiB }\ndefaults: { owner: platform-team, objectives: { rto: 10m } }\n";

/// The laboratory; its drills run at the first call.
pub fn lab() -> &'static Lab {
    static LAB: OnceLock<Lab> = OnceLock::new();
    LAB.get_or_init(|| {
        let orders = |name: &str, rows: &str| {
            format!(
                "drill: {name}\nservice: shop\nbackup:\n  source: {{ local: {{ path: ../backups/orders.sql }} }}\n\
                 checks:\n  - rows: {{ table: public.orders, equals: {rows} }}\n  - tables: {{ at_least: 1 }}\n"
            )
        };
        let place = Place::with(&[
            ("drillyard.yaml", SETTINGS),
            ("drills/orders.yaml", &orders("orders", "3")),
            ("drills/short.yaml", &orders("short", "4")),
            ("drills/absent.yaml", &format!("drill: absent\n{}", ABSENT.replace("nowhere", "../backups/gone"))),
        ]);
        place.write("backups/orders.sql", fs::read(root().join("fixtures/hostile/innocent.sql")).unwrap());
        scene::age(&place.folder.join("backups/orders.sql"), Duration::from_mins(10));
        engine::watch();
        let passed = place.run(&["--json", "run", "orders"]).ends_with(0);
        let failed = place.run(&["run", "short"]).ends_with(1);
        let errored = place.run(&["--json", "run", "absent"]).ends_with(3);
        engine::nothing_is_left_of(passed.json()["run"].as_str().unwrap(), true);
        Lab { place, passed, failed, errored }
    })
}

/// The ids of the laboratory's runs, the newest first.
pub fn ids(place: &Place) -> Vec<String> {
    let history = place.run(&["--json", "history"]).ends_with(0).json();
    let runs = history["runs"].as_array().unwrap();
    runs.iter().map(|run| run["run"].as_str().unwrap().to_owned()).collect()
}

/// Whether a text holds what moves a cursor or changes a colour.
pub fn has_escapes(text: &str) -> bool {
    text.contains('\u{1b}')
}

/// A file of the repository.
pub fn of_the_repository(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}
