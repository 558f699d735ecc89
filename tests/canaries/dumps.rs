//! Dumps whose restore goes wrong on a row, so that the server quotes it.

/// A plain dump as `pg_dump` would write it, around these statements.
pub fn plain(statements: &str) -> String {
    format!(
        "--\n-- PostgreSQL database dump\n--\n\n-- Dumped from database version 15.10\n\
         -- Dumped by pg_dump version 15.10\n\nSET client_min_messages = notice;\n\
         SELECT pg_catalog.set_config('search_path', '', false);\n\n\
         CREATE TABLE public.orders (id integer NOT NULL);\nCOPY public.orders (id) FROM stdin;\n1\n2\n3\n\\.\n\n\
         {statements}\n\n--\n-- PostgreSQL database dump complete\n--\n\n"
    )
}

const CUSTOMERS: &str = "CREATE TABLE public.customers (email text, age integer);\n";

/// Name, SQLSTATE that must be in the record, and the statements that fail with it.
pub fn cases() -> Vec<(&'static str, &'static str, String)> {
    let copy =
        |rows: &str| format!("{CUSTOMERS}COPY public.customers (email, age) FROM stdin;\n{rows}\n\\.\n");
    let twice = copy("canary-twice@example.com\t1\ncanary-twice@example.com\t2");
    vec![
        (
            "a duplicate key met by an index",
            "23505",
            format!("{twice}ALTER TABLE ONLY public.customers ADD CONSTRAINT customers_pkey PRIMARY KEY (email);"),
        ),
        (
            "a duplicate key met by a row",
            "23505",
            twice.replace("email text", "email text PRIMARY KEY"),
        ),
        ("a value of the wrong type", "22P02", copy("canary-type@example.com\tcanary-age")),
        ("a row with too few columns", "22P04", copy("canary-short@example.com")),
        ("a row with too many columns", "22P04", copy("canary-long@example.com\t1\tcanary-extra")),
        (
            "a broken row of CSV",
            "22P04",
            copy("canary-csv@example.com,1\n\"canary-csv-open@example.com,2").replace("FROM stdin", "FROM stdin WITH (FORMAT csv)"),
        ),
        (
            "an empty column that may not be",
            "23502",
            copy("canary-null@example.com\t\\N").replace("age integer", "age integer NOT NULL"),
        ),
        (
            "a row against a rule",
            "23514",
            copy("canary-rule@example.com\t7").replace("age integer", "age integer CHECK (age > 17)"),
        ),
        (
            "a row that refers to nothing",
            "23503",
            copy("canary-reference@example.com\t1")
                + "CREATE TABLE public.addresses (email text PRIMARY KEY);\n\
                   ALTER TABLE ONLY public.customers ADD CONSTRAINT customers_email_fkey FOREIGN KEY (email) \
                   REFERENCES public.addresses(email);",
        ),
        (
            "an INSERT of a wrong type",
            "22P02",
            format!("{CUSTOMERS}INSERT INTO public.customers VALUES ('canary-insert@example.com', 'canary-insert-age');"),
        ),
        (
            "an INSERT with a slip",
            "42601",
            format!("{CUSTOMERS}INSERT INTO public.customers VALUES 'canary-slip@example.com', 1);"),
        ),
        (
            "a text too long for its column",
            "22001",
            copy("canary-width@example.com\t1").replace("email text", "email character varying(5)"),
        ),
        (
            "an exception with a value",
            "P0001",
            "DO $$BEGIN RAISE NOTICE 'canary-notice'; RAISE WARNING 'canary-warning'; RAISE EXCEPTION 'canary-exception' \
             USING DETAIL = 'canary-detail', HINT = 'canary-hint'; END$$;"
                .to_owned(),
        ),
        (
            "an exception with a code of its own",
            "CA123",
            "DO $$BEGIN RAISE EXCEPTION 'canary-exception' USING ERRCODE = 'CA123', TABLE = 'canary-table', \
             COLUMN = 'canary-column', CONSTRAINT = 'canary-constraint', DATATYPE = 'canary-type', SCHEMA = 'canary-schema'; END$$;"
                .to_owned(),
        ),
        (
            "a trigger that quotes its row",
            "P0001",
            format!(
                "{CUSTOMERS}CREATE FUNCTION public.refuse() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN \
                 RAISE EXCEPTION 'no %', NEW.email; END$$;\nCREATE TRIGGER refuse BEFORE INSERT ON public.customers \
                 FOR EACH ROW EXECUTE FUNCTION public.refuse();\nCOPY public.customers (email, age) FROM stdin;\n\
                 canary-trigger@example.com\t1\n\\.\n"
            ),
        ),
        (
            "a row quoted over several lines",
            "P0001",
            "DO $$BEGIN RAISE EXCEPTION E'first\\nERROR:  23505: canary-second\\nDETAIL:  canary-third'; END$$;".to_owned(),
        ),
    ]
}

/// SQL that makes a database whose own custom dump can't be restored: what its rules call has changed since.
pub const ROTTEN: &str = "
    create function public.is_fine(text) returns boolean language plpgsql as $$begin return true; end$$;
    create table public.orders (id integer);
    insert into public.orders values (1), (2), (3);
    create table public.checked (email text check (public.is_fine(email)));
    insert into public.checked values ('canary-checked@example.com');
    create function public.code(text) returns integer language sql immutable as $$select 1$$;
    create table public.indexed (email text);
    insert into public.indexed values ('canary-indexed@example.com');
    create index on public.indexed (public.code(email));
    create or replace function public.is_fine(text) returns boolean language plpgsql as $$begin return false; end$$;
    create or replace function public.code(text) returns integer language plpgsql immutable as
        $$begin raise exception 'what is %', $1; end$$;
";
