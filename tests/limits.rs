//! What a hostile file costs whoever checks it: `drillyard check` refuses it in less than 100 ms of processor time and
//! 64 MB of memory, by the program that was built (I3).
//!
//! Processor time, not time on the wall: other tests run beside these, and waiting is not work.

#![allow(clippy::unwrap_used, clippy::panic)] // Helpers of tests are tests; clippy sees only `#[test]`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

const DRILL: &str = "drill: orders\nbackup: { source: { local: { path: orders.dump } } }\n\
    objectives: { rto: 15m, rpo: 24h }\nchecks:\n  - rows: { table: public.orders, at_least: 1000 }\n";

/// The best of so many, because the first one also waits for the disk.
const TIMES: &str = "5";
const MILLISECONDS: u64 = 100;
const KIBIBYTES: u64 = 64_000;

/// What checking a file cost.
struct Cost {
    exit_codes: String,
    milliseconds: u64,
    kibibytes: u64,
}

fn cost_of(program: &Path, arguments: &[&Path]) -> Cost {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/limits/cost.py");
    let measured = Command::new("python3").arg(script).arg(TIMES).arg(program).args(arguments).output();
    let measured = measured.unwrap_or_else(|error| panic!("python3: {error}; run tests/prepare"));
    let words = String::from_utf8(measured.stdout).unwrap();
    let words: Vec<&str> = words.split_whitespace().collect();
    let [codes, milliseconds, kibibytes] = words[..] else {
        panic!("{words:?} {}", String::from_utf8_lossy(&measured.stderr))
    };
    Cost {
        exit_codes: codes.to_owned(),
        milliseconds: milliseconds.parse().unwrap(),
        kibibytes: kibibytes.parse().unwrap(),
    }
}

/// Checks a file of these bytes, and holds its exit code and what it cost.
#[track_caller]
fn is_cheap(what: &str, bytes: impl AsRef<[u8]>, exit_code: &str) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("drill.yaml");
    fs::write(&file, bytes).unwrap();
    let cost = cost_of(&PathBuf::from(env!("CARGO_BIN_EXE_drillyard")), &[Path::new("check"), &file]);
    assert_eq!(cost.exit_codes, exit_code, "{what}");
    assert!(cost.milliseconds < MILLISECONDS, "{what} took {} ms", cost.milliseconds);
    assert!(cost.kibibytes < KIBIBYTES, "{what} took {} KiB", cost.kibibytes);
}

#[test]
fn what_a_program_costs_is_measured() {
    let shell = |script: &str| cost_of(Path::new("python3"), &[Path::new("-c"), Path::new(script)]);
    let large = shell("x = b'x' * 200_000_000; raise SystemExit(3)");
    assert_eq!(large.exit_codes, "3");
    assert!(large.kibibytes > 190_000, "{} KiB", large.kibibytes);
    let slow = shell("sum(range(20_000_000))");
    assert!(slow.milliseconds > MILLISECONDS, "{} ms", slow.milliseconds);
}

#[test]
fn a_good_drill_is_cheap() {
    is_cheap("a good drill", DRILL, "0");
}

#[test]
fn i3_an_alias_bomb_is_cheap() {
    let level = |level: usize| {
        let item = if level == 0 { "x".to_owned() } else { format!("*a{}", level - 1) };
        format!("a{level}: &a{level} [{}]\n", vec![item; 9].join(", "))
    };
    let bomb: String = (0..10).map(level).collect();
    is_cheap("nine to the ninth", &bomb, "2");
    is_cheap("a bomb behind a good drill", format!("{DRILL}---\n{bomb}"), "2");
}

#[test]
fn i3_deep_nesting_is_cheap() {
    for level in ["[", "{a: ", "- ", "? ", "!!seq [", "&a ["] {
        is_cheap(&format!("100,000 of {level:?}"), level.repeat(100_000), "2");
    }
    // The deepest that the limit on a file's size lets through to the parser.
    for level in ["[", "- ", "{a: "] {
        is_cheap(&format!("240 KB of {level:?}"), level.repeat(240_000 / level.len()), "2");
    }
    let map: String = (0..680).map(|level| " ".repeat(level) + "a:\n").collect();
    is_cheap("680 maps in block style", map, "2");
}

#[test]
fn i3_many_documents_are_cheap() {
    is_cheap("a million documents", "---\n".repeat(1_000_000), "2");
    is_cheap("60,000 documents", "---\n".repeat(60_000), "2");
    is_cheap("30,000 documents that hold something", "--- x\n".repeat(30_000), "2");
}

#[test]
fn i3_large_files_are_cheap() {
    is_cheap("10 MB of comment", format!("{DRILL}#{}", "x".repeat(10_000_000)), "2");
    is_cheap("10 MB of faults", "kee: [1, 2]\n".repeat(830_000), "2");
    is_cheap("1 MB of one scalar", format!("{DRILL}owner: {}", "x".repeat(1_000_000)), "2");
    is_cheap("240 KB of faults", "kee: [1, 2]\n".repeat(20_000), "2");
    is_cheap("240 KB of one scalar", format!("{DRILL}owner: {}", "x".repeat(240_000)), "2");
    is_cheap("240 KB of one key", "x".repeat(240_000) + ": 1", "2");
    is_cheap("240 KB of escapes", format!("drill: \"{}\"", "\\n".repeat(120_000)), "2");
    is_cheap("240 KB of quotes", "\"".repeat(240_000), "2");
    is_cheap("240 KB of comment", format!("{DRILL}#{}", "x".repeat(240_000)), "0");
}

#[test]
fn odd_bytes_are_cheap_and_what_is_valid_stays_valid() {
    is_cheap("a NUL in a value", format!("{DRILL}owner: \"a\0b\"\n"), "2");
    is_cheap("NULs alone", vec![0; 240_000], "2");
    is_cheap("a byte order mark", format!("\u{feff}{DRILL}"), "0");
    is_cheap("CRLF", DRILL.replace('\n', "\r\n"), "0");
    is_cheap("UTF-16", DRILL.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>(), "2");
    is_cheap("blanks", "\n".repeat(240_000), "0");
    is_cheap("nothing", "", "0");
}

#[test]
fn an_endless_file_is_not_read() {
    let program = PathBuf::from(env!("CARGO_BIN_EXE_drillyard"));
    let cost = cost_of(&program, &[Path::new("check"), Path::new("/dev/zero")]);
    assert_eq!(cost.exit_codes, "2");
    assert!(cost.milliseconds < MILLISECONDS && cost.kibibytes < KIBIBYTES);
}
