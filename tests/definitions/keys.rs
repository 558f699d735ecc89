//! Every key of the format, misspelt, repeated, removed and given nonsense, in the decoder and in the JSON Schema.

use std::collections::BTreeSet;
use std::path::Path;

use drillyard::definition::{self, Code, Drill, Fault, IfMissed, Settings};
use serde_json::Value;

use crate::support::{FULL, LATER, MINIMAL, REHEARSED, SNAPSHOT, codes, parse};

/// A line that begins with a key: `    - sql: …`.
struct KeyLine {
    /// Which line, from 0.
    line: usize,
    /// Columns before the key.
    indent: usize,
    key: String,
    /// The first line after what is below the key.
    end: usize,
}

fn key_lines(text: &str) -> Vec<KeyLine> {
    let lines: Vec<&str> = text.lines().collect();
    let indent = |line: &str| line.len() - line.trim_start_matches([' ', '-']).len();
    let mut found = Vec::new();
    for (at, line) in lines.iter().enumerate().filter(|(_, line)| !line.starts_with('#')) {
        let indent = indent(line);
        let Some((key, _)) = line[indent..].split_once(':') else { continue };
        if !key.chars().all(|c| c.is_ascii_lowercase() || c == '_') {
            continue;
        }
        // Deeper lines, and lines of a list's item that begin at the dash.
        let below = lines[at + 1..].iter().take_while(|next| {
            let depth = next.len() - next.trim_start().len();
            depth > indent || next.trim().is_empty()
        });
        found.push(KeyLine { line: at, indent, key: key.to_owned(), end: at + 1 + below.count() });
    }
    found
}

/// A slip of the finger: two letters in the wrong order, or one twice.
fn misspelt(key: &str) -> String {
    let letters: Vec<char> = key.chars().collect();
    match (1..letters.len() - 1).find(|at| letters[*at] != letters[at + 1]) {
        Some(at) if letters.len() > 3 => {
            let mut swapped = letters.clone();
            swapped.swap(at, at + 1);
            swapped.into_iter().collect()
        }
        _ => format!("{key}{}", letters[letters.len() - 1]),
    }
}

/// The faults that an edit has added.
fn added(before: &str, after: &str) -> Vec<Fault> {
    let before = parse(before).faults;
    let known = |fault: &Fault| {
        before.iter().any(|other| (other.code, &other.message) == (fault.code, &fault.message))
    };
    parse(after).faults.into_iter().filter(|fault| !known(fault)).collect()
}

fn replaced(text: &str, range: std::ops::Range<usize>, with: &[String]) -> String {
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    lines.splice(range, with.iter().cloned());
    lines.join("\n") + "\n"
}

#[test]
fn the_examples_are_good() {
    assert_eq!(parse(MINIMAL).faults, []);
    assert_eq!(parse(FULL).faults, []);
    assert_eq!(parse(REHEARSED).faults, []);
    assert_eq!(parse(SNAPSHOT).faults, []);
    let later = parse(LATER);
    let others: Vec<&Fault> =
        later.faults.iter().filter(|fault| fault.code != Code::NotInThisVersion).collect();
    assert!(others.is_empty(), "{others:#?}");
    assert!(later.drills.is_empty());
}

#[test]
fn i2_a_misspelt_key_is_one_fault_that_names_the_right_one() {
    for text in [FULL, REHEARSED, SNAPSHOT, LATER] {
        let lines: Vec<&str> = text.lines().collect();
        for key in key_lines(text) {
            let wrong = misspelt(&key.key);
            let line = lines[key.line].replacen(&key.key, &wrong, 1);
            let faults = added(text, &replaced(text, key.line..key.line + 1, &[line]));
            let told: Vec<&str> = faults.iter().map(|fault| fault.message.as_str()).collect();
            assert_eq!(
                told,
                [format!("unknown key `{wrong}`, did you mean `{}`?", key.key)],
                "line {}",
                key.line + 1
            );
            assert_eq!((faults[0].line, faults[0].column), (key.line + 1, key.indent + 1));
        }
    }
}

#[test]
fn i4_a_key_given_twice_is_one_fault_that_names_both_lines() {
    for text in [FULL, REHEARSED, SNAPSHOT, LATER] {
        for key in key_lines(text) {
            let again = format!("{}{}: {{}}", " ".repeat(key.indent), key.key);
            let faults = added(text, &replaced(text, key.end..key.end, &[again]));
            let told: Vec<&str> = faults.iter().map(|fault| fault.message.as_str()).collect();
            assert_eq!(told, [format!("`{}` is given twice, first in line {}", key.key, key.line + 1)]);
            assert_eq!(faults[0].line, key.end + 1);
        }
    }
}

