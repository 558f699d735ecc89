//! Calendars: which instants an expression means in a zone, over gaps and folds of its clock.
//!
//! A time of the day that does not exist runs at the first instant after the gap, and one that exists twice runs the
//! first time. A distance (`*` or `/` in minute or hour) has no runs inside a gap and runs in both passes of a fold.
//! Instants are found here, by croner's days and jiff's zones: croner's own search calls `0,30 2 * * *` a distance, and
//! would look for a date that never comes until the year 5000 (2026-11-21).

use std::fmt;
use std::iter;
use std::sync::Arc;
use std::time::Duration;

use croner::Cron;
use jiff::civil::{Date, DateTime, Time};
use jiff::tz::{AmbiguousOffset, TimeZone};
use jiff::{SignedDuration, Timestamp, ToSpan};

use super::expression::{self, Refusal};

/// Days that are looked at for the next one that matches: 50 years.
const REACH_DAYS: u32 = 50 * 366;
const NANOSECOND: SignedDuration = SignedDuration::from_nanos(1);

/// A cron expression in its zone: which instants are due.
#[derive(Debug, Clone)]
pub struct Calendar {
    // Several KiB, and drills are many and copied.
    cron: Arc<Cron>,
    minutes: u64,
    hours: u64,
    interval: bool,
    zone: TimeZone,
    text: String,
}

/// Two calendars are equal where the same instants are due by the same text.
impl PartialEq for Calendar {
    fn eq(&self, other: &Self) -> bool {
        self.cron == other.cron && self.text == other.text && self.zone == other.zone
    }
}

/// `30 3 * * Mon-Fri Europe/Berlin`: the same text, the same due instants of a drill.
impl fmt::Display for Calendar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.text, self.zone.iana_name().unwrap_or("UTC"))
    }
}

/// What the zone's clock does to a due instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Note {
    /// The time that was meant does not exist on this day: the run is at the first instant after the gap.
    Moved {
        /// The time that was meant.
        from: DateTime,
    },
    /// Runs before this one are left out, because their times do not exist on this day.
    LeftOut {
        /// The first of these times.
        from: DateTime,
    },
    /// The time exists twice on this day, and the run is the first time only.
    OnlyFirstPass,
    /// The time exists twice on this day, and this is the first time.
    FirstPass,
    /// The time exists twice on this day, and this is the second time.
    SecondPass,
}

impl Note {
    /// The word that programs see.
    pub fn word(self) -> &'static str {
        match self {
            Self::Moved { .. } => "moved",
            Self::LeftOut { .. } => "left_out",
            Self::OnlyFirstPass => "only_first_pass",
            Self::FirstPass => "first_pass",
            Self::SecondPass => "second_pass",
        }
    }
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let clock = |from: &DateTime| from.strftime("%H:%M").to_string();
        match self {
            Self::Moved { from } => {
                write!(f, "{} does not exist on this day: moved past the gap", clock(from))
            }
            Self::LeftOut { from } => write!(f, "{} does not exist on this day: left out", clock(from)),
            Self::OnlyFirstPass => f.write_str("comes twice on this day: runs the first time only"),
            Self::FirstPass => f.write_str("comes twice on this day: the first time"),
            Self::SecondPass => f.write_str("comes twice on this day: the second time"),
        }
    }
}

impl Calendar {
    /// Reads an expression of five fields in a zone; `H` in it is chosen by a hash of `hashed_by`, which is the drill's
    /// name. What is wrong, and what to write instead.
    pub fn parse(expression: &str, zone: TimeZone, hashed_by: &str) -> Result<Self, Refusal> {
        let read = expression::read(expression, hashed_by)?;
        let bits = |values: Vec<u16>| values.iter().fold(0, |bits: u64, value| bits | 1 << value);
        Ok(Self {
            minutes: bits(read.cron.pattern.minutes.values()),
            hours: bits(read.cron.pattern.hours.values()),
            cron: Arc::new(read.cron),
            interval: read.interval,
            zone,
            text: expression.to_owned(),
        })
    }

