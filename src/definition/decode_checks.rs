//! `checks` of a drill: bounds that can hold, expectations with a type, names that tell checks apart.

use std::collections::HashMap;
use std::time::Duration;

use super::check::{Bounds, Check, CheckBody, NotValid, NumberBounds, SqlExpectation, TableName};
use super::fault::{At, Code, Faults};
use super::scalar::{self, Plain};
use super::secret::shown;
use super::value::{Item, Map, Value};

const DEFAULT_TIMEOUT: Duration = Duration::from_mins(5);
/// A query's beginning that stands for it in its check's name.
const NAME_LENGTH: usize = 60;

/// Reads all checks, and sees that their names differ.
pub(super) fn checks(drill: &Map, out: &mut Faults) -> Vec<Check> {
    checks_of(drill.list("checks"), out)
}

/// Reads a list of checks, wherever it stands.
pub(super) fn checks_of(items: &[Item], out: &mut Faults) -> Vec<Check> {
    let mut names: HashMap<String, usize> = HashMap::new();
    let mut checks = Vec::new();
    for item in items {
        let Some(check) = check(item, out) else { continue };
        if let Some(line) = names.insert(check.name.clone(), item.at.line) {
            out.error(
                item.at,
                Code::DuplicateCheck,
                format!("two checks are called `{}`, the first in line {line}", check.name),
            )
            .hint("give one of them a `name`");
        }
        checks.push(check);
    }
    checks
}

fn check(item: &Item, out: &mut Faults) -> Option<Check> {
    let (kind, below) = item.one()?;
    let map = below.map()?;
    let (name, body) = body(kind, map, out)?;
    Some(Check {
        name: map.text("name").map_or(name, str::to_owned),
        body,
        timeout: map.duration("timeout").unwrap_or(DEFAULT_TIMEOUT),
        database: map.text("database").map(str::to_owned),
        show_values: map.boolean("show_values").unwrap_or(false),
    })
}

/// What a check asks, and the name that it has without one of its own.
fn body(kind: &str, map: &Map, out: &mut Faults) -> Option<(String, CheckBody)> {
    let table = || map.text("table").and_then(TableName::parse);
    match kind {
        "rows" => {
            let bounds = counts(map, true, out);
            let table = table()?;
            let condition = map.text("where").map(str::to_owned);
            let filter =
                condition.as_deref().map(|text| format!(" where {}", beginning(text))).unwrap_or_default();
            Some((format!("rows {table}{filter}"), CheckBody::Rows { table, condition, bounds: bounds? }))
        }
        "fresh" => {
            let (table, column) = (table()?, map.text("column")?.to_owned());
            Some((
                format!("fresh {table}.{column}"),
                CheckBody::Fresh { table, column, within: map.duration("within")? },
            ))
        }
        "sql" => {
            let expectation = expectation(map, out);
            let query = map.text("query")?.to_owned();
            Some((format!("sql {}", beginning(&query)), CheckBody::Sql { query, expectation: expectation? }))
        }
        "tables" => Some(("tables".to_owned(), tables(map, out)?)),
        "foreign_keys" => {
            let not_valid =
                if map.word("not_valid") == Some("fail") { NotValid::Fail } else { NotValid::Warn };
            Some(("foreign_keys".to_owned(), CheckBody::ForeignKeys { not_valid }))
        }
        "sequences" => Some(("sequences".to_owned(), CheckBody::Sequences)),
        // Of a later version: the fault is told already.
        _ => None,
    }
}

fn beginning(text: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    let line = words.join(" ");
    let cut: String = line.chars().take(NAME_LENGTH).collect();
    if cut.len() < line.len() { format!("{cut}…") } else { cut }
}

fn tables(map: &Map, out: &mut Faults) -> Option<CheckBody> {
    let bounded = ["at_least", "at_most", "equals", "between"].iter().any(|key| map.has(key));
    if !bounded && !map.has("present") {
        out.error(
            map.at,
            Code::Impossible,
            "nothing is asked: neither a number of tables nor one that must be there",
        )
        .hint("write { at_least: 40 } or { present: [public.orders] }");
        return None;
    }
    let present = map.list("present").iter().filter_map(|item| TableName::parse(item.text()?)).collect();
    let count = if bounded { Some(counts(map, false, out)?) } else { None };
    Some(CheckBody::Tables { count, present })
}

/// At most one way to bound, and bounds that some number fulfils.
fn one_way(map: &Map, out: &mut Faults) -> bool {
    let given: Vec<&str> = ["equals", "between"].into_iter().filter(|key| map.has(key)).collect();
    let halves = map.has("at_least") || map.has("at_most");
    if given.len() + usize::from(halves) > 1 {
        let at = map.at(given[0]);
        out.error(
            at,
            Code::Impossible,
            "`equals`, `between`, and `at_least` with `at_most` exclude each other",
        )
        .hint("keep one of them");
        return false;
    }
    if given.is_empty() && !halves {
        out.error(map.at, Code::Impossible, "nothing is expected: any number would do")
            .hint("write `at_least`, `at_most`, `equals` or `between`");
        return false;
    }
    true
}

