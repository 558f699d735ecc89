//! What PostgreSQL 18 made new: NOT NULL as a constraint with a name and a state, constraints that nobody enforces, columns
//! that are computed when they are read. `make test` has no 18; `make versions-test` runs these.

use drillyard::digest::Options;

use crate::server::{Database, database_of, told};

const TABLES: &str = "
    CREATE TABLE plain (id int PRIMARY KEY, a int NOT NULL, b int CONSTRAINT filled NOT NULL,
        d int CONSTRAINT own NOT NULL NO INHERIT, s int GENERATED ALWAYS AS (a * 2) STORED,
        v int GENERATED ALWAYS AS (a * 3) VIRTUAL);
    INSERT INTO plain SELECT n, n, n, n FROM generate_series(1, 100) AS n;
    CREATE TABLE loose (c int); INSERT INTO loose VALUES (1), (NULL);
    ALTER TABLE loose ADD CONSTRAINT later NOT NULL c NOT VALID;
    ALTER TABLE plain ADD CONSTRAINT positive CHECK (a > 0), ADD CONSTRAINT wished CHECK (b > 0) NOT ENFORCED;
    CREATE TABLE heir () INHERITS (plain);
    CREATE TABLE refers (plain int CONSTRAINT known REFERENCES plain);
    CREATE TABLE part (id int NOT NULL, note text CONSTRAINT noted NOT NULL) PARTITION BY RANGE (id);
    CREATE TABLE part_1 PARTITION OF part FOR VALUES FROM (0) TO (9);
    ALTER DEFAULT PRIVILEGES GRANT SELECT ON LARGE OBJECTS TO digest_reader;";

async fn tables() -> Database {
    database_of(18, TABLES).await
}

/// A statement, and everything that is told of it.
const CHANGES: &[(&str, &[&str])] = &[
    // As every server before has told it.
    (
        "ALTER TABLE ONLY part_1 ALTER note SET STATISTICS 7",
        &["changed column public.part_1.note: statistics target none → 7"],
    ),
    ("ALTER TABLE plain ADD COLUMN e int NOT NULL DEFAULT 0; ALTER TABLE plain DROP COLUMN e", &[]),
    ("ALTER TABLE plain ALTER a DROP NOT NULL; ALTER TABLE plain ALTER a SET NOT NULL", &[]),
    (
        "ALTER TABLE plain ALTER d DROP NOT NULL",
        &["changed column public.plain.d: not null named own → none, nullable no (not for heirs) → yes"],
    ),
    (
        "ALTER TABLE plain ALTER d DROP NOT NULL; ALTER TABLE plain ADD CONSTRAINT own NOT NULL d NO INHERIT NOT VALID",
        &["changed column public.plain.d: nullable no (not for heirs) → no (not validated) (not for heirs)"],
    ),
    (
        "ALTER TABLE plain ALTER CONSTRAINT own INHERIT",
        &[
            "changed column public.heir.d: not null inherited none → only, not null named none → own, nullable yes → no",
            "changed column public.plain.d: nullable no (not for heirs) → no",
        ],
    ),
    (
        "ALTER TABLE plain RENAME CONSTRAINT filled TO other",
        &[
            "changed column public.heir.b: not null named filled → other",
            "changed column public.plain.b: not null named filled → other",
        ],
    ),
    (
        "DELETE FROM loose WHERE c IS NULL; ALTER TABLE loose VALIDATE CONSTRAINT later",
        &["changed column public.loose.c: nullable no (not validated) → no"],
    ),
    (
        "ALTER TABLE refers ALTER CONSTRAINT known NOT ENFORCED",
        &["changed foreign key public.refers.known: enforced true → false, validated true → false"],
    ),
    (
        "ALTER TABLE plain ALTER s DROP EXPRESSION; ALTER TABLE plain DROP COLUMN s;
         ALTER TABLE plain ADD COLUMN s int GENERATED ALWAYS AS (a * 2) VIRTUAL",
        &[
            "changed column public.heir.s: generated s (a * 2) → v (a * 2)",
            "changed column public.plain.s: generated s (a * 2) → v (a * 2)",
        ],
    ),
    (
        "ALTER DEFAULT PRIVILEGES REVOKE SELECT ON LARGE OBJECTS FROM digest_reader",
        &[
            "lost default privilege SELECT on large objects of postgres to digest_reader",
            "lost default privilege SELECT on large objects of postgres to postgres",
            "lost default privilege UPDATE on large objects of postgres to postgres",
        ],
    ),
];

