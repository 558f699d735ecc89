//! Healthy backups in every format that is met, and every way to restore one: the right verdict on real dumps.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // Helpers of tests are tests.

mod support;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use support::scene::{Drill, SHOP};
use support::{
    Scene, damage, docker, done, engine, production, root, usual_major, usual_production, with_each,
};

const PLAIN: &[&str] = &["--format=plain"];
const ORDERS: Drill<'static> = Drill { checks: "rows: { table: public.orders, equals: 20_000 }", ..SHOP };

/// The shop among other databases.
const OF_ALL: Drill<'static> = Drill { backup: "databases: [shop]", ..SHOP };

/// Examples that need a server or a daemon of their own, and are run beside it: `tests/s3/drill.rs`,
/// `tests/rds/drawing.rs`, `tests/daemon/example.rs`.
const ELSEWHERE: [&str; 3] = ["rds.yaml", "s3.yaml", "scheduled.yaml"];

/// The folder's own examples, each with the backups that its path names.
#[test]
fn every_file_in_drills_runs_and_ends_as_it_says() {
    let scene = Scene::empty();
    let now = Duration::ZERO;
    let put = |folder: &str, name: &str, backup: &Path| {
        scene.add(backup, name, now);
        fs::create_dir_all(scene.path(folder)).unwrap();
        fs::rename(scene.path("backups").join(name), scene.path(folder).join(name)).unwrap();
    };
    put(".demo/backups", "shop-2026-11-21.dump", &usual_production().backup(&[]));
    put(
        ".demo/damaged",
        "shop-2026-11-21.dump",
        &usual_production().damaged("empty-table:public.payments", &[]),
    );
    put(".demo/plain", "shop-2026-11-21.sql.gz", &damage("gzip", &usual_production().backup(PLAIN)));
    let due = [
        ("shop.yaml", "passed"),
        ("shop-damaged.yaml", "failed(check_failed)"),
        ("plain.yaml", "passed"),
        ("rollback.yaml", "failed(rollback_loses_data)"),
    ];
    for entry in fs::read_dir(root().join("drills/migrations")).unwrap().flatten() {
        let name = entry.file_name().into_string().unwrap();
        scene.write(&format!("drills/migrations/{name}"), fs::read(entry.path()).unwrap());
    }
    let mut files = BTreeSet::new();
    let entries = fs::read_dir(root().join("drills")).unwrap().flatten();
    for entry in entries.filter(|entry| entry.path().is_file()) {
        let name = entry.file_name().into_string().unwrap();
        scene.write(&format!("drills/{name}"), fs::read(entry.path()).unwrap());
        if Path::new(&name).extension().is_some_and(|ending| ending == "yaml") {
            files.insert(name);
        }
    }
    let here = due.iter().map(|(name, _)| *name);
    assert_eq!(files, here.chain(ELSEWHERE).map(str::to_owned).collect(), "say how each file ends");
    for (name, ending) in due {
        scene.run_file(&format!("drills/{name}"), &[]).must_be(ending);
    }
    let shop = scene.run_file("drills/shop.yaml", &[]);
    assert_eq!(
        shop.json["clocks"]["recovery_point_age"]["basis"], "archive_header",
        "{}",
        shop.json["clocks"]
    );
    assert_eq!(shop.json["clocks"]["recovery_point_age"]["met"], true);
    assert_eq!(shop.json["clocks"]["time_to_verified"]["met"], true);
}

/// A backup with what must be seen of it.
struct Healthy {
    what: &'static str,
    backup: PathBuf,
    format: &'static str,
    compression: &'static str,
    major: u16,
    drill: Drill<'static>,
}

fn healthy(what: &'static str, backup: PathBuf, format: &'static str) -> Healthy {
    Healthy { what, backup, format, compression: "none", major: usual_major(), drill: SHOP }
}

fn zstd(of: &Path) -> PathBuf {
    let target = of.with_extension("zst");
    done(Command::new("zstd").args(["--quiet", "--force", "-o"]).arg(&target).arg(of));
    target
}

