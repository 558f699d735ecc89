//! Damaged backups: each is found, for the right reason; and as many healthy ones are not accused.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // Helpers of tests are tests.

mod support;

use support::scene::SHOP;
use support::{Scene, damage, production, with_each};

#[test]
fn d2_a_cut_custom_archive_is_truncated_before_any_container_starts() {
    let whole = production(15).backup(&[]);
    let cuts = ["truncate:10", "truncate:50", "truncate:90", "truncate:99", "truncate-bytes:1"];
    with_each(&cuts, ToString::to_string, |cut| {
        Scene::with(&damage(cut, &whole)).run(&SHOP).must_be("failed(truncated)").without_a_container();
    });
}

#[test]
fn a_whole_custom_archive_passes() {
    Scene::with(&production(15).backup(&[])).run(&SHOP).must_be("passed");
}
