//! The rows of a COPY: everything until a line that is `\.`.

use memchr::memmem;

/// Where in its line the scanner stands.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Line {
    /// At its start.
    #[default]
    Start,
    /// Behind `\`, the first byte of it.
    Backslash,
    /// Behind `\.`.
    Dot,
    /// Behind `\.` and a carriage return.
    DotReturn,
    /// In a row.
    Row,
}

/// Passes over rows. Returns the bytes taken if the end of the data is among them, else `None`: all were rows.
pub(super) fn pass(line: &mut Line, chunk: &[u8]) -> Option<usize> {
    let mut at = 0;
    while at < chunk.len() {
        if *line == Line::Row {
            let Some(found) = memmem::find(&chunk[at..], b"\n\\.") else {
                *line = line_at_end(&chunk[at..]);
                return None;
            };
            at += found + 1;
            *line = Line::Start;
        }
        *line = match (*line, chunk[at]) {
            (Line::Start, b'\\') => Line::Backslash,
            (Line::Backslash, b'.') => Line::Dot,
            (Line::Dot, b'\r') => Line::DotReturn,
            (Line::Dot | Line::DotReturn, b'\n') => return Some(at + 1),
            (_, b'\n') => Line::Start,
            _ => Line::Row,
        };
        at += 1;
    }
    None
}

/// Where a chunk of rows without `\n\.` leaves its last line.
fn line_at_end(rows: &[u8]) -> Line {
    match rows {
        [.., b'\n'] => Line::Start,
        [.., b'\n', b'\\'] => Line::Backslash,
        _ => Line::Row,
    }
}
