//! The end of `drillyard run`, and `drillyard show`: the verdict first, then what it rests on.

use super::Style;
use super::page::{Cell, Page, Paint, painted, plain};
use super::view::{CheckRow, ClockRow, ErrorRow, Fact, Mark, PhaseRow, PhaseTable, RehearsalRow, Tone, View};
use crate::record::{Conclusion, RunRecord};

/// The whole report; ends with `record: RUN` and a newline.
pub fn text(record: &RunRecord, conclusion: &Conclusion, style: Style) -> String {
    let view = View::of(record, conclusion);
    let mut page = Page::new(style);
    verdict(&mut page, &view);
    stop(&mut page, &view);
    clocks(&mut page, &view);
    checks(&mut page, &view);
    rehearsals(&mut page, &view);
    restore_errors(&mut page, &view);
    phases(&mut page, &view.phases);
    bullets(&mut page, "Not verified", &view.not_verified);
    bullets(&mut page, "Warnings", &view.warnings);
    bullets(&mut page, "Not comparable with production", &view.not_comparable);
    if !view.roles_created.is_empty() {
        page.heading("Roles created", "without login");
        page.hang("  ", 2, &plain(view.roles_created.join(", ")));
    }
    facts(&mut page, "Backup", &view.backup);
    facts(&mut page, "Sandbox", &view.sandbox);
    cleanup(&mut page, &view);
    facts(&mut page, "Run", &view.about);
    page.line("");
    page.line(&format!("record: {}", view.run));
    page.finish()
}

fn verdict(page: &mut Page, view: &View) {
    let word = view.verdict.to_uppercase();
    let first = format!("{}  ", page.paint(&word, Paint::Tone(view.tone)));
    page.hang(&first, word.len() + 2, &painted(&view.sentence, Paint::Bold));
    let indent = " ".repeat(word.len() + 2);
    let reason = view.reason.map_or_else(String::new, |reason| format!("reason {reason}, "));
    let proof = if view.passed_without_proof { ", no proof: a person chose the backup" } else { "" };
    page.hang(
        &indent,
        indent.len(),
        &painted(format!("{reason}integrity {}{proof}", view.integrity), Paint::Dim),
    );
    if view.leaked {
        page.hang(&indent, indent.len(), &painted("LEAKED: see clean-up below", Paint::Tone(Tone::Bad)));
    }
}

fn stop(page: &mut Page, view: &View) {
    let Some(stop) = &view.stop else { return };
    page.heading(&stop.heading, "");
    if let Some(detail) = &stop.detail {
        page.hang("  ", 2, &plain(detail));
    }
    if let Some(hint) = &stop.hint {
        page.hang("  next: ", 8, &plain(hint));
    }
}

fn clocks(page: &mut Page, view: &View) {
    page.heading("Recovery time", "");
    page.columns(view.recovery_time.iter().map(clock).collect());
    page.heading("Recovery point", "");
    page.columns(view.recovery_point.iter().map(clock).collect());
}

fn clock(row: &ClockRow) -> Vec<Cell> {
    let tone = row.judged.tone().map_or(Paint::Plain, Paint::Tone);
    let objective = row.objective.as_ref().map(|objective| format!("objective {objective}"));
    let basis = (!row.basis.is_empty()).then(|| row.basis.clone());
    let said = objective.into_iter().chain(basis).collect::<Vec<_>>().join("; ");
    let judged = painted(row.judged.word(), tone);
    vec![plain(row.name), painted(&row.value, Paint::Bold), judged, painted(said, Paint::Dim)]
}

fn checks(page: &mut Page, view: &View) {
    page.heading("Checks", &view.checks_summary);
    let (answered, not_run): (Vec<_>, Vec<_>) = view.checks.iter().partition(|row| row.answered);
    page.columns(answered.into_iter().flat_map(check).collect());
    if !not_run.is_empty() {
        let names = not_run.iter().map(|row| row.name.as_str()).collect::<Vec<_>>().join(", ");
        page.columns(vec![vec![painted("not run", Paint::Tone(Tone::Unsure)), plain(names)]]);
    }
}

fn check(row: &CheckRow) -> Vec<Vec<Cell>> {
    // Capitals find the one bad line among forty where there is no colour.
    let outcome = if row.tone == Tone::Good { row.outcome.to_owned() } else { row.outcome.to_uppercase() };
    let said = format!("expected {}, observed {}", row.expected, row.observed);
    let mut rows = vec![vec![painted(outcome, Paint::Tone(row.tone)), plain(&row.name), plain(said)]];
    if let Some(hint) = &row.hint {
        rows.push(vec![plain(""), plain(""), painted(format!("hint: {hint}"), Paint::Dim)]);
    }
    rows
}

