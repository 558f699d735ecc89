//! What a plain dump says of itself in its opening and closing comments.

use jiff::civil::DateTime;

use crate::model::{ArchiveHeader, ServerVersion};

/// Who wrote a plain dump, by its own word. Only what `pg_dump` and `pg_dumpall` wrote must end with their closing line.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum PlainKind {
    /// `pg_dump`.
    Database,
    /// `pg_dumpall`.
    Cluster,
    /// Anybody: by hand, by another program, or by a `pg_dump` whose opening somebody removed.
    #[default]
    Unknown,
}

impl PlainKind {
    /// The line that ends such a dump, without its dashes.
    pub fn closing_line(self) -> Option<&'static str> {
        match self {
            Self::Database => Some(DATABASE_COMPLETE),
            Self::Cluster => Some(CLUSTER_COMPLETE),
            Self::Unknown => None,
        }
    }
}

pub(super) const DATABASE_COMPLETE: &str = "PostgreSQL database dump complete";
pub(super) const CLUSTER_COMPLETE: &str = "PostgreSQL database cluster dump complete";

/// The opening of a plain dump.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PlainHeader {
    /// Who wrote it.
    pub kind: PlainKind,
    /// What it says of the dump.
    pub facts: ArchiveHeader,
    /// The first encoding that it says its text is in: `UTF8`.
    pub client_encoding: Option<String>,
    /// The token of its `\restrict` line, which its last line must give back.
    pub restricted: Option<String>,
}

/// Reads the opening comments out of the first bytes of a dump.
pub fn read_header(head: &[u8]) -> PlainHeader {
    let head = String::from_utf8_lossy(head);
    let mut header = PlainHeader::default();
    // Rows could hold anything, also a comment's text.
    let opening = head.lines().take_while(|line| !line.starts_with("COPY ") && !line.starts_with("INSERT "));
    for line in opening.map(str::trim_end) {
        if let Some(comment) = line.strip_prefix("-- ") {
            read_comment(&mut header, comment);
        } else if let Some(encoding) = line.strip_prefix("SET client_encoding = ") {
            let encoding = encoding.trim_end_matches(';').trim_matches('\'');
            header.client_encoding.get_or_insert_with(|| encoding.to_owned());
        } else if let Some(token) = line.strip_prefix("\\restrict ") {
            header.restricted.get_or_insert_with(|| token.to_owned());
        }
    }
    header
}

fn read_comment(header: &mut PlainHeader, comment: &str) {
    let facts = &mut header.facts;
    if comment == "PostgreSQL database cluster dump" {
        header.kind = PlainKind::Cluster;
    } else if let Some(version) = comment.strip_prefix("Dumped from database version ") {
        facts.server_version = facts.server_version.take().or_else(|| ServerVersion::parse(version));
    } else if let Some(version) = comment.strip_prefix("Dumped by pg_dump version ") {
        facts.pg_dump_version = facts.pg_dump_version.take().or_else(|| ServerVersion::parse(version));
        if header.kind == PlainKind::Unknown {
            header.kind = PlainKind::Database;
        }
    } else if let Some(started) = comment.strip_prefix("Started on ")
        && facts.started_local.is_none()
    {
        (facts.started_local, facts.started_zone) = started_on(started);
    }
}

/// `2026-11-20 03:30:01 CET`; the zone is missing where the machine had none to tell.
fn started_on(text: &str) -> (Option<DateTime>, Option<String>) {
    let mut words = text.splitn(3, ' ');
    let (Some(date), Some(time)) = (words.next(), words.next()) else { return (None, None) };
    let local = format!("{date}T{time}").parse().ok();
    let zone = words.next().map(str::trim).filter(|zone| is_zone(zone)).map(str::to_owned);
    (local, local.and(zone))
}

fn is_zone(text: &str) -> bool {
    (1..=40).contains(&text.len()) && text.chars().all(|c| c.is_ascii_alphanumeric() || "+-:/_ ".contains(c))
}

