//! Any object that is lost, added or changed is told by its kind, its name, and what of it changed.

use drillyard::digest::{Options, State};

use crate::server::{database, told};

const CORNER: &str = include_str!("corner.sql");

/// A statement, and what is told of it: every line, in order.
const CHANGES: &[(&str, &[&str])] = &[
    ("ALTER TABLE shop.orders ALTER at SET NOT NULL", &["changed column shop.orders.at: nullable yes → no"]),
    (
        "ALTER TABLE shop.customers ALTER updated_at TYPE timestamp",
        &[
            "changed column shop.customers.updated_at: type timestamp with time zone → timestamp without time zone",
        ],
    ),
    ("DROP INDEX shop.orders_at", &["lost comment index shop.orders_at", "lost index shop.orders_at"]),
    (
        "UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'shop.orders_at'::regclass",
        &["changed index shop.orders_at: valid true → false"],
    ),
    (
        "ALTER TABLE shop.customers VALIDATE CONSTRAINT named",
        &["changed constraint shop.customers.named: validated false → true"],
    ),
    (
        "ALTER TABLE shop.customers ENABLE TRIGGER touch",
        &["changed trigger shop.customers.touch: enabled D → O"],
    ),
    (
        "ALTER TYPE shop.mood ADD VALUE 'furious'",
        &[
            "changed type shop.mood: labels 'sad', 'it''s ok', 'so so', 'glad' → 'sad', 'it''s ok', 'so so', 'glad', 'furious'",
        ],
    ),
    ("GRANT DELETE ON shop.orders TO digest_reader", &["added grant DELETE on shop.orders to digest_reader"]),
    (
        "REVOKE UPDATE (at) ON shop.orders FROM digest_reader",
        &["lost grant UPDATE on column shop.orders.at to digest_reader"],
    ),
    ("REVOKE ALL ON SCHEMA shop FROM digest_reader", &["lost grant USAGE on schema shop to digest_reader"]),
    (
        "GRANT EXECUTE ON FUNCTION shop.add TO public",
        &["added grant EXECUTE on shop.add(a integer, b integer) to public"],
    ),
    ("ALTER TABLE shop.orders OWNER TO digest_owner", &[]),
    (
        "ALTER TABLE shop.orders ALTER id SET DEFAULT 7",
        &["changed column shop.orders.id: default nextval('shop.orders_id_seq'::regclass) → 7"],
    ),
    ("ALTER TABLE shop.orders ADD COLUMN extra int", &["added column shop.orders.extra"]),
    ("ALTER TABLE shop.orders DROP COLUMN at CASCADE", &[]),
    ("DROP TABLE shop.orders CASCADE", &[]),
    ("CREATE TABLE shop.new (a int PRIMARY KEY)", &["added table shop.new"]),
    ("ALTER SEQUENCE shop.down INCREMENT -3", &["changed sequence shop.down: increment -2 → -3"]),
    ("COMMENT ON SCHEMA shop IS 'the shop'", &["changed comment schema shop: text a shop → the shop"]),
    (
        "ALTER VIEW shop.glad SET (check_option = local)",
        &["changed view shop.glad: options check_option=cascaded → check_option=local"],
    ),
    (
        "REFRESH MATERIALIZED VIEW shop.later",
        &["changed materialised view shop.later: populated false → true"],
    ),
    (
        "CREATE OR REPLACE FUNCTION shop.add(a int, b int DEFAULT 1) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT a - b'",
        &["changed function shop.add(a integer, b integer): definition"],
    ),
    (
        "ALTER FUNCTION shop.add SECURITY DEFINER",
        &["changed function shop.add(a integer, b integer): definition"],
    ),
    (
        "ALTER TABLE shop.customers NO FORCE ROW LEVEL SECURITY",
        &["changed table shop.customers: forced row security on → none"],
    ),
    ("DROP POLICY own ON shop.customers", &["lost policy shop.customers.own"]),
    ("ALTER TABLE shop.measures DETACH PARTITION shop.measures_25", &[]),
    (
        "ALTER USER MAPPING FOR digest_owner SERVER far OPTIONS (SET password 'canary-7f3-b')",
        &["changed user mapping digest_owner at far: options"],
    ),
    (
        "ALTER TABLE shop.customers DISABLE TRIGGER ALL",
        &["changed table shop.customers: internal triggers not in their ordinary state none → 3"],
    ),
    ("ALTER EVENT TRIGGER on_ddl DISABLE", &["changed event trigger on_ddl: enabled O → D"]),
    (
        "ALTER PUBLICATION part SET TABLE shop.orders (id)",
        &["changed published table shop.orders in part: columns at, id → id, where (id > 5) → none"],
    ),
    ("ALTER EXTENSION citext SET SCHEMA shop", &["changed extension citext: schema public → shop"]),
    ("ALTER DOMAIN shop.positive DROP NOT NULL", &["changed domain shop.positive: nullable false → true"]),
    (
        "DROP COLLATION shop.german; CREATE COLLATION shop.german (provider = icu, locale = 'de-u-ks-level1', deterministic = false)",
        &["changed collation shop.german: locale de-u-ks-level2 → de-u-ks-level1"],
    ),
    (
        "GRANT USAGE ON TYPE shop.pair TO digest_reader",
        &["added grant USAGE on type shop.pair to digest_reader"],
    ),
    ("DROP CAST (int AS shop.pair)", &["lost cast integer to shop.pair"]),
    (
        "ALTER DEFAULT PRIVILEGES FOR ROLE digest_owner IN SCHEMA shop REVOKE SELECT ON TABLES FROM digest_reader",
        &["lost default privilege SELECT on tables of digest_owner in shop to digest_reader"],
    ),
    ("SELECT lo_unlink(4711)", &[]),
    ("SELECT lo_create(4712)", &[]),
    ("ALTER TEXT SEARCH CONFIGURATION shop.search DROP MAPPING FOR url", &[]),
    (
        "ALTER TABLE shop.orders SET (autovacuum_enabled = off)",
        &["changed table shop.orders: options none → autovacuum_enabled=off"],
    ),
];

