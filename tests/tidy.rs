//! Holds what the front page in `src/lib.rs` says of the code: arrows between layers, edges of the program, and that
//! every module says what it is for; and what `tests/failures.md` says of the tests.

#![allow(clippy::unwrap_used, clippy::panic, clippy::case_sensitive_file_extension_comparisons)]

#[path = "tidy/failures.rs"]
mod failures;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// What each module may import of ours, beside itself. The picture is in `src/lib.rs`.
const ARROWS: &[(&str, &[&str])] = &[
    ("model", &[]),
    ("error", &["model"]),
    ("failpoint", &[]),
    ("definition", &["model", "error"]),
    ("database", &["model", "error"]),
    ("record", &["model", "error"]),
    ("store", &["model", "error", "record"]),
    ("report", &["model", "error", "record"]),
    ("engine", &["model", "error"]),
    ("aws", &["model", "error", "definition"]),
    ("source", &["model", "error", "definition", "database", "aws"]),
    ("sandbox", &["model", "error", "definition", "database", "engine", "failpoint"]),
    ("listen", &["model", "error", "record"]),
    ("check", &["model", "error", "definition", "database"]),
    ("digest", &["model", "error", "definition", "database"]),
    ("schedule", &["model", "definition"]),
    ("notify", &["model", "error", "definition", "record", "store", "report", "failpoint"]),
    (
        "run",
        &[
            "model",
            "error",
            "definition",
            "database",
            "record",
            "store",
            "engine",
            "source",
            "sandbox",
            "listen",
            "check",
            "digest",
            "notify",
            "schedule",
            "failpoint",
        ],
    ),
    (
        "daemon",
        &[
            "model",
            "error",
            "definition",
            "record",
            "store",
            "engine",
            "listen",
            "notify",
            "run",
            "schedule",
            "failpoint",
        ],
    ),
];

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// Every Rust file below `src`, as (path below `src`, text without tests).
fn sources() -> Vec<(String, String)> {
    fn walk(folder: &Path, base: &Path, found: &mut Vec<(String, String)>) {
        for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
            let path = entry.path();
            if path.is_dir() {
                walk(&path, base, found);
            } else if path.extension().is_some_and(|ending| ending == "rs") && !holds_tests(&path) {
                let text = fs::read_to_string(&path).unwrap();
                let below = path.strip_prefix(base).unwrap().display().to_string();
                found.push((below, text.split("#[cfg(test)]").next().unwrap_or_default().to_owned()));
            }
        }
    }
    let base = root().join("src");
    let mut found = Vec::new();
    walk(&base, &base, &mut found);
    assert!(found.len() > 50, "the sources were not found");
    found
}

/// Unit tests in a file of their own, or in a folder of several.
fn holds_tests(path: &Path) -> bool {
    path.file_stem().is_some_and(|stem| stem == "tests" || stem.to_string_lossy().ends_with("_tests"))
        || path.parent().is_some_and(|folder| folder.ends_with("tests"))
}

fn module_of(file: &str) -> &str {
    file.split('/').next().unwrap().trim_end_matches(".rs")
}

/// Modules named after `crate::` in code, comments left out.
fn imports(text: &str) -> Vec<String> {
    let code = text.lines().filter(|line| !line.trim_start().starts_with("//"));
    let mut found = Vec::new();
    for line in code {
        for part in line.split("crate::").skip(1) {
            let name: String = part.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
            found.push(name);
        }
    }
    found
}

