//! `drillyard next`: coming runs, with what jitter and the zone's clock do to them.

use std::fmt::Write as _;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp, Zoned};
use serde_json::{Value, json};

use super::context::Context;
use super::{Global, help, print, select};
use crate::definition::{Defined, Drill, Note};
use crate::model::DrillName;
use crate::report;
use crate::run::world::wall_clock;
use crate::schedule::jitter;

/// A coming run.
struct Coming<'a> {
    drill: &'a DrillName,
    /// What the calendar says, in the drill's zone.
    scheduled_at: Zoned,
    jitter: Duration,
    note: Option<Note>,
}

pub(super) async fn next(global: &Global, drills: &[String], count: usize, from: Option<Timestamp>) -> u8 {
    super::with_context(global, async |context| {
        match select::wanted_or_readable(global, &context.settings, drills) {
            Ok(told) => {
                let code = tell(context, &told.defined, count, from.unwrap_or_else(wall_clock));
                told.warn();
                code
            }
            Err(code) => code,
        }
    })
    .await
}

fn tell(context: &Context, defined: &Defined, count: usize, from: Timestamp) -> u8 {
    let drills = &defined.drills;
    let mut coming: Vec<Coming<'_>> =
        drills.iter().flat_map(|drill| of_drill(drill, context, from).take(count)).collect();
    coming.sort_by(|one, other| {
        (one.scheduled_at.timestamp(), one.drill).cmp(&(other.scheduled_at.timestamp(), other.drill))
    });
    coming.truncate(count);
    if context.json {
        let runs: Vec<Value> = coming.iter().map(document).collect();
        let broken = report::broken_files_json(&defined.broken);
        return print(&help::pretty(
            &json!({ "schema": "drillyard/next/1", "from": from, "runs": runs, "broken_files": broken }),
        ));
    }
    match (coming.as_slice(), drills.as_slice()) {
        ([], [drill]) if drill.schedule.is_none() => {
            print(&format!("`{}` has no schedule: it runs by hand", drill.name))
        }
        ([], []) if !defined.broken.is_empty() => print("no drill file is without errors"),
        ([], _) => print("no drill has a schedule"),
        _ => print(&table(&coming)),
    }
}

fn of_drill<'a>(
    drill: &'a Drill,
    context: &Context,
    from: Timestamp,
) -> impl Iterator<Item = Coming<'a>> + use<'a> {
    let schedule = drill.schedule.as_ref();
    let jitter =
        schedule.map_or(Duration::ZERO, |schedule| jitter::offset(&drill.name, context.store.id(), schedule));
    schedule.into_iter().flat_map(move |schedule| {
        let calendar = &schedule.calendar;
        calendar.due_between(from, Timestamp::MAX).map(move |due| Coming {
            drill: &drill.name,
            scheduled_at: due.to_zoned(calendar.zone().clone()),
            jitter,
            note: calendar.note(due),
        })
    })
}

impl Coming<'_> {
    fn starts_at(&self) -> Zoned {
        self.scheduled_at.checked_add(self.jitter).unwrap_or_else(|_| self.scheduled_at.clone())
    }
}

fn document(coming: &Coming<'_>) -> Value {
    json!({
        "drill": coming.drill.as_str(),
        "scheduled_at": coming.scheduled_at.timestamp(),
        "starts_at": coming.starts_at().timestamp(),
        "jitter_seconds": coming.jitter.as_secs(),
        "clock": coming.scheduled_at.strftime("%Y-%m-%dT%H:%M:%S%:z").to_string(),
        "time_zone": zone(&coming.scheduled_at),
        "note": coming.note.map(Note::word),
        "note_text": coming.note.map(|note| note.to_string()),
    })
}

fn zone(time: &Zoned) -> &str {
    time.time_zone().iana_name().unwrap_or("UTC")
}

/// A line for each run; a start that jitter moves is beside the instant, which stays what the calendar says.
fn table(coming: &[Coming<'_>]) -> String {
    let width = |of: fn(&Coming<'_>) -> usize| coming.iter().map(of).max().unwrap_or(0);
    let (drill, zones) = (width(|run| run.drill.as_str().len()), width(|run| zone(&run.scheduled_at).len()));
    let mut text = String::new();
    for run in coming {
        let clock = run.scheduled_at.strftime("%a %Y-%m-%d %H:%M %:z");
        let mut line =
            format!("{clock}  {:<zones$}  {:<drill$}", zone(&run.scheduled_at), run.drill.as_str());
        if !run.jitter.is_zero() {
            let jitter = SignedDuration::try_from(run.jitter).unwrap_or_default();
            // Writing to a String does not fail.
            let _ = write!(line, "  starts {} (jitter {jitter:#})", run.starts_at().strftime("%H:%M:%S"));
        }
        if let Some(note) = run.note {
            let _ = write!(line, "  {note}");
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

/// Reads an instant: `2026-10-25T00:00:00Z`, or a day, which begins in UTC.
pub(super) fn instant(text: &str) -> Result<Timestamp, String> {
    let day = || text.parse::<jiff::civil::Date>().ok()?.to_zoned(jiff::tz::TimeZone::UTC).ok();
    let wrong = || format!("`{text}` is no instant; write 2026-10-25T00:00:00Z, or 2026-10-25");
    text.parse().ok().or_else(|| day().map(|day| day.timestamp())).ok_or_else(wrong)
}