fn every_healthy_backup() -> Vec<Healthy> {
    let usual = usual_production();
    // A part of the shop cannot stand alone: its types are elsewhere.
    usual.psql("postgres", "create database small");
    usual.psql("small", "create table orders as select generate_series(1, 20000) as id");
    let plain = usual.backup(PLAIN);
    let custom = usual.backup(&[]);
    let sql =
        |what, arguments: &[&str]| healthy(what, usual.backup(&[PLAIN, arguments].concat()), "plain_sql");
    vec![
        healthy("custom", custom.clone(), "pg_dump_custom"),
        healthy("custom -Z0", usual.backup(&["-Z0"]), "pg_dump_custom"),
        healthy("custom --verbose", usual.backup(&["--verbose"]), "pg_dump_custom"),
        healthy("custom --no-owner", usual.backup(&["--no-owner"]), "pg_dump_custom"),
        healthy(
            "custom --quote-all-identifiers",
            usual.backup(&["--quote-all-identifiers"]),
            "pg_dump_custom",
        ),
        Healthy { major: 17, ..healthy("custom of 17", production(17).backup(&[]), "pg_dump_custom") },
        Healthy { major: 17, ..healthy("plain of 17", production(17).backup(PLAIN), "plain_sql") },
        Healthy {
            compression: "gzip",
            ..healthy("custom in gzip", damage("gzip", &custom), "pg_dump_custom")
        },
        healthy("tar", usual.backup(&["--format=tar"]), "pg_dump_tar"),
        Healthy { compression: "gzip", ..healthy("plain in gzip", damage("gzip", &plain), "plain_sql") },
        Healthy { compression: "zstd", ..healthy("plain in zstd", zstd(&plain), "plain_sql") },
        healthy("plain", plain, "plain_sql"),
        Healthy { drill: OF_ALL, ..healthy("pg_dumpall", usual.backup_all(&[]), "plain_sql") },
        Healthy {
            drill: OF_ALL,
            ..healthy(
                "pg_dumpall --clean --if-exists",
                usual.backup_all(&["--clean", "--if-exists"]),
                "plain_sql",
            )
        },
        sql("plain --create", &["--create"]),
        sql("plain --clean --if-exists", &["--clean", "--if-exists"]),
        sql("plain --clean --if-exists --create", &["--clean", "--if-exists", "--create"]),
        sql("plain --rows-per-insert", &["--rows-per-insert=500"]),
        sql("plain --verbose", &["--verbose"]),
        Healthy {
            drill: ORDERS,
            ..healthy("d10 --schema=public", usual.backup(&["--schema=public", "small"]), "pg_dump_custom")
        },
        Healthy { drill: ORDERS, ..sql("d10 plain --schema=public", &["--schema=public", "small"]) },
        Healthy { drill: ORDERS, ..sql("plain --inserts", &["--inserts", "small"]) },
    ]
}

#[test]
fn d6_d9_d10_healthy_backups_of_every_format_pass_in_the_image_of_their_major_version() {
    with_each(
        &every_healthy_backup(),
        |case| case.what.to_owned(),
        |case| {
            let run = Scene::with(&case.backup).run(&case.drill);
            run.must_be("passed");
            let backup = &run.json["backup"];
            assert_eq!(backup["format"], case.format);
            assert_eq!(backup["compression"], case.compression);
            for said in [&backup["server_version"], &run.json["sandbox"]["server_version"]] {
                let major = said.as_str().and_then(|version| version.split('.').next());
                assert_eq!(major, Some(&*case.major.to_string()), "{said}");
            }
            assert_eq!(run.json["integrity"], "plausible");
            let milestones = &run.json["milestones"];
            let at = |name: &str| milestones[name].as_f64().unwrap();
            assert!(
                at("queryable_seconds") <= at("restored_seconds")
                    && at("restored_seconds") <= at("verified_seconds")
            );
        },
    );
}

