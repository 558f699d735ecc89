//! Which rows differ, and which of their columns.

use drillyard::definition::TableName;
use drillyard::definition::rollback::ColumnName;
use drillyard::digest::{Options, known_history_tables};
use drillyard::model::rehearsal::TableDifference;

use crate::server::database;

const CUSTOMERS: &str = "
    CREATE TABLE customers (id int PRIMARY KEY, name text NOT NULL, nick text, updated_at timestamptz);
    INSERT INTO customers SELECT n, 'name ' || n, CASE WHEN n % 2 = 0 THEN 'nick ' || n END, now()
    FROM generate_series(1, 1000) AS n;";

fn columns(table: &TableDifference) -> Vec<(&str, u64, u64)> {
    table.columns.iter().map(|c| (c.column.as_str(), c.values_lost, c.values_changed)).collect()
}

#[tokio::test]
async fn e11_a_column_dropped_and_added_again_is_told_with_the_values_it_lost() {
    let before = database(CUSTOMERS).await;
    let difference = before
        .after("ALTER TABLE customers DROP COLUMN nick; ALTER TABLE customers ADD COLUMN nick text")
        .await;
    let [table] = difference.tables.as_slice() else { panic!("{difference:?}") };
    assert_eq!((table.table.as_str(), table.rows_before, table.rows_after), ("public.customers", 1000, 1000));
    assert_eq!((table.rows_lost, table.rows_gained, table.rows_changed, table.paired), (0, 0, 500, true));
    assert_eq!(columns(table), [("nick", 500, 0)]);
    assert!(table.keys.is_empty());
}

#[tokio::test]
async fn only_values_that_were_there_are_lost_whatever_their_type() {
    let types =
        ["timestamptz", "timestamp", "date", "time", "timetz", "interval", "bytea", "uuid", "int", "text"];
    let value = |kind: &&str| match *kind {
        "timestamptz" | "timestamp" | "date" => "'2026-11-21'",
        "time" | "timetz" => "'12:00'",
        "uuid" => "'00000000-0000-0000-0000-000000000001'",
        _ => "'1'",
    };
    let columns_of = types.map(|kind| format!("c_{kind} {kind}, n_{kind} {kind}")).join(", ");
    let values = types.iter().map(|kind| format!("CASE WHEN n <= 20 THEN {}::{kind} END, NULL", value(kind)));
    let before = database(&format!(
        "CREATE TABLE t (id int PRIMARY KEY, {columns_of});
         INSERT INTO t SELECT n, {} FROM generate_series(1, 500) AS n",
        values.collect::<Vec<_>>().join(", ")
    ))
    .await;
    let drop = |kind: &str| {
        format!(
            "ALTER TABLE t DROP c_{kind}, DROP n_{kind}; ALTER TABLE t ADD c_{kind} {kind}, ADD n_{kind} {kind};"
        )
    };
    let difference = before.after(&types.map(drop).concat()).await;
    let expected = types.map(|kind| (format!("c_{kind}"), 20, 0));
    let expected: Vec<_> =
        expected.iter().map(|(name, lost, changed)| (name.as_str(), *lost, *changed)).collect();
    assert_eq!((difference.tables[0].rows_changed, columns(&difference.tables[0])), (20, expected));
}

#[tokio::test]
async fn rows_that_a_dump_or_a_crash_would_leave_out_are_compared_too() {
    let before = database(
        "CREATE EXTENSION citext; CREATE TABLE part_config (parent text PRIMARY KEY);
         INSERT INTO part_config VALUES ('a'); ALTER EXTENSION citext ADD TABLE part_config;
         CREATE UNLOGGED TABLE sessions (id int PRIMARY KEY); INSERT INTO sessions VALUES (1), (2);
         CREATE TABLE a (x int); INSERT INTO a VALUES (1); CREATE MATERIALIZED VIEW kept AS SELECT x FROM a;",
    )
    .await;
    let emptied =
        "DELETE FROM part_config; TRUNCATE sessions; UPDATE a SET x = 2; REFRESH MATERIALIZED VIEW kept;
         UPDATE a SET x = 1";
    let difference = before.after(emptied).await;
    let told: Vec<_> =
        difference.tables.iter().map(|t| (t.table.as_str(), t.rows_lost, t.rows_gained)).collect();
    assert_eq!(told, [("public.kept", 1, 1), ("public.part_config", 1, 0), ("public.sessions", 2, 0)]);
}

