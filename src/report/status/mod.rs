//! Where all services stand, for a terminal and for programs.

mod beside;
mod json;
mod row;
mod undelivered;

use jiff::Timestamp;

use super::Style;
use super::page::{Cell, Page, Paint, painted, plain};
use super::view::Tone;
use crate::record::standing::{Standing, State};
use crate::record::visible::visible;
use crate::record::{Beside, words};

pub(super) use beside::{BROKEN, STRAYS, place, stray};
pub use json::{broken_files_json, status_json};
pub(super) use row::{Measured, Row};

/// Columns that a row takes on one line beside the names of service and owner.
const BESIDES: usize = 108;

/// A row per service, the worst first; below it what nobody would hear of otherwise, and what is not covered. On a narrow
/// terminal a service takes two lines.
pub fn status_text(services: &[Standing], beside: &Beside, now: Timestamp, style: Style) -> String {
    let rows: Vec<Row> =
        services.iter().filter_map(|standing| Row::of(standing, beside.daemon, now)).collect();
    let mut page = Page::wide(style);
    if rows.is_empty() {
        page.hang("", 0, &plain(beside::no_drills(beside)));
    } else {
        page.columns(table(&rows, style));
    }
    for said in [beside::nobody_starts(beside.daemon, &rows), undelivered::sentence(&beside.undelivered)] {
        let Some(said) = said else { continue };
        page.line("");
        page.hang("", 0, &painted(said, Paint::Tone(Tone::Bad)));
    }
    notes(&mut page, &rows, beside, now);
    page.finish()
}

fn table(rows: &[Row], style: Style) -> Vec<Vec<Cell>> {
    let longest = |of: fn(&Row) -> usize| rows.iter().map(of).max().unwrap_or(0);
    let names = longest(|row| row.service.chars().count())
        + longest(|row| row.owner.as_deref().map_or(1, |owner| owner.chars().count()));
    if style.width >= BESIDES + names {
        let head = [
            "state",
            "service",
            "owner",
            "last proof",
            "recovery time",
            "recovery point",
            "trend",
            "rollback",
            "next run",
        ];
        std::iter::once(heading(&head)).chain(rows.iter().map(line)).collect()
    } else {
        let head = [
            heading(&["state", "service", "owner", "last proof", "next run"]),
            heading(&["", "recovery time", "recovery point", "trend", "rollback"]),
        ];
        head.into_iter().chain(rows.iter().flat_map(two_lines)).collect()
    }
}

fn heading(words: &[&str]) -> Vec<Cell> {
    words.iter().map(|word| painted(*word, Paint::Dim)).collect()
}

fn state(row: &Row) -> Cell {
    painted(row.state.word(), Paint::Tone(row.tone))
}

fn owner(row: &Row) -> Cell {
    plain(row.owner.as_deref().unwrap_or("–"))
}

fn measured(measured: &Measured) -> Cell {
    painted(&measured.told, measured.tone.filter(|tone| *tone == Tone::Bad).map_or(Paint::Plain, Paint::Tone))
}

fn rollback(row: &Row) -> Cell {
    let bad = row.rollback_tone.filter(|tone| *tone == Tone::Bad);
    painted(&row.rollback, bad.map_or(Paint::Plain, Paint::Tone))
}

fn line(row: &Row) -> Vec<Cell> {
    vec![
        state(row),
        plain(&row.service),
        owner(row),
        plain(&row.proof),
        measured(&row.recovery_time),
        measured(&row.recovery_point),
        plain(&row.trend),
        rollback(row),
        plain(&row.next_run),
    ]
}

fn two_lines(row: &Row) -> [Vec<Cell>; 2] {
    let (time, point) = (measured(&row.recovery_time), measured(&row.recovery_point));
    [
        vec![state(row), plain(&row.service), owner(row), plain(&row.proof), plain(&row.next_run)],
        vec![plain(""), time, point, plain(&row.trend), rollback(row)],
    ]
}

/// What a table has no room for: why a service is not proven, what was missed, what is not covered.
fn notes(page: &mut Page, rows: &[Row], beside: &Beside, now: Timestamp) {
    let of = |row: &Row, said: &str| format!("{}: {said}", row.service);
    let why = rows.iter().filter(|row| row.why != "proven").map(|row| of(row, &row.why)).collect::<Vec<_>>();
    let missed = rows.iter().filter(|row| row.tally.missed + row.before.missed > 0);
    let missed = missed.map(|row| of(row, &missed_words(row))).collect::<Vec<_>>();
    let left = rows.iter().flat_map(|row| row.left_behind.iter().map(|left| of(row, left))).collect();
    let rollbacks = rows.iter().filter(|row| row.rollback_tone == Some(Tone::Bad));
    let rollbacks = rollbacks.filter_map(|row| Some(of(row, row.rollback_said.as_ref()?))).collect();
    let uncovered = rows.iter().flat_map(|row| uncovered(row).into_iter().map(|what| of(row, &what)));
    let broken = beside.broken.iter().map(|file| format!("{}: {}", place(file), visible(&file.message)));
    for (heading, items) in [
        (BROKEN, broken.collect()),
        ("Look at", why),
        ("Rollback failed", rollbacks),
        ("Left something behind", left),
        ("Missed", missed),
        ("Not covered", uncovered.collect()),
        (STRAYS, beside.strays.iter().map(|run| stray(run, now)).collect()),
    ] {
        if items.is_empty() {
            continue;
        }
        page.heading(heading, "");
        for item in &items {
            page.hang("  - ", 4, &plain(item));
        }
    }
}

/// `2 of 7 runs missed, 0 of 7 in the period before`.
pub(super) fn missed_words(row: &Row) -> String {
    let missed = words::part(row.tally.missed, row.tally.total(), "run");
    format!("{missed} missed, {} of {} in the period before", row.before.missed, row.before.total())
}

/// What nobody would learn of a service: no owner, no schedule, no rollback, and what its proof left out.
pub(super) fn uncovered(row: &Row) -> Vec<String> {
    // What its file says of all this, nobody knows.
    if row.state == State::Broken {
        return Vec::new();
    }
    let gaps = [
        (row.owner.is_none(), "nobody owns it"),
        (!row.scheduled, "no schedule runs it"),
        (row.rollback == "none", "no rollback is rehearsed"),
        (row.rollback == "never", "its rollbacks were never rehearsed"),
    ];
    let gaps = gaps.into_iter().filter(|(open, _)| *open).map(|(_, said)| said.to_owned());
    gaps.chain(row.not_verified.iter().cloned()).collect()
}
