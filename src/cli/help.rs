//! What explains the program: exit codes, completions, and how durations are written.

use std::ffi::OsString;
use std::time::Duration;

use crate::definition;

/// `drillyard help exit-codes`.
pub(super) const EXIT_CODES: &str = "\
0    passed: restored, every check passed, every objective met, nothing left behind
1    failed: the drill worked and proved a problem with the backup or the rollback
2    invalid: the definition or the command line is wrong; nothing was run
3    errored: Drillyard could not find out (engine, image, source, its own fault)
4    leaked: passed, but something of the run is still there, named one by one
130  cancelled: stopped by a person or a shutdown, and cleaned up

Several drills in one command end with the worst: 1, then 3, then 4.";

pub(super) const EXIT_CODES_SHORT: &str = "Exit codes: 0 passed, 1 failed, 2 invalid, 3 errored, 4 leaked, 130 cancelled (`drillyard help exit-codes`).";

/// `help exit-codes` is a topic, not a command: clap knows help only of commands.
pub(super) fn with_topics(arguments: impl Iterator<Item = OsString>) -> Vec<OsString> {
    let arguments: Vec<OsString> = arguments.collect();
    let words: Vec<_> = arguments.iter().skip(1).map(|word| word.to_string_lossy()).collect();
    match words.as_slice() {
        [help, topic] if help == "help" && topic == "exit-codes" => {
            arguments.into_iter().take(1).chain(["exit-codes".into()]).collect()
        }
        _ => arguments,
    }
}

pub(super) fn completions(shell: clap_complete::Shell, command: &mut clap::Command) -> String {
    let mut script = Vec::new();
    clap_complete::generate(shell, command, "drillyard", &mut script);
    String::from_utf8_lossy(&script).into_owned()
}

pub(super) fn pretty(value: &serde_json::Value) -> String {
    serde_json::to_string_pretty(value).unwrap_or_else(|_| value.to_string())
}

/// `90s`, `10m`, `26h`, `8d`, `1h30m`, as in drills. A day is 24 hours: clocks are durations, not calendars.
pub(super) fn duration(text: &str) -> Result<Duration, String> {
    let read = definition::duration(text).filter(|duration| !duration.is_zero());
    read.ok_or_else(|| format!("`{text}` is not a duration; write 90s, 10m, 26h or 8d"))
}

/// How long something is kept. A drill that stands behind `--keep` is taken for its time.
pub(super) fn time_to_keep(text: &str) -> Result<Duration, String> {
    duration(text).map_err(|wrong| format!("{wrong}, or `--keep` after the drill"))
}