fn counts(map: &Map, tell_empty: bool, out: &mut Faults) -> Option<Bounds> {
    if !one_way(map, out) {
        return None;
    }
    let pair: Vec<u64> = map.list("between").iter().filter_map(Item::count).collect();
    let bounds = match (map.count("equals"), pair.as_slice()) {
        (Some(number), _) => Bounds { at_least: Some(number), at_most: Some(number) },
        (None, [least, most]) => Bounds { at_least: Some(*least), at_most: Some(*most) },
        (None, []) => Bounds { at_least: map.count("at_least"), at_most: map.count("at_most") },
        _ => return two_numbers(map, out),
    };
    if let (Some(least), Some(most)) = (bounds.at_least, bounds.at_most)
        && least > most
    {
        return no_number(map, &least.to_string(), &most.to_string(), out);
    }
    if tell_empty && bounds == (Bounds { at_least: Some(0), at_most: None }) {
        out.warning(
            map.at("at_least"),
            Code::Impossible,
            "every table has at least 0 rows: only its existence is checked",
        )
        .hint("write the number of rows that is never undercut");
    }
    Some(bounds)
}

fn two_numbers<T>(map: &Map, out: &mut Faults) -> Option<T> {
    out.error(map.at("between"), Code::BadValue, "`between` takes two numbers")
        .hint("write [smallest, largest]");
    None
}

fn no_number<T>(map: &Map, least: &str, most: &str, out: &mut Faults) -> Option<T> {
    let key = if map.has("between") { "between" } else { "at_least" };
    out.error(map.at(key), Code::Impossible, format!("no number is at least {least} and at most {most}"))
        .hint("the smaller number comes first");
    None
}

fn expectation(map: &Map, out: &mut Faults) -> Option<SqlExpectation> {
    if !one_way(map, out) {
        return None;
    }
    if let Some(Item { value: Value::Scalar { text, plain }, at }) = map.item("equals") {
        return equal_to(*at, text, *plain, out);
    }
    let pair: Vec<&str> = map.list("between").iter().filter_map(Item::number).collect();
    let (at_least, at_most) = match pair.as_slice() {
        [least, most] => (Some(*least), Some(*most)),
        [] => (map.number("at_least"), map.number("at_most")),
        _ => return two_numbers(map, out),
    };
    if let (Some(least), Some(most)) = (at_least, at_most)
        && larger(least, most)
    {
        return no_number(map, least, most, out);
    }
    let owned = |bound: Option<&str>| bound.map(str::to_owned);
    Some(SqlExpectation::Number(NumberBounds { at_least: owned(at_least), at_most: owned(at_most) }))
}

/// Quoted is text; plain is what YAML says, and a number may have underscores.
fn equal_to(at: At, text: &str, plain: bool, out: &mut Faults) -> Option<SqlExpectation> {
    let number = scalar::number(text);
    Some(match (plain, text, number) {
        (true, "true", _) => SqlExpectation::Boolean(true),
        (true, "false", _) => SqlExpectation::Boolean(false),
        (true, _, Some(number)) => {
            SqlExpectation::Number(NumberBounds { at_least: Some(number.clone()), at_most: Some(number) })
        }
        (true, _, None) if scalar::plain(text) != Plain::Text => {
            out.error(at, Code::BadValue, format!("`{}` can be read in more than one way", shown(text)))
                .hint("write a decimal number, true or false; or text in quotes");
            return None;
        }
        _ => SqlExpectation::Text(text.to_owned()),
    })
}

/// Whether one decimal number is larger than another, digit by digit, because `numeric` has more digits than a float.
fn larger(one: &str, other: &str) -> bool {
    let parts = |number: &str| {
        let (negative, digits) = number.strip_prefix('-').map_or((false, number), |digits| (true, digits));
        let (whole, decimals) = digits.split_once('.').unwrap_or((digits, ""));
        (negative, whole.trim_start_matches('0').to_owned(), decimals.trim_end_matches('0').to_owned())
    };
    let ((one_negative, one_whole, one_decimals), (other_negative, other_whole, other_decimals)) =
        (parts(one), parts(other));
    let size =
        (one_whole.len(), &one_whole, &one_decimals).cmp(&(other_whole.len(), &other_whole, &other_decimals));
    match (one_negative, other_negative) {
        (false, false) => size.is_gt(),
        (true, true) => size.is_lt(),
        (false, true) => size.is_ne() || !one_whole.is_empty() || !one_decimals.is_empty(),
        (true, false) => false,
    }
}

/// A check of a database that is not restored would be an error in every run.
pub(super) fn databases_are_restored(drill: &Map, databases: &[String], out: &mut Faults) {
    let rollbacks = drill.list("rollbacks").iter().filter_map(Item::map);
    let of_rollbacks = rollbacks.flat_map(|rollback| {
        let between = rollback.map("checks");
        let lists = ["after_forward", "after_back"].map(|key| between.map_or(&[][..], |map| map.list(key)));
        lists.into_iter().chain([rollback.list("survives")])
    });
    let checks = [drill.list("checks")].into_iter().chain(of_rollbacks).flatten();
    for map in checks.filter_map(|item| item.one()?.1.map()).filter(|_| !databases.is_empty()) {
        if let Some(database) = map.text("database")
            && !databases.iter().any(|restored| restored == database)
        {
            out.error(map.at("database"), Code::Impossible, "the check asks a database that is not restored")
                .hint(format!("backup.databases names {}", databases.join(", ")));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_compared_without_rounding() {
        for (one, other) in [
            ("2", "1"),
            ("10", "9"),
            ("0.10", "0.09"),
            ("1", "-1"),
            ("-1", "-2"),
            ("100000000000000000001", "100000000000000000000"),
        ] {
            assert!(larger(one, other), "{one} {other}");
            assert!(!larger(other, one), "{other} {one}");
        }
        assert!(!larger("1.50", "1.5"));
        assert!(!larger("0", "-0"));
    }
}
