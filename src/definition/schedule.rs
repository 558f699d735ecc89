//! When a drill is due: a calendar, and how far a start may stray from it.
//!
//! An expression that says when a drill runs is judged today, not on the day of the daemon's first start.

use std::time::Duration;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::calendar::Calendar;
use super::expression;
use super::fault::{Code, Faults};
use super::value::Map;

/// A drill's schedule.
#[derive(Debug, Clone, PartialEq)]
pub struct Schedule {
    /// When it is due.
    pub calendar: Calendar,
    /// Starts are spread over this time, by a hash of drill and store.
    pub jitter: Duration,
    /// Later than this after it came due, which is the scheduled instant and the jitter, nothing starts; one period, at
    /// most 24 h, where the drill is silent.
    pub start_within: Option<Duration>,
    /// What happens with a run that came due while the daemon was down.
    pub if_missed: IfMissed,
}

/// What happens with a run that came due while the daemon was down.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum IfMissed {
    /// The newest that is still inside `start_within` runs once.
    #[default]
    RunOnce,
    /// Nothing runs late.
    Skip,
}

impl Schedule {
    /// How long after it came due the run of a scheduled instant may start.
    pub fn start_within(&self, scheduled_at: Timestamp) -> Duration {
        let period = || self.calendar.period_at(scheduled_at).unwrap_or(LONGEST_WAIT).min(LONGEST_WAIT);
        self.start_within.unwrap_or_else(period)
    }
}

/// The longest that a run waits where its drill does not say.
const LONGEST_WAIT: Duration = Duration::from_hours(24);

/// Reads a drill's schedule, or a digest's; `None` where it has faults, which are told. `H` is chosen by `hashed_by`.
pub(super) fn decode(schedule: &Map, hashed_by: &str, out: &mut Faults) -> Option<Schedule> {
    Some(Schedule {
        calendar: judge(schedule, hashed_by, Timestamp::now(), out)?,
        jitter: schedule.duration("jitter").unwrap_or_default(),
        start_within: schedule.duration("start_within"),
        if_missed: match schedule.word("if_missed") {
            Some("skip") => IfMissed::Skip,
            _ => IfMissed::RunOnce,
        },
    })
}

/// A proof that is too old before the next one can come would be stale every time.
pub(super) fn outlasts_its_gaps(drill: &Map, schedule: Option<&Schedule>, out: &mut Faults) {
    let Some(objectives) = drill.map("objectives") else { return };
    let (Some(age), Some(schedule)) = (objectives.duration("proof_max_age"), schedule) else { return };
    if schedule.calendar.shortest_gap().is_some_and(|gap| age < gap) {
        let told = "a proof is too old before the schedule brings the next one";
        out.warning(objectives.at("proof_max_age"), Code::Schedule, told)
            .hint("give it more than the time between two runs");
    }
}

/// A schedule whose next run is further away is seldom meant.
const FAR_DAYS: i64 = 400;

/// Judges `cron`, `time_zone` and `jitter`, as seen at an instant.
pub(super) fn judge(schedule: &Map, hashed_by: &str, now: Timestamp, out: &mut Faults) -> Option<Calendar> {
    let expression = schedule.text("cron")?;
    let at = schedule.at("cron");
    let zone = schedule.text("time_zone").and_then(|name| TimeZone::get(name).ok()).unwrap_or(TimeZone::UTC);
    let calendar = match Calendar::parse(expression, zone, hashed_by) {
        Ok(calendar) => calendar,
        Err((told, hint)) => {
            out.error(at, Code::BadValue, told).hint(hint);
            return None;
        }
    };
    let Some(next) = calendar.next_after(now) else {
        out.error(at, Code::BadValue, "the schedule never comes due")
            .hint("no such date exists: look at day and month");
        return None;
    };
    let days = now.duration_until(next).as_hours() / 24;
    if days > FAR_DAYS {
        let date = calendar.zone().to_datetime(next).date();
        out.warning(at, Code::Schedule, format!("the next run would be in {days} days, on {date}"));
    }
    if expression::read(expression, hashed_by).is_ok_and(|read| read.either_day) {
        let told = "day of month and day of week are both given: a run is due on either";
        out.warning(at, Code::Schedule, told)
            .hint("write * for one of them; the first Monday of a month is Mon#1, the last is MonL");
    }
    // Starts that are spread over more than a quarter of the distance between runs lose their order.
    let jitter = schedule.duration("jitter").unwrap_or_default();
    if calendar.shortest_gap().is_some_and(|gap| jitter > gap / 4) {
        let told = "more than a quarter of the time between runs; it is cut there";
        out.warning(schedule.at("jitter"), Code::Schedule, told);
    }
    Some(calendar)
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
        judge(&Map { at: At::default(), entries }, "orders", now.parse().unwrap(), &mut out);
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
    fn f15_schedules_that_can_never_be_meant_are_refused() {
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
    fn f4_a_far_next_run_is_a_warning() {
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
