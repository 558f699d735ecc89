//! Cron expressions of five fields: names, lists, ranges, steps, `L`, `#`, nicknames, and `H`, which a name chooses.
//!
//! croner judges numbers and knows which days `L` and `#` mean. Names, `H` and nicknames are written as numbers before
//! it sees them, because croner replaces names in every field: `Mon` among the months would be January (2026-11-21).

use croner::Cron;
use croner::parser::{CronParser, Seconds, Year};
use sha2::{Digest, Sha256};

/// What is wrong, and what to write instead.
pub(super) type Refusal = (String, String);

const NICKNAMES: [(&str, &str); 7] = [
    ("@yearly", "0 0 1 1 *"),
    ("@annually", "0 0 1 1 *"),
    ("@monthly", "0 0 1 * *"),
    ("@weekly", "0 0 * * 0"),
    ("@daily", "0 0 * * *"),
    ("@midnight", "0 0 * * *"),
    ("@hourly", "0 * * * *"),
];

/// A field: what it is called, the values that `H` chooses from, its names and the first of their numbers, its signs.
struct Field {
    name: &'static str,
    hashed: (u64, u64),
    names: &'static [&'static str],
    first: usize,
    signs: &'static str,
}

const MONTHS: &[&str] = &["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"];
const WEEKDAYS: &[&str] = &["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"];

/// `H` keeps to days that every month has.
const FIELDS: [Field; 5] = [
    Field { name: "minute", hashed: (0, 59), names: &[], first: 0, signs: "" },
    Field { name: "hour", hashed: (0, 23), names: &[], first: 0, signs: "" },
    Field { name: "day of month", hashed: (1, 28), names: &[], first: 0, signs: "L" },
    Field { name: "month", hashed: (1, 12), names: MONTHS, first: 1, signs: "" },
    Field { name: "day of week", hashed: (0, 6), names: WEEKDAYS, first: 0, signs: "L#" },
];

/// An expression that was understood.
#[derive(Debug)]
pub(super) struct Expression {
    /// Its numbers.
    pub cron: Cron,
    /// Whether minute or hour hold `*` or `/`: then it means a distance, else times of the day.
    pub interval: bool,
    /// Whether both day fields are restricted, so that either is enough.
    pub either_day: bool,
}

/// Reads an expression; `H` is chosen by a hash of `hashed_by`, the same for ever.
pub(super) fn read(text: &str, hashed_by: &str) -> Result<Expression, Refusal> {
    let text = without_nickname(text.trim())?;
    let fields: Vec<&str> = text.split_whitespace().collect();
    let [minute, hour, day, _, weekday] = fields[..] else {
        let seconds = if fields.len() == 6 { "; there are no seconds" } else { "" };
        return Err((format!("{} fields, where five are wanted{seconds}", fields.len()), example()));
    };
    let numbers = fields.iter().zip(&FIELDS).map(|(text, field)| {
        let items = text.split(',').map(|item| numbers(item, field, hashed_by));
        let items: Result<Vec<String>, String> = items.collect();
        items.map(|items| items.join(",")).map_err(|why| (refused(text, field, &why), example()))
    });
    let numbers: Vec<String> = numbers.collect::<Result<_, _>>()?;
    // Vixie's rule: a field that begins with a star restricts nothing by itself, even as `*/2`.
    let either_day = !day.starts_with('*') && !weekday.starts_with('*');
    Ok(Expression {
        cron: parse(&numbers, &fields, either_day)?,
        interval: minute.contains(['*', '/']) || hour.contains(['*', '/']),
        either_day,
    })
}

fn example() -> String {
    "write five fields: minute, hour, day of month, month, day of week".to_owned()
}

fn refused(text: &str, field: &Field, why: &str) -> String {
    format!("`{}` is no {}: {why}", super::secret::shown(text), field.name)
}