#[tokio::test]
async fn a_column_is_ignored_in_every_table_that_inherits_it() {
    let before = database(
        "CREATE TABLE m (id int, at int, note text, PRIMARY KEY (id, at)) PARTITION BY RANGE (at);
         CREATE TABLE m1 PARTITION OF m FOR VALUES FROM (0) TO (10) PARTITION BY RANGE (id);
         CREATE TABLE m11 PARTITION OF m1 DEFAULT; CREATE TABLE m2 PARTITION OF m DEFAULT;
         INSERT INTO m SELECT n, n, 'a' FROM generate_series(1, 20) AS n;
         CREATE TABLE parent (id int PRIMARY KEY, note text); CREATE TABLE child () INHERITS (parent);
         INSERT INTO child VALUES (1, 'a')",
    )
    .await;
    let copy = before.copy().await;
    copy.run("UPDATE m SET note = 'b'; UPDATE parent SET note = 'b'").await;
    let ignored_columns = ["m.note", "parent.note"].map(|name| ColumnName::parse(name).unwrap()).to_vec();
    let options = Options { ignored_columns, ..Options::default() };
    let difference = before.against(&copy, &options).await;
    assert!(difference.is_empty(), "{difference:?}");
    copy.run("UPDATE m SET id = 100 WHERE id = 1").await;
    assert_eq!(before.against(&copy, &options).await.tables.len(), 1);
}

#[tokio::test]
async fn rows_lost_gained_and_changed_are_counted_and_named_only_if_asked() {
    let before = database(CUSTOMERS).await;
    let copy = before.copy().await;
    copy.run(
        "DELETE FROM customers WHERE id IN (1, 2, 3); INSERT INTO customers VALUES (2001, 'new', NULL, NULL);
         UPDATE customers SET name = 'other' WHERE id = 10; UPDATE customers SET nick = 'first' WHERE id = 11",
    )
    .await;
    let difference = before.against(&copy, &Options::default()).await;
    let [table] = difference.tables.as_slice() else { panic!("{difference:?}") };
    assert_eq!((table.rows_lost, table.rows_gained, table.rows_changed), (3, 1, 2));
    assert_eq!(columns(table), [("name", 0, 1), ("nick", 0, 0)]);
    assert_eq!(table.columns[1].values_gained, 1, "it was NULL");
    assert!(!format!("{difference:?}").contains("2001"), "a key was told");

    let shown = before.against(&copy, &Options { show_keys: true, ..Options::default() }).await;
    let mut keys = shown.tables[0].keys.clone();
    keys.sort();
    assert_eq!(keys, ["id=1", "id=10", "id=11", "id=2", "id=2001", "id=3"]);
    copy.run("UPDATE customers SET name = 'x'").await;
    let many = before.against(&copy, &Options { show_keys: true, ..Options::default() }).await;
    assert_eq!(many.tables[0].keys.len(), 20);
}

#[tokio::test]
async fn rows_without_a_key_are_lost_and_gained() {
    let before = database(
        "CREATE TABLE log (at int, what text, who text); INSERT INTO log VALUES (1, 'a', 'x'), (1, 'a', 'x'), (2, 'b', NULL)",
    )
    .await;
    let difference =
        before.after("DELETE FROM log WHERE ctid = '(0,1)'; INSERT INTO log VALUES (3, 'c', 'z')").await;
    let table = &difference.tables[0];
    assert_eq!((table.rows_lost, table.rows_gained, table.rows_changed, table.paired), (1, 1, 0, false));
    let difference = before.after("ALTER TABLE log DROP who").await;
    let table = &difference.tables[0];
    assert_eq!((table.rows_lost, table.rows_gained, columns(table)), (0, 0, vec![("who", 2, 0)]));
}