const OWNER: &str = "sql: { name: owner, query: \"select count(*) from pg_tables where schemaname = 'public' and tablename = 'orders' and tableowner = 'shop_owner'\", equals: 1 }";

#[test]
fn d8_missing_roles_are_created_taken_from_a_file_or_ignored() {
    let dumps = [usual_production().backup(&[]), usual_production().backup(PLAIN)];
    with_each(
        &dumps,
        |dump| dump.display().to_string(),
        |dump| {
            let scene = Scene::with(dump);
            let run = scene.run(&Drill { checks: OWNER, ..SHOP });
            run.must_be("passed");
            assert!(
                run.lists("roles_created", "shop_owner") && run.lists("roles_created", "shop_reader"),
                "{}",
                run.json["roles_created"]
            );

            scene.write("globals.sql", fs::read(usual_production().backup_all(&["--roles-only"])).unwrap());
            let run = scene.run(&Drill { restore: "roles: { file: globals.sql }", checks: OWNER, ..SHOP });
            run.must_be("passed");
            assert_eq!(run.json["roles_created"], serde_json::json!([]), "all of them came from the file");

            let run = scene.run(&Drill { restore: "roles: ignore", ..ORDERS });
            run.must_be("passed");
            assert!(run.lists("not_verified", "grants"), "{}", run.json["not_verified"]);
        },
    );
}

#[test]
fn sql_of_the_drills_own_runs_after_the_restore_and_its_errors_are_told() {
    let scene = Scene::with(&usual_production().backup(&[]));
    scene.write("after.sql", "create table public.made_after as select 7 as seven;\n");
    let drill = Drill { restore: "after: { sql: [after.sql] }", ..ORDERS };
    scene.run(&Drill { checks: "rows: { table: public.made_after, equals: 1 }", ..drill }).must_be("passed");
    scene.write("after.sql", "create table public.made_after as select 1;\nselect from where;\n");
    scene.run(&drill).must_be("errored(check_invalid)");
    scene.write("after.sql", "alter table public.orders drop column lost;\n");
    let run = scene.run(&drill);
    run.must_be("failed(restore_failed)");
    let detail = run.json["stop"]["detail"].as_str().unwrap();
    assert!(detail.contains("after.sql, line 1:") && detail.contains("(42703)"), "{detail}");
}

#[test]
fn sql_of_the_drills_own_that_does_nothing_in_silence_is_told() {
    let scene = Scene::with(&usual_production().backup(&[]));
    let drill = Drill { restore: "after: { sql: [after.sql] }", ..ORDERS };
    let made = "create table public.made_after as select 7 as seven;\n";
    for (sql, told) in [
        (format!("begin;\n{made}"), "inside of a transaction"),
        (format!("\\q\n{made}"), "did not come to the end"),
    ] {
        scene.write("after.sql", &sql);
        let run = scene.run(&drill);
        run.must_be("errored(check_invalid)");
        assert!(run.json["stop"]["detail"].as_str().unwrap().contains(told), "{}", run.told());
    }
}

#[test]
fn sql_of_the_drills_own_and_analyze_have_no_limit_of_their_own_and_the_sandboxs_lacks_are_not_the_backups() {
    let scene = Scene::with(&usual_production().backup(&[]));
    scene.write("after.sql", "select pg_catalog.pg_sleep(600);\n");
    let limited = Drill { restore: "after: { sql: [after.sql] }, timeout: 20s", ..ORDERS };
    scene.run(&limited).must_be("errored(timeout)");
    // Nobody saw that it made progress (measures.md).
    scene.run(&Drill { objectives: "rto: 5s", ..limited }).must_be("errored(timeout)");
    scene.write("after.sql", "create extension not_in_this_image;\n");
    let lacking = Drill { restore: "after: { sql: [after.sql] }", ..ORDERS };
    scene.run(&lacking).must_be("errored(extension_missing)");
}

