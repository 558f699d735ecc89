//! Where quotes, comments, statements and rows begin and end; byte by byte, chunks cut anywhere.

use memchr::{memchr, memchr2};

use super::EndedInside;
use super::copy::{self, Line};
use super::statement::{Meaning, copied_table, read_command, read_comment, read_statement};

/// Bytes of a statement that are kept; what tells us something is shorter.
const LONGEST_STATEMENT: usize = 64 * 1024;
/// Bytes of a comment or a command that are kept.
const LONGEST_LINE: usize = 1024;

#[derive(Debug, Default)]
pub(super) struct Lexer {
    state: State,
    /// The statement so far, without comments and bodies.
    statement: Vec<u8>,
    /// The comment or command so far.
    line: Vec<u8>,
    /// The last two bytes outside of quotes: they decide what a quote or a dollar opens.
    last: [u8; 2],
    /// `standard_conforming_strings` is off: backslashes escape in every text.
    backslashes_escape: bool,
}

#[derive(Debug, Default, PartialEq, Eq)]
enum State {
    /// Between tokens.
    #[default]
    Code,
    /// Behind one `-`.
    Dash,
    /// Behind one `/`.
    Slash,
    LineComment,
    BlockComment {
        depth: u32,
        last: u8,
    },
    /// `\…` of psql, until the end of the line.
    Command,
    Text {
        escapes: bool,
        escaped: bool,
    },
    Name,
    /// Behind `$`, inside of what may be a tag.
    Tag(Vec<u8>),
    /// Inside of a dollar quote; the tag with both dollars, and how much of it was just met.
    Body {
        tag: Vec<u8>,
        met: usize,
    },
    /// Behind the semicolon of a COPY, until the end of the line.
    BeforeRows(String),
    Rows {
        table: String,
        line: Line,
    },
}

impl Lexer {
    pub(super) fn feed(&mut self, chunk: &[u8], mut tell: impl FnMut(Meaning)) {
        let mut rest = chunk;
        while !rest.is_empty() {
            let taken = self.step(rest, &mut tell);
            rest = &rest[taken..];
        }
    }

    /// Takes at least one byte, or changes the state.
    fn step(&mut self, rest: &[u8], tell: &mut impl FnMut(Meaning)) -> usize {
        match &mut self.state {
            State::Code => self.code(rest, tell),
            State::Dash => self.second(rest[0], b'-', State::LineComment, tell),
            State::Slash => self.second(rest[0], b'*', State::BlockComment { depth: 1, last: 0 }, tell),
            State::LineComment => self.line(rest, read_comment, tell),
            State::Command => self.line(rest, read_command, tell),
            State::BlockComment { depth, last } => {
                let (taken, ended) = pass_block_comment(depth, last, rest);
                if ended {
                    self.state = State::Code;
                }
                taken
            }
            State::Text { .. } => self.text(rest),
            State::Name => {
                let end = memchr(b'"', rest).map_or(rest.len(), |at| at + 1);
                if rest[end - 1] == b'"' {
                    self.state = State::Code;
                }
                self.keep(&rest[..end]);
                end
            }
            State::Tag(_) => self.tag(rest[0]),
            State::Body { tag, met } => {
                let (taken, ended) = pass_body(tag, met, rest);
                if ended {
                    self.state = State::Code;
                    self.keep(b"''");
                }
                taken
            }
            State::BeforeRows(table) => {
                let Some(at) = memchr(b'\n', rest) else { return rest.len() };
                self.state = State::Rows { table: std::mem::take(table), line: Line::Start };
                at + 1
            }
            State::Rows { line, .. } => match copy::pass(line, rest) {
                Some(taken) => {
                    self.state = State::Code;
                    taken
                }
                None => rest.len(),
            },
        }
    }

