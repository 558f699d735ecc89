//! Damaged backups: each is found, for the right reason; and as many healthy ones are not accused (`tests/drills.rs`).

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // Helpers of tests are tests.

mod support;

use std::path::{Path, PathBuf};
use std::process::Command;

use support::scene::{Drill, SHOP};
use support::{Scene, damage, done, usual_major, usual_production, with_each};

const PLAIN: &[&str] = &["--format=plain"];
const TAR: &[&str] = &["--format=tar"];

/// Compressed as `zstd` does it.
fn zstd(of: &Path) -> PathBuf {
    let target = of.with_extension("zst");
    done(Command::new("zstd").args(["--quiet", "--force", "-o"]).arg(&target).arg(of));
    target
}

/// Each damage of the backup ends so; `early`: before any container starts.
fn each(of: &Path, ending: &str, early: bool, damages: &[&str]) {
    with_each(damages, ToString::to_string, |kind| {
        let run = Scene::with(&damage(kind, of)).run(&SHOP);
        run.must_be(ending);
        if early {
            run.without_a_container();
        }
    });
}

#[test]
fn d2_a_cut_custom_archive_is_truncated_before_any_container_starts() {
    let cuts = ["truncate:1", "truncate:10", "truncate:50", "truncate:90", "truncate:99", "truncate-bytes:1"];
    each(&usual_production().backup(&[]), "failed(truncated)", true, &cuts);
    each(
        &usual_production().backup(&["-Z0"]),
        "failed(truncated)",
        true,
        &["truncate:50", "truncate-bytes:1"],
    );
}

#[test]
fn d2_a_cut_tar_archive_is_truncated_before_pg_restore_can_spin_for_ever() {
    let cuts = ["truncate:10", "truncate:50", "truncate:90", "truncate:99"];
    each(&usual_production().backup(TAR), "failed(truncated)", true, &cuts);
}

#[test]
fn d2_a_cut_plain_dump_is_truncated_before_psql_could_exit_with_0() {
    let cuts = [
        "truncate:10",
        "truncate:45",
        "truncate:90",
        "truncate:99.9",
        "truncate-bytes:60",
        "no-closing-line",
    ];
    each(&usual_production().backup(PLAIN), "failed(truncated)", true, &cuts);
}

#[test]
fn d2_a_cut_compressed_dump_is_truncated_though_psql_saw_a_whole_stream() {
    let plain = usual_production().backup(PLAIN);
    each(&plain, "failed(truncated)", false, &["gzip-truncate:45", "gzip-truncate:90", "gzip-truncate:99.9"]);
    let cuts = ["truncate:45", "truncate:90", "truncate-bytes:1"];
    each(&zstd(&plain), "failed(truncated)", false, &cuts);
}

#[test]
fn d1_a_flipped_bit_in_compressed_data_is_found() {
    each(
        &usual_production().backup(PLAIN),
        "failed(unpack_failed)",
        false,
        &["gzip-bitflip:50", "gzip-bitflip:80"],
    );
    each(
        &usual_production().backup(&[]),
        "failed(unpack_failed)",
        false,
        &["bitflip-at:50", "bitflip-at:80"],
    );
}

#[test]
fn d1_a_flipped_bit_in_bare_data_is_never_called_proven() {
    let production = usual_production();
    for whole in [production.backup(PLAIN), production.backup(TAR), production.backup(&["-Z0"])] {
        with_each(&["bitflip-at:30", "bitflip-at:70"], ToString::to_string, |flip| {
            let run = Scene::with(&damage(flip, &whole)).run(&SHOP);
            let endings = ["passed", "failed(restore_failed)", "failed(check_failed)"];
            assert!(endings.contains(&run.ending().as_str()), "{}", run.told());
            assert_ne!(run.json["integrity"], "proven");
        });
    }
}

#[test]
fn a_lost_disk_block_is_found() {
    each(&usual_production().backup(&[]), "failed(unpack_failed)", true, &["zeros:900000:4096"]);
    each(&usual_production().backup(PLAIN), "failed(restore_failed)", false, &["zeros:3000000:4096"]);
}

#[test]
fn c6_newest_object_is_empty() {
    each(&usual_production().backup(&[]), "failed(empty_backup)", true, &["empty"]);
}

