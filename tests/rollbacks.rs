//! Rollbacks rehearsed for real: each pair of `fixtures/rollbacks` there and back on a restored shop, a migration tool
//! in a container of its own, and writes that must survive. What is said must be right: table, column and number.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // Helpers of tests are tests.

#[path = "rollbacks/keys.rs"]
mod keys;
mod support;
#[path = "rollbacks/tool.rs"]
mod tool;
#[path = "rollbacks/traps.rs"]
mod traps;
#[path = "support/venv.rs"]
mod venv;

use std::collections::BTreeMap;
use std::fs;
use std::process::Command;

use serde::Deserialize;
use serde_json::Value;
use support::{Scene, root, usual_production};

/// What must be said of one pair.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Expected {
    /// `passed`, or outcome and reason: `failed(rollback_loses_data)`.
    ends: String,
    /// Everything that is different, as [`told`] writes it; nothing more, nothing less.
    #[serde(default)]
    lost: Vec<String>,
    #[serde(default)]
    added: Vec<String>,
    #[serde(default)]
    changed: Vec<String>,
    /// A part of the sentence.
    #[serde(default)]
    says: Option<String>,
    /// The rehearsal's `expect`, as in a drill.
    #[serde(default)]
    expect: Option<String>,
}

fn expected() -> BTreeMap<String, Expected> {
    let text = fs::read_to_string(root().join("fixtures/rollbacks/expect.yaml")).unwrap();
    serde_saphyr::from_str(&text).unwrap()
}

fn pairs() -> Vec<String> {
    let mut names = Vec::new();
    for entry in fs::read_dir(root().join("fixtures/rollbacks")).unwrap().flatten() {
        let name = entry.file_name().into_string().unwrap();
        names.extend(name.strip_suffix(".up.sql").map(str::to_owned));
    }
    names.sort();
    names
}

/// A scene with tonight's backup and a folder of files beside the drill.
fn scene(folder: &str) -> Scene {
    let scene = Scene::with(&usual_production().backup(&[]));
    for entry in fs::read_dir(root().join(folder)).unwrap().flatten() {
        let name = entry.file_name().into_string().unwrap();
        scene.write(&format!("migrations/{name}"), fs::read(entry.path()).unwrap());
    }
    scene
}

const HEAD: &str = "drill: rollbacks\nbackup: { source: { local: { path: backups, match: \"*\" } } }\n\
    sandbox: { memory: 512MiB, durability: relaxed }\nchecks:\n  \
    - rows: { table: public.orders, equals: 20_000 }\nrollbacks:\n";

fn rollback(name: &str, more: &str) -> String {
    format!(
        "  - name: {name}\n    forward: {{ sql: [migrations/{name}.up.sql] }}\n    \
         back: {{ sql: [migrations/{name}.down.sql] }}\n{more}"
    )
}

fn ending(rehearsal: &Value) -> String {
    let outcome = rehearsal["outcome"].as_str().unwrap();
    rehearsal["reason"].as_str().map_or_else(|| outcome.to_owned(), |reason| format!("{outcome}({reason})"))
}

/// `public.customers.display_name 3756`, `123 rows of public.returned_items`, `index public.orders_remark`.
fn told(entries: &Value) -> Vec<String> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let one = |entry: &Value| {
        let (kind, object, column) = (text(&entry["kind"]), text(&entry["object"]), &entry["column"]);
        let detail = entry["detail"].as_str().map_or_else(String::new, |detail| format!(": {detail}"));
        match (entry["values"].as_u64(), column.as_str()) {
            (Some(number), Some(column)) => format!("{object}.{column} {number}"),
            (Some(number), None) => format!("{number} {kind} of {object}"),
            (None, _) => format!("{kind} {object}{detail}"),
        }
    };
    // PostgreSQL 18 puts an underscore before the number of a partition's part of a foreign key.
    let one = |entry: &Value| one(entry).replace("_fkey_5", "_fkey5");
    let mut told: Vec<String> = entries.as_array().unwrap().iter().map(one).collect();
    told.sort();
    told
}

