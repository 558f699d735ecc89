//! No value of a row and no password leaves a sandbox: canaries in the data are searched for in everything that a run
//! says, writes, passes to a process, or has the engine keep (J8).

#![allow(clippy::unwrap_used, clippy::panic)] // Helpers of tests are tests; clippy sees only `#[test]`.

mod support;

#[path = "canaries/dumps.rs"]
mod dumps;
#[path = "canaries/outputs.rs"]
mod outputs;
#[path = "canaries/restores.rs"]
mod restores;
#[path = "canaries/watcher.rs"]
mod watcher;

use serde_json::Value;

use outputs::Outputs;
use support::{Scene, usual_production};

const PASSING: &str = "
  - rows: { table: public.customers, where: \"email like 'can' || 'ary-%'\", equals: 20 }
  - sql: { name: an address, query: select count(*) from public.customers where email is null, equals: 0 }
  - foreign_keys: {}
";

/// Each sees an address of a customer and may not say it.
const FAILING: &str = "
  - sql: { name: text, query: select email from public.customers order by id limit 1, equals: somebody@example.com }
  - sql: { name: number, query: select email from public.customers order by id limit 1, equals: 3 }
  - sql: { name: truth, query: select email from public.customers order by id limit 1, equals: true }
  - sql: { name: bounds, query: select email from public.customers order by id limit 1, at_least: 1 }
  - sql: { name: rows, query: select email from public.customers order by id limit 3, equals: 3 }
  - sql: { name: columns, query: \"select email, id from public.customers order by id limit 1\", equals: 3 }
  - sql: { name: cast, query: select email::integer from public.customers order by id limit 1, equals: 3 }
  - sql: { name: instant, query: select email::timestamptz from public.customers order by id limit 1, equals: 3 }
  - sql: { name: json, query: select email::jsonb from public.customers order by id limit 1, equals: 3 }
  - sql: { name: expression, query: select 'x' ~ ('(' || email) from public.customers order by id limit 1, equals: true }
  - sql: { name: name, query: select email::regclass::text from public.customers order by id limit 1, equals: x }
  - sql: { name: dynamic, query: \"select (xpath('//x/text()', query_to_xml('selekt ' || quote_literal(email), true, false, '')))[1]::text from public.customers order by id limit 1\", equals: x }
  - sql: { name: setting, query: \"select set_config('work_mem', email, true) from public.customers order by id limit 1\", equals: x }
";

/// Runs these checks on a dump of the shop.
fn run_on_the_shop(arguments: &[&str], checks: &str) -> Outputs {
    outputs::of(&Scene::with(&usual_production().backup(arguments)), "", checks)
}

fn outcomes(run: &Value) -> Vec<(String, String)> {
    let word = |value: &Value| value.as_str().unwrap().to_owned();
    let checks = run["checks"].as_array().unwrap();
    checks.iter().map(|check| (word(&check["name"]), word(&check["outcome"]))).collect()
}

#[test]
fn j8_a_run_that_passes_says_nothing_of_its_rows() {
    let outputs = run_on_the_shop(&[], PASSING);
    assert_eq!(outputs.ending(), "passed", "{}", outputs.told());
    outputs.hold_no_canary();
}

#[test]
fn j8_a_plain_dump_and_its_warnings_are_as_silent() {
    let outputs = run_on_the_shop(&["--format=plain", "--verbose"], PASSING);
    assert_eq!(outputs.ending(), "passed", "{}", outputs.told());
    outputs.hold_no_canary();
}

#[test]
fn j8_the_password_in_a_dump_of_the_whole_cluster_stays_inside() {
    let dump = usual_production().backup_all(&["--exclude-database=rotten"]);
    let outputs = outputs::of(
        &Scene::with(&dump),
        "",
        "\n  - rows: { table: public.orders, equals: 20_000, database: shop }\n",
    );
    assert_eq!(outputs.ending(), "passed", "{}", outputs.told());
    outputs.hold_no_canary();
    // A dump holds the password's digest, which is as much a secret.
    assert!(outputs.that_hold("SCRAM-SHA-256$").is_empty(), "{:?}", outputs.that_hold("SCRAM-SHA-256$"));
}

#[test]
fn j8_checks_that_fail_or_err_on_a_value_do_not_say_it() {
    let outputs = run_on_the_shop(&[], FAILING);
    assert_eq!(outputs.ending(), "failed(check_failed)", "{}", outputs.told());
    for (name, outcome) in outcomes(&outputs.json) {
        assert_ne!(outcome, "passed", "{name} has not met a value");
    }
    assert_eq!(outcomes(&outputs.json).len(), 13);
    outputs.hold_no_canary();
}

#[test]
fn with_show_values_the_search_finds_what_it_looks_for() {
    let outputs = run_on_the_shop(
        &[],
        &FAILING
            .replace(", equals: somebody@example.com", ", equals: somebody@example.com, show_values: true"),
    );
    let found = outputs.that_hold("canary-row-01@");
    for place in ["standard output: ", "show --json: ", "show --html: ", "show: "] {
        assert!(found.iter().any(|found| found.starts_with(place)), "{place} is not among {found:?}");
    }
    // In the store's file or still in its log: SQLite moves it from one to the other when it closes the last connection.
    assert!(
        found.iter().any(|found| found.contains("/drillyard.sqlite")),
        "the store is not among {found:?}"
    );
    let text =
        outputs.json["checks"].as_array().unwrap().iter().find(|check| check["name"] == "text").unwrap();
    assert!(text["observed"].as_str().unwrap().contains("canary-row-01@"), "{text}");
    // The permission is this check's alone.
    for check in outputs.json["checks"].as_array().unwrap().iter().filter(|check| check["name"] != "text") {
        assert!(!check.to_string().contains("canary-"), "{check}");
    }
}
