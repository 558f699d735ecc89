//! What tests of the whole program share: a production with dumps, drills in folders of their own, and a look at what
//! a run has left on the engine. A missing part (engine, images) is a failure that says what to do, never a skip.

// Every test binary compiles this for itself and uses a part of it. Helpers of tests are tests: a failure is a panic.
#![allow(dead_code, unused_imports, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

pub mod engine;
pub mod major;
pub mod production;
pub mod scene;

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};

pub use major::usual_major;
pub use production::{damage, production, usual_production};
pub use scene::{Drill, Run, Scene};

/// The repository.
pub fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// A script of `fixtures/`.
pub fn fixture(name: &str) -> Command {
    Command::new(root().join("fixtures").join(name))
}

/// Runs a program to its end and returns what it printed; panics with its errors where it failed.
pub fn done(command: &mut Command) -> String {
    let ended = command.stdin(Stdio::null()).output();
    let ended = ended.unwrap_or_else(|error| panic!("{command:?} did not start: {error}; run tests/prepare"));
    assert!(ended.status.success(), "{command:?} failed:\n{}", String::from_utf8_lossy(&ended.stderr));
    String::from_utf8_lossy(&ended.stdout).into_owned()
}

/// `docker …`, to its end.
pub fn docker(arguments: &[&str]) -> String {
    done(Command::new("docker").args(arguments))
}

/// Something that must be cleared away when this process ends, however it ends: a shell waits for the end of its
/// standard input, which the kernel closes even for a killed process.
pub struct Lease {
    _shell: Child,
    _held: ChildStdin,
}

impl Lease {
    /// Runs `at_end` in bash when this process is gone; its arguments are `$1`, `$2` and so on.
    pub fn new(at_end: &str, arguments: &[&Path]) -> Self {
        let script = format!("trap '' INT TERM HUP; cat >/dev/null; {at_end}");
        let mut shell = Command::new("bash")
            .args(["-c", &script, "lease"])
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("bash is needed");
        let mut held = shell.stdin.take().expect("it was piped");
        held.write_all(b"held\n").expect("the shell reads");
        Self { _shell: shell, _held: held }
    }
}

/// Does the same with every case, as many at a time as drills may run, and fails with all that failed.
pub fn with_each<T: Sync>(cases: &[T], name: impl Fn(&T) -> String, test: impl Fn(&T) + Sync) {
    let test = &test;
    let failed: Vec<String> = std::thread::scope(|scope| {
        let started: Vec<_> = cases.iter().map(|case| (case, scope.spawn(move || test(case)))).collect();
        let ended = started.into_iter().filter_map(|(case, thread)| Some((case, thread.join().err()?)));
        ended.map(|(case, panic)| format!("{}: {}", name(case), message(&*panic))).collect()
    });
    assert!(failed.is_empty(), "{} of {} failed:\n{}", failed.len(), cases.len(), failed.join("\n"));
}

fn message(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().cloned();
    text.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned())).unwrap_or_default()
}