#[tokio::test]
async fn e12_any_change_of_an_object_is_told() {
    let before = database(CORNER).await;
    // A copy by template has none, as the servers' catalog holds them.
    before.run("ALTER SUBSCRIPTION other SET (slot_name = NONE)").await;
    before.run("DROP SUBSCRIPTION other").await;
    let mut wrong = Vec::new();
    for (sql, expected) in CHANGES {
        let told = told(&before.after(sql).await);
        let is_right = if expected.is_empty() { !told.is_empty() } else { told == *expected };
        if !is_right {
            wrong.push(format!("{sql}\n    {told:#?}"));
        }
        assert!(!format!("{told:?}").contains("canary"), "a password was told: {told:?}");
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[tokio::test]
async fn an_application_s_setting_is_told_without_its_value() {
    let before = database("").await;
    let copy = before.copy().await;
    for (database, secret) in [(&before, "canary-7f3-old"), (&copy, "canary-7f3-new")] {
        database.run(&format!("ALTER DATABASE {} SET app.jwt_secret = '{secret}'", database.name)).await;
    }
    let difference = before.against(&copy, &Options::default()).await;
    assert_eq!(told(&difference), ["changed setting app.jwt_secret: value"]);
    assert!(!format!("{:?}", before.state().await).contains("canary"), "a secret was kept");
}

#[tokio::test]
async fn an_option_of_a_subscription_is_told() {
    let database = database(
        "CREATE SUBSCRIPTION other CONNECTION 'host=nowhere' PUBLICATION part WITH (connect = false, slot_name = NONE)",
    )
    .await;
    let before = database.state().await;
    database.run("ALTER SUBSCRIPTION other SET (binary = true, streaming = true)").await;
    let after = database.state().await;
    database.run("DROP SUBSCRIPTION other").await;
    let options =
        |state: &State| state.objects.iter().find(|(name, _)| name.kind == "subscription").unwrap().1.clone();
    assert_ne!(options(&before), options(&after));
}