/// More lines that drop what is not there than were kept of the client's errors once: each is harmless by its line. The
/// dump names no version.
#[test]
fn d10_a_dump_of_thousands_of_tables_that_drops_them_first_is_whole() {
    let drops = |n| match n % 2 {
        0 => format!("ALTER TABLE ONLY public.t{n} DROP CONSTRAINT t{n}_pkey;\n"),
        _ => format!("ALTER DOMAIN public.d{n} DROP CONSTRAINT d{n}_check;\n"),
    };
    let drops: Vec<String> = (0..5_500).map(drops).collect();
    let dump =
        format!("{}CREATE TABLE public.orders AS SELECT generate_series(1, 20000) AS id;\n", drops.concat());
    let run = Scene::with_bytes(dump.as_bytes()).run(&ORDERS);
    run.must_be("passed");
    assert!(run.lists("not_verified", "the server's version"), "{}", run.json["not_verified"]);
    let errors = run.json["restore_errors"].as_array().unwrap();
    assert_eq!(errors.iter().filter_map(|error| error["count"].as_u64()).sum::<u64>(), 5_500);
}

/// Nobody reads a dump of several databases and knows which one a check means.
#[test]
fn checks_of_several_databases_say_which_one_they_ask_and_which_nobody_asked() {
    let usual = usual_production();
    usual.psql("postgres", "create database a_first");
    usual.psql("a_first", "create table orders as select generate_series(1, 20000) as id");
    let scene = Scene::with(&usual.backup_all(&["--no-comments"]));
    let run = scene.run(&Drill { backup: "databases: [a_first, shop]", ..ORDERS });
    run.must_be("passed");
    assert!(run.lists("not_verified", "database shop: no check asks it"), "{}", run.told());
    let warned = run.json["checks"][0]["warnings"].to_string();
    assert!(warned.contains("asked of the database a_first, the first of 2"), "{warned}");
}

/// Before 16 only a superuser may own a subscription; since then a role that is none.
#[test]
fn d8_who_owns_a_subscription_becomes_no_superuser() {
    let production = production(17);
    production.psql("postgres", "create database subscribed");
    let subscription = "create role subscriber; grant create on database subscribed to subscriber; \
        create table orders as select generate_series(1, 20000) as id; \
        create subscription mirror connection 'dbname=x password=y' publication p with (connect = false); \
        alter subscription mirror owner to subscriber";
    production.psql("subscribed", subscription);
    let query = "select count(*) from pg_roles join pg_subscription on subowner = pg_roles.oid \
        where rolname = 'subscriber' and not rolsuper";
    let checks = format!("sql: {{ name: owner, query: \"{query}\", equals: 1 }}");
    let run = Scene::with(&production.backup(&["subscribed"])).run(&Drill { checks: &checks, ..ORDERS });
    run.must_be("passed");
}

/// `pg_dump` of a database of no known encoding hands its bytes on as they are.
#[test]
fn d18_bytes_of_no_encoding_are_restored_as_they_are() {
    let usual = usual_production();
    usual.psql(
        "postgres",
        "create database bytes template template0 encoding 'SQL_ASCII' lc_collate 'C' lc_ctype 'C'",
    );
    let rows =
        "create table orders as select id, 'caf' || chr(233) as name from generate_series(1, 20000) as id";
    usual.psql("bytes", rows);
    let check = "sql: { name: bytes, query: \"select count(*) from orders where encode(name::bytea, 'hex') = '636166e9'\", equals: 20_000 }";
    for (arguments, says_its_encoding) in
        [(["--format=plain", "bytes"], false), (["--format=custom", "bytes"], true)]
    {
        let run = Scene::with(&usual.backup(&arguments)).run(&Drill { checks: check, ..ORDERS });
        run.must_be("passed");
        assert_ne!(run.lists("not_verified", "encoding and collation"), says_its_encoding, "{}", run.told());
    }
}