    fn code(&mut self, rest: &[u8], tell: &mut impl FnMut(Meaning)) -> usize {
        let run = rest.iter().position(|byte| is_special(*byte)).unwrap_or(rest.len());
        if run > 0 {
            self.plain(&rest[..run], tell);
            return run;
        }
        let opens_text = || {
            let marked = matches!(self.last[1], b'e' | b'E') && !is_name_byte(self.last[0]);
            State::Text { escapes: self.backslashes_escape || marked, escaped: false }
        };
        match rest[0] {
            b'-' => self.state = State::Dash,
            b'/' => self.state = State::Slash,
            b'\'' => {
                self.state = opens_text();
                self.open(b"'", tell);
            }
            b'"' => {
                self.state = State::Name;
                self.open(b"\"", tell);
            }
            b'$' if !is_name_byte(self.last[1]) => self.state = State::Tag(vec![b'$']),
            b'\\' => {
                self.state = State::Command;
                self.line.clear();
            }
            b';' => self.end_statement(tell),
            other => self.plain(&[other], tell),
        }
        1
    }

    /// A second byte decides whether a comment begins; if none does, the first was code and this one is looked at anew.
    fn second(&mut self, byte: u8, wanted: u8, comment: State, tell: &mut impl FnMut(Meaning)) -> usize {
        if byte == wanted {
            self.state = comment;
            self.line.clear();
            return 1;
        }
        let first = if self.state == State::Dash { b"-" } else { b"/" };
        self.state = State::Code;
        self.plain(first, tell);
        0
    }

    /// Code that needs no decision.
    fn plain(&mut self, run: &[u8], tell: &mut impl FnMut(Meaning)) {
        if self.statement.is_empty() {
            // A byte order mark may open the file.
            let blank = |byte: &u8| byte.is_ascii_whitespace() || matches!(byte, 0xef | 0xbb | 0xbf);
            let Some(start) = run.iter().position(|byte| !blank(byte)) else { return };
            tell(Meaning::Something);
            self.keep(&run[start..]);
        } else {
            self.keep(run);
        }
        self.last = match run {
            [.., a, b] => [*a, *b],
            [b] => [self.last[1], *b],
            [] => self.last,
        };
    }

    /// An opening quote leaves `last` as it is, so that a doubled one finds it so again.
    fn open(&mut self, quote: &[u8], tell: &mut impl FnMut(Meaning)) {
        if self.statement.is_empty() {
            tell(Meaning::Something);
        }
        self.keep(quote);
    }

    /// Rows given by INSERT tell nothing, and there are many.
    fn keep(&mut self, bytes: &[u8]) {
        let is_insert = self.statement.len() > 8 && self.statement[..6].eq_ignore_ascii_case(b"insert");
        if !is_insert && self.statement.len() < LONGEST_STATEMENT {
            let room = LONGEST_STATEMENT - self.statement.len();
            self.statement.extend_from_slice(&bytes[..bytes.len().min(room)]);
        }
    }

    fn end_statement(&mut self, tell: &mut impl FnMut(Meaning)) {
        let meaning = read_statement(&self.statement);
        if meaning == Some(Meaning::Copy) {
            self.state = State::BeforeRows(copied_table(&self.statement));
        }
        if let Some(off) = standard_strings_off(&self.statement) {
            self.backslashes_escape = off;
        }
        self.statement.clear();
        self.last = [b' '; 2];
        if let Some(meaning) = meaning {
            tell(meaning);
        }
    }

    /// A comment or a command, up to and including its line's end.
    fn line(
        &mut self,
        rest: &[u8],
        read: impl Fn(&[u8]) -> Option<Meaning>,
        tell: &mut impl FnMut(Meaning),
    ) -> usize {
        let end = memchr(b'\n', rest);
        let part = &rest[..end.unwrap_or(rest.len())];
        let room = LONGEST_LINE.saturating_sub(self.line.len());
        self.line.extend_from_slice(&part[..part.len().min(room)]);
        if end.is_some() {
            self.end_line(read, tell);
        }
        end.map_or(rest.len(), |at| at + 1)
    }

    fn end_line(&mut self, read: impl Fn(&[u8]) -> Option<Meaning>, tell: &mut impl FnMut(Meaning)) {
        let is_command = self.state == State::Command;
        self.state = State::Code;
        self.last = [b' '; 2];
        let meaning = read(&self.line);
        if is_command && meaning == Some(Meaning::Copy) {
            self.state = State::Rows { table: copied_table(&self.line), line: Line::Start };
        }
        // `\g` and its kin end a statement as a semicolon does.
        if is_command && self.line.first() == Some(&b'g') {
            self.end_statement(tell);
        }
        if let Some(meaning) = meaning {
            tell(meaning);
        }
    }

