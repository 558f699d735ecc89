//! What a statement or a comment of a plain dump means to us.

use super::super::plain::{CLUSTER_COMPLETE, DATABASE_COMPLETE, PlainKind};
use crate::database::postgres::archive::roles::{RoleMentions, roles_in};

/// A thing that the scanner met.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Meaning {
    /// A closing line.
    Comment(PlainKind),
    /// Something that is neither comment nor space: a closing line before it was not the last.
    Something,
    /// `\connect` to this database.
    Connect(String),
    /// INSERT.
    Insert,
    /// COPY … FROM stdin.
    Copy,
    /// Any other statement that tells something.
    Statement(Statement),
}

/// What a statement tells.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Statement {
    pub(super) roles: RoleMentions,
    pub(super) creates_database: Option<String>,
    pub(super) defines: bool,
    pub(super) creates_table: bool,
    pub(super) writes: Option<Writes>,
}

/// What a statement other than COPY and INSERT writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Writes {
    /// A sequence's position.
    SequencePosition,
    /// What the planner knows of a table: no row.
    Statistics,
    /// Rows, perhaps.
    Anything,
}

/// Reads a comment without its dashes.
pub(super) fn read_comment(text: &[u8]) -> Option<Meaning> {
    match std::str::from_utf8(text).ok()?.trim() {
        DATABASE_COMPLETE => Some(Meaning::Comment(PlainKind::Database)),
        CLUSTER_COMPLETE => Some(Meaning::Comment(PlainKind::Cluster)),
        _ => None,
    }
}

/// Reads a command of `psql` without its backslash.
pub(super) fn read_command(text: &[u8]) -> Option<Meaning> {
    let text = String::from_utf8_lossy(text);
    let mut words = text.split_whitespace();
    match words.next()? {
        "connect" | "c" => {
            let argument = words.find(|word| !word.starts_with("-reuse-previous"))?;
            let database = argument.trim_matches('"').trim_start_matches("dbname=").trim_matches(['\'', '"']);
            Some(Meaning::Connect(database.to_owned()))
        }
        "copy" if reads_stdin(&text) => Some(Meaning::Copy),
        "unrestrict" | "restrict" => None,
        _ => Some(Meaning::Something),
    }
}

/// Reads a statement without its semicolon; `None` where it tells nothing.
pub(super) fn read_statement(text: &[u8]) -> Option<Meaning> {
    let text = String::from_utf8_lossy(text);
    let mut words = text.split_whitespace().map(str::to_ascii_lowercase);
    match words.next()?.as_str() {
        "insert" => Some(Meaning::Insert),
        "copy" if reads_stdin(&text) => Some(Meaning::Copy),
        "create" => Some(Meaning::Statement(read_create(&text, &words.take(3).collect::<Vec<_>>()))),
        "alter" | "grant" | "revoke" | "set" => {
            Some(Meaning::Statement(Statement { roles: roles_in(&text), ..Statement::default() }))
        }
        "select" => {
            let writes = if calls_statistics(words) {
                Some(Writes::Statistics)
            } else if text.contains("setval(") || text.contains("setval (") {
                Some(Writes::SequencePosition)
            } else {
                (!text.contains("set_config(")).then_some(Writes::Anything)
            };
            Some(Meaning::Statement(Statement { writes, ..Statement::default() }))
        }
        "call" | "do" | "execute" | "merge" | "update" | "with" => {
            Some(Meaning::Statement(Statement { writes: Some(Writes::Anything), ..Statement::default() }))
        }
        _ => None,
    }
}

/// Whether a SELECT is as `pg_dump --statistics` (18) writes it, `SELECT * FROM pg_catalog.pg_restore_relation_stats(…)`,
/// and nothing else.
fn calls_statistics(mut words: impl Iterator<Item = String>) -> bool {
    if words.next().as_deref() != Some("*") || words.next().as_deref() != Some("from") {
        return false;
    }
    let called = words.next();
    let name = called.as_deref().and_then(|word| word.split_once('(')).map_or("", |(name, _)| name);
    let name = name.strip_prefix("pg_catalog.").unwrap_or_default();
    name.starts_with("pg_restore_") && name.ends_with("_stats")
}

fn read_create(text: &str, next: &[String]) -> Statement {
    let next: Vec<&str> = next.iter().map(String::as_str).collect();
    let creates_table = matches!(
        next.as_slice(),
        ["table", ..] | ["unlogged" | "temp" | "temporary", "table", ..] | ["local" | "global", _, "table"]
    );
    let partitioned = text.contains("\nPARTITION BY ");
    let creates_database = match next.as_slice() {
        ["database", ..] => text.split_whitespace().nth(2).map(|name| name.trim_matches('"').to_owned()),
        _ => None,
    };
    let is_role =
        matches!(next.first(), Some(&("role" | "user" | "group"))) && next.get(1) != Some(&"mapping");
    Statement {
        roles: roles_in(text),
        defines: creates_database.is_none() && !is_role,
        creates_database,
        creates_table: creates_table && !partitioned,
        writes: (creates_table && makes_rows(text)).then_some(Writes::Anything),
    }
}

/// `CREATE TABLE … AS SELECT …`.
fn makes_rows(text: &str) -> bool {
    let lower = text.to_ascii_lowercase();
    let words: Vec<&str> = lower.split_whitespace().collect();
    words
        .windows(2)
        .any(|pair| pair[0] == "as" && ["select", "with", "values", "table", "execute"].contains(&pair[1]))
}

/// Whether the rows of a COPY follow in the dump.
fn reads_stdin(text: &str) -> bool {
    let lower = text.to_ascii_lowercase();
    let mut words = lower.split_whitespace();
    while let Some(word) = words.next() {
        if word == "from" {
            return words.next().is_some_and(|source| matches!(source, "stdin" | "stdin("));
        }
    }
    false
}

/// The table whose rows follow, as the statement names it.
pub(super) fn copied_table(text: &[u8]) -> String {
    let text = String::from_utf8_lossy(text);
    let name = text.split_once(char::is_whitespace).map_or("", |(_, rest)| rest.trim_start());
    let mut in_quotes = false;
    let end = name.find(|c: char| {
        in_quotes ^= c == '"';
        !in_quotes && (c.is_whitespace() || c == '(')
    });
    name[..end.unwrap_or(name.len())].chars().take(130).collect()
}
