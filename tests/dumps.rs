//! Public databases that nobody here wrote, as real backups in every format of this version: each passes its drill.
//!
//! `make dumps-test` runs it; `cargo test` does not, because the project does not contain the samples. Asked for, a
//! missing folder is a failure. `DRILLYARD_SAMPLE_DUMPS` names another folder than `../shared/dumps`.

#![allow(clippy::unwrap_used, clippy::panic)] // Helpers of tests are tests; clippy sees only `#[test]`.

mod support;

use std::env;
use std::path::{Path, PathBuf};

use support::scene::Drill;
use support::{Scene, done, fixture, root, with_each};

/// A database, and what its file holds: tables, and the rows of some.
struct Sample {
    name: &'static str,
    tables: u32,
    rows: &'static [(&'static str, u32)],
}

const SAMPLES: [Sample; 4] = [
    Sample {
        name: "french-towns-communes-francaises",
        tables: 3,
        rows: &[("towns", 36_684), ("departments", 100), ("regions", 26)],
    },
    Sample { name: "iso-3166", tables: 2, rows: &[("country", 242), ("subcountry", 3_995)] },
    Sample { name: "northwind", tables: 14, rows: &[("orders", 830)] },
    Sample { name: "world", tables: 3, rows: &[("city", 4_079), ("country", 239), ("countrylanguage", 984)] },
];

/// Endings of what `fixtures/dumps-of` makes, and the format that a record must name.
const FORMATS: [(&str, &str); 4] =
    [("dump", "pg_dump_custom"), ("sql", "plain_sql"), ("sql.gz", "plain_sql"), ("sql.zst", "plain_sql")];

fn samples() -> PathBuf {
    let named = env::var_os("DRILLYARD_SAMPLE_DUMPS").map(PathBuf::from);
    let folder = named.unwrap_or_else(|| root().join("../shared/dumps"));
    for sample in SAMPLES {
        let file = folder.join(sample.name).with_extension("sql");
        assert!(
            file.is_file(),
            "{} is missing: put the sample databases there, or name their folder in DRILLYARD_SAMPLE_DUMPS",
            file.display()
        );
    }
    folder
}

/// Runs a drill of this backup; panics unless it passes and leaves nothing.
fn passes(sample: &Sample, backup: &Path, format: &str) {
    let rows = sample.rows.iter();
    let rows = rows.map(|(table, rows)| format!("rows: {{ table: public.{table}, equals: {rows} }}\n"));
    let present: Vec<String> = sample.rows.iter().map(|(table, _)| format!("public.{table}")).collect();
    let tables = format!("tables: {{ equals: {}, present: [{}] }}\n", sample.tables, present.join(", "));
    let checks = rows.chain([tables]).collect::<String>() + "foreign_keys: {}\nsequences: {}";
    let run = Scene::with(backup).run(&Drill { checks: &checks, ..NOTHING });
    run.must_be("passed");
    assert_eq!(run.json["backup"]["format"], format);
    let errors = run.json["restore_errors"].as_array().unwrap();
    assert!(errors.iter().all(|error| error["class"] == "harmless"), "{}", run.told());
}

const NOTHING: Drill<'static> = Drill { backup: "", sandbox: "", restore: "", objectives: "", checks: "" };

#[test]
#[ignore = "needs sample databases that the project does not contain; make dumps-test"]
fn every_sample_passes_in_every_format() {
    let (samples, made) = (samples(), tempfile::tempdir().unwrap());
    done(fixture("dumps-of").arg(&samples).arg(made.path()));
    let mut cases = Vec::new();
    for sample in &SAMPLES {
        for (ending, format) in FORMATS {
            cases.push((sample, made.path().join(format!("{}.{ending}", sample.name)), format));
        }
        cases.push((sample, samples.join(sample.name).with_extension("sql"), "plain_sql"));
    }
    with_each(
        &cases,
        |case| case.1.display().to_string(),
        |(sample, backup, format)| {
            passes(sample, backup, format);
        },
    );
}
