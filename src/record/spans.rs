//! Phases as stretches of time, and the measure of their union.

use std::time::Duration;

use crate::model::{Offset, Phase};

/// One stretch of one phase.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PhaseSpan {
    /// Which phase.
    pub phase: Phase,
    /// Its beginning.
    pub start: Offset,
    /// Its end; `None` while it runs, or where the process was lost in it.
    pub end: Option<Offset>,
    /// Whether it did what it was for.
    pub succeeded: bool,
    /// Bytes that it moved.
    pub bytes: Option<u64>,
    /// What it waited for.
    pub waited_for: Option<String>,
}

impl PhaseSpan {
    pub(super) fn begun(phase: Phase, start: Offset) -> Self {
        Self { phase, start, end: None, succeeded: false, bytes: None, waited_for: None }
    }

    pub(super) fn finish(
        &mut self,
        end: Offset,
        succeeded: bool,
        bytes: Option<u64>,
        waited_for: Option<String>,
    ) {
        self.end = Some(end);
        self.succeeded = succeeded;
        self.bytes = bytes;
        self.waited_for = waited_for;
    }

    /// Its length, once it has ended.
    pub fn duration(&self) -> Option<Duration> {
        Some(self.end?.since(self.start))
    }
}

impl super::RunRecord {
    /// The recovery time up to an instant: without the waiting that production would not have.
    pub fn counted(&self, until: Offset) -> Duration {
        until.elapsed().saturating_sub(subtracted(&self.phases, until))
    }
}

/// Length of the part of `[0, until]` that only subtracted phases (image pull, copy) cover: waiting that production
/// would not have.
fn subtracted(spans: &[PhaseSpan], until: Offset) -> Duration {
    let everything = covered(spans.iter(), until);
    let counted = covered(spans.iter().filter(|span| !span.phase.is_subtracted()), until);
    everything.saturating_sub(counted)
}

/// Length of the union of spans within `[0, until]`; a span without an end reaches to `until`.
pub(super) fn covered<'a>(spans: impl Iterator<Item = &'a PhaseSpan>, until: Offset) -> Duration {
    let mut intervals: Vec<(Offset, Offset)> =
        spans.map(|span| (span.start.min(until), span.end.unwrap_or(until).min(until))).collect();
    intervals.sort_unstable();
    let mut total = Duration::ZERO;
    let mut reached = Offset::START;
    for (start, end) in intervals {
        total += end.since(start.max(reached));
        reached = reached.max(end);
    }
    total
}

#[cfg(test)]
mod tests {
    use super::*;

    fn span(phase: Phase, start: u64, end: u64) -> PhaseSpan {
        let mut span = PhaseSpan::begun(phase, Offset::from_millis(start));
        span.finish(Offset::from_millis(end), true, None, None);
        span
    }

    #[test]
    fn overlapping_phases_are_counted_once() {
        let spans =
            [span(Phase::Fetch, 0, 100), span(Phase::Provision, 50, 200), span(Phase::Restore, 300, 400)];
        assert_eq!(covered(spans.iter(), Offset::from_millis(350)), Duration::from_millis(250));
    }

    #[test]
    fn a_pull_is_subtracted_only_where_nothing_else_goes_on() {
        let spans =
            [span(Phase::Fetch, 0, 100), span(Phase::ImagePull, 50, 300), span(Phase::Restore, 300, 400)];
        assert_eq!(subtracted(&spans, Offset::from_millis(400)), Duration::from_millis(200));
    }
}
