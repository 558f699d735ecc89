//! Faults for people, with an excerpt of the file, and for programs. An excerpt never shows a secret: what was found to be
//! one, and what looks like one, is covered before anything is drawn.

use std::collections::HashMap;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use miette::{
    GraphicalReportHandler, GraphicalTheme, LabeledSpan, MietteDiagnostic, MietteError, MietteSpanContents,
    Report, SourceCode, SourceSpan, SpanContents,
};
use serde_json::{Value, json};

use super::fault::{Code, Fault, Severity};
use super::{confidential, secret};

/// A longer line is not drawn. In bytes, and of both its halves.
pub(super) const LONGEST_LINE: usize = 400;

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
        let covered = || {
            let of_file = faults.iter().filter(|other| other.file == fault.file);
            let shown: Vec<usize> = of_file.map(|fault| fault.span.offset).collect();
            source_of(&fault.file).map(|text| Covered::new(&text, &secrets_of(faults, &fault.file), &shown))
        };
        // Of a file as a whole there is nothing to show, and it may be too large to look at.
        let source = if fault.is_of_file() {
            None
        } else {
            sources.entry(&fault.file).or_insert_with(covered).as_ref()
        };
        let report = report(fault, source);
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
    let mut diagnostic =
        MietteDiagnostic::new(&fault.message).with_severity(severity).with_code(fault.code.word());
    if let Some(hint) = &fault.hint {
        diagnostic = diagnostic.with_help(hint);
    }
    let span = source.map(|source| source.span(fault.span.offset, fault.span.length)).unwrap_or_default();
    let Some(source) = source.filter(|source| source.is_legible(&span)) else {
        let place = format!("{}:{}:{}", fault.file.display(), fault.line, fault.column);
        diagnostic.message = format!("{place}: {}", diagnostic.message);
        return Report::new(diagnostic);
    };
    let label = LabeledSpan::new_with_span(None, (span.start, span.len()));
    let named = Named { name: fault.file.display().to_string(), text: Arc::clone(&source.text) };
    Report::new(diagnostic.with_label(label)).with_source_code(named)
}

/// A file's text with its secrets covered, and with what could move a terminal's cursor.
struct Covered {
    text: Arc<String>,
    /// Offsets of the original, and how many bytes longer the text has become there.
    shifts: Vec<(usize, isize)>,
}

impl Covered {
    fn new(original: &str, told: &[Range<usize>], shown: &[usize]) -> Self {
        let mut secrets = secret::found_in_file(original);
        secrets.extend(confidential::found_in_file(original, shown));
        secrets.extend(told.iter().cloned());
        secrets.sort_by_key(|range| range.start);
        let mut secrets = secrets.into_iter().peekable();
        let mut hidden_until = 0;
        let (mut text, mut shifts) = (String::with_capacity(original.len()), Vec::new());
        let mut shift = 0;
        for (at, c) in original.char_indices() {
            while let Some(range) = secrets.next_if(|range| range.start <= at) {
                hidden_until = hidden_until.max(range.end);
            }
            let line_break = c == '\n' || original[at..].starts_with("\r\n");
            let hidden = at < hidden_until && !c.is_whitespace();
            if line_break || c == '\t' || !hidden && !secret::is_unprintable(c) {
                text.push(c);
                continue;
            }
            text.push(COVER);
            shift += bytes(COVER) - bytes(c);
            shifts.push((at + c.len_utf8(), shift));
        }
        Self { text: Arc::new(text), shifts }
    }

    /// Whether an excerpt of a span helps anybody: a line of a thousand characters does not.
    fn is_legible(&self, span: &Range<usize>) -> bool {
        let before = self.text.get(..span.start).unwrap_or_default().rsplit('\n').take(2);
        let after = self.text.get(span.start..).unwrap_or_default().split('\n').take(2);
        before.chain(after).all(|line| line.len() <= LONGEST_LINE)
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

/// A file's text and name. miette's own source counts a column's bytes, where an editor counts characters.
#[derive(Debug)]
struct Named {
    name: String,
    text: Arc<String>,
}

impl SourceCode for Named {
    fn read_span<'a>(
        &'a self,
        span: &SourceSpan,
        before: usize,
        after: usize,
    ) -> Result<Box<dyn SpanContents<'a> + 'a>, MietteError> {
        let found = self.text.read_span(span, before, after)?;
        let line = self.text.get(..found.span().offset()).and_then(|text| text.rsplit('\n').next());
        let column = line.map_or(found.column(), |line| line.chars().count());
        Ok(Box::new(MietteSpanContents::new_named(
            self.name.clone(),
            found.data(),
            *found.span(),
            found.line(),
            column,
            found.line_count(),
        )))
    }
}

fn bytes(c: char) -> isize {
    // At most four.
    isize::try_from(c.len_utf8()).unwrap_or(0)
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
