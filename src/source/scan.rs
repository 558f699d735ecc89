//! A plain dump watched on its way to `psql`: which roles it needs, whether it is whole.
//!
//! [`PlainScanner::feed`] is given each chunk *before* `psql` gets it and returns the roles that the statements ending
//! in it need; whoever creates them first and forwards the chunk then is in time, because no statement is executed
//! before its semicolon. The scanner follows quotes, dollar quotes, comments and COPY data as `psql` does, so that
//! nothing inside of rows or function bodies is taken for a statement; it is no parser of SQL.

mod copy;
mod lexer;
mod statement;

use std::collections::BTreeSet;

use super::plain::PlainKind;
use lexer::Lexer;
use statement::{Meaning, Writes};

/// What a plain dump turned out to hold.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PlainSummary {
    /// Whose closing line is the last meaningful one; `Unknown` where there is none.
    pub closed_as: PlainKind,
    /// Within what the input ended.
    pub ended_inside: Option<EndedInside>,
    /// Roles that it needs and does not create.
    pub roles_needed: BTreeSet<String>,
    /// Roles that it creates.
    pub roles_created: BTreeSet<String>,
    /// Databases that it creates.
    pub databases_created: Vec<String>,
    /// Databases that it connects to, in order.
    pub databases_connected: Vec<String>,
    /// CREATE statements of any sort, those of databases and roles excepted.
    pub definitions: u64,
    /// CREATE TABLE statements, partitioned tables excepted.
    pub tables: u64,
    /// COPY … FROM stdin.
    pub copy_blocks: u64,
    /// INSERT statements.
    pub inserts: u64,
    /// Calls of `setval`.
    pub sequence_positions: u64,
    /// Calls that restore statistics.
    pub statistics: u64,
    /// Other statements that may write rows, by functions, blocks of code or queries: `pg_dump` writes none but those
    /// that fill large objects.
    pub other_writes: u64,
}

/// Within what a dump ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EndedInside {
    /// The rows of this table.
    Copy(String),
    /// A quoted text, name, function body or comment.
    Quotes,
    /// A statement without its semicolon, which `psql` executes all the same.
    Statement,
}

/// Follows a plain dump chunk by chunk, in bounded memory.
#[derive(Debug, Default)]
pub struct PlainScanner {
    lexer: Lexer,
    summary: PlainSummary,
}

impl PlainScanner {
    /// At the beginning of a dump.
    pub fn new() -> Self {
        Self::default()
    }

    /// Looks at the next chunk, cut anywhere. Returns the roles that it is the first to need, sorted: they must exist
    /// before the chunk reaches the server.
    pub fn feed(&mut self, chunk: &[u8]) -> Vec<String> {
        let Self { lexer, summary } = self;
        let mut roles = BTreeSet::new();
        lexer.feed(chunk, |meaning| {
            if let Meaning::Statement(mentions) = &meaning {
                let new = |role: &&String| {
                    !summary.roles_needed.contains(*role) && !summary.roles_created.contains(*role)
                };
                roles.extend(mentions.roles.needed.iter().filter(new).cloned());
            }
            summary.take(meaning);
        });
        roles.into_iter().collect()
    }

    /// At the end of the dump.
    pub fn finish(mut self) -> PlainSummary {
        let Self { lexer, summary } = &mut self;
        summary.ended_inside = lexer.finish(|meaning| summary.take(meaning));
        self.summary
    }
}

impl PlainSummary {
    fn take(&mut self, meaning: Meaning) {
        match meaning {
            Meaning::Comment(kind) => self.closed_as = kind,
            Meaning::Something => self.closed_as = PlainKind::Unknown,
            Meaning::Connect(database) => self.databases_connected.push(database),
            Meaning::Insert => self.inserts += 1,
            Meaning::Copy => self.copy_blocks += 1,
            Meaning::Statement(statement) => {
                let created = &self.roles_created;
                let needed = statement.roles.needed.into_iter().filter(|role| !created.contains(role));
                self.roles_needed.extend(needed);
                self.roles_created.extend(statement.roles.created);
                self.databases_created.extend(statement.creates_database);
                self.definitions += u64::from(statement.defines);
                self.tables += u64::from(statement.creates_table);
                match statement.writes {
                    Some(Writes::SequencePosition) => self.sequence_positions += 1,
                    Some(Writes::Statistics) => self.statistics += 1,
                    Some(Writes::Anything) => self.other_writes += 1,
                    None => {}
                }
            }
        }
    }
}

#[cfg(test)]
mod tests;
