//! Everything that a run leaves for anybody to read.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::support::{Scene, engine};
use crate::watcher::Watcher;

/// What every canary begins with.
const CANARY: &str = "canary-";

/// A run, and all texts that came of it, each with the name of its place.
pub struct Outputs {
    pub json: Value,
    texts: Vec<(String, Vec<u8>)>,
}

/// Runs a drill with these checks, as talkative as it can be, watched from outside, and gathers everything.
pub fn of(scene: &Scene, more: &str, checks: &str) -> Outputs {
    assert!(!format!("{more}{checks}").contains(CANARY), "a drill's own text is no secret");
    scene.write(
        "drill.yaml",
        format!("drill: watched\nbackup: {{ source: {{ local: {{ path: backups/backup }} }} }}\nsandbox: {{ memory: 512MiB }}\n{more}checks:{checks}"),
    );
    engine::watch();
    let mut program = scene.program();
    program.args(["-vv", "run", "drill.yaml"]).stdout(Stdio::piped()).stderr(Stdio::piped());
    let child = program.spawn().unwrap();
    let watcher = Watcher::start(child.id(), &scene.path("state"));
    let ended = child.wait_with_output().unwrap();
    let seen = watcher.stop();

    let said = String::from_utf8_lossy(&ended.stderr).into_owned();
    let shown = |arguments: &[&str]| scene.program().args(arguments).output().unwrap().stdout;
    let json: Value =
        serde_json::from_slice(&shown(&["--json", "show"])).unwrap_or_else(|_| panic!("no run: {said}"));
    let run = json["run"].as_str().unwrap();
    let mut texts = seen.of_run(run);
    texts.push(("engine's events".to_owned(), events(run)));
    texts.push(("standard output".to_owned(), ended.stdout));
    texts.push(("standard error".to_owned(), ended.stderr));
    shown(&["show", "--html", "page.html"]);
    texts.push(("show --html".to_owned(), fs::read(scene.path("page.html")).unwrap()));
    for arguments in [&["show", "--json"][..], &["show"], &["history", "--json"], &["history"]] {
        texts.push((arguments.join(" "), shown(arguments)));
    }
    files(&scene.path("state"), &mut texts);
    engine::nothing_is_left_of(run, true);
    let outputs = Outputs { json, texts };
    outputs.are_all_there();
    outputs
}

/// What the engine told its listeners of a run's containers: among it each command that was run inside.
fn events(run: &str) -> Vec<u8> {
    let label = format!("label=io.drillyard.run={run}");
    let now = jiff::Timestamp::now().as_second();
    let (since, until) = ((now - 600).to_string(), (now + 1).to_string());
    let arguments =
        ["events", "--since", &since, "--until", &until, "--filter", &label, "--format", "{{json .}}"];
    Command::new("docker").args(arguments).output().unwrap().stdout
}

/// Every byte below a directory.
pub fn files(folder: &Path, texts: &mut Vec<(String, Vec<u8>)>) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            files(&path, texts);
        } else if let Ok(bytes) = fs::read(&path) {
            texts.push((path.display().to_string(), bytes));
        }
    }
}

impl Outputs {
    /// `passed`, or verdict and reason.
    pub fn ending(&self) -> String {
        let verdict = self.json["verdict"].as_str().unwrap();
        self.json["reason"].as_str().map_or(verdict.to_owned(), |reason| format!("{verdict}({reason})"))
    }

    /// What a person needs to understand a test's failure.
    pub fn told(&self) -> String {
        ["sentence", "stop", "checks", "restore_errors", "warnings"]
            .map(|part| format!("{part}: {}\n", self.json[part]))
            .concat()
    }

    /// Places that hold a text, whatever its case, with what stands around it.
    pub fn that_hold(&self, text: &str) -> Vec<String> {
        let wanted = text.to_ascii_lowercase();
        let found = |(place, bytes): &(String, Vec<u8>)| {
            let lower = bytes.to_ascii_lowercase();
            let at = lower.windows(wanted.len()).position(|window| window == wanted.as_bytes())?;
            let around = &bytes[at.saturating_sub(80)..(at + 80).min(bytes.len())];
            Some(format!("{place}: …{}…", String::from_utf8_lossy(around)))
        };
        self.texts.iter().filter_map(found).collect()
    }

    #[track_caller]
    pub fn hold_no_canary(&self) {
        let found = self.that_hold(CANARY);
        assert!(found.is_empty(), "{} places hold a canary:\n{}", found.len(), found.join("\n"));
    }

    /// A place that was not looked into would hold nothing, too.
    fn are_all_there(&self) {
        let places: Vec<&str> =
            self.texts.iter().filter(|text| !text.1.is_empty()).map(|text| text.0.as_str()).collect();
        for place in [
            "standard output",
            "standard error",
            "show --html",
            "show --json",
            "history --json",
            "drillyard.sqlite",
            "drillyard.sqlite-wal",
            "docker inspect",
            "arguments of the program",
            "arguments in the sandbox",
            "engine's events",
        ] {
            assert!(places.iter().any(|found| found.contains(place)), "{place} is not among {places:?}");
        }
        let events = &self.texts.iter().find(|text| text.0 == "engine's events").unwrap().1;
        assert!(String::from_utf8_lossy(events).contains("exec_create"), "no command was heard of");
    }
}