#[test]
fn d4_what_is_no_backup_is_told_before_any_container_starts() {
    each(&usual_production().backup(&[]), "failed(wrong_format)", true, &["html", "mysql", "noise"]);
    let files: &[(&str, &[u8])] = &[
        ("an error message", b"pg_dump: error: connection to server at \"db\" failed: Connection refused\n"),
        ("JSON", b"{\"error\": \"AccessDenied\", \"bucket\": \"backups\"}\n"),
        ("XML", b"<?xml version=\"1.0\"?><Error><Code>NoSuchKey</Code></Error>"),
        ("SQLite", b"SQLite format 3\0\x10\0\x01\x01\0\x40\x20\x20\0\0\0\x01\0\0\0\x01"),
        ("a picture", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\x01\0\0\0\x01\0\x08\x06"),
        ("a program", b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0\x02\0\x3e\0\x01\0\0\0"),
        ("an unknown magic", b"PGDMQ\x01\x0f\0\x04\x08\x01\x01\0\0\0\0"),
        ("zeros", &[0; 4096]),
    ];
    with_each(
        files,
        |(name, _)| (*name).to_owned(),
        |(_, bytes)| {
            Scene::with_bytes(bytes).run(&SHOP).must_be("failed(wrong_format)").without_a_container();
        },
    );
    // A good dump may be in it: nothing against the backup.
    let zip = b"PK\x03\x04\x14\x00\x00\x00\x08\x00aaaaaaaaaaaaaaaaaaaaaaaa";
    Scene::with_bytes(zip).run(&SHOP).must_be("errored(format_unsupported)").without_a_container();
}

#[test]
fn bytes_after_the_end_are_no_harm_to_an_archive_and_hide_the_end_of_sql() {
    let production = usual_production();
    for archive in [production.backup(&[]), production.backup(TAR)] {
        each(&archive, "passed", false, &["garbage-tail:1000"]);
    }
    each(&production.backup(PLAIN), "failed(truncated)", true, &["garbage-tail:1000"]);
}

#[test]
fn what_only_looks_damaged_passes() {
    each(&usual_production().backup(PLAIN), "passed", false, &["crlf", "gzip", "long-line:3000000"]);
}

/// A dump that the production itself made too small.
fn lacking(kind: &str) -> Scene {
    Scene::with(&usual_production().damaged(kind, &[]))
}

#[test]
fn an_emptied_table_is_found_by_rows() {
    let run = lacking("empty-table:public.payments").run(&SHOP);
    run.must_be("failed(check_failed)");
    assert_eq!(run.check("rows public.payments")["observed"], "0");
    assert_eq!(run.check("foreign_keys")["outcome"], "passed", "only `rows` notices");
}

#[test]
fn a_table_that_others_refer_to_cannot_be_empty_or_missing_unnoticed() {
    let run = lacking("empty-table:public.customers").run(&SHOP);
    run.must_be("failed(restore_failed)");
    assert!(run.lists("restore_errors", "23503"), "{}", run.told());
    let run = lacking("missing-table:public.orders").run(&SHOP);
    run.must_be("failed(restore_failed)");
    assert!(run.lists("restore_errors", "42P01"), "{}", run.told());
}

#[test]
fn e5_a_missing_table_is_the_backups_fault_and_a_misspelt_one_gets_a_hint() {
    lacking("missing-table:public.payments").run(&SHOP).must_be("failed(object_missing)");
    let drill = Drill { checks: "rows: { table: public.oders, at_least: 1 }", ..SHOP };
    let run = Scene::with(&usual_production().backup(&[])).run(&drill);
    run.must_be("failed(object_missing)");
    assert!(run.check("rows public.oders")["hint"].to_string().contains("orders"), "{}", run.told());
}

#[test]
fn d12_a_dump_of_the_schema_or_of_the_data_alone_is_incomplete() {
    for kind in ["schema-only", "data-only"] {
        lacking(kind).run(&SHOP).must_be("failed(incomplete)").without_a_container();
        let plain = usual_production().damaged(kind, PLAIN);
        Scene::with(&plain).run(&SHOP).must_be("failed(incomplete)");
    }
    let checks = "tables: { equals: 18 }\nsequences: {}";
    lacking("schema-only").run(&Drill { backup: "contains: schema", checks, ..SHOP }).must_be("passed");
}

#[test]
fn d13_sequences_without_their_positions_are_found_by_sequences() {
    let run = lacking("no-sequence-positions").run(&SHOP);
    run.must_be("failed(check_failed)");
    assert_eq!(run.check("sequences")["outcome"], "failed");
    assert_eq!(run.check("rows public.orders")["outcome"], "passed");
}

#[test]
fn d8_a_dump_without_owners_passes() {
    lacking("no-owners").run(&SHOP).must_be("passed");
}

#[test]
fn d18_large_objects_are_missed_by_a_check_that_asks_for_them() {
    lacking("no-large-objects").run(&SHOP).must_be("passed");
    let checks =
        "sql: { name: large objects, query: select count(*) from pg_largeobject_metadata, at_least: 1 }";
    let drill = Drill { checks, ..SHOP };
    lacking("no-large-objects").run(&drill).must_be("failed(check_failed)");
    Scene::with(&usual_production().backup(&[])).run(&drill).must_be("passed");
}

#[test]
fn d11_an_empty_database_is_incomplete_unless_it_may_be() {
    usual_production().psql("shop", "create database nothing_in_it");
    let drill = Drill { checks: "tables: { equals: 0 }", ..SHOP };
    for format in ["--format=custom", "--format=plain"] {
        let scene = Scene::with(&usual_production().backup(&[format, "nothing_in_it"]));
        scene.run(&drill).must_be("failed(incomplete)");
        scene.run(&Drill { backup: "allow_empty: true", ..drill }).must_be("passed");
    }
}

#[test]
fn d7_an_extension_that_the_image_lacks_is_not_the_backups_fault() {
    let production = usual_production();
    let directory = format!("/usr/share/postgresql/{}/extension", usual_major());
    production.exec_as_root(&format!(
        "printf \"default_version = '1'\\n\" > {directory}/no_such_one.control; \
         echo 'create function no_such() returns int language sql as $$select 1$$;' > {directory}/no_such_one--1.sql"
    ));
    production.psql("shop", "create database extended");
    production.psql(
        "extended",
        "create extension no_such_one; create table kept as select 1 as id, no_such() as n",
    );
    for format in ["--format=custom", "--format=plain"] {
        let drill = Drill { checks: "rows: { table: public.kept, equals: 1 }", ..SHOP };
        let run = Scene::with(&production.backup(&[format, "extended"])).run(&drill);
        run.must_be("errored(extension_missing)");
        assert!(run.json["sentence"].to_string().contains("no_such_one"), "{}", run.told());
    }
}

#[test]
fn min_size_tells_a_backup_that_became_too_small() {
    let scene = Scene::with(&usual_production().backup(&[]));
    scene.run(&Drill { backup: "min_size: 1GB", ..SHOP }).must_be("failed(too_small)").without_a_container();
}

#[test]
fn c8_no_backup_at_all_is_a_finding() {
    Scene::empty().run(&SHOP).must_be("failed(no_backup)").without_a_container();
}