#[tokio::test]
async fn the_order_of_columns_and_their_types_do_not_make_other_rows() {
    let before = database(
        "CREATE TABLE t (id int PRIMARY KEY, a int, b text, c numeric(10,2), at timestamp);
         INSERT INTO t SELECT n, n, 'b' || n, n / 4.0, '2026-01-01' FROM generate_series(1, 50) AS n",
    )
    .await;
    let reordered = "CREATE TABLE u (b text, id int PRIMARY KEY, at timestamp, c numeric(10,2), a int);
         INSERT INTO u SELECT b, id, at, c, a FROM t; DROP TABLE t; ALTER TABLE u RENAME TO t;";
    let difference = before.after(reordered).await;
    assert!(difference.tables.is_empty() && !difference.objects.is_empty(), "{difference:?}");
    let wider = "ALTER TABLE t ALTER id TYPE bigint, ALTER a TYPE bigint, ALTER b TYPE varchar(40)";
    assert!(before.after(wider).await.tables.is_empty());
    let difference = before.after("ALTER TABLE t ALTER c TYPE int, ALTER at TYPE date").await;
    let table = &difference.tables[0];
    assert_eq!((table.rows_changed, columns(table)), (50, vec![("c", 0, 50), ("at", 0, 50)]));
    let difference = before.after("ALTER TABLE t ADD COLUMN d int DEFAULT 5").await;
    assert!(difference.tables.is_empty() && difference.objects.len() == 1, "{difference:?}");
}

#[tokio::test]
async fn tables_that_are_gone_or_new_are_told_with_their_rows() {
    let before =
        database("CREATE TABLE a (x int); INSERT INTO a VALUES (1), (2); CREATE TABLE empty (x int)").await;
    let difference = before.after("DROP TABLE a, empty; CREATE TABLE b AS SELECT 1 AS x").await;
    let told: Vec<_> =
        difference.tables.iter().map(|t| (t.table.as_str(), t.rows_lost, t.rows_gained)).collect();
    assert_eq!(told, [("public.a", 2, 0), ("public.b", 0, 1)]);
}

#[tokio::test]
async fn partitions_are_compared_one_by_one() {
    let before = database(
        "CREATE TABLE m (id int, at int, PRIMARY KEY (id, at)) PARTITION BY RANGE (at);
         CREATE TABLE m1 PARTITION OF m FOR VALUES FROM (0) TO (10); CREATE TABLE m2 PARTITION OF m DEFAULT;
         INSERT INTO m SELECT n, n FROM generate_series(1, 20) AS n",
    )
    .await;
    assert!(before.after("ALTER TABLE m DETACH PARTITION m1").await.tables.is_empty());
    let attached =
        "ALTER TABLE m DETACH PARTITION m1; ALTER TABLE m ATTACH PARTITION m1 FOR VALUES FROM (0) TO (10)";
    let difference = before.after(attached).await;
    assert!(difference.is_empty(), "{difference:?}");
    let difference = before.after("UPDATE m SET at = 15 WHERE id = 1").await;
    let told: Vec<_> =
        difference.tables.iter().map(|t| (t.table.as_str(), t.rows_lost, t.rows_gained)).collect();
    assert_eq!(told, [("public.m1", 1, 0), ("public.m2", 0, 1)]);
}

#[tokio::test]
async fn what_is_ignored_is_not_compared() {
    let before = database(&format!(
        "{CUSTOMERS} CREATE TABLE flyway_schema_history (id serial PRIMARY KEY); CREATE TABLE \"_sqlx_migrations\" (v int);"
    ))
    .await;
    let history = known_history_tables(&before.state().await);
    assert_eq!(
        history.iter().map(ToString::to_string).collect::<Vec<_>>(),
        ["public._sqlx_migrations", "public.flyway_schema_history"]
    );
    let copy = before.copy().await;
    copy.run(
        "UPDATE customers SET updated_at = '2000-01-01'; INSERT INTO flyway_schema_history DEFAULT VALUES;
         ALTER TABLE \"_sqlx_migrations\" ADD w int; CREATE TABLE own_history (x int)",
    )
    .await;
    assert!(!before.against(&copy, &Options::default()).await.is_empty());
    let mut ignored_tables = history;
    ignored_tables.push(TableName::parse("own_history").unwrap());
    let ignored_columns = vec![ColumnName::parse("customers.updated_at").unwrap()];
    let options = Options { ignored_columns, ignored_tables, show_keys: false };
    let difference = before.against(&copy, &options).await;
    assert!(difference.is_empty(), "{difference:?}");
}

