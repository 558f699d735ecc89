//! What CronSim does otherwise than our calendar, as rules that can be switched on one by one: what it will answer is
//! predicted from them. Without any rule the prediction is what our calendar promises.
//!
//! What a field means is read in UTC, where no clock changes and the two have nothing to differ about.

use std::collections::BTreeSet;

use drillyard::definition::Calendar;
use jiff::civil::{Date, DateTime, Time};
use jiff::tz::{AmbiguousOffset, Offset, TimeZone};
use jiff::{Timestamp, ToSpan};

/// What one of the two says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    Next(Timestamp),
    Never,
    Refused,
    /// Nothing, for a second of a processor's time.
    Hangs,
}

/// A rule of CronSim's that is none of ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rule {
    /// A date that no month has is refused; for us a calendar that never comes due is told by `check`.
    RefusesWhatNeverComes,
    /// A step of a range, `0-30/5`, is a list of times; a distance is only what begins with a star.
    OnlyStarsAreDistances,
    /// Of times of the day it looks at the clock alone: in the second pass of a fold it answers with a time of the first,
    /// which is over.
    ForgetsThePass,
    /// A day begins at midnight, whatever the clock does: at a time that never was, where it leaps over midnight and the
    /// day is looked for; unnoticed, where it does and hours are looked for; again, where midnight comes twice.
    DaysBeginAtMidnight,
    /// It goes from whole hour to whole hour, in the hour without a look at it, and to the only minute in one leap: past
    /// changes of half an hour, or beside the hour.
    GoesByWholeHours,
}

/// What is asked.
#[derive(Debug, Clone)]
pub struct Case {
    pub expression: String,
    pub zone: &'static str,
    pub after: Timestamp,
}

/// The answer to be expected of a calendar that has these rules.
pub fn predict(case: &Case, rules: &[Rule]) -> Answer {
    let fields = Fields::of(&case.expression);
    let zone = TimeZone::get(case.zone).unwrap();
    if rules.contains(&Rule::RefusesWhatNeverComes) && fields.name_no_day() {
        Answer::Refused
    } else if fields.are_a_distance(rules.contains(&Rule::OnlyStarsAreDistances)) {
        by_walking(&fields, &zone, case.after, rules)
    } else {
        by_the_clock(&fields, &zone, case.after, rules)
    }
}

/// Times of the day: those that the clock shows next, each at the first instant that can stand for it.
fn by_the_clock(fields: &Fields, zone: &TimeZone, after: Timestamp, rules: &[Rule]) -> Answer {
    let mut clock = zone.to_datetime(after);
    while let Some(next) = fields.next(clock) {
        let first = Moment { at: next, second_pass: false };
        let instant = if first.is_in_a_gap(zone) { first.end_of_the_gap(zone) } else { first.instant(zone) };
        if instant > after || rules.contains(&Rule::ForgetsThePass) {
            return Answer::Next(instant);
        }
        clock = next;
    }
    Answer::Never
}

/// Distances: from the instant on, by day, hour and minute, until all of them fit.
fn by_walking(fields: &Fields, zone: &TimeZone, after: Timestamp, rules: &[Rule]) -> Answer {
    let walk = Walk {
        fields,
        zone,
        days_begin_at_midnight: rules.contains(&Rule::DaysBeginAtMidnight),
        by_whole_hours: rules.contains(&Rule::GoesByWholeHours),
    };
    let mut now = Moment::of(after + 1.second(), zone);
    let mut seen = BTreeSet::new();
    // Where it comes back to where it was, it goes in circles for ever.
    while seen.insert((now.at, now.second_pass)) {
        let Some(day) = fields.day_from(now.at.date()) else { return Answer::Never };
        now = if day != now.at.date() {
            walk.to_a_day(now, day)
        } else if !fields.hours.contains(&now.at.hour()) {
            walk.to_an_hour(now)
        } else if !fields.minutes.contains(&now.at.minute()) {
            walk.to_a_minute(now)
        } else if now.at.second() != 0 {
            walk.a_minute_on(now)
        } else {
            return Answer::Next(now.instant(zone));
        }
    }
    Answer::Hangs
}

struct Walk<'a> {
    fields: &'a Fields,
    zone: &'a TimeZone,
    days_begin_at_midnight: bool,
    by_whole_hours: bool,
}