    /// The expression as it was written.
    pub fn expression(&self) -> &str {
        &self.text
    }

    /// The zone that it is meant in.
    pub fn zone(&self) -> &TimeZone {
        &self.zone
    }

    /// The first due instant later than `after`; `None` where none comes within 50 years.
    pub fn next_after(&self, after: Timestamp) -> Option<Timestamp> {
        if self.interval { self.next_of_distance(after) } else { self.next_of_times(after) }
    }

    /// The due instants later than `after` and not later than `until`, in order.
    pub fn due_between(&self, after: Timestamp, until: Timestamp) -> impl Iterator<Item = Timestamp> {
        let next = |earlier: &Timestamp| self.next_after(*earlier);
        iter::successors(self.next_after(after), next).take_while(move |due| *due <= until)
    }

    /// The time between the first two due instants later than `after`.
    pub fn period_after(&self, after: Timestamp) -> Option<Duration> {
        let first = self.next_after(after)?;
        let second = self.next_after(first)?;
        first.duration_until(second).try_into().ok()
    }

    /// The time from an instant to the first that is due after it.
    pub fn period_at(&self, instant: Timestamp) -> Option<Duration> {
        instant.duration_until(self.next_after(instant)?).try_into().ok()
    }

    /// The shortest time between two runs by the wall clock; `None` where there are no two. It is the same today and
    /// in a year: jitter depends on it.
    pub fn shortest_gap(&self) -> Option<Duration> {
        let times: Vec<i64> = (0..1440).filter(|minute| self.holds_minute(*minute)).map(i64::from).collect();
        let within = times.windows(2).map(|pair| pair[1] - pair[0]).min();
        // 200 days that match hold the shortest distance of days: five years of weeks, sixteen of months.
        let from = Date::constant(2001, 1, 1);
        let days =
            iter::successors(self.first_day(from), |day| self.first_day(day.tomorrow().ok()?)).take(200);
        let days: Vec<Date> = days.collect();
        let apart = days.windows(2).map(|pair| i64::from((pair[1] - pair[0]).get_days())).min();
        let over_night = apart.zip(times.first().zip(times.last()));
        let over_night = over_night.map(|(days, (first, last))| days * 1440 - last + first);
        let minutes = within.into_iter().chain(over_night).min()?;
        u64::try_from(minutes).ok().map(Duration::from_mins)
    }

    /// What the zone's clock does to an instant that is due by this calendar.
    pub fn note(&self, due: Timestamp) -> Option<Note> {
        if let Some((end, from)) = self.left_out_before(due) {
            let first_after = self.interval && self.next_after(end - NANOSECOND) == Some(due);
            if first_after {
                return Some(Note::LeftOut { from });
            }
            if !self.interval && end == due {
                return Some(Note::Moved { from });
            }
        }
        let clock = self.zone.to_datetime(due);
        match self.zone.to_ambiguous_timestamp(clock).offset() {
            AmbiguousOffset::Fold { .. } if !self.interval => Some(Note::OnlyFirstPass),
            AmbiguousOffset::Fold { before, .. } if before == self.zone.to_offset(due) => {
                Some(Note::FirstPass)
            }
            AmbiguousOffset::Fold { .. } => Some(Note::SecondPass),
            _ => None,
        }
    }

    /// The end of the last gap that is not later than an instant, and the first matching time inside it.
    fn left_out_before(&self, instant: Timestamp) -> Option<(Timestamp, DateTime)> {
        let end = self.zone.preceding(instant.checked_add(NANOSECOND).ok()?).next()?.timestamp();
        let before = self.zone.to_offset(end.checked_sub(NANOSECOND).ok()?);
        let from = self.first_from(before.to_datetime(end))?;
        (from < self.zone.to_datetime(end)).then_some((end, from))
    }

