//! Calendars over gaps and folds: by hand for the cases that people ask about, by brute force for every zone there is.

use jiff::civil::{DateTime, Weekday};

use super::*;

fn calendar(expression: &str, zone: &str) -> Calendar {
    Calendar::parse(expression, TimeZone::get(zone).unwrap(), "orders").unwrap()
}

fn instant(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// The next runs as a clock of the zone shows them, with their offsets and notes.
fn runs(expression: &str, zone: &str, after: &str, count: usize) -> Vec<String> {
    let calendar = calendar(expression, zone);
    let due = calendar.due_between(instant(after), Timestamp::MAX).take(count);
    due.map(|due| {
        let shown = due.to_zoned(calendar.zone().clone()).strftime("%m-%d %H:%M %:z").to_string();
        calendar.note(due).map_or(shown.clone(), |note| format!("{shown} {}", note.word()))
    })
    .collect()
}

#[test]
fn f1_a_time_in_a_gap_runs_once_at_the_first_instant_after_it() {
    assert_eq!(
        runs("30 2 * * *", "Europe/Berlin", "2026-03-27T23:00:00Z", 3),
        ["03-28 02:30 +01:00", "03-29 03:00 +02:00 moved", "03-30 02:30 +02:00"]
    );
    // Two times of one gap, and one that is the gap's end, are one run.
    assert_eq!(
        runs("0,30 2,3 * * *", "Europe/Berlin", "2026-03-29T00:00:00Z", 2),
        ["03-29 03:00 +02:00 moved", "03-29 03:30 +02:00"]
    );
    assert_eq!(
        runs("0 0 * * *", "America/Havana", "2026-03-08T03:00:00Z", 2),
        ["03-08 01:00 -04:00 moved", "03-09 00:00 -04:00"]
    );
    // An hour before a gap is no gap.
    assert_eq!(
        runs("0 0 * * *", "Europe/London", "2026-03-28T12:00:00Z", 2),
        ["03-29 00:00 +00:00", "03-30 00:00 +01:00"]
    );
    // A whole day that an island left out.
    assert_eq!(
        runs("30 2 * * *", "Pacific/Apia", "2011-12-29T12:00:00Z", 3),
        ["12-29 02:30 -10:00", "12-31 00:00 +14:00 moved", "12-31 02:30 +14:00"]
    );
}

#[test]
fn f2_a_time_that_exists_twice_runs_the_first_time_only() {
    assert_eq!(
        runs("30 2 * * *", "Europe/Berlin", "2026-10-24T01:00:00Z", 2),
        ["10-25 02:30 +02:00 only_first_pass", "10-26 02:30 +01:00"]
    );
    // Asked in the second pass, the answer is not the first.
    assert_eq!(runs("45 2 * * *", "Europe/Berlin", "2026-10-25T01:10:00Z", 1), ["10-26 02:45 +01:00"]);
}

#[test]
fn f3_a_distance_leaves_the_gap_out_and_runs_in_both_passes() {
    assert_eq!(
        runs("*/30 * * * *", "Europe/Berlin", "2026-03-29T00:15:00Z", 3),
        ["03-29 01:30 +01:00", "03-29 03:00 +02:00 left_out", "03-29 03:30 +02:00"]
    );
    assert_eq!(
        runs("0 * * * *", "Europe/Berlin", "2026-10-24T23:30:00Z", 3),
        ["10-25 02:00 +02:00 first_pass", "10-25 02:00 +01:00 second_pass", "10-25 03:00 +01:00"]
    );
    assert_eq!(
        runs("*/20 2 * * *", "Europe/Berlin", "2026-03-28T02:00:00Z", 1),
        ["03-30 02:00 +02:00 left_out"]
    );
    // Half an hour is what Lord Howe's clock changes by.
    assert_eq!(
        runs("*/15 1 * * *", "Australia/Lord_Howe", "2026-04-04T14:20:00Z", 6),
        [
            "04-05 01:30 +11:00 first_pass",
            "04-05 01:45 +11:00 first_pass",
            "04-05 01:30 +10:30 second_pass",
            "04-05 01:45 +10:30 second_pass",
            "04-06 01:00 +10:30",
            "04-06 01:15 +10:30"
        ]
    );
}

#[test]
fn f3_a_fold_brings_back_a_day_that_was_over() {
    assert_eq!(
        runs("*/30 * * * Sun", "Asia/Beirut", "1989-10-15T20:34:00Z", 2),
        ["10-15 23:00 +02:00 second_pass", "10-15 23:30 +02:00 second_pass"]
    );
}

#[test]
fn f4_rare_dates_come_and_impossible_ones_do_not() {
    let next = |expression, after| calendar(expression, "UTC").next_after(instant(after));
    assert_eq!(next("0 0 29 2 *", "2026-11-21T00:00:00Z"), Some(instant("2028-02-29T00:00:00Z")));
    assert_eq!(next("0 0 29 2 *", "2096-03-01T00:00:00Z"), Some(instant("2104-02-29T00:00:00Z")));
    assert_eq!(next("0 0 31 * *", "2026-11-01T00:00:00Z"), Some(instant("2026-12-31T00:00:00Z")));
    assert_eq!(next("0 0 * * Mon#5", "2026-12-01T00:00:00Z"), Some(instant("2027-03-29T00:00:00Z")));
    assert_eq!(next("0 0 L 2 *", "2026-11-21T00:00:00Z"), Some(instant("2027-02-28T00:00:00Z")));
    assert_eq!(next("0 0 * * FriL", "2026-11-21T00:00:00Z"), Some(instant("2026-11-27T00:00:00Z")));
    for never in ["0 0 30 2 *", "0 0 31 2,4,6,9,11 *"] {
        assert_eq!(next(never, "2026-11-21T00:00:00Z"), None, "{never}");
    }
}

#[test]
fn both_day_fields_mean_either_and_a_star_means_neither() {
    let days = |expression: &str| -> Vec<String> {
        let calendar = calendar(expression, "UTC");
        let due = calendar.due_between(instant("2026-10-31T12:00:00Z"), instant("2026-11-30T12:00:00Z"));
        due.map(|due| due.to_string()[8..10].to_owned()).collect()
    };
    assert_eq!(days("0 4 1 * Mon"), ["01", "02", "09", "16", "23", "30"]);
    assert_eq!(days("0 4 * * Mon"), ["02", "09", "16", "23", "30"]);
    assert_eq!(days("0 4 */10 * Sun"), ["01"]);
}

#[test]
fn the_shortest_gap_is_of_the_wall_clock() {
    let gap = |expression| calendar(expression, "Europe/Berlin").shortest_gap().map(|gap| gap.as_secs() / 60);
    assert_eq!(gap("* * * * *"), Some(1));
    assert_eq!(gap("*/15 * * * *"), Some(15));
    assert_eq!(gap("0 3 * * *"), Some(1440));
    assert_eq!(gap("59,0 0,23 * * *"), Some(1));
    assert_eq!(gap("0 1,22 * * *"), Some(180));
    assert_eq!(gap("0 3 * * Mon,Thu"), Some(3 * 1440));
    assert_eq!(gap("0 3 1 * *"), Some(28 * 1440));
    assert_eq!(gap("0 0 30 2 *"), None);
}

#[test]
fn periods_are_of_the_zone_s_clock() {
    let daily = calendar("30 2 * * *", "Europe/Berlin");
    let hours = |after: &str| daily.period_after(instant(after)).map(|period| period.as_secs() / 60);
    assert_eq!(hours("2026-06-01T00:00:00Z"), Some(1440));
    assert_eq!(hours("2026-03-28T00:00:00Z"), Some(1410));
    assert_eq!(hours("2026-10-24T00:00:00Z"), Some(1440));
    assert_eq!(hours("2026-10-25T00:00:00Z"), Some(1500));
}

/// Days as a person reads them: of the month, of the week, either of both where both are said.
#[derive(Debug, Clone, Copy, Default)]
struct Days {
    of_month: Option<i8>,
    weekday: Option<Weekday>,
}

impl Days {
    fn hold(self, date: Date) -> bool {
        match (self.of_month, self.weekday) {
            (None, None) => true,
            (Some(day), None) => date.day() == day,
            (None, Some(weekday)) => date.weekday() == weekday,
            (Some(day), Some(weekday)) => date.day() == day || date.weekday() == weekday,
        }
    }

    /// The last three fields of an expression.
    fn fields(self) -> String {
        let of_month = self.of_month.map_or("*".to_owned(), |day| day.to_string());
        let weekday = self.weekday.map_or("*".to_owned(), |day| day.to_sunday_zero_offset().to_string());
        format!("{of_month} * {weekday}")
    }

    /// The ways to name a date, and another one beside it.
    fn of(date: Date, another: Date) -> [Self; 3] {
        let (of_month, weekday) = (Some(date.day()), Some(date.weekday()));
        [
            Self { of_month, weekday: None },
            Self { of_month: None, weekday },
            Self { of_month, weekday: Some(another.weekday()) },
        ]
    }
}

/// What is due by looking at the zone's clock every minute: nothing of the calendar is used but its fields' numbers.
fn by_looking(calendar: &Calendar, days: Days, after: Timestamp, until: Timestamp) -> Vec<Timestamp> {
    let matches = |clock: DateTime| {
        calendar.hours >> clock.hour() & 1 == 1
            && calendar.minutes >> clock.minute() & 1 == 1
            && days.hold(clock.date())
    };
    let mut highest = calendar.zone.to_datetime(after);
    let mut due = Vec::new();
    let mut now = after + Duration::from_mins(1);
    while now <= until {
        let clock = calendar.zone.to_datetime(now);
        // Times of the day are due when the clock first shows them, or leaps over them.
        let mut new = false;
        while !calendar.interval && highest < clock {
            highest = highest.checked_add(1.minute()).unwrap();
            new |= matches(highest);
        }
        if new || calendar.interval && matches(clock) {
            due.push(now);
        }
        now += Duration::from_mins(1);
    }
    due
}

/// Changes of a zone's clock from 1973 on, when the last zone came to whole minutes, up to 2100: of those that happen at
/// the same time of the day by the same step, the first.
fn changes(zone: &TimeZone) -> Vec<Timestamp> {
    let mut changes = Vec::new();
    let mut seen = std::collections::BTreeSet::new();
    let mut last = Timestamp::MIN;
    for transition in zone.following(instant("1973-01-01T00:00:00Z")) {
        let at = transition.timestamp();
        if at > instant("2100-01-01T00:00:00Z") {
            break;
        }
        // A change that follows another within a day and a half is looked at in that one's window.
        let near = last.duration_until(at) < SignedDuration::from_hours(36);
        let (before, after) = (zone.to_offset(at - NANOSECOND), transition.offset());
        if before != after && !near && seen.insert((before, after, before.to_datetime(at).time())) {
            changes.push(at);
        }
        last = at;
    }
    changes
}

#[test]
fn f1_f2_f3_every_zone_s_gaps_and_folds_are_those_of_its_clock() {
    let mut seen = std::collections::BTreeSet::new();
    let (mut zones, mut gaps, mut folds, mut midnights) = (0, 0, 0, 0);
    for name in jiff::tz::db().available() {
        let zone = TimeZone::get(name.as_str()).unwrap();
        let changes = changes(&zone);
        let offsets: Vec<i32> = changes.iter().map(|at| zone.to_offset(*at).seconds()).collect();
        // Most names are links to a zone that was tried already.
        if changes.is_empty() || !seen.insert((changes.clone(), offsets)) {
            continue;
        }
        zones += 1;
        for change in changes {
            let (before, after) = (zone.to_offset(change - NANOSECOND), zone.to_offset(change));
            if after > before {
                gaps += 1;
            } else {
                folds += 1;
            }
            let width = SignedDuration::from_secs(i64::from((after.seconds() - before.seconds()).abs()));
            let from = change - SignedDuration::from_mins(70);
            let until = change + width + SignedDuration::from_mins(70);
            // Day fields say nothing where it is the same day before and after.
            let (eve, morrow) = (zone.to_datetime(from).date(), zone.to_datetime(until).date());
            let mut days = vec![Days::default()];
            if eve != morrow {
                midnights += 1;
                days.extend(Days::of(eve, morrow.tomorrow().unwrap()));
                days.extend(Days::of(morrow, eve.yesterday().unwrap()));
            }
            for days in days {
                for times in ["0,1,7,30,44,59 0-23", "*/7 *", "*/20 0,23"] {
                    let expression = format!("{times} {}", days.fields());
                    let calendar = Calendar::parse(&expression, zone.clone(), "orders").unwrap();
                    let found: Vec<Timestamp> = calendar.due_between(from, until).collect();
                    let looked = by_looking(&calendar, days, from, until);
                    assert_eq!(found, looked, "{name} {change} {expression}");
                }
            }
        }
    }
    assert!(zones > 200 && gaps > 400 && folds > 400, "{zones} zones, {gaps} gaps, {folds} folds");
    assert!(midnights > 100, "{midnights} changes beside a midnight");
}

#[test]
fn asking_from_any_instant_gives_the_same_run() {
    for (expression, zone) in
        [("30 2 * * *", "Europe/Berlin"), ("*/40 * * * *", "Europe/Berlin"), ("15 0,1 * * *", "Africa/Cairo")]
    {
        let calendar = calendar(expression, zone);
        for change in ["2026-03-29T01:00:00Z", "2026-10-25T01:00:00Z", "2026-04-23T22:00:00Z"] {
            let (from, until) = (instant(change) - 5.hours(), instant(change) + 5.hours());
            let mut now = from;
            while now < until {
                let next = calendar.next_after(now).unwrap();
                assert!(next > now);
                // Nothing is due between, and asked just before, it is the answer again.
                assert_eq!(calendar.next_after(next - NANOSECOND), Some(next));
                assert_eq!(calendar.due_between(now, next).collect::<Vec<_>>(), [next]);
                now += SignedDuration::from_secs(37);
            }
        }
    }
}
