//! Any value that changes changes the digest, also where PostgreSQL calls both equal; the same values never do.

use drillyard::digest::State;

use crate::major::usual_major;
use crate::server::{Database, database, database_of};

const TYPES: &str = r"
    CREATE EXTENSION citext; CREATE EXTENSION hstore; CREATE EXTENSION ltree;
    CREATE TYPE mood AS ENUM ('sad', 'ok', 'glad');
    CREATE TYPE point_of AS (x int, y numeric);
    CREATE TYPE nested AS (name text, place point_of, moods mood[]);
    CREATE DOMAIN positive AS numeric CHECK (VALUE > 0);
    CREATE DOMAIN more_positive AS positive;
    CREATE DOMAIN mood_domain AS mood;
    CREATE DOMAIN code AS char(5);
    CREATE DOMAIN moods AS mood[];
    CREATE DOMAIN places AS point_of;
    CREATE DOMAIN bytes AS bytea;
    CREATE DOMAIN stamp AS timestamptz;
    CREATE TYPE floats AS RANGE (subtype = float8);
    CREATE COLLATION blind (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
";

/// A type, a value of it, and another that a person can tell apart from it.
const CHANGES: &[(&str, &str, &str)] = &[
    ("int2", "1", "2"),
    ("int2", "1", "-1"),
    ("int4", "1", "2"),
    ("int4", "0", "NULL"),
    ("int4", "2147483647", "-2147483648"),
    ("int8", "1", "2"),
    // PostgreSQL's own hash is the same.
    ("int8", "1", "4294967296"),
    ("int8", "0", "-1"),
    ("int8", "0", "NULL"),
    ("int8", "9223372036854775807", "-9223372036854775808"),
    ("oid", "1", "4294967295"),
    ("bool", "true", "false"),
    ("bool", "false", "NULL"),
    ("numeric", "1.0", "1.00"),
    ("numeric", "1.5", "-1.5"),
    ("numeric", "1", "10000"),
    ("numeric", "1", "100"),
    ("numeric", "0", "0.0"),
    ("numeric", "'NaN'", "'Infinity'"),
    ("numeric", "'Infinity'", "'-Infinity'"),
    ("numeric", "'NaN'", "0"),
    ("numeric", "1e-300", "1e-301"),
    ("numeric(12,2)", "1.25", "-1.25"),
    ("numeric(12,2)", "'NaN'", "NULL"),
    ("float4", "'0'", "'-0'"),
    ("float4", "'NaN'", "'Infinity'"),
    ("float4", "1.1", "1.1000001"),
    ("float8", "'0'", "'-0'"),
    ("float8", "'NaN'", "'0'"),
    ("float8", "'Infinity'", "'-Infinity'"),
    ("float8", "0.1", "0.10000000000000002"),
    ("float8", "5e-324", "0"),
    ("money", "'12.34'", "'-12.34'"),
    ("money", "'12.34'", "'12.35'"),
    ("text", "'a'", "'b'"),
    ("text", "''", "NULL"),
    ("text", "'a'", "'a '"),
    ("text", "'a'", "'A'"),
    ("text", "'é'", "E'e\\u0301'"),
    ("text", "repeat('a', 100000)", "repeat('a', 99999) || 'b'"),
    ("text COLLATE blind", "'a'", "'A'"),
    ("varchar(20) COLLATE blind", "'straße'", "'STRASSE'"),
    ("varchar", "'a'", "'a '"),
    ("varchar(10)", "''", "NULL"),
    ("char(5)", "'a'", "'b'"),
    ("char(5)", "''", "NULL"),
    ("char(5) COLLATE blind", "'a'", "'A'"),
    ("bpchar", "'a'", "'a  '"),
    ("bpchar", "''", "' '"),
    ("\"char\"", "'a'", "'b'"),
    ("name", "'a'", "'b'"),
    ("bytea", "'\\x00'", "'\\x0000'"),
    ("bytea", "''", "NULL"),
    ("bytea", "'\\x00'", "''"),
    ("bytea", "decode(repeat('ab', 50000), 'hex')", "decode(repeat('ab', 49999) || 'ac', 'hex')"),
    ("uuid", "'00000000-0000-0000-0000-000000000001'", "'00000000-0000-0000-0000-000000000100'"),
    ("date", "'2026-01-01'", "'2026-01-02'"),
    ("date", "'infinity'", "'-infinity'"),
    ("date", "'2026-01-01'", "'2026-01-01 BC'"),
    ("time", "'12:00:00'", "'12:00:00.000001'"),
    ("time", "'00:00'", "'24:00'"),
    ("timetz", "'12:00+00'", "'13:00+01'"),
    ("timestamp", "'2026-01-01'", "'2026-01-01 00:00:00.000001'"),
    ("timestamp", "'infinity'", "'-infinity'"),
    ("timestamptz", "'2026-01-01 00:00+00'", "'2026-01-01 00:00+01'"),
    // PostgreSQL's own hash is the same: the number of microseconds since 2000 folded to 32 bits.
    ("timestamptz", "'2000-01-01 00:00:00.000001+00'", "'2000-01-01 01:11:34.967296+00'"),
    ("interval", "'1 day'", "'24 hours'"),
    ("interval", "'1 month'", "'30 days'"),
    ("interval", "'1 day'", "'-1 day'"),
    ("interval", "'1 day -24 hours'", "'0'"),
    ("json", "'{\"a\": 1}'", "'{\"a\":1}'"),
    ("json", "'{\"a\":1,\"b\":2}'", "'{\"b\":2,\"a\":1}'"),
    ("json", "'null'", "NULL"),
    ("jsonb", "'{\"a\": 1}'", "'{\"a\": 2}'"),
    ("jsonb", "'1.0'", "'1.00'"),
    ("jsonb", "'1'", "'-1'"),
    ("jsonb", "'1'", "'\"1\"'"),
    ("jsonb", "'{}'", "'[]'"),
    ("jsonb", "'null'", "NULL"),
    ("jsonb", "'[[1,2]]'", "'[1,[2]]'"),
    ("jsonb", "'[1,2]'", "'[2,1]'"),
    ("jsonb", "'{\"a\":\"\"}'", "'{\"a\":null}'"),
    ("jsonpath", "'$.a'", "'$.b'"),
    ("xml", "'<a/>'", "'<a></a>'"),
    ("xml", "'<a>1</a>'", "'<a>2</a>'"),
    ("bit(4)", "B'0001'", "B'0010'"),
    ("varbit", "B'1'", "B'10'"),
    ("varbit", "B''", "NULL"),
    ("inet", "'10.0.0.1'", "'10.0.0.2'"),
    ("inet", "'10.0.0.1'", "'10.0.0.1/8'"),
    ("inet", "'::ffff:10.0.0.1'", "'10.0.0.1'"),
    ("cidr", "'10.0.0.0/8'", "'10.0.0.0/9'"),
    ("macaddr", "'08:00:2b:01:02:03'", "'08:00:2b:01:02:04'"),
    ("macaddr8", "'08:00:2b:01:02:03:04:05'", "'08:00:2b:01:02:03:04:06'"),
    ("point", "'(0,0)'", "'(-0,0)'"),
    ("point", "'(1,2)'", "'(2,1)'"),
    ("line", "'{1,2,3}'", "'{2,4,6}'"),
    ("lseg", "'[(0,0),(1,1)]'", "'[(1,1),(0,0)]'"),
    ("box", "'(1,1),(0,0)'", "'(2,2),(0,0)'"),
    ("path", "'[(0,0),(1,1)]'", "'((0,0),(1,1))'"),
    ("polygon", "'((0,0),(1,1),(1,0))'", "'((1,1),(1,0),(0,0))'"),
    ("circle", "'<(0,0),1>'", "'<(0,1),1>'"),
    ("tsvector", "'a:1'", "'a:2'"),
    ("tsvector", "'a:1A'", "'a:1B'"),
    ("tsvector", "'a'", "'a b'"),
    ("tsquery", "'a & b'", "'a | b'"),
    ("tsquery", "'a:A'", "'a:B'"),
    ("int4range", "'[1,3)'", "'[1,4)'"),
    ("int4range", "'empty'", "'[1,2)'"),
    ("int4range", "'(,1)'", "'[0,1)'"),
    ("int4range", "'empty'", "NULL"),
    ("numrange", "'[1.0,2]'", "'[1.00,2]'"),
    ("numrange", "'[1,2]'", "'[1,2)'"),
    ("numrange", "'[1,2]'", "'(1,2]'"),
    ("tstzrange", "'[2026-01-01,)'", "'[2026-01-01,infinity)'"),
    ("daterange", "'[2026-01-01,2026-01-03)'", "'[2026-01-01,2026-01-04)'"),
    ("floats", "'[0,1]'", "'[-0,1]'"),
    ("int4multirange", "'{[1,3),[5,7)}'", "'{[1,3),[5,8)}'"),
    ("int4multirange", "'{}'", "NULL"),
    ("nummultirange", "'{[1.0,2]}'", "'{[1.00,2]}'"),
    ("int4[]", "'{1,2}'", "'{2,1}'"),
    ("int4[]", "'{1,2}'", "'[2:3]={1,2}'"),
    ("int4[]", "'{1,2}'", "'{{1,2}}'"),
    ("int4[]", "'{}'", "NULL"),
    ("int4[]", "'{NULL}'", "'{}'"),
    ("int4[]", "'{0}'", "'{NULL}'"),
    ("int8[]", "'{1}'", "'{4294967296}'"),
    ("text[]", "'{a,b}'", "'{\"a,b\"}'"),
    ("text[]", "'{NULL}'", "'{\"NULL\"}'"),
    ("text[]", "'{\"\"}'", "'{}'"),
    ("text[]", "'{{a},{b}}'", "'{{a,b}}'"),
    ("numeric[]", "'{1.0}'", "'{1.00}'"),
    ("interval[]", "'{1 day}'", "'{24:00:00}'"),
    ("mood", "'sad'", "'ok'"),
    ("mood[]", "'{sad,ok}'", "'{sad,glad}'"),
    ("mood_domain", "'sad'", "'ok'"),
    ("moods", "'{sad}'", "'{glad}'"),
    ("positive", "1.0", "1.00"),
    ("more_positive", "2", "3"),
    ("code", "'a'", "'b'"),
    ("bytes", "'\\x00'", "'\\x01'"),
    ("stamp", "'2026-01-01'", "'2026-01-02'"),
    ("places", "'(1,2)'", "'(1,2.0)'"),
    ("point_of", "'(1,2)'", "'(1,2.0)'"),
    ("point_of", "'(,)'", "NULL"),
    ("point_of", "'(1,)'", "'(,1)'"),
    ("nested", "'(a,\"(1,2)\",{sad})'", "'(a,\"(1,2)\",{ok})'"),
    ("nested", "'(,,)'", "'(\"\",,)'"),
    ("nested[]", "ARRAY['(a,,)'::nested]", "ARRAY['(b,,)'::nested]"),
    ("regclass", "'pg_class'", "'pg_type'"),
    ("regtype", "'int4'", "'int8'"),
    ("regtype", "'mood'", "'nested'"),
    ("regproc", "'now'", "'clock_timestamp'"),
    ("regrole", "'postgres'", "'pg_monitor'"),
    ("pg_lsn", "'0/1'", "'1/0'"),
    ("xid8", "'1'", "'4294967296'"),
    ("tid", "'(0,1)'", "'(1,0)'"),
    ("pg_snapshot", "'10:20:10,14'", "'10:20:10,15'"),
    ("int2vector", "'1 2'", "'2 1'"),
    ("oidvector", "'1 2'", "'2 1'"),
    ("refcursor", "'a'", "'b'"),
    ("citext", "'a'", "'A'"),
    ("hstore", "'a=>1'", "'a=>NULL'"),
    ("ltree", "'a.b'", "'a.c'"),
    ("citext[]", "'{a}'", "'{A}'"),
];

fn tables() -> String {
    let tables = CHANGES.iter().enumerate().map(|(number, (kind, before, _))| {
        format!("CREATE TABLE v{number} (c {kind}); INSERT INTO v{number} VALUES ({before});")
    });
    format!("{TYPES} {}", tables.collect::<Vec<_>>().concat())
}

fn changes(value: impl Fn(&(&str, &str, &str)) -> String) -> String {
    let numbered = CHANGES.iter().enumerate();
    let updates = numbered.map(|(number, change)| format!("UPDATE v{number} SET c = {};", value(change)));
    updates.collect::<Vec<_>>().concat()
}

fn unseen(one: &State, other: &State) -> Vec<String> {
    assert_eq!(one.tables.len(), CHANGES.len());
    let same = one.tables.iter().filter(|(table, state)| other.tables.get(table) == Some(state));
    same.map(|(table, _)| {
        let number: usize = table.table.trim_start_matches('v').parse().unwrap();
        format!("{:?}", CHANGES[number])
    })
    .collect()
}

async fn every_change_is_seen_and_nothing_else(major: u16) {
    let database = database_of(major, &tables()).await;
    let before = database.state().await;
    assert_eq!(before.major, u32::from(major));
    database.run(&changes(|(_, _, after)| (*after).to_owned())).await;
    assert_eq!(unseen(&before, &database.state().await), Vec::<String>::new());
    database.run(&changes(|(_, before, _)| (*before).to_owned())).await;
    assert_eq!(before, database.state().await);
}

#[tokio::test]
async fn every_change_of_a_value_is_seen() {
    every_change_is_seen_and_nothing_else(usual_major()).await;
}

#[tokio::test]
async fn every_change_of_a_value_is_seen_on_17() {
    every_change_is_seen_and_nothing_else(17).await;
}

#[tokio::test]
async fn a_session_s_settings_do_not_change_the_digest() {
    let database = database(&tables()).await;
    let before = database.state().await;
    let client = database.client().await;
    let settings =
        "SET TimeZone = 'Asia/Kathmandu'; SET DateStyle = 'German'; SET IntervalStyle = 'iso_8601';
         SET extra_float_digits = -15; SET bytea_output = 'escape'; SET lc_monetary = 'C.UTF-8';
         SET search_path = public, pg_catalog; SET quote_all_identifiers = on; SET xmlbinary = 'hex'";
    client.batch_execute(settings).await.unwrap();
    let after = drillyard::digest::take(&client, &drillyard::digest::Options::default()).await.unwrap();
    assert_eq!(before, after);
    // And they are still the session's own.
    let own: String = client.query_one("SHOW TimeZone", &[]).await.unwrap().get(0);
    assert_eq!(own, "Asia/Kathmandu");
}

/// What a sum over rows could miss.
const MOVES: &[(&str, &str)] = &[
    ("two values of a column change their rows", "UPDATE t SET b = 30 - b WHERE a IN (1, 2)"),
    ("two values of a row change their columns", "UPDATE t SET b = c, c = b WHERE a = 1"),
    ("a row is there twice", "INSERT INTO t SELECT * FROM t WHERE a = 1"),
    (
        "one row of two that are the same is gone",
        "DELETE FROM t WHERE ctid = (SELECT max(ctid) FROM t WHERE a = 9)",
    ),
    ("two that are the same become two others that are the same", "UPDATE t SET c = 1 WHERE a = 9"),
    ("one of each becomes two of one", "UPDATE t SET a = 1, b = 10, c = 5 WHERE a = 2"),
    (
        "a value becomes NULL and another appears",
        "UPDATE t SET b = NULL WHERE a = 1; UPDATE t SET b = 10 WHERE a = 5",
    ),
    ("a row of NULL is added", "INSERT INTO t VALUES (NULL, NULL, NULL)"),
    ("the table is emptied", "DELETE FROM t"),
];

#[tokio::test]
async fn rows_that_trade_values_are_seen() {
    let database: Database = database(
        "CREATE TABLE t (a int, b int, c int);
         INSERT INTO t VALUES (1, 10, 5), (2, 20, 5), (5, NULL, 5), (9, 9, 9), (9, 9, 9)",
    )
    .await;
    let before = database.state().await;
    for (what, sql) in MOVES {
        let copy = database.copy().await;
        copy.run(sql).await;
        assert_ne!(before.tables, copy.state().await.tables, "{what}");
    }
    let copy = database.copy().await;
    copy.run("UPDATE t SET a = a").await;
    copy.run("VACUUM FULL t").await;
    assert_eq!(before, copy.state().await);
}