fn without_nickname(text: &str) -> Result<&str, Refusal> {
    if !text.starts_with('@') {
        return Ok(text);
    }
    let lower = text.to_lowercase();
    if lower == "@reboot" {
        return Err(("a drill can't be due at @reboot".to_owned(), example()));
    }
    let known = NICKNAMES.iter().find(|(name, _)| *name == lower).map(|(_, fields)| *fields);
    known.ok_or_else(|| {
        (
            format!("`{}` is no schedule", super::secret::shown(text)),
            "write @daily, or five fields".to_owned(),
        )
    })
}

fn parse(numbers: &[String], fields: &[&str], either_day: bool) -> Result<Cron, Refusal> {
    let parser = CronParser::builder()
        .seconds(Seconds::Disallowed)
        .year(Year::Disallowed)
        .dom_and_dow(!either_day)
        .build();
    parser.parse(&numbers.join(" ")).map_err(|error| {
        // croner does not say which field it means: the one that is wrong beside stars.
        let alone = |at: usize| {
            let others = (0..5).map(|other| if other == at { numbers[at].as_str() } else { "*" });
            parser.parse(&others.collect::<Vec<_>>().join(" ")).is_err()
        };
        let why = error.to_string();
        let why = why.trim_start_matches("Component error: ").trim_end_matches('.').to_lowercase();
        let told = match (0..5).find(|at| alone(*at)) {
            Some(at) => refused(fields[at], &FIELDS[at], &why),
            None => format!("not a schedule: {why}"),
        };
        (told, example())
    })
}

/// An item of a list with every name and every `H` as numbers.
fn numbers(item: &str, field: &Field, hashed_by: &str) -> Result<String, String> {
    if item.is_empty() {
        return Err("an item of the list is empty".to_owned());
    }
    if let Some(rest) = item.strip_prefix('H') {
        return hashed(rest, field, hashed_by);
    }
    if item == "L" && field.name == "day of week" {
        return Err("say of which weekday the last is meant, FriL".to_owned());
    }
    let mut written = String::new();
    let mut rest = item;
    while let Some(first) = rest.chars().next() {
        if first.is_ascii_alphabetic() {
            let (number, left) = named(rest, field)?;
            // A range that ends on Sunday ends with the week.
            let ends_week = number == "0" && written.ends_with('-');
            written.push_str(if ends_week { "7" } else { &number });
            rest = left;
        } else if first.is_ascii_digit() || "*-/".contains(first) || field.signs.contains(first) {
            written.push(first);
            rest = &rest[1..];
        } else {
            return Err(format!("`{}` has no meaning there", super::secret::shown(&first.to_string())));
        }
    }
    Ok(written)
}

/// The number of the name that a text begins with, or its sign `L`; and what is left.
fn named<'a>(text: &'a str, field: &Field) -> Result<(String, &'a str), String> {
    let head = text.get(..3).map(str::to_uppercase);
    let known = head.and_then(|head| field.names.iter().position(|name| *name == head));
    if let Some(at) = known {
        return Ok(((at + field.first).to_string(), &text[3..]));
    }
    if field.signs.contains('L') && text.starts_with(['L', 'l']) {
        return Ok(("L".to_owned(), &text[1..]));
    }
    Err("it has no such name".to_owned())
}

/// What `H`, `H/15`, `H(0-29)` or `H(0-29)/10` choose, as a list.
fn hashed(rest: &str, field: &Field, hashed_by: &str) -> Result<String, String> {
    let not = || "write H, H/15 or H(0-29)".to_owned();
    let (least, most) = field.hashed;
    let (range, step) = match rest.split_once('/') {
        Some((range, step)) => (range, Some(step.parse::<u64>().map_err(|_| not())?)),
        None => (rest, None),
    };
    let (from, to) = match range {
        "" => (least, most),
        _ => range
            .strip_prefix('(')
            .and_then(|range| range.strip_suffix(')'))
            .and_then(|range| range.split_once('-'))
            .and_then(|(from, to)| Some((from.parse::<u64>().ok()?, to.parse::<u64>().ok()?)))
            .ok_or_else(not)?,
    };
    if from > to || from < least || to > most || step.is_some_and(|step| step == 0 || step > to - from) {
        return Err(format!("H chooses from {least} to {most}"));
    }
    let choices = step.unwrap_or(to - from + 1);
    let first = from + choose(hashed_by, field.name, choices);
    let step = usize::try_from(step.unwrap_or(most + 1)).map_err(|_| not())?;
    Ok((first..=to).step_by(step).map(|value| value.to_string()).collect::<Vec<_>>().join(","))
}

