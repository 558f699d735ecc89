use proptest::prelude::*;

use super::object::{of_entry, of_statement, shown};
use super::{ClientFailure, MOST_ERRORS, PgRestoreTranscript, PsqlTranscript, Transcript, comparable};

fn archive(pieces: &[&[u8]], exit_code: Option<i64>) -> Transcript {
    let mut transcript = PgRestoreTranscript::default();
    for piece in pieces {
        transcript.feed(piece);
    }
    transcript.finish(exit_code)
}

fn plain(pieces: &[&[u8]], exit_code: Option<i64>) -> Transcript {
    let mut transcript = PsqlTranscript::default();
    for piece in pieces {
        transcript.feed(piece);
    }
    transcript.finish(exit_code)
}

#[test]
fn statements_name_their_objects() {
    for (statement, object) in [
        ("CREATE TABLE public.orders (\n    id integer\n);", "TABLE public.orders"),
        ("CREATE UNLOGGED TABLE public.orders (id int);", "TABLE public.orders"),
        ("CREATE SCHEMA public;", "SCHEMA public"),
        ("CREATE EXTENSION IF NOT EXISTS \"uuid-ossp\" WITH SCHEMA public;", "EXTENSION \"uuid-ossp\""),
        ("CREATE FUNCTION public.total_of(integer) RETURNS numeric", "FUNCTION public.total_of"),
        ("CREATE UNIQUE INDEX i ON public.orders USING btree (id);", "INDEX i"),
        ("CREATE TRIGGER touch BEFORE INSERT ON public.orders FOR EACH ROW", "TRIGGER public.orders touch"),
        ("CREATE MATERIALIZED VIEW public.totals AS SELECT 1", "MATERIALIZED VIEW public.totals"),
        ("CREATE DATABASE shop WITH TEMPLATE = template0", "DATABASE shop"),
        ("ALTER TABLE public.orders OWNER TO app;", "TABLE public.orders"),
        (
            "ALTER TABLE ONLY public.payments\n    ADD CONSTRAINT payments_order_fk FOREIGN KEY (order_id) REFERENCES x(id);",
            "FK CONSTRAINT public.payments payments_order_fk",
        ),
        (
            "ALTER TABLE ONLY public.payments\n    ADD CONSTRAINT payments_pkey PRIMARY KEY (id);",
            "CONSTRAINT public.payments payments_pkey",
        ),
        ("COPY public.customers (id, name) FROM stdin;", "TABLE DATA public.customers"),
        ("INSERT INTO public.customers VALUES (1);", "TABLE DATA public.customers"),
        ("GRANT SELECT ON TABLE public.orders TO app;", "ACL TABLE public.orders"),
        ("COMMENT ON EXTENSION hstore IS 'data';", "COMMENT EXTENSION hstore"),
        ("SELECT pg_catalog.setval('public.s', 1, true);", "SEQUENCE SET public.s"),
        ("CREATE TABLE \"odd name\".\"t (x\" (id int);", "TABLE \"odd name\".\"t (x\""),
    ] {
        assert_eq!(
            of_statement(statement).map(|object| object.text()).as_deref(),
            Some(object),
            "{statement}"
        );
    }
    assert_eq!(of_statement("WITH x AS (SELECT 1) SELECT 2"), None);
}

#[test]
fn entries_name_their_objects() {
    let text = |entry| of_entry(entry).map(|object| object.text());
    let fk = text("4042; 2606 16652 FK CONSTRAINT payments payments_order_fk app_owner");
    assert_eq!(fk.as_deref(), Some("FK CONSTRAINT payments payments_order_fk"));
    assert_eq!(text("2; 3079 16388 EXTENSION hstore (no owner)").as_deref(), Some("EXTENSION hstore"));
    assert_eq!(text("4191; 0 16629 TABLE DATA orders app_owner").as_deref(), Some("TABLE DATA orders"));
    assert_eq!(text("nothing"), None);
}

#[test]
fn an_entry_gets_the_schema_of_the_object_that_was_begun() {
    let transcript = archive(
        &[b"pg_restore: processing data for table \"public.orders\"\n\
            pg_restore: from TOC entry 4191; 0 16629 TABLE DATA orders app_owner\n\
            pg_restore: error: COPY failed for table \"orders\": ERROR:  invalid input syntax for type bigint: \"x\"\n\
            pg_restore: warning: errors ignored on restore: 1\n"],
        Some(1),
    );
    assert_eq!(transcript.errors[0].object, "TABLE DATA public.orders");
    assert_eq!((transcript.ignored, transcript.client_failure), (Some(1), None));
}

