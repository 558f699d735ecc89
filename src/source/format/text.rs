//! Text: SQL that `psql` reads, or something else.

use super::Found;
use crate::model::BackupFormat;

const PLAIN_SQL: Found = Found::Backup(BackupFormat::PlainSql);

/// The first words of statements that open a plain dump, hand-written ones included.
const STATEMENTS: &[&str] = &[
    "abort",
    "alter",
    "analyze",
    "begin",
    "call",
    "checkpoint",
    "cluster",
    "comment",
    "commit",
    "copy",
    "create",
    "declare",
    "delete",
    "discard",
    "do",
    "drop",
    "end",
    "explain",
    "grant",
    "import",
    "insert",
    "lock",
    "merge",
    "notify",
    "reassign",
    "refresh",
    "reindex",
    "reset",
    "revoke",
    "rollback",
    "savepoint",
    "security",
    "select",
    "set",
    "show",
    "start",
    "table",
    "truncate",
    "update",
    "vacuum",
    "values",
    "with",
];

/// Recognises what no signature told.
pub(super) fn recognise(head: &[u8]) -> Found {
    if let Some(kind) = utf16(head) {
        return Found::Other(kind);
    }
    if head.contains(&0) {
        return Found::Other("binary data of no known sort");
    }
    let text = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head);
    if !is_text(text) {
        return Found::Other("binary data of no known sort");
    }
    // Keywords are ASCII, so Latin-1 text may be looked at as if it were UTF-8.
    let text = String::from_utf8_lossy(text);
    let text = text.trim_start();
    by_opening(text).unwrap_or_else(|| by_statement(text))
}

fn utf16(head: &[u8]) -> Option<&'static str> {
    let kind = "UTF-16 text, as the `>` of Windows PowerShell writes it, which psql cannot read";
    (head.starts_with(b"\xff\xfe") || head.starts_with(b"\xfe\xff")).then_some(kind)
}

/// UTF-8, or an eight-bit encoding: control characters are what text does not have.
fn is_text(bytes: &[u8]) -> bool {
    let control = |byte: &&u8| matches!(byte, 0..=8 | 14..=26 | 28..=31 | 127);
    bytes.iter().filter(control).count() * 200 <= bytes.len()
}

fn by_opening(text: &str) -> Option<Found> {
    const OPENINGS: &[(&str, Found)] = &[
        ("<!doctype html", Found::Other("an HTML page")),
        ("<html", Found::Other("an HTML page")),
        ("<?xml", Found::Other("an XML document, perhaps a store's error message")),
        ("<error", Found::Other("an XML document, perhaps a store's error message")),
        ("<", Found::Other("markup of some sort")),
        ("{", Found::Other("a JSON document")),
        ("[", Found::Other("a JSON document or a configuration file")),
        ("#!", Found::Other("a script")),
        ("-- mysql dump", Found::Other("a MySQL dump")),
        ("-- mariadb dump", Found::Other("a MariaDB dump")),
        ("/*m!999999", Found::Other("a MariaDB dump")),
        ("/*!", Found::Other("a MySQL or MariaDB dump")),
        ("-- phpmyadmin sql dump", Found::Other("a MySQL dump by phpMyAdmin")),
        ("pragma ", Found::Other("an SQLite dump")),
        ("use [", Found::Other("a script for Microsoft SQL Server")),
        ("-----begin ", Found::Other("a key or certificate")),
        ("version https://git-lfs", Found::Other("a pointer of Git LFS, not the file that it points to")),
        ("pg_dump:", Found::Other("the error message of pg_dump, not a dump")),
        ("pg_dumpall:", Found::Other("the error message of pg_dumpall, not a dump")),
        ("psql:", Found::Other("the error message of psql, not a dump")),
        ("mysqldump:", Found::Other("the error message of mysqldump, not a dump")),
        ("error:", Found::Other("an error message")),
        ("http/1", Found::Other("the answer of a web server with its headers")),
        ("start wal location:", Found::Later(BackupFormat::BaseBackup, "the label of a base backup")),
    ];
    let opens =
        |opening: &str| text.get(..opening.len()).is_some_and(|start| start.eq_ignore_ascii_case(opening));
    OPENINGS.iter().find(|(opening, _)| opens(opening)).map(|(_, found)| *found)
}

/// SQL is what begins with the first word of a statement, or a command of psql, after any comments.
fn by_statement(text: &str) -> Found {
    let statement = skip_comments(text);
    if statement.starts_with("/*!") {
        return Found::Other("a MySQL or MariaDB dump");
    }
    let word: String = statement.chars().take_while(char::is_ascii_alphabetic).collect();
    let after = statement[word.len()..].chars().next();
    let ends =
        after.is_none_or(|c| c.is_whitespace() || matches!(c, ';' | '(' | '"' | '*' | '-' | '/' | '\''));
    let sql = ends && STATEMENTS.contains(&word.to_ascii_lowercase().as_str());
    // A file of comments alone is SQL in form; that it holds nothing is found later.
    if statement.starts_with('\\') || sql || (statement.is_empty() && text.starts_with(['-', '/'])) {
        if is_mysql(statement) { Found::Other("a dump in MySQL's dialect") } else { PLAIN_SQL }
    } else {
        Found::Other("text that is not SQL")
    }
}

/// Names in backquotes are `MySQL`'s, and no statement of PostgreSQL has one.
fn is_mysql(statement: &str) -> bool {
    let first_line = statement.lines().next().unwrap_or_default();
    !first_line.contains('\'') && first_line.matches('`').count() >= 2
}

fn skip_comments(mut text: &str) -> &str {
    loop {
        text = text.trim_start();
        text = if text.starts_with("--") {
            text.split_once('\n').map_or("", |(_, rest)| rest)
        } else if text.starts_with("/*") && !text.starts_with("/*!") {
            text.split_once("*/").map_or("", |(_, rest)| rest)
        } else {
            return text;
        };
    }
}