/// Whether the last bytes of a dump are those of a complete one. What may follow the closing line: empty comments, and
/// since 15.14 and its kin `\unrestrict` with the token of the opening, which then must be there.
pub fn is_closed(tail: &[u8], header: &PlainHeader) -> bool {
    let Some(closing) = header.kind.closing_line() else { return true };
    let tail = String::from_utf8_lossy(tail);
    let lifts = |token: &String| {
        tail.lines().any(|line| line.trim_end().strip_prefix("\\unrestrict ") == Some(token.as_str()))
    };
    // Of a cluster each database has a token of its own.
    if header.kind == PlainKind::Database && !header.restricted.as_ref().is_none_or(lifts) {
        return false;
    }
    let meaningful = |line: &&str| !line.is_empty() && *line != "--" && !line.starts_with("\\unrestrict ");
    let last = tail.lines().rev().map(str::trim_end).find(meaningful);
    last.and_then(|line| line.strip_prefix("-- ")) == Some(closing)
}

#[cfg(test)]
mod tests {
    use super::*;

    const CORNER: &[u8] =
        include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/archives/corner-15.sql"));
    const CLUSTER: &[u8] =
        include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/archives/cluster-15.sql"));

    #[test]
    fn the_opening_of_a_dump_is_read() {
        let header = read_header(CORNER);
        assert_eq!(header.kind, PlainKind::Database);
        assert_eq!(header.facts.server_version.unwrap().major.0, 15);
        assert_eq!(header.facts.pg_dump_version.unwrap().major.0, 15);
        assert_eq!(header.facts.started_zone.as_deref(), Some("UTC"));
        assert_eq!(header.client_encoding.as_deref(), Some("UTF8"));
        assert_eq!(header.facts.started_local.unwrap().date().to_string(), "2026-11-21");
        assert_eq!(read_header(CLUSTER).kind, PlainKind::Cluster);
        assert_eq!(read_header(CLUSTER).facts.pg_dump_version.unwrap().major.0, 15);
    }

    #[test]
    fn a_comment_inside_of_rows_is_no_opening() {
        let header = read_header(b"COPY a FROM stdin;\n-- Dumped by pg_dump version 15.2\n\\.\n");
        assert_eq!(header, PlainHeader::default());
        let header = read_header(b"--\n-- PostgreSQL database dump\n--\nSET a = 1;\n");
        assert_eq!(header.kind, PlainKind::Unknown, "without its version line nobody knows who wrote it");
    }

    #[test]
    fn d2_a_dump_without_its_closing_line_is_not_closed() {
        for dump in [CORNER, CLUSTER] {
            let header = read_header(dump);
            assert!(is_closed(dump, &header));
            let text = String::from_utf8(dump.to_vec()).unwrap();
            assert!(is_closed(text.replace('\n', "\r\n").as_bytes(), &header));
            let closing = text.rfind(" complete").unwrap() + " complete".len();
            for cut in closing - 2000..closing {
                assert!(!is_closed(&dump[..cut], &header), "{cut}");
            }
            assert!(!is_closed(&[dump, b"select 1;\n"].concat(), &header));
        }
        assert!(!is_closed(CORNER, &PlainHeader { kind: PlainKind::Cluster, ..PlainHeader::default() }));
    }

    #[test]
    fn d2_a_restricted_dump_that_does_not_lift_its_restriction_is_not_closed() {
        let header = read_header(CORNER);
        let end = CORNER.trim_ascii_end().len();
        let closing = String::from_utf8_lossy(CORNER).rfind(" complete").unwrap() + " complete".len();
        assert!(closing + 60 < end && is_closed(&CORNER[..end], &header));
        for cut in closing..end {
            assert!(!is_closed(&CORNER[..cut], &header), "{cut}");
        }
        let before_restrictions = PlainHeader { restricted: None, ..header };
        assert!(is_closed(&CORNER[..closing], &before_restrictions));
    }

    #[test]
    fn a_zone_is_read_only_if_it_looks_like_one() {
        let read = |line: &str| {
            let facts = read_header(line.as_bytes()).facts;
            (facts.started_local.is_some(), facts.started_zone)
        };
        assert_eq!(read("-- Started on 2026-11-20 03:30:01 CET"), (true, Some("CET".into())));
        assert_eq!(read("-- Started on 2026-11-20 03:30:01 +0530"), (true, Some("+0530".into())));
        assert_eq!(read("-- Started on 2026-11-20 03:30:01"), (true, None));
        assert_eq!(read("-- Started on 2026-11-20 03:30:01 <b>"), (true, None));
        assert_eq!(read("-- Started on Friday"), (false, None));
    }
}
