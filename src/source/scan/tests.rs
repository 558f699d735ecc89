use proptest::prelude::*;

use super::*;

const CORNER: &[u8] = include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/archives/corner-15.sql"));
const CLUSTER: &[u8] = include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/archives/cluster-15.sql"));

fn scan(text: &[u8], chunk: usize) -> PlainSummary {
    let mut scanner = PlainScanner::new();
    for chunk in text.chunks(chunk) {
        scanner.feed(chunk);
    }
    scanner.finish()
}

fn whole(text: &str) -> PlainSummary {
    scan(text.as_bytes(), usize::MAX)
}

#[test]
fn a_dump_tells_the_same_however_it_is_cut_into_chunks() {
    for dump in [CORNER, CLUSTER] {
        let once = scan(dump, usize::MAX);
        for chunk in [1, 2, 3, 7, 64, 1000] {
            assert_eq!(scan(dump, chunk), once, "chunks of {chunk}");
        }
    }
}

#[test]
fn a_dump_of_pg_dump_tells_what_it_holds() {
    let summary = scan(CORNER, 4096);
    let roles: Vec<&str> = summary.roles_needed.iter().map(String::as_str).collect();
    assert_eq!(roles, ["Corner \"Grantee\"", "corner_owner", "corner_policy", "corner_reader", "postgres"]);
    assert_eq!((summary.tables, summary.copy_blocks, summary.sequence_positions), (4, 4, 2));
    assert_eq!((summary.closed_as, summary.ended_inside), (PlainKind::Database, None));
    assert_eq!(summary.roles_created, BTreeSet::new());
}

#[test]
fn a_dump_of_a_cluster_creates_its_roles_and_databases() {
    let summary = scan(CLUSTER, 4096);
    assert_eq!(summary.closed_as, PlainKind::Cluster);
    assert_eq!(summary.roles_needed, BTreeSet::new());
    assert!(summary.roles_created.contains("Corner \"Grantee\""), "{:?}", summary.roles_created);
    assert_eq!(summary.databases_created, ["corner"]);
    assert_eq!(summary.databases_connected, ["template1", "corner", "postgres"]);
}

#[test]
fn d2_a_plain_dump_cut_at_any_byte_is_not_closed() {
    let closing = CORNER.windows(9).rposition(|window| window == b" complete").unwrap() + 9;
    for cut in 0..closing {
        assert_eq!(scan(&CORNER[..cut], usize::MAX).closed_as, PlainKind::Unknown, "{cut}");
    }
    assert_eq!(scan(&CORNER[..closing], usize::MAX).closed_as, PlainKind::Database);
}

#[test]
fn a_role_is_reported_before_the_chunk_that_completes_its_statement_is_forwarded() {
    let mut scanner = PlainScanner::new();
    assert_eq!(scanner.feed(b"ALTER TABLE t OWNER TO shop_ow"), [""; 0]);
    assert_eq!(scanner.feed(b"ner"), [""; 0]);
    assert_eq!(scanner.feed(b";\nGRANT ALL ON t TO a, b;"), ["a", "b", "shop_owner"]);
    assert_eq!(scanner.feed(b"GRANT ALL ON u TO b, c;"), ["c"]);
}

