//! Lines of a plain dump that drop (`pg_dump --clean`): in a new database nothing is there to be dropped, and the
//! server's message alone does not tell a DROP of a missing function from a use of it.

/// Sorted line numbers of statements that drop. Few: those at the head of a dump.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DropLines(Vec<u64>);

impl DropLines {
    /// Whether the statement that ended on this line is a DROP.
    pub fn contains(&self, line: Option<u64>) -> bool {
        line.is_some_and(|line| self.0.binary_search(&line).is_ok())
    }
}

impl FromIterator<u64> for DropLines {
    fn from_iter<I: IntoIterator<Item = u64>>(lines: I) -> Self {
        let mut lines: Vec<u64> = lines.into_iter().collect();
        lines.sort_unstable();
        Self(lines)
    }
}

/// The most lines that are kept.
const MOST: usize = 200_000;
/// Bytes of a line that are looked at; `pg_dump`'s lines that drop are shorter.
const LONGEST: usize = 512;

/// Finds them while the dump streams by. Looks at whole lines only, as `pg_dump` writes them: a line inside a function's
/// body that looks the same ends no statement, so no error is ever told of it.
#[derive(Debug, Default)]
pub struct DropScanner {
    line: u64,
    head: Vec<u8>,
    ends_in_semicolon: bool,
    /// Within a view that `pg_dump` empties, because it can't be dropped before what depends on it:
    /// `CREATE OR REPLACE VIEW … AS`, `SELECT`, and a line of `NULL::` for each column.
    empties_view: bool,
    found: DropLines,
}

impl DropScanner {
    /// Takes the next bytes of the dump's text, in pieces of any size.
    pub fn feed(&mut self, bytes: &[u8]) {
        for part in bytes.split_inclusive(|byte| *byte == b'\n') {
            let text = part.strip_suffix(b"\n").unwrap_or(part);
            let room = LONGEST.saturating_sub(self.head.len()).min(text.len());
            self.head.extend_from_slice(&text[..room]);
            if let Some(last) = text.last().filter(|last| **last != b'\r') {
                self.ends_in_semicolon = *last == b';';
            }
            if part.ends_with(b"\n") {
                self.end_line();
            }
        }
    }

    /// The lines that were found.
    pub fn finish(mut self) -> DropLines {
        self.end_line();
        self.found
    }

    fn end_line(&mut self) {
        self.line += 1;
        let begins = self.head.starts_with(b"CREATE OR REPLACE VIEW ") && self.head.ends_with(b" AS");
        let column = self.head.starts_with(b"    NULL::");
        self.empties_view = begins || self.empties_view && (self.head == b"SELECT" || column);
        let ends = drops(&self.head) || self.empties_view && column;
        if self.ends_in_semicolon && ends && self.found.0.len() < MOST {
            self.found.0.push(self.line);
        }
        self.empties_view &= !self.ends_in_semicolon;
        self.head.clear();
        self.ends_in_semicolon = false;
    }
}

fn drops(line: &[u8]) -> bool {
    let alters = || {
        let constraint = b" DROP CONSTRAINT ";
        let owner = line.starts_with(b"ALTER TABLE ") || line.starts_with(b"ALTER DOMAIN ");
        owner && memchr::memmem::find(line, constraint).is_some()
    };
    let column_default = || line.starts_with(b"ALTER TABLE ") && line.ends_with(b" DROP DEFAULT;");
    line.starts_with(b"DROP ")
        || alters()
        || column_default()
        || line.starts_with(b"SELECT pg_catalog.lo_unlink(")
}