const SETTINGS: &str = "sql: { name: fsync, query: \"select count(*) from pg_settings where name in ('fsync', 'full_page_writes', 'synchronous_commit') and setting = 'on'\", equals: ";

#[test]
fn production_durability_is_kept_and_relaxed_durability_and_memory_are_marked() {
    let scene = Scene::with(&usual_production().backup(&[]));
    let run = scene.run(&Drill { checks: &format!("{SETTINGS}3 }}"), ..SHOP });
    assert_eq!(run.must_be("passed").json["sandbox"]["not_comparable"], serde_json::json!([]));

    let checks = format!("{SETTINGS}0 }}");
    let run = scene.run(&Drill { sandbox: "durability: relaxed", checks: &checks, ..SHOP });
    run.must_be("passed");
    assert!(
        run.json["sandbox"]["not_comparable"].to_string().contains("relaxed_durability"),
        "{}",
        run.json["sandbox"]
    );

    let run = scene.run(&Drill { sandbox: "storage: tmpfs, cpus: 1024", ..SHOP });
    assert!(run.lists("warnings", "sandbox.cpus asks for 1024"), "{}", run.told());
    run.must_be("passed");
    assert!(run.json["sandbox"]["not_comparable"].to_string().contains("tmpfs"), "{}", run.json["sandbox"]);
}

#[test]
fn d6_an_image_of_an_older_major_version_is_the_drills_fault() {
    let run = Scene::with(&production(17).backup(&[]))
        .run(&Drill { sandbox: "image: drillyard/postgres:15", ..SHOP });
    run.must_be("errored(version)");
    let sentence = run.json["sentence"].to_string();
    assert!(sentence.contains("15") && sentence.contains("17"), "{sentence}");
}

/// A backup host often has a newer `pg_dump` than its servers. The header is 17's own, but for the server that it names.
#[test]
fn d6_an_archive_of_a_newer_pg_dump_is_restored_by_the_oldest_that_reads_it() {
    let mut archive = fs::read(production(17).backup(&[])).unwrap();
    let version = archive.windows(3).position(|window| window == b"17.").unwrap();
    archive[version..version + 3].copy_from_slice(b"15.");
    let run = Scene::with_bytes(&archive).run(&ORDERS);
    run.must_be("passed");
    let (backup, sandbox) = (&run.json["backup"]["server_version"], &run.json["sandbox"]["server_version"]);
    assert!(backup.to_string().contains("15.") && sandbox.to_string().contains("17."), "{backup} {sandbox}");
    assert!(run.lists("warnings", "the sandbox is PostgreSQL 17"), "{}", run.told());
}

#[test]
fn b5_a_missing_image_is_the_drills_fault() {
    let scene = Scene::with(&usual_production().backup(&[]));
    let run = scene.run(&Drill { sandbox: "image: \"drillyard.invalid/no-such-image:1\"", ..SHOP });
    run.must_be("errored(image_missing)").without_a_container();
}

#[test]
fn c10_the_newest_is_chosen_and_what_was_passed_over_is_told() {
    let minutes = |count: u64| Duration::from_mins(count);
    let good = usual_production().backup(&[]);
    let scene = Scene::empty();
    scene.add(&usual_production().damaged("empty-table:public.payments", &[]), "shop-b.dump", minutes(30));
    scene.add(&good, "shop-a.dump", minutes(20));
    scene.add(&good, "shop-c.dump.partial", minutes(10));
    let run = scene.run(&SHOP);
    run.must_be("passed");
    assert_eq!(run.json["backup"]["id"], "shop-a.dump");
    assert!(
        run.json["backup"]["skipped"].to_string().contains("shop-c.dump.partial"),
        "{}",
        run.json["backup"]
    );
    assert!(run.lists("warnings", "shop-b.dump"), "newest by name is another: {}", run.json["warnings"]);

    scene.run(&Drill { backup: "newest_by: name", ..SHOP }).must_be("failed(check_failed)");

    let run = scene.run_beside(&SHOP, &["--backup", "shop-b.dump"]);
    run.must_be("failed(check_failed)");
    assert_eq!((&run.json["backup"]["chosen_by_hand"], &run.json["proof"]), (&true.into(), &false.into()));
    let run = scene.run_beside(&SHOP, &["--backup", "no-such.dump"]);
    run.must_be("errored(backup_not_there)").without_a_container();
}

