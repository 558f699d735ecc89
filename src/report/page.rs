//! Lines for a terminal: columns by display width, hanging indents, colour beside words.

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use super::Style;
use super::view::Tone;

/// Wider paragraphs tire the eye, however wide the terminal is.
const WIDEST: usize = 120;
/// Columns that are left when a label is very long.
const NARROWEST: usize = 24;

/// How a piece of text is painted, if at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Paint {
    Plain,
    Bold,
    Dim,
    Tone(Tone),
}

impl Paint {
    fn code(self) -> Option<&'static str> {
        match self {
            Self::Plain => None,
            Self::Bold => Some("1"),
            Self::Dim => Some("2"),
            Self::Tone(Tone::Good) => Some("1;32"),
            Self::Tone(Tone::Bad) => Some("1;31"),
            Self::Tone(Tone::Unsure) => Some("1;33"),
        }
    }
}

/// Text with its paint; width is counted before it is painted.
pub(super) struct Cell {
    text: String,
    paint: Paint,
}

pub(super) fn plain(text: impl Into<String>) -> Cell {
    Cell { text: text.into(), paint: Paint::Plain }
}

pub(super) fn painted(text: impl Into<String>, paint: Paint) -> Cell {
    Cell { text: text.into(), paint }
}

/// A growing text.
pub(super) struct Page {
    text: String,
    style: Style,
    widest: usize,
}

impl Page {
    pub(super) fn new(style: Style) -> Self {
        Self { text: String::new(), style, widest: WIDEST }
    }

    /// A page for a table alone, which may be as wide as the terminal.
    pub(super) fn wide(style: Style) -> Self {
        Self { widest: usize::MAX, ..Self::new(style) }
    }

    pub(super) fn finish(self) -> String {
        self.text
    }

    /// Columns that a paragraph may take.
    pub(super) fn width(&self) -> usize {
        self.style.width.clamp(NARROWEST * 2, self.widest)
    }

    /// A blank line and a heading, with its summary beside it.
    pub(super) fn heading(&mut self, heading: &str, summary: &str) {
        self.text.push('\n');
        let heading = self.paint(heading, Paint::Bold);
        let line = if summary.is_empty() { heading } else { format!("{heading}  {summary}") };
        self.line(&line);
    }

    /// Rows in columns, indented by two; all columns but the last are as wide as their widest cell, the last wraps.
    pub(super) fn columns(&mut self, rows: Vec<Vec<Cell>>) {
        let count = rows.iter().map(Vec::len).max().unwrap_or(0);
        let longest = self.width() / 2;
        // The last cell of a row wraps, so it does not push the columns of longer rows apart.
        let padded = |n: usize| rows.iter().filter(move |row| n + 1 < row.len()).map(move |row| &row[n]);
        let width = |n: usize| padded(n).map(|cell| cell.text.width()).max().unwrap_or(0);
        let widths: Vec<usize> = (0..count).map(|n| width(n).min(longest)).collect();
        for row in rows {
            self.row(row, &widths);
        }
    }

    fn row(&mut self, row: Vec<Cell>, widths: &[usize]) {
        let mut line = "  ".to_owned();
        let mut at = 2;
        let last = row.len().saturating_sub(1);
        for (n, cell) in row.into_iter().enumerate() {
            if n == last {
                self.hang(&line, at, &cell);
                return;
            }
            let width = cell.text.width();
            line.push_str(&self.paint(&cell.text, cell.paint));
            at += widths[n] + 2;
            if width > widths[n] {
                // Too long for its column: the rest goes below, where its column would have been.
                self.line(&line);
                line = " ".repeat(at);
            } else {
                line.push_str(&" ".repeat(widths[n] - width + 2));
            }
        }
    }

    /// `first` and then the cell, wrapped and indented to where it begins.
    pub(super) fn hang(&mut self, first: &str, indent: usize, cell: &Cell) {
        let room = self.width().saturating_sub(indent).max(NARROWEST);
        let mut start = first.to_owned();
        for part in wrap(&cell.text, room) {
            let part = self.paint(&part, cell.paint);
            self.line(&format!("{start}{part}"));
            start = " ".repeat(indent);
        }
    }

    pub(super) fn paint(&self, text: &str, paint: Paint) -> String {
        match paint.code().filter(|_| self.style.colour && !text.is_empty()) {
            Some(code) => format!("\u{1b}[{code}m{text}\u{1b}[0m"),
            None => text.to_owned(),
        }
    }

    pub(super) fn line(&mut self, line: &str) {
        self.text.push_str(line.trim_end());
        self.text.push('\n');
    }
}

/// Breaks between words; a word that is wider than the room is broken inside.
fn wrap(text: &str, room: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split(' ') {
        for piece in pieces(word, room) {
            let Some(line) = lines.last_mut() else { break };
            let gap = usize::from(!line.is_empty());
            if line.width() + gap + piece.width() <= room {
                line.push_str(&" ".repeat(gap));
                line.push_str(&piece);
            } else {
                lines.push(piece);
            }
        }
    }
    lines
}

fn pieces(word: &str, room: usize) -> Vec<String> {
    let mut pieces = Vec::new();
    let mut piece = String::new();
    for character in word.chars() {
        if piece.width() + character.width().unwrap_or(0) > room {
            pieces.push(std::mem::take(&mut piece));
        }
        piece.push(character);
    }
    pieces.push(piece);
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_break_between_words_and_long_words_inside() {
        assert_eq!(wrap("one two three", 7), ["one two", "three"]);
        assert_eq!(wrap("abcdefghij kl", 4), ["abcd", "efgh", "ij", "kl"]);
        assert_eq!(wrap("", 4), [""]);
        assert_eq!(wrap("表表表", 4), ["表表", "表"]);
    }

    #[test]
    fn colour_is_only_there_when_asked_for() {
        let text = |colour| {
            let mut page = Page::new(Style { colour, width: 80 });
            page.columns(vec![vec![painted("failed", Paint::Tone(Tone::Bad)), plain("rows")]]);
            page.finish()
        };
        assert_eq!(text(false), "  failed  rows\n");
        assert_eq!(text(true), "  \u{1b}[1;31mfailed\u{1b}[0m  rows\n");
    }
}