    /// Single quotes. A doubled quote closes and opens again, which comes to the same in a text without escapes; in
    /// one with escapes the opening quote finds the `E` still in `last`.
    fn text(&mut self, rest: &[u8]) -> usize {
        let State::Text { escapes, escaped } = &mut self.state else { return 0 };
        if *escaped {
            *escaped = false;
            return 1;
        }
        let stop = if *escapes { memchr2(b'\'', b'\\', rest) } else { memchr(b'\'', rest) };
        let end = stop.map_or(rest.len(), |at| at + 1);
        match stop.map(|at| rest[at]) {
            Some(b'\\') => *escaped = true,
            Some(_) => self.state = State::Code,
            None => {}
        }
        self.keep(&rest[..end]);
        end
    }

    fn tag(&mut self, byte: u8) -> usize {
        let State::Tag(tag) = &mut self.state else { return 0 };
        let continues = is_name_byte(byte) && byte != b'$' && !(tag.len() == 1 && byte.is_ascii_digit());
        if byte == b'$' {
            tag.push(byte);
            self.state = State::Body { tag: std::mem::take(tag), met: 0 };
            return 1;
        }
        if continues && tag.len() < 70 {
            tag.push(byte);
            return 1;
        }
        // No tag but `$1` or the like.
        let tag = std::mem::take(tag);
        self.state = State::Code;
        self.keep(&tag);
        self.last = [b'$', tag.last().copied().unwrap_or(b'$')];
        0
    }

    pub(super) fn finish(&mut self, mut tell: impl FnMut(Meaning)) -> Option<EndedInside> {
        if matches!(self.state, State::LineComment | State::Command) {
            self.feed(b"\n", &mut tell);
        }
        match &mut self.state {
            // A line that is all there but for its end.
            State::Rows { line: Line::Dot | Line::DotReturn, .. } => None,
            State::Rows { table, .. } | State::BeforeRows(table) => {
                Some(EndedInside::Copy(std::mem::take(table)))
            }
            State::Text { .. } | State::Name | State::Body { .. } | State::BlockComment { .. } => {
                Some(EndedInside::Quotes)
            }
            _ if self.statement.is_empty() => None,
            _ => Some(EndedInside::Statement),
        }
    }
}

fn is_special(byte: u8) -> bool {
    matches!(byte, b'-' | b'/' | b'\'' | b'"' | b'$' | b'\\' | b';')
}

/// Bytes beyond ASCII may be part of a name as well.
fn is_name_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'$' | 0x80..)
}

/// Block comments nest.
fn pass_block_comment(depth: &mut u32, last: &mut u8, rest: &[u8]) -> (usize, bool) {
    for (at, byte) in rest.iter().enumerate() {
        match (*last, *byte) {
            (b'*', b'/') => {
                *depth -= 1;
                *last = 0;
                if *depth == 0 {
                    return (at + 1, true);
                }
            }
            (b'/', b'*') => {
                *depth = depth.saturating_add(1);
                *last = 0;
            }
            (_, byte) => *last = byte,
        }
    }
    (rest.len(), false)
}

/// A tag has dollars at its two ends only, so a mismatch can begin anew with its own byte at most.
fn pass_body(tag: &[u8], met: &mut usize, rest: &[u8]) -> (usize, bool) {
    let mut at = 0;
    while at < rest.len() {
        if *met == 0 {
            let Some(found) = memchr(b'$', &rest[at..]) else { return (rest.len(), false) };
            at += found;
        }
        *met = match rest[at] {
            byte if byte == tag[*met] => *met + 1,
            b'$' => 1,
            _ => 0,
        };
        at += 1;
        if *met == tag.len() {
            return (at, true);
        }
    }
    (rest.len(), false)
}

/// `SET standard_conforming_strings = off`, which `pg_dump` writes where the source had it so.
fn standard_strings_off(statement: &[u8]) -> Option<bool> {
    let text = std::str::from_utf8(statement.get(..200).unwrap_or(statement)).ok()?;
    let setting = text.strip_prefix("SET standard_conforming_strings")?;
    Some(setting.trim_start_matches([' ', '=']).trim_matches('\'').eq_ignore_ascii_case("off"))
}
