//! Faults for people, with an excerpt of the file, and for programs. An excerpt never shows a secret: what was found to be
//! one, and what looks like one, is covered before anything is drawn.

use std::collections::HashMap;
use std::ops::Range;
use std::path::Path;

use miette::{GraphicalReportHandler, GraphicalTheme, LabeledSpan, MietteDiagnostic, NamedSource, Report};
use serde_json::{Value, json};

use super::fault::{Code, Fault, Severity};
use super::secret;

/// Stands for each character of a secret.
const COVER: char = '•';

/// Draws faults, each with an excerpt of its file where `source_of` has it; then how many there are.
pub fn render(
    faults: &[Fault],
    source_of: impl Fn(&Path) -> Option<String>,
    colour: bool,
    width: usize,
) -> String {
    let theme = if colour { GraphicalTheme::unicode() } else { GraphicalTheme::none() };
    let handler =
        GraphicalReportHandler::new_themed(theme).with_width(width.max(40)).without_syntax_highlighting();
    let mut sources: HashMap<&Path, Option<Covered>> = HashMap::new();
    let mut drawn = String::new();
    for fault in faults {
        let source = sources.entry(&fault.file).or_insert_with(|| {
            source_of(&fault.file).map(|text| Covered::new(&text, &secrets_of(faults, &fault.file)))
        });
        let report = report(fault, source.as_ref());
        // Writing to a String does not fail; were it to, the message alone is better than nothing.
        if handler.render_report(&mut drawn, report.as_ref()).is_err() {
            drawn.push_str(&fault.message);
        }
        drawn.push('\n');
    }
    drawn
}

fn secrets_of(faults: &[Fault], file: &Path) -> Vec<Range<usize>> {
    let secrets = faults.iter().filter(|fault| fault.code == Code::LiteralSecret && fault.file == file);
    secrets.map(|fault| fault.span.offset..fault.span.offset + fault.span.length).collect()
}

fn report(fault: &Fault, source: Option<&Covered>) -> Report {
    let severity = match fault.severity {
        Severity::Error => miette::Severity::Error,
        Severity::Warning => miette::Severity::Warning,
        Severity::Note => miette::Severity::Advice,
    };
    let place = format!("{}:{}:{}", fault.file.display(), fault.line, fault.column);
    let whole_file = fault.span == super::Span::default() && fault.line == 1;
    let mut diagnostic =
        MietteDiagnostic::new(&fault.message).with_severity(severity).with_code(fault.code.word());
    if let Some(hint) = &fault.hint {
        diagnostic = diagnostic.with_help(hint);
    }
    let Some(source) = source.filter(|_| !whole_file) else {
        diagnostic.message = format!("{place}: {}", diagnostic.message);
        return Report::new(diagnostic);
    };
    let span = source.span(fault.span.offset, fault.span.length);
    let label = LabeledSpan::new_with_span(None, (span.start, span.len()));
    let named = NamedSource::new(fault.file.display().to_string(), source.text.clone());
    Report::new(diagnostic.with_label(label)).with_source_code(named)
}

/// A file's text with its secrets covered.
struct Covered {
    text: String,
    /// Offsets of the original, and how many bytes longer the text has become there.
    shifts: Vec<(usize, isize)>,
}

impl Covered {
    fn new(original: &str, told: &[Range<usize>]) -> Self {
        let mut secrets = secret::found_in_file(original);
        secrets.extend(told.iter().cloned());
        secrets.sort_by_key(|range| range.start);
        let mut covered = Self { text: String::with_capacity(original.len()), shifts: Vec::new() };
        let mut secrets = secrets.into_iter().peekable();
        let mut hidden_until = 0;
        for (at, c) in original.char_indices() {
            while let Some(range) = secrets.next_if(|range| range.start <= at) {
                hidden_until = hidden_until.max(range.end);
            }
            covered.push(at, c, at < hidden_until && !c.is_whitespace());
        }
        covered
    }

    fn push(&mut self, at: usize, c: char, hidden: bool) {
        if !hidden {
            self.text.push(c);
            return;
        }
        self.text.push(COVER);
        let grown =
            isize::try_from(COVER.len_utf8()).unwrap_or(0) - isize::try_from(c.len_utf8()).unwrap_or(0);
        let before = self.shifts.last().map_or(0, |(_, shift)| *shift);
        self.shifts.push((at + c.len_utf8(), before + grown));
    }

    /// Where a span of the original is now. On one line: an excerpt of a whole map would bury its fault.
    fn span(&self, offset: usize, length: usize) -> Range<usize> {
        let start = self.moved(offset).min(self.text.len());
        let end = self.moved(offset + length).clamp(start, self.text.len());
        let line = self.text.get(start..end).and_then(|text| text.find('\n'));
        start..line.map_or(end, |line| start + line)
    }

    fn moved(&self, offset: usize) -> usize {
        let passed = self.shifts.partition_point(|(at, _)| *at <= offset);
        let shift =
            passed.checked_sub(1).and_then(|last| self.shifts.get(last)).map_or(0, |(_, shift)| *shift);
        offset.saturating_add_signed(shift)
    }
}

/// `drillyard check --json`, schema `drillyard/check/1`. Offsets are in bytes, lines and columns count from 1.
pub fn to_json(faults: &[Fault]) -> Value {
    let fault = |fault: &Fault| {
        json!({
            "severity": fault.severity,
            "code": fault.code.word(),
            "file": fault.file.display().to_string(),
            "line": fault.line,
            "column": fault.column,
            "offset": fault.span.offset,
            "length": fault.span.length,
            "message": fault.message,
            "hint": fault.hint,
        })
    };
    json!({
        "schema": "drillyard/check/1",
        "valid": !faults.iter().any(Fault::is_error),
        "faults": faults.iter().map(fault).collect::<Vec<_>>(),
    })
}