#[test]
fn nothing_inside_of_rows_quotes_bodies_or_comments_is_a_statement() {
    for text in [
        "COPY t FROM stdin;\nALTER TABLE x OWNER TO nobody;\n\\.x\n\\\\.\n\\.\n",
        "INSERT INTO t VALUES ('; ALTER TABLE x OWNER TO nobody;');\n",
        "INSERT INTO t VALUES (E'it\\'; ALTER TABLE x OWNER TO nobody;');\n",
        "INSERT INTO t VALUES (E'it''\\'; ALTER TABLE x OWNER TO nobody;');\n",
        "SET standard_conforming_strings = off;\nSELECT '\\'; ALTER TABLE x OWNER TO nobody;';\n",
        "CREATE FUNCTION f() AS $$ ALTER TABLE x OWNER TO nobody; COPY y FROM stdin;\n $$;\n",
        "CREATE FUNCTION f() AS $_$ x $$; ALTER TABLE x OWNER TO nobody; $_ $_$;\n",
        "-- ALTER TABLE x OWNER TO nobody;\n/* ALTER TABLE x /* nested */ OWNER TO nobody; */ SELECT 1;\n",
        "ALTER TABLE t RENAME TO \"; ALTER TABLE x OWNER TO nobody;\";\n",
    ] {
        for chunk in [1, usize::MAX] {
            let summary = scan(text.as_bytes(), chunk);
            assert_eq!(summary.roles_needed, BTreeSet::new(), "{text}");
            assert_eq!(summary.ended_inside, None, "{text}");
        }
    }
}

#[test]
fn statements_behind_quotes_rows_and_bodies_are_seen() {
    for text in [
        "COPY t FROM stdin;\n1\t2\n\\.\n",
        "COPY t FROM STDIN WITH (FORMAT csv);\r\n1,2\r\n\\.\r\n",
        "\\copy t from stdin\n1\n\\.\n",
        "INSERT INTO t VALUES ('a''b', '\\', 'c');",
        "CREATE FUNCTION f(integer) AS $x$ $1; $$ ' $x$;",
        "PREPARE p AS SELECT $1; EXECUTE p(1);",
        "SELECT 1 - 2 / 3; SELECT a$b FROM c; SELECT 'x' AS \"a\"\"'b\";",
        "select 'drop' \\gexec\n",
        "-- it's\n",
        "/* it's * / */ ",
    ] {
        for chunk in [1, usize::MAX] {
            let text = format!("{text}ALTER TABLE x OWNER TO somebody;\n");
            let summary = scan(text.as_bytes(), chunk);
            assert!(summary.roles_needed.contains("somebody"), "{text}");
            assert_eq!(summary.ended_inside, None, "{text}");
        }
    }
}

#[test]
fn an_end_in_the_middle_is_named() {
    let inside = |text: &str| whole(text).ended_inside;
    let rows = Some(EndedInside::Copy("public.\"a (b\"".to_owned()));
    assert_eq!(inside("COPY public.\"a (b\" (c) FROM stdin;\n1\n2"), rows);
    assert_eq!(inside("COPY public.\"a (b\" (c) FROM stdin;\n1\n\\"), rows);
    assert_eq!(inside("COPY public.\"a (b\" (c) FROM stdin;"), rows);
    assert_eq!(inside("COPY t FROM stdin;\n1\n\\."), None);
    assert_eq!(inside("INSERT INTO t VALUES ('a"), Some(EndedInside::Quotes));
    assert_eq!(inside("CREATE FUNCTION f() AS $$ begin"), Some(EndedInside::Quotes));
    assert_eq!(inside("/* never closed"), Some(EndedInside::Quotes));
    assert_eq!(inside("SELECT 1"), Some(EndedInside::Statement));
    assert_eq!(inside("SELECT 1;\n-- and a comment"), None);
}

#[test]
fn what_follows_the_closing_line_decides_whether_it_was_the_last() {
    let close = "SELECT 1;\n--\n-- PostgreSQL database dump complete\n--\n";
    let closed_as = |after: &str| whole(&format!("{close}{after}")).closed_as;
    assert_eq!(closed_as(""), PlainKind::Database);
    assert_eq!(closed_as("\n\\unrestrict abcDEF\n\n"), PlainKind::Database);
    assert_eq!(closed_as("-- a remark"), PlainKind::Database);
    assert_eq!(closed_as("SELECT 2;"), PlainKind::Unknown);
    assert_eq!(closed_as("\\connect other\n"), PlainKind::Database, "until something is done there");
    assert_eq!(closed_as("-- PostgreSQL database cluster dump complete"), PlainKind::Cluster);
}