    /// Times of the day: the clock's times in order, each as the first instant that can stand for it. An earlier time
    /// never stands for a later instant, so that looking may begin at the clock's present time.
    fn next_of_times(&self, after: Timestamp) -> Option<Timestamp> {
        let mut clock = self.zone.to_datetime(after);
        loop {
            clock = self.first_from(minute_of(clock).checked_add(1.minute()).ok()?)?;
            let instant = self.first_instant(clock)?;
            if instant > after {
                return Some(instant);
            }
        }
    }

    /// Distances: the clock's times under one offset of the zone after the other.
    fn next_of_distance(&self, after: Timestamp) -> Option<Timestamp> {
        let mut from = after.checked_add(NANOSECOND).ok()?;
        loop {
            let offset = self.zone.to_offset(from);
            let instant = offset.to_timestamp(self.first_from(offset.to_datetime(from))?).ok()?;
            match self.zone.following(from).next().map(|transition| transition.timestamp()) {
                // Each change is looked at: a fold brings times back that were passed already.
                Some(change) if change <= instant => from = change,
                _ => return Some(instant),
            }
        }
    }

    fn first_instant(&self, clock: DateTime) -> Option<Timestamp> {
        match self.zone.to_ambiguous_timestamp(clock).offset() {
            AmbiguousOffset::Unambiguous { offset } => offset.to_timestamp(clock).ok(),
            AmbiguousOffset::Fold { before, .. } => before.to_timestamp(clock).ok(),
            AmbiguousOffset::Gap { after, .. } => {
                let before_the_gap = after.to_timestamp(clock).ok()?;
                Some(self.zone.following(before_the_gap).next()?.timestamp())
            }
        }
    }

    /// The first matching time of the clock that is not before `from`.
    fn first_from(&self, from: DateTime) -> Option<DateTime> {
        let minute = minute_of(from);
        let from = if minute < from { minute.checked_add(1.minute()).ok()? } else { minute };
        let least = u32::from(from.hour().unsigned_abs()) * 60 + u32::from(from.minute().unsigned_abs());
        let today = self.holds_day(from.date()).then(|| self.first_minute(least)).flatten();
        let (day, minute) = match today {
            Some(minute) => (from.date(), minute),
            None => (self.first_day(from.date().tomorrow().ok()?)?, self.first_minute(0)?),
        };
        let part = |number: u32| i8::try_from(number).ok();
        Some(day.to_datetime(Time::new(part(minute / 60)?, part(minute % 60)?, 0, 0).ok()?))
    }

    fn first_minute(&self, least: u32) -> Option<u32> {
        // By hours and bits: ten thousand drills are asked at every look of the daemon.
        (least / 60..24).filter(|hour| self.hours >> hour & 1 == 1).find_map(|hour| {
            let from = if hour == least / 60 { least % 60 } else { 0 };
            let left = self.minutes >> from;
            (left != 0).then(|| hour * 60 + from + left.trailing_zeros())
        })
    }

    fn holds_minute(&self, minute: u32) -> bool {
        self.hours >> (minute / 60) & 1 == 1 && self.minutes >> (minute % 60) & 1 == 1
    }

    fn first_day(&self, from: Date) -> Option<Date> {
        iter::successors(Some(from), |day| day.tomorrow().ok())
            .take(REACH_DAYS as usize)
            .find(|day| self.holds_day(*day))
    }

    fn holds_day(&self, day: Date) -> bool {
        let pattern = &self.cron.pattern;
        let (month, of_month) = (u32::from(day.month().unsigned_abs()), u32::from(day.day().unsigned_abs()));
        let weekday = u32::from(day.weekday().to_sunday_zero_offset().unsigned_abs());
        let weekday = croner::Weekday::from_days_from_sunday(weekday);
        pattern.month_match(month).unwrap_or(false)
            && pattern.day_match(day.year().into(), month, of_month, weekday).unwrap_or(false)
    }
}

fn minute_of(clock: DateTime) -> DateTime {
    clock.date().at(clock.hour(), clock.minute(), 0, 0)
}

#[cfg(test)]
#[path = "calendar_tests.rs"]
mod tests;
