//! Phases as a picture: where each stretch lies on the run's own clock.

use crate::model::{Milestone, Offset, Phase};
use crate::record::sentence::duration;
use crate::record::visible::visible;
use crate::record::words;
use crate::record::{PhaseSpan, RunRecord};

/// All phases of a run on one scale.
pub(in crate::report) struct PhaseTable {
    /// Length of the scale.
    pub(in crate::report) length: String,
    pub(in crate::report) rows: Vec<PhaseRow>,
    pub(in crate::report) marks: Vec<Mark>,
}

/// One stretch of one phase.
pub(in crate::report) struct PhaseRow {
    pub(in crate::report) name: &'static str,
    /// Beginning and end as parts of the scale, 0 to 1.
    pub(in crate::report) from: f64,
    pub(in crate::report) to: f64,
    pub(in crate::report) began: String,
    /// Its length, or `not ended`.
    pub(in crate::report) took: String,
    pub(in crate::report) bytes: Option<String>,
    pub(in crate::report) rate: Option<String>,
    /// `failed`, what it waited for, that it is not counted; empty for a plain one.
    pub(in crate::report) notes: Vec<String>,
    pub(in crate::report) succeeded: bool,
    /// Outside the recovery clocks: shown paler.
    pub(in crate::report) aside: bool,
}

/// A recovery milestone on the same scale.
pub(in crate::report) struct Mark {
    pub(in crate::report) name: &'static str,
    pub(in crate::report) at: f64,
    pub(in crate::report) after: String,
}

impl PhaseRow {
    /// Left end in thousandths of the scale; a short phase at its end stays inside.
    pub(in crate::report) fn x(&self) -> u32 {
        thousandths(self.from).min(1000 - SLIGHTEST)
    }

    /// Width in thousandths of the scale; even the shortest phase can be seen.
    pub(in crate::report) fn width(&self) -> u32 {
        thousandths(self.to).saturating_sub(self.x()).max(SLIGHTEST)
    }
}

impl Mark {
    /// Place in thousandths of the scale.
    pub(in crate::report) fn x(&self) -> u32 {
        thousandths(self.at)
    }
}

/// Thousandths of a picture's width that can still be seen.
const SLIGHTEST: u32 = 6;

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
fn thousandths(part: f64) -> u32 {
    (part.clamp(0.0, 1.0) * 1000.0).round() as u32
}

pub(super) fn phases(record: &RunRecord) -> PhaseTable {
    let ends = record.phases.iter().map(|span| span.end.unwrap_or(record.last));
    let whole = ends.fold(record.last, Offset::max);
    PhaseTable {
        length: duration(whole.elapsed()),
        rows: record.phases.iter().map(|span| row(span, record.last, whole)).collect(),
        marks: marks(record, whole),
    }
}

fn row(span: &PhaseSpan, last: Offset, whole: Offset) -> PhaseRow {
    let took = span.duration();
    let mut notes = Vec::new();
    if took.is_some() && !span.succeeded {
        notes.push("failed".to_owned());
    }
    if span.phase.is_subtracted() {
        notes.push("not counted".to_owned());
    }
    notes.extend(span.waited_for.as_deref().map(|what| format!("waited for {}", visible(what))));
    PhaseRow {
        name: span.phase.word(),
        from: part(span.start, whole),
        to: part(span.end.unwrap_or(last), whole),
        began: format!("+{}", duration(span.start.elapsed())),
        took: took.map_or_else(|| "not ended".to_owned(), duration),
        bytes: span.bytes.map(words::bytes),
        rate: span.bytes.zip(took).and_then(|(bytes, took)| words::rate(bytes, took.as_secs_f64())),
        notes,
        succeeded: span.succeeded,
        aside: span.phase.is_subtracted() || matches!(span.phase, Phase::Rehearse | Phase::Teardown),
    }
}

fn marks(record: &RunRecord, whole: Offset) -> Vec<Mark> {
    let named = [
        (Milestone::Queryable, "queryable"),
        (Milestone::Restored, "restored"),
        (Milestone::Verified, "verified"),
    ];
    let mark = |(milestone, name)| {
        let at = record.reached(milestone)?;
        Some(Mark { name, at: part(at, whole), after: duration(at.elapsed()) })
    };
    named.into_iter().filter_map(mark).collect()
}

fn part(at: Offset, whole: Offset) -> f64 {
    if whole == Offset::START { 0.0 } else { at.elapsed().as_secs_f64() / whole.elapsed().as_secs_f64() }
}
