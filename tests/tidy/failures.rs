//! `tests/failures.md` says where each failure mode is tested: of every one, and of tests that are there.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use super::root;

/// The design's table of failure modes, closed: each letter with its highest number.
const ROWS: [(char, u32); 11] = [
    ('a', 16),
    ('b', 19),
    ('c', 21),
    ('d', 20),
    ('e', 17),
    ('f', 17),
    ('g', 13),
    ('h', 14),
    ('i', 12),
    ('j', 10),
    ('k', 9),
];

/// The ids of the design's rows, as tests begin with them: `c6`.
fn ids() -> BTreeSet<String> {
    ROWS.iter()
        .flat_map(|(letter, last)| (1..=*last).map(move |number| format!("{letter}{number}")))
        .collect()
}

/// A line of a table.
#[derive(Default)]
struct Row {
    /// Tests as `suite::name`.
    tests: BTreeSet<String>,
    /// What of it no test asserts, and why.
    not: String,
}

/// The rows of `tests/failures.md`; panics where an id has two.
fn rows() -> BTreeMap<String, Row> {
    let text = fs::read_to_string(root().join("tests/failures.md")).unwrap();
    let mut rows = BTreeMap::new();
    for line in text.lines().filter(|line| line.starts_with("| ")) {
        let cells: Vec<&str> = line.split('|').map(str::trim).collect();
        let ["", id, _, tested, not, ""] = cells[..] else { panic!("not four columns: {line}") };
        let quoted = tested.split('`').skip(1).step_by(2);
        let tests = quoted.filter(|name| name.contains("::")).map(str::to_owned).collect();
        let row = Row { tests, not: not.to_owned() };
        let twice = rows.insert(id.to_lowercase(), row).is_some();
        assert!(!twice || id == "row", "{id} has two rows");
    }
    rows.remove("row");
    rows
}

/// Every test as `suite::name`: of a file or folder below `tests`, or `lib` for those in `src`.
fn tests() -> BTreeSet<String> {
    fn walk(path: &Path, suite: &str, found: &mut BTreeSet<String>) {
        if path.is_dir() {
            for entry in fs::read_dir(path).unwrap().map(Result::unwrap) {
                walk(&entry.path(), suite, found);
            }
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            let names = named_in(&fs::read_to_string(path).unwrap());
            found.extend(names.into_iter().map(|name| format!("{suite}::{name}")));
        }
    }
    let mut found = BTreeSet::new();
    walk(&root().join("src"), "lib", &mut found);
    for entry in fs::read_dir(root().join("tests")).unwrap().map(Result::unwrap) {
        let path = entry.path();
        walk(&path, &path.file_stem().unwrap().to_string_lossy(), &mut found);
    }
    assert!(found.len() > 800, "the tests were not found");
    found
}

/// The functions of a file that are tests, those of `proptest!` too.
fn named_in(text: &str) -> Vec<String> {
    let mut names = Vec::new();
    let mut is_test = false;
    for line in text.lines().map(str::trim_start) {
        is_test |= line.starts_with("#[test]") || line.starts_with("#[tokio::test");
        let function = line.strip_prefix("async ").unwrap_or(line).strip_prefix("fn ");
        if let Some(name) = function.and_then(|rest| rest.split('(').next()).filter(|_| is_test) {
            names.push(name.to_owned());
            is_test = false;
        }
    }
    names
}

/// The rows that a test's name begins with: of `a8_a9_killed` both.
fn claimed(test: &str) -> impl Iterator<Item = &str> {
    let name = test.split("::").last().unwrap_or_default();
    name.split('_').take_while(|part| {
        let (letter, number) = part.split_at(part.len().min(1));
        letter.starts_with(|letter| ('a'..='k').contains(&letter)) && number.parse::<u32>().is_ok()
    })
}

#[test]
fn every_failure_mode_says_where_it_is_tested_or_why_not() {
    let rows = rows();
    let found: BTreeSet<String> = rows.keys().cloned().collect();
    let all = ids();
    assert_eq!(all.len(), 168);
    assert_eq!(all.difference(&found).collect::<Vec<_>>(), Vec::<&String>::new(), "without a row");
    assert_eq!(found.difference(&all).collect::<Vec<_>>(), Vec::<&String>::new(), "of no failure mode");
    let says_why =
        |row: &Row| row.not.starts_with("not covered") || row.not.starts_with("not in this version");
    let silent = rows.iter().filter(|(_, row)| row.tests.is_empty() && !says_why(row));
    assert_eq!(
        silent.map(|(id, _)| id).collect::<Vec<_>>(),
        Vec::<&String>::new(),
        "without a test or a reason"
    );
}

#[test]
fn every_test_of_a_failure_mode_is_there() {
    let (rows, tests) = (rows(), tests());
    let named = rows.iter().flat_map(|(id, row)| row.tests.iter().map(move |test| (id, test)));
    let missing: Vec<_> = named.filter(|(_, test)| !tests.contains(*test)).collect();
    assert!(missing.is_empty(), "tests/failures.md names tests that are not there: {missing:#?}");
}

#[test]
fn a_test_that_begins_with_a_row_s_id_is_named_in_it() {
    let (rows, tests) = (rows(), tests());
    let claims = tests.iter().flat_map(|test| claimed(test).map(move |id| (id, test)));
    let unnamed = claims.filter(|(id, test)| !rows.get(*id).is_some_and(|row| row.tests.contains(*test)));
    let unnamed: Vec<_> = unnamed.collect();
    assert!(unnamed.is_empty(), "tests/failures.md does not name them in their rows: {unnamed:#?}");
}
