//! Files of drills and settings that change under a daemon: nothing that is due gets lost on the way.

use std::fs;

use crate::place::{Daemon, PATIENCE, Place, QUICK};
use crate::rig::within;
use crate::smtp::Server;

/// A drill that keeps the only slot for some seconds.
const SLOW: &str = "
sandbox: { memory: 256MiB, cpus: 1, durability: relaxed }
restore: { after: { sql: [../sleep-some.sql] } }
checks:
  - tables: { at_least: 1 }
";

/// Waits until the files have been read so often.
fn read(place: &Place, times: usize) {
    let what = format!("the files to be read {times} times");
    within(PATIENCE, &what, || place.log().matches("read the drills").count() >= times);
}

fn stops(place: &Place, daemon: Daemon) {
    assert_eq!(daemon.stop(), Some(0), "{}", place.log());
}

#[test]
fn i1_a_file_that_was_broken_at_the_start_is_caught_up_with_when_it_is_mended() {
    let place = Place::new(900, &[("orders", QUICK)]);
    let daemon = place.start(None);
    daemon.says("ready");
    stops(&place, daemon);
    let file = place.rig.path("drills/orders.yaml");
    let good = fs::read_to_string(&file).unwrap();
    fs::write(&file, "drill: orders\nbackup: [\n").unwrap();
    let daemon = place.start_later(910);
    read(&place, 2);
    fs::write(&file, good).unwrap();
    assert_eq!(place.verdict("orders"), "passed", "{}", place.log());
    stops(&place, daemon);
}

#[test]
fn i7_a_file_that_was_gone_over_its_instant_loses_no_night() {
    let place = Place::new(8, &[("orders", QUICK)]);
    let daemon = place.start(None);
    daemon.says("ready");
    let (file, aside) = (place.rig.path("drills/orders.yaml"), place.rig.path("orders.aside"));
    fs::rename(&file, &aside).unwrap();
    read(&place, 2);
    place.waits_until_due();
    assert_eq!(place.runs().len(), 0, "{}", place.log());
    fs::rename(&aside, &file).unwrap();
    assert_eq!(place.verdict("orders"), "passed", "{}", place.log());
    stops(&place, daemon);
}

#[test]
fn i7_what_waits_for_a_slot_starts_whatever_becomes_of_its_file() {
    let place = Place::new(6, &[("a-slow", SLOW), ("changed", QUICK), ("gone", QUICK)]);
    fs::write(place.rig.path("sleep-some.sql"), "select pg_sleep(12);\n").unwrap();
    place.settings("runner: { at_once: 1 }\n");
    let daemon = place.start(None);
    within(PATIENCE, "the first to begin", || !place.runs().is_empty());
    fs::remove_file(place.rig.path("drills/gone.yaml")).unwrap();
    place.write_drill("changed", &format!("cron: \"{}\"", place.daily_after(60)), QUICK);
    read(&place, 2);
    assert_eq!(place.runs().len(), 1, "the files were read too late: {}", place.log());
    for drill in ["a-slow", "changed", "gone"] {
        assert_eq!(place.verdict(drill), "passed", "{drill}: {}", place.log());
    }
    stops(&place, daemon);
}

#[test]
fn another_mail_server_is_in_force_after_a_reload() {
    let server = Server::start();
    let place = Place::new(20, &[("orders", QUICK)]);
    let daemon = place.start(None);
    daemon.says("ready");
    place.settings(&server.settings(""));
    daemon.signal("HUP");
    read(&place, 2);
    assert_eq!(place.verdict("orders"), "passed", "{}", place.log());
    within(PATIENCE, "a mail at the server", || !server.received().is_empty());
    assert_eq!(place.mails(), Vec::<String>::new());
    stops(&place, daemon);
}