#[test]
fn inserts_and_setval_count_as_data() {
    let summary = whole(
        "CREATE UNLOGGED TABLE t (a int);\nINSERT INTO t VALUES (1);\ninsert into t values (2);\nSELECT pg_catalog.setval('s', 7, true);",
    );
    assert_eq!(
        (summary.tables, summary.inserts, summary.sequence_positions, summary.copy_blocks),
        (1, 2, 1, 0)
    );
}

/// A rate that a debug build without optimisation reaches as well: rows are passed over, not looked at.
#[test]
fn a_large_statement_or_row_costs_no_memory() {
    let mut scanner = PlainScanner::new();
    scanner.feed(b"INSERT INTO t VALUES ('");
    let chunk = vec![b'x'; 1 << 20];
    for _ in 0..64 {
        scanner.feed(&chunk);
    }
    assert!(format!("{scanner:?}").len() < 400_000, "the scanner keeps what it passes over");
    scanner.feed(b"');\nALTER TABLE t OWNER TO o;");
    assert_eq!(scanner.finish().inserts, 1);
}

#[test]
fn d12_what_restores_statistics_writes_no_row() {
    // As pg_dump 18 writes it, of a table whose most common value is a trap.
    let summary = whole(
        "CREATE TABLE public.t (n text);\nSELECT * FROM pg_catalog.pg_restore_relation_stats(\n\t'version', \
         '180006'::integer,\n\t'schemaname', 'public',\n\t'relname', 't'\n);\nSELECT * FROM \
         pg_catalog.pg_restore_attribute_stats(\n\t'most_common_vals', '{setval(}'::text\n);\n",
    );
    assert_eq!((summary.tables, summary.statistics), (1, 2));
    assert_eq!((summary.other_writes, summary.sequence_positions), (0, 0));
    for text in [
        "SELECT pg_restore_rows(1);",
        "SELECT own.pg_restore_relation_stats(1);",
        "SELECT fill(), pg_catalog.pg_clear_relation_stats('public', 't');",
        "SELECT pg_catalog.pg_clear_relation_stats('public', 't'), fill();",
    ] {
        assert_eq!((whole(text).statistics, whole(text).other_writes), (0, 1), "{text}");
    }
}

#[test]
fn a_dump_by_hand_may_fill_its_tables_in_any_way() {
    for text in [
        "CREATE TABLE t AS SELECT generate_series(1, 5);",
        "create temp table t as\n  with a as (select 1) select * from a;",
        "DO $$ begin insert into t values (1); end $$;",
        "WITH a AS (DELETE FROM t RETURNING *) INSERT INTO u SELECT * FROM a;",
        "SELECT fill_tables();",
    ] {
        assert_eq!(whole(text).other_writes, 1, "{text}");
    }
    for text in [
        "SELECT pg_catalog.set_config('search_path', '', false);",
        "CREATE TABLE t (a integer GENERATED ALWAYS AS (1) STORED);",
        "CREATE VIEW v AS SELECT 1;",
    ] {
        assert_eq!(whole(text).other_writes, 0, "{text}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, ..ProptestConfig::default() })]

    /// Where a chunk ends changes nothing, in any mixture of what opens and closes things; and nothing panics.
    #[test]
    fn any_text_tells_the_same_however_it_is_cut(
        parts in proptest::collection::vec(
            prop::sample::select(vec![
                "'", "''", "\"", "$$", "$a$", "$1", "$", "--", "-", "/*", "*/", "/", "*", "\\", "\\.", "\n", "\r\n", ";",
                "E'", " ", "x", "COPY t FROM stdin", "ALTER TABLE t OWNER TO o", "GRANT a TO b", "INSERT INTO t",
                "\n\\.\n", "\\connect d\n", "-- PostgreSQL database dump complete\n", "ä",
            ]),
            0..40,
        ),
        chunk in 1..9_usize,
    ) {
        let text = parts.concat();
        prop_assert_eq!(scan(text.as_bytes(), chunk), scan(text.as_bytes(), usize::MAX));
    }
}