#[tokio::test]
#[ignore = "make versions-test: PostgreSQL 18"]
async fn e12_what_18_made_new_is_told_by_its_name() {
    let before = tables().await;
    for (sql, expected) in CHANGES {
        let difference = before.after(sql).await;
        // A column that was made anew stands at the end.
        let told: Vec<String> = told(&difference)
            .into_iter()
            .map(|line| line.split(", position ").next().unwrap_or_default().to_owned())
            .filter(|line| !line.contains(": position "))
            .collect();
        assert_eq!(told, *expected, "{sql}");
        let changed_rows = difference.tables.iter().any(|table| table.rows_lost + table.rows_changed > 0);
        assert_eq!(changed_rows, sql.starts_with("DELETE"), "{sql}: {:?}", difference.tables);
    }
}

#[tokio::test]
#[ignore = "make versions-test: PostgreSQL 18"]
async fn what_18_made_new_is_the_same_after_dump_and_restore() {
    let before = tables().await;
    let difference = before.against(&before.restored().await, &Options::default()).await;
    assert_eq!(told(&difference), Vec::<String>::new());
    assert!(difference.tables.is_empty(), "{difference:?}");
}

#[tokio::test]
#[ignore = "make versions-test: PostgreSQL 18"]
async fn a_unique_index_over_a_column_that_may_still_hold_null_is_no_key() {
    let before = database_of(
        18,
        "CREATE TABLE codes (code int, name text);
         INSERT INTO codes SELECT CASE WHEN n > 1 THEN n END, 'name ' || n FROM generate_series(1, 100) AS n;
         INSERT INTO codes VALUES (NULL, 'another');
         CREATE UNIQUE INDEX ON codes (code); ALTER TABLE codes ADD NOT NULL code NOT VALID;",
    )
    .await;
    let after = before.copy().await;
    after.run("UPDATE codes SET name = 'new' WHERE code = 50").await;
    let options = Options { show_keys: true, ..Options::default() };
    let difference = before.against(&after, &options).await;
    let [table] = difference.tables.as_slice() else { panic!("{difference:?}") };
    assert_eq!((table.paired, table.rows_lost, table.rows_gained, table.rows_changed), (false, 1, 1, 0));

    before
        .run(
            "DELETE FROM codes WHERE code IS NULL; ALTER TABLE codes VALIDATE CONSTRAINT codes_code_not_null",
        )
        .await;
    let after = before.copy().await;
    after.run("UPDATE codes SET name = 'new' WHERE code = 50").await;
    let difference = before.against(&after, &options).await;
    let [table] = difference.tables.as_slice() else { panic!("{difference:?}") };
    assert_eq!(
        (table.paired, table.rows_changed, table.keys.as_slice()),
        (true, 1, &["code=50".to_owned()][..])
    );
}

#[tokio::test]
#[ignore = "make versions-test: PostgreSQL 18"]
async fn a_column_that_is_computed_from_now_on_has_lost_no_value_with_a_key_or_without() {
    for key in ["PRIMARY KEY", ""] {
        let sql = format!(
            "CREATE TABLE t (id int {key}, s int GENERATED ALWAYS AS (id * 2) STORED);
             INSERT INTO t SELECT generate_series(1, 100);"
        );
        let before = database_of(18, &sql).await;
        let difference = before
            .after("ALTER TABLE t DROP COLUMN s; ALTER TABLE t ADD COLUMN s int GENERATED ALWAYS AS (id * 2) VIRTUAL")
            .await;
        assert_eq!(told(&difference), ["changed column public.t.s: generated s (id * 2) → v (id * 2)"]);
        assert!(difference.tables.is_empty(), "{key}: {difference:?}");
        // One that was never computed from others has lost what it held.
        let note = database_of(18, &format!("CREATE TABLE t (id int {key}, note text); INSERT INTO t SELECT n, 'x' FROM generate_series(1, 100) AS n")).await;
        let empty = "ALTER TABLE t DROP COLUMN note; ALTER TABLE t ADD COLUMN note text GENERATED ALWAYS AS (NULL) VIRTUAL";
        let difference = note.after(empty).await;
        assert_eq!(difference.tables[0].columns[0].values_lost, 100, "{key}: {difference:?}");
        // One that is gone has.
        let difference = before.after("ALTER TABLE t DROP COLUMN s").await;
        assert_eq!(difference.tables[0].columns[0].values_lost, 100, "{key}: {difference:?}");
    }
}