#[test]
fn c7_a_backup_that_is_still_being_written_is_passed_over() {
    let scene = Scene::empty();
    let good = usual_production().backup(&[]);
    scene.add(&good, "a.dump", Duration::from_mins(10));
    scene.write("backups/b.dump", &fs::read(&good).unwrap()[..1000]);
    let growing = scene.path("backups/b.dump");
    let writer = std::thread::spawn(move || {
        for _ in 0..60 {
            let mut file = fs::File::options().append(true).open(&growing).unwrap();
            if std::io::Write::write_all(&mut file, b"more").is_err() {
                return;
            }
            std::thread::sleep(Duration::from_millis(100));
        }
    });
    let run = scene.run(&ORDERS);
    run.must_be("passed");
    assert_eq!(run.json["backup"]["id"], "a.dump");
    assert!(
        run.json["backup"]["skipped"].to_string().contains("still_being_written"),
        "{}",
        run.json["backup"]
    );
    writer.join().unwrap();
}

#[test]
fn a_database_named_postgres_is_restored_under_its_name() {
    usual_production().psql("postgres", "create table if not exists public.in_postgres as select 1 as id");
    let name = "sql: { name: its name, query: \"select count(*) from pg_database where datname = 'postgres' and datname = current_database()\", equals: 1 }";
    let table = "rows: { table: public.in_postgres, equals: 1 }";
    let checks = format!("{table}\n{name}");
    let dumps: [&[&str]; 3] =
        [&["postgres"], &["--format=plain", "postgres"], &["--format=plain", "--create", "postgres"]];
    with_each(
        &dumps,
        |dump| format!("{dump:?}"),
        |dump| {
            let scene = Scene::with(&usual_production().backup(dump));
            let named = dump.len() != 2;
            let checks = if named { checks.as_str() } else { table };
            let run = scene.run(&Drill { checks, ..SHOP });
            run.must_be("passed");
            assert!(!run.lists("restore_errors", "42710"), "{}", run.told());
        },
    );
}

