//! Whether a backup holds what it is meant to hold: `backup.contains`, `backup.allow_empty`.

use super::SourceError;
use super::plain::PlainKind;
use super::scan::{EndedInside, PlainSummary};
use crate::database::postgres::archive::Contents;
use crate::definition;

/// What a backup holds, as far as completeness is concerned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Holdings {
    /// Definitions of any sort.
    pub schema: bool,
    /// Tables that can hold rows.
    pub tables: u64,
    /// Tables whose rows, be they none, are in it.
    pub table_data: u64,
    /// Rows, positions of sequences, large objects.
    pub data: bool,
    /// What the planner knows of tables, which is worth nothing without them.
    pub statistics: bool,
}

impl From<&Contents> for Holdings {
    fn from(contents: &Contents) -> Self {
        Self {
            schema: contents.has_schema(),
            tables: contents.tables,
            table_data: contents.table_data,
            data: contents.has_data(),
            statistics: contents.statistics > 0,
        }
    }
}

impl From<&PlainSummary> for Holdings {
    fn from(summary: &PlainSummary) -> Self {
        // Who writes a dump by hand may fill its tables in any way (2026-11-21).
        let table_data = summary.copy_blocks + summary.inserts + summary.other_writes;
        Self {
            schema: summary.definitions > 0,
            tables: summary.tables,
            table_data,
            data: table_data + summary.sequence_positions > 0,
            statistics: summary.statistics > 0,
        }
    }
}

/// Judges what a backup holds.
pub fn judge_holdings(
    holdings: Holdings,
    contains: definition::Contains,
    allow_empty: bool,
) -> Result<(), SourceError> {
    use definition::Contains::{Data, Full, Schema};
    let Holdings { schema, tables, table_data, data, statistics } = holdings;
    let missing = match contains {
        _ if !schema && !data && statistics => {
            "it holds statistics and neither tables nor rows, as with --statistics-only"
        }
        _ if !schema && !data => {
            "it holds neither tables nor rows: the database was empty (`backup.allow_empty`)"
        }
        Full if !schema => "it holds rows and no definitions, as with --data-only",
        Full if tables > 0 && table_data == 0 => {
            "it holds tables and not the rows of any, as with --schema-only"
        }
        Full if tables == 0 && table_data == 0 => "it holds no table (`backup.allow_empty`)",
        Schema if !schema => "the drill says that it holds the schema, and it holds rows only",
        Data if !data => "the drill says that it holds data, and it holds definitions only",
        Full | Schema | Data => return Ok(()),
    };
    // An empty database has no statistics either.
    let empty = table_data == 0
        && (tables == 0 || contains != Full)
        && !(contains == Data && schema)
        && (schema || !statistics);
    if allow_empty && empty { Ok(()) } else { Err(SourceError::Incomplete { what: missing.to_owned() }) }
}

/// Judges the end of a plain dump once it has been read through. Returns what could not be verified, for the record.
pub fn judge_end(id: &str, kind: PlainKind, summary: &PlainSummary) -> Result<Option<String>, SourceError> {
    let truncated = |what: String| Err(SourceError::Truncated { id: id.to_owned(), what });
    match (&summary.ended_inside, kind.closing_line()) {
        (Some(EndedInside::Copy(table)), _) => truncated(format!("it ends within the rows of {table}")),
        (Some(EndedInside::Quotes), _) => truncated("it ends within a quoted text".to_owned()),
        (_, Some(closing)) if summary.closed_as != kind => {
            truncated(format!("it does not end with `-- {closing}`"))
        }
        (_, Some(_)) => Ok(None),
        (_, None) => Ok(Some(
            "completeness: the dump does not say that pg_dump wrote it, so its end proves nothing".to_owned(),
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::definition::Contains;

    fn judged(schema: bool, tables: u64, table_data: u64, contains: Contains, allow_empty: bool) -> bool {
        let holdings = Holdings { schema, tables, table_data, data: table_data > 0, statistics: false };
        judge_holdings(holdings, contains, allow_empty).is_ok()
    }

    #[test]
    fn d12_statistics_are_neither_rows_nor_an_empty_database() {
        let alone = Holdings { schema: false, tables: 0, table_data: 0, data: false, statistics: true };
        for (contains, allow_empty) in [
            (Contains::Full, false),
            (Contains::Full, true),
            (Contains::Schema, true),
            (Contains::Data, true),
        ] {
            let error = judge_holdings(alone, contains, allow_empty).unwrap_err();
            assert!(error.to_string().contains("--statistics-only"), "{error}");
        }
        let beside_tables = Holdings { schema: true, tables: 2, ..alone };
        let error = judge_holdings(beside_tables, Contains::Full, false).unwrap_err();
        assert!(error.to_string().contains("not the rows of any"), "{error}");
    }

    #[test]
    fn d12_a_dump_without_rows_or_definitions_is_incomplete_unless_the_drill_says_so() {
        assert!(judged(true, 3, 3, Contains::Full, false));
        assert!(judged(true, 3, 1, Contains::Full, false), "some tables may be left out on purpose");
        for allow_empty in [false, true] {
            assert!(!judged(true, 3, 0, Contains::Full, allow_empty), "schema-only is not empty");
            assert!(!judged(false, 0, 3, Contains::Full, allow_empty), "data-only is not empty");
        }
        assert!(judged(true, 3, 0, Contains::Schema, false));
        assert!(judged(false, 0, 3, Contains::Data, false));
        assert!(!judged(false, 0, 3, Contains::Schema, false));
        assert!(!judged(true, 3, 0, Contains::Data, true));
    }

    #[test]
    fn d11_an_empty_database_is_incomplete_unless_it_may_be_empty() {
        for contains in [Contains::Full, Contains::Schema, Contains::Data] {
            assert!(!judged(false, 0, 0, contains, false), "{contains:?}");
            assert!(judged(false, 0, 0, contains, true), "{contains:?}");
        }
        assert!(!judged(true, 0, 0, Contains::Full, false), "functions and no table");
        assert!(judged(true, 0, 0, Contains::Full, true));
    }
}