#[test]
fn a_line_that_a_statement_prints_does_not_make_a_finished_restore_fail() {
    let printed =
        b"pg_restore: error: could not execute query: ERROR:  x\nCommand was: CREATE FUNCTION f() AS $$\n\
                    pg_restore: error: could not read from input file: end of file\n$$;\n\
                    pg_restore: warning: errors ignored on restore: 1\n";
    assert_eq!(archive(&[printed], Some(1)).client_failure, None);
    let (before_its_end, _) = printed.split_at(printed.len() - 50);
    assert_eq!(archive(&[before_its_end], Some(1)).client_failure, Some(ClientFailure::EndsEarly));
}

#[test]
fn the_exit_code_tells_what_no_line_does() {
    assert_eq!(archive(&[], Some(0)).client_failure, None);
    assert_eq!(archive(&[], Some(137)).client_failure, Some(ClientFailure::Killed));
    assert_eq!(archive(&[], Some(139)).client_failure, Some(ClientFailure::Crashed(11)));
    assert_eq!(archive(&[], None).client_failure, Some(ClientFailure::Vanished));
    assert_eq!(plain(&[], Some(3)).client_failure, Some(ClientFailure::StoppedAtError));
    assert_eq!(plain(&[], Some(2)).client_failure, Some(ClientFailure::ConnectionLost));
    let silent = Some(ClientFailure::Unexplained { exit_code: 1, text: String::new() });
    assert_eq!(archive(&[], Some(1)).client_failure, silent);
}

#[test]
fn psql_is_read_in_every_verbosity() {
    let text = b"psql:<stdin>:67: ERROR:  42704: role \"x\" does not exist\nLOCATION:  f, acl.c:1\n\
                 psql:<stdin>:68: ERROR:  role \"x\" does not exist\npsql:<stdin>:69: ERROR:  42704\n\
                 ERROR: strange\npsql:<stdin>:71: error: invalid command \\foo\n";
    let transcript = plain(&[text], Some(0));
    let read: Vec<(&str, &str, bool)> =
        transcript.errors.iter().map(|e| (e.object.as_str(), e.message.as_str(), e.by_client)).collect();
    let role = "role \"x\" does not exist";
    assert_eq!(
        read,
        [
            ("line 67", role, false),
            ("line 68", role, false),
            ("line 69", "", false),
            ("", "strange", false),
            ("line 71", "invalid command \\foo", true),
        ]
    );
}

#[test]
fn the_position_that_only_the_server_tells_is_not_compared() {
    assert_eq!(comparable("type \"x\" does not exist at character 91"), "type \"x\" does not exist");
    assert_eq!(comparable("at character x"), "at character x");
}

#[test]
fn names_of_a_dump_are_escaped_and_short() {
    assert_eq!(shown("a\u{1b}[2J\nb\u{202e}"), "a\\u{1b}[2J\\u{a}b\\u{202e}");
    assert_eq!(shown(&"é".repeat(500)).chars().count(), 128);
}

#[test]
fn memory_is_bounded_whatever_comes() {
    let line = format!("psql:<stdin>:1: ERROR:  00000: {}\n", "y".repeat(1_000));
    let mut transcript = PsqlTranscript::default();
    let mut archive = PgRestoreTranscript::default();
    for _ in 0..MOST_ERRORS + 1_000 {
        transcript.feed(line.as_bytes());
        archive.feed(b"pg_restore: error: could not execute query: ERROR:  x\nCommand was: SELECT\n no end");
    }
    let transcript = transcript.finish(Some(0));
    assert_eq!((transcript.errors.len(), transcript.further_errors), (MOST_ERRORS, 1_000));
    assert!(transcript.errors.iter().all(|error| error.message.len() <= 512 && error.object.len() <= 512));
    assert!(archive.finish(Some(1)).errors.len() <= MOST_ERRORS);
}

proptest! {
    #[test]
    fn pieces_of_any_size_read_the_same(
        text in proptest::collection::vec(
            "(psql:<stdin>:[0-9]{1,3}: |pg_restore: )?(ERROR:  |error: |from TOC entry 1; 2 3 |Command was: |\
             warning: errors ignored on restore: |creating |STATEMENT:  )?(CREATE TABLE é\\.b \\(|TABLE x y|.{0,30})", 0..20),
        sizes in proptest::collection::vec(1_usize..40, 1..60),
        exit in proptest::option::of(0_i64..200),
    ) {
        let text = text.join("\n");
        let mut pieces = Vec::new();
        let mut rest = text.as_bytes();
        for size in sizes.iter().cycle() {
            if rest.is_empty() { break; }
            let (piece, tail) = rest.split_at((*size).min(rest.len()));
            pieces.push(piece);
            rest = tail;
        }
        prop_assert_eq!(archive(&pieces, exit), archive(&[text.as_bytes()], exit));
        prop_assert_eq!(plain(&pieces, exit), plain(&[text.as_bytes()], exit));
    }

    #[test]
    fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..4000), exit in any::<Option<i64>>()) {
        let errors = archive(&[&bytes], exit).errors.len() + plain(&[&bytes], exit).errors.len();
        prop_assert!(errors <= bytes.len());
    }
}