fn rehearsals(page: &mut Page, view: &View) {
    if view.rehearsals.is_empty() {
        return;
    }
    page.heading("Rollbacks", &view.rehearsals_summary);
    page.columns(view.rehearsals.iter().flat_map(rehearsal).collect());
}

fn rehearsal(row: &RehearsalRow) -> Vec<Vec<Cell>> {
    let outcome = if row.tone == Tone::Good { row.outcome.to_owned() } else { row.outcome.to_uppercase() };
    let said = if row.sentence.is_empty() { &row.name } else { &row.sentence };
    let hint = row.hint.iter().map(|hint| format!("hint: {hint}"));
    let differences = row.differences.iter().map(|told| format!("- {told}"));
    let more = differences.chain(row.notes.iter().cloned()).chain(hint);
    let more = more.map(|note| vec![plain(""), painted(note, Paint::Dim)]);
    std::iter::once(vec![painted(outcome, Paint::Tone(row.tone)), plain(said)]).chain(more).collect()
}

fn restore_errors(page: &mut Page, view: &View) {
    if view.restore_errors.is_empty() {
        return;
    }
    page.heading("Restore errors", &view.restore_errors_summary);
    page.columns(view.restore_errors.iter().flat_map(restore_error).collect());
}

fn restore_error(row: &ErrorRow) -> [Vec<Cell>; 2] {
    let (class, paint) = match row.tone {
        Some(tone) => (row.class.to_uppercase(), Paint::Tone(tone)),
        None => (row.class.to_owned(), Paint::Plain),
    };
    let what = format!("{}: {}", row.object, row.message);
    let first = vec![painted(class, paint), plain(format!("{} × {}", row.count, row.sqlstate)), plain(what)];
    [first, vec![plain(""), plain(""), painted(&row.why, Paint::Dim)]]
}

fn phases(page: &mut Page, table: &PhaseTable) {
    if table.rows.is_empty() {
        return;
    }
    page.heading("Phases", &format!("on a scale of {}", table.length));
    let cells = if page.width() >= 110 { 44 } else { 22 };
    let mut rows: Vec<Vec<Cell>> = table.rows.iter().map(|row| phase(row, cells)).collect();
    rows.extend((!table.marks.is_empty()).then(|| marks(&table.marks, cells)));
    page.columns(rows);
}

fn phase(row: &PhaseRow, cells: usize) -> Vec<Cell> {
    let paint = match (row.succeeded, row.aside) {
        (false, _) => Paint::Tone(Tone::Bad),
        (true, true) => Paint::Dim,
        (true, false) => Paint::Plain,
    };
    let moved = [row.bytes.clone(), row.rate.clone()].into_iter().flatten();
    let said = moved.chain(row.notes.iter().cloned()).collect::<Vec<_>>().join(", ");
    let took = format!("{:>11}", row.took);
    vec![plain(row.name), plain(took), painted(bar(row.from, row.to, cells), paint), plain(said)]
}

/// A stretch of the scale; even the shortest phase has a mark.
fn bar(from: f64, to: f64, cells: usize) -> String {
    let start = cell(from, cells).min(cells - 1);
    let end = cell(to, cells).max(start + 1);
    format!("{}{}{}", "·".repeat(start), "█".repeat(end - start), "·".repeat(cells - end))
}

fn marks(marks: &[Mark], cells: usize) -> Vec<Cell> {
    let mut line = vec![' '; cells];
    for mark in marks {
        line[cell(mark.at, cells).min(cells - 1)] = '▲';
    }
    let said = marks.iter().map(|mark| mark.name).collect::<Vec<_>>().join(", ");
    vec![plain(""), plain(""), plain(line.into_iter().collect::<String>()), painted(said, Paint::Dim)]
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss)]
fn cell(part: f64, cells: usize) -> usize {
    ((part.clamp(0.0, 1.0) * cells as f64).round() as usize).min(cells)
}

fn bullets(page: &mut Page, heading: &str, items: &[String]) {
    if items.is_empty() {
        return;
    }
    page.heading(heading, "");
    for item in items {
        page.hang("  - ", 4, &plain(item));
    }
}

fn facts(page: &mut Page, heading: &str, facts: &[Fact]) {
    page.heading(heading, "");
    let rows = facts.iter().map(|fact| vec![painted(fact.label, Paint::Dim), plain(&fact.value)]);
    page.columns(rows.collect());
}

fn cleanup(page: &mut Page, view: &View) {
    page.heading("Clean-up", "");
    let paint = if view.cleanup.tone == Tone::Good { Paint::Plain } else { Paint::Tone(view.cleanup.tone) };
    page.hang("  ", 2, &painted(&view.cleanup.sentence, paint));
    for item in &view.cleanup.items {
        page.hang("  - ", 4, &plain(item));
    }
}