#[tokio::test]
async fn sequences_are_told_by_where_they_stand() {
    let before = database(
        "CREATE SEQUENCE a; SELECT setval('a', 50); CREATE SEQUENCE b; CREATE SEQUENCE c INCREMENT -1; SELECT setval('c', -50);
         CREATE SEQUENCE d; SELECT setval('d', 7, false)",
    )
    .await;
    let difference = before
        .after("SELECT setval('a', 49); SELECT nextval('b'); SELECT setval('c', -49); SELECT setval('d', 6)")
        .await;
    let told: Vec<_> =
        difference.sequences.iter().map(|s| (s.sequence.as_str(), s.before, s.after, s.went_back)).collect();
    assert_eq!(
        told,
        [
            ("public.a", Some(50), Some(49), true),
            ("public.b", None, Some(1), false),
            ("public.c", Some(-50), Some(-49), true)
        ]
    );
}

#[tokio::test]
async fn wide_and_empty_and_guarded_tables_are_read() {
    let wide: Vec<String> = (0..1600).map(|n| format!("c{n} bool")).collect();
    let before = database(&format!(
        "CREATE TABLE wide ({}); INSERT INTO wide (c0, c1599) VALUES (true, false);
         CREATE TABLE nothing (); INSERT INTO nothing DEFAULT VALUES;
         CREATE TABLE guarded (id int PRIMARY KEY, a text); INSERT INTO guarded VALUES (1, 'a');
         ALTER TABLE guarded ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
         CREATE TABLE dropped (a int, b int, id int PRIMARY KEY, c int); INSERT INTO dropped VALUES (1, 2, 3, 4);
         ALTER TABLE dropped DROP a, DROP b;",
        wide.join(", ")
    ))
    .await;
    for (sql, table) in [
        ("UPDATE wide SET c1598 = false", "public.wide"),
        ("INSERT INTO nothing DEFAULT VALUES", "public.nothing"),
        ("UPDATE guarded SET a = 'b'", "public.guarded"),
        ("UPDATE dropped SET c = 5", "public.dropped"),
    ] {
        let difference = before.after(sql).await;
        let told: Vec<_> = difference.tables.iter().map(|t| t.table.as_str()).collect();
        assert_eq!(told, [table], "{sql}");
    }
}

#[tokio::test]
async fn what_a_database_puts_in_the_way_of_the_digest_is_not_run() {
    let hostile = "
        CREATE FUNCTION public.hashtextextended(text, bigint) RETURNS bigint LANGUAGE sql AS 'SELECT 1::bigint / 0';
        CREATE FUNCTION public.evil(numeric) RETURNS text LANGUAGE plpgsql AS 'BEGIN RAISE EXCEPTION ''evil''; END';
        CREATE CAST (numeric AS text) WITH FUNCTION public.evil(numeric) AS ASSIGNMENT;
        CREATE FUNCTION public.equal(bigint, bigint) RETURNS bool LANGUAGE plpgsql AS 'BEGIN RAISE EXCEPTION ''evil''; END';
        CREATE OPERATOR public.= (LEFTARG = bigint, RIGHTARG = bigint, FUNCTION = public.equal);
        CREATE TABLE t (id int PRIMARY KEY, a int, b numeric); INSERT INTO t VALUES (1, 2, 3);
        CREATE VIEW v AS SELECT public.evil(id) FROM t;";
    let before = database(hostile).await;
    let difference = before.after("UPDATE t SET a = 3").await;
    assert_eq!(columns(&difference.tables[0]), [("a", 0, 1)]);
}

#[tokio::test]
async fn functions_in_the_place_of_postgresql_s_own_are_refused() {
    let database = database(
        "CREATE DOMAIN d AS int; CREATE FUNCTION pg_catalog.hashint4extended(d, bigint) RETURNS bigint LANGUAGE sql AS 'SELECT 1::bigint'",
    )
    .await;
    let refused = drillyard::digest::take(&database.client().await, &Options::default()).await.unwrap_err();
    assert!(refused.to_string().contains("hashint4extended"), "{refused}");
}

#[tokio::test]
async fn only_a_superuser_is_answered() {
    let database = database("").await;
    let client = database.client_as("digest_nobody").await;
    let refused = drillyard::digest::take(&client, &Options::default()).await.unwrap_err();
    assert!(refused.to_string().contains("superuser"), "{refused}");
    // And its transaction is over.
    client.batch_execute("VACUUM").await.unwrap();
}