#[test]
fn a_database_with_a_locale_of_its_own_keeps_it() {
    usual_production().psql("shop", "create database laden template template0 locale 'de_DE.UTF-8'");
    usual_production()
        .psql("laden", "create table w (t text); insert into w values ('Zebra'), ('Äpfel'), ('apfel')");
    let checks = "sql: { name: locale, query: \"select count(*) from pg_database where datname = current_database() and datcollate = 'de_DE.UTF-8' and datctype = 'de_DE.UTF-8'\", equals: 1 }
        sql: { name: order, query: \"select count(*) from (select t from public.w order by t desc limit 1) as last where t = 'Zebra'\", equals: 1 }";
    with_each(
        &[&["laden"][..], &["--format=plain", "--create", "laden"]],
        |arguments| format!("{arguments:?}"),
        |arguments| {
            Scene::with(&usual_production().backup(arguments))
                .run(&Drill { checks, ..SHOP })
                .must_be("passed");
        },
    );
}

#[test]
fn statistics_are_gathered_before_the_checks() {
    let checks = "sql: { name: rows, query: \"select reltuples::bigint from pg_class where oid = 'public.orders'::regclass\", equals: 20000 }
        sql: { name: columns, query: \"select count(*) from pg_stats where schemaname = 'public' and tablename = 'orders'\", at_least: 1 }";
    Scene::with(&usual_production().backup(&[])).run(&Drill { checks, ..SHOP }).must_be("passed");
}

const LOOP: &str = "create function public.for_ever() returns int language plpgsql immutable as $$ begin loop perform 1; end loop; end $$;\n";
const ONE_TABLE: &str =
    "create table public.orders (id int);\ninsert into public.orders values (1), (2), (3);\n";
const THREE: Drill<'static> = Drill { checks: "rows: { table: public.orders, equals: 3 }", ..SHOP };

#[test]
fn a_restore_that_takes_too_long_is_a_finding_only_past_the_objective() {
    let scene = Scene::with_bytes(format!("{ONE_TABLE}{LOOP}select public.for_ever();\n").as_bytes());
    let drill = Drill { restore: "timeout: 6s", ..THREE };
    scene.run(&drill).must_be("errored(timeout)");
    scene.run(&Drill { objectives: "rto: 5s", ..drill }).must_be("failed(rto_missed)");
}

#[test]
fn a_check_that_never_ends_is_ended() {
    let scene = Scene::with_bytes(format!("{ONE_TABLE}{LOOP}").as_bytes());
    let checks = "rows: { table: public.orders, equals: 3 }
        sql: { name: e1 loops, query: select public.for_ever(), equals: 1, timeout: 3s }
        sql: { name: e1 sleeps, query: select count(*) from pg_sleep(1e6), equals: 1, timeout: 3s }";
    let run = scene.run(&Drill { checks, ..THREE });
    run.must_be("errored(timeout)");
    assert_eq!(run.check("rows public.orders")["outcome"], "passed");
    assert_eq!(run.check("e1 sleeps")["outcome"], "errored");
}

#[test]
fn e2_e3_a_check_changes_nothing_whatever_its_functions_try() {
    let dump = format!(
        "{ONE_TABLE}
        create function public.deletes() returns bigint language plpgsql as $$
            begin delete from public.orders; return 1; end $$;
        create function public.unlocks() returns bigint language plpgsql security definer as $$
            begin
                perform set_config('transaction_read_only', 'off', true);
                perform set_config('default_transaction_read_only', 'off', false);
                perform set_config('statement_timeout', '0', false);
                delete from public.orders; return 1;
            end $$;
        create function public.by_program() returns bigint language plpgsql security definer as $$
            begin
                copy (select 1) to program 'psql -h 127.0.0.1 -U postgres -d restored -c \"delete from public.orders\"';
                return 1;
            end $$;"
    );
    let checks = "sql: { name: deletes, query: select public.deletes(), equals: 1 }
        sql: { name: unlocks, query: select public.unlocks(), equals: 1 }
        sql: { name: commits, query: \"commit; delete from public.orders\", equals: 1 }
        rows: { table: public.orders, equals: 3 }";
    let run = Scene::with_bytes(dump.as_bytes()).run(&Drill { checks, ..THREE });
    run.must_be("errored(check_invalid)");
    for name in ["deletes", "unlocks", "commits"] {
        assert_eq!(run.check(name)["outcome"], "errored", "{}", run.told());
    }
    assert_eq!(run.check("rows public.orders")["outcome"], "passed", "{}", run.told());
}

/// The look that ends every test here would notice: also an anonymous volume, which carries no label.
#[test]
fn b14_what_a_run_left_would_be_seen() {
    engine::watch();
    let run = format!("TEST{}", std::process::id());
    let label = format!("io.drillyard.run={run}");
    let create = ["create", "--label", &label, "--volume", "/data", "drillyard/postgres:15"];
    let container = docker(&create);
    docker(&["start", container.trim()]);
    assert!(engine::left_of(&run).iter().any(|left| left.starts_with("container")));
    docker(&["rm", "--force", container.trim()]);
    let left = engine::left_of(&run);
    for volume in left.iter().filter_map(|left| left.strip_prefix("volume ")) {
        docker(&["volume", "rm", volume]);
    }
    assert!(left.iter().all(|left| left.starts_with("volume")) && !left.is_empty(), "{left:?}");
    engine::nothing_is_left_of(&run, true);
}