#[test]
fn a_module_imports_only_what_its_layer_allows() {
    let arrows: BTreeMap<&str, &[&str]> = ARROWS.iter().copied().collect();
    let mut wrong = Vec::new();
    for (file, text) in sources() {
        let module = module_of(&file);
        let Some(allowed) = arrows.get(module) else {
            assert!(
                ["cli", "lib", "main"].contains(&module),
                "{file}: a module without a place in the layers"
            );
            continue;
        };
        for import in imports(&text) {
            if import != module && !allowed.contains(&import.as_str()) {
                wrong.push(format!("{file} imports {import}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn each_edge_of_the_program_is_in_one_place() {
    let edges: &[(&str, &[&str])] = &[
        ("bollard::", &["engine/"]),
        ("rusqlite", &["store/"]),
        ("aws_sdk_", &["aws/", "source/"]),
        ("aws_smithy_", &["aws/", "source/"]),
        ("aws_config::", &["aws/"]),
        ("tokio_postgres::", &["sandbox/wire.rs", "sandbox/instance_wire.rs", "check/", "digest/", "run/"]),
        ("std::env", &["cli/", "definition/secret.rs", "definition/secret_reference.rs", "main.rs"]),
        ("println!", &[]),
        ("eprintln!", &[]),
        ("stdout()", &["cli/", "listen/terminal.rs"]),
        ("stderr()", &["cli/", "listen/terminal.rs"]),
        (
            "Timestamp::now",
            &[
                "run/world.rs",
                "definition/schedule.rs",
                "definition/settings.rs",
                "store/sqlite/",
                "source/local.rs",
            ],
        ),
    ];
    let mut wrong = Vec::new();
    for (file, text) in sources() {
        for (what, places) in edges {
            let used = text.lines().any(|line| !line.trim_start().starts_with("//") && line.contains(what));
            if used && !places.iter().any(|place| file.starts_with(place)) {
                wrong.push(format!("{file} uses {what}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn every_module_says_what_it_is_for() {
    let silent: Vec<_> =
        sources().into_iter().filter(|(_, text)| !text.starts_with("//! ")).map(|(f, _)| f).collect();
    assert!(silent.is_empty(), "{silent:?}");
}

#[test]
fn a_file_is_one_idea() {
    let long: Vec<_> = sources()
        .into_iter()
        .map(|(file, text)| (file, text.lines().count()))
        .filter(|(_, lines)| *lines > 400)
        .collect();
    assert!(long.is_empty(), "files of more than 400 lines: {long:?}");
}

/// Whoever copies a policy must not find out at AWS that it is none.
#[test]
fn the_policies_of_the_documents_are_policies() {
    let text = fs::read_to_string(root().join("docs/aws.md")).unwrap();
    let blocks: Vec<&str> =
        text.split("```json\n").skip(1).filter_map(|rest| rest.split("```").next()).collect();
    assert_eq!(blocks.len(), 2, "one for S3, one for RDS");
    for block in &blocks {
        let policy: serde_json::Value = serde_json::from_str(block).unwrap();
        assert_eq!(policy["Version"], "2012-10-17");
        for statement in policy["Statement"].as_array().unwrap() {
            for key in ["Sid", "Effect", "Action", "Resource"] {
                assert!(!statement[key].is_null(), "no {key} in {statement}");
            }
        }
    }
    let rds: serde_json::Value = serde_json::from_str(blocks[1]).unwrap();
    let statement = |action: &str| {
        let mut statements = rds["Statement"].as_array().unwrap().iter();
        statements
            .find(|one| one["Action"].to_string().contains(action))
            .unwrap_or_else(|| panic!("{action}"))
    };
    for action in ["rds:ModifyDBInstance", "rds:DeleteDBInstance"] {
        assert_eq!(statement(action)["Condition"]["Null"]["aws:ResourceTag/io.drillyard.store"], "false");
    }
    assert_eq!(statement("kms:CreateGrant")["Condition"]["Bool"]["kms:GrantIsForAWSResource"], "true");
    for action in ["rds:DescribeDBParameters", "rds:AddTagsToResource", "rds:RestoreDBInstanceFromDBSnapshot"]
    {
        assert!(!statement(action)["Resource"].to_string().contains("snapshot:*"));
    }
}

#[test]
fn the_documents_name_what_is_there() {
    let readme = fs::read_to_string(root().join("README.md")).unwrap();
    for command in
        ["make demo", "make test", "drillyard check", "drillyard run", "drillyard history", "drillyard show"]
    {
        assert!(readme.contains(command), "the README does not name `{command}`");
    }
    let ci = fs::read_to_string(root().join(".ci/run")).unwrap();
    assert!(ci.contains("make test"), ".ci/run does not call the README's test command");
    let drills = fs::read_to_string(root().join("drills/README.md")).unwrap();
    for entry in fs::read_dir(root().join("drills")).unwrap().map(Result::unwrap) {
        let name = entry.file_name().to_string_lossy().into_owned();
        let drill = name.ends_with(".yaml");
        assert!(!drill || drills.contains(&name), "drills/README.md does not name {name}");
    }
}

#[test]
fn the_readme_of_the_tests_names_every_suite_and_target() {
    let readme = fs::read_to_string(root().join("tests/README.md")).unwrap();
    for entry in fs::read_dir(root().join("tests")).unwrap().map(Result::unwrap) {
        let path = entry.path();
        let is_suite = path.join("main.rs").exists() || path.extension().is_some_and(|ending| ending == "rs");
        let name = format!("`{}`", path.file_stem().unwrap().display());
        assert!(!is_suite || readme.contains(&name), "tests/README.md does not name {name}");
    }
    let makefile = fs::read_to_string(root().join("Makefile")).unwrap();
    let targets = makefile.lines().filter_map(|line| line.split(':').next());
    for target in targets.filter(|target| target.ends_with("-test")) {
        assert!(readme.contains(&format!("`make {target}`")), "tests/README.md does not name {target}");
    }
}
