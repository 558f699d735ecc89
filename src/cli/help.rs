//! What explains the program: exit codes, completions, and how durations are written.

use std::ffi::OsString;
use std::time::Duration;

use super::Exit;
use crate::definition;

const EXIT_CODES: [(Exit, &str, &str); 6] = [
    (Exit::Passed, "passed", "restored, every check passed, every objective met, nothing left behind"),
    (Exit::Failed, "failed", "the drill worked and proved a problem with the backup or the rollback"),
    (Exit::Invalid, "invalid", "the definition or the command line is wrong; nothing was run"),
    (Exit::Errored, "errored", "Drillyard could not find out (engine, image, source, its own fault)"),
    (Exit::Leaked, "leaked", "passed, but something of the run is still there, named one by one"),
    (Exit::Cancelled, "cancelled", "stopped by a person or a shutdown, and cleaned up"),
];

/// `drillyard help exit-codes`; as JSON, schema `drillyard/exit-codes/1`.
pub(super) fn exit_codes(json: bool) -> String {
    if json {
        let codes = EXIT_CODES.map(|(exit, word, meaning)| {
            serde_json::json!({ "code": exit.code(), "word": word, "meaning": meaning })
        });
        return pretty(&serde_json::json!({ "schema": "drillyard/exit-codes/1", "codes": codes }));
    }
    let lines = EXIT_CODES.map(|(exit, word, meaning)| format!("{:<4} {word}: {meaning}\n", exit.code()));
    lines.concat() + "\nSeveral drills in one command end with the worst: 1, then 3, then 4."
}

pub(super) const EXIT_CODES_SHORT: &str = "Exit codes: 0 passed, 1 failed, 2 invalid, 3 errored, 4 leaked, 130 cancelled (`drillyard help exit-codes`).";

/// `help exit-codes` is a topic, not a command: clap knows help only of commands.
pub(super) fn with_topics(arguments: impl Iterator<Item = OsString>) -> Vec<OsString> {
    let arguments: Vec<OsString> = arguments.collect();
    let words: Vec<_> = arguments.iter().skip(1).map(|word| word.to_string_lossy()).collect();
    let is_topic = words.iter().filter(|word| !word.starts_with('-')).eq(["help", "exit-codes"]);
    if is_topic { arguments.into_iter().filter(|word| word != "help").collect() } else { arguments }
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
    read.ok_or_else(|| {
        let why = if definition::is_too_long(text) { "more than a hundred years" } else { "not a duration" };
        format!("`{text}` is {why}; write 90s, 10m, 26h or 8d")
    })
}

/// How long something is kept. A drill that stands behind `--keep` is taken for its time.
pub(super) fn time_to_keep(text: &str) -> Result<Duration, String> {
    duration(text).map_err(|wrong| format!("{wrong}, or `--keep` after the drill"))
}