#[test]
fn e8_e10_e11_e12_e14_every_pair_is_judged_right_by_table_column_and_number() {
    let (expected, names) = (expected(), pairs());
    assert!(names.len() >= 30, "{} pairs", names.len());
    assert_eq!(expected.keys().collect::<Vec<_>>(), names.iter().collect::<Vec<_>>());
    let scene = scene("fixtures/rollbacks");
    let expect = |name: &str| {
        let expect = expected[name].expect.as_ref();
        expect.map_or_else(String::new, |expect| format!("    expect: {{ {expect} }}\n"))
    };
    let rollbacks: String = names.iter().map(|name| rollback(name, &expect(name))).collect();
    scene.write("drill.yaml", format!("{HEAD}{rollbacks}"));
    let run = scene.run_file("drill.yaml", &[]);

    let mut wrong = Vec::new();
    for (name, rehearsal) in names.iter().zip(run.json["rehearsals"].as_array().unwrap()) {
        let expected = &expected[name];
        let sentence = rehearsal["sentence"].as_str().unwrap();
        let mut must = |what: &str, found: String, wanted: String| {
            if found != wanted {
                wrong.push(format!("{name}: {what} is {found}, and {wanted} was due\n    {sentence}"));
            }
        };
        must("name", rehearsal["name"].as_str().unwrap().to_owned(), name.clone());
        must("ending", ending(rehearsal), expected.ends.clone());
        for (what, wanted) in
            [("lost", &expected.lost), ("added", &expected.added), ("changed", &expected.changed)]
        {
            let found = &rehearsal[what];
            let found = if found.is_null() { Vec::new() } else { told(found) };
            let mut wanted = wanted.clone();
            wanted.sort();
            must(what, format!("{found:?}"), format!("{wanted:?}"));
        }
        let said = expected.says.as_ref().is_none_or(|part| sentence.contains(part.as_str()));
        must("sentence", said.to_string(), "true".to_owned());
        must("migrator", rehearsal["migrator"].as_str().unwrap().to_owned(), "shop_owner".to_owned());
        must("default", rehearsal["migrator_is_default"].to_string(), "true".to_owned());
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    // The first in the drill's order gives the reason; the data itself is as good as the checks say.
    assert_eq!(run.ending(), "failed(rollback_loses_data)", "{}", run.told());
    assert_eq!(run.json["integrity"], "plausible");
    // A canary's value is in no error: 29 meets duplicates, 17 casts a text.
    let all = run.json.to_string();
    assert!(!all.contains("canary-row") && !all.contains("where\\\""), "a value of a row is in the record");
    let blocked = &run.json["rehearsals"].as_array().unwrap().iter().find(|r| r["name"] == "34-long-lock");
    let seconds = blocked.unwrap()["blocking_seconds"]["forward"].as_f64().unwrap();
    assert!((1.2..3.5).contains(&seconds), "the lock was held for 1.5 s, and blocked for {seconds}");
}

#[test]
fn writes_survive_a_good_way_back_and_are_missed_after_a_careless_one() {
    let scene = Scene::with(&usual_production().backup(&[]));
    scene.write("migrations/points.up.sql", "alter table customers add column points integer;");
    scene.write("migrations/points.down.sql", "alter table customers drop column points;");
    scene.write(
        "migrations/careless.down.sql",
        "delete from customers where points > 0; alter table customers drop column points;",
    );
    // The trigger lets updated_at follow: a way back that touches every row disturbs those that nobody wrote.
    scene.write(
        "migrations/reckless.down.sql",
        "update customers set display_name = upper(display_name) where points > 0 or \
         exists (select from customers where points > 0); alter table customers drop column points;",
    );
    scene.write(
        "migrations/writes.sql",
        "insert into customers (email, full_name, points) values ('a@rehearsal.invalid', 'A', 1), \
         ('b@rehearsal.invalid', 'B', 2);",
    );
    let rehearsal = |name: &str, down: &str| {
        format!(
            "  - name: {name}\n    forward: {{ sql: [migrations/points.up.sql] }}\n    \
             back: {{ sql: [migrations/{down}.down.sql] }}\n    writes: {{ sql: [migrations/writes.sql] }}\n    \
             survives:\n      - rows: {{ table: public.customers, where: \"email like '%@rehearsal.invalid'\", \
             equals: 2 }}\n"
        )
    };
    let rollbacks =
        [rehearsal("good", "points"), rehearsal("careless", "careless"), rehearsal("reckless", "reckless")];
    scene.write("drill.yaml", format!("{HEAD}{}", rollbacks.concat()));
    let run = scene.run_file("drill.yaml", &[]);
    let rehearsals = run.json["rehearsals"].as_array().unwrap();
    let endings: Vec<String> = rehearsals.iter().map(ending).collect();
    assert_eq!(
        endings,
        ["passed", "failed(rollback_loses_data)", "failed(rollback_loses_data)"],
        "{rehearsals:#?}"
    );
    let sentence = rehearsals[1]["sentence"].as_str().unwrap();
    assert!(sentence.contains("survives: rows public.customers"), "{sentence}");
    assert!(sentence.contains("expected = 2, observed 0"), "{sentence}");
    let sentence = rehearsals[2]["sentence"].as_str().unwrap();
    assert!(sentence.contains("rows that the writes did not touch"), "{sentence}");
}

/// The tool's program alone, as an image.
fn dbmate() -> String {
    let image = format!("drillyard-test-dbmate-{}", std::process::id());
    let program = venv::program("dbmate");
    let import = format!(
        "tar -C {} --transform 's,^,bin/,' -ch dbmate | docker import - {image} >/dev/null",
        program.parent().unwrap().display()
    );
    support::done(Command::new("bash").args(["-euo", "pipefail", "-c", &import]));
    image
}

#[test]
fn e15_a_migration_tool_migrates_and_what_is_missing_is_no_fault_of_the_migration() {
    let image = dbmate();
    let scene = Scene::with(&usual_production().backup(&[]));
    scene.write(
        "migrations/20261121000000_points.sql",
        "-- migrate:up\nalter table customers add column points integer;\n\
         -- migrate:down\nalter table customers drop column points;\n",
    );
    scene.write(
        "maps/20261121000001_maps.sql",
        "-- migrate:up\ncreate extension postgis;\n-- migrate:down\ndrop extension postgis;\n",
    );
    let step_in = |folder: &str, command: &str| {
        format!(
            "{{ command: {{ image: \"{image}\", run: [/bin/dbmate, --migrations-dir, /drill/{folder}, \
             --no-dump-schema, {command}], mount: [{folder}] }} }}"
        )
    };
    let step = |command: &str| step_in("migrations", command);
    let rollbacks = format!(
        "  - name: by dbmate\n    forward: {}\n    back: {}\n  - name: no such image\n    forward: {{ command: {{ \
         image: \"drillyard-test-nowhere:1\" }} }}\n    back: {}\n  - name: no such extension\n    forward: {}\n    \
         back: {}\n",
        step("migrate"),
        step("rollback"),
        step("rollback"),
        step_in("maps", "migrate"),
        step_in("maps", "rollback")
    );
    scene.write("drill.yaml", format!("{HEAD}{rollbacks}"));
    let run = scene.run_file("drill.yaml", &[]);
    let removed = Command::new("docker").args(["rmi", "--force", &image]).output().unwrap();
    assert!(removed.status.success());
    let rehearsals = run.json["rehearsals"].as_array().unwrap();
    assert_eq!(ending(&rehearsals[0]), "passed", "{:#}", rehearsals[0]);
    assert_eq!(
        rehearsals[0]["ignored"],
        serde_json::json!(["public.schema_migrations (the migration tool's own)"])
    );
    assert_eq!(ending(&rehearsals[1]), "errored(image_missing)", "{:#}", rehearsals[1]);
    // The sandbox's image lacks it: no fault of the migration's.
    assert_eq!(ending(&rehearsals[2]), "errored(extension_missing)", "{:#}", rehearsals[2]);
    let sentence = rehearsals[2]["sentence"].as_str().unwrap();
    assert!(sentence.contains("postgis"), "{sentence}");
    assert_eq!(run.ending(), "errored(image_missing)");
}