#[test]
fn a_value_of_the_wrong_type_is_one_fault_in_its_line() {
    for text in [FULL, REHEARSED, SNAPSHOT, LATER] {
        let lines: Vec<&str> = text.lines().collect();
        for key in key_lines(text) {
            let start = &lines[key.line][..key.indent];
            let nonsense = format!("{start}{}: [[]]", key.key);
            let mut faults = added(text, &replaced(text, key.line..key.end, &[nonsense]));
            faults.retain(|fault| fault.code != Code::NotInThisVersion);
            assert_eq!(faults.len(), 1, "line {}: {faults:#?}", key.line + 1);
            assert!(matches!(faults[0].code, Code::WrongType | Code::BadValue), "{faults:#?}");
            assert_eq!(faults[0].line, key.line + 1);
        }
    }
}

#[test]
fn every_key_of_this_version_is_obeyed() {
    // These say what holds without them.
    assert_eq!(silent_keys(FULL), ["baseline", "preload"]);
    assert_eq!(silent_keys(REHEARSED), [""; 0]);
    assert_eq!(silent_keys(SNAPSHOT), ["then"]);
}

/// Keys without which the drill would be the same.
fn silent_keys(text: &str) -> Vec<String> {
    let whole = parse(text).drills.remove(0);
    let same_text = |drill: Drill| Drill { text_sha256: whole.text_sha256.clone(), ..drill };
    let lines: Vec<&str> = text.lines().collect();
    let silent = |key: &KeyLine| {
        // A list's item loses its dash with its first key, so an empty one stays in its place.
        let dash = lines[key.line].trim_start().starts_with('-') && key.end < lines.len();
        let without = if dash && lines[key.end].starts_with(&" ".repeat(key.indent)) {
            let dashed = format!("{}- {}", " ".repeat(key.indent - 2), lines[key.end].trim_start());
            replaced(text, key.line..key.end + 1, &[dashed])
        } else {
            replaced(text, key.line..key.end, &[])
        };
        parse(&without).drills.into_iter().map(same_text).any(|drill| drill == whole)
    };
    key_lines(text).into_iter().filter(silent).map(|key| key.key).collect()
}

/// A drill as it was read; its paths are of every machine.
fn shown(text: &str) -> String {
    let here = std::env::current_dir().unwrap();
    format!("{:#?}", parse(text).drills.remove(0)).replace(&format!("{}/", here.display()), "")
}

#[test]
fn a_full_drill_is_read_as_it_is_written() {
    insta::with_settings!({ snapshot_path => "snapshots", prepend_module_to_snapshot => false }, {
        insta::assert_snapshot!("full_drill", shown(FULL));
    });
}

#[test]
fn a_rehearsal_is_read_as_it_is_written() {
    let drill = parse(REHEARSED).drills.remove(0);
    assert_eq!(drill.rollbacks[1].name, "0042.up", "the name of a rehearsal without one is its file's");
    let schedule = drill.schedule.unwrap();
    assert_eq!((schedule.calendar.expression(), schedule.if_missed), ("30 3 * * Mon-Fri", IfMissed::Skip));
    let shown = format!("{:#?}", (drill.rollbacks, drill.retries, drill.notices));
    let shown = shown.replace(&format!("{}/", std::env::current_dir().unwrap().display()), "");
    insta::with_settings!({ snapshot_path => "snapshots", prepend_module_to_snapshot => false }, {
        insta::assert_snapshot!("rehearsed_drill", shown);
    });
}

#[test]
fn the_schema_in_the_repository_is_current() {
    let file = "drills/drill.schema.json";
    let current = serde_json::to_string_pretty(&definition::schema()).unwrap() + "\n";
    if std::env::var_os("UPDATE_SCHEMA").is_some() {
        std::fs::write(file, &current).unwrap();
    }
    let kept = std::fs::read_to_string(file).unwrap_or_default();
    assert!(kept == current, "{file} is old: run this test with UPDATE_SCHEMA=1");
}

fn documents(text: &str) -> Vec<Value> {
    serde_saphyr::from_multiple(text).unwrap()
}

#[test]
fn the_schema_accepts_what_the_decoder_accepts() {
    let schema = jsonschema::validator_for(&definition::schema()).unwrap();
    let drills = std::fs::read_dir("drills").unwrap().map(|entry| entry.unwrap().path());
    let drills = drills.filter(|file| file.extension().is_some_and(|extension| extension == "yaml"));
    let drills: Vec<String> = drills.map(|file| std::fs::read_to_string(file).unwrap()).collect();
    assert!(!drills.is_empty());
    for text in drills.iter().map(String::as_str).chain([MINIMAL, FULL, REHEARSED, SNAPSHOT, LATER]) {
        for document in documents(text) {
            let faults: Vec<String> =
                schema.iter_errors(&document).map(|e| format!("{}: {e}", e.instance_path())).collect();
            assert!(faults.is_empty(), "{faults:#?}");
        }
    }
}

#[test]
fn the_schema_refuses_a_misspelt_key() {
    let schema = jsonschema::validator_for(&definition::schema()).unwrap();
    for text in [FULL, REHEARSED, SNAPSHOT, LATER] {
        let lines: Vec<&str> = text.lines().collect();
        for key in key_lines(text) {
            let line = lines[key.line].replacen(&key.key, &misspelt(&key.key), 1);
            let text = replaced(text, key.line..key.line + 1, &[line]);
            assert!(documents(&text).iter().any(|document| !schema.is_valid(document)), "`{}`", key.key);
        }
    }
}