impl Walk<'_> {
    /// The beginning of a later day, or a change of the clock before it, which may leap over it or bring a day back.
    fn to_a_day(&self, now: Moment, day: Date) -> Moment {
        let midnight = Moment { at: day.at(0, 0, 0, 0), second_pass: false };
        if self.days_begin_at_midnight {
            return midnight;
        }
        let from = now.instant(self.zone);
        let midnight = Moment { second_pass: midnight.instant(self.zone) <= from, ..midnight };
        match self.zone.following(from).next().map(|change| change.timestamp()) {
            Some(change) if change <= midnight.instant(self.zone) => Moment::of(change, self.zone),
            _ => midnight,
        }
    }

    /// An hour that fits, or another day.
    fn to_an_hour(&self, mut now: Moment) -> Moment {
        let day = now.at.date();
        if self.by_whole_hours {
            now.at = day.at(now.at.hour(), 0, 0, 0);
        }
        loop {
            now = if self.by_whole_hours { now.later(3600, self.zone) } else { self.a_minute_on(now) };
            let is_another_day =
                if self.days_begin_at_midnight { now.at.hour() == 0 } else { now.at.date() != day };
            if is_another_day || self.fields.hours.contains(&now.at.hour()) {
                return now;
            }
        }
    }

    /// A minute that fits, or another hour.
    fn to_a_minute(&self, mut now: Moment) -> Moment {
        let minutes = &self.fields.minutes;
        if !self.by_whole_hours {
            return self.a_minute_on(now);
        }
        now.at = now.at.date().at(now.at.hour(), now.at.minute(), 0, 0);
        if let (1, Some(only)) = (minutes.len(), minutes.first()) {
            now = now.later(i64::from((only - now.at.minute()).rem_euclid(60)) * 60, self.zone);
        }
        while !minutes.contains(&now.at.minute()) {
            now = now.later(60, self.zone);
            if now.at.minute() == 0 {
                break;
            }
        }
        now
    }

    fn a_minute_on(&self, now: Moment) -> Moment {
        now.later(60 - i64::from(now.at.second()), self.zone)
    }
}

/// A time of a zone's clock, which may be one that it never shows.
#[derive(Debug, Clone, Copy)]
struct Moment {
    at: DateTime,
    second_pass: bool,
}

impl Moment {
    fn of(instant: Timestamp, zone: &TimeZone) -> Self {
        let at = zone.to_datetime(instant);
        let offset = zone.to_offset(instant);
        let ambiguous = zone.to_ambiguous_timestamp(at).offset();
        let second_pass = matches!(ambiguous, AmbiguousOffset::Fold { after, .. } if after == offset);
        Self { at, second_pass }
    }

    /// What never was counts by the offset before the gap.
    fn instant(self, zone: &TimeZone) -> Timestamp {
        let by = |offset: Offset| offset.to_timestamp(self.at).unwrap();
        match zone.to_ambiguous_timestamp(self.at).offset() {
            AmbiguousOffset::Unambiguous { offset } => by(offset),
            AmbiguousOffset::Gap { before, after } | AmbiguousOffset::Fold { before, after } => {
                by(if self.second_pass { after } else { before })
            }
        }
    }

    fn later(self, seconds: i64, zone: &TimeZone) -> Self {
        Self::of(self.instant(zone) + seconds.seconds(), zone)
    }

    fn is_in_a_gap(self, zone: &TimeZone) -> bool {
        matches!(zone.to_ambiguous_timestamp(self.at).offset(), AmbiguousOffset::Gap { .. })
    }

    fn end_of_the_gap(self, zone: &TimeZone) -> Timestamp {
        let inside = self.instant(zone);
        zone.preceding(inside + 1.nanosecond()).next().unwrap().timestamp()
    }
}

/// What the five fields mean.
struct Fields {
    texts: Vec<String>,
    minutes: BTreeSet<i8>,
    hours: BTreeSet<i8>,
    days: Calendar,
    all: Calendar,
}

impl Fields {
    fn of(expression: &str) -> Self {
        let texts: Vec<String> = expression.split_whitespace().map(str::to_owned).collect();
        let calendar = |expression: &str| Calendar::parse(expression, TimeZone::UTC, "").unwrap();
        let (minute, hour) =
            (calendar(&format!("{} * * * *", texts[0])), calendar(&format!("0 {} * * *", texts[1])));
        let of_one_day = |calendar: &Calendar| -> Vec<Time> {
            let midnight = in_utc(Date::constant(2001, 1, 1).at(0, 0, 0, 0));
            let due = calendar.due_between(midnight - 1.nanosecond(), midnight + 23.hours() + 59.minutes());
            due.map(|due| TimeZone::UTC.to_datetime(due).time()).collect()
        };
        Self {
            minutes: of_one_day(&minute).into_iter().map(Time::minute).collect(),
            hours: of_one_day(&hour).into_iter().map(Time::hour).collect(),
            days: calendar(&format!("0 0 {}", texts[2..].join(" "))),
            all: calendar(expression),
            texts,
        }
    }

    fn are_a_distance(&self, only_stars: bool) -> bool {
        self.texts[..2].iter().any(|text| text.starts_with('*') || (!only_stars && text.contains('/')))
    }

    /// Whether no month has such a day, whatever its weekday.
    fn name_no_day(&self) -> bool {
        let either = !self.texts[2].starts_with('*') && !self.texts[4].starts_with('*');
        let months = format!("0 0 {} {} *", self.texts[2], self.texts[3]);
        !either
            && Calendar::parse(&months, TimeZone::UTC, "")
                .unwrap()
                .next_after(Timestamp::UNIX_EPOCH)
                .is_none()
    }

    /// The first day that fits, this one included.
    fn day_from(&self, day: Date) -> Option<Date> {
        let due = self.days.next_after(in_utc(day.at(0, 0, 0, 0)) - 1.nanosecond())?;
        Some(TimeZone::UTC.to_datetime(due).date())
    }

    /// The first time later than this one that fits.
    fn next(&self, clock: DateTime) -> Option<DateTime> {
        Some(TimeZone::UTC.to_datetime(self.all.next_after(in_utc(clock))?))
    }
}

fn in_utc(clock: DateTime) -> Timestamp {
    Offset::UTC.to_timestamp(clock).unwrap()
}
