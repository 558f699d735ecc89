//! A drill's schedule: valid or not. Nothing in this version starts a run by it, but a drill that says when it runs is
//! told today, not on the day of the daemon's first start, that it never would.

use croner::Cron;
use croner::parser::{CronParser, Seconds, Year};
use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};

use super::fault::{Code, Faults};
use super::value::Map;

/// A schedule whose next run is further away is seldom meant.
const FAR_DAYS: i64 = 400;

/// Judges `cron`, `time_zone` and `jitter`, as seen at an instant.
pub(super) fn judge(schedule: &Map, now: Timestamp, out: &mut Faults) {
    let Some(expression) = schedule.text("cron") else { return };
    let at = schedule.at("cron");
    let zone = schedule.text("time_zone").and_then(|name| TimeZone::get(name).ok()).unwrap_or(TimeZone::UTC);
    let cron = match read(expression) {
        Ok(cron) => cron,
        Err((told, hint)) => {
            out.error(at, Code::BadValue, told).hint(hint);
            return;
        }
    };
    let now = now.to_zoned(zone);
    let Ok(next) = cron.find_next_occurrence(&now, false) else {
        out.error(at, Code::BadValue, "the schedule never comes due")
            .hint("no such date exists: look at day and month");
        return;
    };
    let days = now.timestamp().duration_until(next.timestamp()).as_hours() / 24;
    if days > FAR_DAYS {
        out.warning(at, Code::Schedule, format!("the next run would be in {days} days, on {}", next.date()));
    }
    if days_are_alternatives(expression) {
        out.warning(
            at,
            Code::Schedule,
            "day of month and day of week are both given: a run is due on either",
        )
        .hint("write * for one of them, if both must hold at once");
    }
    judge_jitter(schedule, &cron, &next, out);
}

/// Starts that are spread over more than a quarter of the distance between runs lose their order.
fn judge_jitter(schedule: &Map, cron: &Cron, next: &Zoned, out: &mut Faults) {
    let Some(jitter) = schedule.duration("jitter") else { return };
    let mut times = cron.iter_after(next.clone()).take(50);
    let mut earlier = next.clone();
    let mut shortest = i128::MAX;
    for later in &mut times {
        shortest = shortest.min((later.timestamp().as_nanosecond()) - earlier.timestamp().as_nanosecond());
        earlier = later;
    }
    if i128::try_from(jitter.as_nanos()).is_ok_and(|jitter| jitter > shortest / 4) {
        out.warning(
            schedule.at("jitter"),
            Code::Schedule,
            "more than a quarter of the time between runs; it is cut there",
        );
    }
}

/// Reads an expression; what is wrong and what to write instead.
fn read(expression: &str) -> Result<Cron, (String, String)> {
    let example = "write five fields: minute, hour, day of month, month, day of week".to_owned();
    let lower = expression.trim().to_lowercase();
    if lower == "@reboot" {
        return Err(("a drill can't be due at @reboot".to_owned(), example));
    }
    let fields = lower.split_whitespace().count();
    if !lower.starts_with('@') && fields != 5 {
        let seconds = if fields == 6 { "; there are no seconds" } else { "" };
        return Err((format!("{fields} fields, where five are wanted{seconds}"), example));
    }
    let parser = CronParser::builder().seconds(Seconds::Disallowed).year(Year::Disallowed).build();
    parser.parse(&without_hash(expression)).map_err(|error| (format!("not a schedule: {error}"), example))
}

/// `H`, a minute or hour drawn from the drill's name, is any value of its field as far as validity goes.
fn without_hash(expression: &str) -> String {
    let lowest = ["0", "0", "1", "1", "0"];
    let fields = expression.split_whitespace().zip(lowest);
    let drawn = fields.map(|(field, lowest)| match field.strip_prefix('H') {
        Some("") => lowest.to_owned(),
        Some(step) if step.starts_with('/') => format!("*{step}"),
        _ => field.to_owned(),
    });
    if expression.trim_start().starts_with('@') {
        expression.to_owned()
    } else {
        drawn.collect::<Vec<_>>().join(" ")
    }
}

/// Vixie's rule: where both day fields are restricted, either is enough.
fn days_are_alternatives(expression: &str) -> bool {
    let fields: Vec<&str> = expression.split_whitespace().collect();
    let restricted = |at: usize| fields.get(at).is_some_and(|field| !field.starts_with(['*', '?', '+']));
    restricted(2) && restricted(4)
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::time::Duration;

    use super::super::fault::{At, Fault, Severity};
    use super::super::value::{Item, Value};
    use super::*;

    fn judged(cron: &str, zone: &str, now: &str) -> Vec<Fault> {
        let item = |value| Some(Item { value, at: At::default() });
        let text = |text: &str| item(Value::Text(text.to_owned()));
        let jitter = item(Value::Duration(Duration::from_mins(1)));
        let entries = vec![("cron", text(cron)), ("time_zone", text(zone)), ("jitter", jitter)];
        let mut out = Faults::new(Path::new("a.yaml"), Path::new("drillyard.yaml"));
        judge(&Map { at: At::default(), entries }, now.parse().unwrap(), &mut out);
        out.into_list()
    }

    #[test]
    fn schedules_that_people_write_are_good() {
        for cron in [
            "30 3 * * Mon-Fri",
            "0 */6 * * *",
            "@daily",
            "@hourly",
            "0 0 L * *",
            "0 4 * * 1#1",
            "H H * * *",
            "H/15 * * * *",
        ] {
            assert_eq!(judged(cron, "Europe/Berlin", "2026-11-21T12:00:00Z"), [], "{cron}");
        }
    }

    #[test]
    fn schedules_that_can_never_be_meant_are_refused() {
        let bad = [
            "",
            "* * * *",
            "0 30 3 * * *",
            "0 0 1 1 * 2030",
            "@reboot",
            "@every 1h",
            "60 * * * *",
            "0 24 * * *",
            "0 0 30 2 *",
            "a b c d e",
        ];
        for cron in bad {
            let faults = judged(cron, "UTC", "2026-11-21T12:00:00Z");
            assert!(faults.iter().any(Fault::is_error), "{cron}");
        }
    }

    #[test]
    fn a_far_next_run_is_a_warning() {
        let severities =
            |now| judged("0 0 29 2 *", "UTC", now).iter().map(|fault| fault.severity).collect::<Vec<_>>();
        assert_eq!(severities("2026-11-21T12:00:00Z"), [Severity::Warning]);
        assert_eq!(severities("2028-01-01T00:00:00Z"), []);
    }

    #[test]
    fn both_day_fields_are_a_warning() {
        let faults = judged("0 4 1 * Mon", "UTC", "2026-11-21T12:00:00Z");
        assert_eq!(faults.iter().map(|fault| fault.severity).collect::<Vec<_>>(), [Severity::Warning]);
    }
}