/// One of so many, by a hash: spread evenly, and the same on every machine for ever.
fn choose(hashed_by: &str, field: &str, choices: u64) -> u64 {
    let digest = Sha256::new().chain_update(hashed_by).chain_update([0]).chain_update(field).finalize();
    digest.iter().take(8).fold(0, |number, byte| number << 8 | u64::from(*byte)) % choices
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(text: &str) -> String {
        read(text, "orders").unwrap().cron.as_str().to_owned()
    }

    #[test]
    fn names_are_numbers_of_their_own_field() {
        assert_eq!(fields("0 4 * Jan,mar-DEC Mon-Fri"), "0 4 * 1,3-12 1-5");
        assert_eq!(fields("0 4 * * Fri-Sun"), "0 4 * * 5-7");
        assert_eq!(fields("0 4 L * FriL,Tue#2"), "0 4 L * 5L,2#2");
        assert_eq!(fields("@Daily"), "0 0 * * *");
        for wrong in ["Mon 0 * * *", "0 0 1 Mon *", "0 0 * * Jan", "0 0 L-3 * *", "0 0 15W * *", "0 0 ? * *"]
        {
            assert!(read(wrong, "orders").is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_refusal_names_the_field() {
        let told = |text| read(text, "orders").unwrap_err().0;
        assert!(told("61 25 * * *").starts_with("`61` is no minute"), "{}", told("61 25 * * *"));
        assert!(told("0 25 * * *").starts_with("`25` is no hour"));
        assert!(told("0 0 * * Funday").starts_with("`Funday` is no day of week"));
        assert!(told("0 0 1,,2 * *").contains("empty"));
        assert!(told("0 0 * * L").contains("FriL"));
        assert!(told("0 30 3 * * *").contains("no seconds"));
    }

    #[test]
    fn a_name_chooses_the_same_minute_for_ever() {
        // Written down: another release that chooses otherwise would move every drill.
        assert_eq!(fields("H H H H H"), "25 19 14 12 2");
        assert_eq!(fields("H/15 H/6 * * *"), "10,25,40,55 1,7,13,19 * * *");
        let of = |name: &str| read("H(0-29) * * * *", name).unwrap().cron.pattern.minutes.values();
        let chosen: Vec<Vec<u16>> = (0..300).map(|drill| of(&format!("drill-{drill}"))).collect();
        assert!(chosen.iter().all(|minutes| minutes.len() == 1 && minutes[0] <= 29));
        let different: std::collections::BTreeSet<_> = chosen.into_iter().collect();
        assert_eq!(different.len(), 30, "not every minute is chosen");
        for wrong in ["H(0-60) * * * *", "H/0 * * * *", "H/60 * * * *", "H(9-3) * * * *", "Hx * * * *"] {
            assert!(read(wrong, "orders").is_err(), "{wrong}");
        }
    }

    #[test]
    fn distances_and_times_of_the_day_are_told_apart() {
        let interval = |text| read(text, "orders").unwrap().interval;
        assert!(interval("*/5 3 * * *") && interval("0 * * * *") && interval("0-30/5 3 * * *"));
        assert!(interval("H/15 3 * * *"));
        assert!(!interval("0,30 2-4 * * *") && !interval("H H * * *") && !interval("0 2 */2 * *"));
    }
}