/// Walks a value beside its schema and notes every property of the schema that it meets.
fn visit(value: &Value, pointer: &str, schema: &Value, met: &mut BTreeSet<String>) {
    let Some(here) = schema.pointer(pointer) else { return };
    if let Some(target) = here.get("$ref").and_then(Value::as_str) {
        visit(value, target.trim_start_matches('#'), schema, met);
    }
    for at in 0..here.get("anyOf").and_then(Value::as_array).map_or(0, Vec::len) {
        visit(value, &format!("{pointer}/anyOf/{at}"), schema, met);
    }
    match value {
        Value::Object(map) => {
            for (key, below) in map {
                let property = format!("{pointer}/properties/{key}");
                if schema.pointer(&property).is_some() {
                    visit(below, &property, schema, met);
                    met.insert(property);
                }
            }
        }
        Value::Array(items) => {
            for item in items {
                visit(item, &format!("{pointer}/items"), schema, met);
            }
        }
        _ => {}
    }
}

fn properties(value: &Value, pointer: &str, all: &mut BTreeSet<String>) {
    match value {
        Value::Object(map) => {
            for (key, below) in map {
                let pointer = format!("{pointer}/{key}");
                if pointer.ends_with(&format!("/properties/{key}")) {
                    all.insert(pointer.clone());
                }
                properties(below, &pointer, all);
            }
        }
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(at, item)| properties(item, &format!("{pointer}/{at}"), all));
        }
        _ => {}
    }
}

#[test]
fn the_examples_hold_every_key_of_the_format() {
    let schema = definition::schema();
    let (mut all, mut met) = (BTreeSet::new(), BTreeSet::new());
    properties(&schema, "", &mut all);
    for document in [FULL, REHEARSED, SNAPSHOT, LATER].into_iter().flat_map(documents) {
        visit(&document, "", &schema, &mut met);
    }
    // A step, a bucket's credentials and a secret have the same keys wherever they stand.
    let elsewhere = ["/writes/", "/back/", "/forward/", "/credentials/", "/env/additionalProperties/"];
    let of_secret =
        |pointer: &str| pointer.ends_with("/properties/env") || pointer.ends_with("/properties/file");
    let missing: Vec<&String> = all.difference(&met).collect();
    let missing: Vec<_> = missing
        .into_iter()
        .filter(|p| !elsewhere.iter().any(|part| p.contains(part)) && !of_secret(p))
        .collect();
    assert!(missing.is_empty(), "{missing:#?}");
    assert!(met.len() > 150, "only {} keys were met", met.len());
}

#[test]
fn what_holds_without_a_later_key_may_be_written_down() {
    let text = format!("{MINIMAL}sandbox: {{ preload: [] }}\n").replacen(
        "} } }",
        "} }, recover_to: latest, baseline: none }",
        1,
    );
    assert_eq!(parse(&text).faults, [], "{text}");
}

#[test]
fn no_setting_that_contains_the_data_is_a_drills_to_choose() {
    for name in drillyard::database::postgres::settings::containing().keys() {
        let text = format!("{MINIMAL}restore: {{ settings: {{ {name}: x }} }}\n");
        assert_eq!(codes(&parse(&text).faults), [Code::BadValue], "{name}");
    }
}

#[test]
fn a_check_of_a_rehearsal_asks_a_database_that_is_restored() {
    let text = REHEARSED.replacen("} } }", "} }, databases: [shop] }", 1);
    let elsewhere = text.replacen("survives:\n", "survives:\n      - sequences: { database: other }\n", 1);
    assert_ne!(text, elsewhere);
    let told: Vec<String> = parse(&elsewhere).faults.into_iter().map(|fault| fault.message).collect();
    assert_eq!(told, ["the check asks a database that is not restored"]);
}

#[test]
fn a_proof_that_is_always_stale_is_told() {
    let text = format!("{MINIMAL}schedule: {{ cron: \"0 3 * * *\" }}\n").replacen(
        "objectives: {",
        "objectives: { proof_max_age: 20h,",
        1,
    );
    let faults = parse(&text).faults;
    assert_eq!(codes(&faults), [Code::Schedule], "{faults:?}");
}

#[test]
fn mails_that_are_not_sent_are_told_where_there_are_settings() {
    let settings = Settings { file: Some("/etc/drillyard/drillyard.yaml".into()), ..Settings::default() };
    let text = format!("{MINIMAL}notify: [ {{ email: {{ to: [a@example.com] }} }} ]\n");
    let faults = definition::parse(&text, Path::new(crate::support::FILE), &settings).faults;
    assert!(codes(&faults).contains(&Code::NotSent), "{faults:?}");
}

#[test]
fn an_alias_among_the_items_of_a_list_is_told_once() {
    let text = MINIMAL.replacen("checks:\n", "checks:\n  - *a\n", 1);
    assert_eq!(codes(&parse(&text).faults), [Code::Alias]);
}
